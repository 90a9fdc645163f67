"""A run on one page: RUN/report.html, out of the files in the run's folder and nothing else.

The page needs no script, no network and no other file, so it can be opened from disk, sent and kept.
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

from ganzoo.reports import curves, html
from ganzoo.training import best_step, environment, logs, settings

FILE = "report.html"
SHEETS = 12  # at most, in the page's timeline
SHEET_BYTES = 400_000  # at most, so that the page stays below 8 MB
WARNINGS = 20  # at most; the newest
_NO_LOSSES = {"step", "seconds", "pictures_per_second"}  # of what the lines of metrics.jsonl hold
_KINDS = {"vanished": "Vanished loss", "collapse": "Collapse", "nan": "Not a number"}


def write(run: Path) -> Path:
    """Write RUN/report.html, whole or not at all, and return its path.

    Whatever is missing in the run's folder, or cannot be read, is left out. Raises OutputError.
    """
    metrics, asked = _lines(run / logs.METRICS), _object(run / settings.FILE)
    folder = run.resolve().name
    name = str(asked.get("recipe", "training"))
    sections = [
        _head(f"{escape(name)} <small>{escape(folder)}</small>", asked, metrics, _object(run / best_step.FILE)),
        *_warnings(_lines(run / logs.WARNINGS)),
        *_curves(run, metrics),
        *_timeline(run),
        *html.facts("Settings", dict(html.flat(asked))),
        *html.facts("Environment", dict(html.flat(_object(run / environment.FILE)))),
    ]
    return html.write(run / FILE, f"{name}: {folder}", sections)


# ---- reading ---------------------------------------------------------------------------------------------------------


def _lines(path: Path) -> list[dict[str, Any]]:
    """Return the JSON objects with a step in a log, by rising step; a line cut off by a crash is none."""
    found = []
    for line in _text(path).splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict) and _number(value.get("step")):
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
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _number(value: object) -> TypeGuard[float]:
    """Tell numbers from text, lists and switches; NaN and infinity, which Python writes into JSON, are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _columns(lines: list[dict[str, Any]], left_out: set[str]) -> dict[str, list[tuple[float, float]]]:
    """Return each number of the lines, finite or not, as (step, value), by name."""
    columns: dict[str, list[tuple[float, float]]] = {}
    for line in lines:
        for name, value in line.items():
            if name not in left_out and (_number(value) or isinstance(value, float)):
                columns.setdefault(name, []).append((float(line["step"]), float(value)))
    return columns


# ---- sections --------------------------------------------------------------------------------------------------------


def _head(title: str, asked: Mapping[str, Any], metrics: list[dict[str, Any]], chosen: Mapping[str, Any]) -> str:
    """Return the title, and how far the run is."""
    last = metrics[-1] if metrics else {"step": 0}
    step, steps, seconds = last["step"], asked.get("steps"), last.get("seconds")
    facts = [("step", f"{step:,}" + (f" of {steps:,}" if _number(steps) else ""))]
    if _number(seconds):
        facts.append(("training time", _duration(float(seconds))))
    if pace := _pace(metrics, asked):
        facts.append(("pictures/s", f"{pace:,.0f}" if pace >= 10 else f"{pace:.2g}"))
    if _number(chosen.get("step")) and _number(chosen.get("value")):
        text = f"{chosen['value']:.4g} at step {chosen['step']:,}"
        facts.append((f"best {chosen.get('measure', '')}", text))
    cells = "".join(f"<div><dt>{escape(key)}</dt><dd>{escape(value)}</dd></div>" for key, value in facts)
    share = f'<progress max="{steps}" value="{step}"></progress>' if _number(steps) else ""
    written = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    return f'<header><h1>{title}</h1><p class="note">as of {written}</p>{share}<dl>{cells}</dl></header>'


def _pace(metrics: list[dict[str, Any]], asked: Mapping[str, Any]) -> float:
    """Return pictures per second of late, as logged or by the steps' own seconds; 0 where neither is there."""
    recent = metrics[-10:]
    logged = [line["pictures_per_second"] for line in recent if _number(line.get("pictures_per_second"))]
    if logged:
        return float(sum(logged) / len(logged))
    timed, batch = [line for line in recent if _number(line.get("seconds"))], asked.get("batch_size")
    if len(timed) < 2 or not isinstance(batch, int):
        return 0.0
    seconds = timed[-1]["seconds"] - timed[0]["seconds"]
    return float((timed[-1]["step"] - timed[0]["step"]) * batch / seconds) if seconds > 0 else 0.0


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


def _warnings(lines: list[dict[str, Any]]) -> Iterator[str]:
    shown = lines[-WARNINGS:]
    if not shown:
        return
    items = (
        f"<b>{escape(_KINDS.get(str(line.get('kind')), str(line.get('kind', 'Warning'))))}</b> "
        f"<small>step {line['step']:,}</small><br>{escape(str(line.get('text', '')))}"
        for line in shown
    )
    more = f" The newest {len(shown)} of {len(lines)}:" if len(lines) > len(shown) else ""
    yield html.alarms("1 warning" if len(lines) == 1 else f"{len(lines)} warnings", items, more)


def _curves(run: Path, metrics: list[dict[str, Any]]) -> Iterator[str]:
    """Yield charts of the losses and of what was measured on held-out pictures, the best of it marked."""
    chosen = _object(run / best_step.FILE)
    measured = _lines(run / logs.VALIDATION)
    for title, lines, unit, best_one in (
        ("Losses", metrics, "loss", {}),
        ("Validation", measured, "on held-out pictures", chosen),
    ):
        groups = curves.grouped(_columns(lines, _NO_LOSSES))
        if groups:
            drawn = "".join(curves.chart(group, unit, _mark(best_one, group)) for group in groups)
            yield html.section(title, drawn)


def _mark(chosen: Mapping[str, Any], group: Mapping[str, curves.Points]) -> tuple[float, float] | None:
    """Return (step, value) of the best checkpoint where the chart has its measure."""
    if chosen.get("measure") in group and _number(chosen.get("step")) and _number(chosen.get("value")):
        return float(chosen["step"]), float(chosen["value"])
    return None


def _timeline(run: Path) -> Iterator[str]:
    """Yield at most 12 of the sample sheets: the first, the last, and between them each 2nd, 4th, 8th ...

    So those shown stay the same while the run goes on, and only new ones are decoded for the next page.
    """
    found = sorted((run / logs.SAMPLES).glob("step-*.png"))
    apart = 1
    while len(found[:-1:apart]) >= SHEETS:
        apart *= 2
    figures = [figure for path in [*found[:-1:apart], *found[-1:]] for figure in _sheet(path)]
    if figures:
        yield html.section("Samples", f'<div class="sheets">{"".join(figures)}</div>')


def _sheet(path: Path) -> Iterator[str]:
    """Yield a sheet with its step, linked to the file; nothing where it cannot be read."""
    try:
        sheet = _small(path, path.stat().st_mtime_ns)
    except (OSError, ValueError, SyntaxError):  # as Pillow raises for a damaged file
        return
    digits = path.stem.removeprefix("step-")
    step = f"{int(digits):,}" if digits.isdecimal() else digits
    picture = sheet.img(f"samples at step {step}", shown=400)
    link = f'<a href="{logs.SAMPLES}/{escape(path.name)}">{picture}</a>'
    yield f"<figure>{link}<figcaption>step {escape(step)}</figcaption></figure>"


@lru_cache(maxsize=2 * SHEETS)
def _small(path: Path, written: int) -> html.Embedded:
    """Return a sheet as it is where it is small, as a JPEG below 400 kB where it is not.

    ``written`` is when, for the cache: a resumed run may draw a sheet again.
    """
    return html.embed_file(path.read_bytes(), SHEET_BYTES, sides=(720, 480, 320))
