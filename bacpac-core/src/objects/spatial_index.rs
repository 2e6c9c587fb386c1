//! Spatial indexes: `SqlSpatialIndex`.

use super::catalog::{CatalogRow, View, ViewColumn};
use super::extraction::Extraction;
use super::index::{names, rows, script_disabled};
use super::index_options::{self, with};
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, dependencies, incomplete, name_of, placement, target};
use crate::error::Result;
use crate::ident::quote;
use crate::model::{Element, Reference};
use crate::result_set::Cell;

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const TESSELLATIONS: View = View {
    name: "sys.spatial_index_tessellations",
    columns: &[
        column("object_id"),
        column("index_id"),
        column("tessellation_scheme"),
        column("bounding_box_xmin"),
        column("bounding_box_ymin"),
        column("bounding_box_xmax"),
        column("bounding_box_ymax"),
        column("level_1_grid"),
        column("level_2_grid"),
        column("level_3_grid"),
        column("level_4_grid"),
        column("cells_per_object"),
    ],
};

const INTERNAL_TABLES: View = View {
    name: "sys.internal_tables",
    columns: &[column("object_id"), column("parent_id"), column("parent_minor_id"), column("internal_type")],
};

/// Spatial indexes.
pub(super) const KIND: Kind =
    Kind { classes: &["SqlSpatialIndex"], views: &[TESSELLATIONS, INTERNAL_TABLES], extract: extract_all, script };

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in rows(source, &[4]) {
        x.push(extract(source, &row)?);
    }
    Ok(())
}

fn extract(source: &Source<'_>, row: &CatalogRow<'_>) -> Result<Element> {
    let object_id = row.int("object_id").unwrap_or_default();
    let (object, name) = names(source, row)?;
    let mut element = Element::named("SqlSpatialIndex", name);
    let mut tessellations = source.view("sys.spatial_index_tessellations").rows_by("object_id", object_id);
    let tessellation = tessellations.find(|t| t.int("index_id") == row.int("index_id"));
    if let Some(tessellation) = tessellation {
        extract_tessellation(&mut element, &tessellation);
    }
    element.set_flag("IsPadded", row.flag("is_padded"), false);
    element.set_number("FillFactor", row.int("fill_factor").unwrap_or(0), 0);
    let no_recompute = index_options::statistics_of(source, row).is_some_and(|row| row.flag("no_recompute"));
    element.set_flag("DoRecomputeStatistics", !no_recompute, true);
    index_options::extract_locks(&mut element, row);
    element.set_number("DataCompression", compression(source, row), 0);
    element.set_flag("IsDisabled", row.flag("is_disabled"), false);
    if let Some(column) = index_options::columns_of(source, row).first() {
        element.refer("Column", Reference::to(index_options::column_name(source, column)?));
    }
    element.refer("IndexedObject", Reference::to(object));
    placement::extract(source, &mut element, row, placement::omit_default(source, row))?;
    Ok(element)
}

fn extract_tessellation(element: &mut Element, row: &CatalogRow<'_>) {
    let scheme = row.text("tessellation_scheme").unwrap_or_default();
    let (number, usual_cells) = match scheme {
        "GEOMETRY_GRID" => (1, 16),
        "GEOGRAPHY_GRID" => (2, 16),
        "GEOMETRY_AUTO_GRID" => (0, 8),
        _ => (0, 12),
    };
    element.set_number("Tessellation", number, 0);
    if scheme.starts_with("GEOMETRY") {
        for (property, cell) in [
            ("XMin", "bounding_box_xmin"),
            ("YMin", "bounding_box_ymin"),
            ("XMax", "bounding_box_xmax"),
            ("YMax", "bounding_box_ymax"),
        ] {
            if let Some(value) = double(row.cell(cell)) {
                element.set(property, value);
            }
        }
    }
    for level in 1..=4 {
        let density = match row.int(&format!("level_{level}_grid")) {
            _ if number == 0 => 0,
            Some(16) => 1,
            Some(64) => 2,
            Some(256) => 3,
            _ => 0,
        };
        element.set_number(&format!("GridDensityLevel{level}"), density, 2);
    }
    element.set_number("CellsPerObject", row.int("cells_per_object").unwrap_or(usual_cells), usual_cells);
}

fn double(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Float(value) => Some(value.to_string()),
        Cell::Int(value) => Some(value.to_string()),
        Cell::Decimal(text) | Cell::Text(text) => Some(text.clone()),
        _ => None,
    }
}

/// The compression of the internal table that holds the index.
fn compression(source: &Source<'_>, row: &CatalogRow<'_>) -> i64 {
    let object_id = row.int("object_id").unwrap_or_default();
    let mut internal = source.view("sys.internal_tables").rows_by("parent_id", object_id);
    let internal = internal.find(|t| t.int("parent_minor_id") == row.int("index_id"));
    let Some(id) = internal.and_then(|t| t.int("object_id")) else { return 0 };
    source.view("sys.partitions").row_by("object_id", id).and_then(|p| p.int("data_compression")).unwrap_or(0)
}

const PROPERTIES: &[&str] = &[
    "Tessellation",
    "XMin",
    "YMin",
    "XMax",
    "YMax",
    "GridDensityLevel1",
    "GridDensityLevel2",
    "GridDensityLevel3",
    "GridDensityLevel4",
    "CellsPerObject",
    "IsPadded",
    "FillFactor",
    "DoIgnoreDuplicateKey",
    "DoRecomputeStatistics",
    "DoAllowRowLocks",
    "DoAllowPageLocks",
    "DataCompression",
    "IsDisabled",
];

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    s.expect_known(
        element,
        PROPERTIES,
        &["Column", "Filegroup", "IndexedObject", "PartitionColumn", "PartitionScheme"],
    )?;
    let (name, object, column) = (name_of(element)?, target(element, "IndexedObject")?, target(element, "Column")?);
    let has_box = element.property("XMin").is_some();
    let scheme = match element.property("Tessellation").unwrap_or("0") {
        "0" => has_box.then_some("GEOMETRY_AUTO_GRID"),
        "1" => Some("GEOMETRY_GRID"),
        "2" => Some("GEOGRAPHY_GRID"),
        "3" => Some("GEOMETRY_AUTO_GRID"),
        "4" => Some("GEOGRAPHY_AUTO_GRID"),
        other => return Err(incomplete(element, &format!("has the unknown tessellation {other}"))),
    };
    let mut lines =
        vec![format!("CREATE SPATIAL INDEX {}", quote(name.last())), format!("ON {object} ({})", quote(column.last()))];
    lines.extend(scheme.map(|scheme| format!("USING {scheme}")));
    let mut options = Vec::new();
    if has_box {
        let bound = |property: &str| {
            let value = element.property(property);
            value.ok_or_else(|| incomplete(element, &format!("has a bounding box without {property}")))
        };
        options.push(format!(
            "BOUNDING_BOX = (XMIN = {}, YMIN = {}, XMAX = {}, YMAX = {})",
            bound("XMin")?,
            bound("YMin")?,
            bound("XMax")?,
            bound("YMax")?
        ));
    }
    if matches!(scheme, Some("GEOMETRY_GRID" | "GEOGRAPHY_GRID")) {
        let mut levels = Vec::new();
        for level in 1..=4 {
            let density = match element.property(&format!("GridDensityLevel{level}")).unwrap_or("2") {
                "1" => "LOW",
                "2" => "MEDIUM",
                "3" => "HIGH",
                _ => continue,
            };
            levels.push(format!("LEVEL_{level} = {density}"));
        }
        if !levels.is_empty() {
            options.push(format!("GRIDS = ({})", levels.join(", ")));
        }
    }
    options.extend(element.property("CellsPerObject").map(|cells| format!("CELLS_PER_OBJECT = {cells}")));
    options.extend(index_options::clauses(element)?);
    match element.property("DataCompression") {
        Some("1") => options.push("DATA_COMPRESSION = ROW".into()),
        Some("2") => options.push("DATA_COMPRESSION = PAGE".into()),
        _ => {}
    }
    lines.extend(with(&options));
    lines.extend(placement::script(element)?);
    let text = format!("{};", lines.join("\n    "));
    out.push(Statement::new(Phase::Indexes, element.label(), text).after(dependencies(element)).creating(name));
    script_disabled(element, object, out)
}
