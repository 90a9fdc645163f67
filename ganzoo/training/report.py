"""A run on one page: RUN/report.html, made only from the files in the run's folder.

The page needs no script, no network and no other file, so it can be opened from disk and shared.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ganzoo.files.parsing import is_number, parse_json
from ganzoo.files.regular import open_regular
from ganzoo.reports import curves, html
from ganzoo.training import best_step, environment, logs
from ganzoo.training import settings as run_settings

FILE = "report.html"
MAX_SHEETS = 12  # in the page's timeline
MAX_SHEET_BYTES = 400_000  # so that the page stays below 8 MB
MAX_WARNINGS = 20  # the newest
_NO_LOSSES = {"step", "seconds", "pictures_per_second"}  # fields of metrics.jsonl
_KINDS = {"vanished": "Vanished loss", "collapse": "Collapse", "nan": "Not a number"}


def write(run: Path) -> Path:
    """Write RUN/report.html, whole or not at all, and return its path.

    Files that are missing in the run's folder, or cannot be read, are left out. Raises OutputError.
    """
    metrics, settings = _lines(run / logs.METRICS), _object(run / run_settings.FILE)
    warnings, chosen = _lines(run / logs.WARNINGS), _object(run / best_step.FILE)
    folder = run.resolve().name
    name = str(settings.get("recipe", "training"))
    step, steps = metrics[-1]["step"] if metrics else 0, settings.get("steps")
    return html.write(
        run / FILE,
        "run.html",
        title=f"{name}: {folder}",
        name=name,
        folder=folder,
        written=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        progress=(step, steps) if is_number(steps) else None,
        figures=list(_figures(step, settings, metrics, chosen)),
        warnings=[_warning(line) for line in warnings[-MAX_WARNINGS:]],
        warning_count=len(warnings),
        curves=list(_curves(run, metrics, chosen)),
        sheets=list(_timeline(run)),
        settings=list(html.flatten(settings)),
        environment=list(html.flatten(_object(run / environment.FILE))),
    )


# ---- reading ---------------------------------------------------------------------------------------------------------


def _lines(path: Path) -> list[dict[str, Any]]:
    """Return a log's JSON objects that have a step, in the order of steps; a line cut off by a crash is skipped."""
    found = []
    for line in _text(path).splitlines():
        try:
            value = parse_json(line)
        except ValueError:
            continue
        if isinstance(value, dict) and is_number(value.get("step")):
            found.append(value)
    return sorted(found, key=lambda value: float(value["step"]))


def _object(path: Path) -> dict[str, Any]:
    try:
        value = parse_json(_text(path))
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _text(path: Path) -> str:
    try:
        with open_regular(path) as file:
            return str(file.read(), "utf-8", "replace")
    except OSError:
        return ""


def _columns(lines: list[dict[str, Any]], left_out: set[str]) -> dict[str, list[tuple[float, float]]]:
    """Return each number of the lines, finite or not, as (step, value) by name."""
    columns: dict[str, list[tuple[float, float]]] = {}
    for line in lines:
        for name, value in line.items():
            if name not in left_out and (is_number(value) or isinstance(value, float)):
                columns.setdefault(name, []).append((float(line["step"]), float(value)))
    return columns


# ---- sections --------------------------------------------------------------------------------------------------------


def _figures(
    step: int, settings: Mapping[str, Any], metrics: list[dict[str, Any]], chosen: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Yield names and values of the run's progress, which the page shows in large figures."""
    steps, seconds = settings.get("steps"), metrics[-1].get("seconds") if metrics else None
    yield "step", f"{step:,}" + (f" of {steps:,}" if is_number(steps) else "")
    if is_number(seconds):
        yield "training time", _duration(float(seconds))
    if pace := _pace(metrics, settings):
        yield "images/s", f"{pace:,.0f}" if pace >= 10 else f"{pace:.2g}"
    if is_number(chosen.get("step")) and is_number(chosen.get("value")):
        yield f"best {chosen.get('measure', '')}", f"{chosen['value']:.4g} at step {chosen['step']:,}"


def _pace(metrics: list[dict[str, Any]], settings: Mapping[str, Any]) -> float:
    """Return the recent images per second, as logged or from the steps' own times; 0 where neither is there."""
    recent = metrics[-10:]
    logged = [line["pictures_per_second"] for line in recent if is_number(line.get("pictures_per_second"))]
    if logged:
        return float(sum(logged) / len(logged))
    timed, batch = [line for line in recent if is_number(line.get("seconds"))], settings.get("batch_size")
    if len(timed) < 2 or not isinstance(batch, int):
        return 0.0
    seconds = timed[-1]["seconds"] - timed[0]["seconds"]
    return float((timed[-1]["step"] - timed[0]["step"]) * batch / seconds) if seconds > 0 else 0.0


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


def _warning(line: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return kind, step and text of a warning."""
    kind = str(line.get("kind", "Warning"))
    return _KINDS.get(kind, kind), f"{line['step']:,}", str(line.get("text", ""))


def _curves(run: Path, metrics: list[dict[str, Any]], chosen: Mapping[str, Any]) -> Iterator[tuple[str, list[Markup]]]:
    """Yield title and charts of the losses and of the validation measures, with the best value marked."""
    measured = _lines(run / logs.VALIDATION)
    for title, lines, unit, best_one in (
        ("Losses", metrics, "loss", {}),
        ("Validation", measured, "on held-out images", chosen),
    ):
        groups = curves.group_by_size(_columns(lines, _NO_LOSSES))
        if groups:
            yield title, [Markup(curves.chart(group, unit, _mark(best_one, group))) for group in groups]


def _mark(chosen: Mapping[str, Any], group: Mapping[str, curves.Points]) -> tuple[float, float] | None:
    """Return (step, value) of the best checkpoint if the chart shows its measure."""
    if chosen.get("measure") in group and is_number(chosen.get("step")) and is_number(chosen.get("value")):
        return float(chosen["step"]), float(chosen["value"])
    return None


@dataclass(frozen=True)
class _Sheet:
    """A sample sheet: its step in words, the image, and its file's path relative to the page."""

    step: str
    image: html.Embedded
    link: str


def _timeline(run: Path) -> Iterator[_Sheet]:
    """Yield at most 12 of the sample sheets: the first, the last, and every 2nd, 4th, 8th ... in between.

    This choice stays the same while the run goes on, so that only new sheets are decoded for the next page.
    """
    found = sorted((run / logs.SAMPLES).glob("step-*.png"))
    stride = 1
    while len(found[:-1:stride]) >= MAX_SHEETS:
        stride *= 2
    for path in [*found[:-1:stride], *found[-1:]]:
        yield from _sheet(path)


def _sheet(path: Path) -> Iterator[_Sheet]:
    """Yield a sheet with its step, linked to the file; nothing if it cannot be read."""
    try:
        image = _embed(path, path.stat().st_mtime_ns)
    except (OSError, ValueError, SyntaxError):  # Pillow raises these for a damaged file
        return
    digits = path.stem.removeprefix("step-")
    yield _Sheet(f"{int(digits):,}" if digits.isdecimal() else digits, image, f"{logs.SAMPLES}/{path.name}")


@lru_cache(maxsize=2 * MAX_SHEETS)
def _embed(path: Path, written: int) -> html.Embedded:
    """Return a small sheet as it is, and a large one as a JPEG below 400 kB.

    ``written`` is the file's modification time, for the cache: a resumed run may draw a sheet again.
    """
    return html.embed_file(path.read_bytes(), MAX_SHEET_BYTES, sides=(720, 480, 320))
