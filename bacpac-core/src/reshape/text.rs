//! Names within T-SQL, token by token: what is not such a name stays as it is, comments and strings too.

use super::rename::Renames;
use crate::ident::{ObjectName, quote};
use crate::tsql::{Token, TokenKind, identifier, lex};

/// What a rewriting may know of a name.
pub(super) struct Known<'a> {
    pub(super) renames: &'a Renames,
    /// Whether the model has this object.
    pub(super) has: &'a dyn Fn(&ObjectName) -> bool,
}

/// The text under the new names; `None` where none of them is in it.
pub(super) fn rewrite(text: &str, quoted: bool, known: &Known<'_>) -> Option<String> {
    let tokens: Vec<Token<'_>> = lex(text, quoted).collect();
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    let mut at = 0;
    // Positions of tokens that mean something.
    let solid: Vec<usize> = (0..tokens.len()).filter(|&i| !tokens[i].is_trivia()).collect();
    while let Some(&i) = solid.get(at) {
        let before = at.checked_sub(1).and_then(|b| solid.get(b)).map(|&b| tokens[b]);
        let second = solid.get(at + 1).zip(solid.get(at + 2));
        let pair = second.filter(|(dot, _)| tokens[**dot].is(".")).map(|(_, &name)| name);
        let after_dot = before.is_some_and(|t| t.is("."));
        let first = identifier(&tokens[i]).filter(|_| !after_dot && is_name(&tokens[i]));
        match (first, pair) {
            (Some(schema), Some(second)) if is_name(&tokens[second]) => {
                let object = identifier(&tokens[second]).map(|name| ObjectName::new(schema, name));
                if let Some(new) = object.filter(|o| (known.has)(o)).and_then(|o| known.renames.object(&o)) {
                    out.push_str(&text[copied..tokens[i].start]);
                    out.push_str(&format!("{}.{}", quote(&new.schema), quote(&new.name)));
                    copied = tokens[second].end();
                }
                at += 3;
            }
            (Some(name), None) => {
                // A table without its schema, where a statement names one.
                let names_table = before.is_some_and(|t| {
                    ["FROM", "JOIN", "INTO", "UPDATE", "ON", "MERGE", "TABLE"].iter().any(|w| t.is_word(w))
                });
                let own = before.filter(|t| t.is_word("TRIGGER")).and_then(|_| known.renames.bare_piece(&name));
                if let Some(new) = own {
                    out.push_str(&text[copied..tokens[i].start]);
                    out.push_str(&quote(new));
                    copied = tokens[i].end();
                } else if let Some(new) = known.renames.bare(&name).filter(|_| names_table) {
                    out.push_str(&text[copied..tokens[i].start]);
                    out.push_str(&format!("{}.{}", quote(&new.schema), quote(&new.name)));
                    copied = tokens[i].end();
                }
                at += 1;
            }
            _ => at += 1,
        }
    }
    if copied == 0 {
        return None;
    }
    out.push_str(&text[copied..]);
    Some(out)
}

fn is_name(token: &Token<'_>) -> bool {
    matches!(token.kind, TokenKind::Word | TokenKind::Bracketed | TokenKind::Quoted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ModelHeader, NameRule};

    #[test]
    fn only_names_of_the_models_objects_change() {
        let renames = Renames::new(NameRule::of(&ModelHeader::new("Sql160")))
            .schema("sales", "shop")
            .table(&ObjectName::new("dbo", "T"), &ObjectName::new("dbo", "T_old"));
        let has = |o: &ObjectName| matches!(o.name.to_ascii_lowercase().as_str(), "order" | "t");
        let known = Known { renames: &renames, has: &has };
        for (from, to) in [
            ("SELECT o.a FROM Sales.[Order] AS o", Some("SELECT o.a FROM [shop].[Order] AS o")),
            (
                "EXEC sales . \"order\" 'sales.order' -- sales.order",
                Some("EXEC [shop].[order] 'sales.order' -- sales.order"),
            ),
            ("SELECT sales.a FROM x AS sales", None),
            ("SELECT db.sales.[Order].a", None),
            (
                "CREATE TRIGGER dbo.tr ON T AFTER INSERT AS SELECT T.a FROM inserted",
                Some("CREATE TRIGGER dbo.tr ON [dbo].[T_old] AFTER INSERT AS SELECT T.a FROM inserted"),
            ),
            ("UPDATE [DBO].[T] SET t = 1", Some("UPDATE [dbo].[T_old] SET t = 1")),
        ] {
            assert_eq!(rewrite(from, true, &known).as_deref(), to, "{from}");
        }
    }
}
