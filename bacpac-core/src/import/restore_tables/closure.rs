//! Some tables of a model with what is theirs and what they need, and nothing else. Pure.

use crate::findings::Finding;
use crate::ident::Name;
use crate::model::{Element, Model, ModelIndex};
use crate::selection::{Graph, Taken, Use, belongs, is_loose, without};
use std::collections::HashSet;

/// Classes of what is a table's own.
const PIECES: &[&str] = &[
    "SqlCheckConstraint",
    "SqlColumnStoreIndex",
    "SqlDefaultConstraint",
    "SqlDmlTrigger",
    "SqlEdgeConstraint",
    "SqlExtendedProperty",
    "SqlForeignKeyConstraint",
    "SqlFullTextIndex",
    "SqlIndex",
    "SqlPrimaryKeyConstraint",
    "SqlSelectiveXmlIndex",
    "SqlSpatialIndex",
    "SqlStatistic",
    "SqlUniqueConstraint",
    "SqlXmlIndex",
];

/// Classes of what a table or a piece of one may need, and brings along.
const PREREQUISITES: &[&str] = &[
    "SqlAssembly",
    "SqlColumnEncryptionKey",
    "SqlColumnMasterKey",
    "SqlDefault",
    "SqlFilegroup",
    "SqlFullTextCatalog",
    "SqlFullTextStopList",
    "SqlInlineTableValuedFunction",
    "SqlMultiStatementTableValuedFunction",
    "SqlPartitionFunction",
    "SqlPartitionScheme",
    "SqlRule",
    "SqlScalarFunction",
    "SqlSchema",
    "SqlSequence",
    "SqlTableType",
    "SqlUserDefinedDataType",
    "SqlUserDefinedType",
    "SqlXmlSchemaCollection",
];

/// What is asked of a closure.
pub(super) struct Wanted<'a> {
    /// The tables, by their names.
    pub(super) tables: &'a Taken,
    /// Whether the tables that foreign keys lead to come too.
    pub(super) referenced: bool,
    pub(super) triggers: bool,
    /// Whether the database's own options come too.
    pub(super) options: bool,
    /// Whether the target has an element of this class and name already.
    pub(super) is_there: &'a dyn Fn(&Element) -> bool,
}

/// The model of the tables alone.
pub(super) fn closure(model: Model, wanted: &Wanted<'_>, findings: &mut Vec<Finding>) -> Model {
    let gone = {
        let index = ModelIndex::new(&model);
        let graph = Graph::of(&model, &index);
        let mut work =
            Work { model: &model, graph: &graph, wanted, tables: HashSet::new(), kept: HashSet::new(), findings };
        work.choose_tables();
        work.keep_tables();
        let kept = work.kept;
        let of_database = |i: &usize| {
            wanted.options && model.elements.get(*i).is_some_and(|element| element.class == "SqlDatabaseOptions")
        };
        (0..model.elements.len()).filter(|i| !kept.contains(i) && !of_database(i)).collect()
    };
    without(model, &gone)
}

struct Work<'a> {
    model: &'a Model,
    graph: &'a Graph,
    wanted: &'a Wanted<'a>,
    tables: HashSet<usize>,
    kept: HashSet<usize>,
    findings: &'a mut Vec<Finding>,
}

impl Work<'_> {
    fn element(&self, i: usize) -> Option<&Element> {
        self.model.elements.get(i)
    }

    fn is(&self, i: usize, class: &str) -> bool {
        self.element(i).is_some_and(|element| element.class == class)
    }

    /// The tables asked for, their histories, and those that their keys lead to.
    fn choose_tables(&mut self) {
        let mut open: Vec<usize> = Vec::new();
        for (i, element) in self.model.elements.iter().enumerate() {
            let name = element.name.as_ref().and_then(Name::object).filter(|_| element.class == "SqlTable");
            if name.is_some_and(|name| self.wanted.tables.includes(&name)) {
                open.push(i);
            }
        }
        while let Some(table) = open.pop() {
            if !self.tables.insert(table) {
                continue;
            }
            for need in self.graph.needs(table) {
                if need.relationship == "TemporalSystemVersioningHistoryTable" {
                    open.push(need.element);
                }
            }
            let keys = self.graph.users(table).iter().filter(|user| {
                user.relationship == "DefiningTable" && self.is(user.element, "SqlForeignKeyConstraint")
            });
            for key in keys.filter(|_| self.wanted.referenced) {
                open.extend(
                    self.graph.needs(key.element).iter().map(|n| n.element).filter(|i| self.is(*i, "SqlTable")),
                );
            }
        }
    }

    fn keep_tables(&mut self) {
        let mut tables: Vec<usize> = self.tables.iter().copied().collect();
        tables.sort_unstable();
        let mut permissions = 0;
        for &table in &tables {
            self.kept.insert(table);
            if let Err(missing) = self.require_needs(table, &mut HashSet::new()) {
                let label = self.element(table).map(Element::label).unwrap_or_default();
                let reason = format!("it needs {missing}, which cannot be brought along");
                self.findings.push(Finding::new("needed_by_table", reason).about(label));
            }
            let users: Vec<Use> = self.graph.users(table).to_vec();
            for user in users {
                permissions += u64::from(self.is(user.element, "SqlPermissionStatement"));
                if user.relationship == "BoundTargets" {
                    // A rule or a default of its columns.
                    let _ = self.require(user.element, false, &mut HashSet::new());
                } else if belongs(&user) {
                    self.keep_piece(user.element);
                }
            }
        }
        if permissions > 0 {
            let reason = format!("{permissions} permissions on the tables are left out");
            self.findings.push(Finding::new("permissions_left_out", reason));
        }
    }

    /// Keeps what is a table's own, where all that it needs can be there.
    fn keep_piece(&mut self, piece: usize) {
        let Some(element) = self.element(piece) else { return };
        let class = element.class.clone();
        if !PIECES.contains(&class.as_str()) || self.kept.contains(&piece) {
            return;
        }
        let label = element.label();
        if class == "SqlDmlTrigger" && !self.wanted.triggers {
            self.findings.push(Finding::new("trigger_left_out", "left out, as asked").about(label));
            return;
        }
        if let Err(missing) = self.require_needs(piece, &mut HashSet::new()) {
            let code = match class.as_str() {
                "SqlForeignKeyConstraint" => "foreign_key_left_out",
                "SqlDmlTrigger" => "trigger_left_out",
                _ => "constraint_left_out",
            };
            let reason = format!("left out: it refers to {missing}, which is not restored");
            self.findings.push(Finding::new(code, reason).about(label));
            return;
        }
        self.kept.insert(piece);
        let users = self.graph.users(piece).iter().filter(|user| belongs(user)).map(|user| user.element);
        let notes: Vec<usize> = users.filter(|user| self.is(*user, "SqlExtendedProperty")).collect();
        self.kept.extend(notes);
    }

    /// Keeps all that an element needs; or keeps nothing more, and says what is missing.
    fn require_needs(&mut self, of: usize, seen: &mut HashSet<usize>) -> Result<(), String> {
        let before = self.kept.clone();
        let needs: Vec<Use> = self.graph.needs(of).to_vec();
        let is_module = self.element(of).is_some_and(|e| e.class == "SqlDmlTrigger" || e.class.ends_with("Function"));
        for need in needs {
            if is_loose(&need) || self.tables.contains(&need.element) {
                continue;
            }
            if let Err(missing) = self.require(need.element, is_module, seen) {
                self.kept = before;
                return Err(missing);
            }
        }
        Ok(())
    }

    /// Keeps an element and all that it needs. What a module names and cannot bring along may be in the target already;
    /// a constraint to such a table is not made: its rows may not fit.
    fn require(&mut self, i: usize, by_module: bool, seen: &mut HashSet<usize>) -> Result<(), String> {
        if self.kept.contains(&i) || !seen.insert(i) {
            return Ok(());
        }
        let Some(element) = self.element(i) else { return Ok(()) };
        let label = element.label();
        // A key of another table, or an index, is there with its table.
        if PIECES.contains(&element.class.as_str()) {
            let host = self.graph.needs(i).iter().find(|need| belongs(need)).map(|need| need.element);
            return match host {
                Some(host) if self.tables.contains(&host) => Ok(()),
                _ => Err(label),
            };
        }
        let is_prerequisite = PREREQUISITES.contains(&element.class.as_str());
        if !is_prerequisite {
            return if by_module && (self.wanted.is_there)(element) { Ok(()) } else { Err(label) };
        }
        let is_there = (self.wanted.is_there)(element);
        // What is there already has all that it needs.
        self.require_needs(i, seen).or_else(|missing| if is_there { Ok(()) } else { Err(missing) })?;
        self.kept.insert(i);
        Ok(())
    }
}
