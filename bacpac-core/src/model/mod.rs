//! `model.xml` as a lossless graph of elements.
//!
//! What this library does not know it still carries through a rewrite. Nothing here knows what an element means;
//! that is [`objects`](crate::objects).

mod element;

pub use element::{Annotation, Element, Entry, Model, ModelHeader, Property, PropertyValue, Reference, Relationship};
