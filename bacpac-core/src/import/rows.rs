//! Rows from data parts into the server: each connection takes a load, inflates its parts and sends them.
//!
//! A load is a table, or a run of parts of a large one. It is visible when it is finished, or not at all.

use super::examine::Loadable;
use super::target;
use crate::bcp::RowLayout;
use crate::connection::{BulkRequest, Connection, Connector};
use crate::control::{Control, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::inspect::Package;
use crate::package::DataFile;
use crate::sql_type::SqlType;
use crate::tally::Tally;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::task::JoinSet;

/// "Cannot insert an explicit value into a timestamp column."
const ROWVERSION_REFUSED: u32 = 273;

/// One bulk load.
#[derive(Clone, Debug)]
pub(super) struct Load {
    /// Position of its table.
    pub(super) table: usize,
    parts: Vec<DataFile>,
}

/// Tables of more uncompressed bytes than this are loaded by several connections.
const SPLIT_ABOVE: u64 = 64 << 20;

/// The loads of all tables, the largest first, so that none is left alone at the end.
pub(super) fn loads(tables: &[Loadable], connections: usize) -> Vec<Load> {
    let mut loads = Vec::new();
    for (table, data) in tables.iter().enumerate() {
        let rows = &data.source.parts.rows;
        if rows.is_empty() || !data.has_rows {
            continue;
        }
        let bytes = data.source.parts.row_bytes();
        let pieces = if bytes > SPLIT_ABOVE { connections.max(1) } else { 1 };
        let run = rows.len().div_ceil(pieces).max(1);
        loads.extend(rows.chunks(run).map(|parts| Load { table, parts: parts.to_vec() }));
    }
    loads.sort_by_key(|load| std::cmp::Reverse(load.parts.iter().map(|p| p.size).sum::<u64>()));
    loads
}

/// What the loading connections share.
pub(super) struct Loader {
    pub(super) connector: Arc<dyn Connector>,
    pub(super) database: String,
    pub(super) package: Package,
    pub(super) tables: Vec<Loadable>,
    pub(super) tally: Tally,
    /// Set when the server has refused rowversion values once.
    pub(super) no_rowversion: AtomicBool,
}

impl Loader {
    /// Runs all loads over `connections` connections.
    pub(super) async fn run(
        self: Arc<Self>,
        loads: Vec<Load>,
        connections: usize,
        control: &Control,
    ) -> Result<Vec<Warning>> {
        let stop = control.child();
        let queue = Arc::new(Mutex::new(VecDeque::from(loads)));
        let mut workers = JoinSet::new();
        for _ in 0..connections {
            let (loader, queue, stop) = (self.clone(), queue.clone(), stop.clone());
            workers.spawn(async move { loader.work(&queue, &stop).await });
        }
        let mut failure: Option<Error> = None;
        while let Some(ended) = workers.join_next().await {
            let ended =
                ended.unwrap_or_else(|e| Err(Error::new(ErrorKind::Internal, "a worker failed").with_source(e)));
            if let Err(e) = ended {
                stop.cancel();
                // The first failure is the cause; "cancelled" only follows it.
                if failure.as_ref().is_none_or(|f| f.kind() == ErrorKind::Cancelled) {
                    failure = Some(e);
                }
            }
        }
        control.check()?;
        match failure {
            Some(e) => Err(e),
            None => Ok(self.warnings()),
        }
    }

    fn warnings(&self) -> Vec<Warning> {
        if !self.no_rowversion.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let with =
            self.tables.iter().filter(|t| t.has_rows && !t.source.parts.rows.is_empty() && has_rowversion(&t.layout));
        with.map(|t| {
            Warning::new(
                "rowversion_assigned",
                "the server gives rowversion columns new values; those of the file are not kept",
            )
            .about(t.name.to_string())
        })
        .collect()
    }

    async fn work(&self, queue: &Mutex<VecDeque<Load>>, control: &Control) -> Result<()> {
        let mut connection: Option<Box<dyn Connection>> = None;
        loop {
            control.check()?;
            let next = queue.lock().unwrap_or_else(|e| e.into_inner()).pop_front();
            let Some(load) = next else { break };
            let mut open = match connection.take() {
                Some(open) => open,
                None => target::connect(self.connector.as_ref(), &self.database, control).await?,
            };
            let table =
                self.tables.get(load.table).ok_or_else(|| Error::new(ErrorKind::Internal, "a load without a table"))?;
            self.load(open.as_mut(), table, &load, control)
                .await
                .map_err(|e| e.with_context(|c| c.object = Some(table.name.to_string())))?;
            self.tally.end_unit(load.table);
            connection = Some(open);
        }
        match connection {
            Some(connection) => connection.close().await,
            None => Ok(()),
        }
    }

    async fn load(
        &self,
        connection: &mut dyn Connection,
        table: &Loadable,
        load: &Load,
        control: &Control,
    ) -> Result<()> {
        let sends_rowversion = has_rowversion(&table.layout) && !self.no_rowversion.load(Ordering::Relaxed);
        let mut counted = (0, 0);
        match self.send(connection, table, load, sends_rowversion, &mut counted, control).await {
            Err(e) if sends_rowversion && e.server().is_some_and(|m| m.number == ROWVERSION_REFUSED) => {
                self.no_rowversion.store(true, Ordering::Relaxed);
                self.tally.take_back(load.table, counted.0, counted.1);
                self.send(connection, table, load, false, &mut (0, 0), control).await
            }
            result => result,
        }
    }

    async fn send(
        &self,
        connection: &mut dyn Connection,
        table: &Loadable,
        load: &Load,
        rowversion: bool,
        counted: &mut (u64, u64),
        control: &Control,
    ) -> Result<()> {
        let mut request = BulkRequest::new(table.name.clone(), table.layout.columns().to_vec());
        request.identity = table.source.identity.clone();
        if !rowversion {
            let skipped = table.layout.columns().iter().filter(|c| c.sql_type == SqlType::RowVersion);
            request.skip = skipped.map(|c| c.name.clone()).collect();
        }
        let mut bulk = connection.bulk_load(&request, control).await?;
        let mut rows = self.package.rows_of(&table.source, load.parts.clone());
        let sent = async {
            while let Some(chunk) = rows.next(control).await? {
                counted.0 += chunk.rows;
                counted.1 += chunk.bytes.len() as u64;
                self.tally.add(load.table, &chunk);
                bulk.write(chunk, control).await?;
            }
            Ok(())
        };
        if let Err(e) = sent.await {
            // The load's own failure counts; one of undoing it would only hide it.
            let _ = bulk.abort().await;
            return Err(e);
        }
        let taken = bulk.finish(control).await?;
        if taken != counted.0 {
            return Err(Error::new(
                ErrorKind::Verification,
                format!("{} rows were sent and the server took {taken}", counted.0),
            ));
        }
        Ok(())
    }
}

fn has_rowversion(layout: &RowLayout) -> bool {
    layout.columns().iter().any(|c| c.sql_type == SqlType::RowVersion)
}
