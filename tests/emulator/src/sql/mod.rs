//! T-SQL: tokens, syntax trees and parsers. Except for [`ddl`], nothing here runs a statement or looks at a database.

pub mod ast;
pub mod ddl;
pub mod lexer;
pub mod normal;
pub mod parser;
