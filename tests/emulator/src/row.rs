//! The wire form of a row: what follows the token byte of a TDS ROW token ([MS-TDS] 2.2.7.19).
//!
//! Tables keep their rows in this form, so that a plain SELECT of a table's columns copies slices.
