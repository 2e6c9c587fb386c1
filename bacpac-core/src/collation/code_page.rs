//! Code pages: bytes of char and varchar data to UTF-16LE and back, as .NET does it.
//!
//! Undefined bytes of the single-byte pages become the character of .NET's tables (0x81 of 1252 is U+0081), so every byte
//! string of such a page goes there and back. Encoding never substitutes: what a page cannot hold is an error.

use super::{UTF_8, page_of_lcid};
use std::fmt;
use std::sync::OnceLock;

/// Where .NET's tables differ from those of encoding_rs: `page code[-last code] unit`, hex.
const DIFFERENCES: &str = include_str!("code_page_differences.txt");

/// Codes that are read but never written: another code stands for the same character.
const READ_ONLY: [(u16, u16, u16); 4] =
    [(932, 0xED40, 0xEEFC), (950, 0xA2A4, 0xA2A7), (950, 0xA2CC, 0xA2CC), (950, 0xA2CE, 0xA2CE)];

/// The pages SQL Server's collations have.
const NUMBERS: [u16; 17] =
    [437, 850, 874, 932, 936, 949, 950, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258, 65001];

/// A code page of SQL Server's char and varchar data.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CodePage(u16);

impl fmt::Debug for CodePage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CodePage({})", self.0)
    }
}

/// A character that a code page does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unmappable {
    /// The code page.
    pub page: CodePage,
    /// The UTF-16 code unit.
    pub unit: u16,
}

impl fmt::Display for Unmappable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "code page {} has no character U+{:04X}", self.page.0, self.unit)
    }
}

impl std::error::Error for Unmappable {}

impl CodePage {
    /// UTF-8.
    pub const UTF_8: Self = Self(65001);

    /// By number; `None` if no collation has it.
    pub fn from_number(number: u32) -> Option<Self> {
        NUMBERS.into_iter().find(|known| u32::from(*known) == number).map(Self)
    }

    /// The number, e.g. 1252.
    pub fn number(self) -> u16 {
        self.0
    }

    /// The page of char and varchar data of a collation, by name. `None` for a name that is not a collation's, and for
    /// collations of Unicode data only.
    pub fn of_collation(name: &str) -> Option<Self> {
        super::bytes(name).and_then(Self::of_tds)
    }

    /// The same by the five bytes, as SQL Server sends them.
    pub fn of_tds(collation: [u8; 5]) -> Option<Self> {
        let [a, b, c, d, sort] = collation;
        let info = u32::from_le_bytes([a, b, c, d]);
        let number = match sort {
            _ if info & UTF_8 != 0 => 65001,
            0 => page_of_lcid(info & 0xF_FFFF)?,
            30..=35 => 437,
            40..=49 | 55..=61 => 850,
            50..=54 | 183..=186 | 210..=217 => 1252,
            80..=98 => 1250,
            104..=108 => 1251,
            112..=124 => 1253,
            128..=130 => 1254,
            136..=138 => 1255,
            144..=146 => 1256,
            152..=160 => 1257,
            _ => return None,
        };
        Self::from_number(number)
    }

    /// The page DacFx uses for char and varchar inside a sql_variant. It looks at the first byte alone, and so is not
    /// always the collation's: 936 for every Chinese one, 1252 for 437 and 850. Text this page cannot hold cannot be
    /// carried in a sql_variant.
    pub fn of_variant(collation: [u8; 5]) -> Self {
        Self(match collation[0] {
            0x1E => 874,
            0x11 => 932,
            0x04 => 936,
            0x12 => 949,
            0x05 | 0x0E | 0x15 | 0x18 | 0x1A | 0x1B | 0x1C | 0x24 | 0x42 => 1250,
            0x19 | 0x22 | 0x2F | 0x44 | 0x6D | 0x85 => 1251,
            0x08 => 1253,
            0x1F | 0x2C | 0x43 => 1254,
            0x0D => 1255,
            0x01 | 0x20 | 0x29 | 0x80 | 0x8C => 1256,
            0x25..=0x27 => 1257,
            0x2A => 1258,
            0x37 | 0x39 | 0x3A | 0x3F | 0x45 | 0x4D | 0x51 | 0x53 | 0x54 | 0x5A | 0x61 | 0x63 | 0x65 | 0x81 => 65001,
            _ => 1252,
        })
    }

    /// Whether every byte is one UTF-16 unit.
    pub fn is_single_byte(self) -> bool {
        !matches!(self.0, 932 | 936 | 949 | 950 | 65001)
    }

    /// Appends the UTF-16LE of `bytes` to `out`; returns how many sequences were not of this page and were replaced as
    /// .NET does.
    pub fn decode(self, bytes: &[u8], out: &mut Vec<u8>) -> usize {
        let mut decoder = self.decoder();
        decoder.push(bytes, out) + decoder.finish(out)
    }

    /// A decoder for bytes that come in pieces.
    pub fn decoder(self) -> PageDecoder {
        let state = match self.0 {
            65001 => State::Utf8(Box::new(encoding_rs::UTF_8.new_decoder_without_bom_handling())),
            _ => State::Table(table(self.0), None),
        };
        PageDecoder { state }
    }

    /// Appends the bytes of `utf16` (UTF-16LE; a last odd byte is ignored) to `out`. What was appended before an error
    /// stays.
    pub fn encode(self, utf16: &[u8], out: &mut Vec<u8>) -> Result<(), Unmappable> {
        let units = utf16.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
        if self == Self::UTF_8 {
            for c in char::decode_utf16(units) {
                let c = c.map_err(|e| Unmappable { page: self, unit: e.unpaired_surrogate() })?;
                let mut buffer = [0; 4];
                out.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
            }
            return Ok(());
        }
        let codes = codes(self.0);
        for unit in units {
            match codes.get(usize::from(unit)).copied().unwrap_or_default() {
                0 if unit != 0 => return Err(Unmappable { page: self, unit }),
                code if code < 0x100 => out.push(code as u8),
                code => out.extend_from_slice(&code.to_be_bytes()),
            }
        }
        Ok(())
    }
}

/// Decodes a code page from pieces, which may cut a character in two.
pub struct PageDecoder {
    state: State,
}

enum State {
    Utf8(Box<encoding_rs::Decoder>),
    Table(&'static Table, Option<u8>),
}

impl fmt::Debug for PageDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PageDecoder")
    }
}

impl PageDecoder {
    /// Appends the UTF-16LE of the next bytes; returns how many sequences were not of the page.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> usize {
        match &mut self.state {
            State::Utf8(decoder) => utf8(decoder, bytes, false, out),
            State::Table(table, lead) => match &table.pairs {
                None => {
                    table.decode_single(bytes, out);
                    0
                }
                Some(pairs) => table.decode_double(pairs, lead, bytes, out),
            },
        }
    }

    /// Ends the text: a character cut short is replaced. Returns 1 if there was one.
    pub fn finish(mut self, out: &mut Vec<u8>) -> usize {
        match &mut self.state {
            State::Utf8(decoder) => utf8(decoder, &[], true, out),
            State::Table(_, None) => 0,
            State::Table(table, Some(_)) => {
                out.extend_from_slice(&table.undefined.to_le_bytes());
                1
            }
        }
    }
}

fn utf8(decoder: &mut encoding_rs::Decoder, mut bytes: &[u8], last: bool, out: &mut Vec<u8>) -> usize {
    let mut units = [0_u16; 512];
    let mut bad = 0;
    loop {
        let (result, read, written) = decoder.decode_to_utf16_without_replacement(bytes, &mut units, last);
        for unit in units.iter().take(written) {
            out.extend_from_slice(&unit.to_le_bytes());
        }
        bytes = bytes.get(read..).unwrap_or_default();
        match result {
            encoding_rs::DecoderResult::InputEmpty => return bad,
            encoding_rs::DecoderResult::OutputFull => {}
            encoding_rs::DecoderResult::Malformed(..) => {
                bad += 1;
                out.extend_from_slice(&0xFFFD_u16.to_le_bytes());
            }
        }
    }
}

/// What the bytes of a page stand for.
struct Table {
    /// Units of the single bytes.
    singles: [u16; 256],
    /// Of the double-byte pages: the unit for each pair, by lead byte from 0x80, 0 for none.
    pairs: Option<Box<[u16]>>,
    /// Lead bytes of the double-byte pages.
    leads: [bool; 256],
    /// What stands for a pair that has no character.
    undefined: u16,
}

impl Table {
    fn decode_single(&self, bytes: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        out.resize(start + 2 * bytes.len(), 0);
        let to = out.get_mut(start..).unwrap_or_default();
        if bytes.is_ascii() {
            for (to, from) in to.chunks_exact_mut(2).zip(bytes) {
                to.copy_from_slice(&u16::from(*from).to_le_bytes());
            }
        } else {
            for (to, from) in to.chunks_exact_mut(2).zip(bytes) {
                to.copy_from_slice(&self.singles[usize::from(*from)].to_le_bytes());
            }
        }
    }

    fn decode_double(&self, pairs: &[u16], lead: &mut Option<u8>, bytes: &[u8], out: &mut Vec<u8>) -> usize {
        let mut bad = 0;
        out.reserve(2 * bytes.len());
        for &byte in bytes {
            let unit = match lead.take() {
                Some(first) => {
                    let at = usize::from(first & 0x7F) << 8 | usize::from(byte);
                    match pairs.get(at).copied().unwrap_or_default() {
                        0 => {
                            bad += 1;
                            self.undefined
                        }
                        unit => unit,
                    }
                }
                None if self.leads[usize::from(byte)] => {
                    *lead = Some(byte);
                    continue;
                }
                None => self.singles[usize::from(byte)],
            };
            out.extend_from_slice(&unit.to_le_bytes());
        }
        bad
    }
}

fn index(number: u16) -> usize {
    NUMBERS.iter().position(|known| *known == number).unwrap_or_default()
}

fn table(number: u16) -> &'static Table {
    static TABLES: [OnceLock<Table>; NUMBERS.len()] = [const { OnceLock::new() }; NUMBERS.len()];
    TABLES[index(number)].get_or_init(|| build(number))
}

fn build(number: u16) -> Table {
    let encoding = match number {
        874 => encoding_rs::WINDOWS_874,
        932 => encoding_rs::SHIFT_JIS,
        936 => encoding_rs::GBK,
        949 => encoding_rs::EUC_KR,
        950 => encoding_rs::BIG5,
        1250 => encoding_rs::WINDOWS_1250,
        1251 => encoding_rs::WINDOWS_1251,
        1253 => encoding_rs::WINDOWS_1253,
        1254 => encoding_rs::WINDOWS_1254,
        1255 => encoding_rs::WINDOWS_1255,
        1256 => encoding_rs::WINDOWS_1256,
        1257 => encoding_rs::WINDOWS_1257,
        1258 => encoding_rs::WINDOWS_1258,
        _ => encoding_rs::WINDOWS_1252,
    };
    let unit = |bytes: &[u8]| {
        let (text, _) = encoding.decode_without_bom_handling(bytes);
        let mut units = text.encode_utf16();
        match (units.next(), units.next()) {
            (Some(unit), None) if unit != 0xFFFD => unit,
            _ => 0,
        }
    };
    let mut singles = [0; 256];
    for (byte, to) in (0..=255_u8).zip(&mut singles) {
        *to = match (number, byte) {
            (_, 0..=0x7F) => byte.into(),
            // Tables of 128 characters of the basic plane.
            (437, _) => oem_cp::code_table::DECODING_TABLE_CP437[usize::from(byte - 128)] as u16,
            (850, _) => oem_cp::code_table::DECODING_TABLE_CP850[usize::from(byte - 128)] as u16,
            _ => unit(&[byte]),
        };
    }
    let mut leads = [false; 256];
    let mut pairs = None;
    if matches!(number, 932 | 936 | 949 | 950) {
        let mut table = vec![0; 128 << 8].into_boxed_slice();
        for byte in 0x81..=0xFE_u8 {
            if number == 932 && matches!(byte, 0xA0..=0xDF | 0xFD..) {
                continue;
            }
            leads[usize::from(byte)] = true;
            for trail in 0..=255_u8 {
                table[usize::from(byte & 0x7F) << 8 | usize::from(trail)] = unit(&[byte, trail]);
            }
        }
        pairs = Some(table);
    }
    let hex = |text: &str| u16::from_str_radix(text, 16).ok();
    for line in DIFFERENCES.lines() {
        let mut words = line.split(' ');
        let (Some(page), Some(codes), Some(first)) = (words.next(), words.next(), words.next().and_then(hex)) else {
            continue;
        };
        if page.parse() != Ok(number) {
            continue;
        }
        let (from, to) = codes.split_once('-').unwrap_or((codes, codes));
        let (Some(from), Some(to)) = (hex(from), hex(to)) else { continue };
        for code in from..=to {
            let unit = if first == 0 { 0 } else { first + (code - from) };
            match &mut pairs {
                Some(pairs) if code > 0xFF => pairs[usize::from(code & 0x7FFF)] = unit,
                _ => singles[usize::from(code & 0xFF)] = unit,
            }
        }
    }
    Table { singles, pairs, leads, undefined: if number == 932 { 0x30FB } else { u16::from(b'?') } }
}

/// The code of each unit, 0 for none.
fn codes(number: u16) -> &'static [u16] {
    static CODES: [OnceLock<Box<[u16]>>; NUMBERS.len()] = [const { OnceLock::new() }; NUMBERS.len()];
    CODES[index(number)].get_or_init(|| {
        let table = table(number);
        let mut codes = vec![0_u16; 1 << 16].into_boxed_slice();
        let mut put = |unit: u16, code: u16| {
            let to = &mut codes[usize::from(unit)];
            let read_only =
                READ_ONLY.iter().any(|(page, from, last)| *page == number && (*from..=*last).contains(&code));
            if *to == 0 && !read_only {
                *to = code;
            }
        };
        for byte in 0..=255_u16 {
            if !table.leads[usize::from(byte)] {
                put(table.singles[usize::from(byte)], byte);
            }
        }
        for (at, unit) in table.pairs.iter().flatten().enumerate() {
            if *unit != 0 {
                put(*unit, 0x8000 | at as u16);
            }
        }
        codes
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(page: u32, bytes: &[u8]) -> String {
        let mut out = Vec::new();
        CodePage::from_number(page).unwrap().decode(bytes, &mut out);
        String::from_utf16(&out.chunks(2).map(|u| u16::from_le_bytes([u[0], u[1]])).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn as_dotnet() {
        for (page, bytes, text) in [
            (1252, &[0x81, 0x80, 0xE9][..], "\u{81}€é"),
            (1253, &[0xAA, 0xC1], "\u{F8F9}Α"),
            (874, &[0xDB, 0xA1], "\u{F8C1}ก"),
            (437, &[0x80, 0xE1, 0xFF], "Çß\u{A0}"),
            (850, &[0xD5], "ı"),
            (932, &[0x81, 0x60, 0xB1, 0xA0, 0xED, 0x40, 0x81, 0x00, 0x81, 0x45], "～ｱ\u{F8F0}纊・・"),
            (936, &[0xD6, 0xD0, 0x80, 0xFF, 0xA2, 0xE3], "中€\u{F8F5}\u{E76C}"),
            (949, &[0xB0, 0xA1, 0xC9, 0xA1, 0x81], "가\u{E000}?"),
            (950, &[0xA4, 0xA4, 0xFA, 0x40, 0x81, 0x40], "中\u{E000}\u{EEB8}"),
            (65001, "é😀".as_bytes(), "é😀"),
            (65001, &[0xC3, 0x41], "\u{FFFD}A"),
        ] {
            assert_eq!(decoded(page, bytes), text, "{page}");
        }
    }

    #[test]
    fn single_byte_pages_go_there_and_back() {
        let all: Vec<u8> = (0..=255).collect();
        for number in NUMBERS {
            let page = CodePage(number);
            if page.is_single_byte() {
                let (mut text, mut back) = (Vec::new(), Vec::new());
                assert_eq!(page.decode(&all, &mut text), 0);
                page.encode(&text, &mut back).unwrap();
                assert_eq!(back, all, "{number}");
            }
        }
    }

    #[test]
    fn pieces_and_whole_agree() {
        for (number, bytes) in [(932, &[0x82, 0xA0, 0x82, 0xA2, 0x41][..]), (65001, "aé中😀z".as_bytes())] {
            let page = CodePage(number);
            let mut whole = Vec::new();
            assert_eq!(page.decode(bytes, &mut whole), 0);
            for cut in 0..=bytes.len() {
                let mut out = Vec::new();
                let mut decoder = page.decoder();
                decoder.push(&bytes[..cut], &mut out);
                decoder.push(&bytes[cut..], &mut out);
                decoder.finish(&mut out);
                assert_eq!(out, whole);
            }
            let mut back = Vec::new();
            page.encode(&whole, &mut back).unwrap();
            assert_eq!(back, bytes);
        }
    }

    #[test]
    fn nothing_is_substituted() {
        let mut out = Vec::new();
        let error = CodePage(1252).encode(&[0x2D, 0x4E], &mut out).unwrap_err();
        assert_eq!(error.to_string(), "code page 1252 has no character U+4E2D");
        assert_eq!(CodePage::UTF_8.encode(&[0x3D, 0xD8], &mut out).unwrap_err().unit, 0xD83D);
    }

    #[test]
    fn pages_of_collations() {
        for (name, page) in [
            ("SQL_Latin1_General_CP1_CI_AS", Some(1252)),
            ("SQL_Latin1_General_CP437_CI_AS", Some(437)),
            ("SQL_Scandinavian_CP850_CI_AS", Some(850)),
            ("SQL_Latin1_General_CP1251_CS_AS", Some(1251)),
            ("Chinese_Taiwan_Stroke_CI_AS", Some(950)),
            ("Serbian_Cyrillic_100_CI_AS", Some(1251)),
            ("Latin1_General_100_CI_AS_SC_UTF8", Some(65001)),
            ("Khmer_100_CI_AS", None),
        ] {
            assert_eq!(CodePage::of_collation(name).map(CodePage::number), page, "{name}");
        }
        assert_eq!(CodePage::of_variant(crate::collation::bytes("Chinese_Taiwan_Stroke_CI_AS").unwrap()).number(), 936);
    }
}
