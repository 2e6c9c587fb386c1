"""The exceptions: `BacpacError`, and one class for each kind of error."""

from __future__ import annotations

from typing import Any, Dict, Optional, Type

__all__ = ["BacpacError"]


class BacpacError(Exception):
    """What went wrong, where, and what to do about it.

    Each kind has a class of its own, which is also the built-in exception that it resembles.
    """

    #: The stable name, e.g. ``login``.
    kind: str = "internal"
    #: The stable number.
    number: int = 28
    #: One line, without the context.
    message: str = ""
    #: Where: server, database, object, column, part, row, byte; only what is known.
    context: Dict[str, Any]
    #: What to do about it, where a remedy is known.
    help: Optional[str] = None
    #: What the server said: number, state, class, message, procedure, line.
    server: Optional[Dict[str, Any]] = None
    #: Whether the same call may succeed later without a change.
    retryable: bool = False
    #: All of it, as the library has it in JSON.
    data: Dict[str, Any]

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.message = text
        self.context = {}
        self.data = {}

    def __str__(self) -> str:
        text = str(self.args[0]) if self.args else ""
        return f"{text}\nhelp: {self.help}" if self.help else text


class Cancelled(BacpacError):
    """The caller cancelled. Work that was under way has been undone."""


class InvalidArgument(BacpacError, ValueError):
    """An option or argument that cannot be used."""


class Io(BacpacError, OSError):
    """A local read or write failed."""


class Storage(BacpacError, OSError):
    """The object store, or the caller's own storage, failed."""


class NotFound(BacpacError, FileNotFoundError, LookupError):
    """The file, object, table or backup is not there."""


class AlreadyExists(BacpacError, FileExistsError):
    """The target file or object exists already."""


class Archive(BacpacError, ValueError):
    """The ZIP archive is damaged or not one that can be read."""


class Package(BacpacError, ValueError):
    """A part of the package is missing or breaks the package rules."""


class Checksum(BacpacError, ValueError):
    """A checksum differs from the one recorded."""


class UnsupportedVersion(BacpacError, NotImplementedError):
    """The package, model or server is of a version that this library (or the target) cannot take."""


class Model(BacpacError, ValueError):
    """`model.xml` is damaged or contradicts itself."""


class Data(BacpacError, ValueError):
    """Row data that does not decode."""


class Mismatch(BacpacError, ValueError):
    """Model and data, or table and data, disagree."""


class Unsupported(BacpacError, NotImplementedError):
    """Something that this library cannot carry."""


class Connect(BacpacError, ConnectionError):
    """The server cannot be reached."""


class Tls(BacpacError, ConnectionError):
    """The TLS handshake failed, or the certificate is not trusted."""


class Login(BacpacError, PermissionError):
    """The server refused the login."""


class Permission(BacpacError, PermissionError):
    """The login lacks a right."""


class DatabaseExists(BacpacError):
    """The target database exists."""


class DatabaseNotFound(BacpacError, LookupError):
    """The source database does not exist, or the login may not open it."""


class PrincipalNotFound(BacpacError, LookupError):
    """The package refers to a login or user that the target lacks."""


class Conversion(BacpacError, ValueError):
    """The server could not convert a value."""


class Constraint(BacpacError, ValueError):
    """Rows break a constraint or a unique index."""


class Server(BacpacError):
    """An error of the server that has no kind of its own: see `server`."""


class Timeout(BacpacError, TimeoutError):
    """No answer in time."""


class ConnectionLost(BacpacError, ConnectionError):
    """The connection broke."""


class Verification(BacpacError):
    """What was written is not what was read."""


class Internal(BacpacError, RuntimeError):
    """A fault of this library; please report it."""


def _name(cls: Type[BacpacError]) -> str:
    return "".join("_" + c.lower() if c.isupper() else c for c in cls.__name__).lstrip("_")


#: The class of each kind, by its name.
CLASSES: Dict[str, Type[BacpacError]] = {_name(cls): cls for cls in BacpacError.__subclasses__()}


def of(data: Dict[str, Any]) -> BacpacError:
    """The exception of the library's data of an error."""
    e = CLASSES.get(data["kind"], BacpacError)(data["text"])
    e.kind = data["kind"]
    e.number = data["number"]
    e.message = data["message"]
    e.context = {k: v for k, v in data["context"].items() if v is not None}
    e.help = data.get("help")
    e.server = data.get("server")
    e.retryable = data["retryable"]
    e.data = data
    return e
