"""A folder of backups: made, listed, downloaded, verified, restored, kept, removed."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Dict, List, Literal, Mapping, Optional, Union, cast

from . import _bacpac, storage
from ._bacpac import Job
from ._reports import Backup, BackupCheck, BackupMade, Downloaded, Manifest, Pruned, Restored
from ._run import Cancellation, OnProgress, run, run_async
from .operations import Driver, StorageOptions

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .options import ExportOptions, RestoreOptions

__all__ = ["Backups"]

Kind = Literal["automatic", "manual"]
Moment = Union[datetime, str]


def _moment(moment: Optional[Moment]) -> Optional[str]:
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise ValueError("a datetime without a time zone names no moment")
        return moment.astimezone(timezone.utc).isoformat()
    return moment


def _given(**fields: Any) -> Dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


class Backups:
    """The backups in a folder, by path or store URL. Everything about them is in the folder itself."""

    def __init__(self, place: Union[str, "os.PathLike[str]"], *, storage_options: StorageOptions = None) -> None:
        self._native = _bacpac.Backups(os.fspath(place), storage_options)

    def _list(self, tenant: Optional[str], kind: Optional[Kind], since: Optional[Moment], before: Optional[Moment]) -> Job:
        filter = _given(tenant=tenant, kind=kind, since=_moment(since), before=_moment(before))
        return self._native.list(filter, False)

    def list(
        self,
        *,
        tenant: Optional[str] = None,
        kind: Optional[Kind] = None,
        since: Optional[Moment] = None,
        before: Optional[Moment] = None,
    ) -> List[Backup]:
        """The backups, the newest first."""
        return cast("List[Backup]", run(self._list(tenant, kind, since, before)))

    async def list_async(
        self,
        *,
        tenant: Optional[str] = None,
        kind: Optional[Kind] = None,
        since: Optional[Moment] = None,
        before: Optional[Moment] = None,
    ) -> "List[Backup]":
        """The backups, the newest first."""
        return cast("List[Backup]", await run_async(self._list(tenant, kind, since, before)))

    def now(
        self,
        tenant: str,
        server: str,
        database: str,
        *,
        driver: Optional[Driver] = None,
        kind: Kind = "manual",
        note: Optional[str] = None,
        requested_by: Optional[str] = None,
        on_progress: Optional[OnProgress] = None,
        cancel: Optional[Cancellation] = None,
        **options: Unpack[ExportOptions],
    ) -> BackupMade:
        """Makes a backup, reads it back, and writes its manifest."""
        watch = on_progress is not None
        job = self._native.now(tenant, server, database, driver, kind, note, requested_by, dict(options), watch)
        return cast(BackupMade, run(job, on_progress, cancel))

    async def now_async(
        self,
        tenant: str,
        server: str,
        database: str,
        *,
        driver: Optional[Driver] = None,
        kind: Kind = "manual",
        note: Optional[str] = None,
        requested_by: Optional[str] = None,
        on_progress: Optional[OnProgress] = None,
        cancel: Optional[Cancellation] = None,
        **options: Unpack[ExportOptions],
    ) -> BackupMade:
        """Makes a backup, reads it back, and writes its manifest."""
        watch = on_progress is not None
        job = self._native.now(tenant, server, database, driver, kind, note, requested_by, dict(options), watch)
        return cast(BackupMade, await run_async(job, on_progress, cancel))

    def download(
        self,
        name: str,
        to: storage.Place,
        *,
        overwrite: bool = False,
        storage_options: Optional[Mapping[str, str]] = None,
        cancel: Optional[Cancellation] = None,
    ) -> Downloaded:
        """Copies a backup, compared with its manifest on the way."""
        job = self._native.download(name, storage.sink(to, overwrite), overwrite, storage_options, False)
        return cast(Downloaded, run(job, None, cancel))

    async def download_async(
        self,
        name: str,
        to: storage.Place,
        *,
        overwrite: bool = False,
        storage_options: Optional[Mapping[str, str]] = None,
        cancel: Optional[Cancellation] = None,
    ) -> Downloaded:
        """Copies a backup, compared with its manifest on the way."""
        job = self._native.download(name, storage.sink(to, overwrite), overwrite, storage_options, False)
        return cast(Downloaded, await run_async(job, None, cancel))

    def link(self, name: str, valid_for: timedelta) -> str:
        """A URL that reads the backup without credentials for a while; S3, Azure and Google Cloud Storage make them."""
        return cast(str, run(self._native.link(name, valid_for.total_seconds(), False)))

    async def link_async(self, name: str, valid_for: timedelta) -> str:
        """A URL that reads the backup without credentials for a while."""
        return cast(str, await run_async(self._native.link(name, valid_for.total_seconds(), False)))

    def verify(self, name: str, *, cancel: Optional[Cancellation] = None) -> BackupCheck:
        """Reads a backup whole and checks it; its manifest then says so."""
        return cast(BackupCheck, run(self._native.verify(name, False), None, cancel))

    async def verify_async(self, name: str, *, cancel: Optional[Cancellation] = None) -> BackupCheck:
        """Reads a backup whole and checks it; its manifest then says so."""
        return cast(BackupCheck, await run_async(self._native.verify(name, False), None, cancel))

    def restore(
        self,
        name: str,
        server: str,
        *,
        driver: Optional[Driver] = None,
        on_progress: Optional[OnProgress] = None,
        cancel: Optional[Cancellation] = None,
        **options: Unpack[RestoreOptions],
    ) -> Restored:
        """Restores a backup as a new database, and compares the two."""
        job = self._native.restore(name, server, driver, dict(options), on_progress is not None)
        return cast(Restored, run(job, on_progress, cancel))

    async def restore_async(
        self,
        name: str,
        server: str,
        *,
        driver: Optional[Driver] = None,
        on_progress: Optional[OnProgress] = None,
        cancel: Optional[Cancellation] = None,
        **options: Unpack[RestoreOptions],
    ) -> Restored:
        """Restores a backup as a new database, and compares the two."""
        job = self._native.restore(name, server, driver, dict(options), on_progress is not None)
        return cast(Restored, await run_async(job, on_progress, cancel))

    def hold(self, name: str, reason: Optional[str], *, until: Optional[Moment] = None) -> Manifest:
        """Pins a backup, so that it is not removed; without a reason, lets it go again."""
        return cast(Manifest, run(self._native.hold(name, reason, _moment(until), False)))

    async def hold_async(self, name: str, reason: Optional[str], *, until: Optional[Moment] = None) -> Manifest:
        """Pins a backup, so that it is not removed; without a reason, lets it go again."""
        return cast(Manifest, await run_async(self._native.hold(name, reason, _moment(until), False)))

    def prune(
        self, policy: Mapping[str, Any], *, now: Optional[Moment] = None, apply: bool = False
    ) -> Pruned:
        """What a retention policy keeps and removes, with reasons; removes it with ``apply=True``."""
        return cast(Pruned, run(self._native.prune(dict(policy), _moment(now), apply, False)))

    async def prune_async(
        self, policy: Mapping[str, Any], *, now: Optional[Moment] = None, apply: bool = False
    ) -> Pruned:
        """What a retention policy keeps and removes, with reasons; removes it with ``apply=True``."""
        return cast(Pruned, await run_async(self._native.prune(dict(policy), _moment(now), apply, False)))
