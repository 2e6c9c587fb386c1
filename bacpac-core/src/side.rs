//! One side of a comparison: a package or a live database, opened to its model, its tables and their rows.
//!
//! What compares does not know which of the two it has. Nothing is written.

use crate::bcp::RowLayout;
use crate::connection::{Connection, Connector, RowsRequest};
use crate::control::{Control, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::ident::ObjectName;
use crate::inspect::{Package, Table};
use crate::model::Model;
use crate::objects::{self, ExtractOptions};
use crate::server;
use crate::storage::Source;
use async_trait::async_trait;
use std::fmt;
use std::sync::Arc;

/// What to compare: a package, or a database on a server.
#[derive(Clone)]
#[non_exhaustive]
pub enum Side {
    /// The package in a source.
    Package(Arc<dyn Source>),
    /// A database.
    Database {
        /// Connects to its server.
        connector: Arc<dyn Connector>,
        /// Its name.
        name: String,
    },
}

impl Side {
    /// The package in `source`.
    pub fn package(source: Arc<dyn Source>) -> Self {
        Side::Package(source)
    }

    /// The database `name` of the server that `connector` connects to.
    pub fn database(connector: Arc<dyn Connector>, name: impl Into<String>) -> Self {
        Side::Database { connector, name: name.into() }
    }

    pub(crate) async fn open(self, control: &Control) -> Result<OpenSide> {
        match self {
            Side::Package(source) => Ok(OpenSide::package(Package::open(source, control).await?)),
            Side::Database { connector, name } => OpenSide::database(connector, name, control).await,
        }
    }
}

impl fmt::Debug for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Side::Package(_) => f.write_str("Package"),
            Side::Database { connector, name } => write!(f, "Database({} on {})", name, connector.server()),
        }
    }
}

/// A table of a side.
#[derive(Clone, Debug)]
pub(crate) struct SideTable {
    pub(crate) name: ObjectName,
    pub(crate) layout: RowLayout,
    clustered_key: Vec<(String, bool)>,
}

/// A side that has been opened.
pub(crate) struct OpenSide {
    place: Place,
    model: Arc<Model>,
    tables: Vec<SideTable>,
    warnings: Vec<Warning>,
}

enum Place {
    Package(Package),
    Database { connector: Arc<dyn Connector>, name: String, connection: Option<Box<dyn Connection>> },
}

/// Takes the bytes of native rows as they come.
#[async_trait]
pub(crate) trait Visit: Send {
    /// The next bytes, which may end anywhere; `false` ends the reading.
    async fn rows(&mut self, bytes: &[u8]) -> Result<bool>;
}

impl OpenSide {
    fn package(package: Package) -> Self {
        let (model, warnings) = (package.shared_model(), package.warnings().to_vec());
        // A package gives its rows in the order it has them.
        let table = |t: &Table| SideTable { name: t.name.clone(), layout: t.layout.clone(), clustered_key: Vec::new() };
        let tables = package.tables().iter().map(table).collect();
        Self { place: Place::Package(package), model, tables, warnings }
    }

    async fn database(connector: Arc<dyn Connector>, name: String, control: &Control) -> Result<Self> {
        let mut connection = connector.connect(Some(&name), control).await?;
        let (catalog, mut warnings) = server::read_catalog(connection.as_mut(), &objects::views(), control).await?;
        let extracted = objects::extract(&catalog, &ExtractOptions::default().skip_unsupported(true))?;
        warnings.extend(extracted.warnings);
        let tables = objects::data_tables(&extracted.model)?.into_iter().map(SideTable::of).collect();
        let place = Place::Database { connector, name, connection: Some(connection) };
        Ok(Self { place, model: Arc::new(extracted.model), tables, warnings })
    }

    pub(crate) fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// The tables, in the model's order.
    pub(crate) fn tables(&self) -> &[SideTable] {
        &self.tables
    }

    /// What could not be read as it is.
    pub(crate) fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Reads the rows of the table at a position of [`tables`](Self::tables); a database is asked for them in the
    /// order of the clustered key where `in_order` says so.
    pub(crate) async fn read(
        &mut self,
        table: usize,
        in_order: bool,
        visit: &mut dyn Visit,
        control: &Control,
    ) -> Result<()> {
        let at = table;
        let table = self.tables.get(at).ok_or_else(no_such_table)?;
        let place = |e: Error| e.with_context(|c| c.object = Some(table.name.to_string()));
        match &mut self.place {
            Place::Package(package) => {
                let mut rows = package.rows(package.tables().get(at).ok_or_else(no_such_table)?);
                while let Some(chunk) = rows.next(control).await? {
                    if !visit.rows(&chunk.bytes).await.map_err(place)? {
                        break;
                    }
                }
            }
            Place::Database { connector, name, connection } => {
                let mut open = match connection.take().filter(|c| c.is_usable()) {
                    Some(open) => open,
                    None => connector.connect(Some(name), control).await?,
                };
                let mut request = RowsRequest::new(table.name.clone(), table.layout.columns().to_vec());
                if in_order {
                    request.order_by = table.clustered_key.clone();
                }
                {
                    let mut rows = open.rows(&request, control).await.map_err(place)?;
                    while let Some(chunk) = rows.next(control).await.map_err(place)? {
                        if !visit.rows(&chunk.bytes).await.map_err(place)? {
                            break;
                        }
                    }
                }
                *connection = Some(open);
            }
        }
        Ok(())
    }

    /// Logs out, where there is a connection.
    pub(crate) async fn close(self) -> Result<()> {
        match self.place {
            Place::Database { connection: Some(connection), .. } => connection.close().await,
            _ => Ok(()),
        }
    }
}

fn no_such_table() -> Error {
    Error::new(ErrorKind::Internal, "no such table")
}

impl SideTable {
    fn of(table: objects::DataTable) -> Self {
        let clustered_key = table.clustered_key.into_iter().map(|key| (key.name, key.descending)).collect();
        Self { name: table.name, layout: table.layout, clustered_key }
    }
}
