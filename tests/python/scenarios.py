"""The steps of a scenario (tests/scenarios/README.md) as calls of the package."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional
from uuid import UUID

import bacpac

Step = Dict[str, Any]



class Runner:
    """What is remembered from step to step."""

    def __init__(self, server: str, files: Path, folder: Path, id: str) -> None:
        self.variables = {"$SERVER": server, "$FILES": str(files), "$DIR": str(folder), "$ID": id}

    def step(self, step: Step) -> None:
        """Runs a step and compares what came of it."""
        step = self.filled({"server": "$SERVER", **step})
        stages: List[str] = []
        cancellation = bacpac.Cancellation()

        def watch(progress: bacpac.Progress) -> None:
            if not stages or stages[-1] != progress["stage"]:
                stages.append(progress["stage"])
            if step.get("cancel_at") == progress["stage"]:
                cancellation.cancel()

        how: Dict[str, Any] = {}
        if "cancel_at" in step or "progress" in step:
            how = {"on_progress": watch, "cancel": cancellation}
        try:
            result = STEPS[step["do"]](step, how)
        except bacpac.BacpacError as e:
            if "error" not in step:
                raise
            compare(step["error"], e.data, "error")
            assert isinstance(e, bacpac.errors.CLASSES[e.kind])
        else:
            assert "error" not in step, f"{result} instead of {step['error']}"
            if "expect" in step:
                compare(step["expect"], result, "result")
            for name, path in step.get("save", {}).items():
                value = result
                for part in path.split("."):
                    value = value[int(part)] if isinstance(value, list) else value[part]
                self.variables["$" + name] = value
        seen = iter(stages)
        for wanted in step.get("progress", []):
            assert wanted in seen, f"{wanted} was not reported in its turn: {stages}"

    def filled(self, value: Any) -> Any:
        """`value` with the variables in its texts replaced."""
        if isinstance(value, str):
            for name, text in self.variables.items():
                value = value.replace(name, text)
            return value
        if isinstance(value, list):
            return [self.filled(v) for v in value]
        if isinstance(value, dict):
            return {k: self.filled(v) for k, v in value.items()}
        return value


def as_json(value: Any) -> Any:
    """A value of a row as the scenarios write it."""
    if isinstance(value, (bytes, bytearray)):
        return "0x" + value.hex()
    if isinstance(value, (Decimal, UUID)):
        return str(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return value


def compare(wanted: Any, found: Any, where: str) -> None:
    """What is expected is there; there may be more."""
    if isinstance(wanted, dict):
        rule = next((k for k in wanted if k.startswith("$")), None)
        if rule is None:
            assert isinstance(found, dict), f"{where}: {found!r}"
            for key, value in wanted.items():
                if value == {"$absent": True}:
                    assert found.get(key) is None, f"{where}.{key}: {found.get(key)!r}"
                else:
                    assert key in found, f"{where}.{key} is not there: {found!r}"
                    compare(value, found[key], f"{where}.{key}")
            return
        value = wanted[rule]
        if rule == "$some":
            for element in found:
                try:
                    compare(value, element, where)
                    return
                except AssertionError:
                    pass
            raise AssertionError(f"{where}: none of {found!r} is {value!r}")
        rules: Dict[str, Callable[[], bool]] = {
            "$length": lambda: len(found) == value,
            "$contains": lambda: value in found,
            "$above": lambda: found > value,
            "$matches": lambda: re.search(value, found) is not None,
            "$absent": lambda: found is None,
        }
        assert rules[rule](), f"{where}: {found!r} is not {wanted!r}"
    elif isinstance(wanted, list):
        assert len(found) == len(wanted), f"{where}: {found!r} instead of {wanted!r}"
        for i, (w, f) in enumerate(zip(wanted, found)):
            compare(w, f, f"{where}.{i}")
    else:
        assert found == wanted, f"{where}: {found!r} instead of {wanted!r}"


def table(step: Step) -> bacpac.Table:
    return bacpac.open(step["package"]).table(step["table"])


def options(step: Step, name: str = "options") -> Dict[str, Any]:
    found = step.get(name, {})
    assert isinstance(found, dict)
    return found


def rows(step: Step, how: Dict[str, Any]) -> Any:
    read = table(step)
    found = [{k: as_json(v) for k, v in row.items()} for row in read.rows()]
    first: Optional[Dict[str, Any]] = found[0] if found else None
    return {"count": len(found), "columns": [c["name"] for c in read.columns], "first": first}


def backups(step: Step) -> bacpac.Backups:
    return bacpac.Backups(step["store"])


STEPS: Dict[str, Callable[[Step, Dict[str, Any]], Any]] = {
    "inspect": lambda s, how: bacpac.open(s["package"], **how).summary(),
    "digest": lambda s, how: table(s).digest(**how),
    "rows": rows,
    "script": lambda s, how: bacpac.open(s["package"], **how).script(**options(s)),
    "rewrite": lambda s, how: bacpac.rewrite(s["package"], s["to"], **how),
    "export": lambda s, how: bacpac.export(
        s["server"], s["database"], s["to"], overwrite=s.get("overwrite", False), **how, **options(s)
    ),
    "import": lambda s, how: bacpac.import_(s["from"], s["server"], s["database"], **how, **options(s)),
    "verify": lambda s, how: bacpac.verify(s["package"], s["server"], s["database"], **how),
    "diff": lambda s, how: bacpac.diff(s["a"], s["b"], **how, **options(s)),
    "exists": lambda s, how: {"exists": Path(s["path"]).exists()},
    "error_kinds": lambda s, how: [{"name": name, "number": number} for name, number in bacpac.error_kinds()],
    "backups.now": lambda s, how: backups(s).now(
        s["tenant"], s["server"], s["database"], kind=s.get("kind", "manual"), note=s.get("note"), **how, **options(s)
    ),
    "backups.list": lambda s, how: backups(s).list(**options(s, "filter")),
    "backups.download": lambda s, how: backups(s).download(s["name"], s["to"]),
    "backups.verify": lambda s, how: backups(s).verify(s["name"]),
    "backups.restore": lambda s, how: backups(s).restore(s["name"], s["server"], **how, **options(s)),
    "backups.hold": lambda s, how: backups(s).hold(s["name"], s["reason"]),
    "backups.prune": lambda s, how: backups(s).prune(s["policy"], now=s["now"], apply=s["apply"]),
}
