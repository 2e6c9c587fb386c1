//! An engine that knows tables of given columns and just the statements an adapter sends: enough to see, value by value,
//! what goes in and out on the wire, independent of any T-SQL engine.

use sqlserver_emulator::collation;
use sqlserver_emulator::engine::{ColumnMeta, Engine, Param, Session, Sink};
use sqlserver_emulator::error::{SqlError, SqlResult};
use sqlserver_emulator::row;
use sqlserver_emulator::value::{DataType, Length, Value};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Default)]
pub(crate) struct Table {
    pub(crate) columns: Vec<ColumnMeta>,
    pub(crate) rows: Vec<Vec<Value>>,
}

/// Tables by name, without schema.
#[derive(Clone, Default)]
pub(crate) struct Tables(pub(crate) Arc<Mutex<HashMap<String, Table>>>);

impl Tables {
    pub(crate) fn create(&self, name: &str, columns: Vec<ColumnMeta>, rows: Vec<Vec<Value>>) {
        self.0.lock().unwrap().insert(name.to_owned(), Table { columns, rows });
    }

    pub(crate) fn clear(&self, name: &str) {
        self.0.lock().unwrap().get_mut(name).expect("a table that exists").rows.clear();
    }

    pub(crate) fn rows(&self, name: &str) -> Vec<Vec<Value>> {
        self.0.lock().unwrap()[name].rows.clone()
    }
}

impl Engine for Tables {
    fn login(&self, user: &str, password: &str, database: &str) -> SqlResult<Box<dyn Session>> {
        if password != super::PASSWORD {
            return Err(SqlError::new(18456, 14, format!("Login failed for user '{user}'.")));
        }
        if database == "absent" {
            let text = "Cannot open database \"absent\" requested by the login. The login failed.";
            return Err(SqlError::new(4060, 11, text));
        }
        Ok(Box::new(MiniSession { tables: self.clone(), bulk: None }))
    }
}

struct Bulk {
    table: String,
    targets: Vec<usize>,
    rows: Vec<Vec<Value>>,
}

struct MiniSession {
    tables: Tables,
    bulk: Option<Bulk>,
}

pub(crate) fn column(name: &str, data_type: DataType, nullable: bool) -> ColumnMeta {
    ColumnMeta { name: name.into(), data_type, nullable, identity: false, computed: false, updatable: true }
}

pub(crate) fn utf16(text: &str) -> Value {
    Value::NChar(text.encode_utf16().collect())
}

fn latin() -> Arc<str> {
    Arc::from(collation::DEFAULT)
}

fn nvarchar(n: u16) -> DataType {
    DataType::NVarChar { length: Length::Of(n), collation: latin() }
}

/// The name between the last pair of brackets before `rest`.
fn bracketed(sql: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut chars = sql.strip_prefix('[')?.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        match c {
            ']' if chars.peek().is_some_and(|(_, c)| *c == ']') => {
                chars.next();
                name.push(']');
            }
            ']' => return Some((name, &sql[i + 2..])),
            c => name.push(c),
        }
    }
    None
}

/// `[schema].[table]`
fn table_name(sql: &str) -> (String, &str) {
    let (_, rest) = bracketed(sql.trim_start()).expect("a bracketed schema");
    bracketed(rest.strip_prefix('.').expect("a dot")).expect("a bracketed table")
}

#[derive(Debug)]
enum Expression {
    Column(usize),
    Null,
    Cast(Box<Expression>, DataType),
    Property(usize, String),
    Case(Box<Expression>, Vec<String>, Box<Expression>, Box<Expression>),
}

struct Parser<'a> {
    rest: &'a str,
    columns: &'a [ColumnMeta],
}

impl Parser<'_> {
    fn eat(&mut self, word: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(word) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn need(&mut self, word: &str) {
        assert!(self.eat(word), "{word} expected before {}", self.rest);
    }

    fn name(&mut self) -> usize {
        let (name, rest) = bracketed(self.rest.trim_start()).unwrap_or_else(|| panic!("a name before {}", self.rest));
        self.rest = rest;
        self.columns.iter().position(|c| c.name == name).unwrap_or_else(|| panic!("no column {name}"))
    }

    fn literal(&mut self) -> String {
        self.need("N'");
        let (text, rest) = self.rest.split_once('\'').expect("the end of a literal");
        self.rest = rest;
        text.to_owned()
    }

    fn expression(&mut self) -> Expression {
        if self.eat("CAST(") {
            let inner = self.expression();
            self.need("AS ");
            let (length, rest) = match self.rest.split_once(')') {
                Some((head, rest)) if head.contains('(') => (head.to_owned() + ")", rest),
                Some((head, _)) => (head.to_owned(), &self.rest[head.len()..]),
                None => panic!("a type before {}", self.rest),
            };
            self.rest = rest;
            self.need(")");
            Expression::Cast(Box::new(inner), data_type(length.trim()))
        } else if self.eat("SQL_VARIANT_PROPERTY(") {
            let column = self.name();
            self.need(",");
            let what = self.literal();
            self.need(")");
            Expression::Property(column, what)
        } else if self.eat("CASE WHEN ") {
            let tested = self.expression();
            self.need("IN (");
            let mut set = vec![self.literal()];
            while self.eat(",") {
                set.push(self.literal());
            }
            self.need(")");
            self.need("THEN");
            let then = self.expression();
            let otherwise = if self.eat("ELSE") { self.expression() } else { Expression::Null };
            self.need("END");
            Expression::Case(Box::new(tested), set, Box::new(then), Box::new(otherwise))
        } else if self.eat("NULL") {
            Expression::Null
        } else {
            Expression::Column(self.name())
        }
    }
}

fn data_type(text: &str) -> DataType {
    let length = |text: &str| match text.trim_end_matches(')').split_once('(').map(|(_, n)| n) {
        Some("max") => Length::Max,
        Some(n) => Length::Of(n.parse().expect("a length")),
        None => panic!("a length in {text}"),
    };
    match text.split('(').next().unwrap_or_default() {
        "nvarchar" => DataType::NVarChar { length: length(text), collation: latin() },
        "varchar" => DataType::VarChar { length: length(text), collation: latin() },
        "varbinary" => DataType::VarBinary { length: length(text) },
        "decimal" => DataType::Decimal { precision: 19, scale: 4 },
        "int" => DataType::Int,
        other => panic!("CAST AS {other}"),
    }
}

fn base_name(data_type: &DataType) -> String {
    let text = format!("{data_type:?}");
    text.split([' ', '{', '(']).next().unwrap_or_default().to_lowercase()
}

fn type_of(expression: &Expression, columns: &[ColumnMeta]) -> (DataType, bool) {
    match expression {
        Expression::Column(i) => (columns[*i].data_type.clone(), columns[*i].nullable),
        Expression::Null => (DataType::Int, true),
        Expression::Property(..) => (DataType::SqlVariant, true),
        Expression::Cast(inner, DataType::VarChar { length, collation }) => {
            // A cast of character data keeps its collation.
            let collation = match type_of(inner, columns).0 {
                DataType::VarChar { collation, .. }
                | DataType::Text { collation }
                | DataType::Char { collation, .. } => collation,
                _ => collation.clone(),
            };
            (DataType::VarChar { length: *length, collation }, true)
        }
        Expression::Cast(_, to) => (to.clone(), true),
        Expression::Case(_, _, then, otherwise) => match **then {
            Expression::Null => (type_of(otherwise, columns).0, true),
            _ => (type_of(then, columns).0, true),
        },
    }
}

fn evaluate(expression: &Expression, columns: &[ColumnMeta], values: &[Value]) -> Value {
    match expression {
        Expression::Column(i) => values[*i].clone(),
        Expression::Null => Value::Null,
        Expression::Cast(inner, to) => {
            let from = type_of(inner, columns).0;
            cast(&evaluate(inner, columns, values), &from, to)
        }
        Expression::Property(i, what) => {
            let Value::Variant(inner) = &values[*i] else { return Value::Null };
            let (base, _) = &**inner;
            let int = |n: u8| Value::Variant(Box::new((DataType::Int, Value::Int(n.into()))));
            let name = |text: &str| Value::Variant(Box::new((nvarchar(128), utf16(text))));
            match (what.as_str(), base) {
                ("BaseType", _) => name(&base_name(base)),
                ("Precision", DataType::Decimal { precision, .. } | DataType::Numeric { precision, .. }) => {
                    int(*precision)
                }
                (
                    "Scale",
                    DataType::Decimal { scale, .. }
                    | DataType::Numeric { scale, .. }
                    | DataType::Time { scale }
                    | DataType::DateTime2 { scale }
                    | DataType::DateTimeOffset { scale },
                ) => int(*scale),
                (
                    "Collation",
                    DataType::Char { collation, .. }
                    | DataType::VarChar { collation, .. }
                    | DataType::NChar { collation, .. }
                    | DataType::NVarChar { collation, .. },
                ) => name(collation),
                ("Precision" | "Scale", _) => int(0),
                _ => Value::Null,
            }
        }
        Expression::Case(tested, set, then, otherwise) => {
            let tested = cast(&evaluate(tested, columns, values), &DataType::SqlVariant, &nvarchar(128));
            let hit = matches!(&tested, Value::NChar(units) if set.contains(&String::from_utf16_lossy(units)));
            evaluate(if hit { then } else { otherwise }, columns, values)
        }
    }
}

fn code_page(data_type: &DataType) -> u16 {
    match data_type {
        DataType::Char { collation, .. } | DataType::VarChar { collation, .. } | DataType::Text { collation } => {
            collation::code_page(collation).expect("a known collation")
        }
        _ => 1252,
    }
}

/// Converts as the server does where it loses nothing; panics elsewhere.
pub(crate) fn cast(value: &Value, from: &DataType, to: &DataType) -> Value {
    use DataType as T;
    match (value, to) {
        (Value::Null, _) => Value::Null,
        (Value::Variant(inner), T::SqlVariant) => Value::Variant(inner.clone()),
        (Value::Variant(inner), _) => cast(&inner.1, &inner.0, to),
        (Value::Char(bytes), T::NVarChar { .. } | T::NChar { .. } | T::NText { .. } | T::Xml | T::Json) => {
            Value::NChar(collation::decode(code_page(from), bytes).into())
        }
        (Value::NChar(units), T::NChar { length, .. }) => {
            let mut units = units.to_vec();
            units.resize(units.len().max(usize::from(*length)), 0x20);
            Value::NChar(units.into())
        }
        (Value::NChar(_), T::NVarChar { .. } | T::NText { .. } | T::Xml | T::Json) => value.clone(),
        (Value::NChar(units), T::Char { length, .. }) => {
            let mut bytes = collation::encode(code_page(to), units);
            bytes.resize(bytes.len().max(usize::from(*length)), b' ');
            Value::Char(bytes.into())
        }
        (Value::NChar(units), T::VarChar { .. } | T::Text { .. }) => {
            Value::Char(collation::encode(code_page(to), units).into())
        }
        (Value::Char(bytes), T::Char { length, .. }) => {
            let mut bytes = bytes.to_vec();
            bytes.resize(bytes.len().max(usize::from(*length)), b' ');
            Value::Char(bytes.into())
        }
        (Value::Char(_), T::VarChar { .. } | T::Text { .. }) => value.clone(),
        (Value::NChar(units), T::VarBinary { .. }) => {
            Value::Binary(units.iter().flat_map(|unit| unit.to_le_bytes()).collect())
        }
        (Value::Char(bytes), T::VarBinary { .. }) => Value::Binary(bytes.clone()),
        (Value::Binary(_), T::VarBinary { .. } | T::Binary { .. } | T::Image | T::Udt { .. } | T::RowVersion) => {
            value.clone()
        }
        (Value::SmallMoney(v), T::Decimal { precision, scale }) => Value::Decimal {
            negative: *v < 0,
            magnitude: v.unsigned_abs().into(),
            precision: *precision,
            scale: *scale,
        },
        (Value::Money(v), T::Decimal { precision, scale }) => Value::Decimal {
            negative: *v < 0,
            magnitude: v.unsigned_abs().into(),
            precision: *precision,
            scale: *scale,
        },
        (
            &Value::Decimal { negative, magnitude, scale, .. },
            &(T::Decimal { precision, .. } | T::Numeric { precision, .. }),
        ) => Value::Decimal { negative, magnitude, precision, scale },
        (_, to) if base_name(from) == base_name(to) => value.clone(),
        (value, to) => panic!("no conversion of {value:?} from {from:?} to {to:?}"),
    }
}

impl MiniSession {
    fn result(sink: &mut dyn Sink, columns: &[ColumnMeta], rows: impl Iterator<Item = Vec<Value>>) -> Option<()> {
        sink.columns(columns).ok()?;
        let (mut encoded, mut count) = (Vec::new(), 0);
        for values in rows {
            encoded.clear();
            row::encode_row(columns, &values, &mut encoded).expect("values that fit their columns");
            sink.encoded_row(&encoded).ok()?;
            count += 1;
        }
        sink.done(Some(count)).ok()
    }

    fn select(&self, list: &str, none: bool, sink: &mut dyn Sink) -> Option<()> {
        let from = list.find(" FROM [").expect("FROM");
        let (name, tail) = table_name(&list[from + 6..]);
        let tables = self.tables.0.lock().unwrap();
        let Some(table) = tables.get(&name) else {
            drop(tables);
            sink.error(&SqlError::new(208, 16, format!("Invalid object name 'dbo.{name}'."))).ok()?;
            return sink.done(None).ok();
        };
        assert!(tail.is_empty(), "nothing is known of {tail}");
        let mut parser = Parser { rest: &list[..from], columns: &table.columns };
        let mut expressions = vec![parser.expression()];
        while parser.eat(",") {
            expressions.push(parser.expression());
        }
        assert!(parser.rest.trim().is_empty(), "nothing is known of {}", parser.rest);
        let columns: Vec<ColumnMeta> = expressions
            .iter()
            .map(|expression| match expression {
                Expression::Column(i) => table.columns[*i].clone(),
                _ => {
                    let (data_type, nullable) = type_of(expression, &table.columns);
                    ColumnMeta { updatable: false, ..column("", data_type, nullable) }
                }
            })
            .collect();
        let (metas, rows) = (table.columns.clone(), if none { Vec::new() } else { table.rows.clone() });
        drop(tables);
        let rows = rows.iter().map(|values| expressions.iter().map(|e| evaluate(e, &metas, values)).collect());
        Self::result(sink, &columns, rows)
    }

    fn run(&mut self, sql: &str, cancel: &AtomicBool, sink: &mut dyn Sink) -> Option<()> {
        if sql.contains("sys.identity_columns") {
            let name = sql.split(".[").nth(1).and_then(|s| s.split(']').next()).unwrap_or_default().to_owned();
            let tables = self.tables.0.lock().unwrap();
            let identity =
                tables.get(&name).and_then(|t| t.columns.iter().find(|c| c.identity)).map(|c| c.name.clone());
            drop(tables);
            let rows = identity.iter().map(|name| vec![utf16(name)]).collect::<Vec<_>>();
            return Self::result(sink, &[column("name", nvarchar(128), false)], rows.into_iter());
        }
        if let Some(text) = sql.strip_prefix("cells") {
            assert_eq!(text, "");
            let (columns, values): (Vec<_>, Vec<_>) = super::types::cells().into_iter().map(|(c, v, _)| (c, v)).unzip();
            return Self::result(sink, &columns, std::iter::once(values));
        }
        if let Some(number) = sql.strip_prefix("raise ") {
            Self::result(sink, &[column("n", DataType::Int, false)], std::iter::once(vec![Value::Int(1)]))?;
            let number = number.parse().expect("a number");
            sink.error(&SqlError { state: 7, line: 3, ..SqlError::new(number, 16, "Raised.") }).ok()?;
            return sink.done(None).ok();
        }
        if sql == "sleep" {
            while !cancel.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(2));
            }
            return None;
        }
        if sql == "two" {
            Self::result(sink, &[column("a", DataType::Int, false)], std::iter::once(vec![Value::Int(1)]))?;
            return Self::result(sink, &[column("b", DataType::Int, false)], std::iter::once(vec![Value::Int(2)]));
        }
        if sql.contains("[forever]") && sql.starts_with("SELECT") {
            sink.columns(&[column("n", DataType::Int, false)]).ok()?;
            while !cancel.load(Ordering::Relaxed) {
                sink.encoded_row(&[1, 0, 0, 0]).ok()?;
            }
            return None;
        }
        if let Some(list) = sql.strip_prefix("SELECT TOP 0 ") {
            return self.select(list, true, sink);
        }
        if let Some(list) = sql.strip_prefix("SELECT ") {
            return self.select(list, false, sink);
        }
        sink.done(None).ok()
    }
}

impl Session for MiniSession {
    fn database(&self) -> String {
        "master".to_owned()
    }

    fn batch(&mut self, sql: &str, _: &[Param], cancel: &AtomicBool, sink: &mut dyn Sink) {
        let _ = self.run(sql, cancel, sink);
    }

    fn call(&mut self, _: &str, _: &[Param], _: &AtomicBool, _: &mut dyn Sink) {}

    fn begin_bulk(&mut self, sql: &str) -> SqlResult<Vec<ColumnMeta>> {
        let (table, rest) = table_name(sql.strip_prefix("INSERT BULK ").expect("INSERT BULK"));
        let mut rest = rest.trim_start().strip_prefix('(').expect("columns");
        let tables = self.tables.0.lock().unwrap();
        let known = &tables.get(&table).ok_or_else(|| SqlError::new(208, 16, "Invalid object name."))?.columns;
        let mut targets = Vec::new();
        loop {
            let (name, after) = bracketed(rest.trim_start()).expect("a column");
            targets.push(known.iter().position(|c| c.name == name).expect("a known column"));
            // To the comma or the end, past the parentheses of the type.
            let mut depth = 0;
            let end = after.find(|c| {
                depth += i32::from(c == '(') - i32::from(c == ')');
                (c == ',' && depth == 0) || depth < 0
            });
            let end = end.expect("an end");
            rest = &after[end + 1..];
            if after.as_bytes()[end] == b')' {
                break;
            }
        }
        let metas = targets.iter().map(|i| known[*i].clone()).collect();
        drop(tables);
        self.bulk = Some(Bulk { table, targets, rows: Vec::new() });
        Ok(metas)
    }

    fn bulk_rows(&mut self, rows: Vec<Vec<Value>>) -> SqlResult<()> {
        let bulk = self.bulk.as_mut().expect("an open load");
        let tables = self.tables.0.lock().unwrap();
        let columns = &tables[&bulk.table].columns;
        for row in rows {
            let mut values = vec![Value::Null; columns.len()];
            for (value, target) in row.iter().zip(&bulk.targets) {
                let to = &columns[*target].data_type;
                // What was sent is seen by its value.
                let from = match value {
                    Value::Char(_) => to.clone(),
                    Value::Variant(_) => DataType::SqlVariant,
                    Value::NChar(_) => nvarchar(1),
                    Value::Binary(_) => DataType::Image,
                    _ => to.clone(),
                };
                values[*target] = cast(value, &from, to);
            }
            bulk.rows.push(values);
        }
        Ok(())
    }

    fn end_bulk(&mut self, commit: bool) -> SqlResult<u64> {
        let Some(bulk) = self.bulk.take() else { return Ok(0) };
        let count = bulk.rows.len() as u64;
        if commit {
            self.tables.0.lock().unwrap().get_mut(&bulk.table).expect("the table").rows.extend(bulk.rows);
        }
        Ok(count)
    }

    fn begin_transaction(&mut self, sink: &mut dyn Sink) {
        let _ = sink.done(None);
    }

    fn commit_transaction(&mut self, sink: &mut dyn Sink) {
        let _ = sink.done(None);
    }

    fn rollback_transaction(&mut self, sink: &mut dyn Sink) {
        let _ = sink.done(None);
    }

    fn reset(&mut self) {}
}
