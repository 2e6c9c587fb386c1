//! Imports into targets that are not as the source was.

use crate::lab::{Lab, codes};
use bacpac_core::ErrorKind;
use bacpac_core::export::ExportOptions;
use bacpac_core::import::{AzureEdition, AzureTarget, CollationScope, ImportOptions, LoginChoice, QueryStore};
use bacpac_core::preflight::{Policy, PreflightReport, Severity};
use bacpac_core::selection::Selection;
use bacpac_core::storage::MemorySource;
use sqlserver_emulator::state::Platform;
use std::sync::Arc;

async fn package(lab: &Lab, name: &str, batches: &[&str]) -> Arc<MemorySource> {
    lab.database(name, batches).await;
    lab.export(name, &ExportOptions::default()).await.expect("it is exported").1
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_are_mapped_made_or_left() {
    let lab = Lab::new();
    lab.run(
        "master",
        &["CREATE LOGIN [ann] WITH PASSWORD = N'Secret-123';", "CREATE LOGIN [ben] WITH PASSWORD = N'Secret-123';"],
    )
    .await;
    let file = package(
        &lab,
        "staff",
        &[
            "CREATE TABLE [dbo].[t] ([a] int NOT NULL);",
            "CREATE USER [ann] FOR LOGIN [ann];",
            "CREATE USER [ben] FOR LOGIN [ben];",
        ],
    )
    .await;
    lab.run("staff", &["DROP USER [ben];"]).await;
    lab.run("master", &["DROP LOGIN [ben];"]).await;
    let with_login = "SELECT u.[name] FROM sys.database_principals AS u \
                      INNER JOIN sys.server_principals AS l ON l.[sid] = u.[sid] \
                      WHERE u.[name] IN (N'ann', N'ben') ORDER BY u.[name];";
    let disabled = "SELECT [is_disabled] FROM sys.server_principals WHERE [name] = N'ben';";

    let mapped = lab.import(&file, "mapped", &ImportOptions::default()).await.expect("it is imported");
    assert_eq!(lab.ask("mapped", with_login).await, ["ann"]);
    assert!(codes(&mapped.warnings).contains(&("user_without_login", "SqlUser [ben]")), "{:?}", mapped.warnings);

    let options = ImportOptions::default().logins(LoginChoice::Skip);
    lab.import(&file, "skipped", &options).await.expect("it is imported");
    assert_eq!(lab.ask("skipped", with_login).await, Vec::<String>::new());

    // One that fails drops the logins that it made.
    lab.run("master", &["CREATE DATABASE [taken];"]).await;
    lab.run("taken", &["CREATE TABLE [dbo].[mine] ([a] int);"]).await;
    let options = ImportOptions::default().logins(LoginChoice::Create);
    lab.import(&file, "taken", &options).await.expect_err("it is not empty");
    assert_eq!(lab.ask("master", disabled).await, Vec::<String>::new());

    let made = lab.import(&file, "made", &options).await.expect("it is imported");
    assert_eq!(lab.ask("made", with_login).await, ["ann", "ben"]);
    assert_eq!(lab.ask("master", disabled).await, ["1"]);
    assert!(codes(&made.warnings).contains(&("login_created", "login [ben]")), "{:?}", made.warnings);
}

const LATIN: &[&str] = &[
    "CREATE TABLE [dbo].[Word] ([Id] int NOT NULL PRIMARY KEY, [Text] varchar(4) NULL, [Long] varchar(max) NULL, \
     [Wide] nvarchar(10) NULL, [Code] varchar(10) COLLATE Latin1_General_BIN2 NULL);",
    "INSERT INTO [dbo].[Word] VALUES (1, 'abc', 'plain', N'é', 'é'), (2, 'né', 'naïve', N'é', 'x'), \
     (3, 'éééé', NULL, N'Ж', NULL);",
];

#[tokio::test(flavor = "multi_thread")]
async fn values_that_another_code_page_lacks_stop_an_import_by_table_column_and_row() {
    let lab = Lab::new();
    let file = package(&lab, "words", LATIN).await;
    let options = ImportOptions::default().collation("Cyrillic_General_CI_AS", CollationScope::DatabaseDefault);
    let error = lab.import(&file, "cyrillic", &options).await.expect_err("é is not in 1251");
    assert_eq!(error.kind(), ErrorKind::Conversion);
    let report = PreflightReport::of(&error).expect("the report");
    let lost: Vec<_> = report.errors().map(|f| (f.code, f.object.as_deref(), f.reason.as_str())).collect();
    assert_eq!(
        lost,
        [
            (
                "value_lost",
                Some("[dbo].[Word]"),
                "2 values of the column [Text] have characters that the code page 1251 does not have; the first is in row 2"
            ),
            (
                "value_lost",
                Some("[dbo].[Word]"),
                "1 values of the column [Long] have characters that the code page 1251 does not have; the first is in row 2"
            ),
        ]
    );
    assert!(!lab.databases().await.contains(&"cyrillic".to_owned()), "nothing was made");

    // The column that names its own collation is looked at when it changes too.
    let all = ImportOptions::default().collation("Cyrillic_General_CI_AS", CollationScope::AllColumns);
    let error = lab.import(&file, "cyrillic", &all).await.expect_err("é is not in 1251");
    assert!(error.to_string().contains("[Code]"), "{error}");

    let utf8 = ImportOptions::default().collation("Latin1_General_100_CI_AS_SC_UTF8", CollationScope::DatabaseDefault);
    let error = lab.import(&file, "utf8", &utf8).await.expect_err("four times two bytes");
    assert!(
        error.to_string().contains("more bytes in the code page 65001") && error.to_string().contains("row 3"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_collation_is_the_databases_and_its_columns() {
    let lab = Lab::new();
    let file = package(&lab, "words", LATIN).await;
    let options = ImportOptions::default().collation("Polish_CS_AS", CollationScope::DatabaseDefault);
    let report = lab.import(&file, "polish", &options.clone()).await;
    // ï is not in 1250.
    assert_eq!(report.expect_err("a character is not there").kind(), ErrorKind::Conversion);
    let options = options.policy(Policy::box_server().rule("value_lost", Severity::Warn));
    let report = lab.import(&file, "polish", &options).await.expect("a warning lets it go on");
    assert!(codes(&report.warnings).contains(&("value_lost", "[dbo].[Word]")), "{:?}", report.warnings);
    assert!(codes(&report.warnings).contains(&("collation_changed", "")), "{:?}", report.warnings);
    let collation = "SELECT CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128));";
    assert_eq!(lab.ask("polish", collation).await, ["Polish_CS_AS"]);
    let columns = "SELECT [collation_name] FROM sys.columns WHERE [object_id] = OBJECT_ID(N'dbo.Word') \
                   AND [collation_name] IS NOT NULL ORDER BY [column_id];";
    assert_eq!(
        lab.ask("polish", columns).await,
        ["Polish_CS_AS", "Polish_CS_AS", "Polish_CS_AS", "Latin1_General_BIN2"]
    );
    assert_eq!(lab.ask("polish", "SELECT [Text] FROM [dbo].[Word] WHERE [Id] = 2;").await, ["né"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collation_that_does_not_tell_two_names_apart_is_an_error() {
    let lab = Lab::new();
    lab.run("master", &["CREATE DATABASE [strict] COLLATE Latin1_General_CS_AS;"]).await;
    lab.run("strict", &["CREATE TABLE [dbo].[T] ([a] int);", "CREATE TABLE [dbo].[t] ([a] int);"]).await;
    let (_, file) = lab.export("strict", &ExportOptions::default()).await.expect("it is exported");
    let options = ImportOptions::default().collation("Latin1_General_CI_AS", CollationScope::DatabaseDefault);
    let error = lab.import(&file, "loose", &options).await.expect_err("the names are one");
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(PreflightReport::of(&error).expect("the report").errors().all(|f| f.code == "name_clash"));
    let options = ImportOptions::default().collation("Klingon_CI_AS", CollationScope::DatabaseDefault);
    let error = lab.import(&file, "loose", &options).await.expect_err("no such collation");
    assert!(error.to_string().contains("Klingon"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn schemas_and_filegroups_get_other_names() {
    let lab = Lab::new();
    let file = package(
        &lab,
        "shop",
        &[
            "CREATE SCHEMA [sales];",
            "ALTER DATABASE CURRENT ADD FILEGROUP [Archive];",
            "ALTER DATABASE CURRENT ADD FILE (NAME = N'a', FILENAME = N'/tmp/a.ndf') TO FILEGROUP [Archive];",
            "CREATE TYPE [sales].[Money2] FROM decimal(9, 2);",
            "CREATE TABLE [sales].[Order] ([Id] int NOT NULL CONSTRAINT [PK_Order] PRIMARY KEY, [Total] [sales].[Money2] NULL, \
             [Twice] AS ([Total] * 2)) ON [Archive];",
            "CREATE VIEW [dbo].[Big] AS SELECT o.[Id] FROM Sales.[Order] AS o WHERE o.[Total] > 10 -- of sales.Order",
            "INSERT INTO [sales].[Order] ([Id], [Total]) VALUES (1, 5), (2, 50);",
            "CREATE ROLE [r];",
            "GRANT SELECT ON SCHEMA::[sales] TO [r];",
        ],
    )
    .await;
    let options = ImportOptions::default().map_schema("sales", "shop").map_filegroup("*", "PRIMARY");
    let report = lab.import(&file, "mapped", &options).await.expect("it is imported");
    assert_eq!(lab.ask("mapped", "SELECT [Id] FROM [dbo].[Big];").await, ["2"]);
    assert_eq!(
        lab.ask("mapped", "SELECT [name] FROM sys.schemas WHERE [name] IN (N'sales', N'shop');").await,
        ["shop"]
    );
    assert_eq!(lab.ask("mapped", "SELECT [name] FROM sys.filegroups;").await, ["PRIMARY"]);
    assert_eq!(report.tables[0].name.to_string(), "[shop].[Order]");
    let found = codes(&report.warnings);
    assert!(found.contains(&("text_rewritten", "SqlView [dbo].[Big]")), "{found:?}");
    assert!(found.contains(&("filegroup_mapped", "SqlFilegroup [Archive]")), "{found:?}");

    // As it is, the filegroup gets a file of its own, or it would take no rows.
    lab.import(&file, "same", &ImportOptions::default()).await.expect("it is imported");
    let files = "SELECT f.[name] FROM sys.database_files AS f INNER JOIN sys.filegroups AS g \
                 ON g.[data_space_id] = f.[data_space_id] WHERE g.[name] = N'Archive';";
    let files = lab.ask("same", files).await;
    assert!(files.len() == 1 && files[0].starts_with("same_Archive_"), "{files:?}");
    // Into dbo, where nothing has the name.
    let options = ImportOptions::default().map_schema("sales", "dbo");
    lab.import(&file, "flat", &options).await.expect("it is imported");
    assert_eq!(lab.ask("flat", "SELECT [Id] FROM [dbo].[Big];").await, ["2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_server_gets_what_it_has_and_refuses_the_rest_by_name() {
    let new = Lab::new();
    let old = Lab::of(Platform::Sql120);
    let plain = package(
        &new,
        "plain",
        &["CREATE TABLE [dbo].[t] ([a] int NOT NULL PRIMARY KEY);", "INSERT INTO [dbo].[t] VALUES (1);"],
    )
    .await;
    let report = old.import(&plain, "older", &ImportOptions::default()).await.expect("it is imported");
    let level = "SELECT CAST([compatibility_level] AS int) FROM sys.databases WHERE [name] = DB_NAME();";
    assert_eq!(old.ask("older", level).await, ["120"]);
    assert!(report.warnings.iter().any(|w| w.code == "compatibility_level_changed"), "{:?}", report.warnings);

    let masked =
        "CREATE TABLE [dbo].[n] ([a] int NOT NULL, [b] nvarchar(9) MASKED WITH (FUNCTION = 'default()') NULL);";
    let masked = package(&new, "masked", &[masked]).await;
    let error = old.import(&masked, "masked", &ImportOptions::default()).await.expect_err("there were no masks");
    assert_eq!(error.kind(), ErrorKind::UnsupportedVersion);
    assert_eq!(error.context().object.as_deref(), Some("SqlTable [dbo].[n]"));
    assert!(error.to_string().contains("data masking needs SQL Server 2016"), "{error}");
    assert_eq!(old.databases().await, ["older"], "nothing was made");

    let options = ImportOptions::default().compatibility_level(140).query_store(QueryStore::Off);
    new.import(&plain, "lower", &options).await.expect("it is imported");
    assert_eq!(new.ask("lower", level).await, ["140"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn azure_gets_an_edition_and_refuses_what_it_lacks() {
    let lab = Lab::new();
    let azure = Lab::of(Platform::Azure);
    let file = package(
        &lab,
        "shop",
        &[
            "ALTER DATABASE CURRENT ADD FILEGROUP [Archive];",
            "ALTER DATABASE CURRENT ADD FILE (NAME = N'a', FILENAME = N'/tmp/a.ndf') TO FILEGROUP [Archive];",
            "CREATE TABLE [dbo].[t] ([a] int NOT NULL PRIMARY KEY) ON [Archive];",
            "INSERT INTO [dbo].[t] VALUES (1), (2);",
            "CREATE PROCEDURE [dbo].[p] AS SELECT * FROM [other].[dbo].[t];",
        ],
    )
    .await;
    let target = AzureTarget::default().edition(AzureEdition::Standard).service_objective("S2").max_size_gb(250);
    let options = ImportOptions::default().azure(target.clone());
    let error = azure.import(&file, "shop", &options).await.expect_err("Azure lacks filegroups");
    let report = PreflightReport::of(&error).expect("the report");
    let found: Vec<_> = report.errors().map(|f| (f.code, f.number)).collect();
    assert!(found.contains(&("azure_kind", Some(71626))), "{report}");
    assert!(found.contains(&("external_reference", Some(71562))), "{report}");
    assert!(azure.databases().await.is_empty());

    let options =
        options.map_filegroup("*", "PRIMARY").policy(Policy::azure().rule("external_reference", Severity::Warn));
    azure.import(&file, "shop", &options).await.expect("nothing is left that Azure lacks");
    assert_eq!(azure.ask("shop", "SELECT COUNT(*) FROM [dbo].[t];").await, ["2"]);

    let bad = ImportOptions::default().azure(target.max_size_gb(3));
    let error = azure.import(&file, "bad", &bad).await.expect_err("no such size");
    assert!(error.to_string().contains("maximum size of 3 GB"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_takes_part_of_a_package() {
    let lab = Lab::new();
    let file = package(
        &lab,
        "whole",
        &[
            "CREATE TABLE [dbo].[a] ([x] int NOT NULL CONSTRAINT [PK_a] PRIMARY KEY);",
            "CREATE TABLE [dbo].[b] ([x] int NOT NULL CONSTRAINT [FK_b_a] REFERENCES [dbo].[a] ([x]));",
            "CREATE TABLE [dbo].[c] ([x] int NOT NULL);",
            "INSERT INTO [dbo].[a] VALUES (1), (2); INSERT INTO [dbo].[b] VALUES (1); INSERT INTO [dbo].[c] VALUES (1);",
        ],
    )
    .await;
    let options = ImportOptions::default().selection(Selection::default().exclude_tables(["c"]).exclude_data(["a"]));
    let report = lab.import(&file, "part", &options).await.expect("it is imported");
    assert_eq!(lab.ask("part", "SELECT [name] FROM sys.tables ORDER BY [name];").await, ["a", "b"]);
    assert_eq!((report.rows, lab.ask("part", "SELECT COUNT(*) FROM [dbo].[a];").await), (1, vec!["0".to_owned()]));
    let found = codes(&report.warnings);
    assert!(found.contains(&("foreign_key_not_checked", "SqlForeignKeyConstraint [dbo].[FK_b_a]")), "{found:?}");
    assert!(found.contains(&("table_left_out", "SqlTable [dbo].[c]")), "{found:?}");
}
