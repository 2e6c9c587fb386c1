//! The small XML parts: read into a tree, written line by line as DacFx does.

use crate::error::{Error, ErrorKind, Result};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

pub(super) const BOM: &str = "\u{feff}";
pub(super) const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>";
pub(super) const DAC_NAMESPACE: &str = "http://schemas.microsoft.com/sqlserver/dac/Serialization/2012/02";

/// No part has more levels than a handful.
const MAX_DEPTH: usize = 32;

/// How lines end in the XML parts written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum LineEnds {
    /// CR LF, as DacFx on Windows.
    #[default]
    CrLf,
    /// LF, as DacFx elsewhere.
    Lf,
}

impl LineEnds {
    /// The characters.
    pub fn as_str(self) -> &'static str {
        match self {
            LineEnds::CrLf => "\r\n",
            LineEnds::Lf => "\n",
        }
    }
}

/// An element with its text and children. Names are without prefixes: the parts' vocabularies do not mix.
#[derive(Debug, Default)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) text: String,
    pub(crate) children: Vec<Node>,
}

impl Node {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub(super) fn child(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|c| c.name == name)
    }

    /// The text of a child, white space around it removed.
    pub(crate) fn child_text(&self, name: &str) -> Option<&str> {
        self.child(name).map(|c| c.text.trim())
    }
}

/// Parses the part `part`, whose root must be `root`.
pub(crate) fn parse(bytes: &[u8], part: &str, root: &str) -> Result<Node> {
    let fail = |byte: u64, message: String| {
        Error::new(ErrorKind::Package, message).with_context(|c| {
            c.part = Some(format!("/{part}"));
            c.byte = Some(byte);
        })
    };
    let text = std::str::from_utf8(bytes)
        .map_err(|e| fail(e.valid_up_to() as u64, "the part is not UTF-8".into()).with_source(e))?;
    let skipped = if text.starts_with(BOM) { BOM.len() } else { 0 };
    let mut reader = Reader::from_str(&text[skipped..]);
    let mut open: Vec<Node> = Vec::new();
    let mut done: Option<Node> = None;
    loop {
        let at = reader.buffer_position() + skipped as u64;
        let event = reader.read_event().map_err(|e| fail(at, format!("the part is not well-formed XML: {e}")))?;
        let ends = matches!(event, Event::Empty(_));
        let close = |open: &mut Vec<Node>, done: &mut Option<Node>| {
            if let Some(node) = open.pop() {
                match open.last_mut() {
                    Some(parent) => parent.children.push(node),
                    None => *done = Some(node),
                }
            }
        };
        match event {
            Event::Start(start) | Event::Empty(start) => {
                if open.len() >= MAX_DEPTH {
                    return Err(fail(at, "the part's XML is nested too deeply".into()));
                }
                if open.is_empty() && done.is_some() {
                    return Err(fail(at, "the part has two XML roots".into()));
                }
                open.push(node(&start).map_err(|message| fail(at, message))?);
                if ends {
                    close(&mut open, &mut done);
                }
            }
            Event::End(_) => close(&mut open, &mut done),
            Event::Text(text) => {
                if let Some(node) = open.last_mut() {
                    node.text.push_str(&text.xml10_content());
                }
            }
            Event::CData(text) => {
                if let Some(node) = open.last_mut() {
                    node.text.push_str(&text.xml10_content());
                }
            }
            Event::GeneralRef(reference) => {
                let resolved = match reference.resolve_char_ref() {
                    Ok(Some(c)) => Some(c),
                    Ok(None) => match &*reference.xml10_content() {
                        "lt" => Some('<'),
                        "gt" => Some('>'),
                        "amp" => Some('&'),
                        "apos" => Some('\''),
                        "quot" => Some('"'),
                        _ => None,
                    },
                    Err(_) => None,
                };
                let c = resolved.ok_or_else(|| fail(at, "the part refers to an unknown XML entity".into()))?;
                if let Some(node) = open.last_mut() {
                    node.text.push(c);
                }
            }
            Event::DocType(_) => return Err(fail(at, "the part has a DOCTYPE, which packages never have".into())),
            Event::Eof => break,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
    match done {
        Some(node) if open.is_empty() && node.name == root => Ok(node),
        Some(node) if open.is_empty() => Err(fail(0, format!("the part's root is {:?}, not {root:?}", node.name))),
        _ => Err(fail(bytes.len() as u64, "the part's XML ends too early".into())),
    }
}

fn node(start: &BytesStart<'_>) -> Result<Node, String> {
    let mut node = Node { name: start.local_name().as_ref().to_owned(), ..Node::default() };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|e| format!("an attribute is not well-formed: {e}"))?;
        let value = attribute
            .normalized_value(XmlVersion::Explicit1_0)
            .map_err(|e| format!("an attribute's value is not well-formed: {e}"))?;
        node.attributes.push((attribute.key.local_name().as_ref().to_owned(), value.into_owned()));
    }
    Ok(node)
}

/// Appends `text` as element content, its line ends as `ends`, as .NET's writer does.
pub(super) fn push_text(out: &mut String, text: &str, ends: LineEnds) {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\r' => {
                if chars.peek() == Some(&'\n') {
                    chars.next();
                }
                out.push_str(ends.as_str());
            }
            '\n' => out.push_str(ends.as_str()),
            c if is_xml(c) => out.push(c),
            _ => out.push('\u{fffd}'),
        }
    }
}

/// Appends `text` as an attribute value for double quotes.
pub(super) fn push_attribute(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#xD;"),
            '\n' => out.push_str("&#xA;"),
            '\t' => out.push_str("&#x9;"),
            c if is_xml(c) => out.push(c),
            _ => out.push('\u{fffd}'),
        }
    }
}

/// Whether XML 1.0 can have this character.
fn is_xml(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// An indented document under way.
pub(super) struct Writer {
    out: String,
    ends: LineEnds,
    open: Vec<&'static str>,
}

impl Writer {
    pub(super) fn new(root: &'static str, ends: LineEnds) -> Self {
        let mut writer = Self { out: format!("{BOM}{DECLARATION}"), ends, open: Vec::new() };
        writer.line();
        writer.out.push_str(&format!("<{root} xmlns=\"{DAC_NAMESPACE}\">"));
        writer.open.push(root);
        writer
    }

    fn line(&mut self) {
        self.out.push_str(self.ends.as_str());
        for _ in &self.open {
            self.out.push_str("  ");
        }
    }

    pub(super) fn start(&mut self, name: &'static str) {
        self.line();
        self.out.push_str(&format!("<{name}>"));
        self.open.push(name);
    }

    pub(super) fn end(&mut self) {
        if let Some(name) = self.open.pop() {
            self.line();
            self.out.push_str(&format!("</{name}>"));
        }
    }

    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.attributed(name, None, text);
    }

    pub(super) fn attributed(&mut self, name: &str, attribute: Option<(&str, &str)>, text: &str) {
        self.line();
        self.out.push('<');
        self.out.push_str(name);
        if let Some((attribute, value)) = attribute {
            self.out.push_str(&format!(" {attribute}=\""));
            push_attribute(&mut self.out, value);
            self.out.push('"');
        }
        if text.is_empty() {
            self.out.push_str(" />");
            return;
        }
        self.out.push('>');
        push_text(&mut self.out, text, self.ends);
        self.out.push_str(&format!("</{name}>"));
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        while !self.open.is_empty() {
            self.end();
        }
        self.out.into_bytes()
    }
}
