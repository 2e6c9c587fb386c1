//! Reads `model.xml` element by element: the header first, then one top-level element at a time.
//!
//! Never holds more than one top-level element; what one may demand is bounded by [`ModelLimits`].
//!
//! ```
//! use bacpac_core::model::ModelReader;
//! let xml = br#"<?xml version="1.0" encoding="utf-8"?>
//! <DataSchemaModel FileFormatVersion="1.2" SchemaVersion="2.9"
//!   DspName="Microsoft.Data.Tools.Schema.Sql.Sql160DatabaseSchemaProvider" CollationLcid="1033"
//!   CollationCaseSensitive="False" xmlns="http://schemas.microsoft.com/sqlserver/dac/Serialization/2012/02">
//!   <Model><Element Type="SqlSchema" Name="[s]" /></Model>
//! </DataSchemaModel>"#;
//! let mut reader = ModelReader::new(&xml[..])?;
//! assert_eq!(reader.header().schema_version, "2.9");
//! let element = reader.next_element()?.expect("one element");
//! assert_eq!(element.label(), "SqlSchema [s]");
//! assert!(reader.next_element()?.is_none());
//! # Ok::<(), bacpac_core::Error>(())
//! ```

use super::element::{
    Annotation, CustomData, Element, Entry, Model, ModelHeader, Property, PropertyValue, Reference, Relationship,
};
use super::format::{ModelFormat, ModelLimits, NAMESPACE};
use super::xml::{Tag, Token, Tokens};
use crate::error::Result;
use crate::ident::Name;
use std::io::BufRead;

/// Room for the declaration, the root and the header.
const HEADER_BYTES: u64 = 16 << 20;

/// Reads a model, streaming.
pub struct ModelReader<R> {
    tokens: Tokens<R>,
    limits: ModelLimits,
    header: ModelHeader,
    custom_data: Vec<CustomData>,
    state: State,
}

#[derive(PartialEq)]
enum State {
    /// Inside `<Model>`.
    Elements,
    Done,
}

impl<R: BufRead> ModelReader<R> {
    /// Reads up to the first element.
    pub fn new(source: R) -> Result<Self> {
        Self::with_limits(source, ModelLimits::default())
    }

    /// The same, with other limits.
    pub fn with_limits(source: R, limits: ModelLimits) -> Result<Self> {
        let mut tokens = Tokens::new(source, HEADER_BYTES)?;
        let root = match tokens.next()? {
            Token::Open(tag) if tag.name == "DataSchemaModel" => tag,
            _ => return Err(tokens.error("not a model: the root is not DataSchemaModel")),
        };
        let header = ModelHeader {
            file_format_version: tokens.require(&root, "FileFormatVersion")?,
            schema_version: tokens.require(&root, "SchemaVersion")?,
            dsp_name: tokens.require(&root, "DspName")?,
            collation_lcid: tokens.require(&root, "CollationLcid")?,
            collation_case_sensitive: {
                let text = tokens.require(&root, "CollationCaseSensitive")?;
                tokens.boolean(&text, "CollationCaseSensitive")?
            },
        };
        if tokens.require(&root, "xmlns")? != NAMESPACE {
            return Err(tokens.error(format!("not a model: the namespace is not {NAMESPACE}")));
        }
        tokens.no_more(&root)?;
        let mut reader = Self { tokens, limits, header, custom_data: Vec::new(), state: State::Elements };
        if root.empty {
            reader.finish()?;
            return Ok(reader);
        }
        loop {
            match reader.tokens.next()? {
                Token::Open(tag) if tag.name == "Header" => {
                    reader.tokens.no_more(&tag)?;
                    if !tag.empty {
                        reader.read_custom_data()?;
                    }
                }
                Token::Open(tag) if tag.name == "Model" => {
                    reader.tokens.no_more(&tag)?;
                    if tag.empty {
                        reader.end_root()?;
                    }
                    return Ok(reader);
                }
                Token::Close => {
                    reader.finish()?;
                    return Ok(reader);
                }
                other => return Err(reader.tokens.unexpected(&other, "DataSchemaModel")),
            }
        }
    }

    /// The root's attributes.
    pub fn header(&self) -> &ModelHeader {
        &self.header
    }

    /// `CustomData` of the header.
    pub fn custom_data(&self) -> &[CustomData] {
        &self.custom_data
    }

    /// How the file is laid out, as far as it has been read.
    pub fn format(&self) -> ModelFormat {
        ModelFormat { bom: self.tokens.bom(), crlf: self.tokens.crlf().unwrap_or(false) }
    }

    /// The next top-level element; `None` after the last, once the whole document has been read and found well formed.
    pub fn next_element(&mut self) -> Result<Option<Element>> {
        if self.state == State::Done {
            return Ok(None);
        }
        self.tokens.renew(self.limits.element_bytes);
        match self.tokens.next()? {
            Token::Open(tag) if tag.name == "Element" => self.tokens.element(tag, self.limits.depth).map(Some),
            Token::Close => {
                self.end_root()?;
                Ok(None)
            }
            other => Err(self.tokens.unexpected(&other, "Model")),
        }
    }

    fn read_custom_data(&mut self) -> Result<()> {
        while let Some(tag) = self.tokens.child("CustomData", "Header")? {
            let mut data = CustomData {
                category: self.tokens.require(&tag, "Category")?,
                kind: self.tokens.take("Type"),
                metadata: Vec::new(),
            };
            self.tokens.no_more(&tag)?;
            if !tag.empty {
                while let Some(tag) = self.tokens.child("Metadata", "CustomData")? {
                    let name = self.tokens.require(&tag, "Name")?;
                    let value = self.tokens.require(&tag, "Value")?;
                    self.tokens.no_more(&tag)?;
                    self.tokens.leaf(&tag)?;
                    data.metadata.push((name, value));
                }
            }
            self.custom_data.push(data);
        }
        Ok(())
    }

    fn end_root(&mut self) -> Result<()> {
        match self.tokens.next()? {
            Token::Close => self.finish(),
            other => Err(self.tokens.unexpected(&other, "DataSchemaModel")),
        }
    }

    fn finish(&mut self) -> Result<()> {
        match self.tokens.next()? {
            Token::End => {
                self.state = State::Done;
                Ok(())
            }
            _ => Err(self.tokens.error("something after the end of the model")),
        }
    }
}

impl<R: BufRead> Iterator for ModelReader<R> {
    type Item = Result<Element>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.next_element();
        if item.is_err() {
            self.state = State::Done;
        }
        item.transpose()
    }
}

impl Model {
    /// Reads a whole model.
    pub fn read(source: impl BufRead) -> Result<Self> {
        let mut reader = ModelReader::new(source)?;
        let mut model = Model::new(reader.header().clone());
        model.custom_data = reader.custom_data().to_vec();
        while let Some(element) = reader.next_element()? {
            model.elements.push(element);
        }
        model.format = reader.format();
        Ok(model)
    }
}

/// Adds to a list that has one item as a rule: a vector would make room for four, and a model is mostly such lists.
fn push<T>(list: &mut Vec<T>, item: T) {
    if list.is_empty() {
        list.reserve_exact(1);
    }
    list.push(item);
}

/// The grammar below `<Model>`.
impl<R: BufRead> Tokens<R> {
    fn require(&mut self, tag: &Tag, attribute: &str) -> Result<String> {
        match self.take(attribute) {
            Some(value) => Ok(value),
            None => Err(self.error(format!("{} without {attribute}", tag.name))),
        }
    }

    fn no_more(&mut self, tag: &Tag) -> Result<()> {
        match self.leftover() {
            None => Ok(()),
            Some(name) => {
                let what = format!("{} has the unknown attribute {name}", tag.name);
                Err(self.error(what))
            }
        }
    }

    fn unexpected(&mut self, token: &Token, parent: &str) -> crate::error::Error {
        let what = match token {
            Token::Open(tag) => format!("{} does not belong in {parent}", tag.name),
            Token::Close => format!("{parent} ends too early"),
            Token::Text(_) => format!("text does not belong in {parent}"),
            Token::End => format!("the file ends inside {parent}: it is cut short"),
        };
        self.error(what)
    }

    /// The next child, which must be called `name`; `None` at the end of `parent`.
    fn child(&mut self, name: &str, parent: &str) -> Result<Option<Tag>> {
        match self.next()? {
            Token::Open(tag) if tag.name == name => Ok(Some(tag)),
            Token::Close => Ok(None),
            other => Err(self.unexpected(&other, parent)),
        }
    }

    /// The end of a tag that has no content.
    fn leaf(&mut self, tag: &Tag) -> Result<()> {
        if tag.empty {
            return Ok(());
        }
        match self.next()? {
            Token::Close => Ok(()),
            other => Err(self.unexpected(&other, &tag.name)),
        }
    }

    fn boolean(&mut self, text: &str, what: &str) -> Result<bool> {
        match text {
            "True" | "true" => Ok(true),
            "False" | "false" => Ok(false),
            _ => Err(self.error(format!("{what} is neither True nor False"))),
        }
    }

    /// `Name` of the tag at hand.
    fn name(&mut self) -> Result<Option<Name>> {
        let Some(text) = self.take("Name") else { return Ok(None) };
        match Name::parse(&text) {
            Some(name) => Ok(Some(name)),
            None => Err(self.error(format!("{text} is not a bracketed name"))),
        }
    }

    /// `Disambiguator` of the tag at hand.
    fn number(&mut self) -> Result<Option<u32>> {
        let Some(text) = self.take("Disambiguator") else { return Ok(None) };
        match text.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(self.error(format!("the Disambiguator {text} is not a number"))),
        }
    }

    /// The element that `tag` begins.
    fn element(&mut self, tag: Tag, depth: u32) -> Result<Element> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(self.error("elements nested too deep").with_help("raise ModelLimits::depth"));
        };
        let class = self.require(&tag, "Type")?;
        let name = self.name()?;
        let disambiguator = self.number()?;
        self.no_more(&tag)?;
        let mut element = Element { class, name, disambiguator, ..Element::default() };
        if tag.empty {
            return Ok(element);
        }
        loop {
            match self.next()? {
                Token::Close => return Ok(element),
                Token::Open(tag) => match tag.name.as_ref() {
                    "Property" => push(&mut element.properties, self.property(tag)?),
                    "Relationship" => push(&mut element.relationships, self.relationship(tag, depth)?),
                    "Annotation" | "AttachedAnnotation" => push(&mut element.annotations, self.annotation(tag)?),
                    _ => return Err(self.unexpected(&Token::Open(tag), "Element")),
                },
                other => return Err(self.unexpected(&other, "Element")),
            }
        }
    }

    fn property(&mut self, tag: Tag) -> Result<Property> {
        let name = self.require(&tag, "Name")?;
        let value = self.take("Value");
        self.no_more(&tag)?;
        if let Some(value) = value {
            self.leaf(&tag)?;
            return Ok(Property { name, value: PropertyValue::Scalar(value) });
        }
        if tag.empty {
            return Ok(Property { name, value: PropertyValue::Absent });
        }
        let Some(tag) = self.child("Value", "Property")? else {
            return Ok(Property { name, value: PropertyValue::Absent });
        };
        let quoted_identifiers = self.setting("QuotedIdentifiers")?;
        let ansi_nulls = self.setting("AnsiNulls")?;
        self.no_more(&tag)?;
        let text = if tag.empty { String::new() } else { self.script()? };
        match self.next()? {
            Token::Close => {}
            other => return Err(self.unexpected(&other, "Property")),
        }
        Ok(Property { name, value: PropertyValue::Script { text, quoted_identifiers, ansi_nulls } })
    }

    /// A boolean attribute of the tag at hand, where it has it.
    fn setting(&mut self, attribute: &str) -> Result<Option<bool>> {
        match self.take(attribute) {
            Some(text) => self.boolean(&text, attribute).map(Some),
            None => Ok(None),
        }
    }

    /// CDATA sections (or escaped text) up to `</Value>`.
    fn script(&mut self) -> Result<String> {
        let mut script = String::new();
        loop {
            match self.next()? {
                Token::Text(text) => {
                    if script.is_empty() {
                        script = text;
                    } else {
                        script.push_str(&text);
                    }
                }
                Token::Close => return Ok(script),
                other => return Err(self.unexpected(&other, "Value")),
            }
        }
    }

    fn relationship(&mut self, tag: Tag, depth: u32) -> Result<Relationship> {
        let name = self.require(&tag, "Name")?;
        self.no_more(&tag)?;
        let mut entries = Vec::new();
        if !tag.empty {
            while let Some(tag) = self.child("Entry", "Relationship")? {
                self.no_more(&tag)?;
                push(&mut entries, self.entry(&tag, depth)?);
            }
        }
        Ok(Relationship { name, entries })
    }

    fn entry(&mut self, tag: &Tag, depth: u32) -> Result<Entry> {
        let mut target = None;
        let mut annotations = Vec::new();
        if tag.empty {
            return Ok(Entry::Unresolved(annotations));
        }
        loop {
            match self.next()? {
                Token::Close => break,
                Token::Open(tag) => match tag.name.as_ref() {
                    "Element" if target.is_none() && annotations.is_empty() => {
                        target = Some(Entry::Element(Box::new(self.element(tag, depth)?)));
                    }
                    "References" if target.is_none() && annotations.is_empty() => {
                        target = Some(Entry::References(self.reference(tag)?));
                    }
                    "Annotation" | "AttachedAnnotation" => annotations.push(self.annotation(tag)?),
                    _ => return Err(self.unexpected(&Token::Open(tag), "Entry")),
                },
                other => return Err(self.unexpected(&other, "Entry")),
            }
        }
        match target {
            Some(Entry::References(mut reference)) => {
                reference.annotations = annotations;
                Ok(Entry::References(reference))
            }
            Some(Entry::Element(_)) if !annotations.is_empty() => {
                Err(self.error("an annotation beside the Element of an Entry"))
            }
            Some(entry) => Ok(entry),
            None => Ok(Entry::Unresolved(annotations)),
        }
    }

    fn reference(&mut self, tag: Tag) -> Result<Reference> {
        let external_source = self.take("ExternalSource");
        let name = self.name()?;
        let disambiguator = self.number()?;
        let class = self.take("Type");
        self.no_more(&tag)?;
        self.leaf(&tag)?;
        if name.is_none() && disambiguator.is_none() {
            return Err(self.error("References without Name and without Disambiguator"));
        }
        Ok(Reference { external_source, name, disambiguator, class, annotations: Vec::new() })
    }

    fn annotation(&mut self, tag: Tag) -> Result<Annotation> {
        let attached = tag.name == "AttachedAnnotation";
        let kind = if attached { String::new() } else { self.require(&tag, "Type")? };
        let name = if attached { None } else { self.take("Name") };
        let disambiguator = self.number()?;
        self.no_more(&tag)?;
        if attached && disambiguator.is_none() {
            return Err(self.error("AttachedAnnotation without Disambiguator"));
        }
        let mut annotation = Annotation { kind, name, disambiguator, attached, properties: Vec::new() };
        if !tag.empty {
            while let Some(tag) = self.child("Property", "Annotation")? {
                push(&mut annotation.properties, self.property(tag)?);
            }
        }
        Ok(annotation)
    }
}
