//! One file per kind of database object, each holding all this library knows of that kind: the catalog views it is
//! read from, its element in `model.xml`, its T-SQL, its phase and dependencies.
//!
//! Nothing here does I/O: the catalog comes in as a [`Catalog`] snapshot, T-SQL goes out as [`Statement`]s.
//! Adding a kind is adding one file and its line in [`KINDS`].

mod assembly;
mod bound_object;
mod broker_priority;
pub mod built_in;
mod catalog;
mod check_constraint;
mod clr;
mod column;
mod columnstore_index;
mod constraint_name;
mod data_columns;
mod database_options;
mod ddl_trigger;
mod default_constraint;
mod dependencies;
mod dml_trigger;
mod edge_constraint;
mod event;
mod event_notification;
#[cfg(test)]
mod export_tests;
mod expression;
mod extended_property;
mod external;
mod external_file_format;
mod external_table;
mod extraction;
mod foreign_key;
mod fulltext;
mod function;
mod index;
mod index_options;
mod key;
mod keys;
mod login;
mod module;
mod partition;
mod permission;
mod placement;
mod platform;
mod primary_key;
mod procedure;
mod remote_service_binding;
mod role;
mod route;
mod schema;
#[cfg(test)]
mod script_tests;
mod scripting;
mod search_property_list;
mod securable;
mod security_policy;
mod sequence;
mod sequence_object;
mod service_broker;
mod signature;
mod source;
mod spatial_index;
mod statement;
mod statistics;
mod synonym;
mod table;
mod table_type;
pub mod type_specifier;
mod unique_constraint;
mod unique_keys;
mod user;
mod user_type;
mod view;
mod xml_index;
mod xml_schema_collection;

#[cfg(test)]
mod tests;

pub use catalog::{Catalog, CatalogRow, CatalogTable, View, ViewColumn};
pub use data_columns::{DataTable, KeyColumn, data_tables, row_layout, sql_type};
pub use extraction::{ExtractOptions, Extracted, Extraction, extract};
pub use platform::Platform;
pub use scripting::{ScriptOptions, Scripted, Scripting, script};
pub use source::{DataSpace, Source};
pub use statement::{Phase, Statement};
pub use unique_keys::{KeyColumns, unique_keys};

use crate::error::{Error, ErrorKind, Result};
use crate::ident::Name;
use crate::model::{Element, Entry};
use std::collections::{BTreeMap, HashSet};

/// A kind of database object (or a few that make sense only together).
pub struct Kind {
    /// The top-level element classes of this kind, e.g. `SqlTable`.
    pub classes: &'static [&'static str],
    /// The catalog views that [`Kind::extract`] reads, beside those of [`Source`].
    pub views: &'static [View],
    /// Adds the kind's elements, as DacFx makes them of the catalog.
    pub extract: fn(&Source<'_>, &mut Extraction) -> Result<()>,
    /// Adds the T-SQL that creates an element of this kind.
    pub script: fn(&Element, &Scripting<'_>, &mut Vec<Statement>) -> Result<()>,
}

/// Every kind, in the order in which they are extracted.
pub const KINDS: &[&Kind] = &[
    &keys::KIND,
    &database_options::KIND,
    &user::KIND,
    &login::KIND,
    &role::KIND,
    &schema::KIND,
    &assembly::KIND,
    &xml_schema_collection::KIND,
    &user_type::KIND,
    &table_type::KIND,
    &bound_object::KIND,
    &partition::KIND,
    &search_property_list::KIND,
    &fulltext::KIND,
    &function::KIND,
    &clr::KIND,
    &procedure::KIND,
    &table::KIND,
    &primary_key::KIND,
    &unique_constraint::KIND,
    &foreign_key::KIND,
    &default_constraint::KIND,
    &check_constraint::KIND,
    &index::KIND,
    &statistics::KIND,
    &columnstore_index::KIND,
    &spatial_index::KIND,
    &xml_index::KIND,
    &edge_constraint::KIND,
    &view::KIND,
    &dml_trigger::KIND,
    &ddl_trigger::KIND,
    &synonym::KIND,
    &sequence_object::KIND,
    &security_policy::KIND,
    &service_broker::KIND,
    &route::KIND,
    &remote_service_binding::KIND,
    &broker_priority::KIND,
    &event_notification::KIND,
    &signature::KIND,
    &external::KIND,
    &external_file_format::KIND,
    &external_table::KIND,
    &permission::KIND,
    &extended_property::KIND,
];

/// The kind that an element class is of.
pub fn kind_of(class: &str) -> Option<&'static Kind> {
    KINDS.iter().copied().find(|kind| kind.classes.contains(&class))
}

/// A view with all columns that any kind wants of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedView {
    /// Two-part name, e.g. `sys.tables`.
    pub name: &'static str,
    /// The columns, each once.
    pub columns: Vec<ViewColumn>,
}

/// The views that an extraction reads, each once, by name.
pub fn views() -> Vec<WantedView> {
    let mut wanted: BTreeMap<&'static str, Vec<ViewColumn>> = BTreeMap::new();
    let shared = [source::VIEWS, column::VIEWS, index_options::VIEWS];
    for view in shared.into_iter().chain(KINDS.iter().map(|kind| kind.views)).flatten() {
        let columns = wanted.entry(view.name).or_default();
        for column in view.columns {
            if !columns.iter().any(|known| known.name == column.name) {
                columns.push(*column);
            }
        }
    }
    wanted.into_iter().map(|(name, columns)| WantedView { name, columns }).collect()
}

/// Relationships whose names of three parts are indexes (or what belongs to one); elsewhere they are columns and
/// parameters.
const INDEX_REFERENCES: &[&str] =
    &["ForPrimaryPromotedPath", "Host", "KeyName", "UsingPrimarySelectiveXmlIndex", "UsingPrimaryXmlIndex"];

/// The names that an element refers to, of itself or of its children, built-ins left out. For a column or a parameter
/// it is the object that has it: an index may have the name of a column, and nobody waits for it.
pub fn dependencies(element: &Element) -> Vec<Name> {
    let mut names = Vec::new();
    let mut seen = HashSet::new();
    element.visit(&mut |element| {
        for relationship in &element.relationships {
            let of_index = INDEX_REFERENCES.contains(&relationship.name.as_str());
            for entry in &relationship.entries {
                let Entry::References(reference) = entry else { continue };
                let Some(name) = reference.name.as_ref().filter(|_| !reference.is_built_in()) else { continue };
                let name = match name.parts() {
                    [schema, object, _, ..] if !of_index => Name::one(schema).child(object),
                    _ => name.clone(),
                };
                if seen.insert(name.clone()) {
                    names.push(name);
                }
            }
        }
    });
    names
}

/// The name of an element that must have one.
fn name_of(element: &Element) -> Result<&Name> {
    element.name.as_ref().ok_or_else(|| incomplete(element, "has no name"))
}

/// The name that a relationship of one reference must have.
fn target<'e>(element: &'e Element, relationship: &str) -> Result<&'e Name> {
    let name = element.reference(relationship).and_then(|r| r.name.as_ref());
    name.ok_or_else(|| incomplete(element, &format!("has no {relationship}")))
}

/// ` AUTHORIZATION [owner]`, where the element has an owner.
fn authorization(element: &Element) -> String {
    let owner = element.reference("Authorizer").and_then(|r| r.name.as_ref());
    owner.map(|owner| format!(" AUTHORIZATION {owner}")).unwrap_or_default()
}

/// A password that nobody knows, where one must stand: real ones are in no catalog and no package.
fn made_up_password() -> String {
    let random = || uuid::Uuid::new_v4().simple().to_string();
    format!("Aa1!{}{}", random(), &random()[..12])
}

fn incomplete(element: &Element, what: &str) -> Error {
    let object = element.label();
    Error::new(ErrorKind::Model, format!("the model's element {what}")).with_context(|c| c.object = Some(object))
}

fn unsupported(object: impl Into<String>, why: impl Into<String>) -> Error {
    let object = object.into();
    Error::new(ErrorKind::Unsupported, why.into())
        .with_context(|c| c.object = Some(object))
        .with_help("ask for unsupported objects to be skipped, or take the object out of the source")
}
