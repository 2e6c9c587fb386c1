//! Small models to T-SQL.

use super::model;
use crate::ErrorKind;
use crate::objects::{ScriptOptions, Scripted, script};

fn scripted(elements: &str) -> Scripted {
    script(&model(elements), &ScriptOptions::default()).expect("T-SQL")
}

fn texts(scripted: &Scripted) -> Vec<&str> {
    scripted.statements.iter().map(|s| s.text.as_str()).collect()
}

fn column(table: &str, name: &str, kind: &str, properties: &str) -> String {
    format!(
        "<Entry><Element Type=\"SqlSimpleColumn\" Name=\"{table}.[{name}]\">{properties}\
         <Relationship Name=\"TypeSpecifier\"><Entry><Element Type=\"SqlTypeSpecifier\">\
         <Relationship Name=\"Type\"><Entry><References ExternalSource=\"BuiltIns\" Name=\"[{kind}]\" /></Entry>\
         </Relationship></Element></Entry></Relationship></Element></Entry>"
    )
}

fn property(name: &str, value: &str) -> String {
    format!("<Property Name=\"{name}\" Value=\"{value}\" />")
}

fn reference(relationship: &str, name: &str) -> String {
    format!("<Relationship Name=\"{relationship}\"><Entry><References Name=\"{name}\" /></Entry></Relationship>")
}

fn table(name: &str, properties: &str, columns: &str, relationships: &str) -> String {
    let on = property("IsAnsiNullsOn", "True");
    format!(
        "<Element Type=\"SqlTable\" Name=\"{name}\">{properties}{on}\
         <Relationship Name=\"Columns\">{columns}</Relationship>{relationships}</Element>"
    )
}

fn key_columns(columns: &[&str]) -> String {
    let columns: String = columns
        .iter()
        .map(|c| {
            let column = reference("Column", c);
            format!("<Entry><Element Type=\"SqlIndexedColumnSpecification\">{column}</Element></Entry>")
        })
        .collect();
    format!("<Relationship Name=\"ColumnSpecifications\">{columns}</Relationship>")
}

fn not_null() -> String {
    property("IsNullable", "False")
}

#[test]
fn a_table_has_its_clustered_key_and_the_rest_follows_the_rows() {
    let t = "[dbo].[T]";
    let columns =
        column(t, "id", "int", &(not_null() + &property("IsIdentity", "True"))) + &column(t, "n", "datetime2", "");
    let elements = table(t, "", &columns, "")
        + &format!(
            "<Element Type=\"SqlPrimaryKeyConstraint\">{}{}<Annotation Type=\"SqlInlineConstraintAnnotation\" \
             Name=\"[dbo].[PK__T__1]\" Disambiguator=\"3\" /></Element>",
            key_columns(&["[dbo].[T].[id]"]),
            reference("DefiningTable", t)
        )
        + &format!(
            "<Element Type=\"SqlIndex\" Name=\"[dbo].[T].[ix]\">{}{}{}</Element>",
            property("IsDisabled", "True"),
            key_columns(&["[dbo].[T].[n]"]),
            reference("IndexedObject", t)
        );
    let scripted = scripted(&elements);
    assert_eq!(
        texts(&scripted),
        [
            "CREATE TABLE [dbo].[T] (\n    [id] [int] IDENTITY (1, 1) NOT NULL,\n    [n] [datetime2](0) NULL,\n    \
             PRIMARY KEY CLUSTERED ([id] ASC)\n);",
            "CREATE NONCLUSTERED INDEX [ix]\n    ON [dbo].[T] ([n] ASC);",
            "ALTER INDEX [ix]\n    ON [dbo].[T] DISABLE;",
        ]
    );
    assert_eq!(scripted.before_rows, 1);
    assert!(scripted.warnings.is_empty());
}

#[test]
fn an_identity_goes_on_where_it_was() {
    let last = "<Annotation Type=\"OnlinePropertyAnnotation\" Name=\"[LastValue]\"><Property Name=\"Value\" \
                Value=\"41\" /></Annotation>";
    let identity =
        column("[dbo].[T]", "id", "int", &(property("IsIdentity", "True") + &property("IdentityIncrement", "5")));
    let identity = identity.replacen(
        "</Element></Entry></Relationship></Element></Entry>",
        &format!("</Element></Entry></Relationship>{last}</Element></Entry>"),
        1,
    );
    let scripted = scripted(&table("[dbo].[T]", "", &identity, ""));
    let text = texts(&scripted)[1];
    assert!(
        text.contains("IF EXISTS (SELECT 1 FROM [dbo].[T])\n    DBCC CHECKIDENT (N'[dbo].[T]', RESEED, 41)"),
        "{text}"
    );
    assert!(text.contains("ELSE\n    DBCC CHECKIDENT (N'[dbo].[T]', RESEED, 46)"), "{text}");
}

fn temporal() -> String {
    let t = "[dbo].[T]";
    let columns = column(t, "id", "int", &not_null())
        + &column(t, "s", "datetime2", &(not_null() + &property("GeneratedAlwaysType", "1")))
        + &column(
            t,
            "e",
            "datetime2",
            &(not_null() + &property("GeneratedAlwaysType", "2") + &property("IsHidden", "True")),
        );
    let history = column("[dbo].[H]", "id", "int", &not_null());
    let properties = property("RetentionValue", "6") + &property("RetentionUnit", "5");
    table("[dbo].[H]", "", &history, "")
        + &table(t, &properties, &columns, &reference("TemporalSystemVersioningHistoryTable", "[dbo].[H]"))
}

#[test]
fn a_temporal_table_is_plain_while_rows_are_loaded() {
    let scripted = scripted(&temporal());
    let texts = texts(&scripted);
    assert_eq!(scripted.before_rows, 2);
    assert!(texts[1].ends_with("[s] [datetime2](0) NOT NULL,\n    [e] [datetime2](0) NOT NULL\n);"), "{}", texts[1]);
    assert_eq!(
        texts[2..],
        [
            "ALTER TABLE [dbo].[T]\n    ADD PERIOD FOR SYSTEM_TIME ([s], [e]);",
            "ALTER TABLE [dbo].[T]\n    ALTER COLUMN [e] ADD HIDDEN;",
            "ALTER TABLE [dbo].[T]\n    SET (SYSTEM_VERSIONING = ON (HISTORY_TABLE = [dbo].[H], DATA_CONSISTENCY_CHECK \
             = ON, HISTORY_RETENTION_PERIOD = 6 MONTHS));",
        ]
    );
}

#[test]
fn a_temporal_table_without_rows_is_made_at_once() {
    let options = ScriptOptions::default().without_rows(true);
    let scripted = script(&model(&temporal()), &options).expect("T-SQL");
    let texts = texts(&scripted);
    assert_eq!(texts.len(), 2);
    assert!(texts[1].contains("[e] [datetime2](0) GENERATED ALWAYS AS ROW END HIDDEN NOT NULL"), "{}", texts[1]);
    assert!(texts[1].contains("PERIOD FOR SYSTEM_TIME ([s], [e])\n)\nWITH (SYSTEM_VERSIONING = ON ("), "{}", texts[1]);
}

#[test]
fn a_memory_optimised_table_is_made_with_all_its_indexes() {
    let t = "[dbo].[T]";
    let elements = table(t, &property("IsMemoryOptimized", "True"), &column(t, "id", "int", &not_null()), "")
        + &format!(
            "<Element Type=\"SqlPrimaryKeyConstraint\" Name=\"[dbo].[PK]\">{}{}{}{}{}</Element>",
            property("IsClustered", "False"),
            property("DoRecomputeStatistics", "False"),
            property("IsHash", "True") + &property("BucketCount", "1024"),
            key_columns(&["[dbo].[T].[id]"]),
            reference("DefiningTable", t)
        )
        + &format!(
            "<Element Type=\"SqlIndex\" Name=\"[dbo].[T].[ix]\">{}{}</Element>",
            key_columns(&["[dbo].[T].[id]"]),
            reference("IndexedObject", t)
        )
        + &format!(
            "<Element Type=\"SqlDefaultConstraint\" Name=\"[dbo].[df]\"><Property Name=\"DefaultExpressionScript\">\
             <Value><![CDATA[((1))]]></Value></Property>{}{}</Element>",
            reference("DefiningTable", t),
            reference("ForColumn", "[dbo].[T].[id]")
        );
    assert_eq!(
        texts(&scripted(&elements)),
        [
            "CREATE TABLE [dbo].[T] (\n    [id] [int] NOT NULL CONSTRAINT [df] DEFAULT ((1)),\n    CONSTRAINT [PK] PRIMARY KEY \
          NONCLUSTERED HASH ([id]) WITH (BUCKET_COUNT = 1024),\n    INDEX [ix] NONCLUSTERED ([id] ASC)\n)\nWITH \
          (MEMORY_OPTIMIZED = ON, DURABILITY = SCHEMA_AND_DATA);"
        ]
    );
}

#[test]
fn constraints_are_checked_unless_the_source_did_not_trust_them() {
    let t = "[dbo].[T]";
    let check = |name: &str, properties: &str, annotation: &str| {
        format!(
            "<Element Type=\"SqlCheckConstraint\" Name=\"[dbo].[{name}]\"><Property Name=\"CheckExpressionScript\"><Value>\
             <![CDATA[[a]>(0)]]></Value></Property>{properties}{}{annotation}</Element>",
            reference("DefiningTable", t)
        )
    };
    let elements = table(t, "", &column(t, "a", "int", ""), "")
        + &check("c1", "", "")
        + &check("c2", "", "<Annotation Type=\"IsNotTrustedPropertyAnnotation\" />")
        + &check("c3", &property("IsDisabled", "True"), "");
    assert_eq!(
        texts(&scripted(&elements))[1..],
        [
            "ALTER TABLE [dbo].[T] WITH CHECK\n    ADD CONSTRAINT [c1] CHECK ([a]>(0));",
            "ALTER TABLE [dbo].[T] WITH NOCHECK\n    ADD CONSTRAINT [c2] CHECK ([a]>(0));",
            "ALTER TABLE [dbo].[T] WITH NOCHECK\n    ADD CONSTRAINT [c3] CHECK ([a]>(0));",
            "ALTER TABLE [dbo].[T]\n    NOCHECK CONSTRAINT [c3];",
        ]
    );
}

#[test]
fn what_is_not_known_is_refused_by_name_or_left_out_with_a_warning() {
    let ledger = table("[dbo].[T]", &property("LedgerType", "2"), &column("[dbo].[T]", "a", "int", ""), "");
    let e = script(&model(&ledger), &ScriptOptions::default()).expect_err("a ledger table");
    assert_eq!(e.kind(), ErrorKind::Unsupported);
    assert!(e.to_string().contains("LedgerType"), "{e}");
    assert!(e.to_string().contains("SqlTable [dbo].[T]"), "{e}");

    let options = ScriptOptions::default().skip_unsupported(true);
    let scripted = script(&model(&ledger), &options).expect("T-SQL");
    assert_eq!(scripted.statements.len(), 1);
    assert_eq!(scripted.warnings.len(), 1);

    let unknown = "<Element Type=\"SqlMarvel\" Name=\"[dbo].[M]\" />";
    let e = script(&model(unknown), &ScriptOptions::default()).expect_err("no such class");
    assert!(e.to_string().contains("SqlMarvel [dbo].[M]"), "{e}");
}

#[test]
fn a_broken_model_is_an_error_that_names_the_element() {
    for broken in [
        "<Element Type=\"SqlTable\" Name=\"[dbo].[T]\" />",
        "<Element Type=\"SqlForeignKeyConstraint\" Name=\"[dbo].[F]\" />",
        "<Element Type=\"SqlIndex\" Name=\"[dbo].[T].[I]\" />",
        "<Element Type=\"SqlDefaultConstraint\" />",
        "<Element Type=\"SqlStatistic\" />",
    ] {
        let e = script(&model(broken), &ScriptOptions::default()).expect_err(broken);
        assert_eq!(e.kind(), ErrorKind::Model, "{broken}");
        assert!(e.context().object.is_some(), "{broken}");
    }
}

#[test]
fn a_view_gets_its_clustered_index_first() {
    let index = |name: &str, properties: &str| {
        format!(
            "<Element Type=\"SqlIndex\" Name=\"[dbo].[V].[{name}]\">{properties}{}{}</Element>",
            key_columns(&["[dbo].[V].[a]"]),
            reference("IndexedObject", "[dbo].[V]")
        )
    };
    let clustered = property("IsUnique", "True") + &property("IsClustered", "True");
    let scripted = scripted(&(index("a", "") + &index("b", &clustered)));
    assert_eq!(
        texts(&scripted),
        [
            "CREATE UNIQUE CLUSTERED INDEX [b]\n    ON [dbo].[V] ([a] ASC);",
            "CREATE NONCLUSTERED INDEX [a]\n    ON [dbo].[V] ([a] ASC);",
        ]
    );
    assert_eq!(scripted.before_rows, 0);
}
