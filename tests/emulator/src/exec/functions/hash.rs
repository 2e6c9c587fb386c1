//! Hashes, checksums and identifiers.

use super::Param::{Any, Text, TextOrBinary};
use super::{Args, Spec, guid, int, never_null, spec, variadic};
use crate::error::{SqlError, SqlResult};
use crate::exec::collate::key_of;
use crate::value::{DataType, Length, Value};

pub(super) const SPECS: &[Spec] = &[
    never_null(spec("NEWID", &[], 0, guid, |_| Ok(Value::Guid(*uuid::Uuid::new_v4().as_bytes())))),
    never_null(spec("NEWSEQUENTIALID", &[], 0, guid, |_| Ok(Value::Guid(sequential())))),
    never_null(variadic("CHECKSUM", &[Any], 1, int, |a| Ok(Value::Int(checksum(a))))),
    never_null(variadic("BINARY_CHECKSUM", &[Any], 1, int, |a| Ok(Value::Int(binary_checksum(a))))),
    spec("HASHBYTES", &[Text, TextOrBinary], 2, |_, _| DataType::VarBinary { length: Length::Of(64) }, hash_bytes),
    spec("SQL_VARIANT_PROPERTY", &[Any, Text], 2, |_, _| DataType::SqlVariant, variant_property),
    spec(
        "COMPRESS",
        &[TextOrBinary],
        1,
        |_, _| DataType::VarBinary { length: Length::Max },
        |_| Err(refused("COMPRESS")),
    ),
    spec(
        "DECOMPRESS",
        &[TextOrBinary],
        1,
        |_, _| DataType::VarBinary { length: Length::Max },
        |_| Err(refused("DECOMPRESS")),
    ),
];

fn refused(name: &str) -> SqlError {
    SqlError::new(40000, 16, format!("{name} is not supported by this emulator of SQL Server."))
}

/// Grows with every call, in the order in which the server sorts identifiers.
fn sequential() -> [u8; 16] {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut guid = [0_u8; 16];
    guid[10..].copy_from_slice(&next.to_be_bytes()[2..]);
    guid[8] = 0x80;
    guid
}

/// Not the server's own function, which is not documented, but with its properties: equal under the collation, equal here.
fn fold(sum: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(sum.rotate_left(4), |sum, byte| (sum.rotate_left(4)) ^ u32::from(*byte))
}

fn checksum(a: &Args<'_>) -> i32 {
    let mut sum: u32 = 0;
    for (at, value) in a.values.iter().enumerate() {
        sum = match value {
            Value::Null => sum.rotate_left(4) ^ 0x7FFF_FFFF,
            Value::Int(v) if a.values.len() == 1 => *v as u32,
            value => fold(sum, &key_of(value, a.data_type(at).collation())),
        };
    }
    sum as i32
}

fn binary_checksum(a: &Args<'_>) -> i32 {
    let mut sum: u32 = 0;
    for (at, value) in a.values.iter().enumerate() {
        sum = match value {
            Value::Null => sum,
            Value::Char(bytes) | Value::Binary(bytes) => fold(sum, bytes),
            Value::NChar(units) => units.iter().fold(sum, |sum, unit| fold(sum, &unit.to_le_bytes())),
            Value::Int(v) if a.values.len() == 1 => *v as u32,
            value => fold(sum, &key_of(value, a.data_type(at).collation())),
        };
    }
    sum as i32
}

fn hash_bytes(a: &Args<'_>) -> SqlResult<Value> {
    use sha2::Digest;
    let Some(name) = a.text(0) else { return Ok(Value::Null) };
    let bytes: Vec<u8> = match a.value(1) {
        Value::Char(bytes) | Value::Binary(bytes) => bytes.to_vec(),
        Value::NChar(units) => units.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
        _ => return Ok(Value::Null),
    };
    let hash = match name.to_ascii_uppercase().as_str() {
        "SHA2_256" => sha2::Sha256::digest(&bytes).to_vec(),
        "SHA2_512" => sha2::Sha512::digest(&bytes).to_vec(),
        "SHA" | "SHA1" => sha1(&bytes).to_vec(),
        "MD5" => md5(&bytes).to_vec(),
        "MD2" | "MD4" => return Err(refused("HASHBYTES with MD2 or MD4")),
        _ => return Ok(Value::Null),
    };
    Ok(Value::Binary(hash.into()))
}

/// Pads a message to blocks of 64 bytes with its length in bits at the end.
fn padded(message: &[u8], big_endian: bool) -> Vec<u8> {
    let mut padded = message.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    let bits = (message.len() as u64).wrapping_mul(8);
    padded.extend_from_slice(&if big_endian { bits.to_be_bytes() } else { bits.to_le_bytes() });
    padded
}

fn sha1(message: &[u8]) -> [u8; 20] {
    let mut h: [u32; 5] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0];
    for block in padded(message, true).chunks_exact(64) {
        let mut w = [0_u32; 80];
        for (at, word) in block.chunks_exact(4).enumerate() {
            w[at] = u32::from_be_bytes([word[0], word[1], word[2], word[3]]);
        }
        for at in 16..80 {
            w[at] = (w[at - 3] ^ w[at - 8] ^ w[at - 14] ^ w[at - 16]).rotate_left(1);
        }
        let [mut a, mut b, mut c, mut d, mut e] = h;
        for (at, word) in w.iter().enumerate() {
            let (f, k) = match at {
                0..20 => ((b & c) | (!b & d), 0x5A82_7999),
                20..40 => (b ^ c ^ d, 0x6ED9_EBA1),
                40..60 => ((b & c) | (b & d) | (c & d), 0x8F1B_BCDC),
                _ => (b ^ c ^ d, 0xCA62_C1D6_u32),
            };
            let next = a.rotate_left(5).wrapping_add(f).wrapping_add(e).wrapping_add(k).wrapping_add(*word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (sum, part) in h.iter_mut().zip([a, b, c, d, e]) {
            *sum = sum.wrapping_add(part);
        }
    }
    let mut result = [0; 20];
    for (at, word) in h.iter().enumerate() {
        result[at * 4..at * 4 + 4].copy_from_slice(&word.to_be_bytes());
    }
    result
}

fn md5(message: &[u8]) -> [u8; 16] {
    const SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];
    let mut h: [u32; 4] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476];
    for block in padded(message, false).chunks_exact(64) {
        let word = |at: usize| {
            let at = at * 4;
            u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]])
        };
        let [mut a, mut b, mut c, mut d] = h;
        for at in 0..64_usize {
            let (f, g) = match at / 16 {
                0 => ((b & c) | (!b & d), at),
                1 => ((d & b) | (!d & c), (5 * at + 1) % 16),
                2 => (b ^ c ^ d, (3 * at + 5) % 16),
                _ => (c ^ (b | !d), 7 * at % 16),
            };
            let k = ((at as f64 + 1.0).sin().abs() * 4_294_967_296.0) as u32;
            let turned = a.wrapping_add(f).wrapping_add(k).wrapping_add(word(g)).rotate_left(SHIFTS[at / 16][at % 4]);
            (a, d, c, b) = (d, c, b, b.wrapping_add(turned));
        }
        for (sum, part) in h.iter_mut().zip([a, b, c, d]) {
            *sum = sum.wrapping_add(part);
        }
    }
    let mut result = [0; 16];
    for (at, word) in h.iter().enumerate() {
        result[at * 4..at * 4 + 4].copy_from_slice(&word.to_le_bytes());
    }
    result
}

fn variant_property(a: &Args<'_>) -> SqlResult<Value> {
    let Some(property) = a.text(1) else { return Ok(Value::Null) };
    let (of, value) = match a.value(0) {
        Value::Null => return Ok(Value::Null),
        Value::Variant(inner) => (&inner.0, &inner.1),
        value => (a.data_type(0), value),
    };
    let whole = |v: i32| Value::Variant(Box::new((DataType::Int, Value::Int(v))));
    let name = |text: &str| {
        let data_type = DataType::NVarChar { length: Length::Of(128), collation: crate::collation::DEFAULT.into() };
        Value::Variant(Box::new((data_type, Value::NChar(text.encode_utf16().collect()))))
    };
    let (precision, scale) = of.precision_scale();
    Ok(match property.to_ascii_lowercase().as_str() {
        "basetype" => name(of.type_name()),
        "precision" => whole(i32::from(precision)),
        "scale" => whole(i32::from(scale)),
        "maxlength" => whole(i32::from(of.max_length())),
        "totalbytes" => whole(super::string::bytes_of(value, of).unwrap_or(0) as i32 + 2),
        "collation" => of.collation().map_or(Value::Null, |collation| name(collation)),
        _ => Value::Null,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    #[test]
    fn known_digests() {
        assert_eq!(hex(&md5(b"abc")), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(hex(&md5(&[b'a'; 80])), "b15af9cdabbaea0516866a33d8fd0f98");
        assert_eq!(hex(&sha1(b"abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
    }
}
