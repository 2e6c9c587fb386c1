"""The operations, each with its twin for asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Mapping, NamedTuple, Optional, Union, cast

from . import _bacpac, storage
from ._reports import DiffReport, ExportReport, ImportReport, Preflight, RewriteReport, Verification
from ._run import Cancellation, OnProgress, run, run_async

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .options import DiffOptions, ExportOptions, ImportOptions, RestoreTablesOptions

__all__ = [
    "Database",
    "diff",
    "diff_async",
    "export",
    "export_async",
    "import_",
    "import_async",
    "preflight",
    "preflight_async",
    "preflight_import",
    "preflight_import_async",
    "restore_tables",
    "restore_tables_async",
    "rewrite",
    "rewrite_async",
    "verify",
    "verify_async",
]

Driver = Literal["mssql-tds", "tiberius"]
Compression = Literal["stored", "fast", "balanced", "smallest"]
StorageOptions = Optional[Mapping[str, str]]


class Database(NamedTuple):
    """A database as a side of a `diff`."""

    server: str
    database: str
    driver: Optional[Driver] = None


def _side(side: Union[storage.Place, Database]) -> Any:
    return (side.server, side.driver, side.database) if isinstance(side, Database) else storage.source(side)


def export(
    server: str,
    database: str,
    to: storage.Place,
    *,
    driver: Optional[Driver] = None,
    overwrite: bool = False,
    storage_options: StorageOptions = None,
    on_progress: Optional[OnProgress] = None,
    cancel: Optional[Cancellation] = None,
    **options: Unpack[ExportOptions],
) -> ExportReport:
    """Exports a database to a package; it appears when it is complete."""
    job = _bacpac.export(server, database, storage.sink(to, overwrite), driver, overwrite, storage_options, dict(options), on_progress is not None)
    return cast(ExportReport, run(job, on_progress, cancel))


async def export_async(
    server: str,
    database: str,
    to: storage.Place,
    *,
    driver: Optional[Driver] = None,
    overwrite: bool = False,
    storage_options: StorageOptions = None,
    on_progress: Optional[OnProgress] = None,
    cancel: Optional[Cancellation] = None,
    **options: Unpack[ExportOptions],
) -> ExportReport:
    """Exports a database to a package; it appears when it is complete."""
    job = _bacpac.export(server, database, storage.sink(to, overwrite), driver, overwrite, storage_options, dict(options), on_progress is not None)
    return cast(ExportReport, await run_async(job, on_progress, cancel))


def import_(
    source: storage.Place,
    server: str,
    database: str,
    *,
    driver: Optional[Driver] = None,
    storage_options: StorageOptions = None,
    on_progress: Optional[OnProgress] = None,
    cancel: Optional[Cancellation] = None,
    **options: Unpack[ImportOptions],
) -> ImportReport:
    """Imports a package as a new database. If it fails, or is cancelled, the database is dropped."""
    job = _bacpac.import_(storage.source(source), server, database, driver, storage_options, dict(options), on_progress is not None)
    return cast(ImportReport, run(job, on_progress, cancel))


async def import_async(
    source: storage.Place,
    server: str,
    database: str,
    *,
    driver: Optional[Driver] = None,
    storage_options: StorageOptions = None,
    on_progress: Optional[OnProgress] = None,
    cancel: Optional[Cancellation] = None,
    **options: Unpack[ImportOptions],
) -> ImportReport:
    """Imports a package as a new database. If it fails, or is cancelled, the database is dropped."""
    job = _bacpac.import_(storage.source(source), server, database, driver, storage_options, dict(options), on_progress is not None)
    return cast(ImportReport, await run_async(job, on_progress, cancel))


def verify(
    source: storage.Place,
    server: str,
    database: str,
    *,
    driver: Optional[Driver] = None,
    storage_options: StorageOptions = None,
    on_progress: Optional[OnProgress] = None,
    cancel: Optional[Cancellation] = None,
) -> Verification:
    """Compares a package with a database: the same rows in every table, the same model."""
    job = _bacpac.verify(storage.source(source), server, database, driver, storage_options, on_progress is not None)
    return cast(Verification, run(job, on_progress, cancel))


async def verify_async(
    source: storage.Place,
    server: str,
    database: str,
    *,
    driver: Optional[Driver] = None,
    storage_options: StorageOptions = None,
    on_progress: Optional[OnProgress] = None,
    cancel: Optional[Cancellation] = None,
) -> Verification:
    """Compares a package with a database: the same rows in every table, the same model."""
    job = _bacpac.verify(storage.source(source), server, database, driver, storage_options, on_progress is not None)
    return cast(Verification, await run_async(job, on_progress, cancel))


def rewrite(
    source: storage.Place,
    to: storage.Place,
    *,
    compression: Optional[Compression] = None,
    overwrite: bool = False,
    storage_options: StorageOptions = None,
    on_progress: Optional[OnProgress] = None,
    cancel: Optional[Cancellation] = None,
) -> RewriteReport:
    """Writes a package anew: rows decoded and encoded, model read and written."""
    job = _bacpac.rewrite(storage.source(source), storage.sink(to, overwrite), compression, overwrite, storage_options, on_progress is not None)
    return cast(RewriteReport, run(job, on_progress, cancel))


async def rewrite_async(
    source: storage.Place,
    to: storage.Place,
    *,
    compression: Optional[Compression] = None,
    overwrite: bool = False,
    storage_options: StorageOptions = None,
    on_progress: Optional[OnProgress] = None,
    cancel: Optional[Cancellation] = None,
) -> RewriteReport:
    """Writes a package anew: rows decoded and encoded, model read and written."""
    job = _bacpac.rewrite(storage.source(source), storage.sink(to, overwrite), compression, overwrite, storage_options, on_progress is not None)
    return cast(RewriteReport, await run_async(job, on_progress, cancel))


def diff(
    left: Union[storage.Place, Database],
    right: Union[storage.Place, Database],
    *,
    storage_options: StorageOptions = None,
    on_progress: Optional[OnProgress] = None,
    cancel: Optional[Cancellation] = None,
    **options: Unpack[DiffOptions],
) -> DiffReport:
    """What differs between two packages or databases: objects by property, rows by key."""
    job = _bacpac.diff(_side(left), _side(right), storage_options, dict(options), on_progress is not None)
    return cast(DiffReport, run(job, on_progress, cancel))


async def diff_async(
    left: Union[storage.Place, Database],
    right: Union[storage.Place, Database],
    *,
    storage_options: StorageOptions = None,
    on_progress: Optional[OnProgress] = None,
    cancel: Optional[Cancellation] = None,
    **options: Unpack[DiffOptions],
) -> DiffReport:
    """What differs between two packages or databases: objects by property, rows by key."""
    job = _bacpac.diff(_side(left), _side(right), storage_options, dict(options), on_progress is not None)
    return cast(DiffReport, await run_async(job, on_progress, cancel))


def preflight(
    server: str,
    database: str,
    *,
    driver: Optional[Driver] = None,
    on_progress: Optional[OnProgress] = None,
    cancel: Optional[Cancellation] = None,
    **options: Unpack[ExportOptions],
) -> Preflight:
    """What an export of the database with these options would meet."""
    job = _bacpac.preflight(server, database, driver, dict(options), on_progress is not None)
    return cast(Preflight, run(job, on_progress, cancel))


async def preflight_async(
    server: str,
    database: str,
    *,
    driver: Optional[Driver] = None,
    on_progress: Optional[OnProgress] = None,
    cancel: Optional[Cancellation] = None,
    **options: Unpack[ExportOptions],
) -> Preflight:
    """What an export of the database with these options would meet."""
    job = _bacpac.preflight(server, database, driver, dict(options), on_progress is not None)
    return cast(Preflight, await run_async(job, on_progress, cancel))


def preflight_import(
    source: storage.Place,
    server: str,
    database: str,
    *,
    driver: Optional[Driver] = None,
    storage_options: StorageOptions = None,
    on_progress: Optional[OnProgress] = None,
    cancel: Optional[Cancellation] = None,
    **options: Unpack[ImportOptions],
) -> Preflight:
    """What an import of the package with these options would meet."""
    job = _bacpac.preflight_import(storage.source(source), server, database, driver, storage_options, dict(options), on_progress is not None)
    return cast(Preflight, run(job, on_progress, cancel))


async def preflight_import_async(
    source: storage.Place,
    server: str,
    database: str,
    *,
    driver: Optional[Driver] = None,
    storage_options: StorageOptions = None,
    on_progress: Optional[OnProgress] = None,
    cancel: Optional[Cancellation] = None,
    **options: Unpack[ImportOptions],
) -> Preflight:
    """What an import of the package with these options would meet."""
    job = _bacpac.preflight_import(storage.source(source), server, database, driver, storage_options, dict(options), on_progress is not None)
    return cast(Preflight, await run_async(job, on_progress, cancel))


def restore_tables(
    source: storage.Place,
    server: str,
    database: str,
    *,
    driver: Optional[Driver] = None,
    storage_options: StorageOptions = None,
    on_progress: Optional[OnProgress] = None,
    cancel: Optional[Cancellation] = None,
    **options: Unpack[RestoreTablesOptions],
) -> ImportReport:
    """Restores single tables of a package into a database, which is made if it is not there; what fails is taken back."""
    job = _bacpac.restore_tables(storage.source(source), server, database, driver, storage_options, dict(options), on_progress is not None)
    return cast(ImportReport, run(job, on_progress, cancel))


async def restore_tables_async(
    source: storage.Place,
    server: str,
    database: str,
    *,
    driver: Optional[Driver] = None,
    storage_options: StorageOptions = None,
    on_progress: Optional[OnProgress] = None,
    cancel: Optional[Cancellation] = None,
    **options: Unpack[RestoreTablesOptions],
) -> ImportReport:
    """Restores single tables of a package into a database, which is made if it is not there; what fails is taken back."""
    job = _bacpac.restore_tables(storage.source(source), server, database, driver, storage_options, dict(options), on_progress is not None)
    return cast(ImportReport, await run_async(job, on_progress, cancel))
