"""The scenarios that every language runs."""

from __future__ import annotations

import json
from pathlib import Path

import bacpac
import pytest
from scenarios import Runner

FILES = sorted((Path(__file__).parent.parent / "scenarios").glob("*.json"))


def test_there_are_scenarios() -> None:
    assert len(FILES) >= 7


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_scenario(file: Path, server: str, files: Path, tmp_path: Path, name: str) -> None:
    runner = Runner(server, files, tmp_path, name)
    for i, step in enumerate(json.loads(file.read_text())["steps"]):
        try:
            runner.step(step)
        except Exception as e:
            raise AssertionError(f"step {i}, {step['do']}: {e}") from e


def test_every_kind_of_error_has_a_class() -> None:
    kinds = [kind for kind, _ in bacpac.error_kinds()]
    assert sorted(bacpac.errors.CLASSES) == sorted(kinds)
    assert set(bacpac.errors.__all__) == {"CLASSES", "BacpacError"} | {
        c.__name__ for c in bacpac.errors.CLASSES.values()
    }
