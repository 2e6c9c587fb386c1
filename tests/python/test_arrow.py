"""Tables as Arrow, read by those who read Arrow."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import bacpac
import duckdb
import pandas
import polars
import pyarrow  # type: ignore[import-untyped]
import pytest


def test_polars_pandas_pyarrow_and_duckdb_read_the_same(acmecorp: Path) -> None:
    with bacpac.open(acmecorp) as package:
        items = package.table("dbo", "Items", uuids="text")
        rows = list(items.rows())
        assert len(rows) == 60
        frame = polars.DataFrame(items)
        arrow = pyarrow.table(items)
        from_pandas = arrow.to_pandas()
        assert isinstance(from_pandas, pandas.DataFrame)
        query: Any = duckdb.sql("select count(*), sum(UnitCost) from items")
        (counted,) = query.fetchall()
        assert frame.height == arrow.num_rows == len(from_pandas) == counted[0] == 60
        columns = [c["name"] for c in items.columns]
        assert frame.columns == arrow.column_names == list(from_pandas.columns) == columns
        total = sum((row["UnitCost"] for row in rows), Decimal(0))
        assert frame["UnitCost"].sum() == total == counted[1]


def test_values_are_those_of_the_rows(acmecorp: Path) -> None:
    with bacpac.open(acmecorp) as package:
        for table in package.tables(fine_times="text", offsets="text", uuids="text"):
            assert pyarrow.table(table).to_pylist() == list(table.rows()), table


def test_the_schema_says_what_it_was(acmecorp: Path) -> None:
    table = bacpac.open(acmecorp).table("dbo.Items")
    schema = pyarrow.schema(table)
    types = {f.name: (f.metadata or {})[b"bacpac.sql_type"].decode() for f in schema}
    assert types == {c["name"]: c["type"] for c in table.columns}
    assert pyarrow.table(table).schema == schema


def test_columns_are_chosen(acmecorp: Path) -> None:
    package = bacpac.open(acmecorp)
    assert polars.DataFrame(package.table("dbo", "Items", columns=["UnitCost"])).columns == ["UnitCost"]
    with pytest.raises(bacpac.errors.InvalidArgument, match="NoSuch"):
        package.table("dbo", "Items", columns=["NoSuch"])
    with pytest.raises(ValueError, match="colums"):
        package.table("dbo", "Items", colums=["UnitCost"])  # type: ignore[call-arg]  # pyright: ignore


def test_damage_is_an_error_with_its_place(files: Path) -> None:
    table = bacpac.open(files / "wrong-byte.bacpac").table("dbo", "Items")
    with pytest.raises(Exception, match=r"TableData"):
        pyarrow.table(table)
    with pytest.raises(bacpac.errors.Archive) as caught:
        list(table.rows())
    assert caught.value.context["object"] == "[dbo].[Items]"
