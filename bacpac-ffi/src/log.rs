//! The library's log lines, to a callback.

use crate::boundary::{c_text, calling_back, fallible, in_callback};
use crate::control::{UserData, bacpac_release_callback_t};
use crate::error::bacpac_error_t;
use bacpac_core::{Error, ErrorKind};
use std::ffi::{c_char, c_void};
use std::fmt::{self, Write};
use std::sync::{OnceLock, PoisonError, RwLock};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, SubscriberExt};

/// How much a log line matters.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(clippy::enum_variant_names, reason = "in C all names are in one space")]
pub enum bacpac_log_level_t {
    /// Something is wrong.
    BACPAC_LOG_LEVEL_ERROR = 1,
    /// Something is not as it should be.
    BACPAC_LOG_LEVEL_WARN = 2,
    /// Something happened.
    BACPAC_LOG_LEVEL_INFO = 3,
    /// For who looks for a fault.
    BACPAC_LOG_LEVEL_DEBUG = 4,
    /// Everything.
    BACPAC_LOG_LEVEL_TRACE = 5,
}

/// Called with each log line, on any thread, by several at the same time. `target` says which part of the library it is
/// from. Both texts are valid during the call only.
pub type bacpac_log_callback_t =
    Option<unsafe extern "C" fn(user_data: *mut c_void, level: u32, target: *const c_char, text: *const c_char)>;

struct Listener {
    level: u32,
    callback: unsafe extern "C" fn(user_data: *mut c_void, level: u32, target: *const c_char, text: *const c_char),
    user_data: UserData,
}

static LISTENER: RwLock<Option<Listener>> = RwLock::new(None);

/// Passes events to the listener of the moment.
struct Bridge;

impl<S: Subscriber> Layer<S> for Bridge {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        // What a callback itself causes would come back to it.
        if in_callback() {
            return;
        }
        let level = match *event.metadata().level() {
            Level::ERROR => bacpac_log_level_t::BACPAC_LOG_LEVEL_ERROR,
            Level::WARN => bacpac_log_level_t::BACPAC_LOG_LEVEL_WARN,
            Level::INFO => bacpac_log_level_t::BACPAC_LOG_LEVEL_INFO,
            Level::DEBUG => bacpac_log_level_t::BACPAC_LOG_LEVEL_DEBUG,
            Level::TRACE => bacpac_log_level_t::BACPAC_LOG_LEVEL_TRACE,
        } as u32;
        let listener = LISTENER.read().unwrap_or_else(PoisonError::into_inner);
        let Some(listener) = listener.as_ref().filter(|l| level <= l.level) else { return };
        let mut line = Line::default();
        event.record(&mut line);
        let (target, text) = (c_text(event.metadata().target()), c_text(&format!("{}{}", line.message, line.fields)));
        // SAFETY: the caller's callback, with the caller's pointer, and texts that outlive the call.
        calling_back(|| unsafe {
            (listener.callback)(listener.user_data.pointer, level, target.as_ptr(), text.as_ptr())
        });
    }
}

#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a String cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

/// Passes the library's log lines up to `level` (a bacpac_log_level_t) to `callback`, in place of an earlier one; with
/// a NULL callback they go nowhere, as they do in the beginning. `release`, which may be NULL, is called with
/// `user_data` when that is not needed any more (also if this call fails). When this returns, the earlier callback is not
/// running and will not be called again.
///
/// One listener serves the whole process. Fails with BACPAC_ERROR_CODE_INVALID_ARGUMENT from within a callback, and
/// where another Rust library of the process has taken the log lines of all.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_set_log(
    level: u32,
    callback: bacpac_log_callback_t,
    user_data: *mut c_void,
    release: bacpac_release_callback_t,
) -> *mut bacpac_error_t {
    let user_data = UserData::new(user_data, release);
    fallible(move || {
        static BRIDGE: OnceLock<bool> = OnceLock::new();
        if in_callback() {
            return Err(Error::new(ErrorKind::InvalidArgument, "the log cannot be turned from within a callback"));
        }
        // The drivers log what they also return as errors.
        let ours = Targets::new().with_target("bacpac", LevelFilter::TRACE);
        let bridge = || tracing_subscriber::registry().with(Bridge.with_filter(ours));
        if callback.is_some() && !*BRIDGE.get_or_init(|| tracing::subscriber::set_global_default(bridge()).is_ok()) {
            return Err(Error::new(ErrorKind::InvalidArgument, "the log lines of this process go elsewhere already"));
        }
        let listener = callback.map(|callback| Listener { level, callback, user_data });
        let earlier = std::mem::replace(&mut *LISTENER.write().unwrap_or_else(PoisonError::into_inner), listener);
        drop(earlier);
        Ok(())
    })
}
