//! Runs data definition statements on the state, and tells what that means for stored rows.

mod alter;
mod database;
mod drop;
mod index;
mod module;
mod other;
mod principal;
mod procedures;
mod shape;
mod table;

use shape::{
    check_collation, columns_in, compression_of, find_column, internal, key_column, next_index_id, push_index,
    system_name,
};

pub use procedures::{procedure, system_procedures};

use super::ast::Ddl;
use crate::error::{SqlError, SqlResult};
use crate::sql::ast::{ObjectName, TypeName};
use crate::state::{
    Column, Database, Moment, Object, ObjectDetail, Parameter, Server, SessionInfo, TypeKind, XmlBinding, system_types,
};
use crate::value::{Collation, DataType, Length, Value};
use std::sync::Arc;

/// What the query side knows and definitions need: types of expressions and columns of queries.
pub trait Binder {
    /// Output columns of a query (of a view or inline function), or 208 and its like.
    fn query_columns(
        &self,
        server: &Server,
        session: &SessionInfo,
        query: &str,
        parameters: &[Parameter],
    ) -> SqlResult<Vec<Column>>;
    /// Type and nullability of an expression over columns of a table.
    fn expression_type(
        &self,
        server: &Server,
        session: &SessionInfo,
        columns: &[Column],
        expression: &str,
    ) -> SqlResult<(DataType, bool)>;
    /// Value of a constant expression, converted to `to`.
    fn constant(&self, server: &Server, session: &SessionInfo, expression: &str, to: &DataType) -> SqlResult<Value>;
}

/// What a statement runs in.
pub struct Context<'a> {
    /// The server.
    pub server: &'a mut Server,
    /// The session that runs it.
    pub session: &'a SessionInfo,
    /// The query side.
    pub binder: &'a dyn Binder,
}

/// What a statement means for stored rows; to be done after the state has changed. If that fails (a duplicate key,
/// a row that breaks a constraint), the changes of state are to be reverted.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Effect {
    DatabaseCreated {
        database_id: i32,
        snapshot_of: Option<i32>,
    },
    DatabaseDropped {
        database_id: i32,
    },
    DatabaseRestored {
        database_id: i32,
        snapshot_id: i32,
    },
    TableCreated {
        database_id: i32,
        object_id: i32,
    },
    /// A table, or another object that may hold rows, is gone.
    ObjectDropped {
        database_id: i32,
        object_id: i32,
    },
    /// Columns with whether existing rows get the default (WITH VALUES, or NOT NULL with a default).
    ColumnsAdded {
        database_id: i32,
        object_id: i32,
        columns: Vec<(i32, bool)>,
    },
    ColumnsDropped {
        database_id: i32,
        object_id: i32,
        columns: Vec<i32>,
    },
    ColumnAltered {
        database_id: i32,
        object_id: i32,
        before: Box<Column>,
    },
    /// A unique index to be checked for duplicates (1505), or any index to be built.
    IndexBuilt {
        database_id: i32,
        object_id: i32,
        index_id: i32,
    },
    IndexDropped {
        database_id: i32,
        object_id: i32,
        index_id: i32,
    },
    /// Existing rows must obey a check or foreign key (547).
    CheckRows {
        database_id: i32,
        object_id: i32,
        constraint_id: i32,
    },
}

/// What came of a statement.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// For the storage.
    pub effects: Vec<Effect>,
    /// Messages of low severity for the client.
    pub messages: Vec<SqlError>,
}

/// Runs a statement. On an error the state may have been changed in part: revert what [`Database::take_undo`] notes.
pub fn execute(ddl: &Ddl, context: &mut Context<'_>) -> SqlResult<Outcome> {
    let mut outcome = Outcome::default();
    context.run(ddl, &mut outcome)?;
    Ok(outcome)
}

impl Context<'_> {
    fn run(&mut self, ddl: &Ddl, out: &mut Outcome) -> SqlResult<()> {
        match ddl {
            Ddl::CreateDatabase { .. } => self.create_database(ddl, out),
            Ddl::AlterDatabase { name, action } => self.alter_database(name.as_deref(), action, out),
            Ddl::ScopedConfiguration { secondary, name, value } => self.scoped_configuration(*secondary, name, value),
            Ddl::CreateTable(table) => self.create_table(table, out),
            Ddl::AlterTable { name, action } => self.alter_table(name, action, out),
            Ddl::CreateIndex { table, index } => self.create_index(table, index, out),
            Ddl::CreateXmlIndex { .. } | Ddl::CreateSpatialIndex { .. } => self.create_special_index(ddl),
            Ddl::CreateFullTextIndex { table, columns, key_index, catalog, options } => {
                self.create_fulltext_index(table, columns, key_index, catalog.as_deref(), options)
            }
            Ddl::AlterFullTextIndex { table, words, value, columns } => {
                self.alter_fulltext_index(table, words, value.as_deref(), columns)
            }
            Ddl::AlterIndex { name, table, action, options } => {
                self.alter_index(name.as_deref(), table, action, options, out)
            }
            Ddl::CreateStatistics { name, table, columns, filter, options } => {
                self.create_statistics(name, table, columns, filter.as_ref(), options)
            }
            Ddl::Module(module) => self.create_module(module),
            Ddl::RuleOrDefault { rule, name, definition } => self.rule_or_default(*rule, name, definition),
            Ddl::CreateSchema { name, owner, elements } => {
                self.create_schema(name.as_deref(), owner.as_deref(), elements, out)
            }
            Ddl::AlterSchemaTransfer { schema, class, name } => self.transfer(schema, class, name),
            Ddl::CreateType { name, kind } => self.create_type(name, kind),
            Ddl::Sequence { name, alter, of, options } => self.sequence(name, *alter, of.as_ref(), options),
            Ddl::CreateSynonym { name, target } => self.create_synonym(name, target),
            Ddl::CreateXmlSchemaCollection { name, text, add } => {
                self.xml_schema_collection(name, text.as_deref(), *add)
            }
            Ddl::Principal(statement) => self.principal(statement),
            Ddl::Permission(statement) => self.permission(statement),
            Ddl::Authorization { class, name, owner } => self.authorization(class, name, owner),
            Ddl::PartitionFunction { name, of, right, values } => self.partition_function(name, of, *right, values),
            Ddl::PartitionScheme { name, function, all, filegroups } => {
                self.partition_scheme(name, function, *all, filegroups)
            }
            Ddl::AlterPartition { scheme, name, action, value } => {
                self.alter_partition(*scheme, name, action, value.as_ref())
            }
            Ddl::SecurityPolicy { .. } => self.security_policy(ddl),
            Ddl::Trigger { enable, names, on, server } => self.enable_trigger(*enable, names, on.as_ref(), *server),
            Ddl::Simple { verb, kind, name, owner, options, names } => {
                self.simple(verb, kind, name, owner.as_deref(), options, names)
            }
            Ddl::Drop { kind, if_exists, names, on } => self.drop_things(kind, *if_exists, names, on.as_ref(), out),
            Ddl::UpdateStatistics { table } => self.table_id(table).map(|_| ()),
            Ddl::Sensitivity { add, columns, options } => self.sensitivity(*add, columns, options),
            Ddl::Signature | Ddl::Nothing(_) => Ok(()),
        }
    }

    /// Database that a name refers to.
    fn database_of(&self, name: &ObjectName) -> SqlResult<i32> {
        match &name.database {
            Some(database) => self.server.database_id(database).ok_or_else(|| no_database(database)),
            None if name.name.starts_with('#') => Ok(2),
            None => Ok(self.session.database_id),
        }
    }

    fn db(&self, id: i32) -> SqlResult<&Database> {
        self.server.database(id)
    }

    fn db_mut(&mut self, id: i32) -> SqlResult<&mut Database> {
        self.server.database_mut(id)
    }

    /// The session's database.
    fn current(&self) -> SqlResult<&Database> {
        self.server.database(self.session.database_id)
    }

    fn current_mut(&mut self) -> SqlResult<&mut Database> {
        self.server.database_mut(self.session.database_id)
    }

    /// The schema that unqualified names are in for this session.
    fn default_schema(&self, database_id: i32) -> i32 {
        let Ok(db) = self.db(database_id) else { return 1 };
        db.principal_by_id(self.session.user_id)
            .and_then(|principal| principal.default_schema.as_deref())
            .and_then(|schema| db.schema_id(schema))
            .unwrap_or(1)
    }

    /// Schema of a new object; 2760 if there is none.
    fn schema_for(&self, database_id: i32, name: &ObjectName) -> SqlResult<i32> {
        if name.name.starts_with('#') {
            return Ok(1);
        }
        match &name.schema {
            None => Ok(self.default_schema(database_id)),
            Some(schema) => self.db(database_id)?.schema_id(schema).ok_or_else(|| {
                SqlError::new(
                    2760,
                    16,
                    format!(
                        "The specified schema name \"{schema}\" either does not exist or you do not have permission to use it."
                    ),
                )
            }),
        }
    }

    /// The object that a name refers to: database and id.
    fn find(&self, name: &ObjectName) -> SqlResult<Option<(i32, i32)>> {
        let database_id = self.database_of(name)?;
        let stored = self.stored_name(&name.name);
        let found = self.db(database_id)?.resolve(name.schema.as_deref(), &stored, self.default_schema(database_id));
        Ok(found.map(|object| (database_id, object.object_id)))
    }

    /// Name under which an object is kept: temporary tables bear their session.
    fn stored_name(&self, name: &str) -> String {
        temp_name(name, self.session.session_id)
    }

    /// A table (4902 if there is none).
    fn table_id(&self, name: &ObjectName) -> SqlResult<(i32, i32)> {
        let missing = || {
            SqlError::new(
                4902,
                16,
                format!("Cannot find the object \"{name}\" because it does not exist or you do not have permissions."),
            )
        };
        let (database_id, object_id) = self.find(name)?.ok_or_else(missing)?;
        match self.db(database_id)?.object(object_id).map(|object| &object.detail) {
            Some(ObjectDetail::Table(_) | ObjectDetail::TypeTable(_)) => Ok((database_id, object_id)),
            _ => Err(missing()),
        }
    }

    /// 2714 if the name is taken.
    fn check_free(&self, database_id: i32, schema_id: i32, name: &str) -> SqlResult<()> {
        if self.db(database_id)?.find(schema_id, name).is_some() {
            return Err(SqlError {
                state: 6,
                ..SqlError::new(2714, 16, format!("There is already an object named '{name}' in the database."))
            });
        }
        Ok(())
    }

    /// Adds an object with a new id.
    fn add_object(
        &mut self,
        database_id: i32,
        schema_id: i32,
        name: &str,
        parent: i32,
        detail: ObjectDetail,
    ) -> SqlResult<i32> {
        if !matches!(detail, ObjectDetail::TypeTable(_)) {
            self.check_free(database_id, schema_id, name)?;
        }
        let db = self.db_mut(database_id)?;
        let object_id = db.new_object_id();
        let now = Moment::now();
        db.put(Object {
            object_id,
            schema_id,
            name: name.to_owned(),
            parent_object_id: parent,
            principal_id: None,
            create_date: now,
            modify_date: now,
            detail,
        });
        Ok(object_id)
    }

    /// Whether the session may do anything in a database.
    fn is_owner(&self, database_id: i32) -> bool {
        if self.session.user_id == 1 {
            return true;
        }
        if self.server.login(&self.session.login).is_some_and(|login| login.is_member("sysadmin")) {
            return true;
        }
        let Ok(db) = self.db(database_id) else { return false };
        db.extras().role_members.contains(&(16384, self.session.user_id))
    }

    /// 262 unless the session may run statements such as CREATE TABLE in a database.
    fn check_right(&self, database_id: i32, right: &str) -> SqlResult<()> {
        if self.is_owner(database_id) || database_id == 2 {
            return Ok(());
        }
        let db = self.db(database_id)?;
        let user = self.session.user_id;
        let extras = db.extras();
        let roles: Vec<i32> =
            extras.role_members.iter().filter(|(_, member)| *member == user).map(|(role, _)| *role).collect();
        let granted = extras.permissions.iter().any(|permission| {
            permission.class == 0
                && (permission.name == right || permission.name == "CONTROL")
                && (permission.grantee_id == user
                    || permission.grantee_id == 0
                    || roles.contains(&permission.grantee_id))
                && matches!(
                    permission.state,
                    crate::state::PermissionState::Grant | crate::state::PermissionState::GrantWithGrantOption
                )
        });
        if roles.contains(&16387) || granted {
            return Ok(());
        }
        Err(SqlError::new(262, 14, format!("{right} permission denied in database '{}'.", db.name)))
    }

    /// Resolves a type name: base type with facets and the catalog's user_type_id. 2715 if there is none.
    fn resolve_type(
        &self,
        database_id: i32,
        of: &TypeName,
        collation: Option<&str>,
    ) -> SqlResult<(DataType, i32, Option<bool>, Option<XmlBinding>)> {
        let db = self.db(database_id)?;
        let lower = of.name.to_ascii_lowercase();
        let system = of.schema.as_deref().is_none_or(|schema| schema.eq_ignore_ascii_case("sys"));
        let collation: Collation = collation.map_or_else(|| Arc::clone(&db.collation), Arc::from);
        if system {
            if lower == "sysname" {
                let data_type = DataType::NVarChar { length: Length::Of(128), collation };
                return Ok((data_type, 256, Some(false), None));
            }
            if let Some(data_type) = system_type(&lower, &of.args, &collation)? {
                let id = data_type.own_user_type_id();
                let xml = match &of.xml {
                    None => None,
                    Some((is_document, name)) => {
                        let schema = match &name.schema {
                            Some(schema) => db.schema_id(schema).unwrap_or(0),
                            None => self.default_schema(database_id),
                        };
                        let collection = db
                            .extras()
                            .xml_collections
                            .iter()
                            .find(|c| c.schema_id == schema && db.same_name(&c.name, &name.name));
                        match collection {
                            Some(found) => Some(XmlBinding { collection_id: found.id, is_document: *is_document }),
                            None => {
                                return Err(SqlError::new(
                                    6314,
                                    16,
                                    format!("Collection specified does not exist in metadata : '{}'", name.name),
                                ));
                            }
                        }
                    }
                };
                return Ok((data_type, id, None, xml));
            }
        }
        let schema_id = match &of.schema {
            Some(schema) => db.schema_id(schema),
            None => Some(self.default_schema(database_id)),
        };
        let def = schema_id
            .and_then(|schema| db.user_type(schema, &of.name))
            .or_else(|| if of.schema.is_none() { db.user_type(1, &of.name) } else { None });
        match def {
            Some(def) => match &def.kind {
                TypeKind::Alias(base) => Ok((base.clone(), def.user_type_id, Some(def.is_nullable), None)),
                TypeKind::Clr { .. } | TypeKind::Table { .. } => {
                    let schema: Arc<str> = Arc::from(db.schema_name(def.schema_id).unwrap_or("dbo"));
                    let name: Arc<str> = Arc::from(def.name.as_str());
                    Ok((DataType::Udt { schema, name }, def.user_type_id, None, None))
                }
            },
            None => {
                let shown = match &of.schema {
                    Some(schema) => format!("{schema}.{}", of.name),
                    None => of.name.clone(),
                };
                Err(SqlError::new(2715, 16, format!("Cannot find data type {shown}.")))
            }
        }
    }
}

/// Name under which a temporary table of a session is kept in tempdb; other names as they are.
pub fn temp_name(name: &str, session_id: i16) -> String {
    if name.starts_with('#') && !name.starts_with("##") && name.chars().count() <= 116 {
        format!("{name:_<116}{session_id:012X}")
    } else {
        name.to_owned()
    }
}

/// A system type from its lower-case name and arguments.
pub fn system_type(name: &str, args: &[String], collation: &Collation) -> SqlResult<Option<DataType>> {
    let first = args.first().map(String::as_str);
    let number = |default: u16, highest: u16| -> SqlResult<u16> {
        match first {
            None => Ok(default),
            Some(text) => match text.parse::<u32>() {
                Ok(0) => Err(SqlError::new(
                    1001,
                    15,
                    format!("Line 1: Length or precision specification {text} is invalid."),
                )),
                Ok(n) if n <= u32::from(highest) => Ok(n as u16),
                _ => Err(SqlError::new(
                    131,
                    15,
                    format!(
                        "The size ({text}) given to the type '{name}' exceeds the maximum allowed for any data type (8000)."
                    ),
                )),
            },
        }
    };
    let length = |highest: u16| -> SqlResult<Length> {
        if first == Some("MAX") { Ok(Length::Max) } else { Ok(Length::Of(number(1, highest)?)) }
    };
    let scale = || -> SqlResult<u8> {
        match first {
            None => Ok(7),
            Some(text) => match text.parse::<u8>() {
                Ok(n) if n <= 7 => Ok(n),
                _ => Err(SqlError::new(1002, 15, format!("Line 1: Specified scale {text} is invalid."))),
            },
        }
    };
    let collation = || Arc::clone(collation);
    Ok(Some(match name {
        "bit" => DataType::Bit,
        "tinyint" => DataType::TinyInt,
        "smallint" => DataType::SmallInt,
        "int" | "integer" => DataType::Int,
        "bigint" => DataType::BigInt,
        "real" => DataType::Real,
        "float" => match number(53, 53)? {
            1..=24 => DataType::Real,
            _ => DataType::Float,
        },
        "decimal" | "dec" | "numeric" => {
            let precision = number(18, 38)?;
            let scale: u8 = args.get(1).and_then(|text| text.parse().ok()).unwrap_or(0);
            let precision = u8::try_from(precision).unwrap_or(38);
            if scale > precision {
                return Err(SqlError::new(192, 15, "The scale must be less than or equal to the precision."));
            }
            if name == "numeric" {
                DataType::Numeric { precision, scale }
            } else {
                DataType::Decimal { precision, scale }
            }
        }
        "smallmoney" => DataType::SmallMoney,
        "money" => DataType::Money,
        "date" => DataType::Date,
        "time" => DataType::Time { scale: scale()? },
        "datetime2" => DataType::DateTime2 { scale: scale()? },
        "datetimeoffset" => DataType::DateTimeOffset { scale: scale()? },
        "datetime" => DataType::DateTime,
        "smalldatetime" => DataType::SmallDateTime,
        "uniqueidentifier" => DataType::UniqueIdentifier,
        "char" => DataType::Char { length: number(1, 8000)?, collation: collation() },
        "varchar" => DataType::VarChar { length: length(8000)?, collation: collation() },
        "text" => DataType::Text { collation: collation() },
        "nchar" => DataType::NChar { length: number(1, 4000)?, collation: collation() },
        "nvarchar" => DataType::NVarChar { length: length(4000)?, collation: collation() },
        "ntext" => DataType::NText { collation: collation() },
        "binary" => DataType::Binary { length: number(1, 8000)? },
        "varbinary" => DataType::VarBinary { length: length(8000)? },
        "image" => DataType::Image,
        "timestamp" | "rowversion" => DataType::RowVersion,
        "xml" => DataType::Xml,
        "sql_variant" => DataType::SqlVariant,
        "hierarchyid" | "geometry" | "geography" => DataType::Udt { schema: Arc::from("sys"), name: Arc::from(name) },
        "json" => DataType::Json,
        "vector" => DataType::Vector { dimensions: number(1, 3996)? },
        _ => {
            debug_assert!(system_types().iter().all(|row| row.0 != name || name == "sysname"));
            return Ok(None);
        }
    }))
}

fn no_database(name: &str) -> SqlError {
    SqlError::new(911, 16, format!("Database '{name}' does not exist. Make sure that the name is entered correctly."))
}

/// 15151.
fn not_found(what: &str, name: &str) -> SqlError {
    SqlError::new(
        15151,
        16,
        format!("Cannot find the {what} '{name}', because it does not exist or you do not have permission."),
    )
}
