//! The checks before anything is written: everything at once, and the same as the operations make themselves.

use crate::lab::Lab;
use bacpac_core::ErrorKind;
use bacpac_core::export::{self, ConsistencyChoice, ExportOptions};
use bacpac_core::import::ImportOptions;
use bacpac_core::preflight::{self, Finding, Policy, PreflightReport, Severity};
use bacpac_core::storage::MemorySink;

fn found(report: &PreflightReport) -> Vec<(&str, Severity, &str)> {
    let line = |f: &Finding| (f.code, f.severity, f.object.clone().unwrap_or_default());
    let lines: Vec<_> = report.findings.iter().map(line).collect();
    lines.into_iter().map(|(code, severity, object)| (code, severity, &*object.leak())).collect()
}

const TROUBLED: &[&str] = &[
    "CREATE TABLE [dbo].[t] ([a] int NOT NULL PRIMARY KEY, [b] nvarchar(20) MASKED WITH (FUNCTION = 'default()') NULL);",
    "CREATE TABLE [dbo].[sysdiagrams] ([a] int NOT NULL);",
    "EXEC sp_addextendedproperty @name = N'microsoft_database_tools_support', @value = 1, @level0type = N'SCHEMA', \
     @level0name = N'dbo', @level1type = N'TABLE', @level1name = N'sysdiagrams';",
    "CREATE PROCEDURE [dbo].[secret] WITH ENCRYPTION AS SELECT 1 AS [a];",
    "CREATE PROCEDURE [dbo].[locked] WITH ENCRYPTION AS SELECT 2 AS [a];",
    "CREATE PROCEDURE [dbo].[lost] AS SELECT * FROM [dbo].[Nowhere];",
    "CREATE PROCEDURE [dbo].[abroad] AS SELECT * FROM [Other].[dbo].[t];",
];

#[tokio::test(flavor = "multi_thread")]
async fn an_export_says_all_that_is_wrong_and_writes_nothing() {
    let lab = Lab::new();
    lab.database("troubled", TROUBLED).await;
    let options = ExportOptions::default().row_filter("t", "[Nothing] = 1");
    let report =
        preflight::export(lab.server.clone(), "troubled", &options, &lab.control).await.expect("it is looked at");
    let all = found(&report);
    for expected in [
        ("unsupported", Severity::Error, "SqlProcedure [dbo].[secret]"),
        ("unsupported", Severity::Error, "SqlProcedure [dbo].[locked]"),
        ("row_filter", Severity::Error, "[dbo].[t]"),
        ("unresolved_reference", Severity::Warn, "SqlProcedure [dbo].[lost]"),
        ("external_reference", Severity::Warn, "SqlProcedure [dbo].[abroad]"),
        ("tool_object_left_out", Severity::Warn, "[dbo].[sysdiagrams]"),
    ] {
        assert!(all.contains(&expected), "{expected:?} is not in {all:#?}");
    }
    assert!(report.findings.iter().all(|f| f.severity != Severity::Error || f.remedy.is_some()), "{report}");

    let (sink, file) = MemorySink::new();
    let error = export::export(lab.server.clone(), "troubled", Box::new(sink), &options, &lab.control)
        .await
        .expect_err("it has errors");
    assert!(file.bytes().is_none(), "nothing was written");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let carried = PreflightReport::of(&error).expect("the error carries the report");
    assert_eq!(found(carried).iter().filter(|f| f.1 == Severity::Error).count(), report.errors().count());
    for name in ["[dbo].[secret]", "[dbo].[locked]", "[dbo].[t]"] {
        assert!(error.to_string().contains(name), "{error}");
    }
    assert_eq!(lab.databases().await, ["troubled"], "no snapshot is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_decides_what_stops_an_export() {
    let lab = Lab::new();
    lab.database("troubled", TROUBLED).await;
    let (report, _) =
        lab.export("troubled", &ExportOptions::default().skip_unsupported(true)).await.expect("it goes on");
    assert!(report.warnings.iter().any(|w| w.code == "unsupported"), "{:?}", report.warnings);

    let strict = ExportOptions::default().skip_unsupported(true).policy(Policy::azure());
    let error = lab.export("troubled", &strict).await.expect_err("Azure has no other databases");
    assert_eq!(error.context().object.as_deref(), Some("SqlProcedure [dbo].[abroad]"));

    let silent = ExportOptions::default().skip_unsupported(true).policy(
        Policy::box_server().rule("external_reference", Severity::Ignore).rule("unsupported", Severity::Ignore),
    );
    let (report, _) = lab.export("troubled", &silent).await.expect("it goes on");
    assert!(report.warnings.iter().all(|w| w.code != "external_reference"), "{:?}", report.warnings);
    assert!(report.warnings.iter().any(|w| w.code == "unsupported"), "what is left out is always said");
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_that_are_missing_are_named() {
    let lab = Lab::new();
    lab.database("troubled", &TROUBLED[..1]).await;
    lab.run("troubled", &["CREATE TABLE [dbo].[open] ([a] int NOT NULL);"]).await;
    lab.run("master", &["CREATE LOGIN [guest1] WITH PASSWORD = N'Secret-123';"]).await;
    lab.run(
        "troubled",
        &[
            "CREATE USER [guest1] FOR LOGIN [guest1];",
            "GRANT VIEW DEFINITION TO [guest1];",
            "GRANT SELECT ON [dbo].[open] TO [guest1];",
        ],
    )
    .await;
    let guest = lab.login("guest1", "Secret-123");
    let options = ExportOptions::default().consistency(ConsistencyChoice::Exactly(export::Consistency::None));
    let report = preflight::export(guest.clone(), "troubled", &options, &lab.control).await.expect("it is looked at");
    let errors: Vec<_> = report.errors().map(|f| (f.code, f.object.as_deref())).collect();
    assert!(errors.contains(&("missing_right", Some("[dbo].[t]"))), "{report}");
    assert!(!errors.contains(&("missing_right", Some("[dbo].[open]"))), "{report}");
    assert!(report.errors().any(|f| f.reason.contains("UNMASK")), "{report}");
    let (sink, _) = MemorySink::new();
    let error =
        export::export(guest.clone(), "troubled", Box::new(sink), &options, &lab.control).await.expect_err("no");
    assert_eq!(error.kind(), ErrorKind::Permission);

    let (_, file) = lab.export("troubled", &ExportOptions::default()).await.expect("sa may");
    let report =
        preflight::import(file, guest, "fresh", &ImportOptions::default(), &lab.control).await.expect("looked at");
    assert!(report.errors().any(|f| f.code == "missing_right" && f.reason.contains("CREATE ANY DATABASE")), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_says_all_that_is_wrong_and_makes_nothing() {
    let lab = Lab::new();
    lab.database("troubled", &[TROUBLED[0], TROUBLED[5], TROUBLED[6]]).await;
    let (_, file) = lab.export("troubled", &ExportOptions::default()).await.expect("sa may");
    let options = ImportOptions::default()
        .policy(Policy::azure().rule("unresolved_reference", Severity::Error))
        .collation("Nowhere_CI_AS", bacpac_core::import::CollationScope::DatabaseDefault);
    let report = preflight::import(file.clone(), lab.server.clone(), "troubled", &options, &lab.control)
        .await
        .expect("looked at");
    let errors: Vec<_> = report.errors().map(|f| f.code).collect();
    for code in ["database_exists", "unresolved_reference", "external_reference", "unknown_collation"] {
        assert!(errors.contains(&code), "{code} is not in {report}");
    }
    let error = lab.import(&file, "fresh", &options).await.expect_err("it has errors");
    assert!(PreflightReport::of(&error).is_some_and(|r| r.errors().count() == 3), "{error:?}");
    assert_eq!(lab.databases().await, ["troubled"]);

    let clean = preflight::import(file, lab.server.clone(), "fresh", &ImportOptions::default(), &lab.control).await;
    let clean = clean.expect("looked at");
    assert!(clean.is_ok() && clean.warnings().any(|f| f.code == "unresolved_reference"), "{clean}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consistency_that_cannot_be_had_is_said_with_the_rest() {
    let lab = Lab::new();
    lab.database("troubled", TROUBLED).await;
    let options =
        ExportOptions::default().consistency(ConsistencyChoice::Exactly(export::Consistency::SnapshotTransaction));
    let error = lab.export("troubled", &options).await.expect_err("it is not allowed");
    let report = PreflightReport::of(&error).expect("the report");
    let codes: Vec<_> = report.errors().map(|f| f.code).collect();
    assert!(codes.contains(&"consistency_unavailable") && codes.contains(&"unsupported"), "{report}");
}
