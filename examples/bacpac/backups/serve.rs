//! `backups run`: every night, until it is stopped.

use super::Place;
use bacpac_core::backup::{BackupService, Clock};
use bacpac_core::{Control, Error, ErrorKind, Result};
use clap::Args;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(Args)]
pub(super) struct Run {
    /// Look once, make what is due, remove what is too old, and end: for a scheduler of your own
    #[arg(long)]
    once: bool,
    /// Keep metrics in this file, in the text format of Prometheus, for the node exporter's textfile collector
    #[arg(long)]
    metrics: Option<PathBuf>,
}

impl Run {
    pub(super) async fn run(self, place: &Place) -> Result<()> {
        if place.config.aliases().next().is_none() {
            return Err(Error::new(ErrorKind::InvalidArgument, "there are no tenants")
                .with_help("give a configuration with --config that has [[tenants]]"));
        }
        let (service, control) = (place.service()?, Control::new());
        let stopping = tokio::spawn(stop_at_signals(service.clone(), control.clone()));
        let result = match self.once {
            true => once(&service, &control).await,
            false => self.forever(place, &service, &control).await,
        };
        stopping.abort();
        if let Some(path) = &self.metrics {
            write_metrics(path, &service.metrics().prometheus(place.clock.now())).await;
        }
        result
    }

    async fn forever(&self, place: &Place, service: &BackupService, control: &Control) -> Result<()> {
        for tenant in place.config.aliases() {
            if let (_, Some(next)) = service.runs(tenant) {
                eprintln!("{tenant}: next backup at {next}");
            }
        }
        let metrics = async {
            loop {
                if let Some(path) = &self.metrics {
                    write_metrics(path, &service.metrics().prometheus(place.clock.now())).await;
                }
                tokio::time::sleep(Duration::from_secs(15)).await;
            }
        };
        tokio::select! {
            result = service.run(control) => result,
            () = metrics => Ok(()),
        }
    }
}

async fn once(service: &BackupService, control: &Control) -> Result<()> {
    let round = service.run_once(control).await?;
    for backup in &round.made {
        println!("{}", backup.name);
    }
    let removed = round.retention.as_ref().map_or(0, |r| r.removed.len());
    eprintln!("{} made, {} failed, {removed} removed", round.made.len(), round.failed.len());
    if let Some((tenant, first)) = round.failed.first() {
        let message = format!("{} backups failed, the first of {tenant}: {first}", round.failed.len());
        return Err(Error::new(first.kind(), message).with_help("the log and `list --jobs` say why each one failed"));
    }
    if round.retention.is_none() {
        return Err(Error::new(ErrorKind::Storage, "backups that are too old could not be removed")
            .with_help("the log says why"));
    }
    Ok(())
}

/// The first signal lets the backups under way finish; the second cancels them.
async fn stop_at_signals(service: BackupService, control: Control) {
    signal().await;
    eprintln!("stopping when the backups under way are done; once more to cancel them");
    tokio::join!(service.stop(), async {
        signal().await;
        control.cancel();
    });
}

async fn signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// In one step, so that nobody reads half of it. A file that cannot be written stops no backup.
async fn write_metrics(path: &Path, text: &str) {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let written = async {
        tokio::fs::write(&new, text).await?;
        tokio::fs::rename(&new, path).await
    };
    if let Err(e) = written.await {
        tracing::warn!(path = %path.display(), error = %e, "metrics were not written");
    }
}
