//! Columns of tables: `SqlSimpleColumn`, `SqlComputedColumn`, `SqlColumnSet`.
//!
//! Constraints on a column are elements of their own; only computed columns carry an expression here.

use super::catalog::{CatalogRow, View, ViewColumn};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::{Source, missing};
use super::{expression, incomplete, name_of, target, type_specifier};
use crate::error::Result;
use crate::ident::{Name, literal, quote};
use crate::model::{Annotation, Element, Property, PropertyValue, Reference};

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

/// The views that columns are read from.
pub(super) const VIEWS: &[View] = &[
    View {
        name: "sys.columns",
        columns: &[
            column("object_id"),
            column("column_id"),
            column("name"),
            column("user_type_id"),
            column("max_length"),
            column("precision"),
            column("scale"),
            column("collation_name"),
            column("is_nullable"),
            column("is_identity"),
            column("is_computed"),
            column("is_column_set"),
            column("is_rowguidcol"),
            column("is_sparse"),
            column("is_filestream"),
            column("is_xml_document"),
            column("xml_collection_id"),
            column("generated_always_type"),
            column("is_hidden"),
            column("encryption_type"),
            column("encryption_algorithm_name"),
            column("column_encryption_key_id"),
            column("graph_type"),
        ],
    },
    View {
        name: "sys.identity_columns",
        columns: &[
            column("object_id"),
            column("column_id"),
            ViewColumn::computed(
                "seed",
                "CONVERT(nvarchar(40), CONVERT(decimal(38, 0), [seed_value]))",
                &["seed_value"],
            ),
            ViewColumn::computed(
                "increment",
                "CONVERT(nvarchar(40), CONVERT(decimal(38, 0), [increment_value]))",
                &["increment_value"],
            ),
            ViewColumn::computed(
                "last",
                "CONVERT(nvarchar(40), CONVERT(decimal(38, 0), [last_value]))",
                &["last_value"],
            ),
            column("is_not_for_replication"),
        ],
    },
    View {
        name: "sys.computed_columns",
        columns: &[column("object_id"), column("column_id"), column("definition"), column("is_persisted")],
    },
    View {
        name: "sys.masked_columns",
        columns: &[column("object_id"), column("column_id"), column("masking_function"), column("is_masked")],
    },
    View { name: "sys.column_encryption_keys", columns: &[column("column_encryption_key_id"), column("name")] },
    View {
        name: "sys.sensitivity_classifications",
        columns: &[
            column("class"),
            column("major_id"),
            column("minor_id"),
            ViewColumn::computed("label", "CONVERT(nvarchar(256), [label])", &["label"]),
            ViewColumn::computed("label_id", "CONVERT(nvarchar(256), [label_id])", &["label_id"]),
            ViewColumn::computed(
                "information_type",
                "CONVERT(nvarchar(256), [information_type])",
                &["information_type"],
            ),
            ViewColumn::computed(
                "information_type_id",
                "CONVERT(nvarchar(256), [information_type_id])",
                &["information_type_id"],
            ),
        ],
    },
];

const SIMPLE_PROPERTIES: &[&str] = &[
    "Collation",
    "IsNullable",
    "IsIdentity",
    "IsRowGuidColumn",
    "IdentitySeed",
    "IdentityIncrement",
    "IdentityIsNotForReplication",
    "IsSparse",
    "GeneratedAlwaysType",
    "MaskingFunction",
    "IsHidden",
    "EncryptionType",
    "EncryptionAlgorithmName",
    "GraphType",
    "IsPseudoColumn",
    "SensitivityLabel",
    "SensitivityLabelId",
    "SensitivityInformationType",
    "SensitivityInformationTypeId",
];

const SENSITIVITY: [(&str, &str, &str); 4] = [
    ("SensitivityLabel", "label", "LABEL"),
    ("SensitivityLabelId", "label_id", "LABEL_ID"),
    ("SensitivityInformationType", "information_type", "INFORMATION_TYPE"),
    ("SensitivityInformationTypeId", "information_type_id", "INFORMATION_TYPE_ID"),
];

/// The columns of a table as DacFx has them, by column id.
pub(super) fn extract(source: &Source<'_>, x: &mut Extraction, object_id: i64, table: &Name) -> Result<Vec<Element>> {
    let mut rows: Vec<CatalogRow<'_>> = source.view("sys.columns").rows_by("object_id", object_id).collect();
    rows.sort_by_key(|row| row.int("column_id"));
    let mut columns = Vec::with_capacity(rows.len());
    for row in &rows {
        let name = row.text("name").ok_or_else(|| missing(format!("a column of {table} has no name")))?;
        let column = if row.flag("is_computed") && graph_column(row).is_none() {
            Some(extract_computed(source, row, table.child(name))?)
        } else if row.flag("is_column_set") {
            let mut column = Element::named("SqlColumnSet", table.child(name));
            column.own("TypeSpecifier", vec![source.type_specifier(row)?]);
            Some(column)
        } else {
            extract_simple(source, x, row, table, name)?
        };
        columns.extend(column);
    }
    Ok(columns)
}

fn extract_computed(source: &Source<'_>, row: &CatalogRow<'_>, name: Name) -> Result<Element> {
    let computed = side_row(source, "sys.computed_columns", row);
    let computed =
        computed.ok_or_else(|| missing(format!("{name} is computed and has no row in sys.computed_columns")))?;
    let definition = computed.text("definition").unwrap_or_default();
    let mut column = Element::named("SqlComputedColumn", name);
    column.set_script("ExpressionScript", definition);
    if computed.flag("is_persisted") {
        column.set("IsPersisted", "True");
        column.set("IsPersistedNullable", if row.flag("is_nullable") { "True" } else { "False" });
    }
    let object_id = row.int("object_id").unwrap_or_default();
    column.relate("ExpressionDependencies", expression::dependencies(source, object_id, definition));
    Ok(column)
}

fn extract_simple(
    source: &Source<'_>,
    x: &mut Extraction,
    row: &CatalogRow<'_>,
    table: &Name,
    name: &str,
) -> Result<Option<Element>> {
    let graph = match graph_column(row) {
        Some(None) => return Ok(None),
        Some(Some(pseudo)) => Some(pseudo),
        None => None,
    };
    let mut column = Element::named("SqlSimpleColumn", table.child(graph.unwrap_or(name)));
    if row.flag("is_filestream") {
        x.unsupported(column.label(), "FILESTREAM columns are not supported")?;
    }
    let generated = row.int("generated_always_type").unwrap_or(0);
    if generated > 2 {
        x.unsupported(column.label(), "ledger columns are not supported")?;
    }
    let specifier = match graph {
        Some(_) => graph_type(),
        None => source.type_specifier(row).map_err(|e| e.with_context(|c| c.object = Some(column.label())))?,
    };
    if graph.is_none() {
        let is_alias = specifier.reference("Type").is_some_and(|r| !r.is_built_in());
        if let Some(collation) = row.text("collation_name").filter(|&c| !is_alias && c != source.collation()) {
            column.set("Collation", collation);
        }
    }
    column.set_flag("IsNullable", row.flag("is_nullable") && generated == 0, true);
    let identity = side_row(source, "sys.identity_columns", row).filter(|_| row.flag("is_identity"));
    column.set_flag("IsIdentity", row.flag("is_identity"), false);
    column.set_flag("IsRowGuidColumn", row.flag("is_rowguidcol"), false);
    if let Some(identity) = &identity {
        for (property, value) in [("IdentitySeed", "seed"), ("IdentityIncrement", "increment")] {
            if let Some(value) = digits(identity, value).filter(|value| value != "1") {
                column.set(property, value);
            }
        }
        column.set_flag("IdentityIsNotForReplication", identity.flag("is_not_for_replication"), false);
    }
    column.set_flag("IsSparse", row.flag("is_sparse"), false);
    column.set_number("GeneratedAlwaysType", generated, 0);
    let masked = side_row(source, "sys.masked_columns", row);
    if let Some(function) = masked.and_then(|masked| masked.text("masking_function")) {
        column.set("MaskingFunction", function);
    }
    column.set_flag("IsHidden", row.flag("is_hidden") && graph.is_none(), false);
    let encryption = row.int("encryption_type").unwrap_or(0);
    if encryption != 0 {
        column.set_number("EncryptionType", encryption, 0);
        column.set("EncryptionAlgorithmName", row.text("encryption_algorithm_name").unwrap_or_default());
        let keys = source.view("sys.column_encryption_keys");
        let key = row.int("column_encryption_key_id").and_then(|id| keys.row_by("column_encryption_key_id", id));
        if let Some(key) = key.and_then(|key| key.text("name")) {
            column.refer("ColumnEncryptionKey", Reference::to(Name::one(key)));
        }
    }
    if graph.is_some() {
        column.set_number("GraphType", row.int("graph_type").unwrap_or(0), 0);
    }
    extract_sensitivity(source, &mut column, row);
    column.own("TypeSpecifier", vec![specifier]);
    if let Some(last) = identity.and_then(|identity| digits(&identity, "last")) {
        let value = Property { name: "Value".into(), value: PropertyValue::Scalar(last) };
        column.annotations.push(Annotation {
            kind: "OnlinePropertyAnnotation".into(),
            name: Some("[LastValue]".into()),
            properties: vec![value],
            ..Annotation::default()
        });
    }
    Ok(Some(column))
}

/// A whole number of up to 38 digits, as text.
fn digits(row: &CatalogRow<'_>, column: &str) -> Option<String> {
    row.text(column).map(str::to_owned).or_else(|| row.int(column).map(|number| number.to_string()))
}

/// The name that a model gives a row of `sys.columns`.
pub(super) fn model_name<'a>(row: &CatalogRow<'a>) -> Option<&'a str> {
    graph_column(row).flatten().or_else(|| row.text("name"))
}

/// For a column that a graph table has of itself: the name that the model gives it, or none when it is left out.
fn graph_column(row: &CatalogRow<'_>) -> Option<Option<&'static str>> {
    let is_node = |row: &CatalogRow<'_>| !row.text("name").unwrap_or_default().starts_with("$edge_id");
    match row.int("graph_type").unwrap_or(0) {
        0 => None,
        2 if is_node(row) => Some(Some("$node_id")),
        2 => Some(Some("$edge_id")),
        5 => Some(Some("$from_id")),
        8 => Some(Some("$to_id")),
        _ => Some(None),
    }
}

fn graph_type() -> Element {
    let mut specifier = Element::nameless("SqlTypeSpecifier");
    specifier.set("Length", "1000").refer("Type", Reference::built_in(Name::one("nvarchar")));
    specifier
}

fn extract_sensitivity(source: &Source<'_>, column: &mut Element, row: &CatalogRow<'_>) {
    let object_id = row.int("object_id").unwrap_or_default();
    let mut rows = source.view("sys.sensitivity_classifications").rows_by("major_id", object_id);
    let Some(found) = rows.find(|r| r.int("class") == Some(1) && r.int("minor_id") == row.int("column_id")) else {
        return;
    };
    for (property, cell, _) in SENSITIVITY {
        if let Some(text) = found.text(cell) {
            column.set(property, text);
        }
    }
}

/// The row of a side view about the same column.
fn side_row<'a>(source: &Source<'a>, view: &str, row: &CatalogRow<'_>) -> Option<CatalogRow<'a>> {
    let mut rows = source.view(view).rows_by("object_id", row.int("object_id")?);
    rows.find(|side| side.int("column_id") == row.int("column_id"))
}

/// Whether a column is one that a graph table has of itself.
pub(super) fn is_graph(column: &Element) -> bool {
    column.property("GraphType").is_some_and(|kind| kind != "0") || column.flag("IsPseudoColumn", false)
}

/// Whether a column bounds a period: `ROW START` or `ROW END`.
pub(super) fn period_end(column: &Element) -> Option<&'static str> {
    match column.property("GeneratedAlwaysType") {
        Some("1") => Some("START"),
        Some("2") => Some("END"),
        _ => None,
    }
}

/// The definition of a column in `CREATE TABLE`. The columns of a period are plain ones unless `with_period`.
pub(super) fn script(column: &Element, s: &Scripting<'_>, with_period: bool) -> Result<String> {
    let name = quote(name_of(column)?.last());
    match column.class.as_str() {
        "SqlComputedColumn" => {
            s.expect_known(
                column,
                &["ExpressionScript", "IsPersisted", "IsPersistedNullable"],
                &["ExpressionDependencies", "TypeSpecifier"],
            )?;
            let expression = column.property("ExpressionScript");
            let expression = expression.ok_or_else(|| incomplete(column, "has no ExpressionScript"))?;
            let persisted = match (column.flag("IsPersisted", false), column.flag("IsPersistedNullable", true)) {
                (false, _) => "",
                (true, true) => " PERSISTED",
                (true, false) => " PERSISTED NOT NULL",
            };
            Ok(format!("{name} AS {expression}{persisted}"))
        }
        "SqlColumnSet" => {
            s.expect_known(column, &[], &["TypeSpecifier"])?;
            Ok(format!("{name} [xml] COLUMN_SET FOR ALL_SPARSE_COLUMNS"))
        }
        "SqlSimpleColumn" => script_simple(column, s, &name, with_period),
        other => Err(incomplete(column, &format!("is a column of the unknown class {other}"))),
    }
}

fn script_simple(column: &Element, s: &Scripting<'_>, name: &str, with_period: bool) -> Result<String> {
    s.expect_known(column, SIMPLE_PROPERTIES, &["ColumnEncryptionKey", "TypeSpecifier"])?;
    let specifier = column.children("TypeSpecifier").next();
    let specifier = specifier.ok_or_else(|| incomplete(column, "has no TypeSpecifier"))?;
    let mut text = format!("{name} {}", type_specifier::script(specifier)?);
    let mut clause = |clause: &str| {
        text.push(' ');
        text.push_str(clause);
    };
    if let Some(collation) = column.property("Collation") {
        clause(&format!("COLLATE {collation}"));
    }
    if column.flag("IsSparse", false) {
        clause("SPARSE");
    }
    if let Some(function) = column.property("MaskingFunction") {
        clause(&format!("MASKED WITH (FUNCTION = '{}')", function.replace('\'', "''")));
    }
    if column.flag("IsIdentity", false) {
        let (seed, increment) = identity(column);
        clause(&format!("IDENTITY ({seed}, {increment})"));
        if column.flag("IdentityIsNotForReplication", false) {
            clause("NOT FOR REPLICATION");
        }
    }
    if let Some(end) = period_end(column).filter(|_| with_period) {
        clause(&format!("GENERATED ALWAYS AS ROW {end}"));
        if column.flag("IsHidden", false) {
            clause("HIDDEN");
        }
    }
    if let Some(encryption) = encryption(column)? {
        clause(&encryption);
    }
    clause(if column.flag("IsNullable", true) { "NULL" } else { "NOT NULL" });
    if column.flag("IsRowGuidColumn", false) {
        clause("ROWGUIDCOL");
    }
    Ok(text)
}

/// Seed and increment of an identity column.
pub(super) fn identity(column: &Element) -> (&str, &str) {
    (column.property("IdentitySeed").unwrap_or("1"), column.property("IdentityIncrement").unwrap_or("1"))
}

fn encryption(column: &Element) -> Result<Option<String>> {
    let kind = match column.property("EncryptionType") {
        None | Some("0") => return Ok(None),
        Some("1") => "DETERMINISTIC",
        Some("2") => "RANDOMIZED",
        Some(other) => return Err(incomplete(column, &format!("has the unknown encryption type {other}"))),
    };
    let key = target(column, "ColumnEncryptionKey")?;
    let algorithm = column.property("EncryptionAlgorithmName").unwrap_or("AEAD_AES_256_CBC_HMAC_SHA_256");
    let algorithm = algorithm.replace('\'', "''");
    Ok(Some(format!(
        "ENCRYPTED WITH (COLUMN_ENCRYPTION_KEY = {key}, ENCRYPTION_TYPE = {kind}, ALGORITHM = '{algorithm}')"
    )))
}

/// `ADD SENSITIVITY CLASSIFICATION` of a column that has one.
pub(super) fn script_sensitivity(column: &Element) -> Result<Option<String>> {
    let options: Vec<String> = SENSITIVITY
        .iter()
        .filter_map(|(property, _, keyword)| {
            column.property(property).map(|value| format!("{keyword} = {}", literal(value).trim_start_matches('N')))
        })
        .collect();
    if options.is_empty() {
        return Ok(None);
    }
    let name = name_of(column)?;
    Ok(Some(format!("ADD SENSITIVITY CLASSIFICATION TO\n    {name}\n    WITH ({});", options.join(", "))))
}
