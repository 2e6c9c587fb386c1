use super::*;
use crate::error::ErrorKind;
use crate::shared_files::{corpus_models, golden_models};
use std::io::{self, BufRead, BufReader, Read};

fn document(body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<DataSchemaModel FileFormatVersion=\"1.2\" SchemaVersion=\"2.9\" \
         DspName=\"Microsoft.Data.Tools.Schema.Sql.Sql160DatabaseSchemaProvider\" CollationLcid=\"1033\" \
         CollationCaseSensitive=\"False\" xmlns=\"http://schemas.microsoft.com/sqlserver/dac/Serialization/2012/02\">\
         \n\t<Model>{body}\n\t</Model>\n</DataSchemaModel>"
    )
}

fn read(text: &str) -> crate::Result<Model> {
    Model::read(text.as_bytes())
}

#[test]
fn every_known_model_is_written_again_byte_for_byte() {
    for (name, bytes) in corpus_models().into_iter().chain(golden_models()) {
        let model = Model::read(&bytes[..]).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        assert!(!model.elements.is_empty(), "{name}");
        let written = model.write(Vec::new()).expect("a Vec takes all");
        if let Some(at) = bytes.iter().zip(&written).position(|(a, b)| a != b) {
            let show = |b: &[u8]| String::from_utf8_lossy(&b[at.saturating_sub(80)..b.len().min(at + 80)]).into_owned();
            panic!("{name} differs at byte {at}:\nread    {}\nwritten {}", show(&bytes), show(&written));
        }
        assert_eq!(bytes.len(), written.len(), "{name}");
    }
}

#[test]
fn what_xml_must_escape_survives() {
    let mut model = Model::new(ModelHeader::new("Sql160"));
    let nasty = "<a> & \"b\" 'c' ]]> \r\n\t\u{1} é 😀 ]]>";
    let mut element = Element::named("SqlThing", crate::Name::one("a]b\"<"));
    element.set("Scalar", nasty);
    element.set_script("Script", nasty.replace('\u{1}', ""));
    element.properties.push(Property { name: "None".into(), value: PropertyValue::Absent });
    element.set_script("Empty", "");
    let mut annotation = Annotation::new("Odd");
    annotation.name = Some("not bracketed".into());
    let reference = Reference { annotations: vec![annotation.clone()], ..Reference::to(crate::Name::one("x")) };
    element.refer("Two", reference);
    element.relate("Readings", vec![Entry::Unresolved(vec![annotation.clone(), annotation])]);
    model.elements.push(element);
    model.custom_data.push(CustomData {
        category: "Reference".into(),
        kind: Some("SqlSchema".into()),
        metadata: vec![("FileName".into(), "a\\b.dacpac".into())],
    });
    for format in [(false, false), (true, true), (true, false), (false, true)] {
        model.format = ModelFormat { bom: format.0, crlf: format.1 };
        let bytes = model.write(Vec::new()).expect("a Vec takes all");
        assert_eq!(Model::read(&bytes[..]).expect("our own model"), model);
    }
}

#[test]
fn what_xml_cannot_hold_is_an_error_that_names_the_object() {
    for script in [false, true] {
        let mut model = Model::new(ModelHeader::new("Sql160"));
        let mut element = Element::named("SqlView", crate::Name::one("v"));
        if script {
            element.set_script("QueryScript", "a\0b")
        } else {
            element.set("Colour", "\0")
        };
        model.elements.push(element);
        let error = model.write(Vec::new()).expect_err("no XML has it");
        assert_eq!(error.context().object.as_deref(), Some("SqlView [v]"));
    }
}

/// Gives one byte at a time.
struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = buf.len().min(1).min(self.0.len());
        buf[..n].copy_from_slice(&self.0[..n]);
        self.0 = &self.0[n..];
        Ok(n)
    }
}

#[test]
fn how_the_source_is_cut_does_not_matter() {
    let text = format!(
        "\u{feff}{}",
        document(
            "<Element Type=\"A\" Name=\"[é]\"><Property Name=\"p\"><Value><![CDATA[]] ]>x]]></Value></Property></Element>"
        )
    );
    let whole = read(&text).expect("well formed");
    assert!(whole.format.bom);
    let trickled = Model::read(BufReader::with_capacity(1, Trickle(text.as_bytes()))).expect("well formed");
    assert_eq!(whole, trickled);
}

#[test]
fn a_model_cut_anywhere_is_refused() {
    let text = document(
        "\n<Element Type=\"A\" Name=\"[a]\">\n<Property Name=\"p\" Value=\"é\" /><Relationship Name=\"u\"><Entry /></Relationship><Relationship Name=\"r\"><Entry>\
         <References Name=\"[a]\" /></Entry></Relationship></Element>",
    );
    read(&text).expect("well formed");
    for end in 0..text.len() {
        let error = Model::read(&text.as_bytes()[..end]).expect_err("cut short");
        assert_eq!(error.kind(), ErrorKind::Model, "cut at {end}: {error}");
    }
}

#[test]
fn bad_models_give_typed_errors_with_their_place() {
    let inside = |body: &str| document(&format!("\n{body}"));
    let doctype = document("").replacen("\n", "\n<!DOCTYPE x [<!ENTITY a \"b\">]>\n", 1);
    let cases = [
        (String::new(), "root"),
        ("<Model/>".into(), "root"),
        (doctype, "document type"),
        (document("").replace(" CollationLcid=\"1033\"", ""), "without CollationLcid"),
        (document("").replace("Serialization/2012/02", "x"), "namespace"),
        (document("") + "<x/>", "after the end"),
        (inside("<Element Type=\"A\" Colour=\"red\" />"), "unknown attribute Colour"),
        (inside("<Element />"), "without Type"),
        (inside("<Thing />"), "Thing does not belong"),
        (inside("<Element Type=\"A\"><Thing /></Element>"), "Thing does not belong"),
        (inside("<Element Type=\"A\" Name=\"a\" />"), "bracketed"),
        (inside("<Element Type=\"A\" Name=\"&bomb;\" />"), "bad attribute value"),
        (inside("<Element Type=\"A\" Type=\"B\" />"), "attribute"),
        (inside("<Element Type=\"A\" Disambiguator=\"-1\" />"), "not a number"),
        (inside("<Element Type=\"A\">text</Element>"), "text does not belong"),
        (inside("<Element Type=\"A\"><Property /></Element>"), "without Name"),
        (inside("<Element Type=\"A\"><Property Name=\"a\"><Value>&x;</Value></Property></Element>"), "entity"),
        (
            inside("<Element Type=\"A\"><Property Name=\"a\"><Value AnsiNulls=\"1\"/></Property></Element>"),
            "neither True nor False",
        ),
        (
            inside(
                "<Element Type=\"A\"><Relationship Name=\"r\"><Entry><References/></Entry></Relationship></Element>",
            ),
            "without Name",
        ),
        (inside("<Element Type=\"A\"><AttachedAnnotation/></Element>"), "without Disambiguator"),
        (inside("<?php ?>"), "processing instruction"),
        (inside("<Element Type=\"A\0\" />"), "U+0000"),
        (
            inside("<Element Type=\"A\"><Property Name=\"p\"><Value><![CDATA[\0]]></Value></Property></Element>"),
            "U+0000",
        ),
        (inside("<Element Type=\"A\"></Elemint>"), "not XML"),
    ];
    for (text, message) in cases {
        let error = read(&text).expect_err(message);
        assert_eq!(error.kind(), ErrorKind::Model, "{error}");
        assert!(error.message().contains(message), "{error} should say {message}");
        assert!(error.message().contains("at line "), "{error}");
        assert!(error.context().byte.is_some(), "{error}");
    }
    let error = read(&inside("<Element Type=\"A\" Colour=\"red\" />")).expect_err("unknown attribute");
    assert!(error.message().ends_with("at line 4"), "{error}");
    let mut latin = document("<Element Type=\"A\" Name=\"[X]\" />").into_bytes();
    let at = latin.iter().rposition(|&b| b == b'X').expect("there is an X");
    latin[at] = 0xE9;
    assert_eq!(Model::read(&latin[..]).expect_err("not UTF-8").kind(), ErrorKind::Model);
}

#[test]
fn limits_hold() {
    let nested = |n: usize| {
        let open = "<Element Type=\"A\"><Relationship Name=\"r\"><Entry>".repeat(n);
        let close = "</Entry></Relationship></Element>".repeat(n);
        document(&format!("{open}<Element Type=\"A\" />{close}"))
    };
    read(&nested(30)).expect("within the limit");
    let error = read(&nested(10_000)).expect_err("too deep");
    assert!(error.message().contains("too deep"), "{error}");

    let big =
        document(&format!("<Element Type=\"A\"><Property Name=\"p\" Value=\"{}\" /></Element>", "x".repeat(1000)));
    let read = |bytes| {
        let limits = ModelLimits::default().with_element_bytes(bytes);
        ModelReader::with_limits(big.as_bytes(), limits).and_then(|r| r.collect::<crate::Result<Vec<_>>>())
    };
    assert_eq!(read(2000).expect("within the limit").len(), 1);
    let error = read(500).expect_err("too large");
    assert_eq!(error.kind(), ErrorKind::Model);
    assert!(error.message().contains("larger than the limit"), "{error}");
}

/// A source that ends in an error of this library.
struct Fails(&'static [u8]);

impl Read for Fails {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        unreachable!("only used as BufRead")
    }
}

impl BufRead for Fails {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.0.is_empty() { Err(io::Error::other(crate::Error::cancelled())) } else { Ok(self.0) }
    }

    fn consume(&mut self, amount: usize) {
        self.0 = &self.0[amount..];
    }
}

#[test]
fn an_error_of_the_source_keeps_its_kind() {
    for text in ["", "<?xml version=\"1.0\"?> ", "<DataSchemaModel "] {
        let Err(error) = ModelReader::new(Fails(text.as_bytes())) else { panic!("the source fails") };
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
    }
}

#[test]
fn an_entry_without_a_target_is_kept() {
    let text = document("\n<Element Type=\"A\">\n<Relationship Name=\"r\"><Entry /></Relationship></Element>");
    let model = read(&text).expect("well formed");
    let mut written = Vec::new();
    model.write(&mut written).expect("memory takes it");
    assert!(String::from_utf8(written.clone()).expect("text").contains("<Entry />"));
    assert_eq!(Model::read(&written[..]).expect("what is written can be read"), model);
}
