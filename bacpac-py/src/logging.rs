//! What the core logs, for Python's `logging`.

use pyo3::prelude::*;
use std::fmt::{Debug, Write};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// Hands each event to `log(level, message)`: from now on, once for all.
#[pyfunction]
pub(crate) fn start_logging(log: Py<PyAny>, level: u8) -> bool {
    let least = match level {
        0..10 => LevelFilter::TRACE,
        10..20 => LevelFilter::DEBUG,
        20..30 => LevelFilter::INFO,
        30..40 => LevelFilter::WARN,
        _ => LevelFilter::ERROR,
    };
    // The drivers log what they also return as errors.
    let ours = Targets::new().with_target("bacpac_core", least);
    tracing_subscriber::registry().with(Bridge { log }.with_filter(ours)).try_init().is_ok()
}

struct Bridge {
    log: Py<PyAny>,
}

impl<S: Subscriber> Layer<S> for Bridge {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let level = match *event.metadata().level() {
            Level::TRACE => 5,
            Level::DEBUG => 10,
            Level::INFO => 20,
            Level::WARN => 30,
            Level::ERROR => 40,
        };
        let mut line = Line::default();
        event.record(&mut line);
        // A handler that raises does not stop the work.
        Python::try_attach(|py| self.log.call1(py, (level, line.message + &line.fields)).map(drop));
    }
}

#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}
