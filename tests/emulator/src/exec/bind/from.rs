//! Binding of what stands in a FROM clause.

use super::expression::unsupported;
use super::query::{BoundQuery, output};
use super::{Binder, CteEntry, Scope, ScopeColumn, converted};
use crate::engine::ColumnMeta;
use crate::error::{SqlError, SqlResult};
use crate::exec::bound::{Coercibility, Expr, OutputColumn, Plan, Scan, TableFunction};
use crate::exec::{metadata, table, types};
use crate::sql::ast::{self, Cte, JoinKind, ObjectName, QueryBody, SetOp, TableRef};
use crate::sql::parser::Parser;
use crate::state::{ModuleKind, Object, ObjectDetail};
use crate::value::{DataType, Length};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// A plan with the columns that names can refer to.
pub(crate) struct Source {
    pub(crate) plan: Plan,
    pub(crate) scope: Scope,
}

/// 208.
pub(crate) fn invalid_object(name: &ObjectName) -> SqlError {
    SqlError::new(208, 16, format!("Invalid object name '{name}'."))
}

/// An object found by name.
pub(crate) struct Found {
    pub(crate) database: i32,
    pub(crate) object: Arc<Object>,
}

impl Binder<'_> {
    pub(crate) fn add_ctes(&mut self, ctes: &[Cte]) -> SqlResult<()> {
        for cte in ctes {
            let visible = self.ctes.len();
            self.ctes.push(CteEntry {
                name: cte.name.clone(),
                columns: cte.columns.clone(),
                query: Rc::new(cte.query.clone()),
                visible,
                work: None,
            });
        }
        Ok(())
    }

    /// Both sides' columns, one after the other.
    pub(crate) fn cross(&mut self, left: Source, right: Source) -> Source {
        let mut scope = left.scope;
        let (left_width, right_width) = (scope.columns.len(), right.scope.columns.len());
        scope.columns.extend(right.scope.columns);
        let plan = super::optimize::join(JoinKind::Cross, left.plan, right.plan, left_width, right_width, None);
        Source { plan, scope }
    }

    pub(crate) fn table_ref(&mut self, table: &TableRef) -> SqlResult<Source> {
        match table {
            TableRef::Table { name, alias, hints, .. } => self.named_table(name, alias.as_deref(), hints),
            TableRef::Variable { name, alias } => {
                let found = self.table_variable(name)?;
                let shown = alias.as_deref().unwrap_or(name).to_owned();
                let as_name = ObjectName { name: name.clone(), ..ObjectName::default() };
                let is_target = self.is_target(&as_name, alias.as_deref());
                if is_target {
                    let object = Arc::clone(&found.object);
                    self.row_ids_found = Some((Found { database: found.database, object }, shown.clone()));
                }
                self.stored(&found, &shown, None, &[], is_target)
            }
            TableRef::Derived { query, alias, columns } => {
                let scopes = std::mem::take(&mut self.scopes);
                let lowest = std::mem::replace(&mut self.lowest, usize::MAX);
                let collected = self.collected.take();
                let bound = self.query(query);
                self.scopes = scopes;
                self.lowest = lowest;
                self.collected = collected;
                // It may see what is around the SELECT it stands in, if it needs to.
                let bound = match bound {
                    Err(error) if matches!(error.number, 207 | 4104) && !self.scopes.is_empty() => self.query(query)?,
                    other => other?,
                };
                self.aliased(bound, alias, columns)
            }
            TableRef::Function { call, alias, columns, with, .. } => {
                self.table_function(call, alias.as_deref(), columns, *with)
            }
            TableRef::Join { kind, left, right, on } => {
                let (left, right) = (self.table_ref(left)?, self.table_ref(right)?);
                self.join(*kind, left, right, on.as_ref())
            }
            TableRef::Apply { outer, left, right } => {
                let left = self.table_ref(left)?;
                self.push_scope(left.scope);
                let right = self.applied(right);
                let Some(mut scope) = self.pop_scope() else { return Err(unsupported("APPLY")) };
                let right = right?;
                let right_width = right.scope.columns.len();
                let mut added = right.scope.columns;
                if *outer {
                    added.iter_mut().for_each(|column| column.output.meta.nullable = true);
                }
                scope.columns.extend(added);
                let plan = Plan::Apply {
                    outer: *outer,
                    left: Box::new(left.plan),
                    right: Box::new(super::optimize::correlated(right.plan)),
                    right_width,
                };
                Ok(Source { plan, scope })
            }
            TableRef::Unsupported { what } => Err(unsupported(what)),
        }
    }

    /// The right side of an APPLY: a derived table that does see the left side.
    fn applied(&mut self, table: &TableRef) -> SqlResult<Source> {
        match table {
            TableRef::Derived { query, alias, columns } => {
                let collected = self.collected.take();
                let bound = self.query(query);
                self.collected = collected;
                self.aliased(bound?, alias, columns)
            }
            other => self.table_ref(other),
        }
    }

    fn join(&mut self, kind: JoinKind, left: Source, right: Source, on: Option<&ast::Expr>) -> SqlResult<Source> {
        let mut scope = left.scope;
        let (left_width, right_width) = (scope.columns.len(), right.scope.columns.len());
        scope.columns.extend(right.scope.columns);
        self.push_scope(scope);
        let condition = on.map(|on| self.condition(on)).transpose();
        let Some(mut scope) = self.pop_scope() else { return Err(unsupported("JOIN")) };
        let condition = condition?;
        for (at, column) in scope.columns.iter_mut().enumerate() {
            let optional = match kind {
                JoinKind::Left => at >= left_width,
                JoinKind::Right => at < left_width,
                JoinKind::Full => true,
                JoinKind::Inner | JoinKind::Cross => false,
            };
            if optional {
                column.output.meta.nullable = true;
            }
        }
        let plan = super::optimize::join(kind, left.plan, right.plan, left_width, right_width, condition);
        Ok(Source { plan, scope })
    }

    /// A query as a table.
    pub(crate) fn aliased(&mut self, bound: BoundQuery, alias: &str, names: &[String]) -> SqlResult<Source> {
        if !names.is_empty() && names.len() != bound.columns.len() {
            let (number, message) = if names.len() > bound.columns.len() {
                (8159, format!("'{alias}' has fewer columns than were specified in the column list."))
            } else {
                (8158, format!("'{alias}' has more columns than were specified in the column list."))
            };
            return Err(SqlError::new(number, 16, message));
        }
        let mut columns = Vec::new();
        for (at, mut column) in bound.columns.into_iter().enumerate() {
            if let Some(name) = names.get(at) {
                column.meta.name.clone_from(name);
            }
            if column.meta.name.is_empty() {
                let message = format!("No column name was specified for column {} of '{alias}'.", at + 1);
                return Err(SqlError::new(8155, 16, message));
            }
            columns.push(ScopeColumn {
                table: alias.to_owned(),
                schema: None,
                output: column,
                mark: None,
                hidden: false,
                row_guid: false,
            });
        }
        Ok(Source { plan: bound.plan, scope: Scope { columns } })
    }

    fn cte(&mut self, at: usize, alias: Option<&str>) -> SqlResult<Source> {
        let Some(entry) = self.ctes.get(at).cloned() else { return Err(unsupported("WITH")) };
        let alias = alias.unwrap_or(&entry.name).to_owned();
        if let Some((work, columns)) = entry.work {
            return self.aliased(
                BoundQuery { plan: Plan::Work(work), columns, assigns: false, volatile: true },
                &alias,
                &[],
            );
        }
        // It sees only those before it, and nothing of where it is used.
        let hidden = self.ctes.split_off(entry.visible);
        let scopes = std::mem::take(&mut self.scopes);
        let lowest = std::mem::replace(&mut self.lowest, usize::MAX);
        let collected = self.collected.take();
        let bound = self.cte_query(&entry);
        self.ctes.truncate(entry.visible);
        self.ctes.extend(hidden);
        self.scopes = scopes;
        self.lowest = lowest;
        self.collected = collected;
        self.aliased(bound?, &alias, &entry.columns)
    }

    fn cte_query(&mut self, entry: &CteEntry) -> SqlResult<BoundQuery> {
        let QueryBody::Set { op: SetOp::UnionAll, left, right } = &entry.query.body else {
            return self.query(&entry.query);
        };
        if !mentions(right, &entry.name) {
            return self.query(&entry.query);
        }
        let inner = self.ctes.len();
        self.add_ctes(&entry.query.ctes)?;
        let anchor = self.body(left)?;
        let mut columns = anchor.columns.clone();
        for (column, name) in columns.iter_mut().zip(&entry.columns) {
            column.meta.name.clone_from(name);
        }
        columns.iter_mut().for_each(|column| column.meta.nullable = true);
        let work = Rc::new(RefCell::new(Rc::new(Vec::new())));
        let mut own = entry.clone();
        own.work = Some((Rc::clone(&work), columns.clone()));
        self.ctes.push(own);
        let step = self.body(right);
        self.ctes.truncate(inner);
        let step = step?;
        if step.columns.len() != columns.len() {
            let message = "All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal \
                           number of expressions in their target lists.";
            return Err(SqlError::new(205, 16, message));
        }
        let exprs: Vec<Expr> = step
            .columns
            .iter()
            .zip(&columns)
            .enumerate()
            .map(|(at, (have, want))| {
                converted(Expr::column(at, have.meta.data_type.clone(), true), &want.meta.data_type)
            })
            .collect();
        let step = Plan::Project { input: Box::new(step.plan), exprs };
        let limit = self.facts.max_recursion;
        let plan = Plan::Recursive { anchor: Box::new(anchor.plan), step: Box::new(step), work, limit };
        Ok(BoundQuery { plan, columns, assigns: false, volatile: false })
    }

    /// An object by name, through synonyms; none if there is none.
    pub(crate) fn find_object(&self, name: &ObjectName) -> SqlResult<Option<Found>> {
        self.find_object_at(name, 0)
    }

    fn find_object_at(&self, name: &ObjectName, depth: u32) -> SqlResult<Option<Found>> {
        if name.server.is_some() {
            return Err(unsupported("A linked server"));
        }
        if name.name.starts_with('#') {
            let database = self.server.database(2)?;
            let full = table::temporary_name(&name.name, self.facts.temp_suffix);
            let found = database.find(1, &full).or_else(|| database.find(1, &name.name));
            return Ok(found.map(|object| Found { database: 2, object: Arc::clone(object) }));
        }
        let database = match &name.database {
            Some(database) => match self.server.database_by_name(database) {
                Some(database) => database,
                None => return Ok(None),
            },
            None => self.db()?,
        };
        let default = if database.database_id == self.database { self.default_schema } else { 1 };
        let found = database.resolve(name.schema.as_deref(), &name.name, default);
        if let Some(object) = found
            && let ObjectDetail::Synonym(synonym) = &object.detail
            && depth < 8
        {
            let [server, target_database, schema, object_name] = synonym.parts.clone();
            let target = ObjectName {
                server,
                database: target_database.or_else(|| Some(database.name.clone())),
                schema,
                name: object_name.unwrap_or_default(),
            };
            return self.find_object_at(&target, depth + 1);
        }
        Ok(found.map(|object| Found { database: database.database_id, object: Arc::clone(object) }))
    }

    pub(crate) fn table_variable(&self, name: &str) -> SqlResult<Found> {
        let full = table::temporary_name(name, self.facts.temp_suffix);
        let found = self.server.database(2)?.find(1, &full);
        found
            .map(|object| Found { database: 2, object: Arc::clone(object) })
            .ok_or_else(|| SqlError::new(1087, 15, format!("Must declare the table variable \"{name}\".")))
    }

    /// Whether a table of the FROM is the one that is updated: by its alias, or by its name if it has none.
    fn is_target(&self, name: &ObjectName, alias: Option<&str>) -> bool {
        let Some(target) = &self.row_ids_for else { return false };
        if self.row_ids_found.is_some() {
            return false;
        }
        match alias {
            Some(alias) if target.schema.is_none() && self.same_name(alias, &target.name) => true,
            Some(_) if target.schema.is_none() => false,
            _ => self.same_name(&name.name, &target.name),
        }
    }

    fn named_table(&mut self, name: &ObjectName, alias: Option<&str>, hints: &[String]) -> SqlResult<Source> {
        if name.schema.is_none() && name.database.is_none() {
            let found = (0..self.ctes.len()).rev().find(|at| self.same_name(&self.ctes[*at].name, &name.name));
            if let Some(at) = found {
                return self.cte(at, alias);
            }
        }
        let shown = alias.unwrap_or(&name.name).to_owned();
        let system = name
            .schema
            .as_deref()
            .is_some_and(|s| s.eq_ignore_ascii_case("sys") || s.eq_ignore_ascii_case("information_schema"));
        let found = if system { None } else { self.find_object(name)? };
        if let Some(found) = found {
            metadata::check_select(self, &found)?;
            let schema = if alias.is_some() { None } else { self.schema_of(&found) };
            return match &found.object.detail {
                ObjectDetail::Table(_) | ObjectDetail::TypeTable(_) => {
                    let is_target = self.is_target(name, alias);
                    if is_target {
                        let object = Arc::clone(&found.object);
                        self.row_ids_found = Some((Found { database: found.database, object }, shown.clone()));
                    }
                    self.stored(&found, &shown, schema, hints, is_target)
                }
                ObjectDetail::Module(module) if module.kind == ModuleKind::View => {
                    let bound = self.view(&found)?;
                    let mut source = self.aliased(bound, &shown, &[])?;
                    source.scope.columns.iter_mut().for_each(|column| column.schema.clone_from(&schema));
                    Ok(source)
                }
                _ => Err(invalid_object(name)),
            };
        }
        // Catalog views, in their own schemas or by their old names.
        let database = match &name.database {
            Some(database) => self.server.database_by_name(database).ok_or_else(|| invalid_object(name))?.database_id,
            None => self.database,
        };
        let schema = name.schema.as_deref().unwrap_or("");
        let Some((columns, rows)) = metadata::view(self, database, schema, &name.name)? else {
            return Err(invalid_object(name));
        };
        let schema =
            if alias.is_some() { None } else { Some(if schema.is_empty() { "sys" } else { schema }.to_owned()) };
        let columns = columns
            .into_iter()
            .map(|meta| ScopeColumn {
                table: shown.clone(),
                schema: schema.clone(),
                output: OutputColumn { meta, coercibility: Coercibility::Implicit },
                mark: None,
                hidden: false,
                row_guid: false,
            })
            .collect();
        Ok(Source { plan: Plan::Rows(Rc::new(rows)), scope: Scope { columns } })
    }

    fn schema_of(&self, found: &Found) -> Option<String> {
        let database = self.server.database(found.database).ok()?;
        database.schema_name(found.object.schema_id).map(str::to_owned)
    }

    /// A stored table. With `row_id` a last, nameless column holds each row's place.
    pub(crate) fn stored(
        &mut self,
        found: &Found,
        alias: &str,
        schema: Option<String>,
        hints: &[String],
        row_id: bool,
    ) -> SqlResult<Source> {
        let Some(of) = found.object.table() else {
            return Err(SqlError::new(208, 16, format!("Invalid object name '{alias}'.")));
        };
        let metas = table::metas(of);
        let needed = Rc::new(RefCell::new(vec![false; metas.len()]));
        let mut columns: Vec<ScopeColumn> = metas
            .iter()
            .zip(&of.columns)
            .enumerate()
            .map(|(at, (meta, column))| ScopeColumn {
                table: alias.to_owned(),
                schema: schema.clone(),
                output: OutputColumn { meta: meta.clone(), coercibility: Coercibility::Implicit },
                mark: Some((Rc::clone(&needed), at)),
                hidden: column.is_hidden,
                row_guid: column.is_rowguidcol,
            })
            .collect();
        if row_id {
            let expr = Expr::column(columns.len(), DataType::BigInt, false);
            columns.push(ScopeColumn {
                table: alias.to_owned(),
                schema: None,
                output: output("", &expr),
                mark: None,
                hidden: true,
                row_guid: false,
            });
        }
        let plan = Plan::Scan(Scan {
            key: (found.database, found.object.object_id),
            columns: metas,
            needed,
            order: table::order(of),
            seek: None,
            with_row_id: row_id,
            uncommitted: hints.iter().any(|hint| hint == "NOLOCK" || hint == "READUNCOMMITTED"),
        });
        Ok(Source { plan, scope: Scope { columns } })
    }

    fn view(&mut self, found: &Found) -> SqlResult<BoundQuery> {
        let Some(module) = found.object.module() else { return Err(unsupported("The view")) };
        if self.view_depth >= 32 {
            let message = "Maximum stored procedure, function, trigger, or view nesting level exceeded (limit 32).";
            return Err(SqlError::new(217, 16, message));
        }
        let mut parser = Parser::new(&module.definition, module.uses_quoted_identifier)?;
        let names = skip_view_head(&mut parser)?;
        let query = parser.parse_query()?;
        let bound = self.elsewhere(found.database, found.object.schema_id, |binder| binder.query(&query))?;
        let mut bound = bound;
        for (column, name) in bound.columns.iter_mut().zip(&names) {
            column.meta.name.clone_from(name);
        }
        bound.columns.iter_mut().for_each(|column| {
            column.meta.identity = false;
            column.meta.updatable = false;
        });
        Ok(bound)
    }

    /// Binds something of another object's text: its own database and schema, none of the names around its use.
    fn elsewhere<T>(
        &mut self,
        database: i32,
        schema: i32,
        bind: impl FnOnce(&mut Self) -> SqlResult<T>,
    ) -> SqlResult<T> {
        let scopes = std::mem::take(&mut self.scopes);
        let ctes = std::mem::take(&mut self.ctes);
        let collected = self.collected.take();
        let lowest = std::mem::replace(&mut self.lowest, usize::MAX);
        let database = std::mem::replace(&mut self.database, database);
        let default = std::mem::replace(&mut self.default_schema, schema);
        self.view_depth += 1;
        let bound = bind(self);
        self.view_depth -= 1;
        self.scopes = scopes;
        self.ctes = ctes;
        self.collected = collected;
        self.lowest = lowest;
        self.database = database;
        self.default_schema = default;
        bound
    }

    fn table_function(
        &mut self,
        call: &ast::Call,
        alias: Option<&str>,
        names: &[String],
        _with: bool,
    ) -> SqlResult<Source> {
        let name = ObjectName::from_parts(call.name.clone());
        let upper = name.name.to_ascii_uppercase();
        let shown = alias.unwrap_or(&name.name).to_owned();
        let meta = |name: &str, data_type: DataType, nullable: bool| ColumnMeta {
            name: name.to_owned(),
            data_type,
            nullable,
            identity: false,
            computed: false,
            updatable: false,
        };
        let outputs = |metas: Vec<ColumnMeta>| -> Vec<OutputColumn> {
            metas.into_iter().map(|meta| OutputColumn { meta, coercibility: Coercibility::Implicit }).collect()
        };
        if call.name.len() == 1 {
            let args: SqlResult<Vec<Expr>> = call.args.iter().map(|arg| self.expr(arg)).collect();
            match upper.as_str() {
                "STRING_SPLIT" => {
                    let mut args = args?;
                    let with_ordinal = args.len() > 2;
                    args.truncate(2);
                    let collation = self.collation();
                    let text = types::nvarchar(Length::Max, &collation);
                    let value = match args.first().map(|arg| &arg.data_type) {
                        Some(t) if types::is_unicode(t) => t.clone(),
                        Some(t) if types::is_text(t) => types::nvarchar(types::length_of(t), &collation),
                        _ => text.clone(),
                    };
                    let args = args.into_iter().map(|arg| converted(arg, &text)).collect();
                    let mut columns = vec![meta("value", value, false)];
                    let mut plan = Plan::Function { function: TableFunction::StringSplit, args };
                    if with_ordinal {
                        columns.push(meta("ordinal", DataType::BigInt, false));
                    } else {
                        plan = Plan::Cut { input: Box::new(plan), width: 1 };
                    }
                    let bound = BoundQuery { plan, columns: outputs(columns), assigns: false, volatile: true };
                    return self.aliased(bound, &shown, names);
                }
                "GENERATE_SERIES" => {
                    let args = args?;
                    let of = if args.iter().any(|arg| matches!(arg.data_type, DataType::BigInt)) {
                        DataType::BigInt
                    } else {
                        DataType::Int
                    };
                    let args = args.into_iter().map(|arg| converted(arg, &of)).collect();
                    let plan = Plan::Function { function: TableFunction::GenerateSeries, args };
                    let columns = outputs(vec![meta("value", of, false)]);
                    let bound = BoundQuery { plan, columns, assigns: false, volatile: true };
                    return self.aliased(bound, &shown, names);
                }
                "OPENJSON" => return Err(unsupported("OPENJSON")),
                _ => {}
            }
        }
        let system = name.schema.as_deref().is_some_and(|schema| schema.eq_ignore_ascii_case("sys"));
        if !system && let Some(found) = self.find_object(&name)? {
            return self.user_table_function(&found, call, &shown, names);
        }
        let args: Vec<Expr> = call
            .args
            .iter()
            .map(|arg| match arg {
                ast::Expr::Default => Ok(Expr::constant(crate::value::Value::Null, DataType::Int)),
                arg => self.expr(arg),
            })
            .collect::<SqlResult<_>>()?;
        let Some((columns, rows)) = metadata::table_function(self, &upper, &args)? else {
            return Err(invalid_object(&name));
        };
        let bound =
            BoundQuery { plan: Plan::Rows(Rc::new(rows)), columns: outputs(columns), assigns: false, volatile: false };
        self.aliased(bound, &shown, names)
    }

    fn user_table_function(
        &mut self,
        found: &Found,
        call: &ast::Call,
        shown: &str,
        names: &[String],
    ) -> SqlResult<Source> {
        let object = Arc::clone(&found.object);
        let Some(module) = object.module() else { return Err(unsupported("The function")) };
        if module.parameters.len() != call.args.len() {
            let (number, text) = if call.args.len() < module.parameters.len() {
                (313, "An insufficient number of arguments were supplied for the procedure or function")
            } else {
                (8144, "Procedure or function has too many arguments specified:")
            };
            return Err(SqlError::new(number, 16, format!("{text} {}.", object.name)));
        }
        let mut args = Vec::new();
        for (arg, parameter) in call.args.iter().zip(&module.parameters) {
            let bound = match arg {
                ast::Expr::Default => Expr::constant(crate::value::Value::Null, parameter.data_type.clone()),
                arg => self.expr(arg)?,
            };
            args.push(converted(bound, &parameter.data_type));
        }
        let columns = match module.kind {
            ModuleKind::TableFunction | ModuleKind::InlineFunction => &module.columns,
            _ => return Err(unsupported("A table-valued CLR function")),
        };
        let outputs = columns
            .iter()
            .map(|column| OutputColumn {
                meta: ColumnMeta {
                    name: column.name.clone(),
                    data_type: column.data_type.clone(),
                    nullable: true,
                    identity: false,
                    computed: false,
                    updatable: false,
                },
                coercibility: Coercibility::Implicit,
            })
            .collect();
        let plan = Plan::UserFunction { database: found.database, object: object.object_id, args };
        self.aliased(BoundQuery { plan, columns: outputs, assigns: false, volatile: true }, shown, names)
    }
}

/// Goes past CREATE VIEW … AS, and returns the column list.
pub(crate) fn skip_view_head(parser: &mut Parser<'_>) -> SqlResult<Vec<String>> {
    parser.expect_word("CREATE")?;
    parser.accept_words(&["OR", "ALTER"]);
    parser.expect_word("VIEW")?;
    parser.object_name()?;
    let names = if parser.is_op("(") { parser.name_list()? } else { Vec::new() };
    if parser.accept_word("WITH") {
        loop {
            parser.advance();
            if !parser.accept_op(",") {
                break;
            }
        }
    }
    parser.expect_word("AS")?;
    Ok(names)
}

/// Whether a query body reads from a name.
fn mentions(body: &QueryBody, name: &str) -> bool {
    fn in_table(table: &TableRef, name: &str) -> bool {
        match table {
            TableRef::Table { name: have, .. } => {
                have.schema.is_none() && have.database.is_none() && have.name.eq_ignore_ascii_case(name)
            }
            TableRef::Derived { query, .. } => mentions(&query.body, name),
            TableRef::Join { left, right, .. } | TableRef::Apply { left, right, .. } => {
                in_table(left, name) || in_table(right, name)
            }
            TableRef::Variable { .. } | TableRef::Function { .. } | TableRef::Unsupported { .. } => false,
        }
    }
    match body {
        QueryBody::Select(select) => select.from.iter().any(|table| in_table(table, name)),
        QueryBody::Set { left, right, .. } => mentions(left, name) || mentions(right, name),
        QueryBody::Nested(query) => mentions(&query.body, name),
        QueryBody::Values(_) => false,
    }
}
