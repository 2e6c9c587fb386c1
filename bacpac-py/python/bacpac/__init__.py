"""Exports a SQL Server database to a ``.bacpac`` file and imports it back, streaming; keeps backups; reads the tables of a
``.bacpac`` as Arrow, with no SQL Server.

Every operation has a twin for asyncio, named ``..._async``. Options are given by name. Progress comes by ``on_progress``;
Ctrl-C, the cancellation of a task, an exception of ``on_progress`` and a `Cancellation` end the work, after it has cleaned up.
What goes wrong is a `BacpacError`, with a class for each kind in `bacpac.errors`.
"""

from . import _reports, errors, options, progress, storage
from ._bacpac import __version__, error_kinds
from ._log import log_to
from ._reports import *  # noqa: F403
from ._run import Cancellation
from .backups import Backups
from .errors import BacpacError
from .operations import (
    Database,
    diff,
    diff_async,
    export,
    export_async,
    import_,
    import_async,
    preflight,
    preflight_async,
    preflight_import,
    preflight_import_async,
    restore_tables,
    restore_tables_async,
    rewrite,
    rewrite_async,
    verify,
    verify_async,
)
from .package import Package, Table, open, open_async

__all__ = [
    "BacpacError",
    "Backups",
    "Cancellation",
    "Database",
    "Package",
    "Table",
    "__version__",
    "diff",
    "diff_async",
    "error_kinds",
    "errors",
    "export",
    "export_async",
    "import_",
    "import_async",
    "log_to",
    "open",
    "open_async",
    "options",
    "preflight",
    "preflight_async",
    "preflight_import",
    "preflight_import_async",
    "restore_tables",
    "restore_tables_async",
    "progress",
    "rewrite",
    "rewrite_async",
    "storage",
    "verify",
    "verify_async",
]
__all__ += _reports.__all__
