//! Real files, and the small ones that DacFx made: read, digested, written anew, and judged by DacFx.

use bacpac_core::inspect::Package;
use bacpac_core::package::Compression;
use bacpac_core::storage::{Existing, FileSink, FileSource, Source};
use bacpac_core::{Control, Result, rewrite};
use bacpac_tests::{CorpusTable, DacFx, corpus, golden_packages};
use std::path::Path;
use std::sync::Arc;

async fn open(path: &Path) -> Result<Package> {
    let source: Arc<dyn Source> = Arc::new(FileSource::open(path).await?);
    Package::open(source, &Control::new()).await
}

async fn digests(path: &Path) -> Result<Vec<CorpusTable>> {
    let package = open(path).await?;
    let mut found = Vec::new();
    for table in package.tables_in_archive_order() {
        let (rows, sha256) = package.digest(table, &Control::new()).await?;
        found.push(CorpusTable { schema: table.name.schema.clone(), table: table.name.name.clone(), rows, sha256 });
    }
    Ok(found)
}

async fn rewritten(path: &Path, folder: &Path) -> Result<std::path::PathBuf> {
    let out = folder.join(path.file_name().expect("a file has a name"));
    let source = Arc::new(FileSource::open(path).await?);
    let sink = Box::new(FileSink::create(&out, Existing::Refuse).await?);
    rewrite::rewrite(source, sink, Compression::default(), &Control::new()).await?;
    Ok(out)
}

fn sorted(mut tables: Vec<CorpusTable>) -> Vec<CorpusTable> {
    tables.sort_by(|a, b| (&a.schema, &a.table).cmp(&(&b.schema, &b.table)));
    tables
}

#[tokio::test]
async fn real_files_give_the_rows_that_an_independent_decoder_found() {
    for (path, expected) in corpus() {
        let found = digests(&path).await.unwrap_or_else(|e| panic!("{}: {e:?}", expected.file));
        assert_eq!(sorted(found), sorted(expected.tables), "{}", expected.file);
    }
}

#[tokio::test]
async fn packages_written_anew_have_the_same_rows_and_the_same_model() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let files = corpus().into_iter().map(|(path, _)| path).chain(golden_packages());
    for path in files {
        let out = rewritten(&path, folder.path()).await.unwrap_or_else(|e| panic!("{}: {e:?}", path.display()));
        let (before, after) = (digests(&path).await.expect("it was read"), digests(&out).await.expect("ours is sound"));
        assert_eq!(before, after, "{}", path.display());
        let (before, after) = (open(&path).await.expect("it was read"), open(&out).await.expect("ours is sound"));
        assert_eq!(before.model(), after.model(), "{}", path.display());
    }
}

#[tokio::test]
async fn dacfx_finds_in_packages_written_anew_what_it_finds_in_the_originals() {
    let Some(dacfx) = DacFx::find() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let files = corpus().into_iter().map(|(path, _)| path).chain(golden_packages());
    for path in files {
        let out = rewritten(&path, folder.path()).await.expect("it can be written anew");
        let (_, text) = dacfx.run(&[Path::new("load"), &out]);
        for step in ["BacPackage.Load", "model checksum", "origin", "TSqlModel", "data parts"] {
            let ok = text.lines().any(|line| line.starts_with(&format!("{step}: ok")));
            assert!(ok, "DacFx does not load {}, {step}: {text}", out.display());
        }
        let (same, text) = dacfx.run(&[Path::new("compare"), &path, &out]);
        assert!(same, "DacFx finds a difference in {}: {text}", out.display());
        let rows = |path: &Path| rows_of(&dacfx.run(&[Path::new("readdata"), path]).1);
        assert_eq!(rows(&path), rows(&out), "{}", path.display());
    }
}

/// What `readdata` prints, without the lines that name parts and their lengths: ours may be cut elsewhere.
fn rows_of(text: &str) -> Vec<String> {
    text.lines().filter(|line| !line.starts_with("##")).map(str::to_owned).collect()
}
