//! Tables, their columns, indexes and constraints.

use crate::value::DataType;

/// A user table, or the hidden table behind a table type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// In order of `column_id`; a dropped column leaves a gap in the ids, not in the list.
    pub columns: Vec<Column>,
    /// Highest `column_id` ever used.
    pub max_column_id: i32,
    /// In order of `index_id`: heap (0) or clustered (1) first. Always has one of the two, except memory-optimised
    /// tables, which have neither.
    pub indexes: Vec<Index>,
    /// Statistics, those of indexes included (same id and name as the index).
    pub statistics: Vec<Statistics>,
    /// Full-text index.
    pub fulltext: Option<FullTextIndex>,
    /// `SET ANSI_NULLS` at creation.
    pub uses_ansi_nulls: bool,
    /// `LOCK_ESCALATION`: 0 TABLE, 1 DISABLE, 2 AUTO.
    pub lock_escalation: u8,
    /// sp_tableoption 'table lock on bulk load'.
    pub lock_on_bulk_load: bool,
    /// sp_tableoption 'text in row'.
    pub text_in_row_limit: i32,
    /// sp_tableoption 'large value types out of row'.
    pub large_value_types_out_of_row: bool,
    /// sp_tableoption 'vardecimal storage format'.
    pub vardecimal: bool,
    /// `TEXTIMAGE_ON`; 0 if the table has no large columns.
    pub lob_data_space_id: i32,
    /// `FILESTREAM_ON`.
    pub filestream_data_space_id: Option<i32>,
    /// `MEMORY_OPTIMIZED = ON`.
    pub is_memory_optimized: bool,
    /// 0 SCHEMA_AND_DATA, 1 SCHEMA_ONLY.
    pub durability: u8,
    /// SYSTEM_VERSIONING and its counterpart on the history table.
    pub temporal: Temporal,
    /// `PERIOD FOR SYSTEM_TIME (start, end)`: column ids.
    pub period: Option<(i32, i32)>,
    /// `AS NODE`.
    pub is_node: bool,
    /// `AS EDGE`.
    pub is_edge: bool,
    /// `ENABLE CHANGE_TRACKING`; the flag is TRACK_COLUMNS_UPDATED.
    pub change_tracking: Option<bool>,
    /// External table.
    pub is_external: bool,
    /// FileTable.
    pub is_filetable: bool,
}

impl Table {
    /// Column by id.
    pub fn column(&self, column_id: i32) -> Option<&Column> {
        match self.columns.binary_search_by_key(&column_id, |column| column.column_id) {
            Ok(at) => self.columns.get(at),
            Err(_) => None,
        }
    }

    /// Heap or clustered index (rowstore or columnstore).
    pub fn base_index(&self) -> Option<&Index> {
        self.indexes.iter().find(|index| index.index_id < 2)
    }

    /// Index by id.
    pub fn index(&self, index_id: i32) -> Option<&Index> {
        self.indexes.iter().find(|index| index.index_id == index_id)
    }

    /// Primary key's index.
    pub fn primary_key(&self) -> Option<&Index> {
        self.indexes.iter().find(|index| index.is_primary_key)
    }

    /// Identity column.
    pub fn identity(&self) -> Option<&Column> {
        self.columns.iter().find(|column| column.identity.is_some())
    }
}

/// A column of a table, view, table type or table-valued function.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// From 1, never used again.
    pub column_id: i32,
    /// Name.
    pub name: String,
    /// Base type with facets and collation.
    pub data_type: DataType,
    /// `sys.types.user_type_id`: the system type's own, or an alias, CLR or table type's.
    pub user_type_id: i32,
    /// NULL allowed.
    pub is_nullable: bool,
    /// `SET ANSI_PADDING` at creation.
    pub is_ansi_padded: bool,
    /// IDENTITY.
    pub identity: Option<Identity>,
    /// Computed column.
    pub computed: Option<Computed>,
    /// ROWGUIDCOL.
    pub is_rowguidcol: bool,
    /// SPARSE.
    pub is_sparse: bool,
    /// COLUMN_SET FOR ALL_SPARSE_COLUMNS.
    pub is_column_set: bool,
    /// FILESTREAM.
    pub is_filestream: bool,
    /// Default constraint or bound default object; 0 if none.
    pub default_object_id: i32,
    /// Bound rule; 0 if none.
    pub rule_object_id: i32,
    /// Typed XML.
    pub xml: Option<XmlBinding>,
    /// GENERATED ALWAYS.
    pub generated_always: GeneratedAlways,
    /// HIDDEN.
    pub is_hidden: bool,
    /// MASKED WITH (FUNCTION = …): the function's text.
    pub masking_function: Option<String>,
    /// ENCRYPTED WITH.
    pub encryption: Option<ColumnEncryption>,
    /// Columns of graph tables.
    pub graph: Option<GraphColumn>,
}

impl Column {
    /// A plain column that allows NULL.
    pub fn new(column_id: i32, name: impl Into<String>, data_type: DataType, user_type_id: i32) -> Self {
        Self {
            column_id,
            name: name.into(),
            data_type,
            user_type_id,
            is_nullable: true,
            is_ansi_padded: true,
            identity: None,
            computed: None,
            is_rowguidcol: false,
            is_sparse: false,
            is_column_set: false,
            is_filestream: false,
            default_object_id: 0,
            rule_object_id: 0,
            xml: None,
            generated_always: GeneratedAlways::None,
            is_hidden: false,
            masking_function: None,
            encryption: None,
            graph: None,
        }
    }

    /// Whether the column's values are stored: not computed, or computed and persisted.
    pub fn is_stored(&self) -> bool {
        self.computed.as_ref().is_none_or(|computed| computed.is_persisted)
    }
}

/// IDENTITY(seed, increment).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// First value.
    pub seed: i128,
    /// Step.
    pub increment: i128,
    /// NOT FOR REPLICATION.
    pub is_not_for_replication: bool,
    /// Last value given; kept up to date by whoever inserts (not part of a transaction, as in SQL Server).
    pub last_value: Option<i128>,
}

/// A computed column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Computed {
    /// Normalised text with its outer parentheses.
    pub definition: String,
    /// PERSISTED.
    pub is_persisted: bool,
}

/// xml(CONTENT | DOCUMENT collection).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct XmlBinding {
    /// XML schema collection; 0 for none.
    pub collection_id: i32,
    /// DOCUMENT rather than CONTENT.
    pub is_document: bool,
}

/// `generated_always_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub enum GeneratedAlways {
    #[default]
    None,
    RowStart,
    RowEnd,
    TransactionIdStart,
    TransactionIdEnd,
    SequenceNumberStart,
    SequenceNumberEnd,
}

impl GeneratedAlways {
    /// Number in the catalog.
    pub fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::RowStart => 1,
            Self::RowEnd => 2,
            Self::TransactionIdStart => 7,
            Self::TransactionIdEnd => 8,
            Self::SequenceNumberStart => 9,
            Self::SequenceNumberEnd => 10,
        }
    }
}

/// Always Encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnEncryption {
    /// Column encryption key.
    pub key_id: i32,
    /// 1 deterministic, 2 randomised.
    pub encryption_type: u8,
    /// Algorithm's name.
    pub algorithm: String,
}

/// `graph_type` of a graph table's column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum GraphColumn {
    GraphId,
    GraphIdComputed,
    FromId,
    FromObjId,
    FromIdComputed,
    ToId,
    ToObjId,
    ToIdComputed,
}

impl GraphColumn {
    /// Number and description in the catalog.
    pub fn number(self) -> (u8, &'static str) {
        match self {
            Self::GraphId => (1, "GRAPH_ID"),
            Self::GraphIdComputed => (2, "GRAPH_ID_COMPUTED"),
            Self::FromId => (3, "GRAPH_FROM_ID"),
            Self::FromObjId => (4, "GRAPH_FROM_OBJ_ID"),
            Self::FromIdComputed => (5, "GRAPH_FROM_ID_COMPUTED"),
            Self::ToId => (6, "GRAPH_TO_ID"),
            Self::ToObjId => (7, "GRAPH_TO_OBJ_ID"),
            Self::ToIdComputed => (8, "GRAPH_TO_ID_COMPUTED"),
        }
    }
}

/// Role of a table in system versioning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Temporal {
    /// None.
    #[default]
    None,
    /// SYSTEM_VERSIONING = ON.
    Versioned {
        /// History table.
        history_table_id: i32,
        /// HISTORY_RETENTION_PERIOD: number and unit (-1 infinite, 3 day, 4 week, 5 month, 6 year).
        retention: (i32, i32),
    },
    /// History table of another.
    History,
}

/// Kind of an index.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum IndexKind {
    Heap,
    Clustered,
    NonClustered,
    Xml(XmlIndex),
    SelectiveXml(Box<SelectiveXml>),
    Spatial(Box<Spatial>),
    ClusteredColumnStore,
    NonClusteredColumnStore,
    NonClusteredHash { bucket_count: u64 },
}

impl IndexKind {
    /// `type` and `type_desc` in the catalog.
    pub fn number(&self) -> (u8, &'static str) {
        match self {
            Self::Heap => (0, "HEAP"),
            Self::Clustered => (1, "CLUSTERED"),
            Self::NonClustered => (2, "NONCLUSTERED"),
            Self::Xml(_) | Self::SelectiveXml(_) => (3, "XML"),
            Self::Spatial(_) => (4, "SPATIAL"),
            Self::ClusteredColumnStore => (5, "CLUSTERED COLUMNSTORE"),
            Self::NonClusteredColumnStore => (6, "NONCLUSTERED COLUMNSTORE"),
            Self::NonClusteredHash { .. } => (7, "NONCLUSTERED HASH"),
        }
    }
}

/// An index, or the heap.
#[derive(Clone, Debug, PartialEq)]
pub struct Index {
    /// 0 heap, 1 clustered, from 2 the others.
    pub index_id: i32,
    /// Empty for a heap.
    pub name: String,
    /// Kind.
    pub kind: IndexKind,
    /// Key columns in key order, then included columns. Columns of a columnstore are included ones.
    pub columns: Vec<IndexColumn>,
    /// UNIQUE.
    pub is_unique: bool,
    /// Of a PRIMARY KEY.
    pub is_primary_key: bool,
    /// Of a UNIQUE constraint.
    pub is_unique_constraint: bool,
    /// The key constraint's object id; 0 if none.
    pub constraint_id: i32,
    /// IGNORE_DUP_KEY.
    pub ignore_dup_key: bool,
    /// FILLFACTOR; 0 default.
    pub fill_factor: u8,
    /// PAD_INDEX.
    pub is_padded: bool,
    /// DISABLE.
    pub is_disabled: bool,
    /// ALLOW_ROW_LOCKS.
    pub allow_row_locks: bool,
    /// ALLOW_PAGE_LOCKS.
    pub allow_page_locks: bool,
    /// OPTIMIZE_FOR_SEQUENTIAL_KEY.
    pub optimize_for_sequential_key: bool,
    /// COMPRESSION_DELAY of a columnstore.
    pub compression_delay: Option<i32>,
    /// Normalised filter with its outer parentheses.
    pub filter: Option<String>,
    /// Filegroup or partition scheme.
    pub data_space_id: i32,
    /// Compression of the whole, or of single partitions (from 1).
    pub compression: Compression,
}

impl Index {
    /// An index of `kind` with default options.
    pub fn new(index_id: i32, name: impl Into<String>, kind: IndexKind, data_space_id: i32) -> Self {
        Self {
            index_id,
            name: name.into(),
            kind,
            columns: Vec::new(),
            is_unique: false,
            is_primary_key: false,
            is_unique_constraint: false,
            constraint_id: 0,
            ignore_dup_key: false,
            fill_factor: 0,
            is_padded: false,
            is_disabled: false,
            allow_row_locks: true,
            allow_page_locks: true,
            optimize_for_sequential_key: false,
            compression_delay: None,
            filter: None,
            data_space_id,
            compression: Compression::default(),
        }
    }

    /// Key columns in key order.
    pub fn key_columns(&self) -> impl Iterator<Item = &IndexColumn> {
        self.columns.iter().filter(|column| column.key_ordinal > 0)
    }

    /// Included columns.
    pub fn included_columns(&self) -> impl Iterator<Item = &IndexColumn> {
        self.columns.iter().filter(|column| column.is_included)
    }

    /// Whether rows are kept in this index's order, or in it as a heap.
    pub fn is_base(&self) -> bool {
        self.index_id < 2
    }
}

/// Data compression: 0 NONE, 1 ROW, 2 PAGE, 3 COLUMNSTORE, 4 COLUMNSTORE_ARCHIVE.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compression {
    /// For partitions not named.
    pub all: u8,
    /// Partition number, compression.
    pub partitions: Vec<(i32, u8)>,
    /// XML_COMPRESSION (2022).
    pub xml: bool,
}

impl Compression {
    /// Compression of a partition.
    pub fn of(&self, partition: i32) -> u8 {
        self.partitions.iter().find(|(number, _)| *number == partition).map_or(self.all, |(_, level)| *level)
    }
}

/// A column of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexColumn {
    /// `index_column_id`, from 1.
    pub index_column_id: i32,
    /// Column of the table or view.
    pub column_id: i32,
    /// From 1; 0 for an included column or one that is only there for partitioning.
    pub key_ordinal: u8,
    /// From 1; 0 unless the index is partitioned by it.
    pub partition_ordinal: u8,
    /// DESC.
    pub is_descending: bool,
    /// INCLUDE.
    pub is_included: bool,
}

/// An XML index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct XmlIndex {
    /// Primary index that a secondary one uses.
    pub using_index_id: Option<i32>,
    /// `P` PATH, `V` VALUE, `R` PROPERTY.
    pub secondary_type: Option<char>,
}

/// A selective XML index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SelectiveXml {
    /// Primary selective index and path that a secondary one uses.
    pub using: Option<(i32, String)>,
    /// Prefix (empty: default) and URI.
    pub namespaces: Vec<(String, String)>,
    /// Promoted paths: name, path, the text of the type after AS.
    pub paths: Vec<(String, String, String)>,
}

/// A spatial index.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spatial {
    /// On a geography column.
    pub is_geography: bool,
    /// `GEOMETRY_GRID`, `GEOGRAPHY_GRID`, `GEOMETRY_AUTO_GRID`, `GEOGRAPHY_AUTO_GRID`.
    pub scheme: String,
    /// xmin, ymin, xmax, ymax.
    pub bounding_box: Option<[f64; 4]>,
    /// 16 low, 64 medium, 256 high; none for the auto grids.
    pub grids: [Option<i16>; 4],
    /// CELLS_PER_OBJECT.
    pub cells_per_object: i32,
}

/// Statistics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// Equal to the index's id for those of an index.
    pub stats_id: i32,
    /// Name.
    pub name: String,
    /// Column ids in order.
    pub columns: Vec<i32>,
    /// CREATE STATISTICS, as opposed to those of an index.
    pub user_created: bool,
    /// Made by the optimiser.
    pub auto_created: bool,
    /// NORECOMPUTE.
    pub no_recompute: bool,
    /// INCREMENTAL.
    pub is_incremental: bool,
    /// Normalised filter.
    pub filter: Option<String>,
}

/// Full-text index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullTextIndex {
    /// KEY INDEX.
    pub unique_index_id: i32,
    /// Catalog.
    pub catalog_id: i32,
    /// `A`, `M` or `O`.
    pub change_tracking: char,
    /// ENABLE / DISABLE.
    pub is_enabled: bool,
    /// None: off; 0: system.
    pub stoplist_id: Option<i32>,
    /// Search property list.
    pub property_list_id: Option<i32>,
    /// Filegroup.
    pub data_space_id: i32,
    /// Columns.
    pub columns: Vec<FullTextColumn>,
}

/// A column of a full-text index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FullTextColumn {
    /// Column.
    pub column_id: i32,
    /// TYPE COLUMN.
    pub type_column_id: Option<i32>,
    /// LANGUAGE.
    pub language_id: i32,
    /// STATISTICAL_SEMANTICS.
    pub statistical_semantics: bool,
}

/// PRIMARY KEY or UNIQUE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// PK.
    PrimaryKey,
    /// UQ.
    Unique,
}

/// A key constraint; its columns are its index's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyConstraint {
    /// Kind.
    pub kind: KeyKind,
    /// Index of the parent.
    pub index_id: i32,
    /// Name given by the system.
    pub is_system_named: bool,
}

/// What happens to the referencing rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ReferentialAction {
    #[default]
    NoAction,
    Cascade,
    SetNull,
    SetDefault,
}

impl ReferentialAction {
    /// Number and description in the catalog.
    pub fn number(self) -> (u8, &'static str) {
        match self {
            Self::NoAction => (0, "NO_ACTION"),
            Self::Cascade => (1, "CASCADE"),
            Self::SetNull => (2, "SET_NULL"),
            Self::SetDefault => (3, "SET_DEFAULT"),
        }
    }
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// Referenced table.
    pub referenced_object_id: i32,
    /// Index of the referenced table that enforces the key.
    pub key_index_id: i32,
    /// Referencing and referenced column ids, in order.
    pub columns: Vec<(i32, i32)>,
    /// ON DELETE.
    pub on_delete: ReferentialAction,
    /// ON UPDATE.
    pub on_update: ReferentialAction,
    /// NOT FOR REPLICATION.
    pub is_not_for_replication: bool,
    /// NOCHECK CONSTRAINT.
    pub is_disabled: bool,
    /// Existing rows were not checked.
    pub is_not_trusted: bool,
    /// Name given by the system.
    pub is_system_named: bool,
}

/// A check constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Normalised text with its outer parentheses.
    pub definition: String,
    /// Column it was written at; 0 for a table-level one.
    pub parent_column_id: i32,
    /// NOT FOR REPLICATION.
    pub is_not_for_replication: bool,
    /// NOCHECK CONSTRAINT.
    pub is_disabled: bool,
    /// Existing rows were not checked.
    pub is_not_trusted: bool,
    /// Name given by the system.
    pub is_system_named: bool,
}

/// CONNECTION constraint of an edge table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgeConstraint {
    /// From and to tables.
    pub clauses: Vec<(i32, i32)>,
    /// ON DELETE CASCADE.
    pub on_delete: ReferentialAction,
    /// NOCHECK CONSTRAINT.
    pub is_disabled: bool,
    /// Existing rows were not checked.
    pub is_not_trusted: bool,
    /// Name given by the system.
    pub is_system_named: bool,
}
