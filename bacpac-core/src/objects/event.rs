//! The names of the events of triggers and notifications: `CreateTable` in a model, `CREATE_TABLE` in T-SQL.

/// The word in T-SQL.
pub(super) fn word(name: &str) -> String {
    let name = name.replace("FullText", "Fulltext").replace("StopList", "Stoplist");
    let mut out = String::new();
    for (i, c) in name.chars().enumerate() {
        if i > 0 && c.is_uppercase() {
            out.push('_');
        }
        out.extend(c.to_uppercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn words_are_those_of_t_sql() {
        assert_eq!(word("CreateTable"), "CREATE_TABLE");
        assert_eq!(word("AlterFullTextStopList"), "ALTER_FULLTEXT_STOPLIST");
        assert_eq!(word("CreateXmlSchemaCollection"), "CREATE_XML_SCHEMA_COLLECTION");
    }
}
