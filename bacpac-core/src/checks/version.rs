//! What a target of an older version does not have.

use crate::findings::Finding;
use crate::model::{Element, Model};
use crate::objects::Platform;

/// What of `model` a server of `target` does not have, by name.
pub(crate) fn version(model: &Model, target: Platform) -> Vec<Finding> {
    let mut findings = Vec::new();
    for element in &model.elements {
        for (since, what) in features(element) {
            if target < since {
                let reason = format!("{what} needs {}, the target is {}", product(since), product(target));
                findings.push(Finding::new("needs_newer_server", reason).about(element.label()));
            }
        }
        element.visit(&mut |e| {
            let collation = e.property("Collation").filter(|_| e.class != "SqlDatabaseOptions");
            if let Some(since) = collation.and_then(is_newer_collation).filter(|since| target < *since) {
                let name = collation.unwrap_or_default();
                let reason =
                    format!("the collation {name} needs {}, the target is {}", product(since), product(target));
                findings.push(Finding::new("unknown_collation", reason).about(e.label()));
            }
        });
    }
    findings
}

/// The version that a collation came with, where it is not as old as all.
pub(crate) fn is_newer_collation(name: &str) -> Option<Platform> {
    let upper = name.to_ascii_uppercase();
    if upper.ends_with("_UTF8") {
        return Some(Platform::Sql150);
    }
    upper.contains("_140_").then_some(Platform::Sql140)
}

/// The features that an element uses, with the version that brought each.
fn features(element: &Element) -> Vec<(Platform, &'static str)> {
    let mut found = Vec::new();
    match element.class.as_str() {
        "SqlTable" => table_features(element, &mut found),
        "SqlEdgeConstraint" => found.push((Platform::Sql150, "an edge constraint")),
        "SqlSecurityPolicy" => found.push((Platform::Sql130, "row-level security")),
        "SqlColumnMasterKey" | "SqlColumnEncryptionKey" => found.push((Platform::Sql130, "Always Encrypted")),
        "SqlExternalDataSource" | "SqlExternalFileFormat" | "SqlExternalTable" => {
            found.push((Platform::Sql130, "an external data source"));
        }
        "SqlDatabaseCredential" => found.push((Platform::Sql130, "a database scoped credential")),
        "SqlSelectiveXmlIndex" => found.push((Platform::Sql110, "a selective XML index")),
        "SqlSequence" => found.push((Platform::Sql110, "a sequence")),
        "SqlColumnStoreIndex" if element.flag("IsClustered", false) => {
            found.push((Platform::Sql120, "a clustered columnstore index"));
        }
        "SqlColumnStoreIndex" => found.push((Platform::Sql110, "a columnstore index")),
        _ => {}
    }
    if element.flag("IsNativeCompiled", false) {
        found.push((Platform::Sql120, "native compilation"));
    }
    found
}

fn table_features(table: &Element, found: &mut Vec<(Platform, &'static str)>) {
    if table.flag("IsMemoryOptimized", false) {
        found.push((Platform::Sql120, "a memory-optimised table"));
    }
    if table.relationship("TemporalSystemVersioningHistoryTable").is_some() {
        found.push((Platform::Sql130, "a temporal table"));
    }
    if table.flag("IsNode", false) || table.flag("IsEdge", false) {
        found.push((Platform::Sql140, "a graph table"));
    }
    for column in table.children("Columns") {
        if column.property("MaskingFunction").is_some() {
            found.push((Platform::Sql130, "data masking"));
        }
        if column.property("EncryptionType").is_some_and(|kind| kind != "0") {
            found.push((Platform::Sql130, "Always Encrypted"));
        }
        let specifier = column.children("TypeSpecifier").next().and_then(|s| s.reference("Type"));
        match specifier.filter(|r| r.is_built_in()).and_then(|r| r.name.as_ref()).map(|name| name.last()) {
            Some("json") => found.push((Platform::Sql170, "the type json")),
            Some("vector") => found.push((Platform::Sql170, "the type vector")),
            _ => {}
        }
    }
    found.sort_unstable();
    found.dedup();
}

/// How people call a platform.
fn product(platform: Platform) -> &'static str {
    match platform {
        Platform::Sql90 => "SQL Server 2005",
        Platform::Sql100 => "SQL Server 2008",
        Platform::Sql110 => "SQL Server 2012",
        Platform::Sql120 => "SQL Server 2014",
        Platform::Sql130 => "SQL Server 2016",
        Platform::Sql140 => "SQL Server 2017",
        Platform::Sql150 => "SQL Server 2019",
        Platform::Sql160 => "SQL Server 2022",
        Platform::Sql170 => "SQL Server 2025",
        Platform::SqlAzureV12 => "Azure SQL Database",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Name;
    use crate::model::{ModelHeader, Reference};

    #[test]
    fn features_are_refused_by_name_and_version() {
        let name = |text: &str| Name::parse(text).expect("bracketed");
        let mut table = Element::named("SqlTable", name("[dbo].[t]"));
        table.refer("TemporalSystemVersioningHistoryTable", Reference::to(name("[dbo].[h]")));
        let mut column = Element::named("SqlSimpleColumn", name("[dbo].[t].[c]"));
        column.set("Collation", "Latin1_General_100_CI_AS_SC_UTF8");
        table.own("Columns", vec![column]);
        let mut model = Model::new(ModelHeader::new("Sql160"));
        model.elements = vec![table];
        let found: Vec<String> = version(&model, Platform::Sql120).into_iter().map(|f| f.reason).collect();
        assert_eq!(
            found,
            [
                "a temporal table needs SQL Server 2016, the target is SQL Server 2014",
                "the collation Latin1_General_100_CI_AS_SC_UTF8 needs SQL Server 2019, the target is SQL Server 2014",
            ]
        );
        assert!(version(&model, Platform::Sql150).is_empty());
        assert!(version(&model, Platform::SqlAzureV12).is_empty());
    }
}
