//! DROP of everything.

use super::{Context, Effect, Outcome, not_found};
use crate::error::{SqlError, SqlResult};
use crate::sql::ast::ObjectName;
use crate::state::{ModuleKind, ObjectDetail, TriggerScope, TypeKind};

impl Context<'_> {
    pub(super) fn drop_things(
        &mut self,
        kind: &str,
        if_exists: bool,
        names: &[ObjectName],
        on: Option<&ObjectName>,
        out: &mut Outcome,
    ) -> SqlResult<()> {
        if kind == "INDEX" {
            for pair in names.chunks(2) {
                if let [name, table] = pair {
                    self.drop_index(name, table, if_exists, out)?;
                }
            }
            return Ok(());
        }
        if matches!(kind, "MASTER KEY") {
            let keys = &mut self.current_mut()?.extras_mut().keys;
            let before = keys.len();
            keys.retain(|key| key.id != 101);
            if keys.len() == before {
                return Err(not_found("symmetric key", "master key"));
            }
            return Ok(());
        }
        for name in names {
            let dropped = self.drop_one(kind, name, on, out)?;
            if !dropped && !if_exists {
                return Err(missing(kind, name));
            }
        }
        Ok(())
    }

    fn drop_index(
        &mut self,
        name: &ObjectName,
        table: &ObjectName,
        if_exists: bool,
        out: &mut Outcome,
    ) -> SqlResult<()> {
        let full = format!("{table}.{}", name.name);
        let missing = || {
            SqlError::new(
                3701,
                11,
                format!("Cannot drop the index '{full}', because it does not exist or you do not have permission."),
            )
        };
        let target = match self.indexed(table) {
            Ok(target) => target,
            Err(_) if if_exists => return Ok(()),
            Err(_) => return Err(missing()),
        };
        let shape = self.shape(&target)?;
        let db = self.db(target.database_id)?;
        let Some(index) =
            shape.indexes.iter().find(|index| index.index_id > 0 && db.same_name(&index.name, &name.name))
        else {
            return if if_exists { Ok(()) } else { Err(missing()) };
        };
        if index.constraint_id != 0 {
            let what = if index.is_primary_key { "PRIMARY KEY" } else { "UNIQUE KEY" };
            return Err(SqlError::new(
                3723,
                16,
                format!(
                    "An explicit DROP INDEX is not allowed on index '{full}'. It is being used for {what} constraint enforcement."
                ),
            ));
        }
        let index_id = index.index_id;
        let used = db.objects().any(|object| {
            matches!(&object.detail, ObjectDetail::ForeignKey(key)
                if key.referenced_object_id == target.object_id && key.key_index_id == index_id)
        });
        if used {
            return Err(SqlError::new(
                3723,
                16,
                format!(
                    "An explicit DROP INDEX is not allowed on index '{full}'. It is being used for FOREIGN KEY constraint enforcement."
                ),
            ));
        }
        self.remove_index(&target, index_id, out)
    }

    /// Drops one thing; false if there is none.
    fn drop_one(
        &mut self,
        kind: &str,
        name: &ObjectName,
        on: Option<&ObjectName>,
        out: &mut Outcome,
    ) -> SqlResult<bool> {
        match kind {
            "DATABASE" => return self.drop_database(name, out),
            "TABLE" | "EXTERNAL TABLE" => return self.drop_table(name, out),
            "LOGIN" => {
                self.check_server_right("ALTER ANY LOGIN", "securityadmin")
                    .map_err(|_| not_found("login", &name.name))?;
                let Some(id) = self.server.login(&name.name).map(|login| login.principal_id) else { return Ok(false) };
                self.server.logins.remove(&id);
                return Ok(true);
            }
            "SERVER ROLE" => {
                let before = self.server.server_roles.len();
                self.server.server_roles.retain(|(_, role)| !role.eq_ignore_ascii_case(&name.name));
                return Ok(self.server.server_roles.len() < before);
            }
            _ => {}
        }
        let database_id = self.database_of(name)?;
        let db = self.db(database_id)?;
        let wanted: fn(&ObjectDetail) -> bool = match kind {
            "VIEW" => |d| matches!(d, ObjectDetail::Module(m) if m.kind == ModuleKind::View),
            "PROCEDURE" | "PROC" => {
                |d| matches!(d, ObjectDetail::Module(m) if matches!(m.kind, ModuleKind::Procedure | ModuleKind::ClrProcedure))
            }
            "FUNCTION" => |d| {
                matches!(d, ObjectDetail::Module(m) if matches!(m.kind, ModuleKind::ScalarFunction | ModuleKind::InlineFunction
                    | ModuleKind::TableFunction | ModuleKind::ClrScalarFunction | ModuleKind::ClrTableFunction))
            },
            "AGGREGATE" => |d| matches!(d, ObjectDetail::Module(m) if m.kind == ModuleKind::Aggregate),
            "RULE" => |d| matches!(d, ObjectDetail::Module(m) if m.kind == ModuleKind::Rule),
            "DEFAULT" => |d| matches!(d, ObjectDetail::Module(m) if m.kind == ModuleKind::Default),
            "SEQUENCE" => |d| matches!(d, ObjectDetail::Sequence(_)),
            "SYNONYM" => |d| matches!(d, ObjectDetail::Synonym(_)),
            "QUEUE" => |d| matches!(d, ObjectDetail::Queue(_)),
            "SECURITY POLICY" => |d| matches!(d, ObjectDetail::SecurityPolicy(_)),
            "TRIGGER" if on.is_some() => {
                let found = self.find_trigger(database_id, TriggerScope::Database, 0, &name.name)?;
                if let Some(id) = found {
                    self.db_mut(database_id)?.remove(id);
                }
                return Ok(found.is_some());
            }
            "TRIGGER" => |d| matches!(d, ObjectDetail::Trigger(_)),
            "STATISTICS" => return self.drop_statistics(name),
            _ => return self.drop_other(database_id, kind, name, on),
        };
        let Some((database_id, id)) = self.find(name)? else { return Ok(false) };
        if !db.object(id).is_some_and(|object| wanted(&object.detail)) {
            return Err(SqlError::new(
                3705,
                16,
                format!(
                    "Cannot use DROP {kind} with '{name}' because '{name}' is an object of another type. Use the statement for that type."
                ),
            ));
        }
        if matches!(kind, "RULE" | "DEFAULT") {
            let bound =
                db.objects().any(|object| {
                    object
                        .table()
                        .is_some_and(|t| t.columns.iter().any(|c| c.rule_object_id == id || c.default_object_id == id))
                }) || db.extras().types.iter().any(|def| def.rule_object_id == id || def.default_object_id == id);
            if bound {
                return Err(SqlError::new(
                    3716,
                    16,
                    format!(
                        "The {} '{name}' cannot be dropped because it is bound to one or more column.",
                        kind.to_ascii_lowercase()
                    ),
                ));
            }
        }
        if kind == "SEQUENCE" {
            let text = crate::sql::normal::bracketed(&name.name);
            let user = db.objects().find(|object| {
                matches!(&object.detail, ObjectDetail::Default { definition, .. }
                    if definition.contains("NEXT VALUE FOR") && definition.contains(&text))
            });
            if let Some(user) = user {
                return Err(SqlError::new(
                    3729,
                    16,
                    format!("Cannot DROP SEQUENCE '{name}' because it is being referenced by object '{}'.", user.name),
                ));
            }
        }
        self.db_mut(database_id)?.remove(id);
        out.effects.push(Effect::ObjectDropped { database_id, object_id: id });
        Ok(true)
    }

    fn drop_database(&mut self, name: &ObjectName, out: &mut Outcome) -> SqlResult<bool> {
        let Some(id) = self.server.database_id(&name.name) else { return Ok(false) };
        if id <= 4 {
            return Err(SqlError::new(
                3708,
                16,
                format!("Cannot drop the database '{}' because it is a system database.", name.name),
            ));
        }
        let db = self.server.database(id)?;
        let owner = self
            .server
            .login(&self.session.login)
            .is_some_and(|login| login.is_member("dbcreator") || login.sid == db.owner_sid);
        if !owner {
            return Err(missing("DATABASE", name));
        }
        if self.session.database_id == id {
            return Err(SqlError::new(
                3702,
                16,
                format!("Cannot drop database \"{}\" because it is currently in use.", name.name),
            ));
        }
        if self.server.databases.values().any(|other| other.source_database_id == Some(id)) {
            return Err(SqlError::new(
                3709,
                16,
                format!(
                    "Cannot drop the database while the database snapshot \"{}\" refers to it. Drop that database first.",
                    self.server
                        .databases
                        .values()
                        .find(|other| other.source_database_id == Some(id))
                        .map_or("", |other| other.name.as_str())
                ),
            ));
        }
        self.server.databases.remove(&id);
        out.effects.push(Effect::DatabaseDropped { database_id: id });
        Ok(true)
    }

    fn drop_table(&mut self, name: &ObjectName, out: &mut Outcome) -> SqlResult<bool> {
        let Some((database_id, object_id)) = self.find(name)? else { return Ok(false) };
        let db = self.db(database_id)?;
        let Some(object) = db.object(object_id) else { return Ok(false) };
        if !matches!(object.detail, ObjectDetail::Table(_)) {
            return Err(SqlError::new(
                3705,
                16,
                format!(
                    "Cannot use DROP TABLE with '{name}' because '{name}' is an object of another type. Use the statement for that type."
                ),
            ));
        }
        self.check_right(database_id, "ALTER")?;
        let target =
            super::table::Target { database_id, object_id, schema_id: object.schema_id, name: object.name.clone() };
        self.check_not_versioned(&target)?;
        let referenced = db.objects().any(|other| {
            other.parent_object_id != object_id
                && matches!(&other.detail, ObjectDetail::ForeignKey(key) if key.referenced_object_id == object_id)
        });
        if referenced {
            return Err(SqlError::new(
                3726,
                16,
                format!("Could not drop object '{name}' because it is referenced by a FOREIGN KEY constraint."),
            ));
        }
        let bound = crate::sql::normal::bracketed(&object.name);
        let binder = db.objects().find(|other| {
            other.module().is_some_and(|module| {
                module.is_schema_bound
                    && (module.definition.contains(&bound) || mentions(&module.definition, &object.name))
            })
        });
        if let Some(binder) = binder {
            return Err(SqlError::new(
                3729,
                16,
                format!("Cannot DROP TABLE '{name}' because it is being referenced by object '{}'.", binder.name),
            ));
        }
        self.db_mut(database_id)?.remove(object_id);
        let db = self.db_mut(database_id)?;
        if db.extras().sensitivity.iter().any(|(id, _, _)| *id == object_id) {
            db.extras_mut().sensitivity.retain(|(id, _, _)| *id != object_id);
        }
        out.effects.push(Effect::ObjectDropped { database_id, object_id });
        Ok(true)
    }

    /// `table.statistics` or `schema.table.statistics`.
    fn drop_statistics(&mut self, name: &ObjectName) -> SqlResult<bool> {
        let table = ObjectName {
            server: None,
            database: None,
            schema: name.database.clone(),
            name: name.schema.clone().unwrap_or_default(),
        };
        let Ok(target) = self.indexed(&table) else { return Ok(false) };
        let mut shape = self.shape(&target)?;
        let db = self.db(target.database_id)?;
        let at = shape.statistics.iter().position(|s| db.same_name(&s.name, &name.name));
        let Some(at) = at else { return Ok(false) };
        let id = shape.statistics.get(at).map_or(0, |s| s.stats_id);
        if shape.index(id).is_some() {
            return Err(SqlError::new(
                3739,
                11,
                format!("Cannot DROP the index '{name}' because it is not a statistics collection."),
            ));
        }
        shape.statistics.remove(at);
        self.put_shape(&target, shape)?;
        Ok(true)
    }

    fn drop_other(
        &mut self,
        database_id: i32,
        kind: &str,
        name: &ObjectName,
        on: Option<&ObjectName>,
    ) -> SqlResult<bool> {
        let _ = on;
        let default_schema = self.default_schema(database_id);
        let db = self.db(database_id)?;
        let schema = match &name.schema {
            Some(schema) => db.schema_id(schema).unwrap_or(0),
            None => default_schema,
        };
        let key = db.key(&name.name);
        let collation = db.collation.clone();
        let same = move |other: &str| crate::state::fold_name(other, &collation) == key;
        macro_rules! from_list {
            ($class:expr, $($path:ident).+) => {{
                let found = db.extras().$($path).+.iter().find(|item| same(&item.name)).map(|item| item.id);
                let Some(id) = found else { return Ok(false) };
                let db = self.db_mut(database_id)?;
                db.extras_mut().$($path).+.retain(|item| item.id != id);
                (id, $class as u8)
            }};
        }
        let (id, class) = match kind {
            "SCHEMA" => {
                let Some(id) = db.schema_id(&name.name) else { return Ok(false) };
                let used = db.objects().any(|object| object.schema_id == id)
                    || db.extras().types.iter().any(|def| def.schema_id == id)
                    || db.extras().xml_collections.iter().any(|c| c.schema_id == id);
                if used {
                    let object =
                        db.objects().find(|object| object.schema_id == id).map_or("", |object| object.name.as_str());
                    return Err(SqlError::new(
                        3729,
                        16,
                        format!(
                            "Cannot drop schema '{}' because it is being referenced by object '{object}'.",
                            name.name
                        ),
                    ));
                }
                if id <= 4 || id >= 16_384 {
                    return Err(SqlError::new(15150, 16, format!("Cannot drop the schema '{}'.", name.name)));
                }
                self.db_mut(database_id)?.extras_mut().schemas.retain(|schema| schema.schema_id != id);
                (id, 3)
            }
            "TYPE" => {
                let Some(def) = db.user_type(schema, &name.name).or_else(|| db.user_type(1, &name.name)).cloned()
                else {
                    return Ok(false);
                };
                let id = def.user_type_id;
                let user = db.objects().find(|object| {
                    object.table().is_some_and(|t| t.columns.iter().any(|c| c.user_type_id == id))
                        || object.module().is_some_and(|m| m.parameters.iter().any(|p| p.user_type_id == id))
                });
                if let Some(user) = user {
                    return Err(SqlError::new(
                        3732,
                        16,
                        format!(
                            "Cannot drop type '{name}' because it is being referenced by object '{}'. There may be other objects that reference this type.",
                            user.name
                        ),
                    ));
                }
                let db = self.db_mut(database_id)?;
                if let TypeKind::Table { type_table_object_id, .. } = def.kind {
                    db.remove(type_table_object_id);
                }
                db.extras_mut().types.retain(|def| def.user_type_id != id);
                (id, 6)
            }
            "USER" | "ROLE" | "APPLICATION ROLE" => {
                let Some(found) = db.principal(&name.name) else { return Ok(false) };
                if found.kind.is_role() != (kind == "ROLE") {
                    return Ok(false);
                }
                let id = found.principal_id;
                if id <= 4 || id >= 16_384 {
                    return Err(SqlError::new(
                        15150,
                        16,
                        format!("Cannot drop the {} '{}'.", kind.to_ascii_lowercase(), name.name),
                    ));
                }
                if db.extras().schemas.iter().any(|schema| schema.principal_id == id) {
                    return Err(SqlError::new(
                        15138,
                        16,
                        "The database principal owns a schema in the database, and cannot be dropped.",
                    ));
                }
                if kind == "ROLE" && db.extras().role_members.iter().any(|(role, _)| *role == id) {
                    return Err(SqlError::new(
                        15144,
                        16,
                        "The role has members. It must be empty before it can be dropped.",
                    ));
                }
                let extras = self.db_mut(database_id)?.extras_mut();
                extras.principals.retain(|principal| principal.principal_id != id);
                extras.role_members.retain(|(role, member)| *role != id && *member != id);
                extras.permissions.retain(|p| p.grantee_id != id);
                (id, 4)
            }
            "XML SCHEMA COLLECTION" => {
                let found =
                    db.extras().xml_collections.iter().find(|c| c.schema_id == schema && same(&c.name)).map(|c| c.id);
                let Some(id) = found else { return Ok(false) };
                let used = db.objects().any(|object| {
                    object
                        .table()
                        .is_some_and(|t| t.columns.iter().any(|c| c.xml.is_some_and(|xml| xml.collection_id == id)))
                });
                if used {
                    return Err(SqlError::new(
                        6328,
                        16,
                        format!(
                            "Specified collection '{}' cannot be dropped because it is used by an object.",
                            name.name
                        ),
                    ));
                }
                self.db_mut(database_id)?.extras_mut().xml_collections.retain(|c| c.id != id);
                (id, 10)
            }
            "FULLTEXT INDEX" => {
                let Ok(target) = self.indexed(name) else { return Ok(false) };
                let mut shape = self.shape(&target)?;
                if shape.fulltext.take().is_none() {
                    return Ok(false);
                }
                self.put_shape(&target, shape)?;
                return Ok(true);
            }
            "PARTITION SCHEME" => {
                let Some(id) = db.data_space(&name.name).map(|space| space.id) else { return Ok(false) };
                let used = db
                    .objects()
                    .any(|object| object.table().is_some_and(|t| t.indexes.iter().any(|i| i.data_space_id == id)));
                if used {
                    return Err(SqlError::new(
                        7717,
                        16,
                        format!(
                            "The partition scheme \"{}\" is currently being used to partition one or more tables.",
                            name.name
                        ),
                    ));
                }
                self.db_mut(database_id)?.extras_mut().data_spaces.retain(|space| space.id != id);
                (id, 20)
            }
            "PARTITION FUNCTION" => {
                let id = db.extras().partition_functions.iter().find(|f| same(&f.name)).map(|f| f.id);
                let used = db.extras().data_spaces.iter().any(|space| {
                    matches!(&space.kind, crate::state::DataSpaceKind::PartitionScheme { function_id, .. } if Some(*function_id) == id)
                });
                if used {
                    return Err(SqlError::new(
                        7706,
                        16,
                        format!("Partition function '{}' is being used by one or more partition schemes.", name.name),
                    ));
                }
                from_list!(21, partition_functions)
            }
            "FULLTEXT CATALOG" => {
                let id = db.extras().fulltext_catalogs.iter().find(|c| same(&c.name)).map(|c| c.id);
                if db.objects().any(|object| {
                    object.table().is_some_and(|t| t.fulltext.as_ref().map(|f| f.catalog_id) == id && id.is_some())
                }) {
                    return Err(SqlError::new(
                        7668,
                        16,
                        format!("Cannot drop full-text catalog '{}' because it contains a full-text index.", name.name),
                    ));
                }
                from_list!(23, fulltext_catalogs)
            }
            "FULLTEXT STOPLIST" => from_list!(29, stoplists),
            "SEARCH PROPERTY LIST" => from_list!(31, property_lists),
            "ASSEMBLY" => {
                let id = db.extras().assemblies.iter().find(|a| same(&a.name)).map(|a| a.id);
                let used = db.objects().any(|object| {
                    object.module().is_some_and(|m| m.clr.as_ref().map(|clr| clr.assembly_id) == id && id.is_some())
                });
                if used {
                    return Err(SqlError::new(
                        6590,
                        16,
                        format!("DROP ASSEMBLY failed because '{}' is referenced by other objects.", name.name),
                    ));
                }
                from_list!(5, assemblies)
            }
            "CERTIFICATE" => from_list!(25, certificates),
            "SYMMETRIC KEY" => from_list!(24, keys),
            "ASYMMETRIC KEY" => from_list!(26, keys),
            "DATABASE SCOPED CREDENTIAL" => from_list!(32, credentials),
            "COLUMN MASTER KEY" => from_list!(0xFF, column_master_keys),
            "COLUMN ENCRYPTION KEY" => from_list!(0xFF, column_encryption_keys),
            "MESSAGE TYPE" => from_list!(15, broker.message_types),
            "CONTRACT" => from_list!(16, broker.contracts),
            "SERVICE" => from_list!(17, broker.services),
            "REMOTE SERVICE BINDING" => from_list!(18, broker.bindings),
            "ROUTE" => from_list!(19, broker.routes),
            "BROKER PRIORITY" => from_list!(0xFF, broker.priorities),
            "EVENT NOTIFICATION" => from_list!(0xFF, event_notifications),
            "EXTERNAL DATA SOURCE" => from_list!(0xFF, external_data_sources),
            "EXTERNAL FILE FORMAT" => from_list!(0xFF, external_file_formats),
            _ => return Ok(true),
        };
        let db = self.db_mut(database_id)?;
        db.set_properties((class, id), Vec::new());
        if db.extras().permissions.iter().any(|p| p.class == class && p.major_id == id) {
            db.extras_mut().permissions.retain(|p| p.class != class || p.major_id != id);
        }
        Ok(true)
    }
}

/// Whether a name stands in a text as a word of its own.
fn mentions(text: &str, name: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '@' | '#' | '$');
    let (text, name) = (text.to_lowercase(), name.to_lowercase());
    text.match_indices(&name).any(|(at, _)| {
        !text[..at].chars().next_back().is_some_and(word) && !text[at + name.len()..].chars().next().is_some_and(word)
    })
}

/// 3701 for objects, 15151 for the rest.
fn missing(kind: &str, name: &ObjectName) -> SqlError {
    let what = kind.to_ascii_lowercase();
    match kind {
        "TABLE" | "VIEW" | "PROCEDURE" | "PROC" | "FUNCTION" | "TRIGGER" | "SEQUENCE" | "SYNONYM" | "RULE"
        | "DEFAULT" | "STATISTICS" | "AGGREGATE" | "DATABASE" => {
            let what = if what == "proc" { "procedure".to_owned() } else { what };
            SqlError {
                state: if kind == "DATABASE" { 1 } else { 5 },
                ..SqlError::new(
                    3701,
                    11,
                    format!(
                        "Cannot drop the {what} '{name}', because it does not exist or you do not have permission."
                    ),
                )
            }
        }
        "TYPE" => SqlError::new(
            218,
            16,
            format!(
                "Could not find the type '{name}'. Either it does not exist or you do not have the necessary permission."
            ),
        ),
        _ => SqlError::new(
            15151,
            16,
            format!("Cannot drop the {what} '{name}', because it does not exist or you do not have permission."),
        ),
    }
}
