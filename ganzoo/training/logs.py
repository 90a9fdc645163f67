"""The text files of a run's folder: metrics.jsonl, validation.jsonl, warnings.jsonl, validation.txt."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganzoo.errors import OutputError
from ganzoo.files.atomic import UNFINISHED, replacing
from ganzoo.files.parsing import is_number, parse_json
from ganzoo.files.regular import open_regular

METRICS = "metrics.jsonl"
VALIDATION = "validation.jsonl"
WARNINGS = "warnings.jsonl"
HELD_OUT = "validation.txt"
FILES = (METRICS, VALIDATION, WARNINGS, HELD_OUT)
SAMPLES = "samples"


def append(path: Path, line: Mapping[str, Any]) -> None:
    """Add one line of JSON. Raises OutputError."""
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {error.strerror or error}. Free some space, then resume.") from error


def drop_after(run: Path, step: int) -> None:
    """Remove log lines of steps after ``step``: these steps will be done, and logged, again."""
    for name in (METRICS, VALIDATION, WARNINGS):
        path = run / name
        if path.exists():
            with open_regular(path) as file:
                lines = file.read().decode("utf-8", "replace").splitlines()
            remaining = [line for line in lines if _parse_step(line) <= step]
            with replacing(path) as temporary:
                temporary.write_text("".join(line + "\n" for line in remaining), encoding="utf-8")


def write_held_out(run: Path, names: list[str]) -> None:
    """Write the names of the held-out files, one per line, where there are any."""
    if names:
        with replacing(run / HELD_OUT) as temporary:
            temporary.write_text("\n".join(names) + "\n", encoding="utf-8", errors="surrogateescape")


def sweep(run: Path) -> None:
    """Remove unfinished files that a killed process left in the run's folder."""
    for path in run.rglob(".*.tmp"):
        if UNFINISHED.fullmatch(path.name):
            path.unlink(missing_ok=True)


def _parse_step(line: str) -> float:
    """Return the step of a log line; infinity for a line that a crash cut off."""
    try:
        step = parse_json(line)["step"]
    except (ValueError, KeyError, TypeError, IndexError):
        return math.inf
    return float(step) if is_number(step) else math.inf
