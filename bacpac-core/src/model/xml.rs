//! The XML that `model.xml` is made of: tags with attributes, CDATA, white space between. Pulled token by token.
//!
//! A document type, an entity of its own, a processing instruction or an unknown tag or attribute is refused.
//! Never holds more than one token; how long a token may be is bounded by a budget that the reader renews.

use crate::error::{Error, ErrorKind, Result};
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use std::borrow::Cow;
use std::io::{self, BufRead, Read};

/// One token.
pub(super) enum Token {
    /// A start tag; its attributes are with the [`Tokens`] until the next token is pulled.
    Open(Tag),
    Close,
    /// Text, of a CDATA section or not.
    Text(String),
    End,
}

/// A start tag.
pub(super) struct Tag {
    pub(super) name: Word,
    /// `<X />`: no `Close` follows.
    pub(super) empty: bool,
}

/// The name of a tag or an attribute: a known one, which costs nothing, or any other.
pub(super) type Word = Cow<'static, str>;

/// The names that models have, the most frequent first.
const WORDS: &[&str] = &[
    "Name",
    "Value",
    "Property",
    "Entry",
    "Type",
    "Element",
    "Relationship",
    "References",
    "ExternalSource",
    "Disambiguator",
    "Annotation",
    "AttachedAnnotation",
    "QuotedIdentifiers",
    "AnsiNulls",
];

fn word(text: &str) -> Word {
    match WORDS.iter().find(|known| **known == text) {
        Some(known) => Cow::Borrowed(known),
        None => Cow::Owned(text.to_owned()),
    }
}

/// Pulls tokens out of a source.
pub(super) struct Tokens<R> {
    reader: quick_xml::Reader<Counted<R>>,
    buffer: Vec<u8>,
    /// Those of the last tag that nobody has taken yet.
    attributes: Vec<(Word, String)>,
    bom: bool,
    crlf: Option<bool>,
}

impl<R: BufRead> Tokens<R> {
    pub(super) fn new(source: R, budget: u64) -> Result<Self> {
        let mut counted =
            Counted { source, block: Vec::new(), at: 0, budget, lines: 0, exhausted: false, failure: None };
        let bom = counted.strip_bom()?;
        let reader = quick_xml::Reader::from_reader(counted);
        Ok(Self { reader, buffer: Vec::new(), attributes: Vec::new(), bom, crlf: None })
    }

    /// Whether the file began with a byte order mark.
    pub(super) fn bom(&self) -> bool {
        self.bom
    }

    /// Whether the first line end between tags was CR LF.
    pub(super) fn crlf(&self) -> Option<bool> {
        self.crlf
    }

    /// Takes an attribute of the last tag.
    pub(super) fn take(&mut self, attribute: &str) -> Option<String> {
        let at = self.attributes.iter().position(|(name, _)| name == attribute)?;
        Some(self.attributes.swap_remove(at).1)
    }

    /// An attribute of the last tag that nobody took.
    pub(super) fn leftover(&self) -> Option<&str> {
        self.attributes.first().map(|(name, _)| name.as_ref())
    }

    /// Allows `budget` bytes from here on.
    pub(super) fn renew(&mut self, budget: u64) {
        self.reader.get_mut().budget = budget;
    }

    /// An error at the present place.
    pub(super) fn error(&mut self, what: impl Into<Cow<'static, str>>) -> Error {
        let byte = self.reader.buffer_position() + if self.bom { BOM.len() as u64 } else { 0 };
        let line = self.reader.get_mut().line();
        Error::new(ErrorKind::Model, format!("{}, at line {line}", what.into())).with_context(|c| {
            c.part = Some("model.xml".into());
            c.byte = Some(byte);
        })
    }

    /// The next token. White space between tags is skipped.
    pub(super) fn next(&mut self) -> Result<Token> {
        enum Step {
            Token(Token),
            Skip,
            Refuse(Cow<'static, str>),
        }
        loop {
            self.buffer.clear();
            let step =
                match self.reader.read_event_into(&mut self.buffer) {
                    Ok(Event::Start(start)) => tag(&start, false, &mut self.attributes)
                        .map_or_else(Step::Refuse, |t| Step::Token(Token::Open(t))),
                    Ok(Event::Empty(start)) => tag(&start, true, &mut self.attributes)
                        .map_or_else(Step::Refuse, |t| Step::Token(Token::Open(t))),
                    Ok(Event::End(_)) => Step::Token(Token::Close),
                    Ok(Event::CData(text)) if text.contains('\0') => Step::Refuse(NUL.into()),
                    Ok(Event::CData(text)) => Step::Token(Token::Text(text.into_inner().into_owned())),
                    Ok(Event::Text(text)) if text.contains('\0') => Step::Refuse(NUL.into()),
                    Ok(Event::Text(text)) => {
                        let text = text.into_inner();
                        if self.crlf.is_none() {
                            self.crlf = text.find('\n').map(|i| text[..i].ends_with('\r'));
                        }
                        if text.trim().is_empty() { Step::Skip } else { Step::Token(Token::Text(text.into_owned())) }
                    }
                    Ok(Event::GeneralRef(reference)) => match resolve(&reference) {
                        Some(text) => Step::Token(Token::Text(text)),
                        None => Step::Refuse("an entity that XML itself does not define".into()),
                    },
                    Ok(Event::Decl(_)) | Ok(Event::Comment(_)) => Step::Skip,
                    Ok(Event::DocType(_)) => Step::Refuse("a document type, which no model has".into()),
                    Ok(Event::PI(_)) => Step::Refuse("a processing instruction, which no model has".into()),
                    Ok(Event::Eof) => Step::Token(Token::End),
                    Err(quick_xml::Error::Io(e)) => return Err(self.io_error(&e)),
                    Err(e) => Step::Refuse(format!("not XML: {e}").into()),
                };
            match step {
                Step::Token(token) => return Ok(token),
                Step::Skip => {}
                Step::Refuse(why) => return Err(self.error(why)),
            }
        }
    }

    fn io_error(&mut self, e: &io::Error) -> Error {
        if self.reader.get_mut().exhausted {
            return self.error("an element larger than the limit").with_help("raise ModelLimits::element_bytes");
        }
        if self.reader.get_mut().failure.is_none() && e.kind() == io::ErrorKind::InvalidData {
            return self.error(format!("not UTF-8: {e}"));
        }
        match self.reader.get_mut().failure.take() {
            Some(e) => source_error(e),
            None => self.error(format!("cannot be read: {e}")),
        }
    }
}

/// The source's own error: an error of this library comes out as it went in.
fn source_error(e: io::Error) -> Error {
    match e.downcast::<Error>() {
        Ok(error) => error,
        Err(e) => Error::from(e).with_context(|c| c.part = Some("model.xml".into())),
    }
}

fn tag(start: &BytesStart<'_>, empty: bool, attributes: &mut Vec<(Word, String)>) -> Result<Tag, Cow<'static, str>> {
    attributes.clear();
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute.map_err(|e| format!("a bad attribute: {e}"))?;
        let name = word(attribute.key.as_ref());
        if attributes.iter().any(|(known, _)| *known == name) {
            return Err(format!("the attribute {name} twice").into());
        }
        let value =
            attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|e| format!("a bad attribute value: {e}"))?;
        if value.contains('\0') {
            return Err(NUL.into());
        }
        attributes.push((name, value.into_owned()));
    }
    Ok(Tag { name: word(start.name().as_ref()), empty })
}

fn resolve(reference: &quick_xml::events::BytesRef<'_>) -> Option<String> {
    if let Ok(Some(c)) = reference.resolve_char_ref() {
        return Some(c.into());
    }
    let name: &str = reference;
    quick_xml::escape::resolve_predefined_entity(name).map(str::to_owned)
}

/// The XML reader takes it; XML does not have it, and nothing could be written that holds it.
const NUL: &str = "the character U+0000";

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Bytes taken from the source at once.
const BLOCK: usize = 64 << 10;

/// A source that counts lines and stops at a budget of bytes.
struct Counted<R> {
    source: R,
    /// What was taken from the source last, and how much of it is used.
    block: Vec<u8>,
    at: usize,
    budget: u64,
    /// Line ends before this block.
    lines: u64,
    exhausted: bool,
    /// What the source failed with: the XML reader gets a stand-in, so that the error itself keeps its kind.
    failure: Option<io::Error>,
}

impl<R: BufRead> Counted<R> {
    fn strip_bom(&mut self) -> Result<bool> {
        while self.block.len() < BOM.len() {
            let available = self.source.fill_buf().map_err(source_error)?;
            if available.is_empty() {
                break;
            }
            let take = available.len().min(BOM.len() - self.block.len());
            self.block.extend_from_slice(available.get(..take).unwrap_or_default());
            self.source.consume(take);
        }
        let bom = self.block == BOM;
        if bom {
            self.block.clear();
        }
        Ok(bom)
    }

    /// The line at hand, from 1.
    fn line(&self) -> u64 {
        self.lines + lines(self.block.get(..self.at).unwrap_or_default()) + 1
    }

    /// Takes the next block from the source.
    fn refill(&mut self) -> io::Result<()> {
        self.lines += lines(&self.block);
        self.block.clear();
        self.at = 0;
        match self.source.fill_buf() {
            Ok(available) => {
                let take = available.len().min(BLOCK);
                self.block.extend_from_slice(available.get(..take).unwrap_or_default());
                self.source.consume(take);
                Ok(())
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Err(e),
            Err(e) => {
                let stand_in = io::Error::new(e.kind(), "the source failed");
                self.failure = Some(e);
                Err(stand_in)
            }
        }
    }
}

fn lines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|&&b| b == b'\n').count() as u64
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = {
            let available = self.fill_buf()?;
            let n = available.len().min(buf.len());
            buf[..n].copy_from_slice(&available[..n]);
            n
        };
        self.consume(n);
        Ok(n)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at >= self.block.len() {
            self.refill()?;
        }
        let available = self.block.get(self.at..).unwrap_or_default();
        if self.budget == 0 && !available.is_empty() {
            self.exhausted = true;
            return Err(io::Error::other("limit reached"));
        }
        let most = usize::try_from(self.budget).unwrap_or(usize::MAX).min(available.len());
        Ok(available.get(..most).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.budget = self.budget.saturating_sub(amount as u64);
        self.at = self.at.saturating_add(amount).min(self.block.len());
    }
}
