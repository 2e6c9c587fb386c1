//! The state of the emulated server: databases with everything their catalogs tell, logins, configuration.
//!
//! This module holds the *definition* of things and how they are found by id and by name. It never holds rows of
//! user tables (see the storage of the query side, keyed by database id and object id), knows no SQL and does no I/O.
//!
//! All changes to a [`Database`] go through its methods, which note the previous version of what they replace;
//! [`Database::take_undo`] hands the notes to the session's transaction and [`Database::revert`] plays them back.

mod database;
mod module;
mod platform;
mod principal;
mod server;
mod session;
mod space;
mod table;
mod types;

pub use database::next_id;
pub use database::{Change, Database, Extras, Object, ObjectDetail, Schema};
pub use module::{
    ClrMethod, ExecuteAs, Module, ModuleKind, Parameter, Sequence, Synonym, Trigger, TriggerEvent, TriggerScope,
    TriggerTiming, Variant,
};
pub use platform::Platform;
pub use principal::{Login, Password, Permission, PermissionState, Principal, PrincipalKind};
pub use server::Server;
pub use session::SessionInfo;
pub use space::{
    Assembly, Broker, BrokerPriority, Certificate, ColumnEncryptionKey, ColumnMasterKey, Contract, Credential,
    CryptKey, DataSpace, DataSpaceKind, DatabaseFile, EventNotification, ExtendedProperty, ExternalDataSource,
    ExternalFileFormat, FullTextCatalog, FullTextStoplist, MessageType, PartitionFunction, Queue, RemoteBinding, Route,
    SearchProperty, SearchPropertyList, SecurityPolicy, SecurityPredicate, Service,
};
pub use table::{
    Check, Column, ColumnEncryption, Compression, Computed, EdgeConstraint, ForeignKey, FullTextColumn, FullTextIndex,
    GeneratedAlways, GraphColumn, Identity, Index, IndexColumn, IndexKind, KeyConstraint, KeyKind, ReferentialAction,
    SelectiveXml, Spatial, Statistics, Table, Temporal, XmlBinding, XmlIndex,
};
pub use types::{SystemType, TypeDef, TypeKind, XmlSchemaCollection, system_types};

/// A moment as `datetime` holds it: days since 1900-01-01 and ticks of 1/300 s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Days since 1900-01-01.
    pub days: i32,
    /// Ticks of 1/300 s since midnight.
    pub ticks: u32,
}

impl Moment {
    /// The present moment, in UTC.
    pub fn now() -> Self {
        let millis = jiff::Timestamp::now().as_millisecond();
        let days = millis.div_euclid(86_400_000);
        let rest = millis.rem_euclid(86_400_000);
        Self { days: i32::try_from(days + 25_567).unwrap_or(0), ticks: u32::try_from(rest * 3 / 10).unwrap_or(0) }
    }

    /// As a value of type `datetime`.
    pub fn value(self) -> crate::value::Value {
        crate::value::Value::DateTime { days: self.days, ticks: self.ticks }
    }
}

/// Folds `name` for comparison under `collation`: case-insensitive collations compare upper-cased names.
pub fn fold_name(name: &str, collation: &str) -> String {
    let name = name.trim_end_matches(' ');
    if is_case_sensitive(collation) { name.to_owned() } else { name.chars().flat_map(char::to_uppercase).collect() }
}

/// Whether a collation tells upper from lower case (`_CS_`, `_BIN`, `_BIN2`).
pub fn is_case_sensitive(collation: &str) -> bool {
    let upper = collation.to_ascii_uppercase();
    upper.split('_').any(|part| part == "CS" || part == "BIN" || part == "BIN2")
}
