//! Tables, schemas and rows that take part, and what is said of those that do not.

use crate::lab::{Lab, codes, labels};
use bacpac_core::ErrorKind;
use bacpac_core::export::ExportOptions;
use bacpac_core::import::ImportOptions;
use bacpac_core::selection::{Dependents, Selection};

/// Customers, their orders, an audit table that everything else can be without.
const SHOP: &[&str] = &[
    "CREATE SCHEMA [audit];",
    "CREATE TABLE [dbo].[Customer] ([Id] int NOT NULL CONSTRAINT [PK_Customer] PRIMARY KEY, [Name] nvarchar(40) NOT NULL);",
    "CREATE TABLE [dbo].[Order] ([Id] int IDENTITY NOT NULL CONSTRAINT [PK_Order] PRIMARY KEY, \
     [CustomerId] int NOT NULL CONSTRAINT [FK_Order_Customer] REFERENCES [dbo].[Customer] ([Id]), [Year] int NOT NULL);",
    "CREATE TABLE [audit].[Log] ([Id] int NOT NULL CONSTRAINT [PK_Log] PRIMARY KEY, [Text] nvarchar(max) NULL, \
     [OrderId] int NULL CONSTRAINT [FK_Log_Order] REFERENCES [dbo].[Order] ([Id]));",
    "CREATE INDEX [IX_Log] ON [audit].[Log] ([OrderId]);",
    "INSERT INTO [dbo].[Customer] VALUES (1, N'Ada'), (2, N'Bob'), (3, N'Cyd');",
    "INSERT INTO [dbo].[Order] ([CustomerId], [Year]) VALUES (1, 2023), (1, 2024), (2, 2024), (3, 2025);",
    "INSERT INTO [audit].[Log] VALUES (1, N'made', 1), (2, N'sent', 1);",
    "CREATE VIEW [dbo].[Recent] AS SELECT [Id], [CustomerId] FROM [dbo].[Order] WHERE [Year] >= 2024;",
    "CREATE VIEW [dbo].[History] AS SELECT [Id], [Text] FROM [audit].[Log];",
    "CREATE PROCEDURE [dbo].[ShowHistory] AS SELECT * FROM [dbo].[History];",
];

#[tokio::test(flavor = "multi_thread")]
async fn an_excluded_table_goes_with_what_refers_to_it_and_the_rest_imports() {
    let lab = Lab::new();
    lab.database("shop", SHOP).await;
    let options = ExportOptions::default().selection(Selection::default().exclude_tables(["AUDIT.*"]));
    let (report, file) = lab.export("shop", &options).await.expect("it is exported");
    let found = codes(&report.warnings);
    for expected in [
        ("table_left_out", "SqlTable [audit].[Log]"),
        ("dependent_left_out", "SqlView [dbo].[History]"),
        ("dependent_left_out", "SqlProcedure [dbo].[ShowHistory]"),
    ] {
        assert!(found.contains(&expected), "{expected:?} is not in {found:?}");
    }
    let package = lab.package(&file).await;
    let names = labels(&package);
    assert!(names.iter().all(|name| !name.contains("[Log]") && !name.contains("History")), "{names:?}");
    assert!(names.contains(&"SqlView [dbo].[Recent]".to_owned()), "{names:?}");

    lab.import(&file, "shop2", &ImportOptions::default()).await.expect("what is left stands by itself");
    let tables = lab.ask("shop2", "SELECT [name] FROM sys.tables ORDER BY [name];").await;
    assert_eq!(tables, ["Customer", "Order"]);
    assert_eq!(lab.ask("shop2", "SELECT COUNT(*) FROM [dbo].[Recent];").await, ["3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn dependents_are_refused_where_asked_with_all_of_them_in_one_error() {
    let lab = Lab::new();
    lab.database("shop", SHOP).await;
    let selection = Selection::default().exclude_tables(["audit.Log"]).dependents(Dependents::Refuse);
    let error = lab.export("shop", &ExportOptions::default().selection(selection)).await.expect_err("a view needs it");
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("SqlView [dbo].[History]"), "{error}");
    let report = bacpac_core::preflight::PreflightReport::of(&error).expect("the error carries the report");
    assert!(report.errors().all(|finding| finding.code == "dependent"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_left_out_and_filtered_and_the_keys_to_them_come_untrusted() {
    let lab = Lab::new();
    lab.database("shop", SHOP).await;
    let options = ExportOptions::default()
        .selection(Selection::default().exclude_data(["audit.log", "nowhere"]))
        .row_filter("dbo.Order", "[Year] >= 2024 -- recent")
        .row_filter("*", "1 = 1");
    let (report, file) = lab.export("shop", &options).await.expect("it is exported");
    assert_eq!(lab.rows(&file, "audit", "Log").await, 0);
    assert_eq!(lab.rows(&file, "dbo", "Order").await, 3);
    assert_eq!(lab.rows(&file, "dbo", "Customer").await, 3);
    assert_eq!(report.rows, 6);
    let found = codes(&report.warnings);
    for expected in [
        ("rows_left_out", "[audit].[Log]"),
        ("rows_selected", "[dbo].[Order]"),
        ("foreign_key_not_checked", "SqlForeignKeyConstraint [dbo].[FK_Order_Customer]"),
    ] {
        assert!(found.contains(&expected), "{expected:?} is not in {found:?}");
    }
    assert!(report.warnings.iter().any(|w| w.code == "pattern_unused" && w.message.contains("nowhere")));
    lab.import(&file, "recent", &ImportOptions::default()).await.expect("it is imported");
    let trusted = "SELECT [is_not_trusted] FROM sys.foreign_keys WHERE [name] = N'FK_Order_Customer';";
    assert_eq!(lab.ask("recent", trusted).await, ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_whose_target_is_filtered_away_still_import() {
    let lab = Lab::new();
    lab.database("shop", SHOP).await;
    let options = ExportOptions::default().row_filter("Customer", "[Id] > 1");
    let (_, file) = lab.export("shop", &options).await.expect("it is exported");
    let report = lab.import(&file, "some", &ImportOptions::default()).await.expect("the key is not checked");
    assert_eq!(report.rows, 2 + 4 + 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_table_is_filtered_in_every_range() {
    let lab = Lab::new();
    let rows: Vec<String> = (0..900).map(|i| format!("({i}, {})", i % 3)).collect();
    let insert = format!("INSERT INTO [dbo].[t] VALUES {};", rows.join(", "));
    lab.database("large", &["CREATE TABLE [dbo].[t] ([a] int NOT NULL PRIMARY KEY, [b] int NOT NULL);", &insert]).await;
    let options = ExportOptions::default().rows_per_range(100).row_filter("t", "b = 1 OR b = 2");
    let (report, file) = lab.export("large", &options).await.expect("it is exported");
    assert_eq!(report.rows, 600);
    assert_eq!(lab.rows(&file, "dbo", "t").await, 600);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_filter_is_an_error_before_anything_is_written() {
    let lab = Lab::new();
    lab.database("shop", SHOP).await;
    for filter in ["1 = 1) OR (1 = 1", "", "[Nothing] = 1"] {
        let options = ExportOptions::default().row_filter("dbo.Order", filter);
        let error = lab.export("shop", &options).await.expect_err(filter);
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn schema_only_has_every_object_and_no_row() {
    let lab = Lab::new();
    lab.database("shop", SHOP).await;
    let options = ExportOptions::default().selection(Selection::default().schema_only(true));
    let (report, file) = lab.export("shop", &options).await.expect("it is exported");
    assert_eq!((report.rows, report.tables.len()), (0, 3));
    assert!(codes(&report.warnings).contains(&("schema_only", "")));
    let (_, whole) = lab.export("shop", &ExportOptions::default()).await.expect("it is exported");
    assert_eq!(labels(&lab.package(&file).await), labels(&lab.package(&whole).await));
    lab.import(&file, "empty", &ImportOptions::default()).await.expect("it is imported");
    assert_eq!(lab.ask("empty", "SELECT COUNT(*) FROM [dbo].[Order];").await, ["0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn schemas_users_and_permissions_are_left_out_of_an_export() {
    let lab = Lab::new();
    lab.database("shop", SHOP).await;
    lab.run(
        "shop",
        &[
            "CREATE USER [clerk] WITHOUT LOGIN;",
            "CREATE ROLE [readers] AUTHORIZATION [clerk];",
            "ALTER ROLE [readers] ADD MEMBER [clerk];",
            "GRANT SELECT ON [dbo].[Order] TO [clerk];",
            "GRANT SELECT ON [dbo].[Order] TO [readers];",
        ],
    )
    .await;
    let options = ExportOptions::default().skip_users(true);
    let (report, file) = lab.export("shop", &options).await.expect("it is exported");
    let names = labels(&lab.package(&file).await);
    assert!(names.iter().all(|name| !name.contains("clerk")), "{names:?}");
    assert!(names.iter().any(|name| name.contains("[readers]") && name.starts_with("SqlPermission")), "{names:?}");
    let found = codes(&report.warnings);
    assert!(found.contains(&("user_left_out", "SqlUser [clerk]")), "{found:?}");
    assert!(found.contains(&("owner_left_out", "SqlRole [readers]")), "{found:?}");
    lab.import(&file, "no_users", &ImportOptions::default()).await.expect("it is imported");

    let options =
        ExportOptions::default().skip_permissions(true).selection(Selection::default().include_schemas(["dbo"]));
    let (report, file) = lab.export("shop", &options).await.expect("it is exported");
    let names = labels(&lab.package(&file).await);
    assert!(names.iter().all(|name| !name.contains("Permission") && !name.contains("audit")), "{names:?}");
    let found = codes(&report.warnings);
    assert!(found.contains(&("schema_left_out", "SqlSchema [audit]")), "{found:?}");
    assert!(found.iter().any(|(code, _)| *code == "permissions_left_out"), "{found:?}");
}
