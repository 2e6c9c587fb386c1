"""The command: ``python -m bacpac``. The same verbs, flags and exit codes as the command of the Rust library."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any, Dict, List, Mapping, Optional, Sequence

import bacpac
from bacpac.errors import BacpacError, Cancelled, Verification

from ._reports import Progress

CONSISTENCY = ["automatic", "none", "snapshot-transaction", "database-snapshot"]


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="bacpac", description="Look into, script, rewrite, export, import, verify and compare .bacpac files."
    )
    top.add_argument("--version", action="version", version=f"bacpac {bacpac.__version__}")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, help: str) -> argparse.ArgumentParser:
        return verbs.add_parser(name, help=help, description=help)

    def server(p: argparse.ArgumentParser, database: bool = True) -> None:
        p.add_argument("--server", default=os.environ.get("BACPAC_SERVER"), help="ADO.NET connection string [BACPAC_SERVER]")
        p.add_argument("--driver", choices=["mssql-tds", "tiberius"], default="mssql-tds")
        if database:
            p.add_argument("--database", required=True)

    def flags(p: argparse.ArgumentParser, *names: str) -> None:
        for name in names:
            p.add_argument(name, action="store_true")

    p = verb("inspect", "what a .bacpac or .dacpac holds: where it comes from, its tables, its objects")
    p.add_argument("file")
    flags(p, "--json")
    p = verb("rows", "the rows of one table, as canonical text")
    p.add_argument("file")
    p.add_argument("table", help="SCHEMA.TABLE, or [schema].[table] where a name holds a dot")
    p = verb("digest", "one JSON line for each table: schema, table, rows, SHA-256 over the canonical text")
    p.add_argument("file")
    p = verb("script", "the whole schema as T-SQL, in the order in which it can be run")
    p.add_argument("file")
    flags(p, "--skip-unsupported", "--skip-permissions", "--skip-users")
    p = verb("rewrite", "write a package anew: rows decoded and encoded, model read and written")
    p.add_argument("input")
    p.add_argument("output")
    flags(p, "--overwrite")
    p = verb("export", "export a database to a file")
    server(p)
    p.add_argument("output")
    p.add_argument("--parallelism", type=int, default=0)
    p.add_argument("--consistency", choices=CONSISTENCY, default="automatic")
    p.add_argument("--compression", choices=["fast", "balanced", "smallest"], default="balanced")
    flags(p, "--overwrite", "--skip-unsupported", "--json")
    p = verb("import", "import a file as a new database")
    p.add_argument("input")
    server(p)
    p.add_argument("--parallelism", type=int, default=0)
    flags(p, "--skip-permissions", "--skip-users", "--skip-unsupported", "--keep-on-failure", "--json")
    p = verb("verify", "compare a file with a database: the same rows in every table, the same model")
    p.add_argument("input")
    server(p)
    p.add_argument("--parallelism", type=int, default=0, help=argparse.SUPPRESS)
    flags(p, "--json")
    p = verb("diff", "what differs between two files or databases: objects by property, rows by key")
    p.add_argument("left", help="a file, or db:NAME for a database on --server")
    p.add_argument("right", help="a file, or db:NAME")
    server(p, database=False)
    p.add_argument("--table", action="append", default=[], help="rows of these tables only, with * and ?")
    only = p.add_mutually_exclusive_group()
    only.add_argument("--schema-only", action="store_true")
    only.add_argument("--rows-only", action="store_true")
    p.add_argument("--examples", type=int, default=10)
    p.add_argument("--memory", type=int, default=64, help="megabytes for rows that wait for their counterpart")
    flags(p, "--strict", "--json")
    return top


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Runs the command; returns its exit code."""
    top = parser()
    given = top.parse_args(arguments)
    if "server" in given and given.server is None and given.verb != "diff":
        top.error("--server is missing, and BACPAC_SERVER is not set")
    try:
        return RUN[given.verb](given) or 0
    except BrokenPipeError:
        # Whoever read has gone away; nothing more is written at the end of the process either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (KeyboardInterrupt, Cancelled):
        print("error: cancelled", file=sys.stderr)
        return 130
    except BacpacError as e:
        print(f"error: {e.kind}: {e}", file=sys.stderr)
        return 3 if isinstance(e, Verification) else 1


def _warn(warnings: Sequence[Mapping[str, Any]]) -> None:
    for w in warnings:
        place = f"{w['object']}: " if w["object"] else ""
        print(f"warning: {w['code']}: {place}{w['message']}", file=sys.stderr)


def _progress(progress: Progress) -> None:
    if sys.stderr.isatty():
        print(f"\r{progress['stage'].replace('_', ' ')}: {progress['rows']:,} rows\033[K", end="", file=sys.stderr)


def _open(file: str) -> bacpac.Package:
    package = bacpac.open(file)
    _warn(package.warnings)
    return package


def _json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _server(given: argparse.Namespace) -> Dict[str, Any]:
    return {"server": given.server, "database": given.database, "driver": given.driver, "on_progress": _progress}


def _inspect(given: argparse.Namespace) -> None:
    summary = _open(given.file).summary()
    if given.json:
        return _json(summary)
    print(f"{'kind':<14}{summary['kind']}")
    if summary["name"]:
        print(f"{'name':<14}{summary['name']}")
    print(f"{'platform':<14}{summary['platform']}, schema version {summary['schema_version']}")
    if summary["exported"]:
        print(f"{'exported':<14}{summary['exported']} by {summary['product']}")
    if summary["server"]:
        print(f"{'server':<14}{summary['server'].splitlines()[0].strip()}")
    if summary["rows"] is not None:
        print(f"{'rows':<14}{summary['rows']:,}")
    print(f"{'row data':<14}{summary['row_bytes']:,} bytes")
    print(f"{'objects':<14}{', '.join(f'{n} {name}' for name, n in summary['objects'].items())}")
    print(f"\n{'table':<50} {'columns':>8} {'parts':>6} {'bytes':>12}")
    for t in summary["tables"]:
        name = f"[{t['schema']}].[{t['table']}]"
        print(f"{name:<50} {len(t['columns']):>8} {t['parts']:>6} {t['bytes']:>12}")


def _rows(given: argparse.Namespace) -> None:
    for piece in _open(given.file).table(given.table).text():
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


def _digest(given: argparse.Namespace) -> None:
    for table in _open(given.file).tables_with_rows():
        _json({"schema": table.schema, "table": table.name, **table.digest()})


def _script(given: argparse.Namespace) -> None:
    script = _open(given.file).script(
        skip_unsupported=given.skip_unsupported, skip_permissions=given.skip_permissions, skip_users=given.skip_users
    )
    _warn(script["warnings"])
    sys.stdout.write(script["text"])


def _rewrite(given: argparse.Namespace) -> None:
    report = bacpac.rewrite(given.input, given.output, overwrite=given.overwrite, on_progress=_progress)
    _warn(report["warnings"])
    rows = sum(t["rows"] for t in report["tables"])
    print(f"rewrote {len(report['tables'])} tables, {rows:,} rows to {given.output} ({report['package_bytes']:,} bytes)")


def _export(given: argparse.Namespace) -> None:
    report = bacpac.export(
        to=given.output,
        overwrite=given.overwrite,
        parallelism=given.parallelism,
        consistency=given.consistency.replace("-", "_"),
        compression=given.compression,
        skip_unsupported=given.skip_unsupported,
        **_server(given),
    )
    _warn(report["warnings"])
    if given.json:
        return _json(report)
    print(
        f"exported {len(report['tables'])} tables, {report['rows']:,} rows to {given.output} "
        f"({report['package_bytes']:,} bytes, consistency: {report['consistency']}) in {report['seconds']:.1f} s"
    )


def _import(given: argparse.Namespace) -> None:
    report = bacpac.import_(
        given.input,
        parallelism=given.parallelism,
        skip_permissions=given.skip_permissions,
        skip_users=given.skip_users,
        skip_unsupported=given.skip_unsupported,
        keep_on_failure=given.keep_on_failure,
        **_server(given),
    )
    _warn(report["warnings"])
    if given.json:
        return _json(report)
    print(
        f"imported {len(report['tables'])} tables, {report['rows']:,} rows as {report['database']} "
        f"in {report['seconds']:.1f} s"
    )


def _verify(given: argparse.Namespace) -> int:
    result = bacpac.verify(given.input, **_server(given))
    if given.json:
        _json(result)
    else:
        for d in result["differences"]:
            print(": ".join(str(value) for value in d.values() if value is not None))
        print(f"{len(result['tables'])} tables compared, {len(result['differences'])} differences")
    return 0 if result["same"] else 3


def _diff(given: argparse.Namespace) -> int:
    def side(text: str) -> Any:
        if not text.startswith("db:"):
            return text
        if given.server is None:
            raise bacpac.errors.InvalidArgument(f"{text} is a database, and no server is named")
        return bacpac.Database(given.server, text[3:], given.driver)

    options: Dict[str, Any] = {"tables": given.table, "examples": given.examples, "memory": given.memory << 20}
    options["scope"] = "schema" if given.schema_only else "rows" if given.rows_only else "all"
    if given.strict:
        options["compare"] = {}
    report = bacpac.diff(side(given.left), side(given.right), on_progress=_progress, **options)
    _warn(report["warnings"])
    if given.json:
        _json(report)
    else:
        lines: List[Mapping[str, Any]] = [*report["objects"], *(t for t in report["tables"] if not _same(t))]
        for line in lines:
            print(json.dumps(line, ensure_ascii=False))
        print(f"{len(report['objects'])} objects differ; {len(report['tables'])} tables compared")
    return 0 if report["same"] else 3


def _same(table: Mapping[str, Any]) -> bool:
    return not (table.get("added") or table.get("removed") or table.get("changed"))


RUN = {
    "inspect": _inspect,
    "rows": _rows,
    "digest": _digest,
    "script": _script,
    "rewrite": _rewrite,
    "export": _export,
    "import": _import,
    "verify": _verify,
    "diff": _diff,
}

if __name__ == "__main__":
    sys.exit(main())
