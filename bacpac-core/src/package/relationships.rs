//! `_rels/.rels`: which table a data part belongs to, in words. The importer does not need it.

use super::part;
use super::part_name::PartName;
use super::xml::{self, BOM, DECLARATION, push_attribute};
use crate::error::Result;
use crate::ident::ObjectName;
use sha2::{Digest, Sha256};
use std::collections::HashSet;

const NAMESPACE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";

/// One relationship.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relationship {
    /// `table=` and the table's name, or `schema=` and the schema's.
    pub kind: String,
    /// Part name with its leading slash, escaped as in the archive.
    pub target: String,
    /// Unique in the file.
    pub id: String,
}

/// The relationships of a package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relationships {
    list: Vec<Relationship>,
    ids: HashSet<String>,
}

impl Relationships {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// The relationships, in file order.
    pub fn list(&self) -> &[Relationship] {
        &self.list
    }

    /// Adds the two that each table data part has. Their ids follow from their contents.
    pub fn add_data_part(&mut self, table: &ObjectName, part: &PartName) {
        self.add(format!("table={}", table.name), part.to_string());
        self.add(format!("schema={}", table.schema), part.to_string());
    }

    fn add(&mut self, kind: String, target: String) {
        let mut salt = 0u32;
        let id = loop {
            let mut hash = Sha256::new();
            hash.update(kind.as_bytes());
            hash.update([0]);
            hash.update(target.as_bytes());
            hash.update(salt.to_le_bytes());
            let digest = hash.finalize();
            let id: String = std::iter::once("R".to_owned())
                .chain(digest.iter().take(8).map(|byte| format!("{byte:02x}")))
                .collect();
            if self.ids.insert(id.clone()) {
                break id;
            }
            salt += 1;
        };
        self.list.push(Relationship { kind, target, id });
    }

    /// Parses the part.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let root = xml::parse(bytes, part::RELATIONSHIPS, "Relationships")?;
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let list: Vec<_> = root
            .children
            .iter()
            .filter(|c| c.name == "Relationship")
            .map(|c| Relationship {
                kind: text(c.attribute("Type")),
                target: text(c.attribute("Target")),
                id: text(c.attribute("Id")),
            })
            .collect();
        let ids = list.iter().map(|r| r.id.clone()).collect();
        Ok(Self { list, ids })
    }

    /// The part, as DacFx writes it.
    pub fn to_xml(&self) -> Vec<u8> {
        let mut out = format!("{BOM}{DECLARATION}<Relationships xmlns=\"{NAMESPACE}\">");
        for r in &self.list {
            for (open, value) in [("<Relationship Type=\"", &r.kind), ("\" Target=\"", &r.target), ("\" Id=\"", &r.id)]
            {
                out.push_str(open);
                push_attribute(&mut out, value);
            }
            out.push_str("\" />");
        }
        out.push_str("</Relationships>");
        out.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_and_repeats() {
        let make = || {
            let mut r = Relationships::new();
            let part = PartName::new("Data/a.T%5B%5D/TableData-000-00000.BCP").unwrap();
            r.add_data_part(&ObjectName::new("a", "T[]<\"&"), &part);
            r.add_data_part(&ObjectName::new("a", "T[]<\"&"), &part);
            r
        };
        let r = make();
        assert_eq!(r, make());
        assert_eq!(r.list().len(), 4);
        assert_eq!(r.list()[0].kind, "table=T[]<\"&");
        assert_eq!(r.list()[1].kind, "schema=a");
        assert!(r.list().iter().all(|r| r.id.len() == 17 && r.id.starts_with('R')));
        assert_eq!(Relationships::parse(&r.to_xml()).unwrap(), r);
    }
}
