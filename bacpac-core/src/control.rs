//! Progress and cancellation, carried beside the options of every operation.
//!
//! Cancellation always surfaces as [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled), after the operation has
//! cleaned up; it never ends a stream early.

use crate::error::{Error, Result};
use serde::Serialize;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What an operation is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Connecting, and looking at the source.
    Preparing,
    /// Reading the catalog or the model.
    ReadingSchema,
    /// Creating the database and what comes before the rows.
    CreatingSchema,
    /// Moving rows.
    Rows,
    /// Indexes, constraints, modules, permissions.
    FinishingSchema,
    /// Comparing with the source.
    Verifying,
    /// Writing the end of the package, or making it visible.
    Completing,
    /// Undoing, after a failure or a cancellation.
    CleaningUp,
}

impl Stage {
    /// The stable name, e.g. `reading_schema`.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Preparing => "preparing",
            Stage::ReadingSchema => "reading_schema",
            Stage::CreatingSchema => "creating_schema",
            Stage::Rows => "rows",
            Stage::FinishingSchema => "finishing_schema",
            Stage::Verifying => "verifying",
            Stage::Completing => "completing",
            Stage::CleaningUp => "cleaning_up",
        }
    }
}

/// A snapshot of how far an operation is. Totals come from the catalog or the package and are `None` where unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// The table this snapshot is about, as `[schema].[name]`, with its own counts below.
    pub table: Option<String>,
    /// Rows of that table so far.
    pub table_rows: u64,
    /// Rows that table is expected to have.
    pub table_rows_total: Option<u64>,
    /// Whether that table is finished.
    pub table_done: bool,
    /// Tables finished.
    pub tables: u64,
    /// Tables in all.
    pub tables_total: Option<u64>,
    /// Rows so far.
    pub rows: u64,
    /// Rows expected in all.
    pub rows_total: Option<u64>,
    /// Bytes of native row data so far.
    pub bytes: u64,
}

impl Progress {
    /// A snapshot at the start of `stage`.
    pub fn at(stage: Stage) -> Self {
        Self {
            stage,
            table: None,
            table_rows: 0,
            table_rows_total: None,
            table_done: false,
            tables: 0,
            tables_total: None,
            rows: 0,
            rows_total: None,
            bytes: 0,
        }
    }
}

type OnProgress = Arc<dyn Fn(&Progress) + Send + Sync>;

/// Progress and cancellation of one operation. Clones share both.
///
/// ```
/// use bacpac_core::Control;
/// let control = Control::new().on_progress(|p| println!("{} rows", p.rows));
/// let stop = control.clone();
/// stop.cancel();
/// assert!(control.check().is_err());
/// ```
#[derive(Clone, Default)]
pub struct Control {
    token: CancellationToken,
    on_progress: Option<OnProgress>,
}

impl Control {
    /// Nobody watches, nobody has cancelled yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls `f` with each snapshot, from whatever thread made it; it must be quick.
    pub fn on_progress(mut self, f: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.on_progress = Some(Arc::new(f));
        self
    }

    /// Asks the operation to stop and clean up. Safe from any thread, any number of times.
    pub fn cancel(&self) {
        self.token.cancel();
    }

    /// Whether [`cancel`](Self::cancel) was called.
    pub fn is_cancelled(&self) -> bool {
        self.token.is_cancelled()
    }

    /// `Err(Cancelled)` after a cancellation.
    pub fn check(&self) -> Result<()> {
        if self.is_cancelled() { Err(Error::cancelled()) } else { Ok(()) }
    }

    /// Waits for a cancellation.
    pub async fn cancelled(&self) {
        self.token.cancelled().await;
    }

    /// Runs `work` until it ends or the operation is cancelled, whichever is first.
    /// Dropping `work` must be a clean way to stop it.
    pub async fn run<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            biased;
            () = self.token.cancelled() => Err(Error::cancelled()),
            result = work => result,
        }
    }

    /// A control that is cancelled with this one and can also be cancelled alone; it reports to the same watcher.
    pub fn child(&self) -> Self {
        Self { token: self.token.child_token(), on_progress: self.on_progress.clone() }
    }

    /// A control that nothing cancels, for cleaning up after a cancellation; it reports to the same watcher.
    pub fn uncancellable(&self) -> Self {
        Self { token: CancellationToken::new(), on_progress: self.on_progress.clone() }
    }

    /// Reports a snapshot.
    pub fn report(&self, progress: &Progress) {
        if let Some(f) = &self.on_progress {
            f(progress);
        }
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").field("cancelled", &self.is_cancelled()).finish_non_exhaustive()
    }
}

/// Something that was done differently from what a reader might assume, and is no error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Warning {
    /// Stable name of the rule, e.g. `unresolved_reference`.
    pub code: &'static str,
    /// The object it is about, as `[schema].[name]` or the like.
    pub object: Option<String>,
    /// What happened, in a sentence.
    pub message: String,
}

impl Warning {
    /// A warning about no object in particular.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, object: None, message: message.into() }
    }

    /// Names the object it is about.
    pub fn about(mut self, object: impl Into<String>) -> Self {
        self.object = Some(object.into());
        self
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.object {
            Some(object) => write!(f, "{}: {object}: {}", self.code, self.message),
            None => write!(f, "{}: {}", self.code, self.message),
        }
    }
}
