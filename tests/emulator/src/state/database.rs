//! A database: its objects by id and by name, and all else its catalog tells.

use super::module::{Module, Sequence, Synonym, Trigger, TriggerScope};
use super::principal::{Permission, Principal, PrincipalKind};
use super::space::{
    Assembly, Broker, Certificate, ColumnEncryptionKey, ColumnMasterKey, Credential, CryptKey, DataSpace,
    DataSpaceKind, DatabaseFile, EventNotification, ExtendedProperty, ExternalDataSource, ExternalFileFormat,
    FullTextCatalog, FullTextStoplist, PartitionFunction, Queue, SearchPropertyList, SecurityPolicy,
};
use super::table::{Check, EdgeConstraint, ForeignKey, KeyConstraint, KeyKind, Table};
use super::types::{TypeDef, TypeKind, XmlSchemaCollection};
use super::{Moment, Platform, fold_name};
use crate::value::{Collation, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// A schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// `schema_id`: dbo 1, guest 2, INFORMATION_SCHEMA 3, sys 4, from 5 the user's.
    pub schema_id: i32,
    /// Name.
    pub name: String,
    /// Owner.
    pub principal_id: i32,
}

/// A row of `sys.objects`.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Id, unique in the database.
    pub object_id: i32,
    /// Schema.
    pub schema_id: i32,
    /// Name.
    pub name: String,
    /// Table of a constraint or trigger; 0 if none.
    pub parent_object_id: i32,
    /// Owner where it differs from the schema's.
    pub principal_id: Option<i32>,
    /// Created.
    pub create_date: Moment,
    /// Changed.
    pub modify_date: Moment,
    /// What it is.
    pub detail: ObjectDetail,
}

/// What an object is.
#[derive(Clone, Debug, PartialEq)]
pub enum ObjectDetail {
    /// U.
    Table(Box<Table>),
    /// TT: the hidden table of a table type.
    TypeTable(Box<Table>),
    /// V, P, FN, IF, TF, AF, PC, FS, FT, R, and D without a parent.
    Module(Box<Module>),
    /// TR.
    Trigger(Box<Trigger>),
    /// PK, UQ.
    Key(KeyConstraint),
    /// F.
    ForeignKey(ForeignKey),
    /// C.
    Check(Check),
    /// D with a parent.
    Default {
        /// Column of the parent.
        column_id: i32,
        /// Normalised text with its outer parentheses.
        definition: String,
        /// Name given by the system.
        is_system_named: bool,
    },
    /// EC.
    Edge(EdgeConstraint),
    /// SO.
    Sequence(Box<Sequence>),
    /// SN.
    Synonym(Synonym),
    /// SQ.
    Queue(Queue),
    /// SP.
    SecurityPolicy(SecurityPolicy),
}

impl Object {
    /// `type` (two characters) and `type_desc`.
    pub fn type_code(&self) -> (&'static str, &'static str) {
        match &self.detail {
            ObjectDetail::Table(_) => ("U ", "USER_TABLE"),
            ObjectDetail::TypeTable(_) => ("TT", "TYPE_TABLE"),
            ObjectDetail::Module(module) => module.kind.type_code(),
            ObjectDetail::Trigger(trigger) if trigger.module.clr.is_some() => ("TA", "CLR_TRIGGER"),
            ObjectDetail::Trigger(_) => ("TR", "SQL_TRIGGER"),
            ObjectDetail::Key(KeyConstraint { kind: KeyKind::PrimaryKey, .. }) => ("PK", "PRIMARY_KEY_CONSTRAINT"),
            ObjectDetail::Key(_) => ("UQ", "UNIQUE_CONSTRAINT"),
            ObjectDetail::ForeignKey(_) => ("F ", "FOREIGN_KEY_CONSTRAINT"),
            ObjectDetail::Check(_) => ("C ", "CHECK_CONSTRAINT"),
            ObjectDetail::Default { .. } => ("D ", "DEFAULT_CONSTRAINT"),
            ObjectDetail::Edge(_) => ("EC", "EDGE_CONSTRAINT"),
            ObjectDetail::Sequence(_) => ("SO", "SEQUENCE_OBJECT"),
            ObjectDetail::Synonym(_) => ("SN", "SYNONYM"),
            ObjectDetail::Queue(_) => ("SQ", "SERVICE_QUEUE"),
            ObjectDetail::SecurityPolicy(_) => ("SP", "SECURITY_POLICY"),
        }
    }

    /// The table, of a user table or a table type.
    pub fn table(&self) -> Option<&Table> {
        match &self.detail {
            ObjectDetail::Table(table) | ObjectDetail::TypeTable(table) => Some(table),
            _ => None,
        }
    }

    /// The table, to change it.
    pub fn table_mut(&mut self) -> Option<&mut Table> {
        match &mut self.detail {
            ObjectDetail::Table(table) | ObjectDetail::TypeTable(table) => Some(table),
            _ => None,
        }
    }

    /// The module, a trigger's included.
    pub fn module(&self) -> Option<&Module> {
        match &self.detail {
            ObjectDetail::Module(module) => Some(module),
            ObjectDetail::Trigger(trigger) => Some(&trigger.module),
            _ => None,
        }
    }

    /// The module, to change it.
    pub fn module_mut(&mut self) -> Option<&mut Module> {
        match &mut self.detail {
            ObjectDetail::Module(module) => Some(module),
            ObjectDetail::Trigger(trigger) => Some(&mut trigger.module),
            _ => None,
        }
    }

    /// Whether other objects' names are looked for beside it (constraints and triggers included), i.e. it is in `sys.objects`
    /// under its schema. DDL triggers and type tables are not.
    fn is_named_in_schema(&self) -> bool {
        match &self.detail {
            ObjectDetail::TypeTable(_) => false,
            ObjectDetail::Trigger(trigger) => trigger.scope != TriggerScope::Database,
            _ => true,
        }
    }
}

/// All that a database has besides objects. Copied on write, as a whole.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct Extras {
    pub schemas: Vec<Schema>,
    pub types: Vec<TypeDef>,
    pub xml_collections: Vec<XmlSchemaCollection>,
    pub principals: Vec<Principal>,
    /// Role and member.
    pub role_members: Vec<(i32, i32)>,
    pub permissions: Vec<Permission>,
    pub data_spaces: Vec<DataSpace>,
    pub partition_functions: Vec<PartitionFunction>,
    pub files: Vec<DatabaseFile>,
    pub fulltext_catalogs: Vec<FullTextCatalog>,
    pub stoplists: Vec<FullTextStoplist>,
    pub property_lists: Vec<SearchPropertyList>,
    pub assemblies: Vec<Assembly>,
    pub certificates: Vec<Certificate>,
    /// Symmetric and asymmetric keys, the master key included.
    pub keys: Vec<CryptKey>,
    pub credentials: Vec<Credential>,
    pub column_master_keys: Vec<ColumnMasterKey>,
    pub column_encryption_keys: Vec<ColumnEncryptionKey>,
    pub broker: Broker,
    pub event_notifications: Vec<EventNotification>,
    pub external_data_sources: Vec<ExternalDataSource>,
    pub external_file_formats: Vec<ExternalFileFormat>,
    /// Change tracking: auto cleanup, period, unit (1 minutes, 2 hours, 3 days).
    pub change_tracking: Option<(bool, i32, u8)>,
    /// Columns of `sys.databases`, `sys.database_query_store_options` (prefix `qs.`) and
    /// `sys.database_filestream_options` (prefix `fs.`) where they differ from the default.
    pub options: BTreeMap<String, Value>,
    /// `sys.database_scoped_configurations`: value and value for secondary, by upper-case name, where set.
    pub scoped_configuration: BTreeMap<String, (Value, Option<Value>)>,
    /// Sensitivity classifications: object, column, label, label id, information type, information type id, rank.
    pub sensitivity: Vec<(i32, i32, [Option<String>; 5])>,
}

/// A note of what a change replaced.
#[derive(Clone, Debug)]
pub enum Change {
    /// An object's previous version; none if it was new.
    Object(i32, Option<Arc<Object>>),
    /// Extended properties of a host before the change.
    Properties((u8, i32), Vec<ExtendedProperty>),
    /// Everything else before the change.
    Extras(Arc<Extras>),
}

/// A database.
#[derive(Clone, Debug)]
pub struct Database {
    /// `database_id`.
    pub database_id: i32,
    /// Name.
    pub name: String,
    /// Collation of the database; also of its catalog.
    pub collation: Collation,
    /// Created.
    pub create_date: Moment,
    /// Owner's sid.
    pub owner_sid: Vec<u8>,
    /// master, tempdb, model, msdb.
    pub is_system: bool,
    /// Database that this one is a snapshot of.
    pub source_database_id: Option<i32>,
    /// Service broker's identity.
    pub service_broker_guid: [u8; 16],
    objects: BTreeMap<i32, Arc<Object>>,
    names: HashMap<(i32, String), i32>,
    children: HashMap<i32, BTreeSet<i32>>,
    properties: BTreeMap<(u8, i32), Vec<ExtendedProperty>>,
    extras: Arc<Extras>,
    next_object_id: i32,
    undo: Vec<Change>,
}

impl Database {
    /// A new database with its schemas, principals, files and the permissions that a new database has.
    pub fn new(database_id: i32, name: &str, collation: &str, platform: Platform) -> Self {
        let now = Moment::now();
        Self {
            database_id,
            name: name.to_owned(),
            collation: Arc::from(collation),
            create_date: now,
            owner_sid: vec![1],
            is_system: false,
            source_database_id: None,
            service_broker_guid: *uuid::Uuid::new_v4().as_bytes(),
            objects: BTreeMap::new(),
            names: HashMap::new(),
            children: HashMap::new(),
            properties: BTreeMap::new(),
            extras: Arc::new(initial_extras(name, platform, now)),
            next_object_id: 245_575_913,
            undo: Vec::new(),
        }
    }

    /// A copy under another id and name, as CREATE DATABASE … AS SNAPSHOT OF makes it.
    pub fn copy_as(&self, database_id: i32, name: &str) -> Self {
        let mut copy = self.clone();
        copy.database_id = database_id;
        copy.name = name.to_owned();
        copy.create_date = Moment::now();
        copy.undo.clear();
        copy
    }

    /// Folds a name for comparison under this database's collation.
    pub fn key(&self, name: &str) -> String {
        fold_name(name, &self.collation)
    }

    /// Whether two names are the same under this database's collation.
    pub fn same_name(&self, a: &str, b: &str) -> bool {
        a == b || self.key(a) == self.key(b)
    }

    /// Object by id.
    pub fn object(&self, object_id: i32) -> Option<&Arc<Object>> {
        self.objects.get(&object_id)
    }

    /// Table by id.
    pub fn table(&self, object_id: i32) -> Option<&Table> {
        self.object(object_id)?.table()
    }

    /// All objects, by id.
    pub fn objects(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.objects.values()
    }

    /// Objects whose parent is `object_id` (constraints, triggers), by id, i.e. in order of creation.
    pub fn children(&self, object_id: i32) -> impl Iterator<Item = &Arc<Object>> {
        self.children.get(&object_id).into_iter().flatten().filter_map(|id| self.objects.get(id))
    }

    /// Object by schema and name.
    pub fn find(&self, schema_id: i32, name: &str) -> Option<&Arc<Object>> {
        self.objects.get(self.names.get(&(schema_id, self.key(name)))?)
    }

    /// Object by name, with or without a schema: without one, in `default_schema` and then in dbo.
    pub fn resolve(&self, schema: Option<&str>, name: &str, default_schema: i32) -> Option<&Arc<Object>> {
        match schema {
            Some(schema) => self.find(self.schema_id(schema)?, name),
            None => self.find(default_schema, name).or_else(|| self.find(1, name)),
        }
    }

    /// A new object id. Ids grow, so that their order is that of creation.
    pub fn new_object_id(&mut self) -> i32 {
        self.next_object_id += 16;
        self.next_object_id
    }

    /// Adds an object, or puts a new version in the place of the old one.
    pub fn put(&mut self, object: Object) {
        self.put_arc(Arc::new(object));
    }

    fn put_arc(&mut self, object: Arc<Object>) {
        let id = object.object_id;
        let before = self.detach(id);
        self.undo.push(Change::Object(id, before));
        self.attach(object);
    }

    fn attach(&mut self, object: Arc<Object>) {
        if object.is_named_in_schema() {
            self.names.insert((object.schema_id, self.key(&object.name)), object.object_id);
        }
        if object.parent_object_id != 0 {
            self.children.entry(object.parent_object_id).or_default().insert(object.object_id);
        }
        self.objects.insert(object.object_id, object);
    }

    fn detach(&mut self, object_id: i32) -> Option<Arc<Object>> {
        let object = self.objects.remove(&object_id)?;
        let key = (object.schema_id, self.key(&object.name));
        if self.names.get(&key) == Some(&object_id) {
            self.names.remove(&key);
        }
        if let Some(children) = self.children.get_mut(&object.parent_object_id) {
            children.remove(&object_id);
        }
        Some(object)
    }

    /// Changes an object in place (its name, schema and parent may change too). False if there is none.
    pub fn change(&mut self, object_id: i32, change: impl FnOnce(&mut Object)) -> bool {
        let Some(before) = self.objects.get(&object_id) else { return false };
        let mut object = Object::clone(before);
        change(&mut object);
        object.object_id = object_id;
        object.modify_date = Moment::now();
        self.put(object);
        true
    }

    /// Removes an object with its children, their extended properties and permissions.
    pub fn remove(&mut self, object_id: i32) {
        let children: Vec<i32> = self.children.get(&object_id).into_iter().flatten().copied().collect();
        for child in children {
            self.remove(child);
        }
        let before = self.detach(object_id);
        self.children.remove(&object_id);
        if before.is_some() {
            self.undo.push(Change::Object(object_id, before));
        }
        for class in [1_u8, 2, 7] {
            self.set_properties((class, object_id), Vec::new());
        }
        if self.extras.permissions.iter().any(|permission| permission.class == 1 && permission.major_id == object_id) {
            self.extras_mut()
                .permissions
                .retain(|permission| permission.class != 1 || permission.major_id != object_id);
        }
    }

    /// Advances an identity or sequence outside of any transaction: no note is taken.
    pub fn advance(&mut self, object_id: i32, change: impl FnOnce(&mut Object)) {
        if let Some(object) = self.objects.get_mut(&object_id) {
            change(Arc::make_mut(object));
        }
    }

    /// Extended properties of all hosts, by class and id.
    pub fn properties(&self) -> impl Iterator<Item = &ExtendedProperty> {
        self.properties.values().flatten()
    }

    /// Extended properties of a host and of its columns, indexes or parameters.
    pub fn properties_of(&self, class: u8, major_id: i32) -> &[ExtendedProperty] {
        self.properties.get(&(class, major_id)).map_or(&[], Vec::as_slice)
    }

    /// Replaces the extended properties of a host.
    pub fn set_properties(&mut self, host: (u8, i32), properties: Vec<ExtendedProperty>) {
        let before = if properties.is_empty() {
            self.properties.remove(&host)
        } else {
            self.properties.insert(host, properties)
        };
        if before.is_some() || self.properties.contains_key(&host) {
            self.undo.push(Change::Properties(host, before.unwrap_or_default()));
        }
    }

    /// Everything besides objects and extended properties.
    pub fn extras(&self) -> &Extras {
        &self.extras
    }

    /// Everything besides objects and extended properties, to change it.
    pub fn extras_mut(&mut self) -> &mut Extras {
        self.undo.push(Change::Extras(Arc::clone(&self.extras)));
        Arc::make_mut(&mut self.extras)
    }

    /// Notes of all changes since the last call, oldest first. Whoever does not roll back drops them.
    pub fn take_undo(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.undo)
    }

    /// Undoes changes, newest first.
    pub fn revert(&mut self, changes: Vec<Change>) {
        for change in changes.into_iter().rev() {
            match change {
                Change::Object(id, before) => {
                    self.detach(id);
                    if let Some(object) = before {
                        self.attach(object);
                    }
                }
                Change::Properties(host, before) if before.is_empty() => {
                    self.properties.remove(&host);
                }
                Change::Properties(host, before) => {
                    self.properties.insert(host, before);
                }
                Change::Extras(before) => self.extras = before,
            }
        }
    }

    /// Rebuilds the index of names, after a change of collation.
    pub fn reindex(&mut self) {
        let objects: Vec<Arc<Object>> = std::mem::take(&mut self.objects).into_values().collect();
        self.names.clear();
        self.children.clear();
        for object in objects {
            self.attach(object);
        }
    }

    /// Schema by name.
    pub fn schema_id(&self, name: &str) -> Option<i32> {
        let key = self.key(name);
        self.extras.schemas.iter().find(|schema| self.key(&schema.name) == key).map(|schema| schema.schema_id)
    }

    /// Schema's name.
    pub fn schema_name(&self, schema_id: i32) -> Option<&str> {
        self.extras.schemas.iter().find(|schema| schema.schema_id == schema_id).map(|schema| schema.name.as_str())
    }

    /// Principal by name.
    pub fn principal(&self, name: &str) -> Option<&Principal> {
        let key = self.key(name);
        self.extras.principals.iter().find(|principal| self.key(&principal.name) == key)
    }

    /// Principal by id.
    pub fn principal_by_id(&self, id: i32) -> Option<&Principal> {
        self.extras.principals.iter().find(|principal| principal.principal_id == id)
    }

    /// The user's type by schema and name.
    pub fn user_type(&self, schema_id: i32, name: &str) -> Option<&TypeDef> {
        let key = self.key(name);
        self.extras.types.iter().find(|def| def.schema_id == schema_id && self.key(&def.name) == key)
    }

    /// The user's type by id.
    pub fn user_type_by_id(&self, id: i32) -> Option<&TypeDef> {
        self.extras.types.iter().find(|def| def.user_type_id == id)
    }

    /// The hidden table of a table type by schema and name.
    pub fn table_type(&self, schema_id: i32, name: &str) -> Option<(&TypeDef, &Table)> {
        let def = self.user_type(schema_id, name)?;
        match def.kind {
            TypeKind::Table { type_table_object_id, .. } => Some((def, self.table(type_table_object_id)?)),
            _ => None,
        }
    }

    /// Data space by name.
    pub fn data_space(&self, name: &str) -> Option<&DataSpace> {
        let key = self.key(name);
        self.extras.data_spaces.iter().find(|space| self.key(&space.name) == key)
    }

    /// Data space by id.
    pub fn data_space_by_id(&self, id: i32) -> Option<&DataSpace> {
        self.extras.data_spaces.iter().find(|space| space.id == id)
    }

    /// The default filegroup for rows.
    pub fn default_filegroup(&self) -> i32 {
        self.extras
            .data_spaces
            .iter()
            .find(|space| space.is_default && space.kind == DataSpaceKind::Rows)
            .map_or(1, |space| space.id)
    }

    /// Number of partitions of whatever lies in a data space.
    pub fn partition_count(&self, data_space_id: i32) -> i32 {
        match self.data_space_by_id(data_space_id).map(|space| &space.kind) {
            Some(DataSpaceKind::PartitionScheme { function_id, .. }) => self
                .extras
                .partition_functions
                .iter()
                .find(|function| function.id == *function_id)
                .map_or(1, |function| function.boundaries.len() as i32 + 1),
            _ => 1,
        }
    }

    /// An option of `sys.databases` that was set, by the column's name.
    pub fn option(&self, name: &str) -> Option<&Value> {
        self.extras.options.get(name)
    }

    /// Whether a bit option is on; `default` where it was not set.
    pub fn is_on(&self, name: &str, default: bool) -> bool {
        match self.option(name) {
            Some(Value::Bit(on)) => *on,
            Some(Value::TinyInt(n)) => *n != 0,
            Some(Value::Int(n)) => *n != 0,
            _ => default,
        }
    }
}

/// One more than the highest of `ids`, at least `from`.
pub fn next_id(ids: impl Iterator<Item = i32>, from: i32) -> i32 {
    ids.max().map_or(from, |id| (id + 1).max(from))
}

fn initial_extras(name: &str, platform: Platform, now: Moment) -> Extras {
    let fixed = [
        (16384, "db_owner"),
        (16385, "db_accessadmin"),
        (16386, "db_securityadmin"),
        (16387, "db_ddladmin"),
        (16389, "db_backupoperator"),
        (16390, "db_datareader"),
        (16391, "db_datawriter"),
        (16392, "db_denydatareader"),
        (16393, "db_denydatawriter"),
    ];
    let principal = |id: i32, name: &str, kind, default_schema: Option<&str>, sid: Vec<u8>, owner_id| Principal {
        principal_id: id,
        name: name.to_owned(),
        kind,
        default_schema: default_schema.map(str::to_owned),
        sid,
        owner_id,
        default_language: None,
        allow_encrypted_value_modifications: false,
        create_date: now,
    };
    let mut principals = vec![
        principal(0, "public", PrincipalKind::Role { is_fixed: false }, None, role_sid(0), Some(1)),
        principal(1, "dbo", PrincipalKind::SqlUser, Some("dbo"), vec![1], None),
        principal(2, "guest", PrincipalKind::WithoutLogin, Some("guest"), vec![0], None),
        principal(3, "INFORMATION_SCHEMA", PrincipalKind::WithoutLogin, None, Vec::new(), None),
        principal(4, "sys", PrincipalKind::WithoutLogin, None, Vec::new(), None),
    ];
    let mut schemas = vec![
        Schema { schema_id: 1, name: "dbo".to_owned(), principal_id: 1 },
        Schema { schema_id: 2, name: "guest".to_owned(), principal_id: 2 },
        Schema { schema_id: 3, name: "INFORMATION_SCHEMA".to_owned(), principal_id: 3 },
        Schema { schema_id: 4, name: "sys".to_owned(), principal_id: 4 },
    ];
    for (id, name) in fixed {
        principals.push(principal(id, name, PrincipalKind::Role { is_fixed: true }, None, role_sid(id), Some(1)));
        schemas.push(Schema { schema_id: id, name: name.to_owned(), principal_id: id });
    }
    let grant = |name: &str, grantee_id| Permission {
        class: 0,
        major_id: 0,
        minor_id: 0,
        grantee_id,
        grantor_id: 1,
        name: name.to_owned(),
        state: super::PermissionState::Grant,
    };
    let mut permissions = vec![grant("CONNECT", 1)];
    if platform.level() >= 130 {
        permissions.push(grant("VIEW ANY COLUMN ENCRYPTION KEY DEFINITION", 0));
        permissions.push(grant("VIEW ANY COLUMN MASTER KEY DEFINITION", 0));
    }
    let file = |file_id, kind, data_space_id, logical: String, physical: String, size| DatabaseFile {
        file_id,
        kind,
        data_space_id,
        name: logical,
        physical_name: physical,
        size,
        max_size: if kind == 1 { 268_435_456 } else { -1 },
        growth: 8192,
        is_percent_growth: false,
    };
    Extras {
        schemas,
        principals,
        role_members: vec![(16384, 1)],
        permissions,
        data_spaces: vec![DataSpace {
            id: 1,
            name: "PRIMARY".to_owned(),
            kind: DataSpaceKind::Rows,
            is_default: true,
            is_read_only: false,
        }],
        files: vec![
            file(1, 0, 1, name.to_owned(), format!("/var/opt/mssql/data/{name}.mdf"), 1024),
            file(2, 1, 0, format!("{name}_log"), format!("/var/opt/mssql/data/{name}_log.ldf"), 1024),
        ],
        ..Extras::default()
    }
}

/// Sid of a role, as SQL Server derives it from the id.
pub(crate) fn role_sid(id: i32) -> Vec<u8> {
    let mut sid = vec![1, 5, 0, 0, 0, 0, 0, 9, 4, 0, 0, 0];
    sid.extend([0; 12]);
    sid.extend(id.to_le_bytes());
    sid
}
