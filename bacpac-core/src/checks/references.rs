//! Names in modules that the model does not have.
//!
//! A reading of tokens: what stands where a statement names a table or a procedure. A name of one part may be a common
//! table expression, an alias or a temporary table, so only names of two parts and more are looked at.

use crate::findings::Finding;
use crate::ident::Name;
use crate::model::{Element, Entry, Model, ModelIndex, PropertyValue, Reference};
use crate::objects::built_in;
use crate::tsql::{Token, TokenKind, identifier, lex};

/// Names outside of the model: of objects that it lacks, and of other databases and servers. `own` is the name of the
/// database itself, where it is known.
pub(crate) fn references(model: &Model, own: Option<&str>) -> Vec<Finding> {
    let index = ModelIndex::new(model);
    let mut findings = Vec::new();
    for element in &model.elements {
        let mut found = Vec::new();
        element.visit(&mut |e| {
            for property in &e.properties {
                let PropertyValue::Script { text, quoted_identifiers, .. } = &property.value else { continue };
                if matches!(property.name.as_str(), "BodyScript" | "QueryScript") {
                    named(text, quoted_identifiers.unwrap_or(true), &mut found);
                }
            }
            for reference in dangling(e, &index) {
                found.push(reference.parts().to_vec());
            }
        });
        if element.class == "SqlSynonym" {
            // A synonym's target may be anywhere; the text says where.
            let text = element.property("ForObjectScript").and_then(crate::tsql::parse_name);
            found.extend(text.filter(|parts| parts.len() > 1));
        }
        for parts in found {
            let finding = judge(element, &parts, own, &index);
            findings.extend(finding.filter(|finding| !findings.contains(finding)).map(|f| f.about(element.label())));
        }
    }
    findings.dedup();
    findings
}

/// References by name to what the model does not have.
fn dangling<'e>(element: &'e Element, index: &ModelIndex<'_>) -> impl Iterator<Item = &'e Name> {
    let all = element.relationships.iter().flat_map(|r| &r.entries);
    let dangling = |entry: &&Entry| match entry {
        Entry::References(reference) => reference.disambiguator.is_none() && is_missing(reference, index),
        _ => false,
    };
    let lost: Vec<&Name> = all
        .filter(dangling)
        .filter_map(|entry| match entry {
            Entry::References(reference) => reference.name.as_ref(),
            _ => None,
        })
        .collect();
    lost.into_iter()
}

fn is_missing(reference: &Reference, index: &ModelIndex<'_>) -> bool {
    let Some(name) = &reference.name else { return false };
    let is_system = name.parts().first().is_some_and(|schema| {
        built_in::is_schema(schema) && !schema.eq_ignore_ascii_case("dbo") && name.parts().len() > 1
    });
    !is_system && !reference.is_built_in() && index.resolve(reference).is_none()
}

fn judge(element: &Element, parts: &[String], own: Option<&str>, index: &ModelIndex<'_>) -> Option<Finding> {
    let shown = Name::from_parts(parts.iter().cloned())?.to_string();
    match parts {
        [schema, _] => {
            let system = ["sys", "INFORMATION_SCHEMA"].iter().any(|known| known.eq_ignore_ascii_case(schema));
            let name = Name::from_parts(parts.iter().cloned())?;
            if system || !index.named(&name).is_empty() {
                return None;
            }
            let bound = matches!(element.class.as_str(), "SqlView" | "SqlInlineTableValuedFunction");
            let reason = format!("it refers to {shown}, which the database does not have");
            let finding = Finding::new("unresolved_reference", reason);
            Some(if bound { finding.numbered(71561) } else { finding })
        }
        [outside @ .., _, _] if !outside.is_empty() => {
            let database = outside.last()?;
            let is_own = outside.len() == 1 && own.is_some_and(|own| own.eq_ignore_ascii_case(database));
            let column = outside.len() == 1 && is_column(parts, index);
            if is_own || column || database.eq_ignore_ascii_case("tempdb") {
                return None;
            }
            let reason = format!("it refers to {shown}, which is in another database");
            Some(Finding::new("external_reference", reason))
        }
        _ => None,
    }
}

/// Whether a name of three parts is a column's, as in the relationships of a model.
fn is_column(parts: &[String], index: &ModelIndex<'_>) -> bool {
    let object = Name::from_parts(parts.iter().take(2).cloned());
    object.is_some_and(|object| !index.named(&object).is_empty())
}

/// The names of two parts and more that stand where a statement names an object.
fn named(text: &str, quoted: bool, found: &mut Vec<Vec<String>>) {
    let tokens: Vec<Token<'_>> = lex(text, quoted).filter(|token| !token.is_trivia()).collect();
    for (at, token) in tokens.iter().enumerate() {
        let introduces = ["FROM", "JOIN", "INTO", "UPDATE", "EXEC", "EXECUTE", "MERGE", "APPLY"];
        if !introduces.iter().any(|word| token.is_word(word)) {
            continue;
        }
        let before = at.checked_sub(1).and_then(|i| tokens.get(i));
        // IS DISTINCT FROM compares; a cursor is no object.
        if before.is_some_and(|t| ["DISTINCT", "NEXT", "PRIOR", "FIRST", "LAST"].iter().any(|w| t.is_word(w))) {
            continue;
        }
        let Some((parts, next)) = name_at(&tokens, at + 1) else { continue };
        // x.nodes(…) and the like are methods of a value.
        let called = tokens.get(next).is_some_and(|t| t.text.starts_with('('));
        let method = parts.last().is_some_and(|last| last.eq_ignore_ascii_case("nodes"));
        if parts.len() > 1 && !(called && method) {
            found.push(parts);
        }
    }
}

/// The name that begins at a token, and the token after it.
fn name_at(tokens: &[Token<'_>], mut at: usize) -> Option<(Vec<String>, usize)> {
    let mut parts = Vec::new();
    loop {
        let token = tokens.get(at)?;
        if token.is(".") || token.is("..") {
            // A part that is left out, as in db..t.
            parts.push("dbo".to_owned());
            if token.is("..") {
                parts.push("dbo".to_owned());
            }
            at += 1;
            continue;
        }
        if !matches!(token.kind, TokenKind::Word | TokenKind::Bracketed | TokenKind::Quoted) {
            return None;
        }
        parts.push(identifier(token)?);
        at += 1;
        match tokens.get(at) {
            Some(dot) if dot.is(".") => at += 1,
            Some(dots) if dots.is("..") => {
                parts.push("dbo".to_owned());
                at += 1;
            }
            _ => return Some((parts, at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ModelHeader;

    fn found(body: &str) -> Vec<(&'static str, Option<u32>, String)> {
        let name = |text: &str| Name::parse(text).expect("bracketed");
        let mut model = Model::new(ModelHeader::new("Sql160"));
        let mut procedure = Element::named("SqlProcedure", name("[dbo].[p]"));
        procedure.set_script("BodyScript", body);
        model.elements = vec![procedure, Element::named("SqlTable", name("[dbo].[t]"))];
        references(&model, Some("Own")).into_iter().map(|f| (f.code, f.number, f.reason)).collect()
    }

    #[test]
    fn names_that_are_there_or_no_names_of_objects_are_no_findings() {
        for body in [
            "SELECT a.b FROM dbo.T AS a JOIN [DBO].[t] ON 1 = 1",
            "SELECT * FROM sys.tables CROSS APPLY x.c.nodes('/a') AS n(v)",
            "SELECT * FROM own.dbo.t WHERE a IS DISTINCT FROM z.c -- FROM dbo.gone",
            "UPDATE a SET b = 'FROM dbo.gone' FROM dbo.t AS a; FETCH NEXT FROM dbo.cursor1 INTO @a",
            "SELECT * FROM tempdb..x; EXEC p2; WITH c AS (SELECT 1 AS a) SELECT * FROM c",
        ] {
            assert_eq!(found(body), [], "{body}");
        }
    }

    #[test]
    fn names_that_are_not_there_are_findings() {
        let all =
            found("SELECT * FROM dbo.gone; INSERT INTO [other].[dbo].[t] EXEC srv.db.dbo.p; UPDATE other..u SET a = 1");
        let shown: Vec<_> = all.iter().map(|(code, number, reason)| (*code, *number, reason.as_str())).collect();
        assert_eq!(
            shown,
            [
                ("unresolved_reference", Some(71501), "it refers to [dbo].[gone], which the database does not have"),
                ("external_reference", Some(71562), "it refers to [other].[dbo].[t], which is in another database"),
                ("external_reference", Some(71562), "it refers to [srv].[db].[dbo].[p], which is in another database"),
                ("external_reference", Some(71562), "it refers to [other].[dbo].[u], which is in another database"),
            ]
        );
    }
}
