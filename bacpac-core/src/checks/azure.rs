//! What DacFx refuses to export because Azure SQL Database lacks it.

use crate::findings::Finding;
use crate::model::{Element, Model, schema};

/// Kinds of objects (SQL71626).
const KINDS: &[&str] = &[
    "SqlAsymmetricKey",
    "SqlBrokerPriority",
    "SqlCertificate",
    "SqlContract",
    "SqlDatabaseEventNotification",
    "SqlExternalFileFormat",
    "SqlFile",
    "SqlFileTable",
    "SqlFilegroup",
    "SqlMessageType",
    "SqlQueue",
    "SqlQueueEventNotification",
    "SqlRemoteServiceBinding",
    "SqlRoute",
    "SqlSearchProperty",
    "SqlSearchPropertyList",
    "SqlService",
    "SqlSignature",
    "SqlSymmetricKey",
];

/// Properties that are not at their default (SQL71627).
const PROPERTIES: &[(&str, &str)] = &[
    ("SqlColumnMasterKey", "AllowEnclaveComputations"),
    ("SqlColumnMasterKey", "Signature"),
    ("SqlExternalDataSource", "ResourceManagerLocation"),
    ("SqlExternalTable", "Location"),
    ("SqlExternalTable", "RejectSampleValue"),
    ("SqlExternalTable", "RejectType"),
    ("SqlExternalTable", "RejectValue"),
    ("SqlFullTextIndex", "IsReplicated"),
    ("SqlFullTextIndexColumnSpecifier", "IsPartOfStatisticalSemanticAnalysis"),
    ("SqlInlineTableValuedFunction", "IsReplicated"),
    ("SqlLogin", "IsMappedToWindowsLogin"),
    ("SqlMultiStatementTableValuedFunction", "IsReplicated"),
    ("SqlProcedure", "IsForReplication"),
    ("SqlProcedure", "IsReplicated"),
    ("SqlScalarFunction", "IsReplicated"),
    ("SqlSimpleColumn", "IsFileStream"),
    ("SqlSymmetricKey", "CreationDisposition"),
    ("SqlTable", "IsChangeDataCaptureOn"),
    ("SqlTable", "IsFileStreamNull"),
    ("SqlTable", "IsReplicated"),
    ("SqlUser", "DefaultLanguage"),
    ("SqlView", "IsReplicated"),
];

/// What Azure SQL Database does not take.
pub(crate) fn azure(model: &Model) -> Vec<Finding> {
    let mut findings = Vec::new();
    for element in &model.elements {
        if KINDS.contains(&element.class.as_str()) {
            let reason = "Azure SQL Database has no objects of this kind";
            let finding = Finding::new("azure_kind", reason).about(element.label());
            findings.push(match element.class.as_str() {
                "SqlFilegroup" => finding.remedy("map filegroups to PRIMARY"),
                _ => finding,
            });
        }
        element.visit(&mut |e| properties(element, e, &mut findings));
        let name = element.name.as_ref().map(|name| name.parts());
        if let Some([first, grantee, ..]) = name
            && element.class == "SqlPermissionStatement"
            && first.eq_ignore_ascii_case("Grant.Connect.Database")
            && grantee.eq_ignore_ascii_case("guest")
        {
            findings.push(Finding::new("guest_connect", "CONNECT is granted to guest").about(element.label()));
        }
    }
    findings
}

fn properties(top: &Element, element: &Element, findings: &mut Vec<Finding>) {
    let label = if element.name.is_some() { element.label() } else { top.label() };
    for property in &element.properties {
        let name = property.name.as_str();
        if name == "RemoteDataEnabled" && property.value.text().eq_ignore_ascii_case("true") {
            findings.push(Finding::new("stretch", "Stretch Database is on").about(label.clone()));
            continue;
        }
        if name == "DoesContainFileStream" && property.value.text().eq_ignore_ascii_case("true") {
            findings.push(Finding::new("filestream_filegroup", "the filegroup is for FILESTREAM").about(label.clone()));
            continue;
        }
        if !PROPERTIES.contains(&(element.class.as_str(), name)) {
            continue;
        }
        let default = schema().class(&element.class).and_then(|class| class.property(name)).and_then(|p| p.default);
        if default != Some(property.value.text()) {
            let reason = format!("Azure SQL Database does not take {name} {}", property.value.text());
            findings.push(Finding::new("azure_property", reason).about(label.clone()));
        }
    }
}
