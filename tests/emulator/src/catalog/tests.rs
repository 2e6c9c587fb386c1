//! What the views show of a small database made by DDL, and that every column the format notes name is there.

#![allow(clippy::print_stderr)]

use super::{Catalog, Empty, function, view, view_columns, view_names};
use crate::error::SqlResult;
use crate::sql::ast::StatementKind;
use crate::sql::ddl::{Binder, Context, execute};
use crate::sql::parser::parse_batch;
use crate::state::{Column, Parameter, Platform, Server, SessionInfo};
use crate::value::{DataType, Length, Value};
use std::path::Path;
use std::sync::Arc;

struct Ignorant;

impl Binder for Ignorant {
    fn query_columns(&self, _: &Server, _: &SessionInfo, _: &str, _: &[Parameter]) -> SqlResult<Vec<Column>> {
        Ok(vec![Column::new(1, "a", DataType::Int, 56)])
    }

    fn expression_type(&self, _: &Server, _: &SessionInfo, _: &[Column], _: &str) -> SqlResult<(DataType, bool)> {
        Ok((DataType::Int, true))
    }

    fn constant(&self, _: &Server, _: &SessionInfo, _: &str, _: &DataType) -> SqlResult<Value> {
        Ok(Value::Int(1))
    }
}

fn server(platform: Platform, batches: &[&str]) -> (Server, SessionInfo) {
    let mut server = Server::new(platform, "EMULATOR", "SQL_Latin1_General_CP1_CI_AS", "secret");
    let mut session = SessionInfo::new(51, "sa", 1);
    for batch in std::iter::once(&"CREATE DATABASE shop").chain(batches) {
        for statement in parse_batch(batch, true).expect(batch) {
            let StatementKind::Ddl(ddl) = &statement.kind else { panic!("{batch} is not DDL") };
            let mut context = Context { server: &mut server, session: &session, binder: &Ignorant };
            execute(ddl, &mut context).expect(batch);
        }
        session.database_id = server.database_id("shop").expect("shop");
    }
    (server, session)
}

fn text(value: &Value) -> String {
    match value {
        Value::NChar(units) => String::from_utf16_lossy(units),
        Value::Char(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Null => "NULL".to_owned(),
        Value::Int(n) => n.to_string(),
        Value::TinyInt(n) => n.to_string(),
        Value::SmallInt(n) => n.to_string(),
        Value::Bit(on) => u8::from(*on).to_string(),
        Value::Variant(inner) => text(&inner.1),
        other => format!("{other:?}"),
    }
}

/// Rows of a view, of the named columns, as text.
fn rows(server: &Server, session: &SessionInfo, name: &str, columns: &[&str]) -> Vec<Vec<String>> {
    let sessions = [session.clone()];
    let catalog = Catalog { server, database_id: session.database_id, session, sessions: &sessions, sizes: &Empty };
    let (schema, name) = name.split_once('.').expect("a schema");
    let table = view(&catalog, schema, name).expect("a view");
    let at: Vec<usize> =
        columns.iter().map(|column| table.columns.iter().position(|c| c.name == *column).expect(column)).collect();
    table.rows.iter().map(|row| at.iter().map(|at| text(&row[*at])).collect()).collect()
}

const SHOP: &[&str] = &[
    "CREATE TABLE dbo.customers (id int IDENTITY(5, 2) NOT NULL CONSTRAINT pk_c PRIMARY KEY, name nvarchar(40) NOT NULL DEFAULT N'x', note varchar(max) NULL)",
    "CREATE TABLE dbo.orders (id int NOT NULL PRIMARY KEY NONCLUSTERED, customer int NULL CONSTRAINT fk_o REFERENCES customers (id) ON DELETE CASCADE, total AS (id * 2), CONSTRAINT ck CHECK (id > 0))",
    "CREATE INDEX ix ON orders (customer DESC) INCLUDE (id) WHERE customer IS NOT NULL",
    "ALTER DATABASE shop SET RECOVERY SIMPLE, ANSI_NULLS ON",
    "CREATE VIEW v AS SELECT id a FROM orders",
];

#[test]
fn views_show_what_was_made() {
    let (server, session) = server(Platform::Sql160, SHOP);
    let rows = |name: &str, columns: &[&str]| rows(&server, &session, name, columns);
    assert_eq!(
        rows("sys.tables", &["name", "type", "type_desc"]),
        [["customers", "U ", "USER_TABLE"], ["orders", "U ", "USER_TABLE"]]
    );
    assert_eq!(
        rows("sys.indexes", &["name", "index_id", "type_desc", "is_primary_key", "filter_definition"])
            .iter()
            .filter(|row| !row[0].starts_with("PK__"))
            .cloned()
            .collect::<Vec<_>>(),
        [
            ["pk_c", "1", "CLUSTERED", "1", "NULL"],
            ["NULL", "0", "HEAP", "0", "NULL"],
            ["ix", "3", "NONCLUSTERED", "0", "([customer] IS NOT NULL)"],
        ]
    );
    let columns = rows(
        "sys.columns",
        &["name", "column_id", "user_type_id", "max_length", "is_nullable", "is_identity", "is_computed"],
    );
    assert_eq!(columns[1], ["name", "2", "231", "80", "0", "0", "0"]);
    assert_eq!(columns[2], ["note", "3", "167", "-1", "1", "0", "0"]);
    assert_eq!(columns[5], ["total", "3", "56", "4", "1", "0", "1"]);
    assert_eq!(
        rows("sys.identity_columns", &["name", "seed_value", "increment_value", "last_value"]),
        [["id", "5", "2", "NULL"]]
    );
    assert_eq!(
        rows("sys.foreign_keys", &["name", "delete_referential_action_desc", "is_system_named"]),
        [["fk_o", "CASCADE", "0"]]
    );
    assert_eq!(rows("sys.check_constraints", &["definition", "parent_column_id"]), [["([id]>(0))", "1"]]);
    assert_eq!(rows("sys.default_constraints", &["definition", "is_system_named"]), [["(N'x')", "1"]]);
    assert_eq!(rows("sys.computed_columns", &["definition"]), [["([id]*(2))"]]);
    let shop = rows(
        "sys.databases",
        &["name", "recovery_model_desc", "is_ansi_nulls_on", "compatibility_level", "collation_name"],
    );
    assert_eq!(shop.last().expect("shop"), &["shop", "SIMPLE", "1", "160", "SQL_Latin1_General_CP1_CI_AS"]);
    assert_eq!(rows("sys.sql_expression_dependencies", &["referenced_entity_name"]).last().expect("v"), &["orders"]);
    assert_eq!(rows("information_schema.TABLES", &["TABLE_NAME", "TABLE_TYPE"])[2], ["v", "VIEW"]);
    assert!(rows("sys.database_permissions", &["permission_name"]).contains(&vec!["CONNECT".to_owned()]));
    assert!(rows("sys.system_columns", &["name"]).iter().any(|row| row[0] == "last_used_value"));
}

#[test]
fn functions_answer() {
    let (server, session) = server(Platform::Sql160, SHOP);
    let catalog =
        Catalog { server: &server, database_id: session.database_id, session: &session, sessions: &[], sizes: &Empty };
    let string = |s: &str| Value::NChar(s.encode_utf16().collect());
    let call = |name: &str, args: &[Value]| text(&function(&catalog, name, args).expect(name).1);
    let id = function(&catalog, "OBJECT_ID", &[string("[dbo].[Orders]"), string("U")]).expect("a function").1;
    assert!(matches!(id, Value::Int(_)));
    assert_eq!(call("OBJECT_ID", &[string("dbo.orders"), string("V")]), "NULL");
    assert_eq!(call("OBJECT_NAME", std::slice::from_ref(&id)), "orders");
    assert_eq!(call("OBJECT_SCHEMA_NAME", std::slice::from_ref(&id)), "dbo");
    assert_eq!(call("COL_NAME", &[id.clone(), Value::Int(2)]), "customer");
    assert_eq!(call("COL_LENGTH", &[string("customers"), string("name")]), "80");
    assert_eq!(call("COLUMNPROPERTY", &[id.clone(), string("total"), string("IsComputed")]), "1");
    assert_eq!(call("OBJECTPROPERTY", &[id, string("TableHasPrimaryKey")]), "1");
    assert_eq!(call("TYPE_NAME", &[Value::Int(56)]), "int");
    assert_eq!(call("DB_NAME", &[]), "shop");
    assert_eq!(call("SERVERPROPERTY", &[string("EngineEdition")]), "3");
    assert_eq!(call("DATABASEPROPERTYEX", &[string("shop"), string("Updateability")]), "READ_WRITE");
    assert_eq!(call("IS_SRVROLEMEMBER", &[string("sysadmin")]), "1");
    assert_eq!(call("HAS_PERMS_BY_NAME", &[Value::Null, string("DATABASE"), string("VIEW DEFINITION")]), "1");
    assert!(function(&catalog, "NOSUCH", &[]).is_none());
}

#[test]
fn rows_have_the_columns_types() {
    let (server, session) = server(Platform::Azure, SHOP);
    let sessions = [session.clone()];
    let catalog = Catalog {
        server: &server,
        database_id: session.database_id,
        session: &session,
        sessions: &sessions,
        sizes: &Empty,
    };
    for (schema, name) in view_names(Platform::Azure) {
        let table = view(&catalog, schema, name).expect(name);
        for row in &table.rows {
            assert_eq!(row.len(), table.columns.len());
            for (value, column) in row.iter().zip(&table.columns) {
                let fits = match (&column.data_type, value) {
                    (_, Value::Null) => column.nullable,
                    (DataType::Int, Value::Int(_)) | (DataType::SmallInt, Value::SmallInt(_)) => true,
                    (DataType::TinyInt, Value::TinyInt(_)) | (DataType::Bit, Value::Bit(_)) => true,
                    (DataType::BigInt, Value::BigInt(_)) | (DataType::DateTime, Value::DateTime { .. }) => true,
                    (DataType::NVarChar { .. }, Value::NChar(_)) | (DataType::Char { .. }, Value::Char(_)) => true,
                    (DataType::UniqueIdentifier, Value::Guid(_)) | (DataType::VarBinary { .. }, Value::Binary(_)) => {
                        true
                    }
                    (DataType::SqlVariant, Value::Variant(_)) | (DataType::Float, Value::Float(_)) => true,
                    (DataType::Numeric { .. }, Value::Decimal { .. }) => true,
                    _ => false,
                };
                assert!(fits, "{schema}.{name}.{}: {value:?}", column.name);
                if let (DataType::NVarChar { length: Length::Of(length), .. }, Value::NChar(units)) =
                    (&column.data_type, value)
                {
                    assert!(units.len() <= usize::from(*length), "{schema}.{name}.{}", column.name);
                }
            }
        }
    }
}

#[test]
fn every_documented_column_is_there() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/format/catalog-columns.tsv");
    let other = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../shared/format/catalog-columns.tsv");
    let Some(path) = [root, other].into_iter().map(Path::new).find(|path| path.is_file()) else {
        eprintln!("SKIPPED: ../shared/format/catalog-columns.tsv is absent");
        return;
    };
    let listing = std::fs::read_to_string(path).expect("a listing");
    let collation = Arc::from("Latin1_General_CI_AS");
    let mut missing = Vec::new();
    let mut seen = 0;
    for line in listing.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [view, column, .., run] = fields.as_slice() else { continue };
        // Two columns are listed under the view that is joined to theirs.
        let joined =
            matches!((*view, *column), ("asymmetric_keys", "certificate_id") | ("certificates", "asymmetric_key_id"));
        if *run != "yes" || *view == "view" || joined {
            continue;
        }
        seen += 1;
        let known = view_columns(Platform::Sql150, "sys", view, &collation)
            .is_some_and(|columns| columns.iter().any(|(meta, _)| meta.name.eq_ignore_ascii_case(column)));
        if !known {
            missing.push(format!("{view}.{column}"));
        }
    }
    assert!(seen > 500, "only {seen} columns");
    assert!(missing.is_empty(), "{missing:?}");
}
