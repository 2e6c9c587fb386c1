//! Turns syntax trees into bound expressions and plans: resolves names, finds types, inserts conversions, and picks
//! hash joins and seeks. Reads the catalog; never reads rows.

mod expression;
mod from;
mod optimize;
mod query;

pub(crate) use expression::unsupported;
pub(crate) use from::{Found, Source};
pub use optimize::optimize;
pub use query::BoundQuery;

use super::bound::{Aggregate, Coercibility, Expr, Node, OutputColumn, WindowFunction, WorkTable};
use super::env::{Facts, Variables};
use super::types;
use crate::error::{SqlError, SqlResult};
use crate::sql::ast::{self, TypeName};
use crate::state::{Database, Server, TypeKind};
use crate::value::{Collation, DataType};
use std::cell::RefCell;
use std::rc::Rc;

/// A note in a scan that one of its columns is read.
pub(crate) type Mark = (Rc<RefCell<Vec<bool>>>, usize);

/// A column that names can refer to.
#[derive(Clone, Debug)]
pub(crate) struct ScopeColumn {
    /// Alias or name of its table.
    pub(crate) table: String,
    /// Schema of its table, where it has no alias.
    pub(crate) schema: Option<String>,
    pub(crate) output: OutputColumn,
    pub(crate) mark: Option<Mark>,
    /// Not part of `*`.
    pub(crate) hidden: bool,
    /// ROWGUIDCOL.
    pub(crate) row_guid: bool,
}

/// The columns of one SELECT's FROM.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    pub(crate) columns: Vec<ScopeColumn>,
}

/// A common table expression in sight.
#[derive(Clone)]
pub(crate) struct CteEntry {
    name: String,
    columns: Vec<String>,
    query: Rc<ast::Query>,
    /// How many of those before it can be seen by it.
    visible: usize,
    /// Set while its own recursive part is bound.
    work: Option<(WorkTable, Vec<OutputColumn>)>,
}

#[derive(Default)]
pub(crate) struct Collected {
    pub(crate) aggregates: Vec<Aggregate>,
    pub(crate) windows: Vec<WindowFunction>,
}

/// The state of binding.
pub struct Binder<'a> {
    /// The catalog.
    pub server: &'a Server,
    /// Database in which names without one are looked up.
    pub database: i32,
    /// The session.
    pub facts: &'a Facts,
    /// Types of variables.
    pub variables: &'a Variables,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) ctes: Vec<CteEntry>,
    /// Outermost scope that a column was found in since this was last reset.
    pub(crate) lowest: usize,
    /// Where aggregates and windows of the SELECT being bound go; none where they may not stand.
    pub(crate) collected: Option<Collected>,
    pub(crate) view_depth: u32,
    /// Schema of names without one.
    pub(crate) default_schema: i32,
    /// The table of a FROM whose rows are to carry their places: the target of an UPDATE or DELETE.
    pub(crate) row_ids_for: Option<crate::sql::ast::ObjectName>,
    /// Where row counts come from; without it there are none.
    pub(crate) storage: Option<&'a crate::storage::Storage>,
    /// That table, and the alias it has there, once it was come across.
    pub(crate) row_ids_found: Option<(Found, String)>,
}

impl<'a> Binder<'a> {
    /// For names of `database`.
    pub fn new(server: &'a Server, database: i32, facts: &'a Facts, variables: &'a Variables) -> Self {
        let mut binder = Self {
            server,
            database,
            facts,
            variables,
            scopes: Vec::new(),
            ctes: Vec::new(),
            lowest: usize::MAX,
            collected: None,
            view_depth: 0,
            default_schema: 1,
            row_ids_for: None,
            row_ids_found: None,
            storage: None,
        };
        binder.default_schema = binder.user_schema();
        binder
    }

    /// With the storage that tells row counts.
    pub fn with_storage(mut self, storage: &'a crate::storage::Storage) -> Self {
        self.storage = Some(storage);
        self
    }

    fn user_schema(&self) -> i32 {
        let Ok(database) = self.server.database(self.database) else { return 1 };
        let user = database.principal_by_id(self.facts.info.user_id);
        user.and_then(|user| user.default_schema.as_deref()).and_then(|name| database.schema_id(name)).unwrap_or(1)
    }

    /// The database bound in.
    pub fn db(&self) -> SqlResult<&'a Database> {
        self.server.database(self.database)
    }

    /// Its collation.
    pub fn collation(&self) -> Collation {
        match self.server.database(self.database) {
            Ok(database) => database.collation.clone(),
            Err(_) => crate::collation::DEFAULT.into(),
        }
    }

    /// A type by name, aliases included; 2715 or 243 if there is none.
    pub fn data_type(&self, of: &TypeName, default_length: u16) -> SqlResult<DataType> {
        if let Some(found) = types::system_type(of, &self.collation(), default_length)? {
            return Ok(found);
        }
        let database = self.db()?;
        let schema = match &of.schema {
            Some(schema) => database.schema_id(schema),
            None => Some(self.default_schema),
        };
        let found = schema
            .and_then(|schema| database.user_type(schema, &of.name))
            .or_else(|| if of.schema.is_none() { database.user_type(1, &of.name) } else { None });
        match found.map(|found| (&found.kind, found)) {
            Some((TypeKind::Alias(data_type), _)) => Ok(data_type.clone()),
            Some((TypeKind::Clr { .. }, found)) => Ok(DataType::Udt {
                schema: database.schema_name(found.schema_id).unwrap_or("dbo").into(),
                name: found.name.as_str().into(),
            }),
            _ => Err(SqlError::new(243, 16, format!("Type {} is not a defined system type.", of.name))),
        }
    }

    /// Adds a scope of one table's columns, for expressions of its constraints.
    pub(crate) fn push_scope(&mut self, scope: Scope) {
        self.scopes.push(scope);
    }

    pub(crate) fn pop_scope(&mut self) -> Option<Scope> {
        self.scopes.pop()
    }

    /// The columns of a table under another name, as `inserted` and `deleted` have them.
    pub(crate) fn named_scope(&self, of: &super::prepared::Prepared, name: &str) -> Vec<ScopeColumn> {
        let Some(table) = of.table() else { return Vec::new() };
        let mut columns = table_scope(table).columns;
        for column in &mut columns {
            name.clone_into(&mut column.table);
            column.output.meta.nullable = true;
        }
        columns
    }

    /// Whether two names are the same in the database bound in.
    pub(crate) fn same_name(&self, a: &str, b: &str) -> bool {
        if a == b {
            return true;
        }
        match self.server.database(self.database) {
            Ok(database) => database.same_name(a, b),
            Err(_) => a.eq_ignore_ascii_case(b),
        }
    }

    /// A column by its parts, innermost scope first.
    pub(crate) fn resolve(&mut self, parts: &[String]) -> SqlResult<Expr> {
        let Some((name, qualifiers)) = parts.split_last() else {
            return Err(SqlError::new(207, 16, "Invalid column name ''."));
        };
        for at in (0..self.scopes.len()).rev() {
            let found = self.find_in(at, name, qualifiers)?;
            let Some(index) = found else { continue };
            self.lowest = self.lowest.min(at);
            let depth = self.scopes.len() - 1 - at;
            let Some(column) = self.scopes.get(at).and_then(|scope| scope.columns.get(index)) else { continue };
            if let Some((needed, place)) = &column.mark
                && let Some(flag) = needed.borrow_mut().get_mut(*place)
            {
                *flag = true;
            }
            let meta = &column.output.meta;
            return Ok(Expr {
                node: Node::Column { depth, index },
                data_type: meta.data_type.clone(),
                nullable: meta.nullable,
                coercibility: column.output.coercibility.max(Coercibility::Implicit),
            });
        }
        if qualifiers.is_empty() {
            return Err(SqlError::new(207, 16, format!("Invalid column name '{name}'.")));
        }
        let known = self.scopes.iter().rev().any(|scope| {
            scope.columns.iter().any(|column| self.same_name(&column.table, &qualifiers[qualifiers.len() - 1]))
        });
        if known {
            return Err(SqlError::new(207, 16, format!("Invalid column name '{name}'.")));
        }
        let message = format!("The multi-part identifier \"{}\" could not be bound.", parts.join("."));
        Err(SqlError::new(4104, 16, message))
    }

    fn find_in(&self, at: usize, name: &str, qualifiers: &[String]) -> SqlResult<Option<usize>> {
        let Some(scope) = self.scopes.get(at) else { return Ok(None) };
        let mut found = None;
        for (index, column) in scope.columns.iter().enumerate() {
            let named = match name {
                "$ROWGUID" | "$rowguid" => column.row_guid,
                "$IDENTITY" | "$identity" => column.output.meta.identity,
                "$node_id" | "$edge_id" | "$from_id" | "$to_id" => {
                    // The column itself has a suffix that makes its name unique.
                    column.output.meta.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('_'))
                }
                name => self.same_name(&column.output.meta.name, name),
            };
            if !named || !self.qualified(column, qualifiers) {
                continue;
            }
            if found.is_some() {
                let shown: Vec<&str> = qualifiers.iter().map(String::as_str).chain([name]).collect();
                return Err(SqlError::new(209, 16, format!("Ambiguous column name '{}'.", shown.join("."))));
            }
            found = Some(index);
        }
        Ok(found)
    }

    pub(crate) fn qualified(&self, column: &ScopeColumn, qualifiers: &[String]) -> bool {
        let Some((table, rest)) = qualifiers.split_last() else { return true };
        if !self.same_name(&column.table, table) {
            return false;
        }
        match (rest.last(), &column.schema) {
            (None, _) => true,
            (Some(schema), Some(have)) => schema.is_empty() || self.same_name(have, schema),
            (Some(_), None) => false,
        }
    }
}

/// The collation of two expressions taken together.
pub(crate) fn merged_collation(left: &Expr, right: &Expr) -> (Option<Collation>, Coercibility) {
    let (a, b) = (left.data_type.collation(), right.data_type.collation());
    match (a, b) {
        (Some(a), Some(b)) => {
            if right.coercibility > left.coercibility {
                (Some(b.clone()), right.coercibility)
            } else {
                (Some(a.clone()), left.coercibility)
            }
        }
        (Some(a), None) => (Some(a.clone()), left.coercibility),
        (None, Some(b)) => (Some(b.clone()), right.coercibility),
        (None, None) => (None, Coercibility::Default),
    }
}

/// The expression converted to a type, if it isn't of it already.
pub(crate) fn converted(expr: Expr, to: &DataType) -> Expr {
    if expr.data_type == *to {
        return expr;
    }
    if expr.is_null_literal() {
        return Expr { data_type: to.clone(), ..expr };
    }
    // Only the length differs, and grows: nothing to do to the value.
    let same_kind = std::mem::discriminant(&expr.data_type) == std::mem::discriminant(to)
        && matches!(to, DataType::VarChar { .. } | DataType::NVarChar { .. } | DataType::VarBinary { .. })
        && expr.data_type.collation() == to.collation();
    let longer = match (types::length_of(&expr.data_type), types::length_of(to)) {
        (_, crate::value::Length::Max) => true,
        (crate::value::Length::Of(a), crate::value::Length::Of(b)) => a <= b,
        _ => false,
    };
    if same_kind && longer {
        return Expr { data_type: to.clone(), ..expr };
    }
    let (nullable, coercibility) = (expr.nullable, expr.coercibility);
    Expr {
        node: Node::Convert { expr: Box::new(expr), style: None, tries: false },
        data_type: to.clone(),
        nullable,
        coercibility,
    }
}

/// The scope of a table's own columns, as its constraints see them.
pub(crate) fn table_scope(of: &crate::state::Table) -> Scope {
    let columns = super::table::metas(of)
        .iter()
        .zip(&of.columns)
        .map(|(meta, column)| ScopeColumn {
            table: String::new(),
            schema: None,
            output: OutputColumn { meta: meta.clone(), coercibility: Coercibility::Implicit },
            mark: None,
            hidden: column.is_hidden,
            row_guid: column.is_rowguidcol,
        })
        .collect();
    Scope { columns }
}
