//! `model.xml` as a lossless graph of elements.
//!
//! What this library does not know it still carries through a rewrite. Nothing here knows what an element means;
//! that is [`objects`](crate::objects).

mod build;
mod compare;
mod element;
mod format;
mod index;
mod name_rule;
mod number;
mod order;
mod reader;
mod schema;
mod writer;
mod xml;

#[cfg(test)]
mod tests;

pub use compare::{CompareOptions, Difference, compare};
pub use element::{
    Annotation, CustomData, Element, Entry, Model, ModelHeader, Property, PropertyValue, Reference, Relationship,
};
pub use format::{ModelFormat, ModelLimits};
pub use index::ModelIndex;
pub use name_rule::NameRule;
pub use number::{DATABASE, number};
pub use order::order;
pub use reader::ModelReader;
pub use schema::{
    ClassSchema, ModelSchema, PropertySchema, RelationshipSchema, order_properties, schema, schema_version,
};
pub use writer::ModelWriter;
