//! Logins, users, roles, permissions, ownership.

use super::{Context, not_found};
use crate::error::{SqlError, SqlResult};
use crate::sql::ast::ObjectName;
use crate::sql::ddl::ast::{Opt, PermissionStatement, Principals, option};
use crate::state::{
    Login, Moment, Password, Permission, PermissionState, Principal, PrincipalKind, Schema, Server, next_id,
};

impl Context<'_> {
    pub(super) fn principal(&mut self, statement: &Principals) -> SqlResult<()> {
        match statement {
            Principals::CreateUser { name, source, options } => self.create_user(name, source.as_ref(), options),
            Principals::AlterUser { name, options } => self.alter_user(name, options),
            Principals::CreateRole { name, owner } => {
                let owner_id = self.owner_id(owner.as_deref())?;
                self.add_principal(name, PrincipalKind::Role { is_fixed: false }, None, None, Some(owner_id))?;
                Ok(())
            }
            Principals::AlterRole { name, add, drop, rename, server } => {
                if *server {
                    return self.server_role_member(name, add.as_deref(), drop.as_deref());
                }
                if let Some(member) = add {
                    return self.role_member(name, member, true);
                }
                if let Some(member) = drop {
                    return self.role_member(name, member, false);
                }
                let id = self.role_id(name)?;
                let rename = rename.clone().unwrap_or_default();
                if let Some(role) =
                    self.current_mut()?.extras_mut().principals.iter_mut().find(|p| p.principal_id == id)
                {
                    role.name = rename;
                }
                Ok(())
            }
            Principals::ApplicationRole { name, alter, options } => {
                let schema = option(options, "DEFAULT_SCHEMA").map(|o| o.value.clone());
                if *alter {
                    let id = self.principal_id(name, "application role")?;
                    let rename = option(options, "NAME").map(|o| o.value.clone());
                    if let Some(role) =
                        self.current_mut()?.extras_mut().principals.iter_mut().find(|p| p.principal_id == id)
                    {
                        if schema.is_some() {
                            role.default_schema = schema;
                        }
                        if let Some(rename) = rename {
                            role.name = rename;
                        }
                    }
                    return Ok(());
                }
                let schema = schema.or_else(|| Some("dbo".to_owned()));
                self.add_principal(name, PrincipalKind::ApplicationRole, schema, None, None)?;
                Ok(())
            }
            Principals::CreateLogin { name, windows, options } => self.create_login(name, *windows, options),
            Principals::AlterLogin { name, action, options } => self.alter_login(name, action, options),
            Principals::CreateServerRole { name } => {
                self.check_server_right("CREATE SERVER ROLE", "sysadmin")?;
                let id = self.server.next_principal_id();
                self.server.server_roles.push((id, name.clone()));
                Ok(())
            }
        }
    }

    /// Owner given with AUTHORIZATION; the session's user without one.
    pub(super) fn owner_id(&self, owner: Option<&str>) -> SqlResult<i32> {
        match owner {
            Some(owner) => self.principal_id(owner, "user"),
            None => Ok(self.session.user_id),
        }
    }

    pub(super) fn principal_id(&self, name: &str, what: &str) -> SqlResult<i32> {
        self.current()?.principal(name).map(|principal| principal.principal_id).ok_or_else(|| not_found(what, name))
    }

    fn role_id(&self, name: &str) -> SqlResult<i32> {
        self.current()?
            .principal(name)
            .filter(|principal| principal.kind.is_role())
            .map(|principal| principal.principal_id)
            .ok_or_else(|| not_found("role", name))
    }

    fn add_principal(
        &mut self,
        name: &str,
        kind: PrincipalKind,
        default_schema: Option<String>,
        sid: Option<Vec<u8>>,
        owner_id: Option<i32>,
    ) -> SqlResult<i32> {
        let right = match kind {
            PrincipalKind::Role { .. } => "CREATE ROLE",
            _ => "ALTER ANY USER",
        };
        self.check_right(self.session.database_id, right)?;
        if self.current()?.principal(name).is_some() {
            return Err(SqlError::new(
                15023,
                16,
                format!("User, group, or role '{name}' already exists in the current database."),
            ));
        }
        let extras = self.current_mut()?.extras_mut();
        let id = next_id(extras.principals.iter().map(|p| p.principal_id).filter(|id| *id < 16_384), 5);
        let sid = sid.unwrap_or_else(|| {
            let mut sid = vec![1, 5, 0, 0, 0, 0, 0, 9, 3, 0, 0, 0];
            sid.extend_from_slice(uuid::Uuid::new_v4().as_bytes());
            sid
        });
        extras.principals.push(Principal {
            principal_id: id,
            name: name.to_owned(),
            kind,
            default_schema,
            sid,
            owner_id,
            default_language: None,
            allow_encrypted_value_modifications: false,
            create_date: Moment::now(),
        });
        Ok(id)
    }

    fn create_user(&mut self, name: &str, source: Option<&(String, String)>, options: &[Opt]) -> SqlResult<()> {
        let mut sid = None;
        let kind = match source.map(|(what, of)| (what.as_str(), of.as_str())) {
            Some(("WITHOUT", _)) => PrincipalKind::WithoutLogin,
            Some(("CERTIFICATE", of)) => {
                let db = self.current()?;
                let found = db.extras().certificates.iter().find(|c| db.same_name(&c.name, of));
                let found = found.ok_or_else(|| not_found("certificate", of))?;
                sid = Some(found.sid.clone());
                PrincipalKind::Certificate(found.id)
            }
            Some(("ASYMMETRIC KEY", of)) => {
                let db = self.current()?;
                let found = db.extras().keys.iter().find(|k| k.is_asymmetric && db.same_name(&k.name, of));
                PrincipalKind::AsymmetricKey(found.ok_or_else(|| not_found("asymmetric key", of))?.id)
            }
            Some(("EXTERNAL", _)) => PrincipalKind::External { is_group: false },
            other if option(options, "PASSWORD").is_none() || other.is_some() => {
                let login = other.map_or(name, |(_, of)| of);
                let windows = login.contains('\\');
                match self.server.login(login) {
                    Some(found) => sid = Some(found.sid.clone()),
                    None if windows => {}
                    None => {
                        return Err(SqlError::new(
                            15007,
                            16,
                            format!("'{login}' is not a valid login or you do not have permission."),
                        ));
                    }
                }
                if let Some(sid) = &sid
                    && let Some(other) = self.current()?.extras().principals.iter().find(|p| p.sid == *sid)
                {
                    return Err(SqlError::new(
                        15063,
                        16,
                        format!("The login already has an account under a different user name '{}'.", other.name),
                    ));
                }
                if windows { PrincipalKind::Windows { is_group: false } } else { PrincipalKind::SqlUser }
            }
            _ => {
                if !self.current()?.is_on("containment", false) && !self.server.platform.is_azure() {
                    return Err(SqlError::new(
                        33233,
                        16,
                        "You can only create a user with a password in a contained database.",
                    ));
                }
                PrincipalKind::ContainedUser
            }
        };
        let schema = option(options, "DEFAULT_SCHEMA").map(|o| o.value.clone()).or_else(|| Some("dbo".to_owned()));
        let id = self.add_principal(name, kind, schema, sid, None)?;
        let language = option(options, "DEFAULT_LANGUAGE").map(|o| o.value.clone());
        let extras = self.current_mut()?.extras_mut();
        if let Some(user) = extras.principals.iter_mut().find(|p| p.principal_id == id) {
            user.default_language = language;
            user.allow_encrypted_value_modifications =
                option(options, "ALLOW_ENCRYPTED_VALUE_MODIFICATIONS").is_some_and(Opt::is_on);
        }
        extras.permissions.push(Permission {
            class: 0,
            major_id: 0,
            minor_id: 0,
            grantee_id: id,
            grantor_id: 1,
            name: "CONNECT".to_owned(),
            state: PermissionState::Grant,
        });
        Ok(())
    }

    fn alter_user(&mut self, name: &str, options: &[Opt]) -> SqlResult<()> {
        let id = self.principal_id(name, "user")?;
        let login = match option(options, "LOGIN") {
            Some(of) => Some(self.server.login(&of.value).map(|login| login.sid.clone()).ok_or_else(|| {
                SqlError::new(15007, 16, format!("'{}' is not a valid login or you do not have permission.", of.value))
            })?),
            None => None,
        };
        let extras = self.current_mut()?.extras_mut();
        let Some(user) = extras.principals.iter_mut().find(|p| p.principal_id == id) else { return Ok(()) };
        for option in options {
            match option.name.as_str() {
                "NAME" => user.name.clone_from(&option.value),
                "DEFAULT_SCHEMA" => user.default_schema = Some(option.value.clone()),
                "DEFAULT_LANGUAGE" => user.default_language = Some(option.value.clone()),
                "ALLOW_ENCRYPTED_VALUE_MODIFICATIONS" => user.allow_encrypted_value_modifications = option.is_on(),
                _ => {}
            }
        }
        if let Some(sid) = login {
            user.sid = sid;
            user.kind = PrincipalKind::SqlUser;
        }
        Ok(())
    }

    pub(super) fn role_member(&mut self, role: &str, member: &str, add: bool) -> SqlResult<()> {
        let role_id = self.role_id(role)?;
        let member_id = self.principal_id(member, "user")?;
        if role_id == 0 {
            return Err(SqlError::new(15081, 16, "Membership of the public role cannot be changed."));
        }
        if member_id == 1 {
            return Err(SqlError::new(15405, 16, "Cannot use the special principal 'dbo'."));
        }
        let members = &mut self.current_mut()?.extras_mut().role_members;
        members.retain(|pair| *pair != (role_id, member_id));
        if add {
            members.push((role_id, member_id));
        }
        Ok(())
    }

    pub(super) fn server_role_member(&mut self, role: &str, add: Option<&str>, drop: Option<&str>) -> SqlResult<()> {
        self.check_server_right("ALTER SERVER ROLE", "securityadmin")?;
        let known = SERVER_ROLES.iter().any(|(_, name)| name.eq_ignore_ascii_case(role))
            || self.server.server_roles.iter().any(|(_, name)| name.eq_ignore_ascii_case(role));
        if !known {
            return Err(not_found("server role", role));
        }
        let member = add.or(drop).unwrap_or_default();
        let login = self.server.login_mut(member).ok_or_else(|| not_found("login", member))?;
        login.roles.retain(|have| !have.eq_ignore_ascii_case(role));
        if add.is_some() {
            login.roles.push(role.to_owned());
        }
        Ok(())
    }

    fn create_login(&mut self, name: &str, windows: bool, options: &[Opt]) -> SqlResult<()> {
        self.check_server_right("ALTER ANY LOGIN", "securityadmin")
            .map_err(|_| SqlError::new(15247, 16, "User does not have permission to perform this action."))?;
        if self.server.login(name).is_some() {
            return Err(SqlError::new(15025, 16, format!("The server principal '{name}' already exists.")));
        }
        let password = option(options, "PASSWORD");
        let text = password.map(|o| o.value.clone()).unwrap_or_default();
        let must_change = text.ends_with(" MUST_CHANGE");
        let text = text.trim_end_matches(" MUST_CHANGE").trim_end_matches(" HASHED").to_owned();
        let sid = option(options, "SID")
            .and_then(|o| o.binary.clone())
            .unwrap_or_else(|| uuid::Uuid::new_v4().as_bytes().to_vec());
        let principal_id = self.server.next_principal_id();
        let on = |name: &str, default: bool| option(options, name).map_or(default, Opt::is_on);
        let login = Login {
            principal_id,
            name: name.to_owned(),
            is_windows: windows,
            sid,
            password: Password(text),
            is_disabled: false,
            default_database: option(options, "DEFAULT_DATABASE")
                .map_or_else(|| "master".to_owned(), |o| o.value.clone()),
            default_language: option(options, "DEFAULT_LANGUAGE")
                .map_or_else(|| "us_english".to_owned(), |o| o.value.clone()),
            is_policy_checked: on("CHECK_POLICY", true),
            is_expiration_checked: on("CHECK_EXPIRATION", false),
            must_change,
            roles: Vec::new(),
            permissions: vec![("CONNECT SQL".to_owned(), PermissionState::Grant)],
            create_date: Moment::now(),
        };
        self.server.logins.insert(principal_id, login);
        Ok(())
    }

    fn alter_login(&mut self, name: &str, action: &str, options: &[Opt]) -> SqlResult<()> {
        let own = self.session.login.eq_ignore_ascii_case(name);
        if !own {
            self.check_server_right("ALTER ANY LOGIN", "securityadmin").map_err(|_| not_found("login", name))?;
        }
        let login = self.server.login_mut(name).ok_or_else(|| not_found("login", name))?;
        match action {
            "ENABLE" => login.is_disabled = false,
            "DISABLE" => login.is_disabled = true,
            _ => {}
        }
        for option in options {
            match option.name.as_str() {
                "PASSWORD" => {
                    login.password = Password(
                        option.value.split(" OLD_PASSWORD").next().unwrap_or("").trim_end_matches(" UNLOCK").to_owned(),
                    )
                }
                "NAME" => login.name.clone_from(&option.value),
                "DEFAULT_DATABASE" => login.default_database.clone_from(&option.value),
                "DEFAULT_LANGUAGE" => login.default_language.clone_from(&option.value),
                "CHECK_POLICY" => login.is_policy_checked = option.is_on(),
                "CHECK_EXPIRATION" => login.is_expiration_checked = option.is_on(),
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn permission(&mut self, statement: &PermissionStatement) -> SqlResult<()> {
        if self.server_permission(statement)? {
            return Ok(());
        }
        let database_id = match &statement.on {
            Some((_, name)) if name.name.starts_with('#') => 2,
            _ => self.session.database_id,
        };
        let (class, major_id, columns_of) = match &statement.on {
            None => (0, 0, None),
            Some((class, name)) => self.securable(database_id, class, name)?,
        };
        let grantor_id = match &statement.as_principal {
            Some(name) => self.principal_id(name, "user")?,
            None if self.session.user_id == 0 => 1,
            None => self.session.user_id,
        };
        let mut grantees = Vec::new();
        for name in &statement.to {
            let id = self.principal_id(name, "user")?;
            if id == 1 || matches!(id, 3 | 4) {
                return Err(SqlError::new(
                    4604,
                    16,
                    "Cannot grant, deny, or revoke permissions to sa, dbo, entity owner, information_schema, sys, or yourself.",
                ));
            }
            grantees.push(id);
        }
        let mut rows = Vec::new();
        for (name, columns) in &statement.permissions {
            let columns = if columns.is_empty() { &statement.columns } else { columns };
            let mut minors = Vec::new();
            for column in columns {
                let db = self.db(database_id)?;
                let object = columns_of.and_then(|id| db.object(id));
                let found = object.and_then(|object| match object.table() {
                    Some(table) => table.columns.iter().find(|c| db.same_name(&c.name, column)).map(|c| c.column_id),
                    None => object
                        .module()
                        .and_then(|m| m.columns.iter().find(|c| db.same_name(&c.name, column)).map(|c| c.column_id)),
                });
                minors.push(found.ok_or_else(|| {
                    SqlError::new(1763, 16, format!("Column '{column}' does not exist in the securable."))
                })?);
            }
            if minors.is_empty() {
                minors.push(0);
            }
            let names: Vec<String> = match name.as_str() {
                "ALL" | "ALL PRIVILEGES" => {
                    let all: &[&str] = if class == 1 {
                        &["DELETE", "INSERT", "REFERENCES", "SELECT", "UPDATE"]
                    } else {
                        &[
                            "CREATE TABLE",
                            "CREATE VIEW",
                            "CREATE PROCEDURE",
                            "CREATE FUNCTION",
                            "CREATE RULE",
                            "CREATE DEFAULT",
                        ]
                    };
                    all.iter().map(|name| (*name).to_owned()).collect()
                }
                "EXEC" => vec!["EXECUTE".to_owned()],
                "CREATE PROC" => vec!["CREATE PROCEDURE".to_owned()],
                other => vec![other.to_owned()],
            };
            for name in names {
                for minor_id in &minors {
                    for grantee_id in &grantees {
                        rows.push((name.clone(), *minor_id, *grantee_id));
                    }
                }
            }
        }
        let permissions = &mut self.db_mut(database_id)?.extras_mut().permissions;
        for (name, minor_id, grantee_id) in rows {
            let same = |have: &Permission| {
                have.class == class && have.major_id == major_id && have.grantee_id == grantee_id && have.name == name
            };
            if statement.verb == "REVOKE" {
                if statement.grant_option_for {
                    for have in permissions.iter_mut().filter(|have| same(have) && have.minor_id == minor_id) {
                        if have.state == PermissionState::GrantWithGrantOption {
                            have.state = PermissionState::Grant;
                        }
                    }
                    continue;
                }
                let whole = minor_id != 0 && permissions.iter().any(|have| same(have) && have.minor_id == 0);
                permissions.retain(|have| !(same(have) && (minor_id == 0 || have.minor_id == minor_id)));
                if whole {
                    permissions.push(Permission {
                        class,
                        major_id,
                        minor_id,
                        grantee_id,
                        grantor_id,
                        name,
                        state: PermissionState::Revoke,
                    });
                }
                continue;
            }
            permissions.retain(|have| !(same(have) && have.minor_id == minor_id));
            let state = match (statement.verb.as_str(), statement.with_grant_option) {
                ("DENY", _) => PermissionState::Deny,
                (_, true) => PermissionState::GrantWithGrantOption,
                _ => PermissionState::Grant,
            };
            permissions.push(Permission { class, major_id, minor_id, grantee_id, grantor_id, name, state });
        }
        Ok(())
    }

    /// Server permissions, granted to logins. False if the statement is not about any.
    fn server_permission(&mut self, statement: &PermissionStatement) -> SqlResult<bool> {
        let on_server = statement
            .on
            .as_ref()
            .is_some_and(|(class, _)| matches!(class.as_str(), "LOGIN" | "ENDPOINT" | "SERVER ROLE"));
        let all_server = statement.on.is_none()
            && statement.permissions.iter().all(|(name, _)| {
                matches!(
                    name.as_str(),
                    "CREATE ANY DATABASE"
                        | "ALTER ANY DATABASE"
                        | "VIEW ANY DATABASE"
                        | "VIEW ANY DEFINITION"
                        | "VIEW SERVER STATE"
                        | "CONTROL SERVER"
                        | "ALTER ANY LOGIN"
                        | "CONNECT SQL"
                        | "ADMINISTER BULK OPERATIONS"
                        | "CONNECT ANY DATABASE"
                        | "SELECT ALL USER SECURABLES"
                        | "ALTER SERVER STATE"
                        | "ALTER ANY SERVER ROLE"
                        | "EXTERNAL ACCESS ASSEMBLY"
                        | "UNSAFE ASSEMBLY"
                        | "IMPERSONATE ANY LOGIN"
                        | "VIEW SERVER PERFORMANCE STATE"
                        | "VIEW ANY PERFORMANCE DEFINITION"
                )
            });
        if !on_server && !all_server {
            return Ok(false);
        }
        self.check_server_right("CONTROL SERVER", "securityadmin")?;
        for name in &statement.to {
            if name.eq_ignore_ascii_case("public") {
                continue;
            }
            let login = self.server.login_mut(name).ok_or_else(|| not_found("login", name))?;
            for (permission, _) in &statement.permissions {
                login.permissions.retain(|(have, _)| have != permission);
                match statement.verb.as_str() {
                    "GRANT" => login.permissions.push((permission.clone(), PermissionState::Grant)),
                    "DENY" => login.permissions.push((permission.clone(), PermissionState::Deny)),
                    _ => {}
                }
            }
        }
        Ok(true)
    }

    /// Class, id, and object whose columns may be named.
    pub(super) fn securable(
        &self,
        database_id: i32,
        class: &str,
        name: &ObjectName,
    ) -> SqlResult<(u8, i32, Option<i32>)> {
        let db = self.db(database_id)?;
        let missing = || not_found(&class.to_ascii_lowercase(), &name.name);
        let same = |other: &str| db.same_name(other, &name.name);
        let extras = db.extras();
        let found = match class {
            "" | "OBJECT" => {
                let (_, id) = self.find(name)?.ok_or_else(|| not_found("object", &name.name))?;
                return Ok((1, id, Some(id)));
            }
            "DATABASE" => return Ok((0, 0, None)),
            "SCHEMA" => (3, db.schema_id(&name.name)),
            "TYPE" => {
                let schema = match &name.schema {
                    Some(schema) => db.schema_id(schema).ok_or_else(missing)?,
                    None => 1,
                };
                (6, db.user_type(schema, &name.name).map(|def| def.user_type_id))
            }
            "USER" | "ROLE" | "APPLICATION ROLE" => (4, db.principal(&name.name).map(|p| p.principal_id)),
            "ASSEMBLY" => (5, extras.assemblies.iter().find(|a| same(&a.name)).map(|a| a.id)),
            "XML SCHEMA COLLECTION" => (10, extras.xml_collections.iter().find(|c| same(&c.name)).map(|c| c.id)),
            "MESSAGE TYPE" => (15, extras.broker.message_types.iter().find(|m| same(&m.name)).map(|m| m.id)),
            "CONTRACT" => (16, extras.broker.contracts.iter().find(|c| same(&c.name)).map(|c| c.id)),
            "SERVICE" => (17, extras.broker.services.iter().find(|s| same(&s.name)).map(|s| s.id)),
            "REMOTE SERVICE BINDING" => (18, extras.broker.bindings.iter().find(|b| same(&b.name)).map(|b| b.id)),
            "ROUTE" => (19, extras.broker.routes.iter().find(|r| same(&r.name)).map(|r| r.id)),
            "FULLTEXT CATALOG" => (23, extras.fulltext_catalogs.iter().find(|c| same(&c.name)).map(|c| c.id)),
            "SYMMETRIC KEY" => (24, extras.keys.iter().find(|k| !k.is_asymmetric && same(&k.name)).map(|k| k.id)),
            "CERTIFICATE" => (25, extras.certificates.iter().find(|c| same(&c.name)).map(|c| c.id)),
            "ASYMMETRIC KEY" => (26, extras.keys.iter().find(|k| k.is_asymmetric && same(&k.name)).map(|k| k.id)),
            "FULLTEXT STOPLIST" => (29, extras.stoplists.iter().find(|s| same(&s.name)).map(|s| s.id)),
            "SEARCH PROPERTY LIST" => (31, extras.property_lists.iter().find(|l| same(&l.name)).map(|l| l.id)),
            "DATABASE SCOPED CREDENTIAL" => (32, extras.credentials.iter().find(|c| same(&c.name)).map(|c| c.id)),
            _ => return Err(SqlError::new(102, 15, format!("Incorrect syntax near '{class}'."))),
        };
        Ok((found.0, found.1.ok_or_else(missing)?, None))
    }

    pub(super) fn authorization(&mut self, class: &str, name: &ObjectName, owner: &str) -> SqlResult<()> {
        if class == "DATABASE" {
            let id = self.server.database_id(&name.name).ok_or_else(|| super::no_database(&name.name))?;
            let sid =
                self.server.login(owner).map(|login| login.sid.clone()).ok_or_else(|| not_found("principal", owner))?;
            let db = self.server.database_mut(id)?;
            db.owner_sid.clone_from(&sid);
            if let Some(dbo) = db.extras_mut().principals.iter_mut().find(|p| p.principal_id == 1) {
                dbo.sid = sid;
            }
            return Ok(());
        }
        let database_id = self.session.database_id;
        let (kind, id, _) = self.securable(database_id, class, name)?;
        let owner_id = if owner.is_empty() { None } else { Some(self.principal_id(owner, "user")?) };
        if kind == 1 {
            self.db_mut(database_id)?.change(id, |object| object.principal_id = owner_id);
            return Ok(());
        }
        let extras = self.db_mut(database_id)?.extras_mut();
        let owner = owner_id.unwrap_or(1);
        macro_rules! own {
            ($list:expr) => {
                for item in $list.iter_mut().filter(|item| item.id == id) {
                    item.principal_id = owner;
                }
            };
        }
        match kind {
            3 => {
                for schema in extras.schemas.iter_mut().filter(|schema| schema.schema_id == id) {
                    schema.principal_id = owner;
                }
            }
            4 => {
                for role in extras.principals.iter_mut().filter(|p| p.principal_id == id) {
                    role.owner_id = Some(owner);
                }
            }
            5 => own!(extras.assemblies),
            6 => {
                for def in extras.types.iter_mut().filter(|def| def.user_type_id == id) {
                    def.principal_id = owner_id;
                }
            }
            10 => {
                for item in extras.xml_collections.iter_mut().filter(|item| item.id == id) {
                    item.principal_id = owner_id;
                }
            }
            15 => own!(extras.broker.message_types),
            16 => own!(extras.broker.contracts),
            17 => own!(extras.broker.services),
            23 => own!(extras.fulltext_catalogs),
            24 | 26 => own!(extras.keys),
            25 => own!(extras.certificates),
            29 => own!(extras.stoplists),
            31 => own!(extras.property_lists),
            _ => {}
        }
        Ok(())
    }

    pub(super) fn create_schema(
        &mut self,
        name: Option<&str>,
        owner: Option<&str>,
        elements: &[super::Ddl],
        out: &mut super::Outcome,
    ) -> SqlResult<()> {
        let name = name.or(owner).unwrap_or_default().to_owned();
        self.check_right(self.session.database_id, "CREATE SCHEMA")?;
        let owner_id = self.owner_id(owner)?;
        let db = self.current_mut()?;
        if db.schema_id(&name).is_some() {
            return Err(SqlError::new(2714, 16, format!("There is already an object named '{name}' in the database.")));
        }
        let schema_id = next_id(db.extras().schemas.iter().map(|s| s.schema_id).filter(|id| *id < 16_384), 5);
        db.extras_mut().schemas.push(Schema { schema_id, name: name.clone(), principal_id: owner_id });
        for element in elements {
            let mut element = element.clone();
            let place = match &mut element {
                super::Ddl::CreateTable(table) => Some(&mut table.name),
                super::Ddl::Module(module) => Some(&mut module.name),
                _ => None,
            };
            if let Some(place) = place
                && place.schema.is_none()
            {
                place.schema = Some(name.clone());
            }
            self.run(&element, out)?;
        }
        Ok(())
    }

    pub(super) fn transfer(&mut self, schema: &str, class: &str, name: &ObjectName) -> SqlResult<()> {
        let database_id = self.session.database_id;
        let to = self.db(database_id)?.schema_id(schema).ok_or_else(|| not_found("schema", schema))?;
        let (kind, id, _) = self.securable(database_id, class, name)?;
        let db = self.db_mut(database_id)?;
        match kind {
            1 => {
                if db.find(to, &name.name).is_some() {
                    return Err(SqlError::new(
                        15530,
                        16,
                        format!("The object with name \"{}\" already exists.", name.name),
                    ));
                }
                let children: Vec<i32> = db.children(id).map(|child| child.object_id).collect();
                for id in std::iter::once(id).chain(children) {
                    db.change(id, |object| object.schema_id = to);
                }
                db.extras_mut().permissions.retain(|p| p.class != 1 || p.major_id != id);
            }
            6 => {
                for def in db.extras_mut().types.iter_mut().filter(|def| def.user_type_id == id) {
                    def.schema_id = to;
                }
            }
            10 => {
                for item in db.extras_mut().xml_collections.iter_mut().filter(|item| item.id == id) {
                    item.schema_id = to;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The fixed server roles.
pub(crate) const SERVER_ROLES: &[(i32, &str)] = &[
    (3, "sysadmin"),
    (4, "securityadmin"),
    (5, "serveradmin"),
    (6, "setupadmin"),
    (7, "processadmin"),
    (8, "diskadmin"),
    (9, "dbcreator"),
    (10, "bulkadmin"),
];

impl Server {
    /// Whether a login is in a server role: None if there is no such role.
    pub fn is_role_member(&self, login: &str, role: &str) -> Option<bool> {
        if role.eq_ignore_ascii_case("public") {
            return Some(true);
        }
        let known = SERVER_ROLES.iter().any(|(_, name)| name.eq_ignore_ascii_case(role))
            || self.server_roles.iter().any(|(_, name)| name.eq_ignore_ascii_case(role));
        if !known {
            return None;
        }
        Some(self.login(login).is_some_and(|login| login.is_member(role)))
    }
}
