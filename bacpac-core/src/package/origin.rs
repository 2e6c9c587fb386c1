//! `Origin.xml`: where a package comes from, which versions it needs, and the checksum of its model.

use super::part;
use super::xml::{self, DAC_NAMESPACE, LineEnds, Node, Writer};
use crate::error::{Error, ErrorKind, Result};
use crate::ident::ObjectName;
use std::collections::BTreeMap;
use std::fmt;

/// The newest package version this library knows; newer minor versions are read too.
const PACKAGE_VERSION: Version = Version([3, 2, 0, 0]);
/// The version of the data streams this library reads and writes: native rows.
const DATA_VERSION: Version = Version([2, 0, 0, 0]);
const DATA_STREAM: &str = "Data";

/// A version of four numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub [u32; 4]);

impl Version {
    /// Parses one to four numbers with dots between them.
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = [0; 4];
        let mut parts = text.trim().split('.');
        for (i, number) in numbers.iter_mut().enumerate() {
            match parts.next() {
                Some(part) if part.bytes().all(|b| b.is_ascii_digit()) => *number = part.parse().ok()?,
                None if i > 0 => break,
                _ => return None,
            }
        }
        parts.next().is_none().then_some(Self(numbers))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.0;
        write!(f, "{a}.{b}.{c}.{d}")
    }
}

/// The version of one kind of stream in the package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamVersion {
    /// `Data` or `DeploymentContributors`.
    pub stream: String,
    /// Its version.
    pub version: Version,
}

/// The operation that made the package. All of it is free text to readers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Operation {
    /// A GUID.
    pub identity: String,
    /// Start, with seven decimals and an offset.
    pub start: String,
    /// End; `0001-01-01T00:00:00.0000000` in every export.
    pub end: String,
    /// The product, as an assembly name.
    pub product_name: String,
    /// Its version.
    pub product_version: String,
    /// A namespace.
    pub product_schema: String,
}

impl Operation {
    /// An operation of this library.
    pub fn new(identity: uuid::Uuid, start: &jiff::Zoned) -> Self {
        let version = concat!(env!("CARGO_PKG_VERSION"), ".0");
        Self {
            identity: identity.to_string(),
            start: date_time(start),
            end: "0001-01-01T00:00:00.0000000".into(),
            product_name: format!("bacpac, Version={version}, Culture=neutral, PublicKeyToken=null"),
            product_version: version.into(),
            product_schema: DAC_NAMESPACE.into(),
        }
    }
}

/// `2022-04-13T11:26:18.6018244+02:00`, as .NET writes a local time.
fn date_time(time: &jiff::Zoned) -> String {
    let seconds = time.offset().seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    format!(
        "{}.{:07}{sign}{:02}:{:02}",
        time.strftime("%Y-%m-%dT%H:%M:%S"),
        time.subsec_nanosecond() / 100,
        minutes / 60,
        minutes % 60
    )
}

/// How many elements of each kind the model has, at any depth, by DacFx's rule: the class without `Sql`, and not the
/// classes that are mere specifications.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectCounts(pub BTreeMap<String, u64>);

impl ObjectCounts {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one element of `class`, e.g. `SqlSimpleColumn`. Call it for every element, nested ones too.
    pub fn add(&mut self, class: &str) {
        const NOT_COUNTED: [&str; 5] = [
            "TypeSpecifier",
            "XmlTypeSpecifier",
            "IndexedColumnSpecification",
            "DynamicColumnSource",
            "TriggerEventTypeSpecifier",
        ];
        let kind = class.strip_prefix("Sql").unwrap_or(class);
        let is_name =
            kind.starts_with(|c: char| c.is_ascii_alphabetic()) && kind.bytes().all(|b| b.is_ascii_alphanumeric());
        if !is_name || NOT_COUNTED.contains(&kind) {
            return;
        }
        match self.0.get_mut(kind) {
            Some(n) => *n += 1,
            None => drop(self.0.insert(kind.to_owned(), 1)),
        }
    }
}

/// The checksum of a part: SHA-256 of its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checksum {
    /// Part name, e.g. `/model.xml`.
    pub uri: String,
    /// 64 hex digits, upper case when written.
    pub sha256: String,
}

/// What `Origin.xml` says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Origin {
    /// Version of the package format.
    pub version: Version,
    /// Whether it is a `.bacpac` (true) or a `.dacpac`; the presence of data parts does not decide it.
    pub contains_exported_data: bool,
    /// Versions of its streams.
    pub stream_versions: Vec<StreamVersion>,
    /// The operation that made it.
    pub operation: Option<Operation>,
    /// `@@VERSION` of the source. Line ends are LF here, whatever the file has.
    pub server_version: Option<String>,
    /// Elements of the model by kind.
    pub object_counts: Option<ObjectCounts>,
    /// Size of the source in KB.
    pub source_database_size: Option<u64>,
    /// Rows in all tables. Some exporters leave out tables without a clustered index.
    pub table_row_count: Option<u64>,
    /// Checksums; only `/model.xml` has one.
    pub checksums: Vec<Checksum>,
    /// The model's `SchemaVersion`.
    pub model_schema_version: Option<String>,
    /// All tables, `schema.table`, with commas between them.
    pub data_phase_tables: Option<String>,
}

impl Origin {
    /// The origin of an export (a `.bacpac`) or, without data, of a `.dacpac`; statistics and checksum come later.
    pub fn new(contains_exported_data: bool) -> Self {
        Self {
            version: Version([3, u32::from(contains_exported_data), 0, 0]),
            contains_exported_data,
            stream_versions: vec![
                StreamVersion { stream: DATA_STREAM.into(), version: DATA_VERSION },
                StreamVersion { stream: "DeploymentContributors".into(), version: Version([1, 0, 0, 0]) },
            ],
            operation: None,
            server_version: None,
            object_counts: None,
            source_database_size: None,
            table_row_count: None,
            checksums: Vec::new(),
            model_schema_version: None,
            data_phase_tables: None,
        }
    }

    /// Records the SHA-256 of the model.
    pub fn set_model_checksum(&mut self, sha256: &[u8; 32]) {
        let sha256 = sha256.iter().map(|byte| format!("{byte:02X}")).collect();
        self.checksums.retain(|c| !is_model(&c.uri));
        self.checksums.insert(0, Checksum { uri: format!("/{}", part::MODEL), sha256 });
    }

    /// Lists the model's tables, with or without rows, in the catalog's order.
    pub fn set_data_phase_tables<'a>(&mut self, tables: impl IntoIterator<Item = &'a ObjectName>) {
        let list: Vec<_> = tables.into_iter().map(|t| format!("{}.{}", t.schema, t.name)).collect();
        self.data_phase_tables = (!list.is_empty()).then(|| list.join(","));
    }

    /// The recorded SHA-256 of the model, as written.
    pub fn model_checksum(&self) -> Option<&str> {
        self.checksums.iter().find(|c| is_model(&c.uri)).map(|c| c.sha256.as_str())
    }

    /// Compares the model's SHA-256 with the one recorded.
    pub fn check_model(&self, sha256: &[u8; 32]) -> Result<()> {
        let actual: String = sha256.iter().map(|byte| format!("{byte:02X}")).collect();
        let fail = |message: String| {
            Err(Error::new(ErrorKind::Checksum, message)
                .with_context(|c| c.part = Some(format!("/{}", part::MODEL)))
                .with_help("The model was changed after the package was made. Get the package again, or export anew."))
        };
        match self.model_checksum() {
            Some(recorded) if recorded.eq_ignore_ascii_case(&actual) => Ok(()),
            Some(recorded) => {
                let recorded: String = recorded.chars().take(64).collect();
                fail(format!("model.xml has the checksum {actual}, Origin.xml says {recorded}"))
            }
            None => fail("Origin.xml has no checksum for model.xml".into()),
        }
    }

    /// Whether this library can read a package of these versions; if not, says which version it needs.
    pub fn check_versions(&self) -> Result<()> {
        let refuse = |message: String, help: &'static str| {
            Err(Error::new(ErrorKind::UnsupportedVersion, message)
                .with_context(|c| c.part = Some(format!("/{}", part::ORIGIN)))
                .with_help(help))
        };
        if self.version.0[0] > PACKAGE_VERSION.0[0] {
            return refuse(
                format!("the package is of version {}; up to {} can be read", self.version, PACKAGE_VERSION),
                "Use a newer release of this library, or export the database with an older tool.",
            );
        }
        let data = self.stream_versions.iter().find(|s| s.stream.eq_ignore_ascii_case(DATA_STREAM));
        match data {
            Some(data) if data.version > DATA_VERSION => refuse(
                format!("the package's data streams are of version {}; {DATA_VERSION} is needed", data.version),
                "Use a newer release of this library, or export the database with an older tool.",
            ),
            Some(data) if data.version < DATA_VERSION && self.contains_exported_data => refuse(
                format!(
                    "the package's data streams are of version {}, the JSON form of old exports; {DATA_VERSION} is needed",
                    data.version
                ),
                "Import it with the tool that made it, then export the database anew.",
            ),
            _ => Ok(()),
        }
    }

    /// Parses the part. Only the package properties are required; what is unknown is passed over.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let root = xml::parse(bytes, part::ORIGIN, "DacOrigin")?;
        let missing = |what: &str| {
            Error::new(ErrorKind::Package, format!("Origin.xml has no usable {what}"))
                .with_context(|c| c.part = Some(format!("/{}", part::ORIGIN)))
        };
        let properties = root.child("PackageProperties").ok_or_else(|| missing("PackageProperties"))?;
        let version = properties.child_text("Version").and_then(Version::parse).ok_or_else(|| missing("Version"))?;
        let contains = match properties.child_text("ContainsExportedData") {
            Some(text) if text.eq_ignore_ascii_case("true") || text == "1" => true,
            Some(text) if text.eq_ignore_ascii_case("false") || text == "0" => false,
            Some(_) => return Err(missing("ContainsExportedData")),
            None => false,
        };
        let mut origin = Self::new(contains);
        origin.version = version;
        origin.stream_versions.clear();
        for stream in properties.child("StreamVersions").map(|s| s.children.as_slice()).unwrap_or_default() {
            let name = stream.attribute("StreamName").unwrap_or_default().to_owned();
            let version = Version::parse(&stream.text).ok_or_else(|| missing("stream version"))?;
            origin.stream_versions.push(StreamVersion { stream: name, version });
        }
        origin.operation = root.child("Operation").map(operation);
        if let Some(server) = root.child("Server") {
            origin.server_version = server.child("ServerVersion").map(|v| v.text.clone());
            origin.object_counts = server.child("ObjectCounts").map(|counts| {
                let count = |c: &Node| Some((c.name.clone(), c.text.trim().parse().ok()?));
                ObjectCounts(counts.children.iter().filter_map(count).collect())
            });
        }
        if let Some(statistics) = root.child("ExportStatistics") {
            let number = |name| statistics.child_text(name).and_then(|n| n.parse().ok());
            origin.source_database_size = number("SourceDatabaseSize");
            origin.table_row_count = number("TableRowCountTotalTag");
        }
        for checksum in root.child("Checksums").map(|c| c.children.as_slice()).unwrap_or_default() {
            let uri = checksum.attribute("Uri").unwrap_or_default().to_owned();
            origin.checksums.push(Checksum { uri, sha256: checksum.text.trim().to_owned() });
        }
        origin.model_schema_version = root.child_text("ModelSchemaVersion").map(str::to_owned);
        origin.data_phase_tables = root.child("DataPhaseTables").map(|t| t.text.clone());
        Ok(origin)
    }

    /// The part, as DacFx writes it.
    pub fn to_xml(&self, ends: LineEnds) -> Vec<u8> {
        let mut w = Writer::new("DacOrigin", ends);
        w.start("PackageProperties");
        w.text("Version", &self.version.to_string());
        w.text("ContainsExportedData", if self.contains_exported_data { "true" } else { "false" });
        w.start("StreamVersions");
        for stream in &self.stream_versions {
            w.attributed("Version", Some(("StreamName", &stream.stream)), &stream.version.to_string());
        }
        w.end();
        w.end();
        if let Some(operation) = &self.operation {
            w.start("Operation");
            w.text("Identity", &operation.identity);
            w.text("Start", &operation.start);
            w.text("End", &operation.end);
            w.text("ProductName", &operation.product_name);
            w.text("ProductVersion", &operation.product_version);
            w.text("ProductSchema", &operation.product_schema);
            w.end();
        }
        if self.server_version.is_some() || self.object_counts.is_some() {
            w.start("Server");
            if let Some(version) = &self.server_version {
                w.text("ServerVersion", version);
            }
            if let Some(counts) = &self.object_counts {
                w.start("ObjectCounts");
                for (kind, n) in &counts.0 {
                    w.text(kind, &n.to_string());
                }
                w.end();
            }
            w.end();
        }
        if self.source_database_size.is_some() || self.table_row_count.is_some() {
            w.start("ExportStatistics");
            if let Some(n) = self.source_database_size {
                w.text("SourceDatabaseSize", &n.to_string());
            }
            if let Some(n) = self.table_row_count {
                w.text("TableRowCountTotalTag", &n.to_string());
            }
            w.end();
        }
        w.start("Checksums");
        for checksum in &self.checksums {
            w.attributed("Checksum", Some(("Uri", &checksum.uri)), &checksum.sha256.to_ascii_uppercase());
        }
        w.end();
        if let Some(version) = &self.model_schema_version {
            w.text("ModelSchemaVersion", version);
        }
        if let Some(tables) = &self.data_phase_tables {
            w.text("DataPhaseTables", tables);
        }
        w.finish()
    }
}

fn operation(node: &Node) -> Operation {
    let text = |name| node.child_text(name).unwrap_or_default().to_owned();
    Operation {
        identity: text("Identity"),
        start: text("Start"),
        end: text("End"),
        product_name: text("ProductName"),
        product_version: text("ProductVersion"),
        product_schema: text("ProductSchema"),
    }
}

fn is_model(uri: &str) -> bool {
    uri.strip_prefix('/').unwrap_or(uri).eq_ignore_ascii_case(part::MODEL)
}

#[cfg(test)]
mod tests;
