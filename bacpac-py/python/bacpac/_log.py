"""The library's log, in Python's `logging`."""

from __future__ import annotations

import logging
from typing import Optional

from . import _bacpac


def log_to(logger: Optional[logging.Logger] = None) -> bool:
    """Hands what the library logs to `logger` (by default the one named ``bacpac``), from its present level on.

    Once in a process; returns whether this was the first time. Messages may come from any thread.
    """
    target = logger if logger is not None else logging.getLogger("bacpac")
    return _bacpac.start_logging(target.log, max(0, min(50, target.getEffectiveLevel())))
