"""Waiting for operations: blocking, or in asyncio."""

from __future__ import annotations

import asyncio
from typing import Any, Callable, Optional, Set

from ._bacpac import Job
from ._reports import Progress

OnProgress = Callable[[Progress], Any]


class Cancellation:
    """Cancels operations from elsewhere: give it to them as ``cancel=``, and call `cancel` from any thread.

    They clean up, and then raise `bacpac.errors.Cancelled`.
    """

    def __init__(self) -> None:
        self._cancelled = False
        self._jobs: Set[Job] = set()

    def cancel(self) -> None:
        """Cancels what runs with it, and what is begun with it later."""
        self._cancelled = True
        for job in tuple(self._jobs):
            job.cancel()

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancelled

    def _add(self, job: Job) -> None:
        self._jobs.add(job)
        if self._cancelled:
            job.cancel()

    def _remove(self, job: Job) -> None:
        self._jobs.discard(job)


def run(job: Job, on_progress: Optional[OnProgress] = None, cancel: Optional[Cancellation] = None) -> Any:
    """Waits here. Ctrl-C cancels the operation, and is raised when it has cleaned up."""
    if cancel is not None:
        cancel._add(job)
    try:
        return job.wait(on_progress)
    finally:
        if cancel is not None:
            cancel._remove(job)


async def run_async(
    job: Job, on_progress: Optional[OnProgress] = None, cancel: Optional[Cancellation] = None
) -> Any:
    """Waits in the event loop, which goes on meanwhile. A cancelled task ends when the operation has cleaned up."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    job.notify(lambda: loop.call_soon_threadsafe(ready.set))
    stopped: Optional[BaseException] = None
    if cancel is not None:
        cancel._add(job)
    try:
        while True:
            try:
                event = job.take()
            except Exception:
                if stopped is not None:
                    raise stopped from None
                raise
            if event is None:
                try:
                    await ready.wait()
                except asyncio.CancelledError as e:
                    stopped = stopped or e
                    job.cancel()
                ready.clear()
            elif event[0] == "done":
                if stopped is not None:
                    raise stopped
                return event[1]
            elif on_progress is not None and stopped is None:
                try:
                    on_progress(event[1])
                except BaseException as e:
                    stopped = e
                    job.cancel()
    finally:
        job.notify(None)
        if cancel is not None:
            cancel._remove(job)
