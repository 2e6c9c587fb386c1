//! The things a database has besides its objects: storage, keys, full text, service broker, external data, properties.

use super::Moment;
use super::module::{ExecuteAs, Variant};
use crate::value::DataType;

/// A filegroup or partition scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataSpace {
    /// `data_space_id`; filegroups from 1 (PRIMARY), schemes from 65601.
    pub id: i32,
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: DataSpaceKind,
    /// Default of its kind.
    pub is_default: bool,
    /// READ_ONLY.
    pub is_read_only: bool,
}

/// Kind of data space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataSpaceKind {
    /// FG.
    Rows,
    /// FD.
    FileStream,
    /// FX.
    MemoryOptimized,
    /// PS.
    PartitionScheme {
        /// Function.
        function_id: i32,
        /// Filegroup of every partition, in order; one more is NEXT USED.
        destinations: Vec<i32>,
    },
}

/// A partition function.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionFunction {
    /// From 65536.
    pub id: i32,
    /// Name.
    pub name: String,
    /// Type of its parameter.
    pub data_type: DataType,
    /// RANGE RIGHT.
    pub is_right: bool,
    /// Boundaries in order, as given and as values of the type.
    pub boundaries: Vec<Variant>,
    /// Created.
    pub create_date: Moment,
}

/// A file of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseFile {
    /// From 1; 2 is the log.
    pub file_id: i32,
    /// 0 rows, 1 log, 2 filestream.
    pub kind: u8,
    /// Filegroup; 0 for the log.
    pub data_space_id: i32,
    /// Logical name.
    pub name: String,
    /// Path.
    pub physical_name: String,
    /// In pages of 8 KB.
    pub size: i32,
    /// -1 unlimited.
    pub max_size: i32,
    /// Pages or percent.
    pub growth: i32,
    /// Growth is percent.
    pub is_percent_growth: bool,
}

/// An extended property.
#[derive(Clone, Debug, PartialEq)]
pub struct ExtendedProperty {
    /// Class of the host.
    pub class: u8,
    /// Its id.
    pub major_id: i32,
    /// Column, index or parameter; 0 if none.
    pub minor_id: i32,
    /// Name.
    pub name: String,
    /// Value; NULL allowed.
    pub value: Variant,
}

/// A full-text catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullTextCatalog {
    /// From 5.
    pub id: i32,
    /// Name.
    pub name: String,
    /// Owner.
    pub principal_id: i32,
    /// AS DEFAULT.
    pub is_default: bool,
    /// ACCENT_SENSITIVITY.
    pub is_accent_sensitive: bool,
}

/// A stoplist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullTextStoplist {
    /// From 5.
    pub id: i32,
    /// Name.
    pub name: String,
    /// Owner.
    pub principal_id: i32,
    /// Word and language.
    pub words: Vec<(String, i32)>,
    /// Created.
    pub create_date: Moment,
}

/// A search property list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchPropertyList {
    /// Id.
    pub id: i32,
    /// Name.
    pub name: String,
    /// Owner.
    pub principal_id: i32,
    /// Properties.
    pub properties: Vec<SearchProperty>,
    /// Created.
    pub create_date: Moment,
}

/// A property of a search property list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchProperty {
    /// Id.
    pub id: i32,
    /// Name.
    pub name: String,
    /// PROPERTY_SET_GUID.
    pub set_guid: String,
    /// PROPERTY_INT_ID.
    pub int_id: i32,
    /// PROPERTY_DESCRIPTION.
    pub description: Option<String>,
}

/// An assembly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assembly {
    /// From 65536.
    pub id: i32,
    /// Name.
    pub name: String,
    /// Owner.
    pub principal_id: i32,
    /// 1 SAFE, 2 EXTERNAL_ACCESS, 3 UNSAFE.
    pub permission_set: u8,
    /// VISIBILITY.
    pub is_visible: bool,
    /// File name and content, the assembly itself first.
    pub files: Vec<(String, Vec<u8>)>,
    /// Created.
    pub create_date: Moment,
}

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Id.
    pub id: i32,
    /// Name.
    pub name: String,
    /// Owner.
    pub principal_id: i32,
    /// `NA`, `MK`, `PW`.
    pub key_encryption: String,
    /// SUBJECT.
    pub subject: String,
    /// START_DATE.
    pub start_date: Moment,
    /// EXPIRY_DATE.
    pub expiry_date: Moment,
    /// ACTIVE FOR BEGIN_DIALOG.
    pub is_active_for_begin_dialog: bool,
    /// Identifier.
    pub sid: Vec<u8>,
    /// Thumbprint.
    pub thumbprint: Vec<u8>,
}

/// A symmetric or asymmetric key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CryptKey {
    /// 101 is the database master key.
    pub id: i32,
    /// Name.
    pub name: String,
    /// Owner.
    pub principal_id: i32,
    /// Asymmetric.
    pub is_asymmetric: bool,
    /// `A3`, `2R` …
    pub algorithm: String,
    /// Its description, e.g. `AES_256`.
    pub algorithm_desc: String,
    /// In bits.
    pub key_length: i32,
    /// `crypt_type` (ESKM, ESKS, ESKP, ESP2, EPUC, EPUA) and the encrypting key's or certificate's id.
    pub encryptions: Vec<(String, i32)>,
    /// Private key of an asymmetric one: `MK`, `PW`, `NA`.
    pub key_encryption: String,
    /// GUID.
    pub guid: [u8; 16],
    /// Created.
    pub create_date: Moment,
}

/// A database (scoped) credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Id.
    pub id: i32,
    /// Name.
    pub name: String,
    /// Owner.
    pub principal_id: i32,
    /// IDENTITY.
    pub identity: String,
    /// Created.
    pub create_date: Moment,
}

/// A column master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnMasterKey {
    /// From 1.
    pub id: i32,
    /// Name.
    pub name: String,
    /// KEY_STORE_PROVIDER_NAME.
    pub provider: String,
    /// KEY_PATH.
    pub path: String,
    /// ENCLAVE_COMPUTATIONS signature.
    pub signature: Option<Vec<u8>>,
    /// Created.
    pub create_date: Moment,
}

/// A column encryption key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnEncryptionKey {
    /// From 1.
    pub id: i32,
    /// Name.
    pub name: String,
    /// Master key, algorithm, encrypted value.
    pub values: Vec<(i32, String, Vec<u8>)>,
    /// Created.
    pub create_date: Moment,
}

/// A row-level security policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityPolicy {
    /// STATE = ON.
    pub is_enabled: bool,
    /// NOT FOR REPLICATION.
    pub is_not_for_replication: bool,
    /// SCHEMABINDING.
    pub is_schema_bound: bool,
    /// Predicates.
    pub predicates: Vec<SecurityPredicate>,
}

/// A predicate of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityPredicate {
    /// From 1.
    pub id: i32,
    /// BLOCK rather than FILTER.
    pub is_block: bool,
    /// Table or view.
    pub target_object_id: i32,
    /// Normalised call.
    pub definition: String,
    /// 1 AFTER INSERT, 2 AFTER UPDATE, 3 BEFORE UPDATE, 4 BEFORE DELETE; none for all.
    pub operation: Option<u8>,
}

/// A service broker message type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageType {
    /// Id.
    pub id: i32,
    /// Name.
    pub name: String,
    /// Owner.
    pub principal_id: i32,
    /// `N`, `E`, `X`, `B`.
    pub validation: char,
    /// VALID_XML WITH SCHEMA COLLECTION.
    pub xml_collection_id: Option<i32>,
}

/// A contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// Id.
    pub id: i32,
    /// Name.
    pub name: String,
    /// Owner.
    pub principal_id: i32,
    /// Message type, sent by initiator, sent by target.
    pub messages: Vec<(i32, bool, bool)>,
}

/// A queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// STATUS.
    pub is_enabled: bool,
    /// RETENTION.
    pub is_retention_enabled: bool,
    /// ACTIVATION (STATUS).
    pub is_activation_enabled: bool,
    /// PROCEDURE_NAME.
    pub activation_procedure: Option<String>,
    /// MAX_QUEUE_READERS.
    pub max_readers: i16,
    /// EXECUTE AS.
    pub execute_as: Option<ExecuteAs>,
    /// POISON_MESSAGE_HANDLING.
    pub is_poison_message_handling_enabled: bool,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Id.
    pub id: i32,
    /// Name.
    pub name: String,
    /// Owner.
    pub principal_id: i32,
    /// Queue.
    pub queue_id: i32,
    /// Contracts.
    pub contracts: Vec<i32>,
}

/// A route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Id.
    pub id: i32,
    /// Name.
    pub name: String,
    /// Owner.
    pub principal_id: i32,
    /// SERVICE_NAME.
    pub service: Option<String>,
    /// BROKER_INSTANCE.
    pub broker_instance: Option<String>,
    /// ADDRESS.
    pub address: Option<String>,
}

/// A remote service binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteBinding {
    /// Id.
    pub id: i32,
    /// Name.
    pub name: String,
    /// Owner.
    pub principal_id: i32,
    /// TO SERVICE.
    pub service: String,
    /// WITH USER.
    pub user_id: i32,
    /// ANONYMOUS.
    pub is_anonymous: bool,
}

/// A broker priority: local and remote service, contract, level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerPriority {
    /// Id.
    pub id: i32,
    /// Name.
    pub name: String,
    /// CONTRACT_NAME.
    pub contract_id: Option<i32>,
    /// LOCAL_SERVICE_NAME.
    pub local_service_id: Option<i32>,
    /// REMOTE_SERVICE_NAME.
    pub remote_service: Option<String>,
    /// PRIORITY_LEVEL.
    pub level: u8,
}

/// Service broker of a database, apart from its queues, which are objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Broker {
    pub message_types: Vec<MessageType>,
    pub contracts: Vec<Contract>,
    pub services: Vec<Service>,
    pub routes: Vec<Route>,
    pub bindings: Vec<RemoteBinding>,
    pub priorities: Vec<BrokerPriority>,
}

/// An event notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventNotification {
    /// Object id.
    pub id: i32,
    /// Name.
    pub name: String,
    /// Queue; none for the database.
    pub queue_id: Option<i32>,
    /// WITH FAN_IN.
    pub fan_in: bool,
    /// Events and groups.
    pub events: Vec<String>,
    /// TO SERVICE.
    pub service: String,
    /// Broker instance.
    pub broker_instance: String,
    /// Created.
    pub create_date: Moment,
}

/// An external data source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalDataSource {
    /// From 65536.
    pub id: i32,
    /// Name.
    pub name: String,
    /// TYPE: 0 HADOOP, 1 RDBMS, 2 SHARD_MAP_MANAGER, 5 BLOB_STORAGE.
    pub kind: u8,
    /// LOCATION.
    pub location: String,
    /// RESOURCE_MANAGER_LOCATION.
    pub resource_manager_location: Option<String>,
    /// CREDENTIAL.
    pub credential_id: i32,
    /// DATABASE_NAME.
    pub database_name: Option<String>,
    /// SHARD_MAP_NAME.
    pub shard_map_name: Option<String>,
}

/// An external file format.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExternalFileFormat {
    /// From 65536.
    pub id: i32,
    /// Name.
    pub name: String,
    /// Options by upper-case name.
    pub options: Vec<(String, String)>,
}
