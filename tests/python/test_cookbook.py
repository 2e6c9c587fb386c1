"""The snippets of docs/python.md, run one after another."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any, Dict

import pytest

TEXT = (Path(__file__).parents[2] / "docs" / "python.md").read_text(encoding="utf-8")


def test_every_snippet_runs(
    server: str, acmecorp: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(acmecorp, tmp_path / "acmecorp.bacpac")
    monkeypatch.chdir(tmp_path)
    scope: Dict[str, Any] = {"server": server, "name": name}
    snippets = list(re.finditer(r"```python\n(.*?)```", TEXT, re.S))
    assert len(snippets) >= 11
    for snippet in snippets:
        line = TEXT.count("\n", 0, snippet.start(1))
        exec(compile("\n" * line + snippet.group(1), "docs/python.md", "exec"), scope)
    assert not (tmp_path / "big.bacpac").exists()
