"""A run on one page: RUN/report.html, out of the files in the run's folder and nothing else.

The page needs no script, no network and no other file, so it can be opened from disk, sent and kept.
"""

from __future__ import annotations

import base64
import io
import json
import math
import time
from collections.abc import Iterator, Mapping
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any, TypeGuard

from PIL import Image

from ganzoo.files import replacing
from ganzoo.training import best, charts, environment, record, settings

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
    metrics, asked = _lines(run / record.METRICS), _object(run / settings.FILE)
    folder = run.resolve().name
    name = str(asked.get("recipe", "training"))
    sections = [
        _head(f"{escape(name)} <small>{escape(folder)}</small>", asked, metrics, _object(run / best.FILE)),
        *_warnings(_lines(run / record.WARNINGS)),
        *_curves(run, metrics),
        *_timeline(run),
        *_table("Settings", dict(_flat(asked))),
        *_table("Environment", dict(_flat(_object(run / environment.FILE)))),
    ]
    page = _PAGE.format(title=escape(f"{name}: {folder}"), style=_STYLE, body="\n".join(sections))
    with replacing(run / FILE) as temporary:
        temporary.write_text(page, encoding="utf-8", errors="replace")  # names of files may hold any bytes
    return run / FILE


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
    items = "".join(
        f"<li><b>{escape(_KINDS.get(str(line.get('kind')), str(line.get('kind', 'Warning'))))}</b> "
        f"<small>step {line['step']:,}</small><br>{escape(str(line.get('text', '')))}</li>"
        for line in shown
    )
    more = f" The newest {len(shown)} of {len(lines)}:" if len(lines) > len(shown) else ""
    title = "1 warning" if len(lines) == 1 else f"{len(lines)} warnings"
    yield f'<section class="warnings" role="alert"><h2>{title}</h2>{more}<ul>{items}</ul></section>'


def _curves(run: Path, metrics: list[dict[str, Any]]) -> Iterator[str]:
    """Yield charts of the losses and of what was measured on held-out pictures, the best of it marked."""
    chosen = _object(run / best.FILE)
    measured = _lines(run / record.VALIDATION)
    for title, lines, unit, best_one in (
        ("Losses", metrics, "loss", {}),
        ("Validation", measured, "on held-out pictures", chosen),
    ):
        groups = charts.grouped(_columns(lines, _NO_LOSSES))
        if groups:
            drawn = "".join(charts.chart(group, unit, _mark(best_one, group)) for group in groups)
            yield f"<section><h2>{title}</h2>{drawn}</section>"


def _mark(chosen: Mapping[str, Any], group: Mapping[str, charts.Points]) -> tuple[float, float] | None:
    """Return (step, value) of the best checkpoint where the chart has its measure."""
    if chosen.get("measure") in group and _number(chosen.get("step")) and _number(chosen.get("value")):
        return float(chosen["step"]), float(chosen["value"])
    return None


def _timeline(run: Path) -> Iterator[str]:
    """Yield at most 12 of the sample sheets: the first, the last, and between them each 2nd, 4th, 8th ...

    So those shown stay the same while the run goes on, and only new ones are decoded for the next page.
    """
    found = sorted((run / record.SAMPLES).glob("step-*.png"))
    apart = 1
    while len(found[:-1:apart]) >= SHEETS:
        apart *= 2
    figures = [figure for path in [*found[:-1:apart], *found[-1:]] for figure in _sheet(path)]
    if figures:
        yield f'<section><h2>Samples</h2><div class="sheets">{"".join(figures)}</div></section>'


def _sheet(path: Path) -> Iterator[str]:
    """Yield a sheet with its step, linked to the file; nothing where it cannot be read."""
    try:
        kind, content, width = _small(path, path.stat().st_mtime_ns)
    except (OSError, ValueError, SyntaxError):  # as Pillow raises for a damaged file
        return
    digits = path.stem.removeprefix("step-")
    step = f"{int(digits):,}" if digits.isdecimal() else digits
    data = base64.b64encode(content).decode()
    pixels = ' class="pixels"' if width < 400 else ""
    yield (
        f'<figure><a href="{record.SAMPLES}/{escape(path.name)}"><img{pixels} alt="samples at step {escape(step)}" '
        f'src="data:image/{kind};base64,{data}"></a><figcaption>step {escape(step)}</figcaption></figure>'
    )


@lru_cache(maxsize=2 * SHEETS)
def _small(path: Path, written: int) -> tuple[str, bytes, int]:
    """Return a sheet's type, bytes and width: as it is where it is small, as a JPEG below 400 kB where it is not.

    ``written`` is when, for the cache: a resumed run may draw a sheet again.
    """
    content = path.read_bytes()
    with Image.open(io.BytesIO(content)) as sheet:
        if len(content) <= SHEET_BYTES // 4:
            sheet.load()  # a damaged file shows here
            return "png", content, sheet.width
        picture = sheet.convert("RGB")
    for side in (720, 480, 320):
        picture.thumbnail((side, 2 * side), Image.Resampling.BOX, reducing_gap=None)
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=85)
        if buffer.tell() <= SHEET_BYTES:
            break
    return "jpeg", buffer.getvalue(), picture.width


def _table(title: str, rows: Mapping[str, str]) -> Iterator[str]:
    if rows:
        cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows.items())
        yield f"<section><h2>{title}</h2><table>{cells}</table></section>"


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Yield each value with its name: "options.image_size"; empty ones are left out."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        elif value not in ("", None, []):
            shown = value if isinstance(value, str) else json.dumps(value)
            yield f"{before}{name}", shown


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2330; --dim: #667085; --line: #e4e7ec; --paper: #fff; --back: #f6f7f9;
  --alarm: #b42318; --alarm-back: #fef3f2; --c0: #2563eb; --c1: #e0682b; --c2: #16936a; --c3: #9b3fc4; --c4: #b58900;
  --c5: #0e8fa8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8ee; --dim: #98a2b3; --line: #30363f; --paper: #191c22;
  --back: #111318; --alarm: #ff8a7a; --alarm-back: #35191a; --c0: #6ea0ff; --c1: #ff9a5c; --c2: #45c596; --c3: #cf8bf0;
  --c4: #dcb43c; --c5: #4fc3d9; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1rem 4rem; max-width: 64rem; background: var(--back); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.7rem; } h1 small { color: var(--dim); font-weight: 400; font-size: 1.1rem; }
h2 { margin: 0 0 .75rem; font-size: 1.1rem; }
section { margin-top: 1.25rem; padding: 1.1rem 1.25rem; background: var(--paper); border: 1px solid var(--line);
  border-radius: 10px; }
.note, figcaption, dt { color: var(--dim); font-size: .85rem; margin: 0; }
progress { width: 100%; height: 6px; margin: .75rem 0 0; accent-color: var(--c0); }
dl { display: flex; flex-wrap: wrap; gap: .5rem 2.5rem; margin: .75rem 0 0; }
dd { margin: 0; font-size: 1.2rem; font-variant-numeric: tabular-nums; }
.warnings { background: var(--alarm-back); border: 1px solid var(--alarm); border-left-width: 6px; }
.warnings h2, .warnings b { color: var(--alarm); } .warnings ul { margin: 0; padding-left: 1.1rem; }
figure { margin: 0 0 1rem; } figure:last-child { margin-bottom: 0; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--dim); font: 12px system-ui, sans-serif; font-variant-numeric: tabular-nums; }
svg path { fill: none; } .grid { stroke: var(--line); } .axis { stroke: var(--dim); }
.raw { stroke-width: 1; opacity: .28; } .line { stroke-width: 2; stroke-linejoin: round; }
.dot, .best { fill: var(--paper); stroke-width: 2; } .best { stroke: var(--ink); }
.broken { stroke: var(--alarm); stroke-width: 2; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin-bottom: .4rem; } .legend b { color: var(--ink); }
.legend i { display: inline-block; width: .9rem; height: .2rem; margin-right: .4rem; vertical-align: middle; }
.sheets { display: grid; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: 1rem; }
.sheets figure { margin: 0; } .sheets img { display: block; width: 100%; border-radius: 4px; }
.pixels { image-rendering: pixelated; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { padding: .3rem .75rem .3rem 0; border-top: 1px solid var(--line); text-align: left; vertical-align: top;
  overflow-wrap: anywhere; }
th { width: 18rem; color: var(--dim); font-weight: 400; } tr:first-child > * { border-top: 0; }
"""
