//! Metadata functions over the catalog: OBJECT_ID, COLUMNPROPERTY, SERVERPROPERTY and their like.

use super::Catalog;
use super::objects::system_views;
use crate::sql::ast::ObjectName;
use crate::sql::parser::Parser;
use crate::state::{
    Column, Database, IndexKind, ModuleKind, Object, ObjectDetail, PermissionState, Platform, TriggerTiming, TypeKind,
    system_types,
};
use crate::value::{DataType, Length, Value};
use std::sync::Arc;

/// Runs a metadata function (name in any case) on its arguments; none if there is no such function here.
/// The type is that of the result, the same for any arguments (so that it can be asked for with none); an unknown
/// name or a NULL argument gives NULL.
pub fn function(catalog: &Catalog<'_>, name: &str, args: &[Value]) -> Option<(DataType, Value)> {
    let db = catalog.server.databases.get(&catalog.database_id)?;
    let call = Call { catalog, db, args };
    let name = name.to_ascii_uppercase();
    let int = |value: Option<i64>| (DataType::Int, value.map_or(Value::Null, |n| Value::Int(n as i32)));
    let text = |value: Option<String>| {
        let of = DataType::NVarChar { length: Length::Of(128), collation: Arc::clone(&db.collation) };
        (of, value.map_or(Value::Null, |text| Value::NChar(text.encode_utf16().collect())))
    };
    Some(match name.as_str() {
        "OBJECT_ID" => int(call.object_id().map(i64::from)),
        "OBJECT_NAME" => text(call.in_database(1, |db, id| db.object(id).map(|object| object.name.clone()))),
        "OBJECT_SCHEMA_NAME" => text(call.in_database(1, |db, id| {
            db.object(id).and_then(|object| db.schema_name(object.schema_id)).map(str::to_owned)
        })),
        "OBJECT_DEFINITION" => {
            let definition = call.object(0).and_then(|object| match &object.detail {
                ObjectDetail::Check(check) => Some(check.definition.clone()),
                ObjectDetail::Default { definition, .. } => Some(definition.clone()),
                _ => object.module().filter(|module| !module.is_encrypted).map(|module| module.definition.to_string()),
            });
            let of = DataType::NVarChar { length: Length::Max, collation: Arc::clone(&db.collation) };
            (of, definition.map_or(Value::Null, |text| Value::NChar(text.encode_utf16().collect())))
        }
        "SCHEMA_ID" => int(match args.first() {
            None => Some(1),
            Some(_) => call.text(0).and_then(|name| db.schema_id(&name)).map(i64::from),
        }),
        "SCHEMA_NAME" => text(match args.first() {
            None => call.default_schema(),
            Some(_) => call.number(0).and_then(|id| db.schema_name(id as i32)).map(str::to_owned),
        }),
        "DB_ID" => {
            let id = match args.first() {
                None => Some(catalog.session.database_id),
                Some(_) => call.text(0).and_then(|name| catalog.server.database_id(&name)),
            };
            (DataType::SmallInt, id.map_or(Value::Null, |id| Value::SmallInt(id as i16)))
        }
        "DB_NAME" => text(match args.first() {
            None => catalog.server.databases.get(&catalog.session.database_id).map(|db| db.name.clone()),
            Some(_) => {
                call.number(0).and_then(|id| catalog.server.databases.get(&(id as i32))).map(|db| db.name.clone())
            }
        }),
        "COL_NAME" => text(
            call.number(1)
                .and_then(|id| call.column_by(|column| column.column_id == id as i32))
                .map(|column| column.name),
        ),
        "COL_LENGTH" => {
            let length = call.text(0).and_then(|table| call.lookup(&table)).and_then(|object| {
                let wanted = call.text(1)?;
                columns(&object)?.iter().find(|c| db.same_name(&c.name, &wanted)).map(|c| c.data_type.max_length())
            });
            (DataType::SmallInt, length.map_or(Value::Null, Value::SmallInt))
        }
        "COLUMNPROPERTY" => int(call.column_property()),
        "OBJECTPROPERTY" => int(call.object_property()),
        "OBJECTPROPERTYEX" => {
            let property = call.text(1).unwrap_or_default();
            if property.eq_ignore_ascii_case("BaseType") {
                let code = call.object(0).map(|object| object.type_code().0.to_owned());
                variant(code.map(|code| Value::NChar(code.encode_utf16().collect())))
            } else {
                variant(call.object_property().map(|n| Value::Int(n as i32)))
            }
        }
        "INDEXPROPERTY" => int(call.index_property()),
        "TYPE_ID" => int(call.text(0).and_then(|name| call.type_id(&name)).map(i64::from)),
        "TYPE_NAME" => text(call.number(0).and_then(|id| {
            system_types()
                .iter()
                .find(|row| i64::from(row.2) == id)
                .map(|row| row.0.to_owned())
                .or_else(|| db.user_type_by_id(id as i32).map(|def| def.name.clone()))
        })),
        "TYPEPROPERTY" => int(call.type_property()),
        "DATABASEPROPERTYEX" | "DATABASEPROPERTY" => call.database_property(),
        "SERVERPROPERTY" => variant(server_property(
            catalog.server.platform,
            &catalog.server.name,
            &catalog.server.collation,
            &call.text(0).unwrap_or_default(),
        )),
        "HAS_PERMS_BY_NAME" => int(call.has_permission()),
        "HAS_DBACCESS" => int(call
            .text(0)
            .and_then(|name| catalog.server.database_by_name(&name))
            .map(|db| i64::from(call.has_access(db)))),
        "IS_SRVROLEMEMBER" => int(call.text(0).and_then(|role| {
            let login = call.text(1).unwrap_or_else(|| catalog.session.login.clone());
            catalog.server.login(&login)?;
            catalog.server.is_role_member(&login, &role).map(i64::from)
        })),
        "IS_MEMBER" | "IS_ROLEMEMBER" => int(call.is_member()),
        "USER_NAME" => text(match args.first() {
            None => call.user_name(catalog.session.user_id),
            Some(_) => call.number(0).and_then(|id| call.user_name(id as i32)),
        }),
        "CURRENT_USER" | "SESSION_USER" | "USER" => text(call.user_name(catalog.session.user_id)),
        "USER_ID" | "DATABASE_PRINCIPAL_ID" => int(match args.first() {
            None => Some(i64::from(catalog.session.user_id)),
            Some(_) => call.text(0).and_then(|name| db.principal(&name)).map(|p| i64::from(p.principal_id)),
        }),
        "SUSER_SNAME" | "SUSER_NAME" | "SYSTEM_USER" => text(match args.first() {
            None => Some(catalog.session.login.clone()),
            Some(Value::Binary(sid)) => catalog.server.login_by_sid(sid).map(|login| login.name.clone()),
            Some(_) => {
                call.number(0).and_then(|id| catalog.server.logins.get(&(id as i32))).map(|login| login.name.clone())
            }
        }),
        "SUSER_SID" => {
            let login = match args.first() {
                None => Some(catalog.session.login.clone()),
                Some(_) => call.text(0),
            };
            let sid = login.and_then(|login| catalog.server.login(&login)).map(|login| login.sid.clone());
            (
                DataType::VarBinary { length: Length::Of(85) },
                sid.map_or(Value::Null, |sid| Value::Binary(Arc::from(sid))),
            )
        }
        "SUSER_ID" => int(match args.first() {
            None => catalog.server.login(&catalog.session.login),
            Some(_) => call.text(0).and_then(|name| catalog.server.login(&name)),
        }
        .map(|login| i64::from(login.principal_id))),
        "ORIGINAL_LOGIN" => text(Some(catalog.session.original_login.clone())),
        "LOGINPROPERTY" => {
            int(call.text(0).and_then(|name| catalog.server.login(&name)).and_then(|login| {
                match call.text(1)?.to_ascii_uppercase().as_str() {
                    "ISMUSTCHANGE" => Some(i64::from(login.must_change)),
                    "ISLOCKED" | "ISEXPIRED" | "BADPASSWORDCOUNT" => Some(0),
                    _ => None,
                }
            }))
        }
        "IDENT_CURRENT" | "IDENT_SEED" | "IDENT_INCR" => {
            let value = call.text(0).and_then(|table| call.lookup(&table)).and_then(|object| {
                let identity = object.table()?.identity()?.identity.clone()?;
                Some(match name.as_str() {
                    "IDENT_CURRENT" => identity.last_value.unwrap_or(identity.seed),
                    "IDENT_SEED" => identity.seed,
                    _ => identity.increment,
                })
            });
            let value = value.map_or(Value::Null, |n| Value::Decimal {
                negative: n < 0,
                magnitude: n.unsigned_abs(),
                precision: 38,
                scale: 0,
            });
            (DataType::Numeric { precision: 38, scale: 0 }, value)
        }
        "FILEGROUP_NAME" => {
            text(call.number(0).and_then(|id| db.data_space_by_id(id as i32)).map(|space| space.name.clone()))
        }
        "FILEGROUP_ID" => int(call.text(0).and_then(|name| db.data_space(&name)).map(|space| i64::from(space.id))),
        "FILE_NAME" => text(
            call.number(0)
                .and_then(|id| db.extras().files.iter().find(|f| i64::from(f.file_id) == id))
                .map(|f| f.name.clone()),
        ),
        "FILE_ID" | "FILE_IDEX" => int(call
            .text(0)
            .and_then(|name| db.extras().files.iter().find(|f| db.same_name(&f.name, &name)))
            .map(|f| i64::from(f.file_id))),
        "INDEX_COL" => text(call.text(0).and_then(|table| call.lookup(&table)).and_then(|object| {
            let table = object.table()?;
            let index = table.index(call.number(1)? as i32)?;
            let at = usize::try_from(call.number(2)?.checked_sub(1)?).ok()?;
            table.column(index.key_columns().nth(at)?.column_id).map(|column| column.name.clone())
        })),
        "FULLTEXTCATALOGPROPERTY" => int(call
            .text(0)
            .and_then(|name| db.extras().fulltext_catalogs.iter().find(|c| db.same_name(&c.name, &name)))
            .and_then(|found| match call.text(1)?.to_ascii_uppercase().as_str() {
                "ACCENTSENSITIVITY" => Some(i64::from(found.is_accent_sensitive)),
                "ITEMCOUNT"
                | "POPULATESTATUS"
                | "POPULATECOMPLETIONAGE"
                | "UNIQUEKEYCOUNT"
                | "INDEXSIZE"
                | "MERGESTATUS"
                | "IMPORTSTATUS" => Some(0),
                _ => None,
            })),
        "FULLTEXTSERVICEPROPERTY" => {
            int(call.text(0).map(|property| i64::from(property.eq_ignore_ascii_case("IsFullTextInstalled"))))
        }
        "ASSEMBLYPROPERTY" => int(call.text(1).filter(|p| p.to_ascii_uppercase().starts_with("VERSION")).map(|_| 0)),
        "SESSIONPROPERTY" => {
            let session = catalog.session;
            int(match call.text(0).unwrap_or_default().to_ascii_uppercase().as_str() {
                "ANSI_NULLS" => Some(session.ansi_nulls),
                "ANSI_PADDING" => Some(session.ansi_padding),
                "ANSI_WARNINGS" => Some(session.ansi_warnings),
                "ARITHABORT" => Some(session.arithabort),
                "CONCAT_NULL_YIELDS_NULL" => Some(session.concat_null_yields_null),
                "NUMERIC_ROUNDABORT" => Some(session.numeric_roundabort),
                "QUOTED_IDENTIFIER" => Some(session.quoted_identifier),
                _ => None,
            }
            .map(i64::from))
        }
        "STATS_DATE" => (DataType::DateTime, Value::Null),
        "XML_SCHEMA_NAMESPACE" => {
            let found = call.text(0).and_then(|schema| db.schema_id(&schema)).and_then(|schema| {
                let name = call.text(1)?;
                db.extras().xml_collections.iter().find(|c| c.schema_id == schema && db.same_name(&c.name, &name))
            });
            (DataType::Xml, found.map_or(Value::Null, |c| Value::NChar(c.text.encode_utf16().collect())))
        }
        _ => return None,
    })
}

/// SERVERPROPERTY of a server: none for an unknown property.
pub fn server_property(platform: Platform, name: &str, collation: &str, property: &str) -> Option<Value> {
    let text = |text: &str| Some(Value::NChar(text.encode_utf16().collect()));
    let int = |n: i32| Some(Value::Int(n));
    let (major, minor, build) = platform.version_parts();
    match property.to_ascii_uppercase().as_str() {
        "PRODUCTVERSION" | "RESOURCEVERSION" => text(platform.product_version()),
        "PRODUCTMAJORVERSION" => text(&major.to_string()),
        "PRODUCTMINORVERSION" => text(&minor.to_string()),
        "PRODUCTBUILD" => text(&build.to_string()),
        "PRODUCTLEVEL" => text(platform.product_level()),
        "EDITION" => text(platform.edition()),
        "EDITIONID" => Some(Value::BigInt(if platform.is_azure() { 1_674_378_470 } else { -2_117_995_310 })),
        "ENGINEEDITION" => int(platform.engine_edition()),
        "COLLATION" => text(collation),
        "COLLATIONID" => int(872_468_488),
        "LCID" => int(1033),
        "SQLCHARSET" => Some(Value::TinyInt(1)),
        "SQLCHARSETNAME" => text("iso_1"),
        "SQLSORTORDER" => Some(Value::TinyInt(52)),
        "SQLSORTORDERNAME" => text("nocase_iso"),
        "COMPARISONSTYLE" => int(196_609),
        "SERVERNAME" | "MACHINENAME" | "COMPUTERNAMEPHYSICALNETBIOS" => text(name),
        "INSTANCENAME" => Some(Value::Null),
        "ISCLUSTERED"
        | "ISHADRENABLED"
        | "ISSINGLEUSER"
        | "ISINTEGRATEDSECURITYONLY"
        | "ISLOCALDB"
        | "FILESTREAMCONFIGUREDLEVEL"
        | "FILESTREAMEFFECTIVELEVEL"
        | "ISADVANCEDANALYTICSINSTALLED"
        | "ISPOLYBASEINSTALLED"
        | "HADRMANAGERSTATUS" => int(0),
        "ISFULLTEXTINSTALLED" | "ISXTPSUPPORTED" => int(1),
        "INSTANCEDEFAULTDATAPATH" | "INSTANCEDEFAULTLOGPATH" => text("/var/opt/mssql/data/"),
        "INSTANCEDEFAULTBACKUPPATH" => text("/var/opt/mssql/data"),
        "LICENSETYPE" => text("DISABLED"),
        "BUILDCLRVERSION" => text("v4.0.30319"),
        "PROCESSID" => int(1000),
        _ => None,
    }
}

/// As sql_variant.
fn variant(value: Option<Value>) -> (DataType, Value) {
    let value = match value {
        None | Some(Value::Null) => Value::Null,
        Some(value) => {
            let of = match &value {
                Value::Int(_) => DataType::Int,
                Value::BigInt(_) => DataType::BigInt,
                Value::TinyInt(_) => DataType::TinyInt,
                _ => {
                    DataType::NVarChar { length: Length::Of(128), collation: Arc::from("SQL_Latin1_General_CP1_CI_AS") }
                }
            };
            Value::Variant(Box::new((of, value)))
        }
    };
    (DataType::SqlVariant, value)
}

fn columns(object: &Object) -> Option<&[Column]> {
    match &object.detail {
        ObjectDetail::Table(table) | ObjectDetail::TypeTable(table) => Some(&table.columns),
        ObjectDetail::Module(module) => Some(&module.columns),
        _ => None,
    }
}

struct Call<'a> {
    catalog: &'a Catalog<'a>,
    db: &'a Database,
    args: &'a [Value],
}

impl Call<'_> {
    fn text(&self, at: usize) -> Option<String> {
        match self.args.get(at)? {
            Value::NChar(units) => Some(String::from_utf16_lossy(units)),
            Value::Char(bytes) => Some(encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned()),
            Value::Variant(inner) => match &inner.1 {
                Value::NChar(units) => Some(String::from_utf16_lossy(units)),
                _ => None,
            },
            _ => None,
        }
    }

    fn number(&self, at: usize) -> Option<i64> {
        match self.args.get(at)? {
            Value::Bit(on) => Some(i64::from(*on)),
            Value::TinyInt(n) => Some(i64::from(*n)),
            Value::SmallInt(n) => Some(i64::from(*n)),
            Value::Int(n) => Some(i64::from(*n)),
            Value::BigInt(n) => Some(*n),
            Value::Decimal { negative, magnitude, scale: 0, .. } => {
                let n = i64::try_from(*magnitude).ok()?;
                Some(if *negative { -n } else { n })
            }
            _ => self.text(at)?.trim().parse().ok(),
        }
    }

    fn default_schema(&self) -> Option<String> {
        self.db
            .principal_by_id(self.catalog.session.user_id)
            .and_then(|principal| principal.default_schema.clone())
            .or_else(|| Some("dbo".to_owned()))
    }

    /// The database named by the argument at `at` (an id), or the current one; and what `find` finds there.
    fn in_database<T>(&self, at: usize, find: impl Fn(&Database, i32) -> Option<T>) -> Option<T> {
        let db = match self.args.get(at) {
            None => self.db,
            Some(_) => self.catalog.server.databases.get(&(self.number(at)? as i32))?,
        };
        find(db, self.number(0)? as i32)
    }

    fn parsed(text: &str) -> Option<ObjectName> {
        let mut parser = Parser::new(text.trim(), true).ok()?;
        let name = parser.object_name().ok()?;
        parser.at_end().then_some(name)
    }

    fn lookup(&self, text: &str) -> Option<Arc<Object>> {
        let name = Self::parsed(text)?;
        let db = match &name.database {
            Some(database) => self.catalog.server.database_by_name(database)?,
            None if name.name.starts_with('#') => self.catalog.server.databases.get(&2)?,
            None => self.db,
        };
        let stored = crate::sql::ddl::temp_name(&name.name, self.catalog.session.session_id);
        let default = self.default_schema().and_then(|schema| db.schema_id(&schema)).unwrap_or(1);
        db.resolve(name.schema.as_deref(), &stored, default).cloned()
    }

    fn object_id(&self) -> Option<i32> {
        let text = self.text(0)?;
        let wanted = self.text(1).map(|kind| kind.trim().to_ascii_uppercase());
        if let Some(object) = self.lookup(&text) {
            let fits = wanted.as_deref().is_none_or(|wanted| object.type_code().0.trim() == wanted);
            return fits.then_some(object.object_id);
        }
        // The catalog's own views.
        let name = Self::parsed(&text)?;
        let schema = name.schema.as_deref().unwrap_or("sys");
        if wanted.is_some_and(|wanted| wanted != "V") {
            return None;
        }
        system_views(self.catalog)
            .into_iter()
            .find(|(_, _, s, n)| s.eq_ignore_ascii_case(schema) && n.eq_ignore_ascii_case(&name.name))
            .map(|(id, ..)| id)
    }

    fn object(&self, at: usize) -> Option<Arc<Object>> {
        self.db.object(self.number(at)? as i32).cloned()
    }

    fn column_by(&self, wanted: impl Fn(&Column) -> bool) -> Option<Column> {
        columns(&*self.object(0)?)?.iter().find(|column| wanted(column)).cloned()
    }

    fn type_id(&self, text: &str) -> Option<i32> {
        let name = Self::parsed(text)?;
        if name.schema.as_deref().is_none_or(|schema| schema.eq_ignore_ascii_case("sys"))
            && let Some(row) = system_types().iter().find(|row| row.0.eq_ignore_ascii_case(&name.name))
        {
            return Some(row.2);
        }
        let schema = name.schema.as_deref().map_or(Some(1), |schema| self.db.schema_id(schema))?;
        self.db.user_type(schema, &name.name).map(|def| def.user_type_id)
    }

    fn type_property(&self) -> Option<i64> {
        let id = self.type_id(&self.text(0)?)?;
        let (precision, scale, nullable, owner) = match system_types().iter().find(|row| row.2 == id) {
            Some(row) => (i64::from(row.4), i64::from(row.5), row.2 != 256, 4),
            None => {
                let def = self.db.user_type_by_id(id)?;
                let (precision, scale) = match &def.kind {
                    TypeKind::Alias(base) => base.precision_scale(),
                    _ => (0, 0),
                };
                (i64::from(precision), i64::from(scale), def.is_nullable, i64::from(def.schema_id))
            }
        };
        match self.text(1)?.to_ascii_uppercase().as_str() {
            "PRECISION" => Some(precision),
            "SCALE" => Some(scale),
            "ALLOWSNULL" => Some(i64::from(nullable)),
            "OWNERID" => Some(owner),
            "USESANSITRIM" => Some(1),
            _ => None,
        }
    }

    fn column_property(&self) -> Option<i64> {
        let name = self.text(1)?;
        let object = self.object(0)?;
        let property = self.text(2)?.to_ascii_uppercase();
        if let Some(module) = object.module()
            && let Some(parameter) = module.parameters.iter().find(|p| self.db.same_name(&p.name, &name))
        {
            return match property.as_str() {
                "ISOUTPARAM" => Some(i64::from(parameter.is_output)),
                "ISCURSORTYPE" => Some(i64::from(parameter.is_cursor)),
                "PRECISION" => Some(i64::from(parameter.data_type.precision_scale().0)),
                "SCALE" => Some(i64::from(parameter.data_type.precision_scale().1)),
                "ALLOWSNULL" => Some(1),
                _ => None,
            };
        }
        let all = columns(&object)?;
        let at = all.iter().position(|column| self.db.same_name(&column.name, &name))?;
        let column = all.get(at)?;
        let (precision, scale) = column.data_type.precision_scale();
        Some(match property.as_str() {
            "ALLOWSNULL" => i64::from(column.is_nullable),
            "COLUMNID" => i64::from(column.column_id),
            "FULLTEXTTYPECOLUMN" => 0,
            "GENERATEDALWAYSTYPE" => i64::from(column.generated_always.number()),
            "ISCOLUMNSET" => i64::from(column.is_column_set),
            "ISCOMPUTED" => i64::from(column.computed.is_some()),
            "ISCURSORTYPE" | "ISOUTPARAM" | "ISSYSTEMVERIFIED" | "ISIDNOTFORREPL" if property != "ISIDNOTFORREPL" => 0,
            "ISIDNOTFORREPL" => {
                i64::from(column.identity.as_ref().is_some_and(|identity| identity.is_not_for_replication))
            }
            "ISDETERMINISTIC" | "ISINDEXABLE" | "ISPRECISE" => 1,
            "ISFULLTEXTINDEXED" => i64::from(
                object
                    .table()
                    .and_then(|t| t.fulltext.as_ref())
                    .is_some_and(|f| f.columns.iter().any(|c| c.column_id == column.column_id)),
            ),
            "ISHIDDEN" => i64::from(column.is_hidden),
            "ISIDENTITY" => i64::from(column.identity.is_some()),
            "ISROWGUIDCOL" => i64::from(column.is_rowguidcol),
            "ISSPARSE" => i64::from(column.is_sparse),
            "ISXMLINDEXABLE" => i64::from(column.data_type == DataType::Xml),
            "ORDINAL" => at as i64 + 1,
            "PRECISION" => match &column.data_type {
                DataType::Char { .. }
                | DataType::VarChar { .. }
                | DataType::Binary { .. }
                | DataType::VarBinary { .. } => i64::from(column.data_type.max_length()),
                DataType::NChar { .. } | DataType::NVarChar { .. } if column.data_type.max_length() > 0 => {
                    i64::from(column.data_type.max_length()) / 2
                }
                DataType::NVarChar { .. } => -1,
                _ => i64::from(precision),
            },
            "SCALE" => i64::from(scale),
            "SYSTEMDATAACCESS" | "USERDATAACCESS" => 0,
            "USESANSITRIM" => i64::from(column.is_ansi_padded),
            _ => return None,
        })
    }

    fn object_property(&self) -> Option<i64> {
        let object = self.object(0)?;
        let property = self.text(1)?.to_ascii_uppercase();
        let code = object.type_code().0.trim().to_owned();
        let is = |wanted: &[&str]| Some(i64::from(wanted.contains(&code.as_str())));
        let table = match &object.detail {
            ObjectDetail::Table(table) => Some(table),
            _ => None,
        };
        let has = |test: &dyn Fn(&ObjectDetail) -> bool| {
            table?;
            Some(i64::from(self.db.children(object.object_id).any(|child| test(&child.detail))))
        };
        let trigger = match &object.detail {
            ObjectDetail::Trigger(trigger) => Some(trigger),
            _ => None,
        };
        let fires = |event: &str| trigger.map(|t| i64::from(t.events.iter().any(|e| e.name == event)));
        let ordered = |event: &str, order: u8| {
            trigger.map(|t| i64::from(t.events.iter().any(|e| e.name == event && e.order == order)))
        };
        match property.as_str() {
            "ISUSERTABLE" => is(&["U"]),
            "ISTABLE" => is(&["U", "TT", "IT", "S"]),
            "ISVIEW" => is(&["V"]),
            "ISPROCEDURE" => is(&["P", "PC"]),
            "ISSCALARFUNCTION" => is(&["FN", "FS"]),
            "ISINLINEFUNCTION" => is(&["IF"]),
            "ISTABLEFUNCTION" => is(&["IF", "TF", "FT"]),
            "ISTRIGGER" => is(&["TR", "TA"]),
            "ISPRIMARYKEY" => is(&["PK"]),
            "ISUNIQUECNST" => is(&["UQ"]),
            "ISFOREIGNKEY" => is(&["F"]),
            "ISCHECKCNST" => is(&["C"]),
            "ISDEFAULTCNST" => Some(i64::from(code == "D" && object.parent_object_id != 0)),
            "ISDEFAULT" => Some(i64::from(code == "D" && object.parent_object_id == 0)),
            "ISRULE" => is(&["R"]),
            "ISCONSTRAINT" => {
                is(&["PK", "UQ", "F", "C", "EC"]).map(|n| n | i64::from(code == "D" && object.parent_object_id != 0))
            }
            "ISQUEUE" => is(&["SQ"]),
            "ISEXTENDEDPROC" | "ISREPLPROC" | "ISSYSTEMTABLE" | "TABLEISFAKE" | "ISMSSHIPPED" => Some(0),
            "ISENCRYPTED" => object.module().map(|module| i64::from(module.is_encrypted)),
            "ISSCHEMABOUND" => object.module().map(|module| i64::from(module.is_schema_bound)),
            "ISQUOTEDIDENTON" => match (object.module(), table) {
                (Some(module), _) => Some(i64::from(module.uses_quoted_identifier)),
                (None, Some(_)) => Some(1),
                _ => None,
            },
            "ISANSINULLSON" => match (object.module(), table) {
                (Some(module), _) => Some(i64::from(module.uses_ansi_nulls)),
                (None, Some(table)) => Some(i64::from(table.uses_ansi_nulls)),
                _ => None,
            },
            "EXECISQUOTEDIDENTON" => object.module().map(|module| i64::from(module.uses_quoted_identifier)),
            "EXECISANSINULLSON" => object.module().map(|module| i64::from(module.uses_ansi_nulls)),
            "ISDETERMINISTIC" | "ISPRECISE" => {
                object.module().map(|module| i64::from(module.kind != ModuleKind::Procedure))
            }
            "ISINDEXED" | "TABLEHASINDEX" => columns(&object).map(|_| {
                let indexes = match &object.detail {
                    ObjectDetail::Table(table) => &table.indexes,
                    ObjectDetail::Module(module) => &module.indexes,
                    _ => return 0,
                };
                i64::from(indexes.iter().any(|index| index.index_id > 0))
            }),
            "OWNERID" => Some(i64::from(object.principal_id.unwrap_or(1))),
            "SCHEMAID" => Some(i64::from(object.schema_id)),
            "TABLEHASIDENTITY" => table.map(|t| i64::from(t.identity().is_some())),
            "TABLEHASPRIMARYKEY" => table.map(|t| i64::from(t.primary_key().is_some())),
            "TABLEHASCLUSTINDEX" => table.map(|t| i64::from(t.indexes.iter().any(|i| i.index_id == 1))),
            "TABLEHASNONCLUSTINDEX" => {
                table.map(|t| i64::from(t.indexes.iter().any(|i| i.kind == IndexKind::NonClustered)))
            }
            "TABLEHASUNIQUECNST" => table.map(|t| i64::from(t.indexes.iter().any(|i| i.is_unique_constraint))),
            "TABLEHASROWGUIDCOL" => table.map(|t| i64::from(t.columns.iter().any(|c| c.is_rowguidcol))),
            "TABLEHASTIMESTAMP" => {
                table.map(|t| i64::from(t.columns.iter().any(|c| c.data_type == DataType::RowVersion)))
            }
            "TABLEHASTEXTIMAGE" => {
                table.map(|t| {
                    i64::from(t.columns.iter().any(|c| {
                        matches!(c.data_type, DataType::Text { .. } | DataType::NText { .. } | DataType::Image)
                    }))
                })
            }
            "TABLEHASFOREIGNKEY" => has(&|detail| matches!(detail, ObjectDetail::ForeignKey(_))),
            "TABLEHASFOREIGNREF" => {
                table?;
                let id = object.object_id;
                Some(i64::from(
                    self.db
                        .objects()
                        .any(|o| matches!(&o.detail, ObjectDetail::ForeignKey(key) if key.referenced_object_id == id)),
                ))
            }
            "TABLEHASCHECKCNST" => has(&|detail| matches!(detail, ObjectDetail::Check(_))),
            "TABLEHASDEFAULTCNST" => has(&|detail| matches!(detail, ObjectDetail::Default { .. })),
            "TABLEHASINSERTTRIGGER" => {
                has(&|detail| matches!(detail, ObjectDetail::Trigger(t) if t.events.iter().any(|e| e.name == "INSERT")))
            }
            "TABLEHASUPDATETRIGGER" => {
                has(&|detail| matches!(detail, ObjectDetail::Trigger(t) if t.events.iter().any(|e| e.name == "UPDATE")))
            }
            "TABLEHASDELETETRIGGER" => {
                has(&|detail| matches!(detail, ObjectDetail::Trigger(t) if t.events.iter().any(|e| e.name == "DELETE")))
            }
            "TABLEHASACTIVEFULLTEXTINDEX" => {
                table.map(|t| i64::from(t.fulltext.as_ref().is_some_and(|f| f.is_enabled)))
            }
            "TABLEHASVARDECIMALSTORAGEFORMAT" => table.map(|t| i64::from(t.vardecimal)),
            "TABLETEXTINROWLIMIT" => table.map(|t| i64::from(t.text_in_row_limit)),
            "TABLEISLOCKEDONBULKLOAD" => table.map(|t| i64::from(t.lock_on_bulk_load)),
            "TABLETEMPORALTYPE" => table.map(|t| match t.temporal {
                crate::state::Temporal::None => 0,
                crate::state::Temporal::History => 1,
                crate::state::Temporal::Versioned { .. } => 2,
            }),
            "CNSTISDISABLED" => match &object.detail {
                ObjectDetail::Check(check) => Some(i64::from(check.is_disabled)),
                ObjectDetail::ForeignKey(key) => Some(i64::from(key.is_disabled)),
                _ => None,
            },
            "CNSTISNOTTRUSTED" => match &object.detail {
                ObjectDetail::Check(check) => Some(i64::from(check.is_not_trusted)),
                ObjectDetail::ForeignKey(key) => Some(i64::from(key.is_not_trusted)),
                _ => None,
            },
            "CNSTISNOTREPL" => match &object.detail {
                ObjectDetail::Check(check) => Some(i64::from(check.is_not_for_replication)),
                ObjectDetail::ForeignKey(key) => Some(i64::from(key.is_not_for_replication)),
                _ => None,
            },
            "EXECISAFTERTRIGGER" => trigger.map(|t| i64::from(t.timing == TriggerTiming::After)),
            "EXECISINSTEADOFTRIGGER" => trigger.map(|t| i64::from(t.timing == TriggerTiming::InsteadOf)),
            "EXECISINSERTTRIGGER" => fires("INSERT"),
            "EXECISUPDATETRIGGER" => fires("UPDATE"),
            "EXECISDELETETRIGGER" => fires("DELETE"),
            "EXECISFIRSTINSERTTRIGGER" => ordered("INSERT", 1),
            "EXECISFIRSTUPDATETRIGGER" => ordered("UPDATE", 1),
            "EXECISFIRSTDELETETRIGGER" => ordered("DELETE", 1),
            "EXECISLASTINSERTTRIGGER" => ordered("INSERT", 2),
            "EXECISLASTUPDATETRIGGER" => ordered("UPDATE", 2),
            "EXECISLASTDELETETRIGGER" => ordered("DELETE", 2),
            "EXECISTRIGGERDISABLED" => trigger.map(|t| i64::from(t.is_disabled)),
            "EXECISTRIGGERNOTFORREPL" => trigger.map(|t| i64::from(t.is_not_for_replication)),
            _ => None,
        }
    }

    fn index_property(&self) -> Option<i64> {
        let object = self.object(0)?;
        let name = self.text(1)?;
        let indexes = match &object.detail {
            ObjectDetail::Table(table) => &table.indexes,
            ObjectDetail::Module(module) => &module.indexes,
            _ => return None,
        };
        let index = indexes.iter().find(|index| index.index_id > 0 && self.db.same_name(&index.name, &name))?;
        Some(match self.text(2)?.to_ascii_uppercase().as_str() {
            "INDEXID" => i64::from(index.index_id),
            "INDEXFILLFACTOR" => i64::from(index.fill_factor),
            "ISCLUSTERED" => i64::from(index.index_id == 1),
            "ISDISABLED" => i64::from(index.is_disabled),
            "ISUNIQUE" => i64::from(index.is_unique),
            "ISPADINDEX" => i64::from(index.is_padded),
            "ISCOLUMNSTORE" => {
                i64::from(matches!(index.kind, IndexKind::ClusteredColumnStore | IndexKind::NonClusteredColumnStore))
            }
            "ISROWLOCKDISALLOWED" => i64::from(!index.allow_row_locks),
            "ISPAGELOCKDISALLOWED" => i64::from(!index.allow_page_locks),
            "ISSTATISTICS" | "ISAUTOSTATISTICS" | "ISHYPOTHETICAL" | "ISFULLTEXTKEY" | "INDEXDEPTH" => 0,
            _ => return None,
        })
    }

    fn database_property(&self) -> (DataType, Value) {
        let property = self.text(1).unwrap_or_default().to_ascii_uppercase();
        let Some(db) = self.text(0).and_then(|name| self.catalog.server.database_by_name(&name)) else {
            return (DataType::SqlVariant, Value::Null);
        };
        let text = |text: &str| Some(Value::NChar(text.encode_utf16().collect()));
        let bit = |name: &str, default: bool| Some(Value::Int(i32::from(db.is_on(name, default))));
        let number = |name: &str, default: u8| match db.option(name) {
            Some(Value::TinyInt(n)) => *n,
            _ => default,
        };
        let azure = self.catalog.server.platform.is_azure();
        variant(match property.as_str() {
            "COLLATION" => text(&db.collation),
            "UPDATEABILITY" => text(if db.is_on("is_read_only", false) { "READ_ONLY" } else { "READ_WRITE" }),
            "STATUS" => text(if number("state", 0) == 6 { "OFFLINE" } else { "ONLINE" }),
            "USERACCESS" => {
                text(["MULTI_USER", "SINGLE_USER", "RESTRICTED_USER"][usize::from(number("user_access", 0).min(2))])
            }
            "RECOVERY" => text(
                ["", "FULL", "BULK_LOGGED", "SIMPLE"][usize::from(
                    number("recovery_model", if db.is_system && db.database_id != 3 { 3 } else { 1 }).min(3),
                )],
            ),
            "EDITION" => text(if azure { "Standard" } else { "" }),
            "SERVICEOBJECTIVE" if azure => text("S0"),
            "MAXSIZEINBYTES" if azure => Some(Value::BigInt(268_435_456_000)),
            "VERSION" => Some(Value::Int(957)),
            "LCID" => Some(Value::Int(1033)),
            "SQLSORTORDER" => {
                Some(Value::TinyInt(if db.collation.eq_ignore_ascii_case("SQL_Latin1_General_CP1_CI_AS") {
                    52
                } else {
                    0
                }))
            }
            "COMPARISONSTYLE" => Some(Value::Int(196_609)),
            "ISANSINULLDEFAULT" => bit("is_ansi_null_default_on", false),
            "ISANSINULLSENABLED" => bit("is_ansi_nulls_on", false),
            "ISANSIPADDINGENABLED" => bit("is_ansi_padding_on", false),
            "ISANSIWARNINGSENABLED" => bit("is_ansi_warnings_on", false),
            "ISARITHMETICABORTENABLED" => bit("is_arithabort_on", false),
            "ISAUTOCLOSE" => bit("is_auto_close_on", false),
            "ISAUTOSHRINK" => bit("is_auto_shrink_on", false),
            "ISAUTOCREATESTATISTICS" => bit("is_auto_create_stats_on", true),
            "ISAUTOUPDATESTATISTICS" => bit("is_auto_update_stats_on", true),
            "ISCLOSECURSORSONCOMMITENABLED" => bit("is_cursor_close_on_commit_on", false),
            "ISFULLTEXTENABLED" => bit("is_fulltext_enabled", true),
            "ISLOCALCURSORSDEFAULT" => bit("is_local_cursor_default", false),
            "ISNULLCONCAT" => bit("is_concat_null_yields_null_on", false),
            "ISNUMERICROUNDABORTENABLED" => bit("is_numeric_roundabort_on", false),
            "ISPARAMETERIZATIONFORCED" => bit("is_parameterization_forced", false),
            "ISQUOTEDIDENTIFIERSENABLED" => bit("is_quoted_identifier_on", false),
            "ISRECURSIVETRIGGERSENABLED" => bit("is_recursive_triggers_on", false),
            "ISINSTANDBY" | "ISPUBLISHED" | "ISSUBSCRIBED" | "ISMERGEPUBLISHED" | "ISSYNCWITHBACKUP" | "ISCLONE" => {
                Some(Value::Int(0))
            }
            "ISTORNPAGEDETECTIONENABLED" => Some(Value::Int(i32::from(number("page_verify_option", 2) == 1))),
            _ => None,
        })
    }

    fn user_name(&self, id: i32) -> Option<String> {
        self.db.principal_by_id(id).map(|principal| principal.name.clone())
    }

    fn is_sysadmin(&self) -> bool {
        self.catalog.server.login(&self.catalog.session.login).is_some_and(|login| login.is_member("sysadmin"))
    }

    fn has_access(&self, db: &Database) -> bool {
        let Some(login) = self.catalog.server.login(&self.catalog.session.login) else { return false };
        login.is_member("sysadmin")
            || matches!(db.database_id, 1 | 2 | 4)
            || db.owner_sid == login.sid
            || db.extras().principals.iter().any(|principal| principal.sid == login.sid)
    }

    fn roles_of(&self, user: i32) -> Vec<i32> {
        let members = &self.db.extras().role_members;
        let mut roles = vec![user, 0];
        let mut at = 0;
        while let Some(member) = roles.get(at).copied() {
            for (role, of) in members {
                if *of == member && !roles.contains(role) {
                    roles.push(*role);
                }
            }
            at += 1;
        }
        roles
    }

    fn is_member(&self) -> Option<i64> {
        let role = self.db.principal(&self.text(0)?).filter(|principal| principal.kind.is_role())?;
        let user = match self.text(1) {
            Some(name) => self.db.principal(&name)?.principal_id,
            None => self.catalog.session.user_id,
        };
        Some(i64::from(
            role.principal_id == 0
                || user == 1 && role.principal_id == 16_384
                || self.roles_of(user).contains(&role.principal_id),
        ))
    }

    /// HAS_PERMS_BY_NAME(securable, class, permission).
    fn has_permission(&self) -> Option<i64> {
        let permission = self.text(2)?.to_ascii_uppercase();
        let class = self.text(1).map(|class| class.to_ascii_uppercase());
        if self.is_sysadmin() {
            return Some(1);
        }
        let Some(class) = class else {
            // Of the server itself.
            let login = self.catalog.server.login(&self.catalog.session.login)?;
            let granted =
                login.permissions.iter().any(|(name, state)| *name == permission && *state != PermissionState::Deny);
            return Some(i64::from(
                granted
                    || permission == "VIEW ANY DATABASE"
                    || permission == "CREATE ANY DATABASE" && login.is_member("dbcreator"),
            ));
        };
        let user = self.catalog.session.user_id;
        let roles = self.roles_of(user);
        if user == 1 || roles.contains(&16_384) {
            return Some(1);
        }
        let host = match class.as_str() {
            "DATABASE" => (0, 0),
            "SCHEMA" => (3, self.db.schema_id(&self.text(0)?)?),
            "OBJECT" => match self.lookup(&self.text(0)?) {
                Some(object) => (1, object.object_id),
                None => return Some(i64::from(self.object_id().is_some() && permission == "SELECT")),
            },
            "TYPE" => (6, self.type_id(&self.text(0)?)?),
            _ => return Some(0),
        };
        let schema = self.db.object(host.1).map(|object| object.schema_id);
        let on = |class: u8, id: i32, name: &str, state: bool| {
            self.db.extras().permissions.iter().any(|have| {
                have.class == class
                    && have.major_id == id
                    && have.minor_id == 0
                    && have.name == name
                    && roles.contains(&have.grantee_id)
                    && (have.state == PermissionState::Deny) != state
            })
        };
        let places: Vec<(u8, i32)> = [Some(host), schema.filter(|_| host.0 == 1).map(|id| (3, id)), Some((0, 0))]
            .into_iter()
            .flatten()
            .collect();
        if places.iter().any(|(class, id)| on(*class, *id, &permission, false)) {
            return Some(0);
        }
        let reads = permission == "SELECT" && roles.contains(&16_390);
        let writes = matches!(permission.as_str(), "INSERT" | "UPDATE" | "DELETE") && roles.contains(&16_391);
        let granted =
            places.iter().any(|(class, id)| on(*class, *id, &permission, true) || on(*class, *id, "CONTROL", true));
        Some(i64::from(granted || reads || writes))
    }
}
