//! Looking things up in tables, and the names that the system gives.

use crate::error::{SqlError, SqlResult};
use crate::sql::ast::Expr;
use crate::sql::ddl::ast::Opt;
use crate::state::{Column, Compression, Database, Index, IndexColumn, Statistics, Table};

/// A column by name; graph tables' pseudo columns by their short form (`$node_id`).
pub(super) fn find_column<'a>(db: &Database, table: &'a Table, name: &str) -> Option<&'a Column> {
    let found = table.columns.iter().find(|column| db.same_name(&column.name, name));
    found.or_else(|| {
        let prefix = name.to_ascii_lowercase();
        if !name.starts_with('$') {
            return None;
        }
        table.columns.iter().find(|column| column.graph.is_some() && column.name.starts_with(&format!("{prefix}_")))
    })
}

/// What cannot happen, as an error nonetheless.
pub(super) fn internal(what: &str) -> SqlError {
    SqlError::new(596, 21, format!("The {what} is gone. Cannot continue the statement."))
}

/// Key column of an index.
pub(super) fn key_column(ordinal: i32, column_id: i32, is_descending: bool) -> IndexColumn {
    IndexColumn {
        index_column_id: ordinal,
        column_id,
        key_ordinal: u8::try_from(ordinal).unwrap_or(u8::MAX),
        partition_ordinal: 0,
        is_descending,
        is_included: false,
    }
}

/// A free id for an index or statistics that is not the clustered index.
pub(super) fn next_index_id(table: &Table) -> i32 {
    let highest = table
        .indexes
        .iter()
        .map(|index| index.index_id)
        .chain(table.statistics.iter().map(|statistics| statistics.stats_id))
        .max()
        .unwrap_or(1);
    highest.max(1) + 1
}

/// Adds an index in order of id (a clustered one takes the heap's place), with its statistics.
pub(super) fn push_index(table: &mut Table, index: Index, no_recompute: bool, is_incremental: bool) {
    if index.index_id == 1 {
        table.indexes.retain(|other| other.index_id != 0);
    }
    let statistics = Statistics {
        stats_id: index.index_id,
        name: index.name.clone(),
        columns: index.key_columns().map(|column| column.column_id).collect(),
        user_created: false,
        auto_created: false,
        no_recompute,
        is_incremental,
        filter: index.filter.clone(),
    };
    let at = table.indexes.partition_point(|other| other.index_id < index.index_id);
    let has_statistics = matches!(index.kind.number().0, 1 | 2 | 7);
    table.indexes.insert(at, index);
    if has_statistics {
        let at = table.statistics.partition_point(|other| other.stats_id < statistics.stats_id);
        table.statistics.insert(at, statistics);
    }
}

/// DATA_COMPRESSION of an option list.
pub(super) fn compression_of(options: &[Opt]) -> Compression {
    let mut compression = Compression::default();
    for option in options {
        let level = |text: &str| match text.to_ascii_uppercase().split_whitespace().next().unwrap_or("") {
            "ROW" => 1,
            "PAGE" => 2,
            "COLUMNSTORE" => 3,
            "COLUMNSTORE_ARCHIVE" => 4,
            _ => 0,
        };
        match option.name.as_str() {
            "DATA_COMPRESSION" => {
                let value = level(&option.value);
                // `PAGE ON PARTITIONS (1, 3 TO 5)`: the words are in the value, the list below.
                if option.value.to_ascii_uppercase().contains("ON PARTITIONS") {
                    for range in &option.nested {
                        let words: Vec<i32> = format!("{} {}", range.name, range.value)
                            .split_whitespace()
                            .filter_map(|word| word.parse().ok())
                            .collect();
                        if let (Some(first), Some(last)) = (words.first(), words.last()) {
                            for number in *first..=(*last).min(15_000) {
                                compression.partitions.push((number, value));
                            }
                        }
                    }
                } else {
                    compression.all = value;
                }
            }
            "XML_COMPRESSION" => compression.xml = option.is_on(),
            _ => {}
        }
    }
    compression
}

/// 448 for a collation that does not look like one.
pub(super) fn check_collation(name: &str) -> SqlResult<()> {
    let known = name.eq_ignore_ascii_case("database_default")
        || (name.contains('_') && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
    if known { Ok(()) } else { Err(SqlError::new(448, 16, format!("Invalid collation '{name}'."))) }
}

/// Ids of the table's columns that an expression mentions, each once.
pub(super) fn columns_in(db: &Database, table: &Table, expr: &Expr) -> Vec<i32> {
    let text = crate::sql::normal::normal(expr);
    let mut ids = Vec::new();
    let mut rest = text.as_str();
    while let Some(start) = rest.find('[') {
        let mut name = String::new();
        let mut end = start + 1;
        let mut chars = rest[start + 1..].char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if c == ']' {
                if chars.peek().is_some_and(|(_, next)| *next == ']') {
                    chars.next();
                } else {
                    end = start + 1 + at + 1;
                    break;
                }
            }
            name.push(c);
            end = start + 1 + at + c.len_utf8();
        }
        if let Some(column) = find_column(db, table, &name)
            && !ids.contains(&column.column_id)
        {
            ids.push(column.column_id);
        }
        rest = &rest[end..];
    }
    ids
}

/// Name of an unnamed constraint: `DF__table__column__id`, `PK__table__hash of 16 digits`.
pub(super) fn system_name(prefix: &str, table: &str, column: Option<&str>, object_id: i32) -> String {
    let cut = |text: &str, length: usize| text.chars().take(length).collect::<String>();
    if matches!(prefix, "PK" | "UQ") {
        // The digits before the id stand for the column names; the id alone makes it unique.
        let hash = table.bytes().fold(0x811C_9DC5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        return format!("{prefix}__{}__{hash:08X}{object_id:08X}", cut(table, 8));
    }
    match column {
        Some(column) => {
            let table_part = table.chars().count().min(9);
            let column_part = column.chars().count().min(14 - table_part);
            let table_part = table.chars().count().min(14 - column_part);
            format!("{prefix}__{}__{}__{object_id:08X}", cut(table, table_part), cut(column, column_part))
        }
        None => format!("{prefix}__{}__{object_id:08X}", cut(table, 16)),
    }
}
