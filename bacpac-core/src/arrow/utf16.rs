//! UTF-16LE to UTF-8, fast where it is ASCII.

use super::options::Surrogates;

/// A surrogate has no other half.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lone;

/// Appends the UTF-8 of `bytes`, UTF-16LE of an even length.
#[inline]
pub(super) fn append(bytes: &[u8], surrogates: Surrogates, out: &mut Vec<u8>) -> Result<(), Lone> {
    let (units, _) = bytes.as_chunks::<2>();
    if is_ascii(units) {
        out.extend(units.iter().map(|[low, _]| *low));
        return Ok(());
    }
    wide(units, surrogates, out)
}

#[inline]
fn is_ascii(units: &[[u8; 2]]) -> bool {
    units.iter().fold(0, |all, unit| all | u16::from_le_bytes(*unit)) < 0x80
}

/// In blocks, since most of a text that is not ASCII still is.
fn wide(units: &[[u8; 2]], surrogates: Surrogates, out: &mut Vec<u8>) -> Result<(), Lone> {
    const BLOCK: usize = 16;
    out.reserve(units.len() * 3);
    let mut rest = units;
    while !rest.is_empty() {
        if let Some((block, later)) = rest.split_at_checked(BLOCK)
            && is_ascii(block)
        {
            out.extend(block.iter().map(|[low, _]| *low));
            rest = later;
            continue;
        }
        // More where the block would end between two halves.
        let mut end = BLOCK.min(rest.len());
        while end < rest.len() && matches!(rest.get(end - 1), Some([_, 0xD8..=0xDB])) {
            end += 1;
        }
        let (block, later) = rest.split_at(end);
        for c in char::decode_utf16(block.iter().map(|unit| u16::from_le_bytes(*unit))) {
            let c = match (c, surrogates) {
                (Ok(c), _) => c,
                (Err(_), Surrogates::Replace) => char::REPLACEMENT_CHARACTER,
                (Err(_), Surrogates::Refuse) => return Err(Lone),
            };
            let mut buffer = [0; 4];
            out.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
        }
        rest = later;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn le(units: &[u16]) -> Vec<u8> {
        units.iter().flat_map(|u| u.to_le_bytes()).collect()
    }

    proptest! {
        #[test]
        fn text_comes_through(text in "[a-z]{0,40}(.{0,20}[\u{10000}-\u{10FFFF}]?[a-zé]{0,17}){0,4}") {
            let units: Vec<u16> = text.encode_utf16().collect();
            let mut out = Vec::new();
            prop_assert_eq!(append(&le(&units), Surrogates::Refuse, &mut out), Ok(()));
            prop_assert_eq!(String::from_utf8(out).unwrap(), text);
        }

        #[test]
        fn any_units_are_replaced_or_refused_as_the_standard_library_does(
            units in prop::collection::vec(prop_oneof![Just(0x41_u16), 0xD7F0_u16..0xE010, any::<u16>()], 0..60)
        ) {
            let mut out = Vec::new();
            append(&le(&units), Surrogates::Replace, &mut out).unwrap();
            prop_assert_eq!(String::from_utf8(out).unwrap(), String::from_utf16_lossy(&units));
            let strict = append(&le(&units), Surrogates::Refuse, &mut Vec::new());
            prop_assert_eq!(strict.is_ok(), String::from_utf16(&units).is_ok());
        }
    }
}
