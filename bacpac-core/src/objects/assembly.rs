//! Assemblies: `SqlAssembly`. Their bytes are carried as they are and never looked into.

use super::catalog::{View, ViewColumn};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, authorization, incomplete, name_of};
use crate::error::Result;
use crate::ident::Name;
use crate::model::Element;
use std::fmt::Write as _;

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const ASSEMBLIES: View = View {
    name: "sys.assemblies",
    columns: &[
        column("assembly_id"),
        column("name"),
        column("principal_id"),
        column("permission_set"),
        column("is_visible"),
        column("is_user_defined"),
    ],
};

const ASSEMBLY_FILES: View =
    View { name: "sys.assembly_files", columns: &[column("assembly_id"), column("file_id"), column("content")] };

const ASSEMBLY_REFERENCES: View =
    View { name: "sys.assembly_references", columns: &[column("assembly_id"), column("referenced_assembly_id")] };

/// Assemblies.
pub(super) const KIND: Kind = Kind {
    classes: &["SqlAssembly"],
    views: &[ASSEMBLIES, ASSEMBLY_FILES, ASSEMBLY_REFERENCES],
    extract: extract_all,
    script,
};

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    let assemblies = source.view("sys.assemblies");
    for row in assemblies.rows().filter(|row| row.flag("is_user_defined")) {
        let (Some(id), Some(name)) = (row.int("assembly_id"), row.text("name")) else { continue };
        let mut element = Element::named("SqlAssembly", Name::one(name));
        element.set_number("PermissionSet", row.int("permission_set").unwrap_or(1), 1);
        element.set_flag("IsVisible", row.flag("is_visible"), true);
        let mut files = source.view("sys.assembly_files").rows_by("assembly_id", id);
        if let Some(content) = files.find(|f| f.int("file_id") == Some(1)).and_then(|f| f.bytes("content")) {
            let mut bytes = Element::nameless("SqlAssemblySource");
            bytes.set_script("Source", hexadecimal(content));
            element.own("AssemblySources", vec![bytes]);
        }
        if let Some(owner) = row.int("principal_id") {
            element.refer("Authorizer", source.principal_reference(owner)?);
        }
        let references = source.view("sys.assembly_references").rows_by("assembly_id", id);
        let referenced = references.filter_map(|r| assemblies.row_by("assembly_id", r.int("referenced_assembly_id")?));
        let referenced = referenced.filter(|r| r.flag("is_user_defined")).filter_map(|r| r.text("name"));
        element.refer_all("ReferencedAssemblies", referenced.map(Name::one));
        x.push(element);
    }
    Ok(())
}

/// `0x4D5A…`.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(2 + 2 * bytes.len());
    out.push_str("0x");
    for byte in bytes {
        // A String takes all that is written to it.
        _ = write!(out, "{byte:02X}");
    }
    out
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    s.expect_known(
        element,
        &["PermissionSet", "IsVisible"],
        &["AssemblySources", "Authorizer", "ReferencedAssemblies"],
    )?;
    let name = name_of(element)?;
    let sources: Vec<&str> = element.children("AssemblySources").filter_map(|e| e.property("Source")).collect();
    if sources.is_empty() {
        return Err(incomplete(element, "has no bytes"));
    }
    let permission_set = match element.property("PermissionSet") {
        Some("2") => "\n    WITH PERMISSION_SET = EXTERNAL_ACCESS",
        Some("3") => "\n    WITH PERMISSION_SET = UNSAFE",
        _ => "",
    };
    let text =
        format!("CREATE ASSEMBLY {name}{}\n    FROM {}{permission_set};", authorization(element), sources.join(", "));
    out.push(Statement::of(Phase::Types, element, text));
    if !element.flag("IsVisible", true) {
        let text = format!("ALTER ASSEMBLY {name} WITH VISIBILITY = OFF;");
        // Once what uses it is there.
        out.push(Statement::new(Phase::Finish, element.label(), text).after([name.clone()]));
    }
    Ok(())
}
