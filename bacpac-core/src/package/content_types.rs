//! `[Content_Types].xml`: which parts a packaging reader sees.

use super::part;
use super::part_name::extension;
use super::xml::{self, BOM, DECLARATION, push_attribute};
use crate::error::Result;

const NAMESPACE: &str = "http://schemas.openxmlformats.org/package/2006/content-types";
const XML: &str = "text/xml";
const BINARY: &str = "application/octet-stream";
const RELATIONSHIPS: &str = "application/vnd.openxmlformats-package.relationships+xml";

/// Content types by extension and, over those, by part name. A part without one is invisible to a packaging reader.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentTypes {
    defaults: Vec<(String, String)>,
    overrides: Vec<Override>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Override {
    /// The name in lower case, without a slash; they are sorted by it.
    key: String,
    name: String,
    content_type: String,
}

impl ContentTypes {
    /// No types.
    pub fn new() -> Self {
        Self::default()
    }

    /// The types for a package as DacFx writes it, with or without data parts, blob parts and relationships.
    pub fn of_package(data: bool, blobs: bool, relationships: bool) -> Self {
        let mut types = Self::new();
        types.add_default("xml", XML);
        if data {
            types.add_default("BCP", BINARY);
        }
        if blobs {
            types.add_default("BIN", BINARY);
        }
        if relationships {
            types.add_default("rels", RELATIONSHIPS);
        }
        types
    }

    /// Gives parts of an extension a type, unless they have one.
    pub fn add_default(&mut self, extension: &str, content_type: &str) {
        if !self.defaults.iter().any(|(e, _)| e.eq_ignore_ascii_case(extension)) {
            self.defaults.push((extension.to_owned(), content_type.to_owned()));
        }
    }

    /// Adds the defaults of `other`; those already here stay.
    pub fn add_all(&mut self, other: &ContentTypes) {
        for (extension, content_type) in &other.defaults {
            self.add_default(extension, content_type);
        }
    }

    /// The type of a part, by its name in the archive; names and extensions compare without regard to case.
    pub fn of(&self, entry: &str) -> Option<&str> {
        if !self.overrides.is_empty() {
            let key = entry.to_ascii_lowercase();
            if let Ok(at) = self.overrides.binary_search_by(|o| o.key.cmp(&key)) {
                return self.overrides.get(at).map(|o| o.content_type.as_str());
            }
        }
        let extension = extension(entry)?;
        let default = self.defaults.iter().find(|(e, _)| e.eq_ignore_ascii_case(extension));
        default.map(|(_, content_type)| content_type.as_str())
    }

    /// Parses the part.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let root = xml::parse(bytes, part::CONTENT_TYPES, "Types")?;
        let mut types = Self::new();
        for child in &root.children {
            let Some(content_type) = child.attribute("ContentType") else { continue };
            match (child.name.as_str(), child.attribute("Extension"), child.attribute("PartName")) {
                ("Default", Some(extension), _) => types.add_default(extension, content_type),
                ("Override", _, Some(name)) => types.overrides.push(Override {
                    key: name.strip_prefix('/').unwrap_or(name).to_ascii_lowercase(),
                    name: name.to_owned(),
                    content_type: content_type.to_owned(),
                }),
                _ => {}
            }
        }
        types.overrides.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(types)
    }

    /// The part, as DacFx writes it.
    pub fn to_xml(&self) -> Vec<u8> {
        let mut out = format!("{BOM}{DECLARATION}<Types xmlns=\"{NAMESPACE}\">");
        let mut push = |element: &str, key: &str, name: &str, content_type: &str| {
            out.push_str(&format!("<{element} {key}=\""));
            push_attribute(&mut out, name);
            out.push_str("\" ContentType=\"");
            push_attribute(&mut out, content_type);
            out.push_str("\" />");
        };
        for (extension, content_type) in &self.defaults {
            push("Default", "Extension", extension, content_type);
        }
        for o in &self.overrides {
            push("Override", "PartName", &o.name, &o.content_type);
        }
        out.push_str("</Types>");
        out.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_and_reads_as_dacfx() {
        let types = ContentTypes::of_package(true, false, true);
        let expected = "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"xml\" ContentType=\"text/xml\" /><Default Extension=\"BCP\" ContentType=\"application/octet-stream\" /><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\" /></Types>";
        assert_eq!(String::from_utf8(types.to_xml()).unwrap(), expected);
        assert_eq!(ContentTypes::parse(expected.as_bytes()).unwrap(), types);
    }

    #[test]
    fn overrides_win_and_case_does_not_matter() {
        let text = "<Types xmlns='x'><Default Extension='bcp' ContentType='a/b'/><Override PartName='/Data/X.bcp' ContentType='c/d'/></Types>";
        let types = ContentTypes::parse(text.as_bytes()).unwrap();
        assert_eq!(types.of("Data/dbo.T/TableData-000-00000.BCP"), Some("a/b"));
        assert_eq!(types.of("data/x.BCP"), Some("c/d"));
        assert_eq!(types.of("Origin.xml"), None);
        assert_eq!(types.of("noextension"), None);
        for bad in ["", "<Types>", "<Types/><Types/>", "<Other/>", "<Types><a></b></Types>", "<!DOCTYPE x><Types/>"] {
            assert!(ContentTypes::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
