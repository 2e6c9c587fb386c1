//! From a catalog snapshot to a model: every kind adds its elements, then they are put in order and numbered.

use super::catalog::Catalog;
use super::source::Source;
use crate::control::Warning;
use crate::error::{Error, ErrorKind, Result};
use crate::ident::Name;
use crate::model::{self, Annotation, Element, Entry, Model, ModelHeader};
use std::collections::HashMap;

/// How to extract.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExtractOptions {
    /// Leave out objects of kinds that cannot be carried, with a warning for each, in place of an error.
    pub skip_unsupported: bool,
}

impl ExtractOptions {
    /// Sets [`skip_unsupported`](Self::skip_unsupported).
    pub fn skip_unsupported(mut self, yes: bool) -> Self {
        self.skip_unsupported = yes;
        self
    }
}

/// A model made of a catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Extracted {
    /// The model, in order and numbered.
    pub model: Model,
    /// What could not be carried as it is.
    pub warnings: Vec<Warning>,
}

/// What an extraction has made so far. A kind's `extract` adds to it.
#[derive(Debug, Default)]
pub struct Extraction {
    /// Elements, unordered, not yet numbered.
    pub elements: Vec<Element>,
    /// What could not be carried as it is.
    pub warnings: Vec<Warning>,
    options: ExtractOptions,
    attached: Vec<(Name, u32)>,
    annotations: u32,
}

/// Numbers of shared annotations while elements are being made; higher than any final number.
const FIRST_NUMBER: u32 = 1 << 24;

impl Extraction {
    /// Nothing yet.
    pub fn new(options: ExtractOptions) -> Self {
        Self { options, ..Self::default() }
    }

    /// Adds a top-level element.
    pub fn push(&mut self, element: Element) {
        self.elements.push(element);
    }

    /// Adds a warning.
    pub fn warn(&mut self, warning: Warning) {
        self.warnings.push(warning);
    }

    /// Gives `element` an annotation of `kind`, with a name or none, that its `host` (a table by two parts, a column by
    /// three) shows as an attached annotation. The numbers are made at the end.
    pub fn annotate(&mut self, element: &mut Element, kind: &str, name: Option<&Name>, host: Name) {
        let number = FIRST_NUMBER + self.annotations;
        self.annotations += 1;
        element.annotations.push(Annotation {
            kind: kind.into(),
            name: name.map(Name::to_string),
            disambiguator: Some(number),
            ..Annotation::default()
        });
        self.attached.push((host, number));
    }

    /// Refuses an object that cannot be carried, or warns and goes on when the options say so.
    pub fn unsupported(&mut self, object: impl Into<String>, why: impl Into<String>) -> Result<()> {
        let (object, why) = (object.into(), why.into());
        if self.options.skip_unsupported {
            self.warn(Warning::new("unsupported", format!("left out: {why}")).about(object));
            return Ok(());
        }
        Err(super::unsupported(object, why))
    }
}

/// The model of a database from its catalog, as DacFx makes it.
pub fn extract(catalog: &Catalog, options: &ExtractOptions) -> Result<Extracted> {
    let source = Source::new(catalog)?;
    let mut extraction = Extraction::new(options.clone());
    for kind in super::KINDS {
        (kind.extract)(&source, &mut extraction)?;
    }
    finish(&source, extraction)
}

/// Puts the elements in order, attaches and numbers the shared annotations, and writes the head.
fn finish(source: &Source<'_>, mut extraction: Extraction) -> Result<Extracted> {
    refuse_untaken(source, &mut extraction)?;
    let Extraction { mut elements, warnings, attached, .. } = extraction;
    attach(&mut elements, &attached);
    let mut header = ModelHeader::new(source.platform().name());
    let (lcid, case_sensitive) = collation(source.collation())?;
    header.collation_lcid = lcid.to_string();
    header.collation_case_sensitive = case_sensitive;
    elements.iter_mut().for_each(model::order_properties);
    model::order(&mut elements, &header);
    model::number(&mut elements);
    header.schema_version = model::schema_version(&elements);
    let mut model = Model::new(header);
    model.format = model::ModelFormat::for_schema_version(&model.header.schema_version);
    model.elements = elements;
    Ok(Extracted { model, warnings })
}

/// LCID of a collation, and whether names differ by case under it.
fn collation(name: &str) -> Result<(u32, bool)> {
    crate::collation::lcid_and_case(name).ok_or_else(|| {
        Error::new(ErrorKind::Unsupported, format!("the database has the collation {name}, which is not known"))
    })
}

/// Gives tables and columns their attached annotations.
fn attach(elements: &mut [Element], attached: &[(Name, u32)]) {
    let mut hosts: HashMap<&Name, Vec<u32>> = HashMap::new();
    for (host, number) in attached {
        hosts.entry(host).or_default().push(*number);
    }
    let push = |element: &mut Element| {
        let numbers = element.name.as_ref().and_then(|name| hosts.get(name)).into_iter().flatten();
        let annotations: Vec<Annotation> = numbers
            .map(|number| Annotation { disambiguator: Some(*number), attached: true, ..Annotation::default() })
            .collect();
        element.annotations.extend(annotations);
    };
    const HOSTS: [&str; 3] = ["SqlTable", "SqlTableType", "SqlMultiStatementTableValuedFunction"];
    for table in elements.iter_mut().filter(|element| HOSTS.contains(&element.class.as_str())) {
        push(table);
        let columns = table.relationships.iter_mut().filter(|relationship| relationship.name == "Columns");
        for entry in columns.flat_map(|relationship| &mut relationship.entries) {
            if let Entry::Element(column) = entry {
                push(column);
            }
        }
    }
}

/// Classes of the objects in `sys.objects`, by type. Types that are pieces of other objects, or the server's own, are
/// not in the list.
const OBJECT_CLASSES: &[(&str, &str)] = &[
    ("AF", "SqlAggregate"),
    ("D", "SqlDefault"),
    ("FN", "SqlScalarFunction"),
    ("FS", "SqlScalarFunction"),
    ("FT", "SqlMultiStatementTableValuedFunction"),
    ("IF", "SqlInlineTableValuedFunction"),
    ("P", "SqlProcedure"),
    ("PC", "SqlProcedure"),
    ("PG", "SqlPlanGuide"),
    ("R", "SqlRule"),
    ("RF", "SqlProcedure"),
    ("SN", "SqlSynonym"),
    ("SO", "SqlSequence"),
    ("SP", "SqlSecurityPolicy"),
    ("SQ", "SqlQueue"),
    ("TA", "SqlDmlTrigger"),
    ("TF", "SqlMultiStatementTableValuedFunction"),
    ("TR", "SqlDmlTrigger"),
    ("U", "SqlTable"),
    ("V", "SqlView"),
    ("X", "SqlExtendedProcedure"),
];

/// Refuses the user's objects of classes that no kind takes.
fn refuse_untaken(source: &Source<'_>, extraction: &mut Extraction) -> Result<()> {
    for row in source.view("sys.objects").rows() {
        let Some(id) = row.int("object_id").filter(|&id| source.is_user_object(id)) else { continue };
        let kind = row.text("type").unwrap_or_default().trim();
        let Some((_, class)) = OBJECT_CLASSES.iter().find(|(known, _)| *known == kind) else { continue };
        // A default constraint has the type of a default object, and a parent.
        let is_piece = kind == "D" && row.int("parent_object_id").unwrap_or(0) != 0;
        if super::kind_of(class).is_none() && !is_piece {
            let name = source.object(id).map(Name::to_string).unwrap_or_default();
            extraction.unsupported(format!("{class} {name}"), "objects of this kind cannot be exported")?;
        }
    }
    Ok(())
}
