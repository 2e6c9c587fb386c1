//! Packages in memory, compared.

use super::*;
use crate::bcp::{Column, RowEncoder, RowLayout};
use crate::model::{Element, Model, ModelHeader, Reference};
use crate::package::{CompressedPart, Compression, DacMetadata, DataPartNames, Origin};
use crate::sql_type::{Length, SqlType};
use crate::storage::{MemorySink, MemorySource, PackageWriter, WriteOptions};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A table to be: its columns, its key, its parts.
struct TestTable {
    name: &'static str,
    columns: Vec<Column>,
    key: &'static [&'static str],
    parts: Vec<Vec<u8>>,
}

impl TestTable {
    fn layout(&self) -> RowLayout {
        RowLayout::new(self.columns.clone())
    }

    fn elements(&self) -> Vec<Element> {
        let named = |parts: &[&str]| Name::from_parts(parts.iter().copied()).expect("parts");
        let mut table = Element::named("SqlTable", named(&["dbo", self.name]));
        let column = |column: &Column| {
            let mut specifier = Element::nameless("SqlTypeSpecifier");
            let text = column.sql_type.to_string();
            let (kind, length) = text.split_once('(').unwrap_or((&text, ""));
            match length.trim_end_matches(')') {
                "" => {}
                "max" => _ = specifier.set("IsMax", "True"),
                length => _ = specifier.set("Length", length),
            }
            specifier.refer("Type", Reference::built_in(Name::one(kind)));
            let mut element = Element::named("SqlSimpleColumn", named(&["dbo", self.name, &column.name]));
            element.set_flag("IsNullable", column.nullable, true).own("TypeSpecifier", vec![specifier]);
            element
        };
        table.own("Columns", self.columns.iter().map(column).collect());
        let mut elements = vec![table];
        if !self.key.is_empty() {
            let specification = |column: &&str| {
                let mut specification = Element::nameless("SqlIndexedColumnSpecification");
                specification.refer("Column", Reference::to(named(&["dbo", self.name, column])));
                specification
            };
            let mut key = Element::named("SqlPrimaryKeyConstraint", named(&["dbo", &format!("PK_{}", self.name)]));
            key.own("ColumnSpecifications", self.key.iter().map(specification).collect());
            key.refer("DefiningTable", Reference::to(named(&["dbo", self.name])));
            elements.push(key);
        }
        elements
    }
}

/// A package of these tables and other elements.
async fn package(tables: &[TestTable], others: Vec<Element>) -> Side {
    let control = Control::new();
    let (sink, file) = MemorySink::new();
    let mut writer = PackageWriter::new(Box::new(sink), WriteOptions::default());
    let mut model = Model::new(ModelHeader::new("Sql150"));
    model.elements = tables.iter().flat_map(TestTable::elements).chain(others).collect();
    let text = model.write(Vec::new()).expect("memory takes it");
    writer.model_bytes(text, &control).await.expect("memory takes it");
    writer.metadata(&DacMetadata::new("test"), &control).await.expect("memory takes it");
    for table in tables {
        let name = ObjectName::new("dbo", table.name);
        let mut names = DataPartNames::new(&name, 0).expect("a name");
        for rows in table.parts.iter().filter(|rows| !rows.is_empty()) {
            let part = CompressedPart::deflate(rows, Compression::Fast);
            let part_name = names.next_name().expect("a name");
            writer.data_part(&name, &part_name, part, &control).await.expect("memory takes it");
        }
    }
    writer.finish(Origin::new(true), &control).await.expect("memory takes it");
    Side::package(Arc::new(MemorySource::new(file.bytes().expect("complete"))))
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(work)
}

/// Rows of `dbo.T (Id int, Name nvarchar(20) NULL, Amount bigint)`, in parts of seven.
fn table(rows: &[(i32, Option<String>, i64)], key: &'static [&'static str]) -> TestTable {
    let columns = vec![
        Column::new("Id", SqlType::Int, false),
        Column::new("Name", SqlType::NVarChar { length: Length::Of(20) }, true),
        Column::new("Amount", SqlType::BigInt, false),
    ];
    let mut table = TestTable { name: "T", columns, key, parts: Vec::new() };
    for part in rows.chunks(7) {
        let mut encoder = RowEncoder::new(&table.layout()).expect("a sound layout");
        for (id, name, amount) in part {
            encoder.int(*id).expect("in place");
            optional(&mut encoder, name.as_deref());
            encoder.bigint(*amount).expect("in place");
            encoder.end_row().expect("whole");
        }
        table.parts.push(encoder.take_chunk().bytes.to_vec());
    }
    table
}

fn optional(encoder: &mut RowEncoder, text: Option<&str>) {
    match text {
        Some(text) => encoder.utf8(text),
        None => encoder.null(),
    }
    .expect("in place");
}

fn shuffled<T: Clone>(rows: &[T], seed: u64) -> Vec<T> {
    let mut rows = rows.to_vec();
    let mut noise = seed | 1;
    for i in (1..rows.len()).rev() {
        noise ^= noise << 13;
        noise ^= noise >> 7;
        noise ^= noise << 17;
        rows.swap(i, (noise % (i as u64 + 1)) as usize);
    }
    rows
}

/// The key values of the examples of a kind, as numbers.
fn keys(table: &TableDiff, change: Change) -> Vec<i32> {
    let of = table.examples.iter().filter(|e| e.change == change);
    of.map(|e| e.key[0].value.as_deref().unwrap_or_default().parse().expect("a number")).collect()
}

type Rows = BTreeMap<i32, (Option<String>, i64)>;

fn rows() -> impl Strategy<Value = Rows> {
    prop::collection::btree_map(any::<i32>(), (prop::option::of("[a-c\\\\\u{1f}é]{0,4}"), 0..3_i64), 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn edits_are_found_exactly(
        left in rows(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..3_u8), 0..20),
        added in rows(),
        seeds in any::<[u64; 2]>(),
        memory in prop::sample::select(vec![0_usize, 1 << 20]),
    ) {
        let mut right = left.clone();
        for (at, kind) in edits {
            let Some(key) = (!left.is_empty()).then(|| *left.keys().nth(at.index(left.len())).expect("within")) else { break };
            match kind {
                0 => _ = right.remove(&key),
                1 => right.entry(key).and_modify(|row| row.1 += 10).or_insert((None, 99)).0 = Some("edited".into()),
                _ => _ = right.insert(key, (None, -1)),
            }
        }
        right.extend(added.into_iter().filter(|(key, _)| !left.contains_key(key)));
        let changed: Vec<i32> = left.iter().filter(|(k, v)| right.get(k).is_some_and(|o| o != *v)).map(|(k, _)| *k).collect();
        let removed: Vec<i32> = left.keys().filter(|k| !right.contains_key(k)).copied().collect();
        let added: Vec<i32> = right.keys().filter(|k| !left.contains_key(k)).copied().collect();

        let list = |rows: &Rows, seed| {
            let rows: Vec<_> = rows.iter().map(|(k, (name, amount))| (*k, name.clone(), *amount)).collect();
            shuffled(&rows, seed)
        };
        let options = DiffOptions::default().examples(1000).memory(memory);
        let (one, other) = run(async {
            let a = package(&[table(&list(&left, seeds[0]), &["Id"])], Vec::new()).await;
            let b = package(&[table(&list(&right, seeds[1]), &["Id"])], Vec::new()).await;
            let one = diff(a.clone(), b.clone(), &options, &Control::new()).await.expect("sound packages");
            (one, diff(b, a, &options, &Control::new()).await.expect("sound packages"))
        });
        prop_assert!(one.objects.is_empty() && one.warnings.is_empty(), "{one:?}");
        let found = &one.tables[0];
        prop_assert_eq!(&found.key, &["Id"]);
        prop_assert_eq!((found.left_rows, found.right_rows), (left.len() as u64, right.len() as u64));
        prop_assert_eq!(found.removed, removed.len() as u64);
        prop_assert_eq!(keys(found, Change::Removed), removed);
        prop_assert_eq!(keys(found, Change::Added), added);
        prop_assert_eq!(keys(found, Change::Changed), changed);
        prop_assert_eq!(found.is_same(), left == right);
        for example in found.examples.iter().filter(|e| e.change == Change::Changed) {
            let key: i32 = example.key[0].value.as_deref().unwrap_or_default().parse().expect("a number");
            let columns: Vec<&str> = example.columns.iter().map(|c| c.column.as_str()).collect();
            let mut expected = Vec::new();
            if left[&key].0 != right[&key].0 { expected.push("Name"); }
            if left[&key].1 != right[&key].1 { expected.push("Amount"); }
            prop_assert_eq!(columns, expected);
        }

        let turned = &other.tables[0];
        prop_assert_eq!((turned.added, turned.removed, turned.changed), (found.removed, found.added, found.changed));
        prop_assert_eq!(keys(turned, Change::Changed), keys(found, Change::Changed));
        prop_assert_eq!(keys(turned, Change::Added), keys(found, Change::Removed));
    }

    #[test]
    fn rows_without_a_key_are_a_multiset(
        left in prop::collection::vec((0..4, prop::option::of("[ab]"), 0..2_i64), 0..40),
        right in prop::collection::vec((0..4, prop::option::of("[ab]"), 0..2_i64), 0..40),
        memory in prop::sample::select(vec![0_usize, 1 << 20]),
    ) {
        let mut counts: BTreeMap<_, i64> = BTreeMap::new();
        left.iter().for_each(|row| *counts.entry(row).or_default() += 1);
        right.iter().for_each(|row| *counts.entry(row).or_default() -= 1);
        let removed: i64 = counts.values().filter(|n| **n > 0).sum();
        let added: i64 = -counts.values().filter(|n| **n < 0).sum::<i64>();
        let found = run(async {
            let (a, b) = (package(&[table(&left, &[])], Vec::new()).await, package(&[table(&right, &[])], Vec::new()).await);
            diff(a, b, &DiffOptions::default().memory(memory), &Control::new()).await.expect("sound packages")
        });
        let found = &found.tables[0];
        prop_assert!(found.key.is_empty());
        prop_assert_eq!((found.removed as i64, found.added as i64, found.changed), (removed, added, 0));
    }
}

#[test]
fn a_package_does_not_differ_from_itself() {
    for path in crate::shared_files::corpus_files() {
        let file = path.display();
        let report = run(async {
            let open = || async {
                Side::package(Arc::new(crate::storage::FileSource::open(&path).await.expect("the file is there")))
            };
            let strict = DiffOptions::default().compare(Default::default());
            diff(open().await, open().await, &strict, &Control::new()).await.expect("a sound package")
        });
        assert!(report.is_same(), "{file}: {report:?}");
        assert!(!report.tables.is_empty(), "{file}");
        assert!(report.tables.iter().all(|t| t.passes == 1), "{file}");
    }
}

#[test]
fn a_key_that_is_none_is_said_and_rows_compared_as_wholes() {
    let row = |name: &str| (1, Some(name.to_owned()), 5);
    let report = run(async {
        let a = package(&[table(&[row("a"), row("b")], &["Id"])], Vec::new()).await;
        let b = package(&[table(&[row("a"), row("c")], &["Id"])], Vec::new()).await;
        diff(a, b, &DiffOptions::default(), &Control::new()).await.expect("sound packages")
    });
    assert_eq!(report.warnings[0].code, "key_not_unique");
    assert_eq!(report.warnings[0].object.as_deref(), Some("[dbo].[T]"));
    let found = &report.tables[0];
    assert!(found.key.is_empty());
    assert_eq!((found.removed, found.added, found.changed), (1, 1, 0));
    assert_eq!(found.examples[0].to_string(), "- Id=1 Name=b Amount=5");
}

#[test]
fn columns_may_move_widen_come_and_go() {
    let mut a = table(&[(1, Some("x".into()), 7), (2, None, 8)], &["Id"]);
    let columns = vec![
        Column::new("amount", SqlType::BigInt, true),
        Column::new("Id", SqlType::BigInt, false),
        Column::new("New", SqlType::Int, true),
        Column::new("Name", SqlType::NVarChar { length: Length::Max }, true),
    ];
    let mut b = TestTable { name: "T", columns, key: &["Id"], parts: Vec::new() };
    let mut encoder = RowEncoder::new(&b.layout()).expect("a sound layout");
    for (id, name, amount) in [(2_i64, None, 8_i64), (1, Some("x"), 9)] {
        encoder.bigint(amount).and_then(|()| encoder.bigint(id)).and_then(|()| encoder.null()).expect("in place");
        optional(&mut encoder, name);
        encoder.end_row().expect("whole");
    }
    b.parts.push(encoder.take_chunk().bytes.to_vec());
    a.columns[1].nullable = true;
    let report = run(async {
        let (a, b) = (package(&[a], Vec::new()).await, package(&[b], Vec::new()).await);
        diff(a, b, &DiffOptions::default(), &Control::new()).await.expect("sound packages")
    });
    let found = &report.tables[0];
    assert_eq!((found.removed, found.added, found.changed), (0, 0, 1), "{found}");
    assert_eq!(found.right_columns, ["New"]);
    assert_eq!(found.examples[0].to_string(), "~ Id=1: Amount 7 -> 9");
    let places: Vec<&str> = report.objects[0].changes.iter().map(|c| c.place.as_str()).collect();
    assert!(places.contains(&"Columns [dbo].[T].[Id] / TypeSpecifier / Type"), "{places:?}");
    assert!(!report.is_same());
}

#[test]
fn a_large_value_that_differs_at_its_end_is_found() {
    let large = |end: &str| {
        let columns = vec![
            Column::new("Id", SqlType::Int, false),
            Column::new("Body", SqlType::NVarChar { length: Length::Max }, true),
        ];
        let mut table = TestTable { name: "T", columns, key: &["Id"], parts: Vec::new() };
        let mut encoder = RowEncoder::new(&table.layout()).expect("a sound layout");
        encoder.int(1).expect("in place");
        encoder.utf8(&("é".repeat(300_000) + end)).expect("in place");
        encoder.end_row().expect("whole");
        table.parts.push(encoder.take_chunk().bytes.to_vec());
        table
    };
    let report = run(async {
        let (a, b) = (package(&[large("a")], Vec::new()).await, package(&[large("b")], Vec::new()).await);
        diff(a, b, &DiffOptions::default(), &Control::new()).await.expect("sound packages")
    });
    let change = &report.tables[0].examples[0].columns[0];
    assert_eq!(change.column, "Body");
    assert!(change.left.as_deref().is_some_and(|v| v.ends_with("é… (600001 bytes)")), "{change:?}");
}

#[test]
fn objects_are_added_removed_and_changed() {
    let procedure = |name: &str, body: &str| {
        let mut element = Element::named("SqlProcedure", Name::one("dbo").child(name));
        element.set_script("BodyScript", body);
        element
    };
    let long = "SELECT 1;\r\n".repeat(100);
    let report = run(async {
        let a = vec![procedure("gone", "x"), procedure("same", "x\r\ny"), procedure("p", &format!("{long}SELECT 'a'"))];
        let b = vec![procedure("new", "x"), procedure("same", "x\ny"), procedure("p", &format!("{long}SELECT 'b'"))];
        let t = || table(&[(1, None, 1)], &["Id"]);
        let (a, b) = (package(&[t()], a).await, package(&[], b).await);
        diff(a, b, &DiffOptions::default(), &Control::new()).await.expect("sound packages")
    });
    let found: Vec<(Change, &str)> = report.objects.iter().map(|o| (o.change, o.name.as_str())).collect();
    let expected = [
        (Change::Removed, "[dbo].[PK_T]"),
        (Change::Removed, "[dbo].[T]"),
        (Change::Removed, "[dbo].[gone]"),
        (Change::Added, "[dbo].[new]"),
        (Change::Changed, "[dbo].[p]"),
    ];
    assert_eq!(found, expected);
    let change = &report.objects[4].changes[0];
    assert_eq!(change.place, "BodyScript");
    let (left, right) = (change.left.as_deref().unwrap_or_default(), change.right.as_deref().unwrap_or_default());
    assert!(left.ends_with("SELECT 'a'") && right.ends_with("SELECT 'b'") && left.len() < 250, "{left} / {right}");
    let rows = &report.tables[0];
    assert_eq!((rows.only, rows.left_rows, rows.removed), (Some(Change::Removed), 1, 1));
    assert_eq!(rows.examples[0].to_string(), "- Id=1");
    let json = serde_json::to_value(&report).expect("a report is data");
    assert_eq!(json["objects"][4]["change"], "changed");
    assert_eq!(json["tables"][0]["only"], "removed");
}

#[test]
fn a_cancelled_comparison_says_so() {
    let control = Control::new();
    control.cancel();
    let error = run(async {
        let a = package(&[table(&[(1, None, 1)], &["Id"])], Vec::new()).await;
        diff(a.clone(), a, &DiffOptions::default(), &control).await.expect_err("cancelled")
    });
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}

#[test]
fn rows_that_are_damaged_are_an_error_with_their_table() {
    let mut damaged = table(&[(1, None, 1), (2, None, 2)], &["Id"]);
    damaged.parts[0].pop();
    let error = run(async {
        let a = package(&[table(&[(1, None, 1)], &["Id"])], Vec::new()).await;
        let b = package(&[damaged], Vec::new()).await;
        diff(a, b, &DiffOptions::default(), &Control::new()).await.expect_err("cut short")
    });
    assert_eq!(error.kind(), ErrorKind::Data);
    assert_eq!(error.context().object.as_deref(), Some("[dbo].[T]"));
}

#[test]
fn only_chosen_tables_are_compared() {
    let report = run(async {
        let a = package(&[table(&[(1, None, 1)], &["Id"])], Vec::new()).await;
        diff(a.clone(), a, &DiffOptions::default().tables(["other*"]), &Control::new()).await.expect("sound packages")
    });
    assert!(report.tables.is_empty());
    assert_eq!(report.warnings[0].code, "pattern_unused");
}
