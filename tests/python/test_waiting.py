"""Waiting: blocking and in asyncio, stopped from outside, watched."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, List

import bacpac
import pytest


def test_ctrl_c_ends_an_export_and_an_import_cleanly(server: str, files: Path, tmp_path: Path, name: str) -> None:
    """In a process of its own, as a user does it."""
    code = """
import os, signal, sys, time, bacpac
server, files, out, name, what = sys.argv[1:]
struck = []
def strike(progress):
    if progress["stage"] == "rows" and not struck:
        struck.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)
try:
    if what == "export":
        bacpac.export(server, "big", out, on_progress=strike)
    else:
        bacpac.import_(files + "/big.bacpac", server, name, on_progress=strike)
except KeyboardInterrupt:
    print(time.monotonic() - struck[0])
"""
    out = tmp_path / "out.bacpac"
    for what in ("export", "import"):
        run = subprocess.run(
            [sys.executable, "-c", code, server, str(files), str(out), name, what], capture_output=True, text=True
        )
        assert run.returncode == 0, run.stderr
        took = float(run.stdout)
        print(f"{what}: {took:.3f} s from Ctrl-C to the exception")
        assert took < 5
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(bacpac.errors.DatabaseNotFound):
        bacpac.export(server, name, out)


def test_a_cancelled_task_ends_an_export_and_an_import_cleanly(
    server: str, files: Path, tmp_path: Path, name: str
) -> None:
    out = tmp_path / "out.bacpac"

    async def cancelled(work: str) -> float:
        reached = asyncio.Event()

        def watch(progress: bacpac.Progress) -> None:
            if progress["stage"] == "rows":
                reached.set()

        task: asyncio.Future[Any]
        if work == "export":
            task = asyncio.ensure_future(bacpac.export_async(server, "big", out, on_progress=watch))
        else:
            task = asyncio.ensure_future(bacpac.import_async(files / "big.bacpac", server, name, on_progress=watch))
        await reached.wait()
        begun = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return time.monotonic() - begun

    for work in ("export", "import"):
        took = asyncio.run(cancelled(work))
        print(f"{work}: {took:.3f} s from task.cancel() to the end")
        assert took < 5
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(bacpac.errors.DatabaseNotFound):
        bacpac.export(server, name, out)


def test_cancelled_from_another_thread(server: str, tmp_path: Path) -> None:
    cancellation = bacpac.Cancellation()

    def watch(progress: bacpac.Progress) -> None:
        if progress["stage"] == "rows" and not cancellation.cancelled:
            threading.Thread(target=cancellation.cancel).start()

    with pytest.raises(bacpac.errors.Cancelled) as caught:
        bacpac.export(server, "big", tmp_path / "x.bacpac", on_progress=watch, cancel=cancellation)
    assert caught.value.kind == "cancelled" and not isinstance(caught.value, OSError)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(bacpac.errors.Cancelled):
        bacpac.export(server, "big", tmp_path / "x.bacpac", cancel=cancellation)


def test_the_event_loop_goes_on(server: str, tmp_path: Path, name: str) -> None:
    async def work() -> int:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.001)

        ticker = asyncio.ensure_future(tick())
        report = await bacpac.export_async(server, "acmecorp", tmp_path / "a.bacpac")
        assert report["rows"] == 2652
        async with await bacpac.open_async(tmp_path / "a.bacpac") as package:
            table = package.table("ledger.Accounts")
            assert len([row async for row in table.rows_async()]) == 40
            assert (await table.digest_async())["rows"] == 40
            assert "CREATE TABLE" in (await package.script_async())["text"]
        assert (await bacpac.import_async(tmp_path / "a.bacpac", server, name))["rows"] == 2652
        assert (await bacpac.verify_async(tmp_path / "a.bacpac", server, name))["same"]
        same = await bacpac.diff_async(tmp_path / "a.bacpac", bacpac.Database(server, name), scope="rows")
        assert same["same"]
        ticker.cancel()
        return ticks

    assert asyncio.run(work()) > 20


def test_an_error_of_the_watcher_stops_the_work_and_comes_out(server: str, tmp_path: Path) -> None:
    def watch(progress: bacpac.Progress) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        bacpac.export(server, "big", tmp_path / "x.bacpac", on_progress=watch)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(bacpac.export_async(server, "big", tmp_path / "x.bacpac", on_progress=watch))
    assert list(tmp_path.iterdir()) == []


def test_what_goes_wrong_has_its_class(files: Path, server: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        bacpac.open(tmp_path / "nothing.bacpac")
    assert isinstance(caught.value, bacpac.errors.NotFound) and caught.value.number == 5
    with pytest.raises(PermissionError) as login:
        bacpac.export(server + ";Password=wrong", "acmecorp", tmp_path / "x.bacpac")
    e = login.value
    assert isinstance(e, bacpac.errors.Login) and e.server is not None and e.server["number"] == 18456
    assert "wrong" not in str(e).replace("wrong-", "") and not e.retryable
    with pytest.raises(ConnectionError) as refused:
        bacpac.export("Server=tcp:127.0.0.1,1;User Id=sa;Password=x", "acmecorp", tmp_path / "x.bacpac")
    assert isinstance(refused.value, bacpac.errors.Connect) and refused.value.retryable
    with pytest.raises(ValueError):
        bacpac.open(files / "text.bacpac")


def test_a_bar(server: str, tmp_path: Path) -> None:
    with open(os.devnull, "w") as nowhere, bacpac.progress.tqdm(file=nowhere) as bar:
        bacpac.export(server, "acmecorp", tmp_path / "a.bacpac", on_progress=bar)
    assert bar._bar.n == 2652


def test_logging_is_bridged_once(caplog: pytest.LogCaptureFixture) -> None:
    first = bacpac.log_to(logging.getLogger("bacpac"))
    assert isinstance(first, bool) and bacpac.log_to() is False


def test_the_command(acmecorp: Path, server: str, tmp_path: Path, name: str) -> None:
    def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
        environment = {**os.environ, "BACPAC_SERVER": server}
        line: List[str] = [sys.executable, "-m", "bacpac", *arguments]
        return subprocess.run(line, capture_output=True, text=True, env=environment)

    file = str(acmecorp)
    assert "acmecorp" in command("inspect", file).stdout
    assert len(command("digest", file).stdout.splitlines()) == 9
    assert len(command("rows", file, "ledger.Accounts").stdout.splitlines()) == 40
    assert "CREATE TABLE" in command("script", file).stdout
    out = str(tmp_path / "a.bacpac")
    assert command("export", "--database", "acmecorp", out).returncode == 0
    again = command("export", "--database", "acmecorp", out)
    assert again.returncode == 1 and "already_exists" in again.stderr
    assert command("import", out, "--database", name).returncode == 0
    assert command("verify", out, "--database", name).returncode == 0
    assert command("diff", out, f"db:{name}", "--rows-only").returncode == 0
    assert command("rewrite", out, str(tmp_path / "b.bacpac")).returncode == 0
    assert command("export").returncode == 2
