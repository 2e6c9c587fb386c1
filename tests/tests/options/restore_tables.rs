//! Single tables out of a package: into a new database, and beside what an existing one has.

use crate::lab::{Lab, codes};
use bacpac_core::ErrorKind;
use bacpac_core::export::ExportOptions;
use bacpac_core::import::{self, ImportReport, RestoreTablesOptions};
use bacpac_core::preflight::{self, PreflightReport};
use bacpac_core::storage::MemorySource;
use bacpac_core::{Control, Result};
use std::sync::Arc;

/// Orders with everything a table can have, the customers that they refer to, and a region above these.
const SHOP: &[&str] = &[
    "CREATE SCHEMA [sales];",
    "CREATE TYPE [sales].[Amount] FROM decimal(9, 2) NOT NULL;",
    "CREATE SEQUENCE [sales].[Numbers] AS int START WITH 100;",
    "CREATE FUNCTION [sales].[IsFine] (@a decimal(9, 2)) RETURNS bit AS BEGIN RETURN 1 END;",
    "CREATE PARTITION FUNCTION [ByYear] (int) AS RANGE RIGHT FOR VALUES (2024, 2025);",
    "CREATE PARTITION SCHEME [Years] AS PARTITION [ByYear] ALL TO ([PRIMARY]);",
    "CREATE TABLE [dbo].[Region] ([Id] int NOT NULL CONSTRAINT [PK_Region] PRIMARY KEY);",
    "CREATE TABLE [dbo].[Customer] ([Id] int NOT NULL CONSTRAINT [PK_Customer] PRIMARY KEY, \
     [Region] int NOT NULL CONSTRAINT [FK_Customer_Region] REFERENCES [dbo].[Region] ([Id]));",
    "CREATE TABLE [dbo].[Log] ([Text] nvarchar(100) NULL);",
    "CREATE TABLE [sales].[Order] ([Id] int NOT NULL CONSTRAINT [DF_Order_Id] DEFAULT (NEXT VALUE FOR [sales].[Numbers]), \
     [Year] int NOT NULL, [Customer] int NOT NULL CONSTRAINT [FK_Order_Customer] REFERENCES [dbo].[Customer] ([Id]), \
     [Total] [sales].[Amount] NOT NULL CONSTRAINT [CK_Order] CHECK ([sales].[IsFine]([Total]) = 1), \
     [Note] varchar(20) NULL, CONSTRAINT [PK_Order] PRIMARY KEY ([Year], [Id]) ON [Years] ([Year])) ON [Years] ([Year]);",
    "CREATE INDEX [IX_Order] ON [sales].[Order] ([Customer]) ON [PRIMARY];",
    "INSERT INTO [dbo].[Region] VALUES (1);",
    "INSERT INTO [dbo].[Customer] VALUES (1, 1), (2, 1);",
    "INSERT INTO [sales].[Order] ([Id], [Year], [Customer], [Total], [Note]) VALUES (1, 2023, 1, 10, 'a'), (2, 2024, 2, 20, 'b'), (3, 2025, 2, 30, 'c');",
    "CREATE TRIGGER [sales].[OnOrder] ON [sales].[Order] AFTER INSERT AS INSERT INTO [dbo].[Log] VALUES (N'order');",
    "EXEC sp_addextendedproperty @name = N'Note', @value = N'orders', @level0type = N'SCHEMA', @level0name = N'sales', \
     @level1type = N'TABLE', @level1name = N'Order';",
    "CREATE VIEW [sales].[Big] AS SELECT [Id] FROM [sales].[Order] WHERE [Total] > 15;",
];

async fn shop(lab: &Lab) -> Arc<MemorySource> {
    lab.database("shop", SHOP).await;
    lab.export("shop", &ExportOptions::default()).await.expect("it is exported").1
}

async fn restore(
    lab: &Lab,
    file: &Arc<MemorySource>,
    database: &str,
    options: &RestoreTablesOptions,
) -> Result<ImportReport> {
    import::restore_tables(file.clone(), lab.server.clone(), database, options, &lab.control).await
}

fn order() -> RestoreTablesOptions {
    RestoreTablesOptions::default().tables(["sales.order"])
}

const TABLES: &str =
    "SELECT QUOTENAME(SCHEMA_NAME([schema_id])) + N'.' + QUOTENAME([name]) FROM sys.tables ORDER BY 1;";

#[tokio::test(flavor = "multi_thread")]
async fn a_table_comes_with_what_it_needs_into_a_new_database() {
    let lab = Lab::new();
    let file = shop(&lab).await;
    let report = restore(&lab, &file, "fresh", &order()).await.expect("it is restored");
    assert_eq!(lab.ask("fresh", TABLES).await, ["[sales].[Order]"]);
    assert_eq!((report.rows, report.tables.len()), (3, 1));
    assert_eq!(lab.ask("fresh", "SELECT [Note] FROM [sales].[Order] ORDER BY [Id];").await, ["a", "b", "c"]);
    for (what, sql) in [
        ("IX_Order", "SELECT [name] FROM sys.indexes WHERE [name] = N'IX_Order';"),
        ("CK_Order", "SELECT [name] FROM sys.check_constraints;"),
        ("DF_Order_Id", "SELECT [name] FROM sys.default_constraints;"),
        ("Years", "SELECT [name] FROM sys.partition_schemes;"),
        ("Note", "SELECT [name] FROM sys.extended_properties WHERE [class] = 1;"),
    ] {
        assert_eq!(lab.ask("fresh", sql).await, [what], "{sql}");
    }
    assert_eq!(lab.ask("fresh", "SELECT COUNT(*) FROM sys.views;").await, ["0"]);
    let found = codes(&report.warnings);
    assert!(
        found.contains(&("foreign_key_left_out", "SqlForeignKeyConstraint [sales].[FK_Order_Customer]")),
        "{found:?}"
    );
    assert!(
        found.contains(&("trigger_left_out", "SqlDmlTrigger [sales].[OnOrder]")),
        "its log is not there: {found:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_closure_of_the_foreign_keys_comes_where_asked() {
    let lab = Lab::new();
    let file = shop(&lab).await;
    let options = order().tables(["dbo.Log"]).referenced_tables(true);
    let report = restore(&lab, &file, "whole", &options).await.expect("it is restored");
    assert_eq!(
        lab.ask("whole", TABLES).await,
        ["[dbo].[Customer]", "[dbo].[Log]", "[dbo].[Region]", "[sales].[Order]"]
    );
    assert_eq!(lab.ask("whole", "SELECT COUNT(*) FROM sys.foreign_keys;").await, ["2"]);
    assert_eq!(lab.ask("whole", "SELECT [name] FROM sys.triggers;").await, ["OnOrder"]);
    assert_eq!(report.rows, 6);
    let found = codes(&report.warnings);
    assert!(found.iter().all(|(code, _)| !code.ends_with("left_out")), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_restored_beside_the_one_that_is_there() {
    let lab = Lab::new();
    let file = shop(&lab).await;
    lab.run("shop", &["DELETE FROM [sales].[Order] WHERE [Id] > 1;"]).await;
    let error = restore(&lab, &file, "shop", &order()).await.expect_err("the table is there");
    assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error:?}");
    assert_eq!(error.context().object.as_deref(), Some("SqlTable [sales].[Order]"));
    assert!(error.help().is_some());
    assert_eq!(lab.ask("shop", "SELECT COUNT(*) FROM [sales].[Order];").await, ["1"], "nothing is written into it");

    let options = order().rename("sales.Order", "sales.Order_old");
    let report = restore(&lab, &file, "shop", &options).await.expect("under another name it is restored");
    assert_eq!(lab.ask("shop", "SELECT COUNT(*) FROM [sales].[Order_old];").await, ["3"]);
    assert_eq!(lab.ask("shop", "SELECT COUNT(*) FROM [sales].[Order];").await, ["1"]);
    assert_eq!(report.tables[0].name.to_string(), "[sales].[Order_old]");
    let found = codes(&report.warnings);
    for expected in [
        ("renamed", "SqlPrimaryKeyConstraint [sales].[PK_Order]"),
        ("renamed", "SqlCheckConstraint [sales].[CK_Order]"),
        ("renamed", "SqlDmlTrigger [sales].[OnOrder]"),
        ("foreign_key_left_out", "SqlForeignKeyConstraint [sales].[FK_Order_Customer]"),
    ] {
        assert!(found.contains(&expected), "{expected:?} is not in {found:?}");
    }
    let triggers = "SELECT [name] + N' on ' + OBJECT_NAME([parent_id]) FROM sys.triggers ORDER BY [name];";
    assert_eq!(lab.ask("shop", triggers).await, ["OnOrder on Order", "OnOrder_2 on Order_old"]);
    // What was there already is used, and there once.
    assert_eq!(lab.ask("shop", "SELECT [name] FROM sys.sequences;").await, ["Numbers"]);
    assert_eq!(lab.ask("shop", "SELECT [name] FROM sys.partition_schemes;").await, ["Years"]);

    let elsewhere = order().map_schema("sales", "restored").skip_triggers(true);
    restore(&lab, &file, "shop", &elsewhere).await.expect("in another schema it is restored");
    assert_eq!(lab.ask("shop", "SELECT COUNT(*) FROM [restored].[Order];").await, ["3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_type_that_is_there_and_differs_is_an_error() {
    let lab = Lab::new();
    let file = shop(&lab).await;
    lab.database("other", &["CREATE SCHEMA [sales];", "CREATE TYPE [sales].[Amount] FROM int;"]).await;
    let error = restore(&lab, &file, "other", &order()).await.expect_err("the type is another");
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert_eq!(error.context().object.as_deref(), Some("SqlUserDefinedDataType [sales].[Amount]"));
    let report = preflight::restore_tables(file, lab.server.clone(), "other", &order(), &Control::new()).await;
    assert!(report.expect("looked at").errors().any(|f| f.code == "prerequisite_conflict"));
    assert_eq!(lab.ask("other", "SELECT COUNT(*) FROM sys.objects WHERE [is_ms_shipped] = 0;").await, ["0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn text_keeps_its_collation_in_a_database_of_another() {
    let lab = Lab::new();
    let file = shop(&lab).await;
    lab.run("master", &["CREATE DATABASE [polish] COLLATE Polish_CI_AS;"]).await;
    let report = restore(&lab, &file, "polish", &order()).await.expect("it is restored");
    let collation = "SELECT [collation_name] FROM sys.columns WHERE [name] = N'Note' \
                     AND [object_id] = OBJECT_ID(N'sales.Order');";
    assert_eq!(lab.ask("polish", collation).await, ["SQL_Latin1_General_CP1_CI_AS"]);
    assert!(report.warnings.iter().any(|w| w.code == "collation_kept"), "{:?}", report.warnings);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_in_the_package_is_not_found() {
    let lab = Lab::new();
    let file = shop(&lab).await;
    let options = RestoreTablesOptions::default().tables(["dbo.Nothing"]);
    let error = restore(&lab, &file, "fresh", &options).await.expect_err("there is no such table");
    let report = PreflightReport::of(&error).expect("the report");
    assert!(report.errors().any(|f| f.code == "table_not_found"), "{report}");
    let error = restore(&lab, &file, "fresh", &RestoreTablesOptions::default()).await.expect_err("no table is named");
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let error = restore(&lab, &file, "fresh", &order().rename("dbo.Log", "dbo.Log2")).await.expect_err("not restored");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(lab.databases().await, ["shop"], "no database was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_is_cancelled_takes_back_what_it_made() {
    let lab = Lab::new();
    let file = shop(&lab).await;
    lab.database("other", &["CREATE TABLE [dbo].[mine] ([a] int);", "CREATE SCHEMA [kept];"]).await;
    let control = Control::new();
    let stop = control.clone();
    let control = control.on_progress(move |progress| {
        if progress.rows > 0 {
            stop.cancel();
        }
    });
    let error = import::restore_tables(file.clone(), lab.server.clone(), "other", &order(), &control)
        .await
        .expect_err("it was cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!(lab.ask("other", TABLES).await, ["[dbo].[mine]"]);
    for (sql, left) in [
        ("SELECT [name] FROM sys.schemas WHERE [name] IN (N'sales', N'kept');", vec!["kept"]),
        ("SELECT [name] FROM sys.partition_functions;", vec![]),
        ("SELECT [name] FROM sys.sequences;", vec![]),
        ("SELECT [name] FROM sys.types WHERE [is_user_defined] = 1;", vec![]),
    ] {
        assert_eq!(lab.ask("other", sql).await, left, "{sql}");
    }
    restore(&lab, &file, "other", &order()).await.expect("nothing is in the way of another try");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_without_its_rows() {
    let lab = Lab::new();
    let file = shop(&lab).await;
    let report = restore(&lab, &file, "empty", &order().schema_only(true)).await.expect("it is restored");
    assert_eq!((report.rows, lab.ask("empty", TABLES).await), (0, vec!["[sales].[Order]".to_owned()]));
}
