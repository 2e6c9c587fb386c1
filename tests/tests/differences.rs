//! A package against a live database, and an import whose statements come in the wrong order.

use bacpac_core::connection::{Connector, Driver, connector};
use bacpac_core::diff::{self, Change, DiffOptions, Side};
use bacpac_core::export::{self, ExportOptions};
use bacpac_core::import::{self, ImportOptions};
use bacpac_core::inspect::Package;
use bacpac_core::package::{DacMetadata, Origin};
use bacpac_core::storage::{MemorySink, MemorySource, PackageWriter, WriteOptions};
use bacpac_core::{Control, Name};
use bacpac_tests::server;
use std::sync::Arc;

const SCHEMA: &[&str] = &[
    "CREATE TABLE [dbo].[Items] ([Id] int NOT NULL CONSTRAINT [PK_Items] PRIMARY KEY, [Name] nvarchar(30) NULL, \
     [Price] decimal(9, 2) NOT NULL);",
    "CREATE TABLE [dbo].[Log] ([Line] nvarchar(30) NULL);",
    "INSERT INTO [dbo].[Items] VALUES (1, N'one', 1.00), (2, N'two', 2.00), (3, NULL, 3.00);",
    "INSERT INTO [dbo].[Log] VALUES (N'a'), (N'a'), (N'b');",
];

async fn run(server: &Arc<dyn Connector>, database: &str, statements: &[&str]) {
    let control = Control::new();
    let mut connection = server.connect(Some(database), &control).await.expect("sa may connect");
    for statement in statements {
        connection.execute(statement, &control).await.unwrap_or_else(|e| panic!("{statement}: {e:?}"));
    }
    connection.close().await.expect("it is open");
}

async fn exported(server: &Arc<dyn Connector>, database: &str) -> Side {
    let (sink, file) = MemorySink::new();
    let options = ExportOptions::default();
    export::export(server.clone(), database, Box::new(sink), &options, &Control::new()).await.expect("it exports");
    Side::package(Arc::new(MemorySource::new(file.bytes().expect("complete"))))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_differs_from_the_database_by_what_was_done_to_it() {
    let emulator = server();
    for driver in [Driver::MssqlTds, Driver::Tiberius] {
        let settings = emulator.connection_string().parse().expect("the emulator gives a connection string");
        let server = connector(settings, driver).expect("the settings are sound");
        let name = format!("differs_{}", driver.name().replace('-', "_"));
        run(&server, "master", &[&format!("CREATE DATABASE [{name}];")]).await;
        run(&server, &name, SCHEMA).await;
        let package = exported(&server, &name).await;
        let (options, control) = (DiffOptions::default(), Control::new());
        let live = || Side::database(server.clone(), name.as_str());
        let same = diff::diff(package.clone(), live(), &options, &control).await.expect("both can be read");
        assert!(same.is_same() && same.tables.len() == 2, "{same:?}");

        let edits = [
            "DELETE FROM [dbo].[Items] WHERE [Id] = 1;",
            "UPDATE [dbo].[Items] SET [Name] = N'three' WHERE [Id] = 3;",
            "INSERT INTO [dbo].[Items] VALUES (4, N'four', 4.00);",
            "DELETE FROM [dbo].[Log] WHERE [Line] = N'b';",
            "CREATE VIEW [dbo].[Cheap] AS SELECT [Id] FROM [dbo].[Items] WHERE [Price] < 2;",
        ];
        run(&server, &name, &edits).await;
        let found = diff::diff(package, live(), &options, &control).await.expect("both can be read");
        let objects: Vec<(Change, &str)> = found.objects.iter().map(|o| (o.change, o.name.as_str())).collect();
        assert_eq!(objects, [(Change::Added, "[dbo].[Cheap]")]);
        let lines: Vec<String> =
            found.tables.iter().flat_map(|t| t.examples.iter().map(|e| format!("{} {e}", t.name))).collect();
        assert_eq!(
            lines,
            [
                "[dbo].[Items] - Id=1",
                "[dbo].[Items] + Id=4",
                "[dbo].[Items] ~ Id=3: Name NULL -> three",
                "[dbo].[Log] - Line=b",
            ]
        );
    }
}

/// The package again, of a model without the dependencies of its views.
async fn without_dependencies(package: &Package) -> Side {
    let control = Control::new();
    let mut model = package.model().clone();
    for element in model.elements.iter_mut().filter(|e| e.class == "SqlView") {
        element.relationships.retain(|r| r.name != "QueryDependencies" && r.name != "Columns");
    }
    let (sink, file) = MemorySink::new();
    let mut writer = PackageWriter::new(Box::new(sink), WriteOptions::default());
    writer.model_bytes(model.write(Vec::new()).expect("memory takes it"), &control).await.expect("memory takes it");
    writer.metadata(&DacMetadata::new("views"), &control).await.expect("memory takes it");
    writer.finish(Origin::new(true), &control).await.expect("memory takes it");
    Side::package(Arc::new(MemorySource::new(file.bytes().expect("complete"))))
}

#[tokio::test(flavor = "multi_thread")]
async fn views_whose_dependencies_nobody_names_are_made_all_the_same() {
    let emulator = server();
    let settings = emulator.connection_string().parse().expect("the emulator gives a connection string");
    let server = connector(settings, Driver::MssqlTds).expect("the settings are sound");
    run(&server, "master", &["CREATE DATABASE [views];"]).await;
    let schema = [
        "CREATE TABLE [dbo].[t] ([a] int NOT NULL);",
        "CREATE VIEW [dbo].[z] AS SELECT [a] FROM [dbo].[t];",
        "CREATE VIEW [dbo].[m] AS SELECT [a] FROM [dbo].[z];",
        "CREATE VIEW [dbo].[b] AS SELECT [a] FROM [dbo].[m];",
    ];
    run(&server, "views", &schema).await;
    let control = Control::new();
    let Side::Package(source) = exported(&server, "views").await else { unreachable!("it is a package") };
    let package = Package::open(source, &control).await.expect("our own");
    let Side::Package(source) = without_dependencies(&package).await else { unreachable!("it is a package") };
    let options = ImportOptions::default();
    let report = import::import(source, server.clone(), "views_again", &options, &control).await.expect("it imports");
    let late: Vec<&str> =
        report.warnings.iter().filter(|w| w.code == "ordered_late").filter_map(|w| w.object.as_deref()).collect();
    assert_eq!(late, ["SqlView [dbo].[m]", "SqlView [dbo].[b]"]);
    let again = exported(&server, "views_again").await;
    let Side::Package(source) = again else { unreachable!("it is a package") };
    let again = Package::open(source, &control).await.expect("our own");
    let views = again.model().elements.iter().filter(|e| e.class == "SqlView");
    let mut names: Vec<String> = views.filter_map(|e| e.name.as_ref().map(Name::to_string)).collect();
    names.sort();
    assert_eq!(names, ["[dbo].[b]", "[dbo].[m]", "[dbo].[z]"]);
}
