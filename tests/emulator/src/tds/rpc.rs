//! RPC requests ([MS-TDS] 2.2.6.6): the procedure and its parameters.

use super::request::{Cursor, malformed};
use super::type_info::{Place, read};
use crate::engine::Param;
use crate::error::SqlResult;
use crate::row;
use crate::value::{DataType, Value};

/// One procedure call of an RPC request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) procedure: String,
    pub(crate) params: Vec<Param>,
}

const BY_REFERENCE: u8 = 0x01;
const ENCRYPTED: u8 = 0x08;
/// Separators between calls: no-exec, and the two batch flags.
const SEPARATORS: std::ops::RangeInclusive<u8> = 0xFE..=0xFF;
const OLD_SEPARATOR: u8 = 0x80;

fn well_known(id: u16) -> Option<&'static str> {
    Some(match id {
        1 => "sp_cursor",
        2 => "sp_cursoropen",
        3 => "sp_cursorprepare",
        4 => "sp_cursorexecute",
        5 => "sp_cursorprepexec",
        6 => "sp_cursorunprepare",
        7 => "sp_cursorfetch",
        8 => "sp_cursoroption",
        9 => "sp_cursorclose",
        10 => "sp_executesql",
        11 => "sp_prepare",
        12 => "sp_execute",
        13 => "sp_prepexec",
        14 => "sp_prepexecrpc",
        15 => "sp_unprepare",
        _ => return None,
    })
}

/// The calls of a request, in order.
pub(crate) fn parse(message: &[u8]) -> SqlResult<Vec<Call>> {
    let mut rest = Cursor(message);
    rest.skip_headers()?;
    let mut calls = Vec::new();
    loop {
        let procedure = match rest.u16()? {
            u16::MAX => {
                let id = rest.u16()?;
                well_known(id).ok_or_else(|| malformed(format_args!("procedure number {id} is unknown")))?.to_owned()
            }
            units => rest.text(usize::from(units))?,
        };
        rest.u16()?;
        let mut params = Vec::new();
        let more = loop {
            match rest.0.first() {
                None => break false,
                Some(byte) if SEPARATORS.contains(byte) || *byte == OLD_SEPARATOR => {
                    rest.u8()?;
                    break !rest.0.is_empty();
                }
                Some(_) => params.push(param(&mut rest)?),
            }
        };
        calls.push(Call { procedure, params });
        if !more {
            return Ok(calls);
        }
    }
}

fn param(rest: &mut Cursor<'_>) -> SqlResult<Param> {
    let name = rest.byte_text()?;
    let status = rest.u8()?;
    if status & ENCRYPTED != 0 {
        return Err(malformed("parameter encryption was not negotiated"));
    }
    let (data_type, value) = if rest.0.first() == Some(&0x1F) {
        rest.u8()?;
        (DataType::Int, Value::Null)
    } else {
        let (data_type, nullable) = read(rest, Place::Parameter)?;
        let value = row::decode(&data_type, nullable, &mut rest.0)?;
        (data_type, value)
    };
    Ok(Param { name, data_type, value, output: status & BY_REFERENCE != 0 })
}

/// The names (with `@`) in a parameter declaration such as `@a int, @b decimal(5, 2) OUTPUT`.
pub(crate) fn declared(declaration: &str) -> Vec<String> {
    let (mut depth, mut quoted) = (0usize, false);
    let parts = declaration.split(|character| {
        match character {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && !quoted && depth == 0
    });
    parts
        .map(|part| part.trim().split(|c: char| c.is_whitespace() || c == '=').next().unwrap_or_default())
        .filter(|name| name.starts_with('@'))
        .map(str::to_owned)
        .collect()
}

/// Text of a character parameter.
pub(crate) fn text(param: &Param) -> Option<String> {
    match (&param.value, &param.data_type) {
        (Value::NChar(units), _) => Some(String::from_utf16_lossy(units)),
        (
            Value::Char(bytes),
            DataType::Char { collation, .. } | DataType::VarChar { collation, .. } | DataType::Text { collation },
        ) => {
            let code_page = crate::collation::code_page(collation).ok()?;
            Some(String::from_utf16_lossy(&crate::collation::decode(code_page, bytes)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_read_and_cut_ones_refused() {
        let mut message = vec![4, 0, 0, 0, 0xFF, 0xFF, 10, 0, 0, 0];
        message.extend([2, b'@', 0, b'a', 0, 1, 0x26, 4, 4, 5, 0, 0, 0]);
        message.extend([0, 0, 0x1F]);
        let once = message.len();
        message.extend([0xFF, 1, 0, b'p', 0, 0, 0]);
        let calls = parse(&message).unwrap();
        assert_eq!(calls[0].procedure, "sp_executesql");
        let expected = Param { name: "@a".into(), data_type: DataType::Int, value: Value::Int(5), output: true };
        assert_eq!(calls[0].params[0], expected);
        assert_eq!(calls[0].params[1].value, Value::Null);
        assert_eq!(calls[1], Call { procedure: "p".into(), params: vec![] });
        assert_eq!(parse(&message[..once]).unwrap().len(), 1);
        for end in 11..once - 3 {
            assert!(parse(&message[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn declarations_give_names() {
        let declaration = "@a int, @b decimal(5, 2) OUTPUT,@c nvarchar(max) = N'x, @d out'  , @out int";
        assert_eq!(declared(declaration), ["@a", "@b", "@c", "@out"]);
        assert!(declared(" ").is_empty());
    }
}
