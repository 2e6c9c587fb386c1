use super::*;
use crate::error::ErrorKind;
use crate::model::{Annotation, Element, Model, PropertyValue};
use crate::shared_files::{corpus_models, golden_models};

/// A module of a model: its annotation, its body with its setting, its element.
fn modules(model: &Model) -> Vec<(Element, Annotation, Option<String>, bool)> {
    let mut found = Vec::new();
    for top in &model.elements {
        top.visit(&mut |e| {
            let Some(annotation) = e.annotation("SysCommentsObjectAnnotation") else { return };
            let script = e.properties.iter().find(|p| p.name == "BodyScript" || p.name == "QueryScript");
            let quoted = match script.map(|p| &p.value) {
                Some(PropertyValue::Script { quoted_identifiers: Some(quoted), .. }) => *quoted,
                _ => top.flag("IsQuotedIdentifierOn", true),
            };
            found.push((top.clone(), annotation.clone(), script.map(|p| p.value.text().to_owned()), quoted));
        });
    }
    found
}

#[test]
fn known_modules_are_cut_as_dacfx_cuts_them() {
    let mut count = 0;
    for (file, bytes) in corpus_models().into_iter().chain(golden_models()) {
        let model = Model::read(&bytes[..]).expect("a known model");
        for (element, annotation, body, quoted) in modules(&model) {
            if matches!(element.class.as_str(), "SqlDefaultConstraint" | "SqlTable")
                || element.flag("IsEncrypted", false)
            {
                continue;
            }
            let header = annotation.property("HeaderContents").expect("a header");
            let footer = annotation.property("FooterContents").unwrap_or_default();
            let text = format!("{header}{}{footer}", body.as_deref().unwrap_or_default());
            let label = format!("{file} {}", element.label());
            let module = Module::parse(&text, quoted).unwrap_or_else(|e| panic!("{label}: {e:?}\n{text}"));
            if module.options.native_compilation {
                // There DacFx cuts within the options of the atomic block.
                assert_eq!(module.text(), text, "{label}");
                continue;
            }
            assert_eq!(module.header, header, "{label}");
            assert_eq!(module.body, body.unwrap_or_default(), "{label}");
            assert_eq!(module.footer, footer, "{label}");
            assert_eq!(module.length().to_string(), annotation.property("Length").unwrap_or_default(), "{label}");
            let offset = annotation.property("CreateOffset").unwrap_or("0");
            assert_eq!(module.create_offset().to_string(), offset, "{label}");
            assert_eq!(module.name.last().map(String::as_str), element.name.as_ref().map(|n| n.last()), "{label}");
            let parameters =
                element.children("Parameters").filter_map(|p| p.name.as_ref()).map(|n| n.last().to_owned());
            let ours: Vec<String> = module.parameters.iter().map(|p| p.name.clone()).collect();
            assert_eq!(ours, parameters.collect::<Vec<_>>(), "{label}");
            for (ours, theirs) in module.parameters.iter().zip(element.children("Parameters")) {
                assert_eq!(ours.default, theirs.property("DefaultExpressionScript"), "{label} {}", ours.name);
                assert_eq!(ours.output, theirs.flag("IsOutput", false), "{label} {}", ours.name);
                assert_eq!(ours.read_only, theirs.flag("IsReadOnly", false), "{label} {}", ours.name);
            }
            assert_eq!(module.options.schema_binding, element.flag("IsSchemaBound", false), "{label}");
            assert_eq!(module.options.execute_as.is_some(), element.property("IsCaller") == Some("False"), "{label}");
            assert_eq!(module.with_check_option, element.flag("IsWithCheckOption", false), "{label}");
            // Renaming there and back.
            let renamed = module.with_name("[a].[b c]");
            let again = Module::parse(&renamed, quoted).expect("still a module");
            assert_eq!(again.name, ["a", "b c"], "{label}");
            assert_eq!((again.body, again.footer), (module.body, module.footer), "{label}");
            count += 1;
        }
    }
    assert!(count > 50 || corpus_models().is_empty(), "only {count} modules");
}

#[test]
fn tokens_put_together_are_the_text() {
    for (_, bytes) in corpus_models().into_iter().chain(golden_models()) {
        let text = String::from_utf8(bytes).expect("UTF-8");
        for quoted in [true, false] {
            let mut at = 0;
            for token in lex(&text, quoted) {
                assert_eq!(token.start, at);
                assert!(!token.text.is_empty());
                at = token.end();
            }
            assert_eq!(at, text.len());
        }
    }
}

#[test]
fn tokens_are_told_apart() {
    use TokenKind::*;
    let text = "SELECT [a]]b], \"q\"\"r\", N'it''s', @x, @@y, #t, $action, 1.5e-3, .5, 0xAF, $1.5, a<=b /* x /* y */ */ -- c\n'open";
    let kinds: Vec<(TokenKind, &str)> =
        lex(text, true).filter(|t| t.kind != Space && !t.is(",")).map(|t| (t.kind, t.text)).collect();
    assert_eq!(
        kinds,
        [
            (Word, "SELECT"),
            (Bracketed, "[a]]b]"),
            (Quoted, "\"q\"\"r\""),
            (String, "N'it''s'"),
            (Variable, "@x"),
            (Variable, "@@y"),
            (Word, "#t"),
            (Word, "$action"),
            (Number, "1.5e-3"),
            (Number, ".5"),
            (Number, "0xAF"),
            (Number, "$1.5"),
            (Word, "a"),
            (Operator, "<="),
            (Word, "b"),
            (BlockComment, "/* x /* y */ */"),
            (LineComment, "-- c"),
            (Unterminated, "'open"),
        ]
    );
    assert_eq!(lex("\"q\"", false).next().map(|t| t.kind), Some(String));
    assert_eq!(parse_name("[a]]b] . \"c\"..d"), Some(["a]b", "c", "", "d"].map(str::to_owned).to_vec()));
    assert_eq!(parse_name("a b"), None);
    assert_eq!(parse_name("a."), None);
}

#[test]
fn scripts_are_cut_at_go() {
    let script = "a\nGO\n'x\nGO\n'\r\n  go 3 -- three\r\nb /*\nGO\n*/ GO\nSELECT 1 AS GO\nGOTO x\nGO;\n\nGO\n c";
    let found: Vec<(&str, u32)> = batches(script).iter().map(|b| (b.text.trim(), b.count)).collect();
    assert_eq!(found, [("a", 1), ("'x\nGO\n'", 3), ("b /*\nGO\n*/ GO\nSELECT 1 AS GO\nGOTO x", 1), ("c", 1)]);
    for batch in batches(script) {
        assert!(script[batch.start..].starts_with(batch.text));
    }
}

#[test]
fn headers_are_taken_apart() {
    let text = "create or alter proc dbo.p;2 (@a as int = -1, @b decimal(9, 2) = NULL output, @c cursor varying out, \
                @d dbo.T readonly, @e nvarchar(max) = N'as')\nwith recompile, execute as 'some''one' for replication /* as */ as -- b";
    let module = Module::parse(text, true).expect("a procedure");
    assert_eq!((module.header, module.body, module.number), (text, "", Some(2)));
    assert_eq!(module.options.execute_as, Some(ExecuteAs::User("some'one".into())));
    assert!(module.options.recompile && module.for_replication);
    let parameters: Vec<_> = module.parameters.iter().map(|p| (p.name.as_str(), p.default, p.output)).collect();
    assert_eq!(
        parameters,
        [
            ("@a", Some("-1"), false),
            ("@b", Some("NULL"), true),
            ("@c", None, true),
            ("@d", None, false),
            ("@e", Some("N'as'"), false)
        ]
    );
    assert_eq!(module.parameters[1].type_name.arguments, Some("9, 2"));

    let scalar = Module::parse("CREATE FUNCTION f() RETURNS int BEGIN RETURN 1; END", true).expect("a function");
    assert_eq!((scalar.header, scalar.body), ("CREATE FUNCTION f() RETURNS int", " BEGIN RETURN 1; END"));
    let inline =
        Module::parse("CREATE FUNCTION f() RETURNS TABLE RETURN (SELECT 1 AS a) ; -- end", true).expect("a function");
    assert_eq!((inline.body, inline.footer), (" (SELECT 1 AS a) ", "; -- end"));
    let trigger = Module::parse("CREATE TRIGGER t ON DATABASE FOR CREATE_TABLE, DDL_VIEW_EVENTS AS PRINT 1;", true)
        .expect("a trigger");
    assert_eq!(trigger.trigger.as_ref().map(|t| t.events.len()), Some(2));
    assert_eq!((trigger.body, trigger.footer), (" PRINT 1;", ""));

    let view = Module::parse("CREATE VIEW [v] AS SELECT 1 AS a", true).expect("a view");
    assert_eq!(view.renamed("dbo", "v"), None);
    assert_eq!(view.renamed("s", "v").as_deref(), Some("CREATE VIEW [s].[v] AS SELECT 1 AS a"));
}

#[test]
fn what_is_no_module_is_refused() {
    for text in [
        "",
        "SELECT 1",
        "CREATE TABLE t (a int)",
        "CREATE VIEW",
        "CREATE VIEW v",
        "CREATE VIEW v (a AS SELECT 1",
        "CREATE PROC p @a",
        "CREATE PROC p WITH NONSENSE AS SELECT 1",
        "CREATE FUNCTION f RETURNS int AS BEGIN END",
        "CREATE TRIGGER t ON x WHEN y AS SELECT 1",
        "CREATE VIEW [v AS SELECT 1",
    ] {
        let error = Module::parse(text, true).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{text}");
    }
}
