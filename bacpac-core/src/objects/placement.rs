//! Filegroup, partition scheme and data compression of tables, keys and indexes.

use super::catalog::CatalogRow;
use super::source::{DataSpace, Source};
use super::{built_in, incomplete, target};
use crate::error::Result;
use crate::ident::{Name, quote};
use crate::model::{Element, Reference};

/// `ON [filegroup]` or `ON [scheme]([column])`, where the element says so.
pub(super) fn script(element: &Element) -> Result<Option<String>> {
    if let Some(scheme) = element.reference("PartitionScheme").and_then(|r| r.name.as_ref()) {
        let column = target(element, "PartitionColumn")?;
        return Ok(Some(format!("ON {scheme}({})", quote(column.last()))));
    }
    let filegroup = element.reference("Filegroup").and_then(|r| r.name.as_ref());
    Ok(filegroup.map(|name| format!("ON {name}")))
}

/// The `DATA_COMPRESSION` options of an element: one, or one for each level of the partitions that have it.
pub(super) fn compression(element: &Element) -> Result<Vec<String>> {
    let partitioned = element.reference("PartitionScheme").is_some();
    let mut levels: Vec<(&str, Vec<&str>)> = Vec::new();
    for option in element.children("DataCompressionOptions") {
        let level = match option.property("CompressionLevel").unwrap_or("0") {
            "0" => "NONE",
            "1" => "ROW",
            "2" => "PAGE",
            "3" => "COLUMNSTORE",
            "4" => "COLUMNSTORE_ARCHIVE",
            other => return Err(incomplete(element, &format!("has the unknown compression level {other}"))),
        };
        let partition = option.property("PartitionNumber").unwrap_or("1");
        match levels.iter_mut().find(|(known, _)| *known == level) {
            Some((_, partitions)) => partitions.push(partition),
            None => levels.push((level, vec![partition])),
        }
    }
    let script = levels.into_iter().map(|(level, partitions)| match partitioned {
        true => format!("DATA_COMPRESSION = {level} ON PARTITIONS ({})", partitions.join(", ")),
        false => format!("DATA_COMPRESSION = {level}"),
    });
    Ok(script.collect())
}

/// Writes where the rows of an index (or a heap) lie. A default filegroup is not written where `omit_default`.
pub(super) fn extract(
    source: &Source<'_>,
    element: &mut Element,
    index: &CatalogRow<'_>,
    omit_default: bool,
) -> Result<()> {
    let Some(space) = index.int("data_space_id").and_then(|id| source.data_space(id)) else { return Ok(()) };
    match space {
        DataSpace::Filegroup { is_default: true, .. } if omit_default => {}
        DataSpace::Filegroup { name, .. } => {
            element.refer("Filegroup", built_in::filegroup(&name));
        }
        DataSpace::PartitionScheme { name } => {
            element.refer("PartitionScheme", Reference::to(Name::one(name)));
            let object_id = index.int("object_id").unwrap_or_default();
            let mut columns = source.view("sys.index_columns").rows_by("object_id", object_id);
            let column = columns.find(|column| {
                column.int("index_id") == index.int("index_id") && column.int("partition_ordinal").unwrap_or(0) > 0
            });
            if let Some(column_id) = column.and_then(|column| column.int("column_id")) {
                element.refer("PartitionColumn", Reference::to(source.column(object_id, column_id)?));
            }
        }
    }
    Ok(())
}

/// Whether the default filegroup is left out for an index: when it lies where its heap or clustered index lies.
pub(super) fn omit_default(source: &Source<'_>, index: &CatalogRow<'_>) -> bool {
    let object_id = index.int("object_id").unwrap_or_default();
    let mut indexes = source.view("sys.indexes").rows_by("object_id", object_id);
    let base = indexes.find(|row| row.int("index_id").is_some_and(|id| id < 2));
    base.is_none_or(|base| base.int("data_space_id") == index.int("data_space_id"))
}

/// Writes the compression of each partition of an index (or a heap) that has one.
pub(super) fn extract_compression(source: &Source<'_>, element: &mut Element, index: &CatalogRow<'_>) {
    let object_id = index.int("object_id").unwrap_or_default();
    let mut partitions: Vec<CatalogRow<'_>> = source
        .view("sys.partitions")
        .rows_by("object_id", object_id)
        .filter(|row| row.int("index_id") == index.int("index_id"))
        .filter(|row| matches!(row.int("data_compression"), Some(1 | 2 | 4)))
        .collect();
    partitions.sort_by_key(|row| row.int("partition_number"));
    let options = partitions.into_iter().map(|row| {
        let mut option = Element::nameless("SqlDataCompressionOption");
        option.set_number("CompressionLevel", row.int("data_compression").unwrap_or(0), 0);
        option.set_number("PartitionNumber", row.int("partition_number").unwrap_or(1), 0);
        option
    });
    element.own("DataCompressionOptions", options.collect());
}
