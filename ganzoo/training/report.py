"""A run on one page: RUN/report.html, made only from the files in the run's folder.

The page needs no script, no network and no other file, so it can be opened from disk and shared.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any, TypeGuard

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
    folder = run.resolve().name
    name = str(settings.get("recipe", "training"))
    sections = [
        _head(f"{escape(name)} <small>{escape(folder)}</small>", settings, metrics, _object(run / best_step.FILE)),
        *_warnings(_lines(run / logs.WARNINGS)),
        *_curves(run, metrics),
        *_timeline(run),
        *html.facts("Settings", dict(html.flatten(settings))),
        *html.facts("Environment", dict(html.flatten(_object(run / environment.FILE)))),
    ]
    return html.write(run / FILE, f"{name}: {folder}", sections)


# ---- reading ---------------------------------------------------------------------------------------------------------


def _lines(path: Path) -> list[dict[str, Any]]:
    """Return a log's JSON objects that have a step, in the order of steps; a line cut off by a crash is skipped."""
    found = []
    for line in _text(path).splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict) and _is_number(value.get("step")):
            found.append(value)
    return sorted(found, key=lambda value: float(value["step"]))


def _object(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(_text(path))
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _text(path: Path) -> str:
    try:
        with open_regular(path) as file:
            return str(file.read(), "utf-8", "replace")
    except OSError:
        return ""


def _is_number(value: object) -> TypeGuard[float]:
    """Return whether a JSON value is a finite number; Python writes NaN and infinity into JSON too."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _columns(lines: list[dict[str, Any]], left_out: set[str]) -> dict[str, list[tuple[float, float]]]:
    """Return each number of the lines, finite or not, as (step, value) by name."""
    columns: dict[str, list[tuple[float, float]]] = {}
    for line in lines:
        for name, value in line.items():
            if name not in left_out and (_is_number(value) or isinstance(value, float)):
                columns.setdefault(name, []).append((float(line["step"]), float(value)))
    return columns


# ---- sections --------------------------------------------------------------------------------------------------------


def _head(title: str, settings: Mapping[str, Any], metrics: list[dict[str, Any]], chosen: Mapping[str, Any]) -> str:
    """Return the title and the run's progress."""
    last = metrics[-1] if metrics else {"step": 0}
    step, steps, seconds = last["step"], settings.get("steps"), last.get("seconds")
    facts = [("step", f"{step:,}" + (f" of {steps:,}" if _is_number(steps) else ""))]
    if _is_number(seconds):
        facts.append(("training time", _duration(float(seconds))))
    if pace := _pace(metrics, settings):
        facts.append(("images/s", f"{pace:,.0f}" if pace >= 10 else f"{pace:.2g}"))
    if _is_number(chosen.get("step")) and _is_number(chosen.get("value")):
        text = f"{chosen['value']:.4g} at step {chosen['step']:,}"
        facts.append((f"best {chosen.get('measure', '')}", text))
    cells = "".join(f"<div><dt>{escape(key)}</dt><dd>{escape(value)}</dd></div>" for key, value in facts)
    share = f'<progress max="{steps}" value="{step}"></progress>' if _is_number(steps) else ""
    written = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    return f'<header><h1>{title}</h1><p class="note">as of {written}</p>{share}<dl>{cells}</dl></header>'


def _pace(metrics: list[dict[str, Any]], settings: Mapping[str, Any]) -> float:
    """Return the recent images per second, as logged or from the steps' own times; 0 where neither is there."""
    recent = metrics[-10:]
    logged = [line["pictures_per_second"] for line in recent if _is_number(line.get("pictures_per_second"))]
    if logged:
        return float(sum(logged) / len(logged))
    timed, batch = [line for line in recent if _is_number(line.get("seconds"))], settings.get("batch_size")
    if len(timed) < 2 or not isinstance(batch, int):
        return 0.0
    seconds = timed[-1]["seconds"] - timed[0]["seconds"]
    return float((timed[-1]["step"] - timed[0]["step"]) * batch / seconds) if seconds > 0 else 0.0


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


def _warnings(lines: list[dict[str, Any]]) -> Iterator[str]:
    newest = lines[-MAX_WARNINGS:]
    if not newest:
        return
    items = (
        f"<b>{escape(_KINDS.get(str(line.get('kind')), str(line.get('kind', 'Warning'))))}</b> "
        f"<small>step {line['step']:,}</small><br>{escape(str(line.get('text', '')))}"
        for line in newest
    )
    more = f" The newest {len(newest)} of {len(lines)}:" if len(lines) > len(newest) else ""
    yield html.alarms("1 warning" if len(lines) == 1 else f"{len(lines)} warnings", items, more)


def _curves(run: Path, metrics: list[dict[str, Any]]) -> Iterator[str]:
    """Yield charts of the losses and of the validation measures, with the best value marked."""
    chosen = _object(run / best_step.FILE)
    measured = _lines(run / logs.VALIDATION)
    for title, lines, unit, best_one in (
        ("Losses", metrics, "loss", {}),
        ("Validation", measured, "on held-out images", chosen),
    ):
        groups = curves.group_by_size(_columns(lines, _NO_LOSSES))
        if groups:
            drawn = "".join(curves.chart(group, unit, _mark(best_one, group)) for group in groups)
            yield html.section(title, drawn)


def _mark(chosen: Mapping[str, Any], group: Mapping[str, curves.Points]) -> tuple[float, float] | None:
    """Return (step, value) of the best checkpoint if the chart shows its measure."""
    if chosen.get("measure") in group and _is_number(chosen.get("step")) and _is_number(chosen.get("value")):
        return float(chosen["step"]), float(chosen["value"])
    return None


def _timeline(run: Path) -> Iterator[str]:
    """Yield at most 12 of the sample sheets: the first, the last, and every 2nd, 4th, 8th ... in between.

    This choice stays the same while the run goes on, so that only new sheets are decoded for the next page.
    """
    found = sorted((run / logs.SAMPLES).glob("step-*.png"))
    stride = 1
    while len(found[:-1:stride]) >= MAX_SHEETS:
        stride *= 2
    figures = [figure for path in [*found[:-1:stride], *found[-1:]] for figure in _sheet(path)]
    if figures:
        yield html.section("Samples", f'<div class="sheets">{"".join(figures)}</div>')


def _sheet(path: Path) -> Iterator[str]:
    """Yield a sheet with its step, linked to the file; nothing if it cannot be read."""
    try:
        sheet = _embed(path, path.stat().st_mtime_ns)
    except (OSError, ValueError, SyntaxError):  # Pillow raises these for a damaged file
        return
    digits = path.stem.removeprefix("step-")
    step = f"{int(digits):,}" if digits.isdecimal() else digits
    image = sheet.img(f"samples at step {step}", shown=400)
    link = f'<a href="{logs.SAMPLES}/{escape(path.name)}">{image}</a>'
    yield f"<figure>{link}<figcaption>step {escape(step)}</figcaption></figure>"


@lru_cache(maxsize=2 * MAX_SHEETS)
def _embed(path: Path, written: int) -> html.Embedded:
    """Return a small sheet as it is, and a large one as a JPEG below 400 kB.

    ``written`` is the file's modification time, for the cache: a resumed run may draw a sheet again.
    """
    return html.embed_file(path.read_bytes(), MAX_SHEET_BYTES, sides=(720, 480, 320))
