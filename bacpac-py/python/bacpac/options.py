"""What operations can be told: the fields of the library's options. What is left out keeps the library's default."""

from __future__ import annotations

from typing import Any, Dict, List, Literal, Mapping, Optional, TypedDict

__all__ = ["DiffOptions", "ExportOptions", "ImportOptions", "RestoreOptions", "RestoreTablesOptions", "ScriptOptions", "TableOptions"]

FineTimes = Literal["nanoseconds", "microseconds", "truncate", "text"]


class TableOptions(TypedDict, total=False):
    """How a table is read."""

    #: The columns to read; all if None.
    columns: Optional[List[str]]
    #: Rows of a batch at the most.
    batch_rows: int
    #: Bytes of native rows after which a batch ends.
    batch_bytes: int
    #: Data parts read side by side; 0 for as many as there are cores, 4 at the most.
    parallelism: int
    #: What datetime2(7), time(7) and datetimeoffset(7) become.
    fine_times: FineTimes
    #: What datetimeoffset becomes.
    offsets: Literal["struct", "utc", "text"]
    #: What uniqueidentifier becomes.
    uuids: Literal["binary", "text"]
    #: What is done about text that is not well-formed UTF-16.
    surrogates: Literal["refuse", "replace"]


class ExportOptions(TypedDict, total=False):
    """Options of `bacpac.export`."""

    parallelism: int
    part_size: int
    rows_per_range: int
    compression: Literal["stored", "fast", "balanced", "smallest"]
    consistency: Literal["automatic", "none", "snapshot_transaction", "database_snapshot"]
    skip_unsupported: bool
    selection: Mapping[str, Any]
    row_filters: Dict[str, str]
    skip_permissions: bool
    skip_users: bool
    policy: Mapping[str, Any]
    application_name: Optional[str]


class ImportOptions(TypedDict, total=False):
    """Options of `bacpac.import_`."""

    parallelism: int
    skip_unsupported: bool
    skip_permissions: bool
    skip_users: bool
    keep_on_failure: bool
    verify_counts: bool
    azure: Optional[Mapping[str, Any]]
    selection: Mapping[str, Any]
    policy: Optional[Mapping[str, Any]]
    logins: Literal["map", "create", "skip"]
    collation: Optional[str]
    collation_scope: Literal["database_default", "all_columns"]
    schema_map: Dict[str, str]
    filegroup_map: Dict[str, str]
    compatibility_level: Optional[int]
    query_store: Literal["keep", "off"]
    skip_master_key: bool


class RestoreTablesOptions(TypedDict, total=False):
    """Options of `bacpac.restore_tables`."""

    tables: List[str]
    referenced_tables: bool
    rename: Dict[str, str]
    schema_map: Dict[str, str]
    filegroup_map: Dict[str, str]
    skip_triggers: bool
    schema_only: bool
    skip_unsupported: bool
    parallelism: int
    keep_on_failure: bool
    verify_counts: bool
    policy: Optional[Mapping[str, Any]]


class ScriptOptions(TypedDict, total=False):
    """Options of `Package.script`."""

    skip_permissions: bool
    skip_users: bool
    skip_extended_properties: bool
    logins: List[str]
    create_logins: bool
    skip_unsupported: bool
    without_rows: bool


class DiffOptions(TypedDict, total=False):
    """Options of `bacpac.diff`."""

    scope: Literal["all", "schema", "rows"]
    tables: List[str]
    examples: int
    memory: int
    compare: Mapping[str, Any]


RestoreOptions = TypedDict(
    "RestoreOptions",
    {
        "database": Optional[str],
        "naming": Mapping[str, Any],
        "import": ImportOptions,
        "check_file": bool,
        "verify": bool,
    },
    total=False,
)
