//! Requests and their fields; nothing is trusted to be there.

use super::packet;
use super::rpc::{self, Call};
use crate::error::{SqlError, SqlResult};

/// The rest of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a>(pub(crate) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(crate) fn take(&mut self, length: usize) -> SqlResult<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(length).ok_or_else(cut_short)?;
        self.0 = tail;
        Ok(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> SqlResult<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk().ok_or_else(cut_short)?;
        self.0 = tail;
        Ok(*head)
    }

    pub(crate) fn u8(&mut self) -> SqlResult<u8> {
        self.array().map(u8::from_le_bytes)
    }

    pub(crate) fn u16(&mut self) -> SqlResult<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> SqlResult<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// UTF-16 text of so many units.
    pub(crate) fn text(&mut self, units: usize) -> SqlResult<String> {
        self.take(units * 2).map(utf16)
    }

    /// Text after one byte of length in units.
    pub(crate) fn byte_text(&mut self) -> SqlResult<String> {
        let units = usize::from(self.u8()?);
        self.text(units)
    }

    /// Text after two bytes of length in units.
    pub(crate) fn short_text(&mut self) -> SqlResult<String> {
        let units = usize::from(self.u16()?);
        self.text(units)
    }

    /// ALL_HEADERS: the transaction descriptor and others, none of which this server needs.
    pub(crate) fn skip_headers(&mut self) -> SqlResult<()> {
        let total = self.u32()? as usize;
        let rest = total.checked_sub(4).ok_or_else(|| malformed("its headers are shorter than their length"))?;
        self.take(rest).map(drop)
    }
}

/// UTF-16LE bytes as text; a lone surrogate becomes U+FFFD, an odd byte is dropped.
pub(crate) fn utf16(bytes: &[u8]) -> String {
    let units = bytes.as_chunks::<2>().0.iter().map(|&pair| u16::from_le_bytes(pair));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// A request that is not what its type says.
pub(crate) fn malformed(what: impl std::fmt::Display) -> SqlError {
    let message =
        format!("The incoming tabular data stream (TDS) remote procedure call (RPC) or batch is incorrect: {what}.");
    SqlError::new(8009, 16, message)
}

/// The state that tells a message that ends too early from one that is wrong.
const CUT_SHORT: u8 = 2;

fn cut_short() -> SqlError {
    SqlError { state: CUT_SHORT, ..malformed("it ends too early") }
}

/// Whether more bytes might mend this.
pub(crate) fn is_cut_short(error: &SqlError) -> bool {
    error.number == 8009 && error.state == CUT_SHORT
}

/// `TM_GET_DTC_ADDRESS` and its like are not served; these are.
pub(crate) const TM_BEGIN: u16 = 5;

pub(crate) const TM_COMMIT: u16 = 7;

pub(crate) const TM_ROLLBACK: u16 = 8;

pub(crate) const TM_SAVE: u16 = 9;

/// A request gathered whole.
pub(crate) enum Request {
    Batch(String),
    Calls(Vec<Call>),
    Transaction { kind: u16, name: String, isolation: u8, next: Option<u8> },
    Malformed(SqlError),
}

impl Request {
    pub(crate) fn parse(kind: u8, bytes: &[u8]) -> Self {
        let parsed = match kind {
            packet::SQL_BATCH => batch_text(bytes).map(Self::Batch),
            packet::RPC => rpc::parse(bytes).map(Self::Calls),
            _ => Self::transaction(bytes),
        };
        parsed.unwrap_or_else(Self::Malformed)
    }

    fn transaction(bytes: &[u8]) -> SqlResult<Self> {
        let mut rest = Cursor(bytes);
        rest.skip_headers()?;
        let kind = rest.u16()?;
        let name = |rest: &mut Cursor<'_>| -> SqlResult<String> {
            let length = usize::from(rest.u8()?);
            rest.take(length).map(utf16)
        };
        match kind {
            TM_BEGIN => {
                let isolation = rest.u8()?;
                Ok(Self::Transaction { kind, name: name(&mut rest)?, isolation, next: None })
            }
            TM_COMMIT | TM_ROLLBACK => {
                let name = name(&mut rest)?;
                let next = if rest.u8()? & 1 != 0 { Some(rest.u8()?) } else { None };
                Ok(Self::Transaction { kind, name, isolation: 0, next })
            }
            TM_SAVE => Ok(Self::Transaction { kind, name: name(&mut rest)?, isolation: 0, next: None }),
            other => Err(malformed(format_args!("transaction manager request {other} is not supported"))),
        }
    }

    /// What rules of fault injection look at.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Batch(sql) => sql.clone(),
            Self::Calls(calls) => {
                let mut text = String::new();
                for call in calls {
                    text.push_str(&call.procedure);
                    for param in &call.params {
                        text.push(' ');
                        text.push_str(&rpc::text(param).unwrap_or_default());
                    }
                }
                text
            }
            Self::Transaction { kind: TM_BEGIN, .. } => "begin transaction".to_owned(),
            Self::Transaction { kind: TM_COMMIT, .. } => "commit transaction".to_owned(),
            Self::Transaction { .. } => "rollback transaction".to_owned(),
            Self::Malformed(_) => String::new(),
        }
    }
}

fn batch_text(bytes: &[u8]) -> SqlResult<String> {
    let mut rest = Cursor(bytes);
    rest.skip_headers()?;
    Ok(utf16(rest.0))
}

/// Whether a batch is an `INSERT BULK`.
pub(crate) fn is_insert_bulk(sql: &str) -> bool {
    let mut rest = sql;
    let mut word = || loop {
        rest = rest.trim_start();
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.split_once('\n').map_or("", |(_, rest)| rest);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, rest)| rest);
        } else {
            let (word, tail) = rest.split_at(rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len()));
            rest = tail;
            return word;
        }
    };
    word().eq_ignore_ascii_case("insert") && word().eq_ignore_ascii_case("bulk")
}
