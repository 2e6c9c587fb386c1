//! What the examples share: the sample tenant.

#[path = "../acmecorp/mod.rs"]
pub mod acmecorp;
