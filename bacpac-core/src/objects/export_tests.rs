//! Objects of known exports, put back into a catalog and extracted again, must be the elements that they were. (Tables
//! and what belongs to them have tests of their own.)
//!
//! Dependencies are read off tokens and need not be complete; how many are found, and how many lists are the same entry
//! by entry, is measured, and everything that is listed must exist.

#![allow(clippy::print_stdout, reason = "a test says what it measured")]

use super::{Catalog, CatalogTable, ExtractOptions, Platform, database_options, extract};
use crate::ident::Name;
use crate::model::{CompareOptions, Element, Entry, Model, ModelIndex, PropertyValue, compare, schema};
use crate::result_set::{Cell, ResultSet};
use crate::shared_files::corpus_models;
use std::collections::{BTreeMap, BTreeSet};

const SYSTEM_TYPES: &[(&str, i64)] = &[
    ("image", 34),
    ("text", 35),
    ("uniqueidentifier", 36),
    ("date", 40),
    ("time", 41),
    ("datetime2", 42),
    ("datetimeoffset", 43),
    ("tinyint", 48),
    ("smallint", 52),
    ("int", 56),
    ("smalldatetime", 58),
    ("real", 59),
    ("money", 60),
    ("datetime", 61),
    ("float", 62),
    ("sql_variant", 98),
    ("ntext", 99),
    ("bit", 104),
    ("decimal", 106),
    ("numeric", 108),
    ("smallmoney", 122),
    ("bigint", 127),
    ("varbinary", 165),
    ("varchar", 167),
    ("binary", 173),
    ("char", 175),
    ("timestamp", 189),
    ("sysname", 256),
    ("nvarchar", 231),
    ("nchar", 239),
    ("xml", 241),
    ("hierarchyid", 128),
    ("geometry", 129),
    ("geography", 130),
];

type Cells = Vec<(&'static str, Cell)>;

#[derive(Default)]
struct Rows(BTreeMap<&'static str, (Vec<&'static str>, Vec<Vec<Cell>>)>);

impl Rows {
    fn add(&mut self, view: &'static str, cells: Cells) {
        let (columns, rows) = self.0.entry(view).or_default();
        let mut row = vec![Cell::Null; columns.len()];
        for (name, cell) in cells {
            match columns.iter().position(|c| *c == name) {
                Some(at) => row[at] = cell,
                None => {
                    columns.push(name);
                    row.push(cell);
                }
            }
        }
        rows.push(row);
    }

    fn catalog(self) -> Catalog {
        Catalog::new(self.0.into_iter().map(|(view, (columns, mut rows))| {
            rows.iter_mut().for_each(|row| row.resize(columns.len(), Cell::Null));
            let columns = columns.into_iter().map(str::to_owned).collect();
            (view.to_owned(), CatalogTable::new(ResultSet { columns, rows }))
        }))
    }
}

fn text(value: impl Into<String>) -> Cell {
    Cell::Text(value.into())
}

struct Builder<'m> {
    rows: Rows,
    schemas: BTreeMap<String, i64>,
    types: BTreeMap<String, i64>,
    ids: BTreeMap<Name, i64>,
    model: &'m Model,
}

impl<'m> Builder<'m> {
    fn new(model: &'m Model) -> Self {
        Self { rows: Rows::default(), schemas: BTreeMap::new(), types: BTreeMap::new(), ids: BTreeMap::new(), model }
    }

    fn schema(&mut self, name: &str) -> i64 {
        let next = self.schemas.len() as i64 + 1;
        if let Some(id) = self.schemas.get(name) {
            return *id;
        }
        self.schemas.insert(name.into(), next);
        self.rows.add(
            "sys.schemas",
            vec![("schema_id", Cell::Int(next)), ("name", text(name)), ("principal_id", Cell::Int(1))],
        );
        next
    }

    fn types(&mut self) {
        self.schema("dbo");
        let sys = self.schema("sys");
        for (name, id) in SYSTEM_TYPES {
            self.types.insert((*name).into(), *id);
            let cells = vec![
                ("user_type_id", Cell::Int(*id)),
                ("system_type_id", Cell::Int(*id)),
                ("schema_id", Cell::Int(sys)),
                ("name", text(*name)),
                ("is_user_defined", Cell::Bool(false)),
            ];
            self.rows.add("sys.types", cells);
        }
        let is_type = |e: &&Element| matches!(e.class.as_str(), "SqlUserDefinedDataType" | "SqlTableType");
        for (next, element) in (257..).zip(self.model.elements.iter().filter(is_type)) {
            let name = element.name.clone().expect("a name");
            let schema = self.schema(&name.parts()[0]);
            let base = element.reference("Type").and_then(|r| r.name.as_ref()).map_or("int", |n| n.last()).to_owned();
            self.types.insert(name.to_string(), next);
            let mut cells = vec![
                ("user_type_id", Cell::Int(next)),
                ("system_type_id", Cell::Int(self.types[base.as_str()])),
                ("schema_id", Cell::Int(schema)),
                ("name", text(name.last())),
                ("is_user_defined", Cell::Bool(true)),
                ("is_nullable", Cell::Bool(element.flag("IsNullable", true))),
                ("is_table_type", Cell::Bool(element.class == "SqlTableType")),
            ];
            cells.extend(facets(element, &base));
            self.rows.add("sys.types", cells);
            if element.class == "SqlTableType" {
                let table = 500_000 + next;
                let cells = vec![
                    ("user_type_id", Cell::Int(next)),
                    ("schema_id", Cell::Int(schema)),
                    ("name", text(name.last())),
                    ("type_table_object_id", Cell::Int(table)),
                ];
                self.rows.add("sys.table_types", cells);
                self.columns(table, element);
            }
        }
    }

    fn principals(&mut self) {
        let own = self.model.elements.iter().filter(|e| e.class == "SqlRole").filter_map(|e| e.name.as_ref());
        let all = [(1, "dbo", "S"), (0, "public", "R")].into_iter();
        for (id, name, kind) in all.chain(own.zip(5..).map(|(name, id)| (id, name.last(), "R"))) {
            let cells = vec![
                ("principal_id", Cell::Int(id)),
                ("name", text(name)),
                ("type", text(kind)),
                ("owning_principal_id", Cell::Int(1)),
            ];
            self.rows.add("sys.database_principals", cells);
        }
    }

    fn permissions(&mut self) {
        for element in self.model.elements.iter().filter(|e| e.class == "SqlPermissionStatement") {
            let name = element.name.as_ref().expect("a name");
            let number = element.property("Permission").and_then(|n| n.parse().ok()).expect("a number");
            let word = schema().value_name("SqlPermission", number).expect("a known permission");
            let secured = element.reference("SecuredObject").and_then(|r| r.name.as_ref());
            let (class, major) = match name.parts()[0].rsplit('.').next() {
                Some("Object") => (1, self.ids[secured.expect("an object")]),
                Some("Type") => (6, self.types[&secured.expect("a type").to_string()]),
                _ => (0, 0),
            };
            assert_eq!(name.parts()[1..3], ["public".to_owned(), "dbo".to_owned()]);
            let cells = vec![
                ("class", Cell::Int(class)),
                ("major_id", Cell::Int(major)),
                ("minor_id", Cell::Int(0)),
                ("grantee_principal_id", Cell::Int(0)),
                ("grantor_principal_id", Cell::Int(1)),
                ("permission_name", text(super::permission::upper_words(word))),
                ("state", text("G")),
            ];
            self.rows.add("sys.database_permissions", cells);
        }
    }

    fn sequences_and_keys(&mut self) {
        for element in &self.model.elements {
            match element.class.as_str() {
                "SqlSequence" => {
                    let name = element.name.as_ref().expect("a name");
                    let schema = self.schema(&name.parts()[0]);
                    let current = element.annotation("OnlinePropertyAnnotation").and_then(|a| a.property("Value"));
                    let mut cells = vec![
                        ("schema_id", Cell::Int(schema)),
                        ("name", text(name.last())),
                        ("is_cached", Cell::Bool(true)),
                        ("start", text(element.property("StartValue").expect("a start"))),
                        ("step", text(element.property("Increment").expect("an increment"))),
                        ("lowest", text(i32::MIN.to_string())),
                        ("highest", text(i32::MAX.to_string())),
                        ("current", text(current.expect("a value"))),
                    ];
                    cells.extend(self.type_cells(element, "TypeSpecifier"));
                    self.rows.add("sys.sequences", cells);
                }
                "SqlMasterKey" => {
                    self.rows.add("sys.symmetric_keys", vec![("name", text("##MS_DatabaseMasterKey##"))]);
                }
                "SqlDatabaseCredential" => {
                    let cells = vec![
                        ("name", text(element.name.as_ref().expect("a name").last())),
                        ("credential_identity", text(element.property("Identity").expect("an identity"))),
                    ];
                    self.rows.add("sys.database_scoped_credentials", cells);
                }
                _ => {}
            }
        }
    }

    /// The rows that the options come from, each value written back where the element has it or has left it out.
    fn options(&mut self) {
        let element = self.model.elements.iter().find(|e| e.class == "SqlDatabaseOptions").expect("options");
        let platform = Platform::of_dsp_name(&self.model.header.dsp_name).expect("a platform");
        let class = schema().class("SqlDatabaseOptions").expect("known");
        let value = |property: &str| {
            let default = || class.property(property).and_then(|p| p.default_on(platform.name()));
            element.property(property).or_else(default).map(str::to_owned)
        };
        let number = |property: &str| value(property).and_then(|v| v.parse::<i64>().ok()).map_or(Cell::Null, Cell::Int);
        let version = platform.name().strip_prefix("Sql").and_then(|v| v.parse::<i64>().ok()).unwrap_or(120) / 10;
        let recovery = match value("RecoveryMode").as_deref() {
            Some("1") => "SIMPLE",
            Some("2") => "BULK_LOGGED",
            _ => "FULL",
        };
        let is = |property: &str, text: &str| value(property).as_deref() == Some(text);
        let mut cells = vec![
            ("database_id", Cell::Int(7)),
            ("name", text("source")),
            ("is_current", Cell::Int(1)),
            ("database_collation", text(value("Collation").expect("a collation"))),
            ("product_version", text(format!("{version}.0.2000.5"))),
            ("engine_edition", Cell::Int(if platform.is_azure() { 5 } else { 3 })),
            ("is_local_cursor_default", Cell::Bool(!is("IsCursorDefaultScopeGlobal", "True"))),
            ("recovery_model_desc", text(recovery)),
            ("compatibility_level", number("CompatibilityMode")),
            (
                "page_verify_option",
                Cell::Int(3 - value("PageVerifyMode").and_then(|v| v.parse::<i64>().ok()).unwrap_or(1)),
            ),
            ("is_broker_enabled", Cell::Bool(is("ServiceBrokerOption", "1"))),
            ("is_parameterization_forced", Cell::Bool(is("ParameterizationOption", "2"))),
            ("snapshot_isolation_state", Cell::Int(i64::from(is("IsAllowSnapshotIsolation", "True")))),
            ("containment", number("Containment")),
            ("target_recovery_time_in_seconds", number("TargetRecoveryTimePeriod")),
            ("delayed_durability", number("DelayedDurabilityMode")),
            ("catalog_collation_type", number("CatalogCollation")),
        ];
        let flags = database_options::FLAGS.iter().map(|(property, column, ..)| (*property, *column));
        for (property, column) in flags.chain(database_options::FLAGS_NOT_SET.iter().copied()) {
            cells.push((column, Cell::Bool(is(property, "True"))));
        }
        self.rows.add("sys.databases", cells);
        let store =
            database_options::QUERY_STORE.iter().map(|(property, column)| (*column, number(property))).collect();
        self.rows.add("sys.database_query_store_options", store);
        for (property, name, flag) in database_options::SCOPED {
            let shown = value(property).map(|v| if *flag { i32::from(v == "True").to_string() } else { v });
            let cells = vec![("name", text(*name)), ("value_text", shown.map_or(Cell::Null, text))];
            self.rows.add("sys.database_scoped_configurations", cells);
        }
        let cells = vec![("name", text("PRIMARY")), ("type", text("FG")), ("is_default", Cell::Bool(true))];
        self.rows.add("sys.filegroups", cells);
    }

    /// `user_type_id` and facets of an element with a type specifier below `relationship`.
    fn type_cells(&self, element: &Element, relationship: &str) -> Cells {
        let Some(specifier) = element.children(relationship).next() else {
            return vec![("user_type_id", Cell::Int(56))];
        };
        let reference = specifier.reference("Type").expect("a type");
        let name = reference.name.as_ref().expect("a name");
        let system = if name.last() == "rowversion" { "timestamp" } else { name.last() };
        let id = if reference.is_built_in() { self.types.get(system) } else { self.types.get(&name.to_string()) };
        let mut cells = vec![("user_type_id", Cell::Int(*id.unwrap_or_else(|| panic!("{name}"))))];
        cells.extend(facets(specifier, name.last()));
        cells
    }

    fn object(&mut self, name: &Name, kind: &str) -> i64 {
        let id = self.ids.len() as i64 + 1000;
        self.ids.insert(name.clone(), id);
        let schema = self.schema(&name.parts()[0]);
        let cells = vec![
            ("object_id", Cell::Int(id)),
            ("schema_id", Cell::Int(schema)),
            ("name", text(name.last())),
            ("type", text(kind)),
            ("is_ms_shipped", Cell::Bool(false)),
        ];
        self.rows.add("sys.objects", cells);
        id
    }

    fn columns(&mut self, id: i64, element: &Element) {
        for (i, column) in element.children("Columns").enumerate() {
            let mut cells = vec![
                ("object_id", Cell::Int(id)),
                ("column_id", Cell::Int(i as i64 + 1)),
                ("name", text(column.name.as_ref().expect("a name").last())),
                ("is_nullable", Cell::Bool(column.flag("IsNullable", true))),
            ];
            cells.extend(self.type_cells(column, "TypeSpecifier"));
            self.rows.add("sys.columns", cells);
        }
    }

    fn module(&mut self, id: i64, element: &Element) {
        let implementation = element.children("FunctionBody").next().unwrap_or(element);
        let comments = implementation.annotation("SysCommentsObjectAnnotation").expect("a text");
        let script = implementation.properties.iter().find(|p| p.name == "BodyScript" || p.name == "QueryScript");
        let (quoted, nulls) = match script.map(|p| &p.value) {
            Some(PropertyValue::Script { quoted_identifiers, ansi_nulls, .. }) => {
                (quoted_identifiers.unwrap_or(true), ansi_nulls.unwrap_or(true))
            }
            _ => (element.flag("IsQuotedIdentifierOn", true), element.flag("IsAnsiNullsOn", false)),
        };
        let definition = [
            comments.property("HeaderContents").unwrap_or_default(),
            script.map_or("", |p| p.value.text()),
            comments.property("FooterContents").unwrap_or_default(),
            "\r\n",
        ]
        .concat();
        let cells = vec![
            ("object_id", Cell::Int(id)),
            ("definition", text(definition)),
            ("uses_ansi_nulls", Cell::Bool(nulls)),
            ("uses_quoted_identifier", Cell::Bool(quoted)),
        ];
        self.rows.add("sys.sql_modules", cells);
        let mut parameters: Vec<(i64, String, Cells)> = Vec::new();
        for (i, parameter) in element.children("Parameters").enumerate() {
            let name = parameter.name.as_ref().expect("a name").last().to_owned();
            parameters.push((i as i64 + 1, name, self.type_cells(parameter, "Type")));
        }
        if element.class == "SqlScalarFunction" {
            parameters.push((0, String::new(), self.type_cells(element, "Type")));
        }
        for (i, name, cells) in parameters {
            let mut row = vec![("object_id", Cell::Int(id)), ("parameter_id", Cell::Int(i)), ("name", text(name))];
            row.extend(cells);
            self.rows.add("sys.parameters", row);
        }
    }

    fn build(mut self) -> Catalog {
        self.options();
        self.principals();
        for element in self.model.elements.iter().filter(|e| e.class == "SqlSchema") {
            self.schema(element.name.as_ref().expect("a name").last());
        }
        self.types();
        for element in &self.model.elements {
            let Some(name) = element.name.clone() else { continue };
            let kind = match element.class.as_str() {
                "SqlTable" => "U ",
                "SqlView" => "V ",
                "SqlProcedure" => "P ",
                "SqlScalarFunction" => "FN",
                "SqlInlineTableValuedFunction" => "IF",
                "SqlMultiStatementTableValuedFunction" => "TF",
                _ => continue,
            };
            let id = self.object(&name, kind);
            self.columns(id, element);
            if kind != "U " {
                self.module(id, element);
            }
        }
        self.permissions();
        self.sequences_and_keys();
        for element in self.model.elements.iter().filter(|e| e.class == "SqlDmlTrigger") {
            let name = element.name.clone().expect("a name");
            let parent = element.reference("Parent").and_then(|r| r.name.as_ref()).expect("a parent");
            let (id, parent) = (self.object(&name, "TR"), self.ids[parent]);
            self.module(id, element);
            let cells = vec![
                ("object_id", Cell::Int(id)),
                ("name", text(name.last())),
                ("parent_class", Cell::Int(1)),
                ("parent_id", Cell::Int(parent)),
                ("type", text("TR")),
                ("is_disabled", Cell::Bool(element.flag("IsDisabled", false))),
            ];
            self.rows.add("sys.triggers", cells);
        }
        self.rows.catalog()
    }
}

fn facets(element: &Element, system: &str) -> Cells {
    let number = |property: &str| element.property(property).and_then(|v| v.parse::<i64>().ok());
    let unit = if matches!(system, "nchar" | "nvarchar") { 2 } else { 1 };
    let length = if element.flag("IsMax", false) { -1 } else { number("Length").unwrap_or(0) * unit };
    vec![
        ("max_length", Cell::Int(length)),
        ("precision", Cell::Int(number("Precision").unwrap_or(0))),
        ("scale", Cell::Int(number("Scale").unwrap_or(0))),
    ]
}

const CLASSES: &[&str] = &[
    "SqlView",
    "SqlProcedure",
    "SqlScalarFunction",
    "SqlInlineTableValuedFunction",
    "SqlMultiStatementTableValuedFunction",
    "SqlDmlTrigger",
    "SqlDatabaseCredential",
    "SqlDatabaseOptions",
    "SqlMasterKey",
    "SqlPermissionStatement",
    "SqlRole",
    "SqlSchema",
    "SqlSequence",
    "SqlTableType",
    "SqlUserDefinedDataType",
];

fn tested(model: &Model) -> Model {
    let mut tested = model.clone();
    tested.elements.retain(|e| CLASSES.contains(&e.class.as_str()));
    // Older versions of DacFx had other defaults for it.
    for options in tested.elements.iter_mut().filter(|e| e.class == "SqlDatabaseOptions") {
        options.properties.retain(|p| p.name != "CompatibilityMode");
    }
    tested
}

/// Names listed below any `…Dependencies` of an element's own.
fn listed(element: &Element) -> BTreeSet<String> {
    let lists =
        element.relationships.iter().filter(|r| matches!(r.name.as_str(), "BodyDependencies" | "QueryDependencies"));
    let mut names = BTreeSet::new();
    for entry in lists.flat_map(|r| &r.entries) {
        match entry {
            Entry::References(r) => names.extend(r.name.as_ref().map(|n| n.to_string())),
            Entry::Unresolved(readings) => names.extend(readings.iter().filter_map(|a| a.name.clone())),
            Entry::Element(_) => {}
        }
    }
    names
}

/// The entries of an element's own `…Dependencies`, in order, as text.
fn ordered(element: &Element) -> Vec<String> {
    let lists =
        element.relationships.iter().filter(|r| matches!(r.name.as_str(), "BodyDependencies" | "QueryDependencies"));
    let text = |entry: &Entry| match entry {
        Entry::References(r) => r.name.as_ref().map(ToString::to_string).unwrap_or_default(),
        Entry::Unresolved(readings) => readings.iter().filter_map(|a| a.name.clone()).collect::<Vec<_>>().join(" or "),
        Entry::Element(_) => String::new(),
    };
    lists.flat_map(|r| &r.entries).map(text).collect()
}

#[test]
fn known_exports_are_extracted_as_they_were() {
    let (mut modules, mut exact, mut sources, mut same_sources) = (0, 0, 0, 0);
    let (mut theirs_total, mut found, mut extra) = (0, 0, 0);
    let (mut columns, mut copies) = (0, 0);
    for (file, bytes) in corpus_models() {
        let model = Model::read(&bytes[..]).expect("a known model");
        let theirs = tested(&model);
        let extracted = extract(&Builder::new(&model).build(), &ExtractOptions::default());
        let extracted = extracted.unwrap_or_else(|e| panic!("{file}: {e:?}"));
        let mut ours = tested(&extracted.model);
        ours.header = theirs.header.clone();
        let options = CompareOptions::default().ignore_dependencies(true).ignore_passwords(true);
        let differences: Vec<String> = compare(&theirs, &ours, &options).iter().map(ToString::to_string).collect();
        assert_eq!(differences, Vec::<String>::new(), "{file}");

        let index = ModelIndex::new(&model);
        for (a, b) in theirs.elements.iter().zip(&ours.elements) {
            let (a_names, b_names) = (listed(a), listed(b));
            let (a_list, b_list) = (ordered(a), ordered(b));
            if !a_list.is_empty() || !b_list.is_empty() {
                modules += 1;
                exact += usize::from(a_list == b_list);
            }
            let dynamic = |e: &Element| -> Vec<String> {
                e.children("DynamicObjects").map(|d| format!("{:?}", (&d.name, &d.relationships))).collect()
            };
            let (a_sources, b_sources) = (dynamic(a), dynamic(b));
            sources += a_sources.len().max(b_sources.len());
            same_sources += a_sources.iter().zip(&b_sources).filter(|(a, b)| a == b).count();
            theirs_total += a_names.len();
            found += a_names.intersection(&b_names).count();
            extra += b_names.difference(&a_names).count();
            b.visit(&mut |e| {
                for entry in e.relationships.iter().flat_map(|r| &r.entries) {
                    if let Entry::References(reference) = entry {
                        let exists = reference.is_built_in() || index.resolve(reference).is_some();
                        assert!(exists, "{file}: {} refers to {reference:?}", b.label());
                    }
                }
            });
            for (a, b) in a.children("Columns").zip(b.children("Columns")) {
                let copy = |e: &Element| e.reference("ExpressionDependencies").and_then(|r| r.name.clone());
                columns += 1;
                copies += usize::from(copy(a) == copy(b));
            }
        }
    }
    println!("{exact} of {modules} modules exact; {found} of {theirs_total} names found, {extra} more");
    println!("{same_sources} of {sources} dynamic sources; {copies} of {columns} columns");
    if theirs_total > 0 {
        assert!(exact * 100 >= modules * 90, "{exact} of {modules}");
        assert!(found * 100 >= theirs_total * 99, "{found} of {theirs_total}");
        assert_eq!(extra, 0, "beside {theirs_total}");
        assert!(same_sources * 100 >= sources * 90, "{same_sources} of {sources}");
        assert!(copies * 100 >= columns * 94, "{copies} of {columns}");
    }
}
