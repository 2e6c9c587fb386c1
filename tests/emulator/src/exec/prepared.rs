//! A table made ready to be written to: its defaults, computed columns, checks, keys and foreign keys, bound.

use super::bind::{Binder, table_scope};
use super::bound::{Expr, Row};
use super::collate::value_key;
use super::convert::{convert, text_of};
use super::env::{Env, Facts, Variables};
use super::eval::{Frame, eval, test};
use super::{run, table, types};
use crate::engine::ColumnMeta;
use crate::error::{SqlError, SqlResult};
use crate::row;
use crate::sql::parser::Parser;
use crate::state::{ForeignKey, Index, IndexKind, Object, ObjectDetail, Server, Table};
use crate::storage::{TableKey, UniqueSets, Version};
use crate::value::{DataType, Length, Value};
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;

/// Number of the errors by which this emulator refuses what it does not have.
const UNSUPPORTED: u32 = 40000;

/// A unique index.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Unique {
    pub index_id: i32,
    pub name: String,
    /// 2627 for constraints, 2601 for other indexes.
    pub constraint: Option<&'static str>,
    pub columns: Vec<usize>,
    pub filter: Option<Expr>,
    pub clustered: bool,
    pub ignore_duplicates: bool,
}

/// A foreign key of the table.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Reference {
    pub name: String,
    pub columns: Vec<usize>,
    pub parent: Arc<Object>,
    pub parent_columns: Vec<usize>,
}

/// A table with all that writing to it has to obey.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Prepared {
    pub key: TableKey,
    pub object: Arc<Object>,
    pub database: String,
    /// `schema.table`.
    pub name: String,
    pub metas: Arc<[ColumnMeta]>,
    pub order: Vec<(usize, bool)>,
    pub clustered_unique: bool,
    pub defaults: Vec<Option<SqlResult<Expr>>>,
    pub computed: Vec<(usize, Expr)>,
    pub checks: Vec<(String, Expr, Option<String>)>,
    pub uniques: Vec<Unique>,
    pub references: Vec<Reference>,
    pub identity: Option<usize>,
    pub row_version: Option<usize>,
}

/// Binds an expression of a table's definition over its columns.
pub fn bind_definition(
    server: &Server,
    database: i32,
    facts: &Facts,
    of: &Table,
    text: &str,
    condition: bool,
) -> SqlResult<Expr> {
    let variables = Variables::new();
    let mut binder = Binder::new(server, database, facts, &variables);
    let mut parser = Parser::new(text, true)?;
    let parsed = if condition { parser.parse_condition()? } else { parser.parse_expr()? };
    binder.push_scope(table_scope(of));
    binder.expr(&parsed)
}

/// Converts to a type.
fn convert_to(expr: Expr, to: &DataType) -> Expr {
    super::bind::converted(expr, to)
}

impl Prepared {
    /// From the catalog. What cannot be evaluated here (functions of the user's, methods) does not hold rows back.
    pub fn new(server: &Server, key: TableKey, facts: &Facts) -> SqlResult<Self> {
        let database = server.database(key.0)?;
        let missing = || SqlError::new(208, 16, "Invalid object name.");
        let object = Arc::clone(database.object(key.1).ok_or_else(missing)?);
        let of = object.table().ok_or_else(missing)?;
        let schema = database.schema_name(object.schema_id).unwrap_or("dbo");
        let name = format!("{schema}.{}", object.name);
        let bind = |text: &str, condition: bool| bind_definition(server, key.0, facts, of, text, condition);
        let mut defaults: Vec<Option<SqlResult<Expr>>> = vec![None; of.columns.len()];
        let (mut checks, mut references) = (Vec::new(), Vec::new());
        for child in database.children(key.1) {
            match &child.detail {
                ObjectDetail::Default { column_id, definition, .. } => {
                    if let Some(at) = table::position(of, *column_id)
                        && let Some(slot) = defaults.get_mut(at)
                    {
                        let to = &of.columns[at].data_type;
                        *slot = Some(bind(definition, false).map(|expr| convert_to(expr, to)));
                    }
                }
                ObjectDetail::Check(check) if !check.is_disabled => match bind(&check.definition, true) {
                    Ok(expr) => {
                        let column = of.column(check.parent_column_id).map(|column| column.name.clone());
                        checks.push((child.name.clone(), expr, column));
                    }
                    Err(error) if error.number == UNSUPPORTED => {}
                    Err(error) => return Err(error),
                },
                ObjectDetail::ForeignKey(foreign_key) if !foreign_key.is_disabled => {
                    references.extend(reference(server, key.0, of, &child.name, foreign_key));
                }
                _ => {}
            }
        }
        let mut computed = Vec::new();
        for (at, column) in of.columns.iter().enumerate() {
            if let Some(of_column) = &column.computed {
                match bind(&of_column.definition, false) {
                    Ok(expr) => computed.push((at, convert_to(expr, &column.data_type))),
                    Err(error) if error.number == UNSUPPORTED => {}
                    Err(error) => return Err(error),
                }
            }
        }
        // A computed column may refer to none other, so their order does not matter.
        let mut uniques = Vec::new();
        for index in of.indexes.iter().filter(|index| index.is_unique && !index.is_disabled) {
            uniques.extend(unique(index, of, &bind)?);
        }
        let order = table::order(of);
        let clustered_unique = uniques.iter().any(|unique| unique.clustered);
        Ok(Self {
            key,
            database: database.name.clone(),
            name,
            metas: table::metas(of),
            order,
            clustered_unique,
            defaults,
            computed,
            checks,
            uniques,
            references,
            identity: of.columns.iter().position(|column| column.identity.is_some()),
            row_version: of.columns.iter().position(|column| matches!(column.data_type, DataType::RowVersion)),
            object: Arc::clone(&object),
        })
    }

    /// The table's definition.
    pub fn table(&self) -> Option<&Table> {
        self.object.table()
    }

    /// Key by which rows are kept in order; empty for a heap.
    pub fn clustered_key(&self, values: &[Value]) -> Vec<u8> {
        let mut key = Vec::new();
        for (at, descending) in &self.order {
            let collation = self.metas[*at].data_type.collation();
            run::append_key(values.get(*at).unwrap_or(&Value::Null), collation, *descending, &mut key);
        }
        key
    }

    /// As [`Prepared::clustered_key`], of a stored row.
    pub fn stored_key(&self, bytes: &[u8], out: &mut Vec<u8>) -> SqlResult<()> {
        let last = self.order.iter().map(|(at, _)| *at).max().unwrap_or(0);
        let mut values = Vec::with_capacity(last + 1);
        let mut rest = bytes;
        for (at, column) in self.metas.iter().enumerate().take(last + 1) {
            if self.order.iter().any(|(place, _)| *place == at) {
                values.push(row::decode(&column.data_type, column.nullable, &mut rest)?);
            } else {
                let length = row::encoded_len(&column.data_type, column.nullable, rest)?;
                rest = rest.get(length..).unwrap_or_default();
                values.push(Value::Null);
            }
        }
        out.extend(self.clustered_key(&values));
        Ok(())
    }

    /// Key of some columns; the flag: whether one of them is NULL.
    pub fn key_of(&self, values: &[Value], columns: &[usize]) -> (Vec<u8>, bool) {
        let (mut key, mut has_null) = (Vec::new(), false);
        for at in columns {
            let value = values.get(*at).unwrap_or(&Value::Null);
            has_null |= matches!(value, Value::Null);
            value_key(value, self.metas.get(*at).and_then(|meta| meta.data_type.collation()), &mut key);
        }
        (key, has_null)
    }

    /// The values of a key as the errors show them.
    pub fn shown_key(&self, values: &[Value], columns: &[usize]) -> String {
        let shown: Vec<String> = columns
            .iter()
            .map(|at| shown(values.get(*at).unwrap_or(&Value::Null), &self.metas[*at].data_type))
            .collect();
        format!("({})", shown.join(", "))
    }

    /// Computes, checks for NULLs and constraints, and encodes a row. `verb` is INSERT or UPDATE.
    pub fn finish(&self, values: &mut Row, env: &Env<'_>, verb: &str, constraints: bool) -> SqlResult<Vec<u8>> {
        for (at, expr) in &self.computed {
            let value = eval(expr, env, &Frame::new(values))?;
            values[*at] = value;
        }
        for (value, meta) in values.iter().zip(self.metas.iter()) {
            if matches!(value, Value::Null) && !meta.nullable {
                let message = format!(
                    "Cannot insert the value NULL into column '{}', table '{}.{}'; column does not allow nulls. {verb} fails.",
                    meta.name, self.database, self.name
                );
                return Err(SqlError { state: 2, ..SqlError::new(515, 16, message) });
            }
        }
        if constraints {
            self.check(values, env, verb)?;
        }
        let mut bytes = Vec::new();
        row::encode_row(&self.metas, values, &mut bytes)?;
        Ok(bytes)
    }

    /// 547 where a check is FALSE.
    pub fn check(&self, values: &[Value], env: &Env<'_>, verb: &str) -> SqlResult<()> {
        for (name, expr, column) in &self.checks {
            match eval(expr, env, &Frame::new(values)) {
                Ok(Value::Bit(false)) => {
                    let column = column.as_ref().map_or_else(String::new, |column| format!(", column '{column}'"));
                    let message = format!(
                        "The {verb} statement conflicted with the CHECK constraint \"{name}\". The conflict occurred in database \"{}\", table \"{}\"{column}.",
                        self.database, self.name
                    );
                    return Err(SqlError { state: 0, ..SqlError::new(547, 16, message) });
                }
                Err(error) if error.number != UNSUPPORTED => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// 2627 or 2601.
    pub fn duplicate(&self, unique: &Unique, values: &[Value]) -> SqlError {
        let key = self.shown_key(values, &unique.columns);
        match unique.constraint {
            Some(kind) => {
                let message = format!(
                    "Violation of {kind} constraint '{}'. Cannot insert duplicate key in object '{}'. The duplicate key value is {key}.",
                    unique.name, self.name
                );
                SqlError::new(2627, 14, message)
            }
            None => {
                let message = format!(
                    "Cannot insert duplicate key row in object '{}' with unique index '{}'. The duplicate key value is {key}.",
                    self.name, unique.name
                );
                SqlError::new(2601, 14, message)
            }
        }
    }

    /// Whether a row is in a filtered index.
    pub fn in_index(&self, unique: &Unique, values: &[Value], env: &Env<'_>) -> SqlResult<bool> {
        match &unique.filter {
            Some(filter) => test(filter, env, &Frame::new(values)),
            None => Ok(true),
        }
    }

    /// The key hashes of a unique index over rows.
    pub fn build_set(
        &self,
        unique: &Unique,
        version: &Version,
        env: &Env<'_>,
    ) -> SqlResult<std::collections::HashSet<u128>> {
        let mut set = std::collections::HashSet::with_capacity(version.rows() as usize);
        for (_, bytes) in version.iter() {
            let values = row::decode_row(&self.metas, bytes)?;
            if self.in_index(unique, &values, env)? && !set.insert(hash(&self.key_of(&values, &unique.columns).0)) {
                let message = format!(
                    "The CREATE UNIQUE INDEX statement terminated because a duplicate key was found for the object name '{}' and the index name '{}'. The duplicate key value is {}.",
                    self.name,
                    unique.name,
                    self.shown_key(&values, &unique.columns)
                );
                return Err(SqlError::new(1505, 16, message));
            }
        }
        Ok(set)
    }

    /// The sets of all unique indexes that need one, built where they are missing.
    pub fn fill_sets(&self, sets: &mut UniqueSets, version: &Version, env: &Env<'_>) -> SqlResult<()> {
        for unique in self.uniques.iter().filter(|unique| !unique.clustered) {
            if let Entry::Vacant(missing) = sets.entry(unique.index_id) {
                missing.insert(self.build_set(unique, version, env)?);
            }
        }
        Ok(())
    }
}

fn unique(index: &Index, of: &Table, bind: &dyn Fn(&str, bool) -> SqlResult<Expr>) -> SqlResult<Option<Unique>> {
    if !matches!(index.kind, IndexKind::Clustered | IndexKind::NonClustered | IndexKind::NonClusteredHash { .. }) {
        return Ok(None);
    }
    let filter = match &index.filter {
        Some(text) => match bind(text, true) {
            Ok(expr) => Some(expr),
            Err(error) if error.number == UNSUPPORTED => return Ok(None),
            Err(error) => return Err(error),
        },
        None => None,
    };
    Ok(Some(Unique {
        index_id: index.index_id,
        name: index.name.clone(),
        constraint: if index.is_primary_key {
            Some("PRIMARY KEY")
        } else if index.is_unique_constraint {
            Some("UNIQUE KEY")
        } else {
            None
        },
        columns: index.key_columns().filter_map(|column| table::position(of, column.column_id)).collect(),
        filter,
        clustered: index.kind == IndexKind::Clustered,
        ignore_duplicates: index.ignore_dup_key,
    }))
}

fn reference(server: &Server, database: i32, of: &Table, name: &str, foreign_key: &ForeignKey) -> Option<Reference> {
    let parent = Arc::clone(server.database(database).ok()?.object(foreign_key.referenced_object_id)?);
    let parent_table = parent.table()?;
    let (mut columns, mut parent_columns) = (Vec::new(), Vec::new());
    for (child_id, parent_id) in &foreign_key.columns {
        columns.push(table::position(of, *child_id)?);
        parent_columns.push(table::position(parent_table, *parent_id)?);
    }
    Some(Reference { name: name.to_owned(), columns, parent, parent_columns })
}

/// A key as 128 bits.
pub fn hash(key: &[u8]) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u8(salt);
        hasher.write(key);
        u128::from(hasher.finish())
    };
    half(1) << 64 | half(2)
}

/// A value as errors show it.
pub fn shown(value: &Value, of: &DataType) -> String {
    if matches!(value, Value::Null) {
        return "<NULL>".to_owned();
    }
    let to = types::nvarchar(Length::Max, &crate::collation::DEFAULT.into());
    let style = if types::is_binary(of) { 1 } else { 0 };
    match convert(value.clone(), of, &to, style, super::convert::Settings::default()) {
        Ok(Value::NChar(units)) => String::from_utf16_lossy(&units).trim_end().to_owned(),
        _ => "...".to_owned(),
    }
}

/// Converts a value for a column; 2628 where it would be cut.
pub fn assign(value: Value, from: &DataType, meta: &ColumnMeta, table: &str, env: &Env<'_>) -> SqlResult<Value> {
    let to = &meta.data_type;
    if matches!(value, Value::Null) {
        return Ok(Value::Null);
    }
    if matches!(to, DataType::RowVersion) && matches!(&value, Value::Binary(bytes) if bytes.len() == 8) {
        return Ok(value);
    }
    let value = match (from, to) {
        // A variant goes into another type only by CAST.
        (DataType::SqlVariant, to) if !matches!(to, DataType::SqlVariant) => {
            let message = format!(
                "Implicit conversion from data type sql_variant to {} is not allowed. Use the CONVERT function to run this query.",
                to.type_name()
            );
            return Err(SqlError::new(257, 16, message));
        }
        _ => value,
    };
    let limit = match to {
        DataType::Char { length, .. } | DataType::NChar { length, .. } | DataType::Binary { length } => Some(*length),
        DataType::VarChar { length: Length::Of(n), .. }
        | DataType::NVarChar { length: Length::Of(n), .. }
        | DataType::VarBinary { length: Length::Of(n) } => Some(*n),
        _ => None,
    };
    let Some(limit) = limit.filter(|_| env.facts.info.ansi_warnings) else {
        return convert(value, from, to, 0, env.settings());
    };
    // First without the limit, to see what would be lost.
    let unlimited = match to {
        t if types::is_unicode(t) => {
            types::nvarchar(Length::Max, t.collation().unwrap_or(&crate::collation::DEFAULT.into()))
        }
        t if types::is_text(t) => {
            types::varchar(Length::Max, t.collation().unwrap_or(&crate::collation::DEFAULT.into()))
        }
        _ => DataType::VarBinary { length: Length::Max },
    };
    let limit = usize::from(limit);
    let textual = matches!(value, Value::Char(_) | Value::NChar(_) | Value::Binary(_));
    if !textual {
        return convert(value, from, to, 0, env.settings());
    }
    let wide = convert(value, from, &unlimited, 0, env.settings())?;
    let (kept, lost_only_padding) = match &wide {
        Value::Char(bytes) => (bytes.len() <= limit, bytes.iter().skip(limit).all(|b| *b == b' ')),
        Value::NChar(units) => (units.len() <= limit, units.iter().skip(limit).all(|u| *u == 0x20)),
        Value::Binary(bytes) => (bytes.len() <= limit, bytes.iter().skip(limit).all(|b| *b == 0)),
        _ => (true, true),
    };
    if kept || lost_only_padding {
        return convert(wide, &unlimited, to, 0, env.settings());
    }
    let cut = convert(wide, &unlimited, to, 0, env.settings())?;
    let shown = text_of(&cut, to).map_or_else(String::new, |units| String::from_utf16_lossy(&units));
    let message = format!(
        "String or binary data would be truncated in table '{table}', column '{}'. Truncated value: '{}'.",
        meta.name,
        shown.chars().take(100).collect::<String>()
    );
    Err(SqlError::new(2628, 16, message))
}
