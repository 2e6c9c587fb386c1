//! Small catalogs to models.

use super::catalog;
use crate::ErrorKind;
use crate::model::{Element, Model};
use crate::objects::{ExtractOptions, Extracted, Phase, Statement, extract, script};

/// What every catalog has.
const BASE: &str = "
sys.databases
database_id|name|is_current|engine_edition|product_version|database_collation
5|D|1|3|15.0.2000.5|French_CI_AS

sys.schemas
schema_id|name|principal_id
1|dbo|1
5|sales|1

sys.database_principals
principal_id|name|type|is_fixed_role
1|dbo|S|0

sys.types
user_type_id|system_type_id|schema_id|name|is_user_defined
56|56|4|int|0
231|231|4|nvarchar|0
106|106|4|decimal|0
42|42|4|datetime2|0
104|104|4|bit|0
257|231|1|Name|1

sys.data_spaces
data_space_id|name|type|is_default
1|PRIMARY|FG|1
2|SECOND|FG|0
";

fn extracted(text: &str) -> Extracted {
    extract(&catalog(&format!("{BASE}\n{text}")), &ExtractOptions::default()).expect("a model")
}

fn element<'m>(model: &'m Model, class: &str, name: &str) -> &'m Element {
    let found = model.elements.iter().find(|e| e.class == class && e.label().ends_with(name));
    found.unwrap_or_else(|| panic!("no {class} {name}"))
}

fn properties(element: &Element) -> Vec<String> {
    element.properties.iter().map(|p| format!("{}={}", p.name, p.value.text())).collect()
}

fn references(element: &Element, relationship: &str) -> Vec<String> {
    element.references(relationship).filter_map(|r| r.name.as_ref()).map(ToString::to_string).collect()
}

const TABLE: &str = "
sys.objects
object_id|schema_id|parent_object_id|name|type|is_ms_shipped
100|1|0|T|U|0
101|5|0|Parent|U|0
102|1|0|sysdiagrams|U|0
200|1|100|PK_T|PK|0
201|1|100|DF__T__flag__1234ABCD|D|0
202|1|100|CK_T|C|0
203|1|100|FK_T|F|0
204|5|101|PK__Parent__3213E83F5D95E53A|PK|0

sys.extended_properties
class|major_id|minor_id|name
1|102|0|microsoft_database_tools_support

sys.tables
object_id|schema_id|name|uses_ansi_nulls|lock_escalation
100|1|T|1|1
101|5|Parent|1|0
102|1|sysdiagrams|1|0

sys.columns
object_id|column_id|name|user_type_id|max_length|precision|scale|collation_name|is_nullable|is_identity|is_computed
100|1|id|56|4|10|0|NULL|0|1|0
100|2|name|231|40|0|0|French_CI_AS|1|0|0
100|3|other|231|-1|0|0|Latin1_General_BIN2|1|0|0
100|4|alias|257|100|0|0|Latin1_General_BIN2|1|0|0
100|5|amount|106|9|18|2|NULL|0|0|0
100|6|flag|104|1|1|0|NULL|0|0|0
100|7|total|106|9|19|2|NULL|0|0|1
101|1|id|56|4|10|0|NULL|0|0|0

sys.identity_columns
object_id|column_id|seed|increment|last|is_not_for_replication
100|1|100|1|117|0

sys.computed_columns
object_id|column_id|definition|is_persisted
100|7|([amount]*CONVERT([decimal](18,2),[flag]))|1

sys.indexes
object_id|index_id|name|type|is_unique|is_primary_key|is_unique_constraint|fill_factor|filter_definition|data_space_id
100|1|PK_T|1|1|1|0|0|NULL|1
100|2|IX_T|2|0|0|0|90|([flag]=(1))|1
101|1|PK__Parent__3213E83F5D95E53A|1|1|1|0|0|NULL|2
102|1|PK_sysdiagrams|1|1|1|0|0|NULL|1

sys.index_columns
object_id|index_id|index_column_id|column_id|key_ordinal|partition_ordinal|is_descending_key|is_included_column
100|1|1|1|1|0|0|0
100|2|1|5|1|0|1|0
100|2|2|2|0|0|0|1
101|1|1|1|1|0|0|0

sys.key_constraints
object_id|name|type|parent_object_id|unique_index_id|is_system_named
200|PK_T|PK|100|1|0
204|PK__Parent__3213E83F5D95E53A|PK|101|1|1

sys.default_constraints
object_id|parent_object_id|parent_column_id|is_system_named|definition
201|100|6|1|(CONVERT([bit],(0)))

sys.check_constraints
object_id|parent_object_id|is_system_named|is_disabled|is_not_trusted|definition
202|100|0|0|1|([amount]>=(0))

sys.foreign_keys
object_id|parent_object_id|referenced_object_id|is_system_named|is_disabled|is_not_trusted|delete_referential_action
203|100|101|0|0|0|1

sys.foreign_key_columns
constraint_object_id|constraint_column_id|parent_object_id|parent_column_id|referenced_object_id|referenced_column_id
203|1|100|1|101|1
";

#[test]
fn a_table_with_all_that_hangs_on_it() {
    let Extracted { model, warnings } = extracted(TABLE);
    assert!(warnings.is_empty(), "{warnings:?}");
    // The other kinds have tests of their own.
    let others = ["SqlDatabaseOptions", "SqlSchema", "SqlUserDefinedDataType", "SqlFilegroup"];
    let ours = model.elements.iter().filter(|e| !others.contains(&e.class.as_str()));
    let labels: Vec<String> = ours.map(Element::label).collect();
    assert_eq!(
        labels,
        [
            "SqlDefaultConstraint",
            "SqlPrimaryKeyConstraint",
            "SqlCheckConstraint [dbo].[CK_T]",
            "SqlForeignKeyConstraint [dbo].[FK_T]",
            "SqlPrimaryKeyConstraint [dbo].[PK_T]",
            "SqlTable [dbo].[T]",
            "SqlIndex [dbo].[T].[IX_T]",
            "SqlTable [sales].[Parent]",
        ]
    );
    assert_eq!(model.header.collation_lcid, "1036");
    assert!(!model.header.collation_case_sensitive);
    assert!(model.header.dsp_name.ends_with("Sql150DatabaseSchemaProvider"));

    let table = element(&model, "SqlTable", "[dbo].[T]");
    assert_eq!(properties(table), ["LockEscalation=1", "IsAnsiNullsOn=True"]);
    let columns: Vec<String> =
        table.children("Columns").map(|c| format!("{} {}", c.label(), properties(c).join(" "))).collect();
    assert_eq!(
        columns,
        [
            "SqlSimpleColumn [dbo].[T].[id] IsNullable=False IsIdentity=True IdentitySeed=100",
            "SqlSimpleColumn [dbo].[T].[name] ",
            "SqlSimpleColumn [dbo].[T].[other] Collation=Latin1_General_BIN2",
            "SqlSimpleColumn [dbo].[T].[alias] ",
            "SqlSimpleColumn [dbo].[T].[amount] IsNullable=False",
            "SqlSimpleColumn [dbo].[T].[flag] IsNullable=False",
            "SqlComputedColumn [dbo].[T].[total] ExpressionScript=([amount]*CONVERT([decimal](18,2),[flag])) \
             IsPersisted=True IsPersistedNullable=False",
        ]
    );
    let specifiers: Vec<String> = table
        .children("Columns")
        .flat_map(|c| c.children("TypeSpecifier"))
        .map(|s| format!("{} {}", references(s, "Type").join(""), properties(s).join(" ")))
        .collect();
    assert_eq!(
        specifiers,
        [
            "[int] ",
            "[nvarchar] Length=20",
            "[nvarchar] IsMax=True",
            "[dbo].[Name] ",
            "[decimal] Scale=2 Precision=18",
            "[bit] "
        ]
    );
    let total = table.children("Columns").last().expect("columns");
    assert_eq!(references(total, "ExpressionDependencies"), ["[dbo].[T].[amount]", "[decimal]", "[dbo].[T].[flag]"]);
}

#[test]
fn constraints_and_indexes_say_what_the_catalog_says() {
    let model = extracted(TABLE).model;
    let check = element(&model, "SqlCheckConstraint", "[CK_T]");
    assert_eq!(properties(check), ["CheckExpressionScript=[amount]>=(0)"]);
    assert!(check.annotation("IsNotTrustedPropertyAnnotation").is_some());
    let foreign_key = element(&model, "SqlForeignKeyConstraint", "[FK_T]");
    assert_eq!(properties(foreign_key), ["OnDeleteAction=1"]);
    assert_eq!(references(foreign_key, "Columns"), ["[dbo].[T].[id]"]);
    assert_eq!(references(foreign_key, "ForeignColumns"), ["[sales].[Parent].[id]"]);
    let index = element(&model, "SqlIndex", "[IX_T]");
    assert_eq!(properties(index), ["FilterPredicate=([flag]=(1))", "FillFactor=90"]);
    assert_eq!(references(index, "BodyDependencies"), ["[dbo].[T].[flag]"]);
    assert_eq!(references(index, "IncludedColumns"), ["[dbo].[T].[name]"]);
    let key = index.children("ColumnSpecifications").next().expect("a key column");
    assert_eq!(properties(key), ["IsAscending=False"]);
    // The parent's rows are not in the default filegroup, so both it and its key say where they are.
    assert_eq!(references(element(&model, "SqlTable", "[sales].[Parent]"), "Filegroup"), ["[SECOND]"]);
}

#[test]
fn a_name_that_the_server_made_is_only_in_the_annotation() {
    let model = extracted(TABLE).model;
    let default = element(&model, "SqlDefaultConstraint", "SqlDefaultConstraint");
    let annotation = default.annotation("SqlInlineConstraintAnnotation").expect("an annotation");
    assert_eq!(annotation.name.as_deref(), Some("[dbo].[DF__T__flag__1234ABCD]"));
    let table = element(&model, "SqlTable", "[dbo].[T]");
    let flag = table.children("Columns").nth(5).expect("six columns");
    let attached: Vec<_> = flag.annotations.iter().filter(|a| a.attached).map(|a| a.disambiguator).collect();
    assert_eq!(attached, [annotation.disambiguator]);
    assert_eq!(annotation.disambiguator, Some(3));
    let parent = element(&model, "SqlTable", "[sales].[Parent]");
    assert_eq!(parent.annotations.iter().filter(|a| a.attached).count(), 1);
    let last = &table.children("Columns").next().expect("columns").annotations[0];
    assert_eq!((last.name.as_deref(), last.property("Value")), (Some("[LastValue]"), Some("117")));
}

#[test]
fn what_is_extracted_can_be_scripted() {
    let model = extracted(TABLE).model;
    let scripted = script(&model, &Default::default()).expect("T-SQL");
    let (before, after) = scripted.statements.split_at(scripted.before_rows);
    let of_tables = |statements: &[Statement]| -> Vec<String> {
        let ours = statements.iter().filter(|s| s.phase >= Phase::Tables);
        ours.map(|s| s.text.clone()).collect()
    };
    let (before, after) = (of_tables(before), of_tables(after));
    assert!(before[0].contains("CONSTRAINT [PK_T] PRIMARY KEY CLUSTERED ([id] ASC)\n"), "{before:?}");
    assert!(before[1].contains("LOCK_ESCALATION = DISABLE"), "{before:?}");
    assert!(before[2].contains("    PRIMARY KEY CLUSTERED ([id] ASC) ON [SECOND]\n)\nON [SECOND];"), "{before:?}");
    assert!(after[0].contains("ADD DEFAULT (CONVERT([bit],(0))) FOR [flag];"), "{after:?}");
    assert!(after[1].contains("CREATE NONCLUSTERED INDEX [IX_T]"), "{after:?}");
    assert!(after[2].contains("WITH NOCHECK"), "{after:?}");
    assert!(after[3].contains("FOREIGN KEY ([id])\n    REFERENCES [sales].[Parent] ([id])\n    ON DELETE CASCADE;"));
}

#[test]
fn ledger_and_file_tables_are_refused_by_name() {
    let catalog_text = format!(
        "{BASE}
sys.objects
object_id|schema_id|parent_object_id|name|type|is_ms_shipped
100|1|0|L|U|0

sys.tables
object_id|schema_id|name|ledger_type
100|1|L|2
"
    );
    let e = extract(&catalog(&catalog_text), &ExtractOptions::default()).expect_err("a ledger table");
    assert_eq!(e.kind(), ErrorKind::Unsupported);
    assert!(e.to_string().contains("SqlTable [dbo].[L]"), "{e}");
    let options = ExtractOptions::default().skip_unsupported(true);
    let extracted = extract(&catalog(&catalog_text), &options).expect("a model");
    assert_eq!(extracted.warnings.len(), 1);
}

#[test]
fn a_catalog_that_contradicts_itself_is_an_error() {
    let dangling = TABLE.replace("203|1|100|1|101|1", "203|1|100|1|101|9");
    let e = extract(&catalog(&format!("{BASE}\n{dangling}")), &ExtractOptions::default()).expect_err("no column 9");
    assert_eq!(e.kind(), ErrorKind::Model);
    assert!(e.to_string().contains("[sales].[Parent]"), "{e}");
    let e =
        extract(&catalog("sys.schemas\nschema_id|name\n1|dbo"), &ExtractOptions::default()).expect_err("no database");
    assert_eq!(e.kind(), ErrorKind::Model);
}

#[test]
fn a_graph_table_has_the_columns_that_queries_see() {
    let model = extracted(
        "
sys.objects
object_id|schema_id|parent_object_id|name|type|is_ms_shipped
100|1|0|Likes|U|0

sys.tables
object_id|schema_id|name|uses_ansi_nulls|is_edge
100|1|Likes|1|1

sys.columns
object_id|column_id|name|user_type_id|max_length|precision|scale|collation_name|is_nullable|is_computed|graph_type
100|1|graph_id_A1|56|8|19|0|NULL|0|0|1
100|2|$edge_id_A2|231|2000|0|0|French_CI_AS|0|1|2
100|3|from_obj_id_A3|56|4|10|0|NULL|0|0|4
100|4|from_id_A4|56|8|19|0|NULL|0|0|3
100|5|$from_id_A5|231|2000|0|0|French_CI_AS|1|1|5
100|6|$to_id_A6|231|2000|0|0|French_CI_AS|1|1|8
100|7|since|42|8|27|7|NULL|1|0|NULL

sys.indexes
object_id|index_id|name|type|is_unique|is_primary_key|is_unique_constraint|data_space_id
100|0|NULL|0|0|0|0|1
100|1|GRAPH_UNIQUE_INDEX_A2|2|1|0|0|1
100|2|ix|2|0|0|0|1

sys.index_columns
object_id|index_id|index_column_id|column_id|key_ordinal|partition_ordinal|is_descending_key|is_included_column
100|2|1|5|1|0|0|0
",
    )
    .model;
    let table = element(&model, "SqlTable", "[dbo].[Likes]");
    let columns: Vec<String> =
        table.children("Columns").map(|c| format!("{} {}", c.label(), properties(c).join(" "))).collect();
    assert_eq!(
        columns,
        [
            "SqlSimpleColumn [dbo].[Likes].[$edge_id] IsNullable=False GraphType=2",
            "SqlSimpleColumn [dbo].[Likes].[$from_id] GraphType=5",
            "SqlSimpleColumn [dbo].[Likes].[$to_id] GraphType=8",
            "SqlSimpleColumn [dbo].[Likes].[since] ",
        ]
    );
    let indexes: Vec<String> = model.elements.iter().filter(|e| e.class == "SqlIndex").map(Element::label).collect();
    assert_eq!(indexes, ["SqlIndex [dbo].[Likes].[ix]"]);
    let scripted = script(&model, &Default::default()).expect("T-SQL");
    let texts: Vec<&str> = scripted.statements.iter().map(|s| s.text.as_str()).collect();
    assert!(texts.contains(&"CREATE TABLE [dbo].[Likes] (\n    [since] [datetime2](7) NULL\n)\nAS EDGE;"), "{texts:?}");
    assert!(texts.contains(&"CREATE NONCLUSTERED INDEX [ix]\n    ON [dbo].[Likes] ($from_id ASC);"), "{texts:?}");
}
