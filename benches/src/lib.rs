//! The tables that the benches share.

use bacpac_core::bcp::{Column, RowEncoder, RowLayout};
use bacpac_core::collation::CodePage;
use bacpac_core::{Length, SqlType};
use bytes::Bytes;

/// A kind of table.
pub struct Table {
    /// What it is called here.
    pub name: &'static str,
    /// Its columns.
    pub layout: RowLayout,
    /// Encodes row number n, without its end.
    pub fill: fn(&mut RowEncoder, u64),
}

impl Table {
    /// At least `size` bytes of rows, and their number.
    pub fn encoded(&self, size: usize) -> (Bytes, u64) {
        let mut encoder = RowEncoder::new(&self.layout).unwrap();
        let mut count = 0;
        while encoder.buffered() < size {
            (self.fill)(&mut encoder, count);
            encoder.end_row().unwrap();
            count += 1;
        }
        (encoder.take_chunk().bytes, count)
    }
}

/// Narrow, mixed and large rows.
pub fn tables() -> Vec<Table> {
    use SqlType::*;
    let column = |name: &str, sql_type, nullable| Column::new(name, sql_type, nullable);
    vec![
        Table {
            name: "narrow",
            layout: RowLayout::new(vec![
                column("id", Int, false),
                column("a", Int, true),
                column("d", Date, true),
                column("f", Bit, false),
            ]),
            fill: |rows, i| {
                rows.int(i as i32).unwrap();
                if i % 8 == 0 { rows.null() } else { rows.int(7) }.unwrap();
                rows.date(737_000 + (i % 1000) as u32).unwrap();
                rows.bit(i % 2 == 0).unwrap();
            },
        },
        Table {
            name: "mixed",
            layout: RowLayout::new(vec![
                column("id", Int, false),
                column("b", BigInt, true),
                column("n", NVarChar { length: Length::Of(50) }, true),
                column("v", VarChar { length: Length::Of(30) }, true),
                column("t", DateTime2 { scale: 7 }, false),
                column("d", SqlType::Decimal { precision: 18, scale: 4 }, true),
                column("f", Bit, true),
                column("g", UniqueIdentifier, false),
                column("x", Float, true),
                column("y", VarBinary { length: Length::Of(16) }, true),
            ]),
            fill: |rows, i| {
                const WORDS: [u16; 24] = [0x61; 24];
                rows.int(i as i32).unwrap();
                rows.bigint(i as i64 * 7).unwrap();
                rows.utf16(&WORDS[..8 + (i % 16) as usize]).unwrap();
                rows.code_page(b"some words of text"[..6 + (i % 12) as usize].as_ref(), page()).unwrap();
                rows.datetime2(737_000, 300_000_000_000 + i).unwrap();
                rows.decimal(false, u128::from(i) * 1000, 4).unwrap();
                if i % 10 == 0 { rows.null() } else { rows.bit(true) }.unwrap();
                rows.guid(u128::from(i).to_le_bytes()).unwrap();
                rows.float((i as f64).to_bits()).unwrap();
                rows.binary(&[7; 16]).unwrap();
            },
        },
        Table {
            name: "large",
            layout: RowLayout::new(vec![
                column("id", Int, false),
                column("t", NVarChar { length: Length::Max }, true),
                column("b", VarBinary { length: Length::Max }, true),
            ]),
            fill: |rows, i| {
                rows.int(i as i32).unwrap();
                rows.utf16_le(&[b'x', 0].repeat(2000)).unwrap();
                rows.binary(&[7; 4000]).unwrap();
            },
        },
    ]
}

fn page() -> CodePage {
    CodePage::from_number(1252).unwrap()
}
