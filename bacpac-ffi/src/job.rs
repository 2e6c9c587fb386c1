//! Operations: waited for, or as a job to poll, wait for and cancel.

use crate::boundary::{Out, fallible, in_callback, infallible, may_wait, panicked, runtime, wait};
use crate::error::bacpac_error_t;
use crate::report::bacpac_report_t;
use bacpac_core::{Control, Error, ErrorKind, Progress, Result};
use futures::FutureExt;
use futures::future::BoxFuture;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What an operation does, ready to run.
pub(crate) type Work = BoxFuture<'static, Result<bacpac_report_t>>;

/// Runs an operation and waits for its end.
pub(crate) fn run(
    report: Out<'_, bacpac_report_t>,
    control: Control,
    work: impl FnOnce(Control) -> Work,
) -> Result<()> {
    report.give(wait(work(control))?);
    Ok(())
}

/// Starts an operation as a job.
pub(crate) fn start(job: Out<'_, bacpac_job_t>, control: Control, work: impl FnOnce(Control) -> Work) -> Result<()> {
    let shared = Arc::new(Shared::default());
    let (outer, watched) = (control.clone(), shared.clone());
    // The job can be cancelled alone, and remembers the last snapshot for who polls.
    let control = control.child().on_progress(move |progress| {
        watched.lock().progress = Some(progress.clone());
        outer.report(progress);
    });
    let (work, finished) = (work(control.clone()), shared.clone());
    runtime()?.spawn(async move {
        let result = AssertUnwindSafe(work).catch_unwind().await;
        let result = result.unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
        finished.lock().end = End::Ready(Box::new(result));
        finished.changed.notify_all();
    });
    job.give(bacpac_job_t { control, shared });
    Ok(())
}

#[derive(Default)]
enum End {
    #[default]
    Running,
    Ready(Box<Result<bacpac_report_t>>),
    Taken,
}

#[derive(Default)]
struct State {
    end: End,
    progress: Option<Progress>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the end, or until `limit`; whether it has come.
    fn wait(&self, limit: Option<Instant>) -> bool {
        let mut state = self.lock();
        while matches!(state.end, End::Running) {
            state = match limit.map(|limit| limit.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => return false,
                Some(left) => self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        true
    }
}

/// An operation under way. Free it with bacpac_job_free().
///
/// All functions but the one that frees it may be called from any thread at any time.
pub struct bacpac_job_t {
    control: Control,
    shared: Arc<Shared>,
}

impl Drop for bacpac_job_t {
    fn drop(&mut self) {
        self.control.cancel();
        // It is unwound, never dropped: what it holds of the caller's is free once it has ended.
        if !in_callback() {
            self.shared.wait(None);
        }
    }
}

/// Frees a job. One that still runs is cancelled, and this call waits until it has cleaned up; only from within a
/// callback it does not wait. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_job_free(job: *mut bacpac_job_t) {
    free!(job);
}

/// Whether the job has ended, well or not. Does not wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_job_is_done(job: *const bacpac_job_t) -> bool {
    infallible(true, || optional!(job).is_none_or(|job| !matches!(job.shared.lock().end, End::Running)))
}

/// Waits until the job has ended, at most `milliseconds` (BACPAC_UNKNOWN: however long it takes). Whether it has ended.
/// Within a callback it does not wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_job_wait(job: *const bacpac_job_t, milliseconds: u64) -> bool {
    infallible(true, || {
        let Some(job) = optional!(job) else { return true };
        let milliseconds = if in_callback() { 0 } else { milliseconds };
        // A time too far to be told is no limit.
        job.shared.wait(Instant::now().checked_add(Duration::from_millis(milliseconds)))
    })
}

/// Asks the job to stop and clean up. It then ends with BACPAC_ERROR_CODE_CANCELLED, unless it had come to its end
/// before. Returns at once. NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_job_cancel(job: *const bacpac_job_t) {
    infallible((), || {
        if let Some(job) = optional!(job) {
            job.control.cancel();
        }
    });
}

/// The last snapshot of the job's progress, as a report with the fields of bacpac_progress_t (null where not known);
/// `progress` is NULL where there has been none yet. The caller owns the report.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_job_progress(
    job: *const bacpac_job_t,
    progress: *mut *mut bacpac_report_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let progress = out!(progress);
        let snapshot = handle!(job).shared.lock().progress.clone();
        if let Some(snapshot) = snapshot {
            progress.give(bacpac_report_t::new(&snapshot)?);
        }
        Ok(())
    })
}

/// Waits until the job has ended and takes its result: NULL and the report, or the error with which it failed. The
/// caller owns either. A result can be taken once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_job_result(
    job: *const bacpac_job_t,
    report: *mut *mut bacpac_report_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let report = out!(report);
        let job = handle!(job);
        let done = !matches!(job.shared.lock().end, End::Running);
        if !done {
            may_wait()?;
            job.shared.wait(None);
        }
        let end = std::mem::replace(&mut job.shared.lock().end, End::Taken);
        match end {
            End::Ready(result) => report.give((*result)?),
            End::Running | End::Taken => {
                return Err(Error::new(ErrorKind::InvalidArgument, "the result of the job has been taken before"));
            }
        }
        Ok(())
    })
}
