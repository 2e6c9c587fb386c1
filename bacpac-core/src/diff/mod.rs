//! What differs between two packages, two databases, or one of each: objects by property, rows by key.
//!
//! Everything streams, nothing is written, and memory does not grow with a table:
//!
//! * **Rows** are matched by the primary key, else by another unique key of columns that are NOT NULL, else as whole
//!   rows. Both sides are read side by side as a pair of hashes a row (SHA-256 of the canonical text of its key and of
//!   its compared columns, 128 bits kept of each). A hash waits in memory until its counterpart comes by from the other
//!   side, so two tables in the same order need next to nothing. Where more rows wait than
//!   [`DiffOptions::memory`] holds, the pass goes on with half of the keys, by hash, and the tables are read again for
//!   the others; of those, only where the sums of the first pass differ. Passes = rows without a counterpart nearby ÷
//!   what memory holds, one more where examples are wanted.
//! * **Memory**: [`DiffOptions::memory`] (64 MiB unless said otherwise), 7 MiB of sums, two chunks of rows (a package's
//!   part, 4 MiB as a rule), and both models. No temporary files.
//! * Compared is the value, by its canonical text: a column that has become `bigint` from `int` has the same rows.
//!   Rowversion values are left out, since a server gives them anew; columns of one side only are named. Keys are
//!   compared exactly, whatever the collation says.
//! * A database is read as it is. Where it is written to meanwhile, passes see different rows; a warning says so.
//!
//! Examples show values: a report of them is as confidential as the data.
//!
//! ```
//! # async fn example() -> bacpac_core::Result<()> {
//! use bacpac_core::diff::{self, DiffOptions, Side};
//! use bacpac_core::{Control, FileSource};
//! use std::sync::Arc;
//!
//! let monday = Side::package(Arc::new(FileSource::open("monday.bacpac").await?));
//! let tuesday = Side::package(Arc::new(FileSource::open("tuesday.bacpac").await?));
//! let report = diff::diff(monday, tuesday, &DiffOptions::default().tables(["sales.*"]), &Control::new()).await?;
//! for table in report.tables.iter().filter(|t| !t.is_same()) {
//!     println!("{table}");
//! }
//! # Ok(())
//! # }
//! ```

mod columns;
mod examples;
mod hasher;
mod matcher;
mod options;
mod report;
mod rows;
mod schema;
#[cfg(test)]
mod tests;

pub use crate::side::Side;
pub use options::{DiffOptions, DiffScope};
pub use report::{Change, ColumnChange, DiffReport, KeyPart, ObjectChange, ObjectDiff, RowExample, TableDiff};

use crate::control::{Control, Progress, Stage, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::ident::{Name, ObjectName};
use crate::model::NameRule;
use crate::objects;
use crate::selection::Patterns;
use crate::side::SideTable;
use columns::Matched;
use rows::Pair;
use std::collections::{BTreeMap, HashMap};

/// Compares `left` with `right`. What only `right` has counts as added, what only `left` has as removed.
pub async fn diff(left: Side, right: Side, options: &DiffOptions, control: &Control) -> Result<DiffReport> {
    control.report(&Progress::at(Stage::Preparing));
    let left = left.open(control).await?;
    let right = right.open(control).await?;
    let mut report = DiffReport::default();
    report.warnings.extend(left.warnings().iter().chain(right.warnings()).cloned());
    if options.scope != DiffScope::Rows {
        let (a, b, compare) = (left.model().clone(), right.model().clone(), options.compare.clone());
        let found = tokio::task::spawn_blocking(move || schema::differences(&a, &b, &compare)).await;
        report.objects =
            found.map_err(|e| Error::new(ErrorKind::Internal, "comparing the models failed").with_source(e))?;
    }
    let mut pair = Pair::new(left, right);
    if options.scope != DiffScope::Schema {
        let mut progress = Progress::at(Stage::Verifying);
        let rule = NameRule::of_both(&pair.left()?.model().header, &pair.right()?.model().header);
        let left_keys = objects::unique_keys(pair.left()?.model())?;
        let right_keys = objects::unique_keys(pair.right()?.model())?;
        let tables = pairs(&pair, options, rule, &mut report.warnings)?;
        progress.tables_total = Some(tables.len() as u64);
        for table in tables {
            control.check()?;
            let keys = |all: &HashMap<Name, Vec<objects::KeyColumns>>, name: Option<&Name>| {
                name.and_then(|name| all.get(name)).cloned().unwrap_or_default()
            };
            let left = table.left.and_then(|i| pair.left().ok()?.tables().get(i)).cloned();
            let right = table.right.and_then(|i| pair.right().ok()?.tables().get(i)).cloned();
            let of = |table: &Option<SideTable>| table.as_ref().map(|t| Name::from(&t.name));
            let matched = Matched::new(
                left.as_ref().map(|t| &t.layout),
                right.as_ref().map(|t| &t.layout),
                &keys(&left_keys, of(&left).as_ref()),
                &keys(&right_keys, of(&right).as_ref()),
                rule,
            );
            let (back, found) = rows::compare(pair, &table, matched, options, &mut progress, control).await?;
            pair = back;
            report.warnings.extend(found.warnings);
            report.tables.push(found.table);
        }
    }
    pair.close().await?;
    Ok(report)
}

/// A table with its positions on both sides.
struct TablePair {
    name: ObjectName,
    left: Option<usize>,
    right: Option<usize>,
}

/// The chosen tables of both sides by folded name: of two spellings of one name, the left one is shown.
fn pairs(pair: &Pair, options: &DiffOptions, rule: NameRule, warnings: &mut Vec<Warning>) -> Result<Vec<TablePair>> {
    let mut tables: BTreeMap<(String, String), TablePair> = BTreeMap::new();
    for (is_left, side) in [(true, pair.left()?), (false, pair.right()?)] {
        for (i, table) in side.tables().iter().enumerate() {
            let key = (rule.fold(&table.name.schema), rule.fold(&table.name.name));
            let none = || TablePair { name: table.name.clone(), left: None, right: None };
            let entry = tables.entry(key).or_insert_with(none);
            *(if is_left { &mut entry.left } else { &mut entry.right }) = Some(i);
        }
    }
    let patterns = Patterns::of_tables("tables", &options.tables, rule)?;
    let taken = tables.into_values().filter(|table| patterns.is_empty() || patterns.match_table(&table.name)).collect();
    warnings.extend(
        patterns.unused().map(|pattern| {
            Warning::new("pattern_unused", format!("neither side has a table for the pattern {pattern}"))
        }),
    );
    Ok(taken)
}
