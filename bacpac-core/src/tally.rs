//! Counts while rows move, and the progress made of them.

use crate::as_data;
use crate::bcp::RowChunk;
use crate::control::{Control, Progress, Stage};
use crate::ident::ObjectName;
use serde::Serialize;
use std::sync::{Mutex, MutexGuard};

/// One table of an export or an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TableReport {
    /// The table.
    #[serde(flatten, serialize_with = "as_data::table")]
    pub name: ObjectName,
    /// Rows.
    pub rows: u64,
    /// Bytes of native rows, uncompressed.
    pub bytes: u64,
}

/// A table whose rows are about to move.
pub(crate) struct Expected {
    pub(crate) name: ObjectName,
    /// Rows by the catalog or the package, where known.
    pub(crate) rows: Option<u64>,
}

/// Shared by all connections of one operation.
pub(crate) struct Tally {
    state: Mutex<State>,
    control: Control,
}

struct State {
    progress: Progress,
    tables: Vec<Counted>,
}

struct Counted {
    report: TableReport,
    expected: Option<u64>,
    /// Statements or loads that are left of it.
    units: usize,
}

impl Tally {
    /// For these tables; `units` are the statements or loads they are moved by, as positions of tables.
    pub(crate) fn new(
        tables: impl IntoIterator<Item = Expected>,
        units: impl IntoIterator<Item = usize>,
        rows_total: Option<u64>,
        control: &Control,
    ) -> Self {
        let counted = |Expected { name, rows }| Counted {
            report: TableReport { name, rows: 0, bytes: 0 },
            expected: rows,
            units: 0,
        };
        let mut tables: Vec<Counted> = tables.into_iter().map(counted).collect();
        for table in units {
            if let Some(counted) = tables.get_mut(table) {
                counted.units += 1;
            }
        }
        let mut progress = Progress::at(Stage::Rows);
        progress.tables_total = Some(tables.iter().filter(|t| t.units > 0).count() as u64);
        progress.rows_total = rows_total;
        Self { state: Mutex::new(State { progress, tables }), control: control.clone() }
    }

    /// Counts a chunk of the table at position `table`.
    pub(crate) fn add(&self, table: usize, chunk: &RowChunk) {
        self.update(table, |Counted { report, .. }, progress| {
            report.rows += chunk.rows;
            report.bytes += chunk.bytes.len() as u64;
            progress.rows += chunk.rows;
            progress.bytes += chunk.bytes.len() as u64;
        });
    }

    /// Takes back what a load that is begun again had counted.
    pub(crate) fn take_back(&self, table: usize, rows: u64, bytes: u64) {
        self.update(table, |Counted { report, .. }, progress| {
            report.rows = report.rows.saturating_sub(rows);
            report.bytes = report.bytes.saturating_sub(bytes);
            progress.rows = progress.rows.saturating_sub(rows);
            progress.bytes = progress.bytes.saturating_sub(bytes);
        });
    }

    /// One of the table's units is finished.
    pub(crate) fn end_unit(&self, table: usize) {
        self.update(table, |counted, progress| {
            counted.units = counted.units.saturating_sub(1);
            if counted.units == 0 {
                progress.tables += 1;
            }
        });
    }

    fn update(&self, table: usize, change: impl FnOnce(&mut Counted, &mut Progress)) {
        let snapshot = {
            let mut state = self.lock();
            let State { progress, tables } = &mut *state;
            let Some(counted) = tables.get_mut(table) else { return };
            change(counted, progress);
            progress.table = Some(counted.report.name.to_string());
            progress.table_rows = counted.report.rows;
            progress.table_rows_total = counted.expected;
            progress.table_done = counted.units == 0;
            progress.clone()
        };
        self.control.report(&snapshot);
    }

    /// The tables so far, in their order.
    pub(crate) fn tables(&self) -> Vec<TableReport> {
        self.lock().tables.iter().map(|counted| counted.report.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Counters are sound whatever panicked while they were held.
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }
}
