"""Single tables into a database that is there, and what an import would meet."""

from __future__ import annotations

from pathlib import Path

import bacpac
import pytest


def test_a_table_beside_the_one_that_is_there(acmecorp: Path, server: str, name: str) -> None:
    made = bacpac.import_(acmecorp, server, name)
    assert made["rows"] == 2652
    with pytest.raises(bacpac.errors.AlreadyExists):
        bacpac.restore_tables(acmecorp, server, name, tables=["ledger.Accounts"])
    report = bacpac.restore_tables(
        acmecorp, server, name, tables=["ledger.Accounts"], rename={"ledger.Accounts": "ledger.AccountsBefore"}
    )
    assert [(t["schema"], t["table"], t["rows"]) for t in report["tables"]] == [("ledger", "AccountsBefore", 40)]


def test_a_check_says_that_the_database_is_there(acmecorp: Path, server: str, name: str) -> None:
    assert bacpac.preflight_import(acmecorp, server, name)["ok"]
    found = bacpac.preflight_import(acmecorp, server, "acmecorp")
    assert not found["ok"]
    assert "database_exists" in [finding["code"] for finding in found["findings"]]
