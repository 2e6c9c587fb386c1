//! Which text values would not survive another code page: looked for in the package before anything is made.

use super::examine::Loadable;
use crate::bcp::{RowDecoder, RowSink, Value};
use crate::collation::CodePage;
use crate::control::Control;
use crate::error::Result;
use crate::findings::Finding;
use crate::inspect::Package;
use crate::sql_type::{Length, SqlType};

/// Reads the rows of each table of which a column of code-page text changes its code page.
pub(super) async fn lost_values(
    package: &Package,
    tables: &[Loadable],
    old: Option<&str>,
    new: &str,
    control: &Control,
) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for table in tables.iter().filter(|table| !table.source.parts.rows.is_empty()) {
        control.check()?;
        let mut watch = Watch::new(table, old, new);
        if watch.columns.iter().all(Option::is_none) {
            continue;
        }
        let mut decoder = RowDecoder::new(&table.source.layout)?;
        let mut rows = package.rows(&table.source);
        while let Some(chunk) = rows.next(control).await? {
            decoder.push(&chunk.bytes, &mut watch)?;
        }
        decoder.finish()?;
        findings.extend(watch.findings(table));
    }
    Ok(findings)
}

/// A column whose code page changes.
struct Watched {
    page: CodePage,
    /// Bytes that fit; `None` for large types.
    fits: Option<usize>,
    name: String,
    unmappable: Seen,
    too_long: Seen,
    /// The last units of a piece, which may be half a character.
    carry: Vec<u8>,
    /// Whether the large value under way has been counted.
    counted: bool,
}

/// Values of one kind, and the row of the first, from 1.
#[derive(Default)]
struct Seen {
    count: u64,
    first: u64,
}

impl Seen {
    fn add(&mut self, row: u64) {
        if self.count == 0 {
            self.first = row;
        }
        self.count += 1;
    }
}

struct Watch {
    columns: Vec<Option<Watched>>,
    /// The row under way, from 1.
    row: u64,
    encoded: Vec<u8>,
}

impl Watch {
    fn new(table: &Loadable, old: Option<&str>, new: &str) -> Self {
        let pairs = table.source.layout.columns().iter().zip(table.layout.columns());
        let columns = pairs.map(|(source, target)| {
            let fits = match &source.sql_type {
                SqlType::Char { length } | SqlType::VarChar { length: Length::Of(length) } => {
                    Some(usize::from(*length))
                }
                SqlType::VarChar { length: Length::Max } | SqlType::Text => None,
                _ => return None,
            };
            let page = |own: Option<&str>, usual: Option<&str>| own.or(usual).and_then(CodePage::of_collation);
            let from = page(source.collation.as_deref(), old);
            let to = page(target.collation.as_deref(), Some(new))?;
            (from != Some(to)).then(|| Watched {
                page: to,
                fits,
                name: source.name.clone(),
                unmappable: Seen::default(),
                too_long: Seen::default(),
                carry: Vec::new(),
                counted: false,
            })
        });
        Self { columns: columns.collect(), row: 1, encoded: Vec::new() }
    }

    fn findings(self, table: &Loadable) -> Vec<Finding> {
        let mut findings = Vec::new();
        for column in self.columns.into_iter().flatten() {
            let what = [
                (&column.unmappable, format!("characters that the code page {} does not have", column.page.number())),
                (
                    &column.too_long,
                    format!("more bytes in the code page {} than the column takes", column.page.number()),
                ),
            ];
            for (seen, how) in what {
                if seen.count > 0 {
                    let reason = format!(
                        "{} values of the column {} have {how}; the first is in row {}",
                        seen.count,
                        crate::ident::quote(&column.name),
                        seen.first
                    );
                    findings.push(Finding::new("value_lost", reason).about(table.source.name.to_string()));
                }
            }
        }
        findings
    }
}

impl RowSink for Watch {
    fn value(&mut self, column: usize, value: Value<'_>) -> Result<()> {
        let Some(Some(watched)) = self.columns.get_mut(column) else { return Ok(()) };
        let Value::Text(text) = value else { return Ok(()) };
        self.encoded.clear();
        let bytes = text.to_bytes();
        if watched.page.encode(&bytes, &mut self.encoded).is_err() {
            watched.unmappable.add(self.row);
        } else if watched.fits.is_some_and(|fits| self.encoded.len() > fits) {
            watched.too_long.add(self.row);
        }
        Ok(())
    }

    fn begin(&mut self, column: usize, _: Option<u64>) -> Result<()> {
        if let Some(Some(watched)) = self.columns.get_mut(column) {
            watched.carry.clear();
            watched.counted = false;
        }
        Ok(())
    }

    fn piece(&mut self, column: usize, bytes: &[u8]) -> Result<()> {
        let Some(Some(watched)) = self.columns.get_mut(column) else { return Ok(()) };
        if watched.counted {
            return Ok(());
        }
        watched.carry.extend_from_slice(bytes);
        // A high surrogate waits for its other half.
        let waits = match watched.carry.as_slice() {
            [.., _, high] if (0xD8..0xDC).contains(high) => 2,
            _ => 0,
        };
        let whole = watched.carry.len() - waits;
        self.encoded.clear();
        let fits = watched.carry.get(..whole).is_none_or(|text| watched.page.encode(text, &mut self.encoded).is_ok());
        watched.carry.drain(..whole);
        if !fits {
            watched.unmappable.add(self.row);
            watched.counted = true;
        }
        Ok(())
    }

    fn end(&mut self, column: usize) -> Result<()> {
        let Some(Some(watched)) = self.columns.get_mut(column) else { return Ok(()) };
        if !watched.counted && !watched.carry.is_empty() {
            watched.unmappable.add(self.row);
        }
        Ok(())
    }

    fn end_row(&mut self) -> Result<()> {
        self.row += 1;
        Ok(())
    }
}
