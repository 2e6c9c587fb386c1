//! What every [`Source`] and [`Sink`] must do, as checks to run over an implementation.
//!
//! Each check returns an error of kind [`ErrorKind::Verification`] that says which rule was broken.

use super::{Sink, Source};
use crate::error::{Error, ErrorKind, Result};
use async_trait::async_trait;
use bytes::Bytes;
use std::sync::Arc;

/// A place to test a sink at.
#[async_trait]
pub trait SinkPlace: Send + Sync {
    /// A new sink for the one target of this place; `replace` says whether it may replace what is there.
    async fn sink(&self, replace: bool) -> Result<Box<dyn Sink>>;

    /// What is at the target; `None` if nothing is.
    async fn target(&self) -> Result<Option<Bytes>>;

    /// Whether anything of an unfinished write is left.
    async fn litter(&self) -> Result<bool>;

    /// Takes the target away.
    async fn clear(&self) -> Result<()>;

    /// Whether a target can exist beforehand at all. A sink into memory has no target to find.
    fn has_targets(&self) -> bool {
        true
    }
}

fn rule(kept: bool, rule: &'static str) -> Result<()> {
    if kept { Ok(()) } else { Err(Error::new(ErrorKind::Verification, rule)) }
}

/// Checks a source that holds `expected`.
pub async fn source(source: Arc<dyn Source>, expected: &[u8]) -> Result<()> {
    let size = expected.len() as u64;
    rule(source.size() == size, "a source knows its size")?;
    let all = source.read(0..size).await?;
    rule(all == expected, "a source gives all its bytes")?;
    rule(source.read(0..0).await?.is_empty(), "an empty range gives no bytes")?;
    rule(source.read(size..size).await?.is_empty(), "an empty range at the end gives no bytes")?;
    let step = (expected.len() / 7).max(1);
    let mut reads = Vec::new();
    for start in (0..expected.len()).step_by(step) {
        let end = (start + step * 2).min(expected.len());
        let source = Arc::clone(&source);
        reads.push(async move { Ok::<_, Error>((start, end, source.read(start as u64..end as u64).await?)) });
    }
    for (start, end, bytes) in futures::future::try_join_all(reads).await? {
        rule(Some(&*bytes) == expected.get(start..end), "reads at the same time give their own bytes")?;
    }
    for range in [0..size + 1, size..size + 1, size + 1..size + 2, u64::MAX - 1..u64::MAX] {
        match source.read(range).await {
            Ok(_) => return rule(false, "a range past the end is an error"),
            Err(e) => rule(e.kind() == ErrorKind::InvalidArgument, "a range past the end is an invalid argument")?,
        }
    }
    Ok(())
}

/// Checks the sinks of a place whose target does not exist. Writes a few times `size` bytes; choose it to be larger
/// than what the sink gathers, to test its uploads, and once small.
pub async fn sink(place: &dyn SinkPlace, size: usize) -> Result<()> {
    let contents: Vec<u8> = (0..size).map(|i| u8::try_from(i * 31 % 251).unwrap_or(0)).collect();
    let contents = Bytes::from(contents);
    rule(place.target().await?.is_none(), "the place starts empty")?;

    // Complete makes all of it visible, and not before.
    let mut sink = place.sink(false).await?;
    write(&mut *sink, &contents, 7).await?;
    rule(place.target().await?.is_none(), "nothing is visible before complete")?;
    sink.complete().await?;
    rule(place.target().await?.as_ref() == Some(&contents), "all of it is visible after complete")?;
    rule(!place.litter().await?, "complete leaves nothing else behind")?;

    if place.has_targets() {
        // What is there stays, unless told otherwise.
        match place.sink(false).await {
            Err(e) => rule(e.kind() == ErrorKind::AlreadyExists, "an existing target is refused as such")?,
            Ok(mut sink) => {
                write(&mut *sink, &contents, 3).await?;
                match sink.complete().await {
                    Err(e) => rule(e.kind() == ErrorKind::AlreadyExists, "an existing target is refused as such")?,
                    Ok(()) => rule(false, "an existing target is refused")?,
                }
            }
        }
        rule(place.target().await?.as_ref() == Some(&contents), "a refused target is as it was")?;

        let other: Bytes = contents.iter().rev().copied().collect();
        let mut sink = place.sink(true).await?;
        write(&mut *sink, &other, 2).await?;
        rule(place.target().await?.as_ref() == Some(&contents), "the old target stands until complete")?;
        sink.complete().await?;
        rule(place.target().await?.as_ref() == Some(&other), "the new target replaces the old one")?;

        // One that appears meanwhile is found at the latest by complete.
        place.clear().await?;
        let mut late = place.sink(false).await?;
        write(&mut *late, &contents, 4).await?;
        let mut early = place.sink(false).await?;
        write(&mut *early, &other, 4).await?;
        early.complete().await?;
        match late.complete().await {
            Err(e) => rule(e.kind() == ErrorKind::AlreadyExists, "a target that came meanwhile is refused as such")?,
            Ok(()) => rule(false, "a target that came meanwhile is refused")?,
        }
        rule(place.target().await?.as_ref() == Some(&other), "a target that came meanwhile stays")?;
        rule(!place.litter().await?, "a refused complete leaves nothing behind")?;
    }

    // Abort and drop leave nothing.
    place.clear().await?;
    let mut sink = place.sink(false).await?;
    write(&mut *sink, &contents, 5).await?;
    sink.abort().await?;
    rule(place.target().await?.is_none() && !place.litter().await?, "abort leaves nothing behind")?;

    let mut sink = place.sink(false).await?;
    write(&mut *sink, &contents, 5).await?;
    drop(sink);
    // What a drop does it may do without waiting.
    let mut clean = false;
    for _ in 0..200 {
        clean = place.target().await?.is_none() && !place.litter().await?;
        if clean {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    rule(clean, "a drop leaves nothing behind")?;

    // Nothing at all is something that can be complete.
    place.clear().await?;
    place.sink(false).await?.complete().await?;
    rule(place.target().await?.is_some_and(|b| b.is_empty()), "a sink without bytes makes an empty target")
}

async fn write(sink: &mut dyn Sink, contents: &Bytes, pieces: usize) -> Result<()> {
    let step = contents.len().div_ceil(pieces).max(1);
    let mut rest = contents.clone();
    while !rest.is_empty() {
        sink.write(rest.split_to(step.min(rest.len()))).await?;
    }
    sink.write(Bytes::new()).await
}
