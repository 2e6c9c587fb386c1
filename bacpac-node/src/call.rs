//! A call of an operation: its progress, its cancellation, and what becomes of it when its JavaScript ends first.
//!
//! An operation that runs is never dropped. When the environment that began it ends (a worker is terminated, the process
//! exits), it is cancelled, and the end waits for it to clean up.

use crate::data::{Data, Outcome};
use bacpac_core::{Control, Error, ErrorKind, Progress};
use napi::Result;
use napi::bindgen_prelude::*;
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Progress and cancellation of one operation.
#[napi]
pub struct Call {
    control: Control,
    pending: Arc<Mutex<Vec<Progress>>>,
}

#[napi]
impl Call {
    /// `notify` is called when there is progress to take, if it is given. It does not keep the process alive, and no
    /// operation waits for it.
    #[napi(constructor)]
    pub fn new(notify: Option<Function<'_, (), ()>>) -> Result<Self> {
        let pending: Arc<Mutex<Vec<Progress>>> = Arc::default();
        let mut control = Control::new();
        if let Some(notify) = notify {
            let notify = notify.build_threadsafe_function().weak::<true>().build()?;
            let pending = pending.clone();
            control = control.on_progress(move |progress| {
                if push(&mut locked(&pending), progress) {
                    notify.call((), ThreadsafeFunctionCallMode::NonBlocking);
                }
            });
        }
        Ok(Self { control, pending })
    }

    /// Asks the operation to stop and clean up.
    #[napi]
    pub fn cancel(&self) {
        self.control.cancel();
    }

    /// The snapshots since the last call.
    #[napi(ts_return_type = "unknown[]")]
    pub fn take_progress(&self) -> Vec<Outcome<Data>> {
        std::mem::take(&mut *locked(&self.pending)).iter().map(|p| Outcome(Data::of(p))).collect()
    }
}

/// Adds a snapshot; whether there was none. One of the same stage and table takes the place of the last, so that a
/// thread that is busy finds few of them.
fn push(pending: &mut Vec<Progress>, progress: &Progress) -> bool {
    match pending.last_mut() {
        Some(last) if last.stage == progress.stage && last.table == progress.table => {
            *last = progress.clone();
            false
        }
        _ => {
            pending.push(progress.clone());
            pending.len() == 1
        }
    }
}

/// Runs an operation; its promise resolves to what it came to.
pub(crate) fn run<'env, T, F>(env: &'env Env, call: &Call, work: F) -> Result<PromiseRaw<'env, Outcome<T>>>
where
    T: ToNapiValue + Send + 'static,
    F: Future<Output = bacpac_core::Result<T>> + Send + 'static,
{
    let running = Running::begin(env, &call.control);
    env.spawn_future(async move {
        // A task of its own, so that a fault of the library becomes an error.
        let task = tokio::spawn(async move {
            let _running = running;
            work.await
        });
        Ok(Outcome(
            task.await
                .unwrap_or_else(|e| Err(Error::new(ErrorKind::Internal, "the operation broke off").with_source(e))),
        ))
    })
}

/// The control of a call.
pub(crate) fn control(call: &Call) -> Control {
    call.control.clone()
}

#[derive(Default)]
struct Operations {
    next: u64,
    /// The environment that each belongs to, and how to stop it.
    running: HashMap<u64, (usize, Control)>,
}

static OPERATIONS: Mutex<Option<Operations>> = Mutex::new(None);
static ENDED: Condvar = Condvar::new();
/// The environments that run no JavaScript any more.
static SILENT: LazyLock<watch::Sender<HashSet<usize>>> = LazyLock::new(|| watch::Sender::new(HashSet::new()));

/// How long the end of an environment waits for what it cancelled.
const PATIENCE: Duration = Duration::from_secs(10);

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Running(u64);

impl Running {
    fn begin(env: &Env, control: &Control) -> Self {
        let mut operations = locked(&OPERATIONS);
        let operations = operations.get_or_insert_default();
        operations.next += 1;
        operations.running.insert(operations.next, (env.raw() as usize, control.clone()));
        Self(operations.next)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(operations) = locked(&OPERATIONS).as_mut() {
            operations.running.remove(&self.0);
        }
        ENDED.notify_all();
    }
}

/// Waits until an environment runs no JavaScript any more: then nothing that was asked of it is answered.
pub(crate) async fn silence_of(env: usize) {
    // The sender is never dropped.
    drop(SILENT.subscribe().wait_for(|silent| silent.contains(&env)).await);
}

/// Cancels what this environment began, and waits for it to clean up.
fn end(env: usize) {
    SILENT.send_modify(|silent| {
        silent.insert(env);
    });
    let of_env = |operations: &Option<Operations>| {
        let running = operations.iter().flat_map(|o| o.running.values());
        running.filter(|(owner, _)| *owner == env).map(|(_, control)| control.clone()).collect::<Vec<_>>()
    };
    let operations = locked(&OPERATIONS);
    of_env(&operations).iter().for_each(Control::cancel);
    drop(ENDED.wait_timeout_while(operations, PATIENCE, |operations| !of_env(operations).is_empty()));
}

/// Ends what an environment began when the environment ends.
pub(crate) fn watch_end_of(env: &Env) -> Result<()> {
    // One of before may have been at the same address.
    SILENT.send_modify(|silent| {
        silent.remove(&(env.raw() as usize));
    });
    env.add_env_cleanup_hook(env.raw() as usize, end)?;
    Ok(())
}

/// The same, for a process that exits without ending its environments.
#[napi]
pub fn end_all(env: Env) {
    end(env.raw() as usize);
}
