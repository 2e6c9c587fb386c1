//! A progress bar on a terminal, nothing elsewhere.

use bacpac_core::{Control, Progress, Stage};
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;

/// A control that draws progress and is cancelled by Ctrl-C; the operation then cleans up and says so.
pub(crate) fn control() -> Control {
    let control = if std::io::stderr().is_terminal() {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {bar:24} {percent:>3}% {elapsed}") {
            bar.set_style(style);
        }
        Control::new().on_progress(move |progress| draw(&bar, progress))
    } else {
        Control::new()
    };
    let on_interrupt = control.clone();
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            on_interrupt.cancel();
        }
    });
    control
}

fn draw(bar: &ProgressBar, progress: &Progress) {
    if progress.stage != Stage::Rows {
        bar.set_message(progress.stage.name().replace('_', " "));
        return;
    }
    if let Some(total) = progress.rows_total {
        bar.set_length(total.max(progress.rows));
    }
    bar.set_position(progress.rows);
    bar.set_message(format!(
        "{} rows, {}, {} of {} tables, {}",
        HumanCount(progress.rows),
        HumanBytes(progress.bytes),
        progress.tables,
        progress.tables_total.unwrap_or_default(),
        progress.table.as_deref().unwrap_or_default(),
    ));
}
