//! Writes `model.xml` as DacFx lays it out, element by element. Never holds more than what it is given.

use super::element::{
    Annotation, CustomData, Element, Entry, Model, ModelHeader, Property, PropertyValue, Reference, Relationship,
};
use super::format::{ModelFormat, NAMESPACE};
use crate::error::{Error, ErrorKind, Result};
use std::fmt::Write as _;
use std::io::Write;

/// Writes a model, streaming.
///
/// ```
/// use bacpac_core::model::{Element, ModelFormat, ModelHeader, ModelWriter};
/// use bacpac_core::Name;
/// let mut writer = ModelWriter::new(Vec::new(), &ModelHeader::new("Sql160"), &[], ModelFormat::default())?;
/// writer.element(&Element::named("SqlSchema", Name::one("s")))?;
/// let xml = writer.finish()?;
/// assert!(xml.ends_with(b"</DataSchemaModel>"));
/// # Ok::<(), bacpac_core::Error>(())
/// ```
pub struct ModelWriter<W> {
    sink: W,
    page: Page,
}

impl<W: Write> ModelWriter<W> {
    /// Writes up to the first element.
    pub fn new(sink: W, header: &ModelHeader, custom_data: &[CustomData], format: ModelFormat) -> Result<Self> {
        let mut writer =
            Self { sink, page: Page { text: String::new(), depth: 0, line_end: format.line_end(), nul: false } };
        let page = &mut writer.page;
        if format.bom {
            page.text.push('\u{feff}');
        }
        page.text.push_str("<?xml version=\"1.0\" encoding=\"utf-8\"?>");
        page.open("DataSchemaModel");
        page.attribute("FileFormatVersion", &header.file_format_version);
        page.attribute("SchemaVersion", &header.schema_version);
        page.attribute("DspName", &header.dsp_name);
        page.attribute("CollationLcid", &header.collation_lcid);
        page.attribute("CollationCaseSensitive", boolean(header.collation_case_sensitive));
        page.attribute("xmlns", NAMESPACE);
        page.inside();
        if !custom_data.is_empty() {
            page.open("Header");
            page.inside();
            for data in custom_data {
                page.custom_data(data);
            }
            page.close("Header");
        }
        page.open("Model");
        page.inside();
        writer.flush_page()?;
        Ok(writer)
    }

    /// Writes a top-level element.
    pub fn element(&mut self, element: &Element) -> Result<()> {
        self.page.element(element);
        if self.page.nul {
            return Err(Error::new(ErrorKind::Model, "a text with the character U+0000, which XML cannot hold")
                .with_context(|c| c.object = Some(element.label()))
                .with_help("take the character out of the object in the source"));
        }
        self.flush_page()
    }

    /// Ends the document and gives the sink back.
    pub fn finish(mut self) -> Result<W> {
        self.page.close("Model");
        self.page.close("DataSchemaModel");
        self.flush_page()?;
        self.sink.flush()?;
        Ok(self.sink)
    }

    fn flush_page(&mut self) -> Result<()> {
        self.sink.write_all(self.page.text.as_bytes())?;
        self.page.text.clear();
        Ok(())
    }
}

impl Model {
    /// Writes the whole model in its format.
    pub fn write<W: Write>(&self, sink: W) -> Result<W> {
        let mut writer = ModelWriter::new(sink, &self.header, &self.custom_data, self.format)?;
        for element in &self.elements {
            writer.element(element)?;
        }
        writer.finish()
    }
}

fn boolean(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

/// Text under way, with its indentation.
struct Page {
    text: String,
    depth: usize,
    line_end: &'static str,
    /// Whether a value had U+0000.
    nul: bool,
}

impl Page {
    fn line(&mut self) {
        self.text.push_str(self.line_end);
        self.text.extend(std::iter::repeat_n('\t', self.depth));
    }

    fn open(&mut self, tag: &str) {
        self.line();
        self.text.push('<');
        self.text.push_str(tag);
    }

    fn attribute(&mut self, name: &str, value: &str) {
        self.text.push(' ');
        self.text.push_str(name);
        self.text.push_str("=\"");
        for c in value.chars() {
            match c {
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '&' => self.text.push_str("&amp;"),
                '"' => self.text.push_str("&quot;"),
                '\0' => self.nul = true,
                // A String takes all that is written to it.
                c if c < ' ' => _ = write!(self.text, "&#x{:X};", u32::from(c)),
                c => self.text.push(c),
            }
        }
        self.text.push('"');
    }

    fn number(&mut self, name: &str, value: Option<u32>) {
        if let Some(value) = value {
            self.attribute(name, &value.to_string());
        }
    }

    fn inside(&mut self) {
        self.text.push('>');
        self.depth += 1;
    }

    fn empty(&mut self) {
        self.text.push_str(" />");
    }

    fn close(&mut self, tag: &str) {
        self.depth -= 1;
        self.line();
        self.text.push_str("</");
        self.text.push_str(tag);
        self.text.push('>');
    }

    fn custom_data(&mut self, data: &CustomData) {
        self.open("CustomData");
        self.attribute("Category", &data.category);
        if let Some(kind) = &data.kind {
            self.attribute("Type", kind);
        }
        if data.metadata.is_empty() {
            return self.empty();
        }
        self.inside();
        for (name, value) in &data.metadata {
            self.open("Metadata");
            self.attribute("Name", name);
            self.attribute("Value", value);
            self.empty();
        }
        self.close("CustomData");
    }

    fn element(&mut self, element: &Element) {
        self.open("Element");
        self.attribute("Type", &element.class);
        if let Some(name) = &element.name {
            self.attribute("Name", &name.to_string());
        }
        self.number("Disambiguator", element.disambiguator);
        if element.properties.is_empty() && element.relationships.is_empty() && element.annotations.is_empty() {
            return self.empty();
        }
        self.inside();
        element.properties.iter().for_each(|p| self.property(p));
        element.relationships.iter().for_each(|r| self.relationship(r));
        element.annotations.iter().for_each(|a| self.annotation(a));
        self.close("Element");
    }

    fn property(&mut self, property: &Property) {
        self.open("Property");
        self.attribute("Name", &property.name);
        match &property.value {
            PropertyValue::Absent => self.empty(),
            PropertyValue::Scalar(value) => {
                self.attribute("Value", value);
                self.empty();
            }
            PropertyValue::Script { text, quoted_identifiers, ansi_nulls } => {
                self.inside();
                self.open("Value");
                if let Some(value) = quoted_identifiers {
                    self.attribute("QuotedIdentifiers", boolean(*value));
                }
                if let Some(value) = ansi_nulls {
                    self.attribute("AnsiNulls", boolean(*value));
                }
                self.nul |= text.contains('\0');
                self.text.push_str("><![CDATA[");
                // `]]>` cannot stand in a section: it is cut in two.
                let mut pieces = text.split("]]>");
                self.text.push_str(pieces.next().unwrap_or_default());
                for piece in pieces {
                    self.text.push_str("]]]]><![CDATA[>");
                    self.text.push_str(piece);
                }
                self.text.push_str("]]></Value>");
                self.close("Property");
            }
        }
    }

    fn relationship(&mut self, relationship: &Relationship) {
        self.open("Relationship");
        self.attribute("Name", &relationship.name);
        if relationship.entries.is_empty() {
            return self.empty();
        }
        self.inside();
        for entry in &relationship.entries {
            self.open("Entry");
            if matches!(entry, Entry::Unresolved(readings) if readings.is_empty()) {
                self.empty();
                continue;
            }
            self.inside();
            match entry {
                Entry::Element(element) => self.element(element),
                Entry::References(reference) => self.reference(reference),
                Entry::Unresolved(annotations) => annotations.iter().for_each(|a| self.annotation(a)),
            }
            self.close("Entry");
        }
        self.close("Relationship");
    }

    fn reference(&mut self, reference: &Reference) {
        self.open("References");
        if let Some(source) = &reference.external_source {
            self.attribute("ExternalSource", source);
        }
        if let Some(name) = &reference.name {
            self.attribute("Name", &name.to_string());
        }
        self.number("Disambiguator", reference.disambiguator);
        if let Some(class) = &reference.class {
            self.attribute("Type", class);
        }
        self.empty();
        reference.annotations.iter().for_each(|a| self.annotation(a));
    }

    fn annotation(&mut self, annotation: &Annotation) {
        let tag = if annotation.attached { "AttachedAnnotation" } else { "Annotation" };
        self.open(tag);
        if !annotation.attached {
            self.attribute("Type", &annotation.kind);
        }
        if let Some(name) = &annotation.name {
            self.attribute("Name", name);
        }
        self.number("Disambiguator", annotation.disambiguator);
        if annotation.properties.is_empty() {
            return self.empty();
        }
        self.inside();
        annotation.properties.iter().for_each(|p| self.property(p));
        self.close(tag);
    }
}
