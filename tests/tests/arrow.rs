//! Tables as Arrow: every value of every package at hand, beside its canonical text.

#![allow(clippy::print_stdout, reason = "a test says what it counted")]

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType,
    Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, UInt8Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, Field, TimeUnit};
use bacpac_core::arrow::{
    ArrowOptions, BatchDecoder, FineTimes, IpcStream, Offsets, SQL_TYPE, Surrogates, Uuids, batches,
};
use bacpac_core::bcp::{RowChunk, RowDecoder, RowScanner, Validate, canonical_text};
use bacpac_core::inspect::{Package, Table};
use bacpac_core::storage::{FileSource, Source};
use bacpac_core::{Control, ErrorKind, Result};
use bacpac_tests::{corpus, golden_packages};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const DAY: i64 = 86_400;

fn digits(value: i128, scale: u32) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let power = 10_u128.pow(scale);
    let (whole, part) = (value.unsigned_abs() / power, value.unsigned_abs() % power);
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part:0width$}", width = scale as usize) }
}

/// A day since 1970, by counting days of years.
fn date(days: i64) -> String {
    let leap = |y: i64| y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
    let (mut year, mut left) = (1970, days);
    while left < 0 {
        year -= 1;
        left += if leap(year) { 366 } else { 365 };
    }
    while left >= if leap(year) { 366 } else { 365 } {
        left -= if leap(year) { 366 } else { 365 };
        year += 1;
    }
    let lengths = [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while left >= lengths[month] {
        left -= lengths[month];
        month += 1;
    }
    format!("{year:04}-{:02}-{:02}", month + 1, left + 1)
}

/// A time of day in units of 10^-`digits` s, with `scale` digits.
fn time(units: i64, digits: u32, scale: u32) -> String {
    let per = 10_i64.pow(digits);
    let (seconds, part) = (units / per, units % per);
    let mut text = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if scale > 0 {
        let mut all = format!("{part:0width$}", width = digits as usize);
        // Microseconds that hold a scale of 7 held a 0 there.
        all.extend((digits..scale).map(|_| '0'));
        let (shown, hidden) = all.split_at(scale as usize);
        assert!(hidden.chars().all(|c| c == '0'), "digits below the scale: {all}");
        write!(text, ".{shown}").unwrap();
    }
    text
}

fn moment(units: i64, digits: u32, scale: u32) -> String {
    let day = DAY * 10_i64.pow(digits);
    format!("{}T{}", date(units.div_euclid(day)), time(units.rem_euclid(day), digits, scale))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r").replace('\u{1F}', "\\u")
}

fn unit_digits(unit: &TimeUnit) -> u32 {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    }
}

fn timestamp(array: &dyn Array, unit: &TimeUnit, row: usize) -> i64 {
    match unit {
        TimeUnit::Millisecond => array.as_primitive::<TimestampMillisecondType>().value(row),
        TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().value(row),
        _ => array.as_primitive::<TimestampNanosecondType>().value(row),
    }
}

/// The canonical text of a value, made from what Arrow holds and the SQL type that the field names.
fn text(field: &Field, array: &dyn Array, row: usize) -> String {
    if array.is_null(row) {
        return "\\N".to_owned();
    }
    let sql = field.metadata()[SQL_TYPE].as_str();
    let scale = sql.split_once('(').and_then(|(_, s)| s.trim_end_matches(')').parse::<u32>().ok()).unwrap_or(0);
    match field.data_type() {
        DataType::Boolean => u8::from(array.as_boolean().value(row)).to_string(),
        DataType::UInt8 => array.as_primitive::<UInt8Type>().value(row).to_string(),
        DataType::Int16 => array.as_primitive::<Int16Type>().value(row).to_string(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float32 => hex(&array.as_primitive::<Float32Type>().value(row).to_bits().to_be_bytes()),
        DataType::Float64 => hex(&array.as_primitive::<Float64Type>().value(row).to_bits().to_be_bytes()),
        DataType::Decimal128(_, scale) => {
            digits(array.as_primitive::<Decimal128Type>().value(row), u32::from(scale.unsigned_abs()))
        }
        DataType::Date32 => date(array.as_primitive::<Date32Type>().value(row).into()),
        DataType::Time64(TimeUnit::Microsecond) => {
            time(array.as_primitive::<Time64MicrosecondType>().value(row), 6, scale)
        }
        DataType::Time64(_) => time(array.as_primitive::<Time64NanosecondType>().value(row), 9, scale),
        DataType::Timestamp(unit, _) => {
            let scale = match sql {
                "datetime" => 3,
                "smalldatetime" => 0,
                _ => scale,
            };
            moment(timestamp(array, unit, row), unit_digits(unit), scale)
        }
        DataType::Struct(fields) => {
            let DataType::Timestamp(unit, Some(_)) = fields[0].data_type() else { panic!("{fields:?}") };
            let offset = array.as_struct().column(1).as_primitive::<Int16Type>().value(row);
            let local = timestamp(array.as_struct().column(0), unit, row)
                + i64::from(offset) * 60 * 10_i64.pow(unit_digits(unit));
            let sign = if offset < 0 { '-' } else { '+' };
            let minutes = offset.unsigned_abs();
            format!("{}{sign}{:02}:{:02}", moment(local, unit_digits(unit), scale), minutes / 60, minutes % 60)
        }
        DataType::FixedSizeBinary(_) => {
            let h = hex(array.as_fixed_size_binary().value(row));
            format!("{}-{}-{}-{}-{}", &h[..8], &h[8..12], &h[12..16], &h[16..20], &h[20..])
        }
        DataType::Utf8 => {
            let text = array.as_string::<i32>().value(row);
            if sql.contains("char") { escaped(text) } else { text.to_owned() }
        }
        DataType::LargeUtf8 => escaped(array.as_string::<i64>().value(row)),
        DataType::Binary => format!("0x{}", hex(array.as_binary::<i32>().value(row))),
        DataType::LargeBinary => format!("0x{}", hex(array.as_binary::<i64>().value(row))),
        other => panic!("no column becomes {other}"),
    }
}

fn text_of(batches: &[RecordBatch]) -> String {
    let mut out = String::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            for (i, (field, array)) in batch.schema().fields().iter().zip(batch.columns()).enumerate() {
                if i > 0 {
                    out.push('\u{1F}');
                }
                out.push_str(&text(field, array, row));
            }
            out.push('\n');
        }
    }
    out
}

async fn open(path: &Path) -> Package {
    let source: Arc<dyn Source> = Arc::new(FileSource::open(path).await.expect("the file is there"));
    Package::open(source, &Control::new()).await.expect("a package")
}

async fn read(package: &Package, table: &Table, options: &ArrowOptions) -> Result<Vec<RecordBatch>> {
    let mut stream = batches(package, table, options, &Control::new())?;
    let mut all = Vec::new();
    while let Some(batch) = stream.next().await? {
        assert_eq!(batch.schema(), *stream.schema());
        all.push(batch);
    }
    Ok(all)
}

async fn native(package: &Package, table: &Table) -> Vec<u8> {
    let (mut rows, mut all) = (package.rows(table), Vec::new());
    while let Some(chunk) = rows.next(&Control::new()).await.expect("sound rows") {
        all.extend_from_slice(&chunk.bytes);
    }
    all
}

fn packages() -> Vec<PathBuf> {
    corpus().into_iter().map(|(path, _)| path).chain(golden_packages()).collect()
}

/// Everything as text that Arrow may be unable to hold.
fn lossless() -> ArrowOptions {
    ArrowOptions::default().fine_times(FineTimes::Text).offsets(Offsets::Text).uuids(Uuids::Text)
}

#[tokio::test(flavor = "multi_thread")]
async fn arrow_holds_what_the_canonical_text_says() {
    let (mut compared, mut unfit) = (0_u64, 0_u64);
    let ways = [
        ArrowOptions::default().batch_rows(100),
        ArrowOptions::default().batch_bytes(1000).fine_times(FineTimes::Microseconds),
        lossless(),
        lossless().surrogates(Surrogates::Replace).parallelism(1),
    ];
    for path in packages() {
        let package = open(&path).await;
        for table in package.tables_in_archive_order() {
            let expected = canonical_text(&table.layout, &native(&package, table).await).expect("sound rows");
            for options in &ways {
                let place = format!("{} {} {options:?}", path.display(), table.name);
                match read(&package, table, options).await {
                    Ok(batches) => {
                        let found = text_of(&batches);
                        if options.surrogates == Surrogates::Replace {
                            let lossy = |text: &[u8]| String::from_utf8_lossy(text).replace('\u{FFFD}', "");
                            assert_eq!(lossy(found.as_bytes()), lossy(&expected), "{place}");
                        } else {
                            let expected = String::from_utf8(expected.clone()).expect("well-formed text");
                            assert!(found == expected, "{place}");
                        }
                        compared += 1;
                    }
                    Err(e) => {
                        assert_eq!(e.kind(), ErrorKind::Unsupported, "{place}: {e:?}");
                        assert!(e.help().is_some() && e.context().row.is_some() && e.context().part.is_some(), "{e:?}");
                        let text = e.message().contains("surrogate");
                        let times = e.message().contains("a date outside") || e.message().contains("seventh digit");
                        assert!(if options.fine_times == FineTimes::Text { text } else { text || times }, "{e:?}");
                        assert_ne!(options.surrogates, Surrogates::Replace, "{e:?}");
                        unfit += 1;
                    }
                }
            }
        }
    }
    println!("{compared} tables compared, {unfit} do not fit without an option");
    assert!(compared > 10 * unfit);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ipc_stream_reads_back_the_same() {
    for path in packages().iter().take(12) {
        let package = open(path).await;
        for table in package.tables_in_archive_order() {
            let Ok(expected) = read(&package, table, &lossless()).await else { continue };
            let stream = batches(&package, table, &lossless(), &Control::new()).expect("it was read before");
            let (mut stream, mut bytes) = (IpcStream::new(stream).expect("a schema"), Vec::new());
            while let Some(piece) = stream.next().await.expect("it was read before") {
                bytes.extend_from_slice(&piece);
            }
            let reader = arrow_ipc::reader::StreamReader::try_new(&bytes[..], None).expect("a stream");
            let found: Vec<RecordBatch> = reader.map(|batch| batch.expect("a batch")).collect();
            assert_eq!(found, expected, "{} {}", path.display(), table.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_found_where_the_decoder_finds_it() {
    let (mut seed, mut damaged) = (1_u64, 0);
    for path in golden_packages() {
        let package = open(&path).await;
        for table in package.tables_in_archive_order() {
            let sound = native(&package, table).await;
            for _ in 0..20 {
                let mut bytes = sound.clone();
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let at = (seed >> 33) as usize % bytes.len();
                bytes[at] ^= 1 << (seed >> 20 & 7);
                let mut scanner = RowScanner::new(&table.layout).expect("a layout");
                // What the scanner refuses never comes to either.
                let Ok(scanned) = scanner.push(&bytes) else { continue };
                let mut strict = RowDecoder::new(&table.layout).expect("a layout");
                let end = scanned.row_end.unwrap_or(0);
                let expected = strict.push(&bytes[..end], &mut Validate);
                let options = lossless().surrogates(Surrogates::Replace);
                let mut decoder = BatchDecoder::new(&table.layout, &options).expect("a layout");
                let chunk = RowChunk { bytes: bytes.into(), rows: scanned.rows, at_row_end: scanner.at_row_end() };
                let found = decoder.push(&chunk, &mut Vec::new());
                let say = |r: Result<()>| r.map_err(|e| e.to_string());
                damaged += u32::from(expected.is_err());
                assert_eq!(say(found), say(expected), "{} {}", path.display(), table.name);
            }
        }
    }
    assert!(damaged > 20 || golden_packages().is_empty(), "{damaged}");
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_are_chosen_and_cancellation_is_an_error() {
    let Some(path) = packages().into_iter().next() else { return };
    let package = open(&path).await;
    let tables = package.tables_in_archive_order();
    let table = tables.iter().max_by_key(|t| t.layout.columns().len()).expect("a table");
    let last = &table.layout.columns().last().expect("a column").name;
    let all = read(&package, table, &lossless()).await.expect("sound rows");
    let one = read(&package, table, &lossless().columns([last])).await.expect("sound rows");
    assert_eq!(one.len(), all.len());
    for (one, all) in one.iter().zip(&all) {
        assert_eq!(one.num_columns(), 1);
        assert_eq!(one.column(0), all.column_by_name(last).expect("it is there"));
    }
    let none = read(&package, table, &lossless().columns([""; 0])).await.expect("sound rows");
    let rows = |batches: &[RecordBatch]| batches.iter().map(RecordBatch::num_rows).sum::<usize>();
    assert_eq!(rows(&none), rows(&all));
    let e = read(&package, table, &lossless().columns(["no such column"])).await.expect_err("a wrong name");
    assert_eq!(e.kind(), ErrorKind::InvalidArgument);

    let control = Control::new();
    let mut stream = batches(&package, table, &lossless().batch_rows(1), &control).expect("it was read before");
    stream.next().await.expect("a batch");
    control.cancel();
    assert_eq!(stream.next().await.expect_err("cancelled").kind(), ErrorKind::Cancelled);
    assert!(stream.next().await.is_err(), "an error is no end");
}
