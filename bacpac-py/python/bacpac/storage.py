"""Where packages are.

Everything that takes a package takes

* a path (`str` or `os.PathLike`) or a store URL (``s3://``, ``az://``, ``gs://``, ``https://``, ``memory://``);
* a binary file-like object: with ``read`` and ``seek`` to read from, with ``write`` to write to;
* a pair ``(store, path)`` of an `obstore` store and a path in it;
* an object with the methods of `Source` or `Sink`: storage of your own.
"""

from __future__ import annotations

import io
import os
import threading
from typing import Any, BinaryIO, Protocol, Tuple, Union, cast, runtime_checkable

__all__ = ["Place", "Sink", "Source"]


@runtime_checkable
class Source(Protocol):
    """Something to read ranges of. Its size is fixed; reads may come from several threads at the same time."""

    def size(self) -> int:
        """Size in bytes."""
        ...

    def read(self, start: int, end: int) -> bytes:
        """The bytes from `start` up to `end`, all of them."""
        ...


@runtime_checkable
class Sink(Protocol):
    """Somewhere to write front to back. Calls come one after another, from any thread.

    Nothing may be visible before `complete`, and nothing may be left after `abort`.
    """

    def write(self, data: bytes) -> Any:
        """Appends bytes."""
        ...

    def complete(self) -> Any:
        """Makes the whole visible."""
        ...

    def abort(self) -> Any:
        """Throws away what was written."""
        ...


Place = Union[str, "os.PathLike[str]", BinaryIO, io.IOBase, Source, Sink, Tuple[Any, str]]


class _FileSource:
    def __init__(self, file: Any) -> None:
        self._file = file
        self._lock = threading.Lock()

    def size(self) -> int:
        with self._lock:
            return int(self._file.seek(0, io.SEEK_END))

    def read(self, start: int, end: int) -> bytes:
        pieces = []
        with self._lock:
            self._file.seek(start)
            while start < end:
                piece = self._file.read(end - start)
                if not piece:
                    raise EOFError(f"the file ends at byte {start}")
                pieces.append(piece)
                start += len(piece)
        return b"".join(pieces)


class _FileSink:
    """A file that the caller opened, and closes. Given up, it is cut back to where it was, where it can be."""

    def __init__(self, file: Any) -> None:
        self._file = file
        seekable = getattr(file, "seekable", None)
        self._start = file.tell() if seekable is not None and seekable() else None

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            # A raw file may take less than all; some file-likes say nothing.
            taken = self._file.write(rest)
            rest = rest[len(rest) if taken is None else taken :]

    def complete(self) -> None:
        flush = getattr(self._file, "flush", None)
        if flush is not None:
            flush()

    def abort(self) -> None:
        if self._start is not None:
            self._file.seek(self._start)
            self._file.truncate()


class _StoreSource:
    def __init__(self, store: Any, path: str) -> None:
        self._store, self._path = store, path

    def size(self) -> int:
        import obstore

        return int(obstore.head(self._store, self._path)["size"])

    def read(self, start: int, end: int) -> bytes:
        import obstore

        return bytes(obstore.get_range(self._store, self._path, start=start, end=end))


class _StoreSink:
    """An upload to an `obstore` store, in parts; it appears when it is closed."""

    def __init__(self, store: Any, path: str, overwrite: bool) -> None:
        self._store, self._path, self._overwrite = store, path, overwrite
        self._writer: Any = None

    def _open(self) -> Any:
        import obstore

        if self._writer is None:
            if not self._overwrite:
                try:
                    obstore.head(self._store, self._path)
                except FileNotFoundError:
                    pass
                else:
                    raise FileExistsError(f"{self._path} exists already")
            self._writer = obstore.open_writer(self._store, self._path)
        return self._writer

    def write(self, data: bytes) -> None:
        self._open().write(data)

    def complete(self) -> None:
        self._open().close()

    def abort(self) -> None:
        # A writer that is not closed leaves nothing that shows.
        self._writer = None


def _is_store(place: Any) -> bool:
    return isinstance(place, tuple) and len(place) == 2 and isinstance(place[1], str)


def source(place: Place) -> Union[str, Source]:
    """What the library reads from."""
    if isinstance(place, (str, os.PathLike)):
        return os.fspath(place)
    if _is_store(place):
        store, path = cast("Tuple[Any, str]", place)
        return _StoreSource(store, path)
    if hasattr(place, "seek") and hasattr(place, "read"):
        return _FileSource(place)
    if isinstance(place, Source):
        return place
    raise TypeError(f"a package cannot be read from {type(place).__name__}: it has neither read and seek nor size and read")


def sink(place: Place, overwrite: bool) -> Union[str, Sink]:
    """What the library writes to."""
    if isinstance(place, (str, os.PathLike)):
        return os.fspath(place)
    if _is_store(place):
        store, path = cast("Tuple[Any, str]", place)
        return _StoreSink(store, path, overwrite)
    if isinstance(place, Sink):
        return place
    if hasattr(place, "write"):
        return _FileSink(place)
    raise TypeError(f"a package cannot be written to {type(place).__name__}: it has no write")
