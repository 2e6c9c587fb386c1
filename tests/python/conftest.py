"""What the tests share: the server and the files that `scenario-server` made."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest

_count = itertools.count()


@pytest.fixture(scope="session")
def server() -> str:
    """The connection string."""
    return os.environ["BACPAC_SCENARIO_SERVER"]


@pytest.fixture(scope="session")
def files() -> Path:
    """The folder of packages, to read only."""
    return Path(os.environ["BACPAC_SCENARIO_FILES"])


@pytest.fixture
def acmecorp(files: Path) -> Path:
    """A small package."""
    return files / "acmecorp.bacpac"


@pytest.fixture
def name() -> str:
    """A name that nobody else uses."""
    return f"python_{os.getpid()}_{next(_count)}"
