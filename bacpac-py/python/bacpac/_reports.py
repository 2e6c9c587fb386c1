"""What operations return: dicts with these fields. Times are seconds, digests lower-case hexadecimal."""

from __future__ import annotations

from typing import Any, Dict, List, Literal, Optional, TypedDict

__all__ = [
    "Backup",
    "BackupCheck",
    "BackupMade",
    "Column",
    "DiffReport",
    "Digest",
    "Downloaded",
    "ExportReport",
    "ImportReport",
    "Manifest",
    "Preflight",
    "Progress",
    "Pruned",
    "Restored",
    "RewriteReport",
    "Script",
    "Summary",
    "TableReport",
    "TableSummary",
    "Verification",
    "Warning",
]


class Progress(TypedDict):
    """How far an operation is; totals are None where unknown."""

    stage: Literal[
        "preparing",
        "reading_schema",
        "creating_schema",
        "rows",
        "finishing_schema",
        "verifying",
        "completing",
        "cleaning_up",
    ]
    table: Optional[str]
    table_rows: int
    table_rows_total: Optional[int]
    table_done: bool
    tables: int
    tables_total: Optional[int]
    rows: int
    rows_total: Optional[int]
    bytes: int


class Warning(TypedDict):
    """Something that is no error, and that one should know."""

    code: str
    object: Optional[str]
    message: str


class Column(TypedDict):
    """A column of a table: its name and T-SQL type."""

    name: str
    type: str
    nullable: bool


class TableSummary(TypedDict):
    """A table of a package."""

    schema: str
    table: str
    bytes: int
    parts: int
    columns: List[Column]


class Summary(TypedDict):
    """What a package holds, in short."""

    kind: Literal["bacpac", "dacpac"]
    name: Optional[str]
    platform: str
    schema_version: str
    product: Optional[str]
    exported: Optional[str]
    server: Optional[str]
    rows: Optional[int]
    row_bytes: int
    objects: Dict[str, int]
    tables: List[TableSummary]


class Digest(TypedDict):
    """Rows of a table, and the SHA-256 of their canonical text."""

    rows: int
    sha256: str


class TableReport(TypedDict):
    """A table of an export or an import."""

    schema: str
    table: str
    rows: int
    bytes: int


class RewriteReport(TypedDict):
    """What was written anew."""

    tables: List[TableReport]
    package_bytes: int
    warnings: List[Warning]


class ExportReport(TypedDict):
    """What an export did. Times end in ``seconds``."""

    database: str
    server_version: str
    consistency: str
    tables: List[TableReport]
    rows: int
    bytes: int
    package_bytes: int
    sha256: Optional[str]
    warnings: List[Warning]
    schema_seconds: float
    rows_seconds: float
    seconds: float


class ImportReport(TypedDict):
    """What an import did."""

    database: str
    tables: List[TableReport]
    rows: int
    bytes: int
    statements: int
    warnings: List[Warning]
    schema_seconds: float
    rows_seconds: float
    finish_seconds: float
    seconds: float


class Verification(TypedDict):
    """What comparing a package with a database found."""

    same: bool
    tables: List[Dict[str, Any]]
    differences: List[Dict[str, Any]]
    warnings: List[Warning]
    objects: int


class DiffReport(TypedDict):
    """What differs between two packages or databases."""

    same: bool
    objects: List[Dict[str, Any]]
    tables: List[Dict[str, Any]]
    warnings: List[Warning]


class Preflight(TypedDict):
    """What an export or an import would meet."""

    ok: bool
    findings: List[Dict[str, Any]]


class Script(TypedDict):
    """A schema as T-SQL."""

    text: str
    warnings: List[Warning]


class Backup(TypedDict):
    """A backup in a folder."""

    name: str
    tenant: str
    kind: Optional[Literal["automatic", "manual"]]
    size: int
    created: str


#: What is known of a backup: the fields of the manifest beside it.
Manifest = Dict[str, Any]


class BackupMade(TypedDict):
    """A backup that was made."""

    backup: Backup
    manifest: Manifest


class BackupCheck(TypedDict):
    """What reading a backup whole has shown."""

    good: bool
    bytes: int
    tables: int
    rows: int
    compared: bool
    faults: List[str]


class Downloaded(TypedDict):
    """A file that was downloaded, and whether it was compared with its manifest."""

    bytes: int
    checked: bool


#: A database that was restored. ``import`` is a word of Python's own, so the class is made of a dict.
Restored = TypedDict(
    "Restored", {"database": str, "import": ImportReport, "verification": Optional[Verification]}
)


class Pruned(TypedDict):
    """What would go and stay, each with its reason; and, if it was done, what went."""

    plan: List[Dict[str, Any]]
    report: Optional[Dict[str, Any]]
