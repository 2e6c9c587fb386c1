//! A selection applied to a model.

use super::cut::{Cut, Graph, without};
use super::pattern::Patterns;
use super::row_filter::RowFilters;
use super::{Dependents, Selection};
use crate::error::Result;
use crate::findings::Finding;
use crate::ident::{Name, ObjectName};
use crate::model::{Annotation, Element, Model, ModelIndex, NameRule};
use std::collections::{HashMap, HashSet};

/// Classes whose names begin with a schema.
const IN_SCHEMA: &[&str] = &[
    "SqlAggregate",
    "SqlDefault",
    "SqlExternalTable",
    "SqlInlineTableValuedFunction",
    "SqlMultiStatementTableValuedFunction",
    "SqlProcedure",
    "SqlQueue",
    "SqlRule",
    "SqlScalarFunction",
    "SqlSecurityPolicy",
    "SqlSequence",
    "SqlSynonym",
    "SqlTable",
    "SqlTableType",
    "SqlUserDefinedDataType",
    "SqlUserDefinedType",
    "SqlView",
    "SqlXmlSchemaCollection",
];

/// What a selection leaves of a model.
pub(crate) struct Selected {
    /// The model of what takes part.
    pub(crate) model: Model,
    /// Tables that come without rows.
    pub(crate) without_rows: HashSet<ObjectName>,
    /// Predicates of the tables that come with some of their rows.
    pub(crate) filters: HashMap<ObjectName, String>,
    /// What is left out, and what stands in the way.
    pub(crate) findings: Vec<Finding>,
}

/// Applies a selection. Fails only for patterns that are none; whatever else is wrong is among the findings.
pub(crate) fn select(model: Model, selection: &Selection, filters: Option<&RowFilters>) -> Result<Selected> {
    let mut findings = Vec::new();
    let chosen = Chosen::new(selection, NameRule::of(&model.header))?;
    let (mut model, some_left) = leave_out_objects(model, selection, &chosen, &mut findings);
    let (without_rows, filters) = leave_out_rows(&model, selection, &chosen, filters, &mut findings);
    chosen.report_unused(&mut findings);
    if !some_left {
        findings.push(Finding::new("nothing_selected", "the selection leaves no table"));
    }
    distrust(&mut model, &without_rows, &filters, &mut findings);
    Ok(Selected { model, without_rows, filters, findings })
}

/// The patterns of a selection, compiled.
struct Chosen {
    include_tables: Patterns,
    exclude_tables: Patterns,
    include_schemas: Patterns,
    exclude_schemas: Patterns,
    exclude_data: Patterns,
}

impl Chosen {
    fn new(selection: &Selection, rule: NameRule) -> Result<Self> {
        Ok(Self {
            include_tables: Patterns::of_tables("include_tables", &selection.include_tables, rule)?,
            exclude_tables: Patterns::of_tables("exclude_tables", &selection.exclude_tables, rule)?,
            include_schemas: Patterns::of_schemas("include_schemas", &selection.include_schemas, rule)?,
            exclude_schemas: Patterns::of_schemas("exclude_schemas", &selection.exclude_schemas, rule)?,
            exclude_data: Patterns::of_tables("exclude_data", &selection.exclude_data, rule)?,
        })
    }

    fn takes_schema(&self, schema: &str) -> bool {
        let included = self.include_schemas.is_empty() || self.include_schemas.match_schema(schema);
        !self.exclude_schemas.match_schema(schema) && included
    }

    fn takes_table(&self, table: &ObjectName) -> bool {
        let included = self.include_tables.is_empty() || self.include_tables.match_table(table);
        !self.exclude_tables.match_table(table) && included
    }

    fn report_unused(&self, findings: &mut Vec<Finding>) {
        for (option, patterns) in [
            ("include_tables", &self.include_tables),
            ("exclude_tables", &self.exclude_tables),
            ("include_schemas", &self.include_schemas),
            ("exclude_schemas", &self.exclude_schemas),
            ("exclude_data", &self.exclude_data),
        ] {
            for pattern in patterns.unused() {
                let reason = format!("{option}: the pattern {pattern:?} matches nothing");
                findings.push(Finding::new("pattern_unused", reason));
            }
        }
    }
}

/// Asks a selection of objects by their labels, before there is a model of what is left.
pub(crate) struct Taken(Chosen);

impl Taken {
    pub(crate) fn new(selection: &Selection, rule: NameRule) -> Result<Self> {
        Chosen::new(selection, rule).map(Self)
    }

    /// Whether a table is among those to include; every table where none are named.
    pub(crate) fn includes(&self, table: &ObjectName) -> bool {
        self.0.takes_table(table)
    }

    /// The patterns of tables that have matched nothing so far.
    pub(crate) fn unused_tables(&self) -> impl Iterator<Item = &str> {
        self.0.include_tables.unused()
    }

    /// Whether the object of a label (`SqlView [dbo].[v]`, `[dbo].[t]`) takes part, as far as its own name says.
    pub(crate) fn takes_label(&self, label: Option<&str>) -> bool {
        let Some((class, name)) = label.and_then(|label| Some((label, label.find('[')?))).map(|(l, at)| l.split_at(at))
        else {
            return true;
        };
        let Some(name) = Name::parse(name) else { return true };
        let [schema, object, ..] = name.parts() else { return true };
        let of_table = matches!(class.trim(), "" | "SqlTable" | "SqlSimpleColumn" | "SqlComputedColumn");
        self.0.takes_schema(schema) && (!of_table || self.0.takes_table(&ObjectName::new(schema, object)))
    }
}

/// The model of the objects that take part; and whether a table is left of those there were.
fn leave_out_objects(
    model: Model,
    selection: &Selection,
    chosen: &Chosen,
    findings: &mut Vec<Finding>,
) -> (Model, bool) {
    if selection.takes_all_objects() {
        return (model, true);
    }
    let rule = NameRule::of(&model.header);
    let histories = histories(&model, rule);
    let mut first = Vec::new();
    let mut tables = 0;
    let mut tables_out = 0;
    for (i, element) in model.elements.iter().enumerate() {
        let Some(name) = &element.name else { continue };
        if element.class == "SqlSchema" {
            if !chosen.takes_schema(name.last()) {
                first.push(i);
                findings.push(Finding::new("schema_left_out", "left out, as asked").about(element.label()));
            }
            continue;
        }
        let Some(schema) = name.parts().first().filter(|_| IN_SCHEMA.contains(&element.class.as_str())) else {
            continue;
        };
        let mut takes = chosen.takes_schema(schema);
        if element.class == "SqlTable" {
            tables += 1;
            takes &= takes_table(name, chosen, histories.get(&rule.fold_name(name)), findings);
            tables_out += usize::from(!takes);
        }
        if !takes {
            first.push(i);
            let (code, reason) = match element.class.as_str() {
                "SqlTable" => ("table_left_out", "left out with its rows and all that belongs to it, as asked"),
                _ => ("object_left_out", "left out with its schema, as asked"),
            };
            findings.push(Finding::new(code, reason).about(element.label()));
        }
    }
    let cut = {
        let index = ModelIndex::new(&model);
        let graph = Graph::of(&model, &index);
        Cut::make(&model, &graph, first, selection.dependents == Dependents::Refuse)
    };
    findings.extend(cut.findings);
    (without(model, &cut.gone), tables == 0 || tables_out < tables)
}

/// Whether a table takes part; a history table does when its table does.
fn takes_table(name: &Name, chosen: &Chosen, current: Option<&Name>, findings: &mut Vec<Finding>) -> bool {
    let Some(own) = name.object() else { return true };
    let takes = chosen.takes_table(&own);
    let Some(current) = current else { return takes };
    let takes_current = current.object().is_none_or(|current| chosen.takes_table(&current));
    if takes_current && !takes && chosen.exclude_tables.match_table(&own) {
        let reason =
            format!("not left out: it is the history of {current}, which stays; exclude_data leaves out its rows");
        findings.push(Finding::new("history_kept", reason).about(name.to_string()));
    }
    takes_current
}

/// The temporal table of each history table.
fn histories(model: &Model, rule: NameRule) -> HashMap<Vec<String>, Name> {
    let tables = model.elements.iter().filter(|element| element.class == "SqlTable");
    let pairs = tables.filter_map(|table| {
        let history = table.reference("TemporalSystemVersioningHistoryTable")?.name.as_ref()?;
        Some((rule.fold_name(history), table.name.clone()?))
    });
    pairs.collect()
}

/// Tables without rows, and the filters of those with some.
fn leave_out_rows(
    model: &Model,
    selection: &Selection,
    chosen: &Chosen,
    filters: Option<&RowFilters>,
    findings: &mut Vec<Finding>,
) -> (HashSet<ObjectName>, HashMap<ObjectName, String>) {
    let mut without_rows = HashSet::new();
    let mut filtered = HashMap::new();
    let tables = model.elements.iter().filter(|element| element.class == "SqlTable");
    for table in tables.filter_map(|table| table.name.as_ref()?.object()) {
        let excluded = chosen.exclude_data.match_table(&table);
        let filter = filters.and_then(|filters| filters.of(&table));
        if excluded || selection.schema_only {
            if excluded && !selection.schema_only {
                let reason = "its rows are left out, as asked";
                findings.push(Finding::new("rows_left_out", reason).about(table.to_string()));
            }
            without_rows.insert(table);
        } else if let Some(filter) = filter {
            let reason = format!("only rows for which {filter} holds take part, as asked");
            findings.push(Finding::new("rows_selected", reason).about(table.to_string()));
            filtered.insert(table, filter);
        }
    }
    if selection.schema_only {
        let reason = format!("the rows of all {} tables are left out, as asked", without_rows.len());
        findings.push(Finding::new("schema_only", reason));
    }
    for pattern in filters.into_iter().flat_map(RowFilters::unused) {
        let reason = format!("row_filters: the pattern {pattern:?} matches nothing");
        findings.push(Finding::new("pattern_unused", reason));
    }
    (without_rows, filtered)
}

/// Marks as untrusted the foreign keys whose rows may point to rows that are left out.
fn distrust(
    model: &mut Model,
    without_rows: &HashSet<ObjectName>,
    filters: &HashMap<ObjectName, String>,
    findings: &mut Vec<Finding>,
) {
    if without_rows.is_empty() && filters.is_empty() {
        return;
    }
    let table = |element: &Element, relationship: &str| {
        element.reference(relationship).and_then(|r| r.name.as_ref()).and_then(Name::object)
    };
    let is_partial = |name: &ObjectName| without_rows.contains(name) || filters.contains_key(name);
    let mut edges = Vec::new();
    for element in &mut model.elements {
        let Some(own) = table(element, "DefiningTable").filter(|own| !without_rows.contains(own)) else { continue };
        if element.class == "SqlEdgeConstraint" {
            let mut partial = false;
            for clause in element.children("Clauses") {
                let ends = [table(clause, "FromTable"), table(clause, "ToTable")];
                partial |= ends.iter().flatten().any(is_partial);
            }
            edges.extend(partial.then(|| element.name.clone()).flatten());
            continue;
        }
        let partial = table(element, "ForeignTable").is_some_and(|foreign| is_partial(&foreign));
        if element.class != "SqlForeignKeyConstraint"
            || !partial
            || element.annotation("IsNotTrustedPropertyAnnotation").is_some()
        {
            continue;
        }
        let reason = format!("comes untrusted (WITH NOCHECK): rows of {own} may refer to rows that are left out");
        findings.push(Finding::new("foreign_key_not_checked", reason).numbered(71564).about(element.label()));
        element.annotations.insert(0, Annotation::new("IsNotTrustedPropertyAnnotation"));
    }
    // An edge constraint is always checked when it is made.
    for name in edges {
        let reason = "left out: edges may lead to rows that are left out";
        findings.push(Finding::new("constraint_left_out", reason).about(format!("SqlEdgeConstraint {name}")));
        model.elements.retain(|e| e.class != "SqlEdgeConstraint" || e.name.as_ref() != Some(&name));
    }
}
