//! Packages that are damaged, odd, or no packages.

use super::{MODEL, open};
use crate::control::Control;
use crate::error::{ErrorKind, Result};
use crate::ident::ObjectName;
use crate::package::Origin;
use crate::storage::{MemorySource, PackageKind, PackageReader, ReadOptions};
use proptest::prelude::*;
use std::io::{Cursor, Write};
use std::sync::Arc;

/// A package from parts, by the `zip` crate.
fn assemble(parts: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn origin(edit: impl FnOnce(&mut Origin)) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    let mut origin = Origin::new(true);
    origin.set_model_checksum(&Sha256::digest(MODEL).into());
    edit(&mut origin);
    origin.to_xml(Default::default())
}

const TYPES: &str = "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"xml\" ContentType=\"text/xml\"/><Default Extension=\"BCP\" ContentType=\"application/octet-stream\"/></Types>";
const ROWS: &str = "Data/dbo.T/TableData-000-00000.BCP";

fn parts() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("model.xml", MODEL.to_vec()),
        ("Origin.xml", origin(|_| {})),
        ("[Content_Types].xml", TYPES.into()),
        (ROWS, vec![1, 2, 3]),
    ]
}

fn codes(reader: &PackageReader) -> Vec<&'static str> {
    reader.warnings().iter().map(|w| w.code).collect()
}

#[tokio::test]
async fn the_least_package() {
    let reader = open(assemble(&parts())).await.unwrap();
    assert_eq!(codes(&reader), [""; 0]);
    assert_eq!(reader.metadata(), None);
    reader.check_model(&Control::new()).await.unwrap();
    let dacpac = origin(|o| o.contains_exported_data = false);
    let mut p = parts();
    p[1].1 = dacpac;
    let reader = open(assemble(&p)).await.unwrap();
    assert_eq!(reader.kind(), PackageKind::Dacpac);
    assert_eq!(codes(&reader), ["data_in_dacpac"]);
}

#[tokio::test]
async fn damaged_packages() {
    // What is missing.
    for (i, kind) in [(0, ErrorKind::Package), (1, ErrorKind::Package), (2, ErrorKind::Package)] {
        let mut p = parts();
        let (name, _) = p.remove(i);
        let e = open(assemble(&p)).await.unwrap_err();
        assert_eq!(e.kind(), kind);
        assert_eq!(e.context().part.as_deref(), Some(format!("/{name}").as_str()));
    }
    // The checksum, wrong and missing: the package opens, the model does not.
    for edit in [(|o: &mut Origin| o.set_model_checksum(&[1; 32])) as fn(&mut Origin), |o| o.checksums.clear()] {
        let mut p = parts();
        p[1].1 = origin(edit);
        let reader = open(assemble(&p)).await.unwrap();
        let e = reader.check_model(&Control::new()).await.unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Checksum);
        assert_eq!(e.context().part.as_deref(), Some("/model.xml"));
    }
    // A checksum in lower case is right.
    let mut p = parts();
    p[1].1 = origin(|o| o.checksums[0].sha256.make_ascii_lowercase());
    open(assemble(&p)).await.unwrap().check_model(&Control::new()).await.unwrap();
    // Versions.
    let mut p = parts();
    p[1].1 = origin(|o| o.version.0[0] = 9);
    assert_eq!(open(assemble(&p)).await.unwrap_err().kind(), ErrorKind::UnsupportedVersion);
    let mut p = parts();
    p[1].1 = origin(|o| o.stream_versions[0].version.0[0] = 3);
    assert_eq!(open(assemble(&p)).await.unwrap_err().kind(), ErrorKind::UnsupportedVersion);
    // Origin that is not XML.
    let mut p = parts();
    p[1].1 = b"<DacOrigin>".to_vec();
    assert_eq!(open(assemble(&p)).await.unwrap_err().kind(), ErrorKind::Package);
    // No content type for what is needed.
    let mut p = parts();
    p[2].1 = TYPES.replace("\"xml\"", "\"other\"").into();
    assert_eq!(open(assemble(&p)).await.unwrap_err().kind(), ErrorKind::Package);
}

#[tokio::test]
async fn what_dacfx_passes_over_in_silence() {
    // No content type for data.
    let mut p = parts();
    p[2].1 = TYPES.replace("\"BCP\"", "\"other\"").into();
    let reader = open(assemble(&p)).await.unwrap();
    assert_eq!(codes(&reader), ["content_type_missing"]);
    assert_eq!(reader.data().table(&ObjectName::new("dbo", "T")).rows.len(), 1);
    // A folder that is not escaped right.
    for (name, table) in [
        ("Data/dbo.T (1)/TableData-000-00000.BCP", "T (1)"),
        ("Data/dbo.T[1]/TableData-000-00000.BCP", "T[1]"),
        ("Data/dbo.T!/TableData-000-00000.BCP", "T!"),
        ("Data/dbo.%54/TableData-000-00000.BCP", "T"),
    ] {
        let mut p = parts();
        p[3].0 = name;
        let reader = open(assemble(&p)).await.unwrap();
        assert_eq!(codes(&reader), ["data_folder_not_escaped"], "{name}");
        assert_eq!(reader.data().assign(&[ObjectName::new("dbo", table)]).unwrap()[0].rows.len(), 1, "{name}");
    }
    // What DacFx reads without a word: other case, other numbers.
    for name in
        ["data/DBO.t/tabledata-000-00000.bcp", "Data/dbo.T/TableData-x.bcp", "Data/dbo.T/TableData-007-00003-00001.BCP"]
    {
        let mut p = parts();
        p[3].0 = name;
        let reader = open(assemble(&p)).await.unwrap();
        assert_eq!(codes(&reader), [""; 0], "{name}");
        assert_eq!(reader.data().assign(&[ObjectName::new("dbo", "T")]).unwrap()[0].rows.len(), 1, "{name}");
    }
    // What nobody reads.
    for (name, code) in [
        ("Data/dbo.T/more/TableData-000-00000.BCP", "part_unknown"),
        ("Data/TableData-000-00000.BCP", "part_unknown"),
        ("Data/dbo.T/Rows-000-00000.BCP", "data_file_ignored"),
        ("Data/dbo.T/TableData-000-00000.csv", "data_file_ignored"),
        ("readme.txt", "part_unknown"),
        ("Data/dbo.%C3/TableData-000-00000.BCP", "part_unknown"),
    ] {
        let mut p = parts();
        p[3].0 = name;
        let reader = open(assemble(&p)).await.unwrap();
        assert_eq!(codes(&reader), [code], "{name}");
        assert_eq!(reader.data().folders().count(), 0);
    }
    // Names that differ in case only.
    let mut p = parts();
    p.push(("Data/dbo.t/TableData-000-00000.BCP", vec![9]));
    let reader = open(assemble(&p)).await.unwrap();
    assert_eq!(codes(&reader), ["part_names_differ_in_case"]);
    let (upper, lower) = (ObjectName::new("dbo", "T"), ObjectName::new("dbo", "t"));
    let assigned = reader.data().assign(&[lower, upper]).unwrap();
    assert_eq!(assigned[0].rows[0].entry, "Data/dbo.t/TableData-000-00000.BCP");
    assert_eq!(assigned[1].rows[0].entry, ROWS);
}

#[tokio::test]
async fn tables_and_parts_must_agree() {
    let mut p = parts();
    p[3].0 = "Data/a.b.c/TableData-000-00000.BCP";
    p.push(("Data/a.b.c/TableData-001-00000.BCP", vec![]));
    let reader = open(assemble(&p)).await.unwrap();
    let e = reader.data().assign(&[ObjectName::new("a.b", "c"), ObjectName::new("a", "b.c")]).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Mismatch);
    assert!(e.message().contains("[a.b].[c]") && e.message().contains("[a].[b.c]"), "{e}");
    let one = reader.data().assign(&[ObjectName::new("x", "y"), ObjectName::new("a", "b.c")]).unwrap();
    assert_eq!((one[0].rows.len(), one[1].rows.len()), (0, 2));
    let e = reader.data().assign(&[ObjectName::new("x", "y")]).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Mismatch);
    let (_, unclaimed) = reader.data().assign_some(&[ObjectName::new("x", "y")]).unwrap();
    assert_eq!(unclaimed, ["a.b.c"]);
}

/// Where the central header of an entry starts.
fn central(bytes: &[u8], name: &str) -> usize {
    let at = bytes.windows(name.len()).rposition(|w| w == name.as_bytes()).unwrap() - 46;
    assert_eq!(&bytes[at..at + 4], b"PK\x01\x02");
    at
}

type Damage = Box<dyn FnOnce(&mut Vec<u8>)>;

async fn damaged(edit: impl FnOnce(&mut Vec<u8>)) -> Result<u64> {
    let mut bytes = assemble(&parts());
    edit(&mut bytes);
    let control = Control::new();
    let whole = async { open(bytes.clone()).await?.check_parts(&control).await }.await;
    let source = Arc::new(MemorySource::new(bytes));
    let options = ReadOptions::default().whole_part_limit(0).chunk_size(7);
    let pieces = async { PackageReader::open(source, options, &control).await?.check_parts(&control).await }.await;
    // Both ways of unpacking see the same.
    match (&whole, &pieces) {
        (Ok(a), Ok(b)) => assert_eq!(a, b),
        (Err(a), Err(b)) => assert_eq!((a.kind(), &a.context().part), (b.kind(), &b.context().part), "{a} / {b}"),
        (a, b) => panic!("{a:?} / {b:?}"),
    }
    whole
}

#[tokio::test]
async fn damaged_archives() {
    damaged(|_| {}).await.unwrap();
    let set = |field: usize, value: &'static [u8]| {
        move |bytes: &mut Vec<u8>| {
            let at = central(bytes, ROWS) + field;
            bytes[at..at + value.len()].copy_from_slice(value);
        }
    };
    let expect = async |name: &str, edit: Damage, message: &str| {
        let e = damaged(edit).await.expect_err(name);
        assert_eq!(e.kind(), ErrorKind::Archive, "{name}: {e}");
        assert!(e.message().contains(message), "{name}: {e}");
    };
    expect("crc", Box::new(set(16, &[1, 2, 3, 4])), "CRC").await;
    expect("size", Box::new(set(24, &[4, 0, 0, 0])), "size").await;
    expect("compressed size", Box::new(set(20, &[4, 0, 0, 0])), "size").await;
    expect("far offset", Box::new(set(42, &[0, 0, 0, 0x7F])), "overlaps").await;
    expect("offset of another", Box::new(set(42, &[0, 0, 0, 0])), "overlaps").await;
    expect("encrypted", Box::new(set(8, &[1, 0])), "encrypted").await;
    expect("method", Box::new(set(10, &[12, 0])), "method 12").await;
    expect("method differs", Box::new(set(10, &[0, 0])), "").await;
    expect("bomb", Box::new(set(24, &[0xFE, 0xFF, 0xFF, 0xFF])), "cannot hold").await;
    expect(
        "local name",
        Box::new(|b| {
            let at = b.windows(ROWS.len()).position(|w| w == ROWS.as_bytes()).unwrap();
            b[at + 10] = b'X';
        }),
        "another name",
    )
    .await;
    expect(
        "local signature",
        Box::new(|b| {
            let at = b.windows(ROWS.len()).position(|w| w == ROWS.as_bytes()).unwrap();
            b[at - 30] = b'X';
        }),
        "no local header",
    )
    .await;
    expect(
        "contents",
        Box::new(|b| {
            let at = b.windows(ROWS.len()).position(|w| w == ROWS.as_bytes()).unwrap();
            b[at + ROWS.len() + 1] ^= 0x55;
        }),
        "",
    )
    .await;
    expect("cut off", Box::new(|b| b.truncate(b.len() - 30)), "end record").await;
    expect("cut in front", Box::new(|b| drop(b.drain(..100))), "fit").await;
    expect("empty", Box::new(Vec::clear), "empty").await;
    expect("no zip", Box::new(|b| *b = b"hello world, this is no archive".to_vec()), "not an archive").await;
    expect(
        "count",
        Box::new(|b| {
            let at = b.len() - 22 + 8;
            b[at] += 1;
            b[at + 2] += 1;
        }),
        "entries",
    )
    .await;
    expect(
        "several files",
        Box::new(|b| {
            let at = b.len() - 22 + 4;
            b[at] = 1;
        }),
        "several files",
    )
    .await;
    // Two parts of one name: a part called so that one byte makes it the same.
    let mut p = parts();
    p.push(("Data/dbo.T/TableData-000-0000x.BCP", vec![]));
    let mut bytes = assemble(&p);
    while let Some(at) = bytes.windows(6).position(|w| w == b"0000x.") {
        bytes[at + 4] = b'0';
    }
    let e = open(bytes).await.unwrap_err();
    assert_eq!(
        (e.kind(), e.context().part.as_deref()),
        (ErrorKind::Archive, Some("/Data/dbo.T/TableData-000-00000.BCP"))
    );
}

#[tokio::test]
async fn what_does_no_harm_is_accepted() {
    let bytes = assemble(&parts());
    // Junk before the archive.
    let mut prefixed = vec![b'#'; 1000];
    prefixed.extend_from_slice(&bytes);
    let reader = open(prefixed).await.unwrap();
    assert_eq!(codes(&reader), ["archive_prefix"]);
    reader.check_parts(&Control::new()).await.unwrap();
    // Junk behind.
    let mut trailed = bytes.clone();
    trailed.extend_from_slice(&[0; 500]);
    let reader = open(trailed).await.unwrap();
    assert_eq!(codes(&reader), ["archive_trailing"]);
    reader.check_parts(&Control::new()).await.unwrap();
    // A comment, with an end record's signature in it.
    let mut commented = bytes.clone();
    let comment = b"PK\x05\x06 is where an archive ends, or not";
    let at = commented.len() - 2;
    commented[at..].copy_from_slice(&(comment.len() as u16).to_le_bytes());
    commented.extend_from_slice(comment);
    let reader = open(commented).await.unwrap();
    assert_eq!(codes(&reader), [""; 0]);
    // Folders.
    let mut zip = zip::ZipWriter::new_append(Cursor::new(bytes)).unwrap();
    zip.add_directory("Data/dbo.T/", zip::write::SimpleFileOptions::default()).unwrap();
    let reader = open(zip.finish().unwrap().into_inner()).await.unwrap();
    assert_eq!(codes(&reader), [""; 0]);
    assert_eq!(reader.parts().len(), 4);
}

#[tokio::test]
async fn every_prefix_of_an_archive_is_an_error() {
    let bytes = assemble(&parts());
    for len in 0..bytes.len() {
        let result = async { open(bytes[..len].to_vec()).await?.check_parts(&Control::new()).await };
        assert_eq!(result.await.unwrap_err().kind(), ErrorKind::Archive, "{len}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let _ = runtime.block_on(open(bytes));
    }

    /// Whatever bytes change, the same contents come out or an error does.
    #[test]
    fn any_change(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), pieces: bool) {
        let mut bytes = assemble(&parts());
        for (at, to) in changes {
            let at = at.index(bytes.len());
            bytes[at] = to;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut options = ReadOptions::default();
            if pieces {
                options = options.whole_part_limit(0).chunk_size(5);
            }
            let control = Control::new();
            let source = Arc::new(MemorySource::new(bytes));
            if let Ok(reader) = PackageReader::open(source, options, &control).await
                && let Ok(mut model) = reader.model_stream()
            {
                let mut all = Vec::new();
                loop {
                    match model.next(&control).await {
                        Ok(Some(chunk)) => all.extend_from_slice(&chunk),
                        Ok(None) => {
                            assert_eq!(all, MODEL);
                            break;
                        }
                        Err(_) => break,
                    }
                }
                let _ = reader.check_parts(&control).await;
            }
        });
    }
}
