//! One file per kind of database object, each holding all this library knows of that kind: the catalog views it is
//! read from, its element in `model.xml`, its T-SQL, its phase and dependencies.
//!
//! Nothing here does I/O: the catalog comes in as a [`Catalog`] snapshot, T-SQL goes out as [`Statement`]s.
//! Adding a kind is adding one file and its line in [`KINDS`].

mod catalog;
mod statement;

pub use catalog::{Catalog, CatalogRow, CatalogTable, View, ViewColumn};
pub use statement::{Phase, Statement};

use crate::control::Warning;
use crate::error::Result;
use crate::model::{Element, Model};

/// A kind of database object (or a few that make sense only together).
pub struct Kind {
    /// The top-level element classes of this kind, e.g. `SqlTable`.
    pub classes: &'static [&'static str],
    /// The catalog views that [`Kind::extract`] reads.
    pub views: &'static [View],
    /// Adds the kind's elements, as DacFx makes them of the catalog.
    pub extract: fn(&Catalog, &mut Extraction) -> Result<()>,
    /// Adds the T-SQL that creates an element of this kind.
    pub script: fn(&Element, &Scripting<'_>, &mut Vec<Statement>) -> Result<()>,
}

/// Every kind, in the order in which they are extracted.
pub const KINDS: &[&Kind] = &[];

/// What an extraction has found so far.
#[derive(Debug, Default)]
pub struct Extraction {
    /// Elements, unordered, not yet numbered.
    pub elements: Vec<Element>,
    /// What could not be carried as it is.
    pub warnings: Vec<Warning>,
}

/// What scripting an element may look at: the whole model.
#[derive(Debug)]
pub struct Scripting<'a> {
    /// The model the element is of.
    pub model: &'a Model,
}
