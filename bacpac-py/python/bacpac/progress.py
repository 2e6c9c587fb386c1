"""Showing progress."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Optional, Type

from ._reports import Progress

__all__ = ["tqdm"]


class tqdm:
    """A progress bar of rows, by the `tqdm` package: ``with bacpac.progress.tqdm() as bar: export(..., on_progress=bar)``.

    Arguments are those of `tqdm.tqdm`.
    """

    def __init__(self, **arguments: Any) -> None:
        from tqdm.auto import tqdm as bar

        self._bar: Any = bar(**{"unit": " rows", "unit_scale": True, **arguments})

    def __call__(self, progress: Progress) -> None:
        bar = self._bar
        if progress["rows_total"] is not None:
            bar.total = progress["rows_total"]
        bar.set_description(progress["stage"].replace("_", " "), refresh=False)
        bar.update(progress["rows"] - bar.n if progress["stage"] == "rows" else 0)

    def close(self) -> None:
        """Ends the bar."""
        self._bar.close()

    def __enter__(self) -> tqdm:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], e: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        self.close()
