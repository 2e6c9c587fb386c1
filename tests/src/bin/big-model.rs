//! How long a large schema takes, and how much memory: `big-model [TABLES [MODULES [MODEL_FILE]]]`.
//!
//! A catalog of TABLES tables (5,000; twelve columns, a key, a foreign key, a default, a check and an index each) and
//! MODULES views, procedures and functions (20,000) is made up; then it is extracted, written as XML, read, scripted and
//! planned, as an export and an import do. With MODEL_FILE the XML goes there and is read from there, so that memory is
//! the model's alone. A line for each step: seconds of the processor and of the clock, and the peak of resident memory
//! while it ran.

#![allow(clippy::print_stdout, reason = "it prints what it measures")]

use anyhow::{Context, Result};
use bacpac_core::model::{Model, ModelIndex};
use bacpac_core::objects::{
    Catalog, CatalogTable, ExtractOptions, ScriptOptions, data_tables, extract, script, unique_keys,
};
use bacpac_core::{Cell, ResultSet};
use std::collections::BTreeMap;
use std::fs::{File, read_to_string, write};
use std::hint::black_box;
use std::io::{BufReader, BufWriter, Write};
use std::time::Instant;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: big-model [TABLES [MODULES [MODEL_FILE]]]";
    let tables: i64 = arguments.next().map_or(Ok(5_000), |n| n.parse()).context(usage)?;
    let modules: i64 = arguments.next().map_or(Ok(20_000), |n| n.parse()).context(usage)?;
    let file = arguments.next();

    println!("{tables} tables, {modules} modules");
    let catalog = catalog(tables, modules);
    let steps = Steps;
    let model = steps.take("extract", || extract(&catalog, &ExtractOptions::default()))?.model;
    drop(catalog);
    let elements = model.elements.len();
    let model = match file {
        None => {
            let xml = steps.take("write", || model.write(Vec::new()))?;
            drop(model);
            println!("{elements} elements, {} bytes of XML", xml.len());
            steps.take("read", || Model::read(&xml[..]))?
        }
        Some(path) => {
            let size = steps.take("write", || -> Result<u64> {
                let mut out = BufWriter::new(File::create(&path)?);
                model.write(&mut out)?;
                out.flush()?;
                Ok(std::fs::metadata(&path)?.len())
            })?;
            drop(model);
            println!("{elements} elements, {size} bytes of XML");
            steps.take("read", || -> Result<Model> {
                Ok(Model::read(BufReader::with_capacity(1 << 16, File::open(&path)?))?)
            })?
        }
    };
    steps.take("index", || black_box(ModelIndex::new(&model)));
    let planned = steps.take("plan", || data_tables(&model))?;
    let keys = steps.take("keys", || unique_keys(&model))?;
    let scripted = steps.take("script", || script(&model, &ScriptOptions::default()))?;
    println!(
        "{} tables planned, {} with a key; {} statements, {} before the rows, {} warnings",
        planned.len(),
        keys.len(),
        scripted.statements.len(),
        scripted.before_rows,
        scripted.warnings.len()
    );
    Ok(())
}

/// Times steps, and says what each took.
struct Steps;

impl Steps {
    fn take<T>(&self, name: &str, step: impl FnOnce() -> T) -> T {
        // Linux forgets the peak when it is told to; elsewhere there is none.
        let before = if write("/proc/self/clear_refs", "5").is_ok() { memory("VmRSS") } else { None };
        let (started, used) = (Instant::now(), processor());
        let done = step();
        let seconds = started.elapsed().as_secs_f64();
        let used = processor().zip(used).map_or_else(|| "?".into(), |(after, before)| format!("{:.3}", after - before));
        let mb = |kb: Option<u64>| kb.map_or_else(|| "?".into(), |kb| format!("{:.0}", kb as f64 / 1024.0));
        let peak = memory("VmHWM");
        println!(
            "{name:<8} {used:>7} s of processor, {seconds:>7.3} s   from {:>5} MB, peak {:>5} MB",
            mb(before),
            mb(peak)
        );
        done
    }
}

/// Seconds that this thread has had a processor, where the system says so.
fn processor() -> Option<f64> {
    let text = read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse::<f64>().ok().map(|ns| ns / 1e9)
}

/// A figure of `/proc/self/status`, in KB.
fn memory(field: &str) -> Option<u64> {
    let status = read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

#[derive(Default)]
struct Rows(BTreeMap<&'static str, ResultSet>);

impl Rows {
    /// Adds a row; columns are named by the first one, with blanks between them.
    fn add(&mut self, view: &'static str, columns: &str, cells: Vec<Cell>) {
        let set = self.0.entry(view).or_insert_with(|| ResultSet {
            columns: columns.split(' ').map(str::to_owned).collect(),
            rows: Vec::new(),
        });
        assert_eq!(set.columns.len(), cells.len(), "{view}");
        set.rows.push(cells);
    }
}

fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

const COLUMNS: i64 = 12;
/// First object ids of each kind.
const TABLES: i64 = 1_000_000;
const KEYS: i64 = 2_000_000;
const FOREIGN_KEYS: i64 = 3_000_000;
const DEFAULTS: i64 = 4_000_000;
const CHECKS: i64 = 5_000_000;
const MODULES: i64 = 6_000_000;

fn catalog(tables: i64, modules: i64) -> Catalog {
    let mut rows = Rows::default();
    let int = Cell::Int;
    rows.add(
        "sys.databases",
        "database_id name is_current engine_edition product_version database_collation",
        vec![int(5), text("Big"), int(1), int(3), text("16.0.4135.4"), text("SQL_Latin1_General_CP1_CI_AS")],
    );
    for (id, name) in [(1, "dbo"), (5, "sales"), (6, "stock")] {
        rows.add("sys.schemas", "schema_id name principal_id", vec![int(id), text(name), int(1)]);
    }
    rows.add(
        "sys.database_principals",
        "principal_id name type is_fixed_role",
        vec![int(1), text("dbo"), text("S"), int(0)],
    );
    for (id, name) in [(56, "int"), (231, "nvarchar"), (106, "decimal"), (42, "datetime2"), (104, "bit")] {
        let columns = "user_type_id system_type_id schema_id name is_user_defined";
        rows.add("sys.types", columns, vec![int(id), int(id), int(4), text(name), int(0)]);
    }
    rows.add(
        "sys.data_spaces",
        "data_space_id name type is_default",
        vec![int(1), text("PRIMARY"), text("FG"), int(1)],
    );
    (0..tables).for_each(|i| table(&mut rows, i));
    (0..modules).for_each(|i| module(&mut rows, i, tables));
    Catalog::new(rows.0.into_iter().map(|(view, set)| (view.to_owned(), CatalogTable::new(set))))
}

fn schema(i: i64) -> (i64, &'static str) {
    match i % 3 {
        0 => (1, "dbo"),
        1 => (5, "sales"),
        _ => (6, "stock"),
    }
}

fn object(rows: &mut Rows, id: i64, schema_id: i64, parent: i64, name: &str, kind: &str) {
    let columns = "object_id schema_id parent_object_id name type is_ms_shipped";
    let int = Cell::Int;
    rows.add("sys.objects", columns, vec![int(id), int(schema_id), int(parent), text(name), text(kind), int(0)]);
}

fn table(rows: &mut Rows, i: i64) {
    let int = Cell::Int;
    let (schema_id, _) = schema(i);
    let (id, name) = (TABLES + i, format!("Table{i:05}"));
    object(rows, id, schema_id, 0, &name, "U");
    rows.add(
        "sys.tables",
        "object_id schema_id name uses_ansi_nulls lock_escalation",
        vec![int(id), int(schema_id), text(name.clone()), int(1), int(0)],
    );
    for c in 1..=COLUMNS {
        let (column, type_id, length, precision, scale, collation) = match c {
            1 => ("Id".to_owned(), 56, 4, 10, 0, Cell::Null),
            2 => ("ParentId".to_owned(), 56, 4, 10, 0, Cell::Null),
            3 => ("IsActive".to_owned(), 104, 1, 1, 0, Cell::Null),
            4 => ("Amount".to_owned(), 106, 9, 18, 4, Cell::Null),
            5 => ("DateCreated".to_owned(), 42, 8, 27, 7, Cell::Null),
            _ => (format!("Column{c:02}"), 231, 100, 0, 0, text("SQL_Latin1_General_CP1_CI_AS")),
        };
        rows.add(
            "sys.columns",
            "object_id column_id name user_type_id max_length precision scale collation_name is_nullable is_identity \
             is_computed",
            vec![
                int(id),
                int(c),
                text(column),
                int(type_id),
                int(length),
                int(precision),
                int(scale),
                collation,
                int(i64::from(c > 5)),
                int(i64::from(c == 1)),
                int(0),
            ],
        );
    }
    rows.add(
        "sys.identity_columns",
        "object_id column_id seed increment last is_not_for_replication",
        vec![int(id), int(1), int(1), int(1), Cell::Null, int(0)],
    );
    object(rows, KEYS + i, schema_id, id, &format!("PK_{name}"), "PK");
    rows.add(
        "sys.key_constraints",
        "object_id name type parent_object_id unique_index_id is_system_named",
        vec![int(KEYS + i), text(format!("PK_{name}")), text("PK"), int(id), int(1), int(0)],
    );
    for (index_id, index, kind, key) in [(1, format!("PK_{name}"), 1, 1), (2, format!("IX_{name}"), 2, 5)] {
        rows.add(
            "sys.indexes",
            "object_id index_id name type is_unique is_primary_key is_unique_constraint fill_factor filter_definition \
             data_space_id",
            vec![
                int(id),
                int(index_id),
                text(index),
                int(kind),
                int(i64::from(index_id == 1)),
                int(i64::from(index_id == 1)),
                int(0),
                int(0),
                Cell::Null,
                int(1),
            ],
        );
        rows.add(
            "sys.index_columns",
            "object_id index_id index_column_id column_id key_ordinal partition_ordinal is_descending_key \
             is_included_column",
            vec![int(id), int(index_id), int(1), int(key), int(1), int(0), int(0), int(0)],
        );
    }
    object(rows, DEFAULTS + i, schema_id, id, &format!("DF_{name}"), "D");
    rows.add(
        "sys.default_constraints",
        "object_id parent_object_id parent_column_id is_system_named definition",
        vec![int(DEFAULTS + i), int(id), int(3), int(0), text("((1))")],
    );
    object(rows, CHECKS + i, schema_id, id, &format!("CK_{name}"), "C");
    rows.add(
        "sys.check_constraints",
        "object_id parent_object_id is_system_named is_disabled is_not_trusted definition",
        vec![int(CHECKS + i), int(id), int(0), int(0), int(0), text("([Amount]>=(0))")],
    );
    // Each refers to the one before it of its own schema.
    if i >= 3 {
        object(rows, FOREIGN_KEYS + i, schema_id, id, &format!("FK_{name}"), "F");
        rows.add(
            "sys.foreign_keys",
            "object_id parent_object_id referenced_object_id is_system_named is_disabled is_not_trusted \
             delete_referential_action",
            vec![int(FOREIGN_KEYS + i), int(id), int(id - 3), int(0), int(0), int(0), int(0)],
        );
        rows.add(
            "sys.foreign_key_columns",
            "constraint_object_id constraint_column_id parent_object_id parent_column_id referenced_object_id \
             referenced_column_id",
            vec![int(FOREIGN_KEYS + i), int(1), int(id), int(2), int(id - 3), int(1)],
        );
    }
}

/// Views over tables and views, functions, and procedures that use all of them.
fn module(rows: &mut Rows, i: i64, tables: i64) {
    let int = Cell::Int;
    let (schema_id, schema_name) = schema(i);
    let id = MODULES + i;
    let of = |i: i64| {
        let i = i.rem_euclid(tables.max(1));
        format!("[{}].[Table{i:05}]", schema(i).1)
    };
    let (a, b) = (of(i * 7), of(i * 13 + 1));
    let (kind, name, definition) = match i % 5 {
        0 => {
            let name = format!("View{i:05}");
            let below = if i >= 15 {
                format!("\r\nINNER JOIN [{}].[View{:05}] AS v ON v.Id = a.Id", schema(i - 15).1, i - 15)
            } else {
                String::new()
            };
            let text = format!(
                "CREATE VIEW [{schema_name}].[{name}]\r\nAS\r\n-- What the list of {a} shows.\r\nSELECT a.Id, a.Amount, \
                 a.Column07 AS Title, b.DateCreated, CASE WHEN b.IsActive = 1 THEN N'yes' ELSE N'no' END AS Active\r\n\
                 FROM {a} AS a\r\nLEFT JOIN {b} AS b ON b.ParentId = a.Id{below}\r\nWHERE a.IsActive = 1 AND a.Amount > 0;"
            );
            ("V", name, text)
        }
        1 => {
            let name = format!("Function{i:05}");
            let text = format!(
                "CREATE FUNCTION [{schema_name}].[{name}] (@id int)\r\nRETURNS decimal(18, 4)\r\nAS\r\nBEGIN\r\n    \
                 DECLARE @sum decimal(18, 4);\r\n    SELECT @sum = SUM(a.Amount) FROM {a} AS a WHERE a.ParentId = @id;\r\n    \
                 RETURN ISNULL(@sum, 0);\r\nEND"
            );
            ("FN", name, text)
        }
        _ => {
            let name = format!("Procedure{i:05}");
            let text = format!(
                "CREATE PROCEDURE [{schema_name}].[{name}]\r\n    @id int,\r\n    @title nvarchar(50) = NULL\r\nAS\r\n\
                 BEGIN\r\n    SET NOCOUNT ON;\r\n    BEGIN TRY\r\n        BEGIN TRANSACTION;\r\n        UPDATE a SET \
                 a.Column07 = @title, a.DateCreated = SYSUTCDATETIME()\r\n        FROM {a} AS a WHERE a.Id = @id;\r\n        \
                 INSERT INTO {b} (ParentId, IsActive, Amount, DateCreated, Column06)\r\n        SELECT a.Id, 1, \
                 a.Amount * 2, SYSUTCDATETIME(), N'copied' FROM {a} AS a WHERE a.Id = @id;\r\n        COMMIT;\r\n    \
                 END TRY\r\n    BEGIN CATCH\r\n        IF @@TRANCOUNT > 0 ROLLBACK;\r\n        THROW;\r\n    END CATCH\r\n\
                 END"
            );
            ("P", name, text)
        }
    };
    object(rows, id, schema_id, 0, &name, kind);
    rows.add(
        "sys.sql_modules",
        "object_id definition uses_ansi_nulls uses_quoted_identifier is_inlineable inline_type",
        vec![int(id), text(definition), int(1), int(1), int(0), int(0)],
    );
    let columns = "object_id name parameter_id user_type_id max_length precision scale is_output is_readonly";
    let mut parameter = |n: i64, name: &str, type_id: i64, length: i64, precision: i64, scale: i64| {
        let output = i64::from(n == 0);
        rows.add(
            "sys.parameters",
            columns,
            vec![
                int(id),
                text(name),
                int(n),
                int(type_id),
                int(length),
                int(precision),
                int(scale),
                int(output),
                int(0),
            ],
        );
    };
    match kind {
        "FN" => {
            parameter(0, "", 106, 9, 18, 4);
            parameter(1, "@id", 56, 4, 10, 0);
        }
        "P" => {
            parameter(1, "@id", 56, 4, 10, 0);
            parameter(2, "@title", 231, 100, 0, 0);
        }
        _ => {
            let list = [("Id", 56, 4, 10, 0), ("Amount", 106, 9, 18, 4), ("Title", 231, 100, 0, 0)];
            for (n, (name, type_id, length, precision, scale)) in (1..).zip(list) {
                rows.add(
                    "sys.columns",
                    "",
                    vec![
                        int(id),
                        int(n),
                        text(name),
                        int(type_id),
                        int(length),
                        int(precision),
                        int(scale),
                        Cell::Null,
                        int(1),
                        int(0),
                        int(0),
                    ],
                );
            }
        }
    }
}
