//! `backups download`: to a file, taken up again after a break, or to standard output; or a link.

use super::Place;
use crate::progress;
use bacpac_core::backup::{Backup, DownloadOptions, Sha256Digest};
use bacpac_core::{Control, Error, ErrorKind, Result};
use clap::Args;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[derive(Args)]
pub(super) struct Download {
    /// File name, or a tenant for its newest
    name: String,
    /// The file to write, `-` for standard output; by the backup's own name in this folder if not said. What was fetched
    /// before a break is kept as OUTPUT.part, and the next run goes on from there
    output: Option<PathBuf>,
    /// Print a link by which anybody can download it, instead: where the store makes some
    #[arg(long)]
    link: bool,
    /// Minutes that the link is good for
    #[arg(long, default_value_t = 60, requires = "link")]
    minutes: u64,
}

impl Download {
    pub(super) async fn run(self, place: &Place) -> Result<()> {
        let control = progress::control();
        let backup = place.find(&self.name, &control).await?;
        if self.link {
            let valid_for = Duration::from_secs(self.minutes.saturating_mul(60));
            println!("{}", place.catalog.download_link(&backup, valid_for, &control).await?.url());
            return Ok(());
        }
        match self.output {
            Some(path) if path == Path::new("-") => {
                let download = place.catalog.download(&backup, &DownloadOptions::default(), &control).await?;
                download.write_to(&mut tokio::io::stdout(), &control).await?;
            }
            output => {
                let output = output.unwrap_or_else(|| backup.name.to_string().into());
                to_file(place, &backup, &output, &control).await?;
                eprintln!("{}", output.display());
            }
        }
        Ok(())
    }
}

async fn to_file(place: &Place, backup: &Backup, output: &Path, control: &Control) -> Result<()> {
    if tokio::fs::try_exists(output).await? {
        return Err(Error::new(ErrorKind::AlreadyExists, format!("{} exists already", output.display()))
            .with_help("give another name, or remove it"));
    }
    let beside = |suffix: &str| {
        let mut name = output.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    // The version of the file that the part is of.
    let (part, tag) = (beside(".part"), beside(".part.etag"));
    let mut options = DownloadOptions::default();
    if let (Ok(have), Ok(tag)) = (tokio::fs::metadata(&part).await, tokio::fs::read_to_string(&tag).await) {
        options = options.start(have.len()).e_tag(tag);
    }
    let mut download = match place.catalog.download(backup, &options, control).await {
        // Another version, or not even as many bytes: from the beginning.
        Err(e) if options.start > 0 && matches!(e.kind(), ErrorKind::Mismatch | ErrorKind::InvalidArgument) => {
            options = DownloadOptions::default();
            place.catalog.download(backup, &options, control).await?
        }
        opened => opened?,
    };
    let checked = download.is_checked();
    if let Some(e_tag) = download.e_tag() {
        tokio::fs::write(&tag, e_tag).await?;
    }
    let mut open = tokio::fs::OpenOptions::new();
    open.write(true).create(true).append(options.start > 0).truncate(options.start == 0);
    let mut file = open.open(&part).await?;
    let written = async {
        while let Some(bytes) = download.next(control).await? {
            file.write_all(&bytes).await?;
        }
        Ok::<_, Error>(())
    };
    let written = written.await;
    file.flush().await?;
    file.sync_all().await?;
    if let Err(e) = written {
        if e.kind() == ErrorKind::Checksum {
            remove(&[&part, &tag]).await;
        }
        return Err(e);
    }
    // A part that was taken up again is compared as a whole now.
    if !checked && let Err(e) = compare(place, backup, &part, control).await {
        remove(&[&part, &tag]).await;
        return Err(e);
    }
    tokio::fs::rename(&part, output).await?;
    remove(&[&tag]).await;
    Ok(())
}

async fn remove(files: &[&Path]) {
    for file in files {
        // What is not there need not go.
        let _ = tokio::fs::remove_file(file).await;
    }
}

async fn compare(place: &Place, backup: &Backup, file: &Path, control: &Control) -> Result<()> {
    let Some(wanted) = place.catalog.manifest(backup, control).await?.and_then(|m| m.sha256) else {
        eprintln!("warning: {} has no manifest to compare it with", backup.name);
        return Ok(());
    };
    let mut reader = tokio::fs::File::open(file).await?;
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        control.check()?;
        let read = reader.read(&mut buffer).await?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
    }
    let found = Sha256Digest(hash.finalize().into());
    if found == wanted {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Checksum, format!("{} has SHA-256 {found}, and its manifest says {wanted}", backup.name))
        .with_help("download it again from the beginning; if that fails as well, use another backup"))
}
