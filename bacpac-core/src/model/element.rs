//! The element graph: elements with properties, relationships and annotations, as `model.xml` has them.
//!
//! It holds what the file says and nothing else; what an element means is known in [`objects`](crate::objects).

use crate::ident::Name;
use crate::model::format::ModelFormat;

/// The attributes of the root, `DataSchemaModel`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelHeader {
    /// `FileFormatVersion`, 1.2 in every file.
    pub file_format_version: String,
    /// `SchemaVersion`, e.g. `2.9`.
    pub schema_version: String,
    /// `DspName`, e.g. `Microsoft.Data.Tools.Schema.Sql.Sql150DatabaseSchemaProvider`.
    pub dsp_name: String,
    /// `CollationLcid`.
    pub collation_lcid: String,
    /// `CollationCaseSensitive`: whether names in the model compare case-sensitively.
    pub collation_case_sensitive: bool,
}

/// A whole model in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Model {
    /// The root's attributes.
    pub header: ModelHeader,
    /// `CustomData` elements of `<Header>` (projects have them, exports have not).
    pub custom_data: Vec<CustomData>,
    /// How the file is laid out.
    pub format: ModelFormat,
    /// The top-level elements in file order.
    pub elements: Vec<Element>,
}

impl Model {
    /// A model without elements.
    pub fn new(header: ModelHeader) -> Self {
        Self { header, custom_data: Vec::new(), format: ModelFormat::default(), elements: Vec::new() }
    }
}

/// A `CustomData` element of the header: a reference, an SQLCMD variable, a setting of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomData {
    /// `Category`.
    pub category: String,
    /// `Type`.
    pub kind: Option<String>,
    /// `Metadata`: names and values.
    pub metadata: Vec<(String, String)>,
}

impl ModelHeader {
    /// A header for a platform (`Sql150`, `SqlAzureV12` ...), with schema version 2.5 and LCID 1033.
    pub fn new(platform: &str) -> Self {
        Self {
            file_format_version: "1.2".into(),
            schema_version: "2.5".into(),
            dsp_name: format!("Microsoft.Data.Tools.Schema.Sql.{platform}DatabaseSchemaProvider"),
            collation_lcid: "1033".into(),
            collation_case_sensitive: false,
        }
    }
}

/// An element: an object of the database, or a piece of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Class name, e.g. `SqlTable`.
    pub class: String,
    /// Bracketed name; nameless elements have none.
    pub name: Option<Name>,
    /// The number by which references may refer to it.
    pub disambiguator: Option<u32>,
    /// Scalar and script properties, in file order.
    pub properties: Vec<Property>,
    /// Relationships, in file order.
    pub relationships: Vec<Relationship>,
    /// Annotations and attached annotations, in file order.
    pub annotations: Vec<Annotation>,
}

impl Element {
    /// An element of `class` with a name.
    pub fn named(class: impl Into<String>, name: Name) -> Self {
        Self { class: class.into(), name: Some(name), ..Self::default() }
    }

    /// An element of `class` without a name.
    pub fn nameless(class: impl Into<String>) -> Self {
        Self { class: class.into(), ..Self::default() }
    }

    /// The value of a property, script or scalar. `None` also for a property that is written without a value.
    pub fn property(&self, name: &str) -> Option<&str> {
        find_property(&self.properties, name)
    }

    /// A boolean property, or `default` where it is not written.
    pub fn flag(&self, name: &str, default: bool) -> bool {
        self.property(name).map_or(default, |v| v.eq_ignore_ascii_case("true"))
    }

    /// Adds a scalar property.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) -> &mut Self {
        self.properties.push(Property { name: name.into(), value: PropertyValue::Scalar(value.into()) });
        self
    }

    /// A relationship by name.
    pub fn relationship(&self, name: &str) -> Option<&Relationship> {
        self.relationships.iter().find(|r| r.name == name)
    }

    /// The entries of a relationship; empty where it is not there.
    pub fn entries(&self, relationship: &str) -> &[Entry] {
        self.relationship(relationship).map_or(&[], |r| &r.entries)
    }

    /// The elements that belong to this one through `relationship`.
    pub fn children<'a>(&'a self, relationship: &str) -> impl Iterator<Item = &'a Element> + use<'a> {
        self.entries(relationship).iter().filter_map(|e| match e {
            Entry::Element(e) => Some(e.as_ref()),
            _ => None,
        })
    }

    /// The first reference of a relationship.
    pub fn reference(&self, relationship: &str) -> Option<&Reference> {
        self.entries(relationship).iter().find_map(|e| match e {
            Entry::References(r) => Some(r),
            _ => None,
        })
    }

    /// The references of a relationship, in order.
    pub fn references<'a>(&'a self, relationship: &str) -> impl Iterator<Item = &'a Reference> + use<'a> {
        self.entries(relationship).iter().filter_map(|e| match e {
            Entry::References(r) => Some(r),
            _ => None,
        })
    }

    /// Calls `visit` with this element and with all that belong to it, depth first.
    pub fn visit<'a>(&'a self, visit: &mut dyn FnMut(&'a Element)) {
        visit(self);
        for entry in self.relationships.iter().flat_map(|r| &r.entries) {
            if let Entry::Element(child) = entry {
                child.visit(visit);
            }
        }
    }

    /// Class and name, for messages: `SqlTable [dbo].[T]`.
    pub fn label(&self) -> String {
        match &self.name {
            Some(name) => format!("{} {name}", self.class),
            None => self.class.clone(),
        }
    }

    /// An annotation by type.
    pub fn annotation(&self, kind: &str) -> Option<&Annotation> {
        self.annotations.iter().find(|a| a.kind == kind && !a.attached)
    }
}

/// A named property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// Name.
    pub name: String,
    /// Value.
    pub value: PropertyValue,
}

fn find_property<'a>(properties: &'a [Property], name: &str) -> Option<&'a str> {
    properties.iter().find(|p| p.name == name && p.value != PropertyValue::Absent).map(|p| p.value.text())
}

/// A scalar (an attribute) or a script (CDATA).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PropertyValue {
    /// `<Property Name="…" />`: known to have no value.
    Absent,
    /// `Value="…"`.
    Scalar(String),
    /// `<Value><![CDATA[…]]></Value>`, with the script's settings where the file has them.
    Script {
        /// T-SQL text, line ends as in the file.
        text: String,
        /// `QuotedIdentifiers`.
        quoted_identifiers: Option<bool>,
        /// `AnsiNulls`.
        ansi_nulls: Option<bool>,
    },
}

impl PropertyValue {
    /// The text of either form; empty where there is no value.
    pub fn text(&self) -> &str {
        match self {
            PropertyValue::Absent => "",
            PropertyValue::Scalar(text) | PropertyValue::Script { text, .. } => text,
        }
    }
}

/// An ordered list of what an element has or refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relationship {
    /// Name, e.g. `Columns`.
    pub name: String,
    /// Entries in order.
    pub entries: Vec<Entry>,
}

/// One entry of a relationship.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The target belongs to this element.
    Element(Box<Element>),
    /// The target stands elsewhere, or is built in.
    References(Reference),
    /// A name that the model does not have: its possible readings (`PersistedResolvableAnnotation`). DacFx writes none for
    /// a name that can be read in one way only, and that name is then lost.
    Unresolved(Vec<Annotation>),
}

/// A reference to an element or a built-in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reference {
    /// `ExternalSource`, e.g. `BuiltIns`.
    pub external_source: Option<String>,
    /// Bracketed name.
    pub name: Option<Name>,
    /// Number of the element referred to, where it has no name or shares it.
    pub disambiguator: Option<u32>,
    /// Class of the target, where a built-in's name alone does not say it.
    pub class: Option<String>,
    /// Annotations that stand beside the reference.
    pub annotations: Vec<Annotation>,
}

impl Reference {
    /// A reference by name.
    pub fn to(name: Name) -> Self {
        Self { name: Some(name), ..Self::default() }
    }

    /// A reference to a built-in, e.g. `[int]`.
    pub fn built_in(name: Name) -> Self {
        Self { external_source: Some("BuiltIns".into()), name: Some(name), ..Self::default() }
    }

    /// A reference to the database itself.
    pub fn database() -> Self {
        Self { disambiguator: Some(super::number::DATABASE), ..Self::default() }
    }

    /// Whether it refers to a built-in.
    pub fn is_built_in(&self) -> bool {
        self.external_source.is_some()
    }
}

/// An annotation of the element it stands in, or (`attached`) the use of one that stands elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Annotation {
    /// `Type`; empty for an attached annotation.
    pub kind: String,
    /// Bracketed name, as written.
    pub name: Option<String>,
    /// Its number, or the number of the annotation that is attached.
    pub disambiguator: Option<u32>,
    /// `AttachedAnnotation`.
    pub attached: bool,
    /// Properties in file order.
    pub properties: Vec<Property>,
}

impl Annotation {
    /// An annotation of `kind`.
    pub fn new(kind: impl Into<String>) -> Self {
        Self { kind: kind.into(), ..Self::default() }
    }

    /// Adds a scalar property.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) -> &mut Self {
        self.properties.push(Property { name: name.into(), value: PropertyValue::Scalar(value.into()) });
        self
    }

    /// The value of a property.
    pub fn property(&self, name: &str) -> Option<&str> {
        find_property(&self.properties, name)
    }
}
