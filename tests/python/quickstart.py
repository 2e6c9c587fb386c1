"""The quickstart: needs nothing but the package and a server (see `scenario-server`)."""

import os
import tempfile
from pathlib import Path

import bacpac

server = os.environ["BACPAC_SCENARIO_SERVER"]
copy = f"python_quickstart_{os.getpid()}"

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "acmecorp.bacpac"
    exported = bacpac.export(server, "acmecorp", file)
    print(f"exported {exported['rows']} rows of {len(exported['tables'])} tables: {exported['package_bytes']} bytes")

    with bacpac.open(file) as package:
        for table in package.tables_with_rows():
            print(f"{table.schema}.{table.name}: {table.digest()['rows']} rows, the first is {next(table.rows())}")

    imported = bacpac.import_(file, server, copy)
    print(f"imported {imported['rows']} rows as {imported['database']}")
    assert imported["rows"] == exported["rows"]

    result = bacpac.verify(file, server, copy)
    assert result["same"], result["differences"]
    print("the copy is the same, row by row and object by object")
