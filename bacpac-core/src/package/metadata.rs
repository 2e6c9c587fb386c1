//! `DacMetadata.xml`: name and version of the database.

use super::part;
use super::xml::{self, LineEnds, Writer};
use crate::error::Result;

/// Name, version and description of what was packaged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DacMetadata {
    /// Name of the database.
    pub name: String,
    /// Version; an export has `0.0.0.0`.
    pub version: String,
    /// Description, where there is one.
    pub description: Option<String>,
}

impl DacMetadata {
    /// The metadata of an export of the database `name`.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), version: "0.0.0.0".into(), description: None }
    }

    /// Parses the part.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let root = xml::parse(bytes, part::METADATA, "DacType")?;
        Ok(Self {
            name: root.child("Name").map(|n| n.text.clone()).unwrap_or_default(),
            version: root.child_text("Version").unwrap_or_default().to_owned(),
            description: root.child("Description").map(|d| d.text.clone()),
        })
    }

    /// The part, as DacFx writes it.
    pub fn to_xml(&self, ends: LineEnds) -> Vec<u8> {
        let mut writer = Writer::new("DacType", ends);
        writer.text("Name", &self.name);
        writer.text("Version", &self.version);
        if let Some(description) = self.description.as_deref().filter(|d| !d.is_empty()) {
            writer.text("Description", description);
        }
        writer.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_and_reads_as_dacfx() {
        let mut metadata = DacMetadata::new("my <database>");
        let text = "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<DacType xmlns=\"http://schemas.microsoft.com/sqlserver/dac/Serialization/2012/02\">\r\n  <Name>my &lt;database&gt;</Name>\r\n  <Version>0.0.0.0</Version>\r\n</DacType>";
        assert_eq!(String::from_utf8(metadata.to_xml(LineEnds::CrLf)).unwrap(), text);
        assert_eq!(DacMetadata::parse(text.as_bytes()).unwrap(), metadata);
        metadata.description = Some("for & against".into());
        assert_eq!(DacMetadata::parse(&metadata.to_xml(LineEnds::Lf)).unwrap(), metadata);
    }
}
