//! Packages that DacFx wrote.

use super::contents;
use crate::control::Control;
use crate::ident::ObjectName;
use crate::storage::{FileSource, PackageKind, PackageReader, ReadOptions, Source};
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[allow(clippy::print_stderr)] // a skipped test says so
fn shared() -> Option<PathBuf> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().skip(2);
    let found = above.map(|folder| folder.join("shared")).find(|shared| shared.join("corpus").is_dir());
    if found.is_some() {
        return found;
    }
    eprintln!("SKIPPED: no ../shared beside the workspace, so no published packages to read");
    None
}

fn packages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            packages(&path, found);
        } else if path.extension().is_some_and(|e| e == "bacpac" || e == "dacpac") {
            found.push(path);
        }
    }
    found.sort();
}

#[tokio::test]
async fn published_packages() {
    let Some(shared) = shared() else { return };
    let mut found = Vec::new();
    packages(&shared.join("corpus"), &mut found);
    packages(&shared.join("golden"), &mut found);
    assert!(found.len() >= 20, "{found:?}");
    let control = Control::new();
    for path in found {
        let source: Arc<dyn Source> = Arc::new(FileSource::open(&path).await.unwrap());
        let small = ReadOptions::default().whole_part_limit(1000).chunk_size(3000);
        for options in [ReadOptions::default(), small] {
            let reader = PackageReader::open(Arc::clone(&source), options, &control).await.unwrap();
            assert_eq!(reader.warnings(), [], "{}", path.display());
            let dacpac = path.extension().is_some_and(|e| e == "dacpac");
            assert_eq!(reader.kind(), if dacpac { PackageKind::Dacpac } else { PackageKind::Bacpac });
            let size = reader.check_parts(&control).await.unwrap();
            assert_eq!(size, reader.parts().iter().map(|e| e.size).sum::<u64>());
            // What the relationships say is what the names say.
            let relationships = reader.relationships(&control).await.unwrap();
            let mut tables = Vec::new();
            for pair in relationships.list().chunks(2) {
                let name = |i: usize, prefix: &str| pair[i].kind.strip_prefix(prefix).unwrap().to_owned();
                let table = ObjectName::new(name(1, "schema="), name(0, "table="));
                assert!(reader.data().table(&table).rows.iter().any(|f| format!("/{}", f.entry) == pair[0].target));
                if !tables.contains(&table) {
                    tables.push(table);
                }
            }
            let assigned = reader.data().assign(&tables).unwrap();
            assert_eq!(assigned.iter().map(|p| p.rows.len()).sum::<usize>() * 2, relationships.list().len());
            // The XML parts come out as they went in.
            for (entry, written) in
                [("[Content_Types].xml", reader.content_types().to_xml()), ("_rels/.rels", relationships.to_xml())]
            {
                if reader.part(entry).is_some() {
                    assert_eq!(contents(&reader, entry).await.unwrap(), written, "{}: {entry}", path.display());
                }
            }
            let origin = contents(&reader, "Origin.xml").await.unwrap();
            let ends =
                if origin.windows(2).any(|w| w == b"\r\n") { Default::default() } else { crate::package::LineEnds::Lf };
            assert_eq!(origin, reader.origin().to_xml(ends), "{}", path.display());
            let metadata = contents(&reader, "DacMetadata.xml").await.unwrap();
            assert_eq!(metadata, reader.metadata().unwrap().to_xml(ends), "{}", path.display());
        }
    }
}
