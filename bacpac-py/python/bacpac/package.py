"""An open package and its tables."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, AsyncIterator, Dict, Iterator, List, Mapping, Optional, Type, cast

from . import _bacpac, storage
from ._reports import Column, Digest, Script, Summary, Warning
from ._run import Cancellation, OnProgress, run, run_async

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .options import ScriptOptions, TableOptions

__all__ = ["Package", "Table", "open", "open_async"]


class Table:
    """A table of a package. Anything that takes Arrow takes it: ``polars.DataFrame(table)``, ``pyarrow.table(table)``."""

    def __init__(self, package: _bacpac.Package, schema: Optional[str], name: str, options: Dict[str, Any]) -> None:
        self._package, self._options = package, options
        self._native = package.table(schema, name, options)

    @property
    def schema(self) -> str:
        """The schema that it is in."""
        return self._native.schema

    @property
    def name(self) -> str:
        """Its name."""
        return self._native.name

    @property
    def columns(self) -> List[Column]:
        """The columns whose values the package carries."""
        return [{"name": name, "type": type_, "nullable": nullable} for name, type_, nullable in self._native.columns()]

    def __arrow_c_schema__(self) -> object:
        return self._native.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: Optional[object] = None) -> object:
        return self._native.__arrow_c_stream__(requested_schema)

    def _rows(self) -> _bacpac.Rows:
        # Python's own times hold microseconds; what counts finer comes as text unless something else is asked for.
        options = {"fine_times": "text", "batch_rows": 1000, **self._options}
        return self._package.table(self.schema, self.name, options).rows()

    def rows(self) -> Iterator[Dict[str, Any]]:
        """The rows, a dict each. datetime2(7), time(7) and datetimeoffset(7) are text: see ``fine_times``."""
        rows = self._rows()
        while (batch := run(rows.next())) is not None:
            yield from batch

    __iter__ = rows

    async def rows_async(self) -> AsyncIterator[Dict[str, Any]]:
        """The rows, a dict each."""
        rows = self._rows()
        while (batch := await run_async(rows.next())) is not None:
            for row in batch:
                yield row

    __aiter__ = rows_async

    def text(self) -> Iterator[bytes]:
        """The canonical text of the rows, in pieces: one row a line, for comparing and for checksums."""
        text = self._native.text()
        while (piece := run(text.next())) is not None:
            yield piece

    def digest(self, *, on_progress: Optional[OnProgress] = None, cancel: Optional[Cancellation] = None) -> Digest:
        """Rows, and SHA-256 of the canonical text."""
        return cast(Digest, run(self._native.digest(on_progress is not None), on_progress, cancel))

    async def digest_async(
        self, *, on_progress: Optional[OnProgress] = None, cancel: Optional[Cancellation] = None
    ) -> Digest:
        """Rows, and SHA-256 of the canonical text."""
        return cast(Digest, await run_async(self._native.digest(on_progress is not None), on_progress, cancel))

    def __repr__(self) -> str:
        return f"<bacpac.Table {self._native}>"


class Package:
    """An open ``.bacpac`` or ``.dacpac``: see `bacpac.open`."""

    def __init__(self, native: _bacpac.Package) -> None:
        self._package: Optional[_bacpac.Package] = native

    @property
    def _native(self) -> _bacpac.Package:
        if self._package is None:
            raise ValueError("the package is closed")
        return self._package

    def summary(self) -> Summary:
        """What it holds, in short: where it comes from, its tables, its objects."""
        return cast(Summary, self._native.summary())

    @property
    def warnings(self) -> List[Warning]:
        """What was found that is no error."""
        return cast(List[Warning], self._native.warnings())

    def table(self, schema: str, name: Optional[str] = None, **options: Unpack[TableOptions]) -> Table:
        """A table: ``table("dbo", "Orders")``, or ``table("dbo.Orders")``."""
        if name is None:
            return Table(self._native, None, schema, dict(options))
        return Table(self._native, schema, name, dict(options))

    def tables(self, **options: Unpack[TableOptions]) -> List[Table]:
        """All tables, empty ones too."""
        return [Table(self._native, schema, name, dict(options)) for schema, name in self._native.table_names(False)]

    def tables_with_rows(self, **options: Unpack[TableOptions]) -> List[Table]:
        """The tables that have rows, in the order in which the archive has them."""
        return [Table(self._native, schema, name, dict(options)) for schema, name in self._native.table_names(True)]

    def script(self, **options: Unpack[ScriptOptions]) -> Script:
        """The schema as T-SQL, in an order that runs."""
        return cast(Script, run(self._native.script(dict(options), False)))

    async def script_async(self, **options: Unpack[ScriptOptions]) -> Script:
        """The schema as T-SQL, in an order that runs."""
        return cast(Script, await run_async(self._native.script(dict(options), False)))

    def close(self) -> None:
        """Lets go of it; its tables stay usable."""
        self._package = None

    def __enter__(self) -> Package:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], e: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        self.close()

    async def __aenter__(self) -> Package:
        return self

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], e: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        self.close()


def open(
    place: storage.Place,
    *,
    storage_options: Optional[Mapping[str, str]] = None,
    on_progress: Optional[OnProgress] = None,
    cancel: Optional[Cancellation] = None,
) -> Package:
    """Opens a package: a path, a store URL, a file, or storage of your own (see `bacpac.storage`)."""
    job = _bacpac.open(storage.source(place), storage_options, on_progress is not None)
    return Package(run(job, on_progress, cancel))


async def open_async(
    place: storage.Place,
    *,
    storage_options: Optional[Mapping[str, str]] = None,
    on_progress: Optional[OnProgress] = None,
    cancel: Optional[Cancellation] = None,
) -> Package:
    """Opens a package, as `open` does."""
    job = _bacpac.open(storage.source(place), storage_options, on_progress is not None)
    return Package(await run_async(job, on_progress, cancel))


