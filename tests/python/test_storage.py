"""Packages in files, in stores, and in storage of the caller's own."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, List

import bacpac
import obstore
import pytest
from obstore.store import LocalStore, MemoryStore


class Own:
    """Keeps a package in memory; appears when it is complete."""

    def __init__(self, content: bytes = b"") -> None:
        self.content = content
        self.pieces: List[bytes] = []
        self.done = self.aborted = False

    def size(self) -> int:
        return len(self.content)

    def read(self, start: int, end: int) -> bytes:
        return self.content[start:end]

    def write(self, data: bytes) -> None:
        self.pieces.append(data)

    def complete(self) -> None:
        self.content, self.done = b"".join(self.pieces), True

    def abort(self) -> None:
        self.aborted = True


def rows(place: Any) -> int:
    with bacpac.open(place) as package:
        return package.table("dbo", "Items").digest()["rows"]


def test_files_and_urls(acmecorp: Path, tmp_path: Path) -> None:
    assert rows(acmecorp) == rows(str(acmecorp)) == rows(acmecorp.as_uri()) == 60
    with open(acmecorp, "rb") as file:
        assert rows(file) == 60
    assert rows(io.BytesIO(acmecorp.read_bytes())) == 60
    out = io.BytesIO()
    bacpac.rewrite(acmecorp, out)
    assert rows(out) == 60
    with open(tmp_path / "raw.bacpac", "wb", buffering=0) as raw:
        bacpac.rewrite(acmecorp, raw)
    assert rows(tmp_path / "raw.bacpac") == 60


def test_obstore(acmecorp: Path, tmp_path: Path) -> None:
    for store in (MemoryStore(), LocalStore(str(tmp_path))):
        bacpac.rewrite(acmecorp, (store, "a.bacpac"))
        assert rows((store, "a.bacpac")) == 60
        with pytest.raises(FileExistsError):
            bacpac.rewrite(acmecorp, (store, "a.bacpac"))
        bacpac.rewrite(acmecorp, (store, "a.bacpac"), overwrite=True)
        assert obstore.head(store, "a.bacpac")["size"] > 10_000
        with pytest.raises(bacpac.errors.NotFound):
            bacpac.open((store, "b.bacpac"))


def test_storage_of_ones_own(acmecorp: Path) -> None:
    own = Own()
    bacpac.rewrite(acmecorp, own)
    assert own.done and not own.aborted
    assert rows(own) == 60


def test_what_it_raises_comes_out(acmecorp: Path) -> None:
    class Full(Own):
        def write(self, data: bytes) -> None:
            raise OSError(28, "no space left")

    full = Full()
    with pytest.raises(bacpac.errors.Storage, match="no space left") as caught:
        bacpac.rewrite(acmecorp, full)
    assert isinstance(caught.value, OSError)
    assert isinstance(caught.value.__cause__, OSError) and caught.value.__cause__.errno == 28
    assert full.aborted and not full.done

    class Short(Own):
        def read(self, start: int, end: int) -> bytes:
            return super().read(start, end)[:-1]

    with pytest.raises(bacpac.errors.Storage, match="asked for"):
        bacpac.open(Short(acmecorp.read_bytes()))


def test_what_is_no_place_is_refused(acmecorp: Path) -> None:
    with pytest.raises(TypeError):
        bacpac.open(5)  # type: ignore[arg-type]  # pyright: ignore
    with pytest.raises(TypeError):
        bacpac.rewrite(acmecorp, 5)  # type: ignore[arg-type]  # pyright: ignore


def test_a_file_that_was_given_up_is_cut_back(server: str) -> None:
    out = io.BytesIO(b"before")
    out.seek(6)

    def stop(progress: bacpac.Progress) -> None:
        if progress["stage"] == "rows":
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        bacpac.export(server, "big", out, on_progress=stop)
    assert out.getvalue() == b"before"
