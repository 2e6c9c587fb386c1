//! What the examples share: the sample tenant, and the platform's list of backups.

#[path = "../acmecorp/mod.rs"]
pub mod acmecorp;
pub mod screen;
