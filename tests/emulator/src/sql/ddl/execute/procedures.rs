//! System procedures that change the catalog: extended properties, bindings, renaming, role members, table options.

use super::table::Target;
use super::{Context, Outcome, find_column, not_found};
use crate::engine::Param;
use crate::error::{SqlError, SqlResult};
use crate::sql::ast::ObjectName;
use crate::sql::parser::Parser;
use crate::state::{DataSpaceKind, ExtendedProperty, ObjectDetail, TriggerScope};
use crate::value::{DataType, Value};

/// Names of the procedures that [`procedure`] runs, in lower case.
pub fn system_procedures() -> &'static [&'static str] {
    &[
        "sp_addextendedproperty",
        "sp_updateextendedproperty",
        "sp_dropextendedproperty",
        "sp_rename",
        "sp_bindrule",
        "sp_unbindrule",
        "sp_bindefault",
        "sp_unbindefault",
        "sp_addrolemember",
        "sp_droprolemember",
        "sp_addsrvrolemember",
        "sp_dropsrvrolemember",
        "sp_addrole",
        "sp_tableoption",
        "sp_settriggerorder",
        "sp_changedbowner",
        "sp_recompile",
        "sp_refreshview",
        "sp_refreshsqlmodule",
        "sp_updatestats",
        "sp_fulltext_database",
        "sp_set_session_context",
    ]
}

/// Runs a system procedure that changes the catalog; none if it is not one of [`system_procedures`].
pub fn procedure(name: &str, params: &[Param], context: &mut Context<'_>) -> Option<SqlResult<Outcome>> {
    let name = name.to_ascii_lowercase();
    if !system_procedures().contains(&name.as_str()) {
        return None;
    }
    let mut outcome = Outcome::default();
    Some(context.system_procedure(&name, &Arguments(params), &mut outcome).map(|()| outcome))
}

/// Arguments by name or position.
struct Arguments<'a>(&'a [Param]);

impl Arguments<'_> {
    fn param(&self, name: &str, position: usize) -> Option<&Param> {
        let named = self.0.iter().find(|param| param.name.eq_ignore_ascii_case(name));
        named.or_else(|| self.0.get(position).filter(|param| param.name.is_empty()))
    }

    fn text(&self, name: &str, position: usize) -> Option<String> {
        match &self.param(name, position)?.value {
            Value::NChar(units) => Some(String::from_utf16_lossy(units)),
            Value::Char(bytes) => Some(encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned()),
            Value::Int(n) => Some(n.to_string()),
            Value::TinyInt(n) => Some(n.to_string()),
            Value::SmallInt(n) => Some(n.to_string()),
            Value::BigInt(n) => Some(n.to_string()),
            Value::Bit(on) => Some(u8::from(*on).to_string()),
            _ => None,
        }
    }

    fn required(&self, procedure: &str, name: &str, position: usize) -> SqlResult<String> {
        self.text(name, position).ok_or_else(|| {
            SqlError::new(
                201,
                16,
                format!("Procedure or function '{procedure}' expects parameter '{name}', which was not supplied."),
            )
        })
    }
}

/// A dotted name with brackets as these procedures take it.
fn name_of(text: &str) -> SqlResult<ObjectName> {
    let mut parser = Parser::new(text, true)?;
    let name = parser.object_name()?;
    if !parser.at_end() {
        return Err(SqlError::new(15250, 16, format!("'{text}' is not a valid name.")));
    }
    Ok(name)
}

impl Context<'_> {
    fn system_procedure(&mut self, name: &str, args: &Arguments<'_>, out: &mut Outcome) -> SqlResult<()> {
        match name {
            "sp_addextendedproperty" | "sp_updateextendedproperty" | "sp_dropextendedproperty" => {
                self.extended_property(name, args)
            }
            "sp_rename" => self.rename(args, out),
            "sp_bindrule" | "sp_unbindrule" | "sp_bindefault" | "sp_unbindefault" => self.bind(name, args),
            "sp_addrolemember" | "sp_droprolemember" => {
                let role = args.required(name, "@rolename", 0)?;
                let member = args.required(name, "@membername", 1)?;
                self.role_member(&role, &member, name == "sp_addrolemember")
            }
            "sp_addsrvrolemember" | "sp_dropsrvrolemember" => {
                let login = args.required(name, "@loginame", 0)?;
                let role = args.required(name, "@rolename", 1)?;
                let add = name == "sp_addsrvrolemember";
                self.server_role_member(&role, add.then_some(login.as_str()), (!add).then_some(login.as_str()))
            }
            "sp_addrole" => {
                let role = args.required(name, "@rolename", 0)?;
                self.principal(&crate::sql::ddl::ast::Principals::CreateRole {
                    name: role,
                    owner: args.text("@ownername", 1),
                })
            }
            "sp_tableoption" => self.table_option(args),
            "sp_settriggerorder" => self.trigger_order(args),
            "sp_changedbowner" => {
                let owner = args.required(name, "@loginame", 0)?;
                let database = self.current()?.name.clone();
                self.authorization("DATABASE", &ObjectName { name: database, ..ObjectName::default() }, &owner)
            }
            _ => Ok(()),
        }
    }

    fn extended_property(&mut self, procedure: &str, args: &Arguments<'_>) -> SqlResult<()> {
        let name = args.required(procedure, "@name", 0)?;
        let dropping = procedure == "sp_dropextendedproperty";
        let shift = usize::from(!dropping);
        let mut levels = Vec::new();
        for level in 0..3 {
            let kind = args.text(&format!("@level{level}type"), 1 + shift + level * 2);
            let host = args.text(&format!("@level{level}name"), 2 + shift + level * 2);
            if let Some(kind) = kind {
                levels.push((kind.to_ascii_uppercase(), host.unwrap_or_default()));
            }
        }
        let (class, major_id, minor_id) = self.property_host(&levels)?;
        let shown: Vec<&str> = levels.iter().map(|(_, name)| name.as_str()).collect();
        let shown = if shown.is_empty() { "object specified".to_owned() } else { shown.join(".") };
        let db = self.current()?;
        let mut properties = db.properties_of(class, major_id).to_vec();
        let at =
            properties.iter().position(|property| property.minor_id == minor_id && db.same_name(&property.name, &name));
        let value = match args.param("@value", 1) {
            Some(param) if !dropping => match &param.value {
                Value::Variant(inner) => (inner.0.clone(), inner.1.clone()),
                value => (param.data_type.clone(), value.clone()),
            },
            _ => (DataType::SqlVariant, Value::Null),
        };
        match (procedure, at) {
            ("sp_addextendedproperty", Some(_)) => {
                return Err(SqlError::new(
                    15233,
                    16,
                    format!("Property cannot be added. Property '{name}' already exists for '{shown}'."),
                ));
            }
            ("sp_addextendedproperty", None) => {
                properties.push(ExtendedProperty { class, major_id, minor_id, name, value });
            }
            (_, None) => {
                return Err(SqlError::new(
                    15217,
                    16,
                    format!("Property cannot be updated or deleted. Property '{name}' does not exist for '{shown}'."),
                ));
            }
            ("sp_updateextendedproperty", Some(at)) => {
                if let Some(property) = properties.get_mut(at) {
                    property.value = value;
                }
            }
            (_, Some(at)) => {
                properties.remove(at);
            }
        }
        self.current_mut()?.set_properties((class, major_id), properties);
        Ok(())
    }

    /// Class and ids of what the level arguments name; 15135 if there is none.
    fn property_host(&self, levels: &[(String, String)]) -> SqlResult<(u8, i32, i32)> {
        let db = self.current()?;
        let extras = db.extras();
        let invalid = || {
            let name: Vec<&str> = levels.iter().map(|(_, name)| name.as_str()).collect();
            SqlError::new(
                15135,
                16,
                format!(
                    "Object is invalid. Extended properties are not permitted on '{}', or the object does not exist.",
                    name.join(".")
                ),
            )
        };
        let Some((kind, name)) = levels.first() else { return Ok((0, 0, 0)) };
        let same = |other: &str| db.same_name(other, name);
        if kind != "SCHEMA" && !(kind == "USER" && levels.len() > 1) {
            let (class, id) = match kind.as_str() {
                "USER" | "ROLE" | "APPLICATION ROLE" => (4, db.principal(name).map(|p| p.principal_id)),
                "ASSEMBLY" => (5, extras.assemblies.iter().find(|a| same(&a.name)).map(|a| a.id)),
                "TYPE" => (6, db.user_type(1, name).map(|def| def.user_type_id)),
                "MESSAGE TYPE" => (15, extras.broker.message_types.iter().find(|m| same(&m.name)).map(|m| m.id)),
                "CONTRACT" => (16, extras.broker.contracts.iter().find(|c| same(&c.name)).map(|c| c.id)),
                "SERVICE" => (17, extras.broker.services.iter().find(|s| same(&s.name)).map(|s| s.id)),
                "REMOTE SERVICE BINDING" => (18, extras.broker.bindings.iter().find(|b| same(&b.name)).map(|b| b.id)),
                "ROUTE" => (19, extras.broker.routes.iter().find(|r| same(&r.name)).map(|r| r.id)),
                "FILEGROUP" | "PARTITION SCHEME" => {
                    let space = db.data_space(name).filter(|space| {
                        matches!(space.kind, DataSpaceKind::PartitionScheme { .. }) == (kind == "PARTITION SCHEME")
                    });
                    if let (Some((level, file)), Some(_)) = (levels.get(1), space) {
                        if level != "LOGICAL FILE NAME" {
                            return Err(invalid());
                        }
                        let file = extras.files.iter().find(|f| db.same_name(&f.name, file)).ok_or_else(invalid)?;
                        return Ok((22, file.file_id, 0));
                    }
                    (20, space.map(|space| space.id))
                }
                "PARTITION FUNCTION" => (21, extras.partition_functions.iter().find(|f| same(&f.name)).map(|f| f.id)),
                "TRIGGER" => {
                    let found = self.find_trigger(db.database_id, TriggerScope::Database, 0, name)?;
                    (1, found)
                }
                "CERTIFICATE" => (25, extras.certificates.iter().find(|c| same(&c.name)).map(|c| c.id)),
                "SYMMETRIC KEY" => (24, extras.keys.iter().find(|k| !k.is_asymmetric && same(&k.name)).map(|k| k.id)),
                "ASYMMETRIC KEY" => (26, extras.keys.iter().find(|k| k.is_asymmetric && same(&k.name)).map(|k| k.id)),
                "FULLTEXT CATALOG" => (23, extras.fulltext_catalogs.iter().find(|c| same(&c.name)).map(|c| c.id)),
                "FULLTEXT STOPLIST" => (29, extras.stoplists.iter().find(|s| same(&s.name)).map(|s| s.id)),
                "SEARCH PROPERTY LIST" => (31, extras.property_lists.iter().find(|l| same(&l.name)).map(|l| l.id)),
                _ => {
                    return Err(SqlError::new(
                        15600,
                        15,
                        "An invalid parameter or option was specified for procedure 'sp_addextendedproperty'.",
                    ));
                }
            };
            return Ok((class, id.ok_or_else(invalid)?, 0));
        }
        let schema_id = db.schema_id(name).ok_or_else(invalid)?;
        let Some((kind, name)) = levels.get(1) else { return Ok((3, schema_id, 0)) };
        match kind.as_str() {
            "TYPE" | "TABLE_TYPE" => {
                let def = db.user_type(schema_id, name).ok_or_else(invalid)?;
                if let Some((_, column)) = levels.get(2) {
                    let (_, table) = db.table_type(schema_id, name).ok_or_else(invalid)?;
                    let column = find_column(db, table, column).ok_or_else(invalid)?;
                    return Ok((8, def.user_type_id, column.column_id));
                }
                return Ok((6, def.user_type_id, 0));
            }
            "XML SCHEMA COLLECTION" => {
                let found =
                    extras.xml_collections.iter().find(|c| c.schema_id == schema_id && db.same_name(&c.name, name));
                return Ok((10, found.ok_or_else(invalid)?.id, 0));
            }
            _ => {}
        }
        let object = db.find(schema_id, name).ok_or_else(invalid)?;
        let fits = match object.type_code().0.trim() {
            "U" => kind == "TABLE",
            "V" => kind == "VIEW",
            "P" | "PC" => kind == "PROCEDURE",
            "FN" | "IF" | "TF" | "FS" | "FT" => kind == "FUNCTION",
            "AF" => kind == "AGGREGATE",
            "SN" => kind == "SYNONYM",
            "SO" => kind == "SEQUENCE",
            "SQ" => kind == "QUEUE",
            "R" => kind == "RULE",
            "D" => kind == "DEFAULT",
            _ => false,
        };
        if !fits {
            return Err(invalid());
        }
        let object_id = object.object_id;
        let Some((kind, name)) = levels.get(2) else { return Ok((1, object_id, 0)) };
        match kind.as_str() {
            "COLUMN" => {
                let columns = object
                    .table()
                    .map(|table| &table.columns)
                    .or_else(|| object.module().map(|module| &module.columns))
                    .ok_or_else(invalid)?;
                let column = columns.iter().find(|column| db.same_name(&column.name, name)).ok_or_else(invalid)?;
                Ok((1, object_id, column.column_id))
            }
            "INDEX" => {
                let indexes = object
                    .table()
                    .map(|table| &table.indexes)
                    .or_else(|| object.module().map(|module| &module.indexes))
                    .ok_or_else(invalid)?;
                let index = indexes.iter().find(|index| index.index_id > 0 && db.same_name(&index.name, name));
                Ok((7, object_id, index.ok_or_else(invalid)?.index_id))
            }
            "PARAMETER" => {
                let module = object.module().ok_or_else(invalid)?;
                let parameter = module.parameters.iter().find(|p| db.same_name(&p.name, name)).ok_or_else(invalid)?;
                Ok((2, object_id, parameter.parameter_id))
            }
            "CONSTRAINT" | "TRIGGER" => {
                let child = db
                    .children(object_id)
                    .find(|child| {
                        db.same_name(&child.name, name)
                            && matches!(child.detail, ObjectDetail::Trigger(_)) == (kind == "TRIGGER")
                    })
                    .ok_or_else(invalid)?;
                Ok((1, child.object_id, 0))
            }
            _ => Err(invalid()),
        }
    }

    fn rename(&mut self, args: &Arguments<'_>, out: &mut Outcome) -> SqlResult<()> {
        let old = args.required("sp_rename", "@objname", 0)?;
        let new = args.required("sp_rename", "@newname", 1)?;
        let kind = args.text("@objtype", 2).unwrap_or_default().to_ascii_uppercase();
        let ambiguous = || {
            SqlError::new(
                15225,
                11,
                format!(
                    "No item by the name of '{old}' could be found in the current database '', given that @itemtype was input as '{kind}'."
                ),
            )
        };
        let name = name_of(&old)?;
        out.messages.push(SqlError::new(
            15477,
            10,
            "Caution: Changing any part of an object name could break scripts and stored procedures.",
        ));
        let outer = ObjectName {
            server: None,
            database: None,
            schema: name.database.clone(),
            name: name.schema.clone().unwrap_or_default(),
        };
        match kind.as_str() {
            "COLUMN" => {
                let target = self.indexed(&outer).map_err(|_| ambiguous())?;
                let shape = self.shape(&target)?;
                let db = self.db(target.database_id)?;
                let id = find_column(db, &shape, &name.name).ok_or_else(ambiguous)?.column_id;
                if let Some(other) = find_column(db, &shape, &new)
                    && other.column_id != id
                {
                    return Err(SqlError::new(
                        15335,
                        11,
                        format!(
                            "Error: The new name '{new}' is already in use as a COLUMN name and would cause a duplicate that is not permitted."
                        ),
                    ));
                }
                self.db_mut(target.database_id)?.change(target.object_id, |object| {
                    if let Some(table) = object.table_mut()
                        && let Some(column) = table.columns.iter_mut().find(|column| column.column_id == id)
                    {
                        column.name = new;
                    }
                });
                Ok(())
            }
            "INDEX" | "STATISTICS" => {
                let target = self.indexed(&outer).map_err(|_| ambiguous())?;
                self.rename_index(&target, &name.name, &new)
                    .and_then(|found| if found { Ok(()) } else { Err(ambiguous()) })
            }
            "USERDATATYPE" => {
                let database_id = self.session.database_id;
                let db = self.db(database_id)?;
                let schema = name.schema.as_deref().and_then(|s| db.schema_id(s)).unwrap_or(1);
                let id = db.user_type(schema, &name.name).ok_or_else(ambiguous)?.user_type_id;
                if let Some(def) =
                    self.db_mut(database_id)?.extras_mut().types.iter_mut().find(|d| d.user_type_id == id)
                {
                    def.name = new;
                }
                Ok(())
            }
            "DATABASE" => self.alter_database(Some(&name.name), &crate::sql::ddl::ast::AlterDatabase::Rename(new), out),
            _ => {
                let Some((database_id, id)) = self.find(&name)? else {
                    return Err(ambiguous());
                };
                let object = self.db(database_id)?.object(id).cloned().ok_or_else(ambiguous)?;
                if let Some(other) = self.db(database_id)?.find(object.schema_id, &new)
                    && other.object_id != id
                {
                    return Err(SqlError::new(
                        15335,
                        11,
                        format!(
                            "Error: The new name '{new}' is already in use as a OBJECT name and would cause a duplicate that is not permitted."
                        ),
                    ));
                }
                if matches!(object.detail, ObjectDetail::Key(_)) {
                    let target = Target {
                        database_id,
                        object_id: object.parent_object_id,
                        schema_id: object.schema_id,
                        name: String::new(),
                    };
                    self.rename_index(&target, &object.name, &new)?;
                }
                self.db_mut(database_id)?.change(id, |object| {
                    object.name = new;
                    // A name that was given by hand is not the system's any more.
                    match &mut object.detail {
                        ObjectDetail::Key(key) => key.is_system_named = false,
                        ObjectDetail::ForeignKey(key) => key.is_system_named = false,
                        ObjectDetail::Check(check) => check.is_system_named = false,
                        ObjectDetail::Default { is_system_named, .. } => *is_system_named = false,
                        _ => {}
                    }
                });
                Ok(())
            }
        }
    }

    fn rename_index(&mut self, target: &Target, old: &str, new: &str) -> SqlResult<bool> {
        let mut shape = self.shape(target)?;
        let db = self.db(target.database_id)?;
        let mut constraint = 0;
        let mut found = false;
        for index in shape.indexes.iter_mut().filter(|index| index.index_id > 0 && db.same_name(&index.name, old)) {
            index.name = new.to_owned();
            constraint = index.constraint_id;
            found = true;
        }
        for statistics in shape.statistics.iter_mut().filter(|s| db.same_name(&s.name, old)) {
            statistics.name = new.to_owned();
            found = true;
        }
        self.put_shape(target, shape)?;
        if constraint != 0 {
            self.db_mut(target.database_id)?.change(constraint, |object| object.name = new.to_owned());
        }
        Ok(found)
    }

    fn bind(&mut self, procedure: &str, args: &Arguments<'_>) -> SqlResult<()> {
        let rule = procedure.ends_with("rule");
        let unbind = procedure.contains("unbind");
        let (id, host) = if unbind {
            (0, args.required(procedure, "@objname", 0)?)
        } else {
            let first = if rule { "@rulename" } else { "@defname" };
            let what = args.required(procedure, first, 0)?;
            let name = name_of(&what)?;
            let found = self.find(&name)?.and_then(|(db, id)| Some((id, self.db(db).ok()?.object(id)?.type_code().0)));
            let code = if rule { "R " } else { "D " };
            let (id, have) = found.ok_or_else(|| not_found(if rule { "rule" } else { "default" }, &what))?;
            if have != code {
                return Err(not_found(if rule { "rule" } else { "default" }, &what));
            }
            (id, args.required(procedure, "@objname", 1)?)
        };
        let database_id = self.session.database_id;
        let name = name_of(&host)?;
        if let Some(table) = &name.schema {
            let table = ObjectName { schema: name.database.clone(), name: table.clone(), ..ObjectName::default() };
            if let Ok((database_id, object_id)) = self.table_id(&table) {
                let db = self.db(database_id)?;
                let shape = db.table(object_id).ok_or_else(|| super::internal("table"))?;
                if let Some(column_id) = find_column(db, shape, &name.name).map(|c| c.column_id) {
                    self.db_mut(database_id)?.change(object_id, |object| {
                        if let Some(table) = object.table_mut()
                            && let Some(column) = table.columns.iter_mut().find(|c| c.column_id == column_id)
                        {
                            if rule {
                                column.rule_object_id = id;
                            } else {
                                column.default_object_id = id;
                            }
                        }
                    });
                    return Ok(());
                }
            }
        }
        let db = self.db(database_id)?;
        let schema = name.schema.as_deref().and_then(|s| db.schema_id(s)).unwrap_or(1);
        let Some(def) = db.user_type(schema, &name.name) else {
            return Err(SqlError::new(
                15148,
                16,
                format!("The data type or table column '{host}' does not exist or you do not have permission."),
            ));
        };
        let type_id = def.user_type_id;
        let futureonly =
            args.text("@futureonly", if unbind { 1 } else { 2 }).is_some_and(|t| t.eq_ignore_ascii_case("futureonly"));
        let tables: Vec<i32> = db
            .objects()
            .filter(|object| object.table().is_some_and(|t| t.columns.iter().any(|c| c.user_type_id == type_id)))
            .map(|object| object.object_id)
            .collect();
        let db = self.db_mut(database_id)?;
        if let Some(def) = db.extras_mut().types.iter_mut().find(|def| def.user_type_id == type_id) {
            if rule {
                def.rule_object_id = id;
            } else {
                def.default_object_id = id;
            }
        }
        if !futureonly {
            for table in tables {
                db.change(table, |object| {
                    if let Some(table) = object.table_mut() {
                        for column in table.columns.iter_mut().filter(|c| c.user_type_id == type_id) {
                            if rule {
                                column.rule_object_id = id;
                            } else {
                                column.default_object_id = id;
                            }
                        }
                    }
                });
            }
        }
        Ok(())
    }

    fn table_option(&mut self, args: &Arguments<'_>) -> SqlResult<()> {
        let table = args.required("sp_tableoption", "@TableNamePattern", 0)?;
        let name = args.required("sp_tableoption", "@OptionName", 1)?.to_ascii_lowercase();
        let value = args.required("sp_tableoption", "@OptionValue", 2)?;
        let on = matches!(value.to_ascii_lowercase().as_str(), "1" | "on" | "true");
        let (database_id, object_id) = self.table_id(&name_of(&table)?)?;
        let known = matches!(
            name.as_str(),
            "text in row"
                | "table lock on bulk load"
                | "large value types out of row"
                | "vardecimal storage format"
                | "pintable"
        );
        if !known {
            return Err(SqlError::new(
                15600,
                15,
                "An invalid parameter or option was specified for procedure 'sys.sp_tableoption'.",
            ));
        }
        self.db_mut(database_id)?.change(object_id, |object| {
            let Some(table) = object.table_mut() else { return };
            match name.as_str() {
                "text in row" => {
                    table.text_in_row_limit = match value.parse() {
                        Ok(limit) => limit,
                        Err(_) if on => 256,
                        Err(_) => 0,
                    };
                }
                "table lock on bulk load" => table.lock_on_bulk_load = on,
                "large value types out of row" => table.large_value_types_out_of_row = on,
                "vardecimal storage format" => table.vardecimal = on,
                _ => {}
            }
        });
        Ok(())
    }

    fn trigger_order(&mut self, args: &Arguments<'_>) -> SqlResult<()> {
        let trigger = args.required("sp_settriggerorder", "@triggername", 0)?;
        let order = args.required("sp_settriggerorder", "@order", 1)?;
        let statement = args.required("sp_settriggerorder", "@stmttype", 2)?;
        let name = name_of(&trigger)?;
        let database_id = self.session.database_id;
        let id = match args.text("@namespace", 3) {
            Some(_) => self.find_trigger(database_id, TriggerScope::Database, 0, &name.name)?,
            None => self.find(&name)?.map(|(_, id)| id),
        };
        let id = id.ok_or_else(|| not_found("trigger", &trigger))?;
        let order = match order.to_ascii_lowercase().as_str() {
            "first" => 1,
            "last" => 2,
            _ => 0,
        };
        self.db_mut(database_id)?.change(id, |object| {
            if let ObjectDetail::Trigger(trigger) = &mut object.detail {
                for event in trigger.events.iter_mut().filter(|event| event.name.eq_ignore_ascii_case(&statement)) {
                    event.order = order;
                }
            }
        });
        Ok(())
    }
}
