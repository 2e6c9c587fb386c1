"""Figures beside those of Rust: run by `bench.sh`.

``bench.py table FILE SCHEMA.TABLE`` reads a table into a polars frame; ``bench.py export SERVER DATABASE OUT`` exports.
Prints the median of five runs.
"""

from __future__ import annotations

import statistics
import sys
import time
from typing import Callable, Tuple

import bacpac


def median(work: Callable[[], int]) -> Tuple[float, int]:
    """Seconds, and what the last run returned."""
    times, result = [], 0
    for _ in range(5):
        begun = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times), result


def main() -> None:
    what, *rest = sys.argv[1:]
    if what == "table":
        import polars

        def read() -> int:
            with bacpac.open(rest[0]) as package:
                return polars.DataFrame(package.table(rest[1])).height

        seconds, rows = median(read)
    else:

        def export() -> int:
            return bacpac.export(rest[0], rest[1], rest[2], overwrite=True)["rows"]

        seconds, rows = median(export)
    print(f"python {what}: {rows} rows in {seconds:.3f} s, {rows / seconds:,.0f} rows/s")


if __name__ == "__main__":
    main()
