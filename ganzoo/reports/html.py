"""Self-contained HTML pages: no script, no network, no other file, in light and dark colors.

The report of a run (`ganzoo.training.report`), that of an evaluation (`ganzoo.evaluation.report`) and the gallery
(`ganzoo.gallery.pages`), whose images are separate files, consist of these parts. A part is HTML text; every name that
comes from outside is escaped here.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from PIL import Image

from ganzoo.files.atomic import replacing


def write(path: Path, title: str, sections: Iterable[str], style: str = "") -> Path:
    """Write a page, whole or not at all, and return its path; ``style`` follows the common one. Raises OutputError."""
    page = _PAGE.format(title=escape(title), style=_STYLE + style, body="\n".join(sections))
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8", errors="replace")  # names of files may hold any bytes
    return path


def section(heading: str, body: str) -> str:
    """Return a section with a heading; ``body`` is HTML."""
    return f"<section><h2>{escape(heading)}</h2>{body}</section>"


def alarms(heading: str, items: Iterable[str], before: str = "") -> str:
    """Return a red section with a list of items, each HTML."""
    listed = "".join(f"<li>{item}</li>" for item in items)
    return f'<section class="warnings" role="alert"><h2>{escape(heading)}</h2>{before}<ul>{listed}</ul></section>'


# ---- tables ----------------------------------------------------------------------------------------------------------


def facts(heading: str, rows: Mapping[str, str]) -> Iterator[str]:
    """Yield a section with a table of names and values, or nothing if there are none."""
    if rows:
        yield section(heading, pairs(rows))


def pairs(rows: Mapping[str, str]) -> str:
    """Return a table of names and values."""
    cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows.items())
    return f"<table>{cells}</table>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], kind: str) -> str:
    """Return a table with column names; cells are HTML. ``kind`` is its CSS class."""
    names = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<table class="{kind}"><thead><tr>{names}</tr></thead><tbody>{lines}</tbody></table>'


def flatten(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Yield each value with its path, "options.image_size"; empty values are omitted."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{before}{name}.")
        elif value not in ("", None, []):
            yield f"{before}{name}", value if isinstance(value, str) else json.dumps(value)


# ---- images ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Embedded:
    """An image inside the page: its ``kind`` (png or jpeg), the bytes of its file, its width in pixels."""

    kind: str
    content: bytes
    width: int

    def img(self, alt: str, shown: int) -> str:
        """Return the image's tag. Images narrower than ``shown``, their width on a page, are enlarged without blur."""
        data = base64.b64encode(self.content).decode()
        pixels = ' class="pixels"' if self.width < shown else ""
        return f'<img{pixels} alt="{escape(alt)}" src="data:image/{self.kind};base64,{data}">'


def embed_file(content: bytes, most: int, sides: Sequence[int]) -> Embedded:
    """Return the PNG file ``content`` unchanged if it has at most a quarter of ``most`` bytes, else a JPEG as `embed`.

    Raises Pillow's errors for a damaged file: OSError, ValueError or SyntaxError.
    """
    with Image.open(io.BytesIO(content)) as image:
        if len(content) <= most // 4:
            image.load()  # raises for a damaged file
            return Embedded("png", content, image.width)
        return _to_jpeg(image.convert("RGB"), most, sides)


def embed(image: Image.Image, most: int, sides: Sequence[int]) -> Embedded:
    """Return a PNG if it has at most ``most`` bytes, else a JPEG of about that many bytes at most.

    The width of the JPEG is the first of ``sides`` that succeeds, else the last of them, and never above the image's.
    """
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    if buffer.tell() <= most:
        return Embedded("png", buffer.getvalue(), image.width)
    return _to_jpeg(image.convert("RGB"), most, sides)


def _to_jpeg(image: Image.Image, most: int, sides: Sequence[int]) -> Embedded:
    for side in sides:
        image.thumbnail((side, 2 * side), Image.Resampling.BOX, reducing_gap=None)
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=85)
        if buffer.tell() <= most:
            break
    return Embedded("jpeg", buffer.getvalue(), image.width)


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
h3 { margin: 1.25rem 0 .4rem; font-size: .95rem; } figure:first-child h3 { margin-top: 0; }
.steps { fill-opacity: .18; stroke-width: 1.5; stroke-linejoin: round; }
.median { stroke-width: 1.5; stroke-dasharray: 5 4; }
.dots { opacity: .38; }
section > ul { margin: 0; padding-left: 1.1rem; } li + li { margin-top: .5rem; }
.side-by-side, .examples { display: grid; gap: 1.25rem;
  grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); }
.examples { grid-template-columns: repeat(auto-fill, minmax(min(13rem, 100%), 1fr)); }
.examples.wide { grid-template-columns: repeat(auto-fill, minmax(min(26rem, 100%), 1fr)); }
.side-by-side figure, .examples figure { margin: 0; }
.side-by-side img, .row img { display: block; width: 100%; border-radius: 4px; }
.row { display: flex; gap: .4rem; align-items: flex-start; } .row div { flex: 1 1 0; min-width: 0; }
.row small { color: var(--dim); font-size: .78rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { padding: .3rem .75rem .3rem 0; border-top: 1px solid var(--line); text-align: left; vertical-align: top;
  overflow-wrap: anywhere; }
th { width: 18rem; color: var(--dim); font-weight: 400; } tr:first-child > * { border-top: 0; }
summary { color: var(--dim); cursor: pointer; } details th { width: 12rem; } .arrow { color: var(--dim); }
.scores > thead th { width: auto; } .scores > tbody > tr > td { border-top: 1px solid var(--line); }
.scores > tbody > tr > td:nth-child(-n+2) { white-space: nowrap; font-variant-numeric: tabular-nums; }
.scores > tbody > tr > td:nth-child(3) { min-width: 9rem; } .scores > tbody > tr > td:last-child { width: 55%; }
.scores small { color: var(--dim); }
@media (max-width: 44rem) { .scores > thead { display: none; } details th { width: 7rem; }
  .scores > tbody > tr { display: block; padding: .5rem 0; border-top: 1px solid var(--line); }
  .scores > tbody > tr > td, .scores > tbody > tr > td:last-child {
    display: block; width: auto; padding: 0; border: 0; }
  .scores > tbody > tr > td:empty { display: none; } .scores details td { display: table-cell; } }
"""
