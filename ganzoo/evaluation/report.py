"""An evaluation on one page: scores with their protocols, findings, pictures and charts.

The page needs no script, no network and no other file, and stays below 8 MB.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from PIL import Image, ImageOps
from torch import Tensor

from ganzoo.cards import metric_direction
from ganzoo.cards.protocol import Score
from ganzoo.evaluation.results import Diagnosis, Evaluation, Example, ReportSamples
from ganzoo.image_io import tensors
from ganzoo.image_io.grids import grid
from ganzoo.reports import distributions, html

SHEET, SHEET_BYTES = 1024, 600_000  # a grid of pictures: its side in pixels at most, and its file's bytes
PICTURE_SIDES, PICTURE_BYTES = (320, 224, 128), 30_000  # the same of a picture in an example
EXAMPLES, PAIRS = 12, 24  # at most: among the best and among the worst, and beside their nearest neighbors
HEADLINES = 4  # scores that stand in large figures on top
_ARROWS = {"higher": "↑", "lower": "↓", "": ""}


def write(evaluation: Evaluation, path: Path) -> Path:
    """Write the page, whole or not at all, and return its path. Raises OutputError."""
    shown = evaluation.report_samples
    sections = [
        _head(evaluation),
        *_diagnoses(evaluation.diagnoses),
        *_scores(evaluation.scores),
        *_samples(shown),
        *_examples(f"Best translations, by {shown.ordered_by}", shown.best, EXAMPLES, "examples wide"),
        *_examples(f"Worst translations, by {shown.ordered_by}", shown.worst, EXAMPLES, "examples wide"),
        *_examples("Nearest neighbors", shown.neighbors, PAIRS, "examples"),
        *_charts(shown),
        *_notes(evaluation.notes),
    ]
    return html.write(path, f"{evaluation.model}: evaluation", sections)


def _head(evaluation: Evaluation) -> str:
    """Return what was judged by what, and the first scores in large figures."""
    written = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    by = f"judged by {escape(evaluation.data)}, " if evaluation.data else ""
    cells = "".join(
        f"<div><dt>{escape(score.metric)}</dt><dd>{_value(score)}</dd></div>" for score in evaluation.scores[:HEADLINES]
    )
    title = f"<h1>{escape(evaluation.model)} <small>evaluation</small></h1>"
    return f'<header>{title}<p class="note">{by}as of {written}</p><dl>{cells}</dl></header>'


def _diagnoses(diagnoses: Sequence[Diagnosis]) -> Iterator[str]:
    """Yield failures in red, then what else was seen."""
    failures = [_diagnosis(one) for one in diagnoses if one.alarm]
    if failures:
        yield html.alarms("1 failure" if len(failures) == 1 else f"{len(failures)} failures", failures)
    others = "".join(f"<li>{_diagnosis(one)}</li>" for one in diagnoses if not one.alarm)
    if others:
        yield html.section("Findings", f"<ul>{others}</ul>")


def _diagnosis(diagnosis: Diagnosis) -> str:
    return f"<b>{escape(diagnosis.name)}</b><br>{escape(diagnosis.text)}"


def _notes(notes: Sequence[str]) -> Iterator[str]:
    if notes:
        yield html.section("Notes", f"<ul>{''.join(f'<li>{escape(note)}</li>' for note in notes)}</ul>")


# ---- scores ----------------------------------------------------------------------------------------------------------


def _scores(scores: Sequence[Score]) -> Iterator[str]:
    """Yield the table: an arrow upwards says that higher is better."""
    if scores:
        head = ("metric", "value", "interval", "how it was measured")
        yield html.section("Scores", html.table(head, (_row(score) for score in scores), "scores"))


def _row(score: Score) -> tuple[str, str, str, str]:
    bounds = "" if score.low is None or score.high is None else f"{score.low:.4g} to {score.high:.4g}"
    fields = html.pairs(dict(html.flat(score.protocol.to_dict())))
    details = f"<details><summary>complete protocol</summary>{fields}</details>"
    interval = f"{bounds}<br><small>{escape(score.protocol.interval)}</small>" if bounds else ""
    return f"<b>{escape(score.metric)}</b>", _value(score), interval, f"{escape(str(score.protocol))}{details}"


def _value(score: Score) -> str:
    """Return the value to four digits, all of them in its title, and an arrow."""
    way = metric_direction.better(score.metric)
    arrow = f' <span class="arrow" title="{way} is better">{_ARROWS[way]}</span>' if way else ""
    return f'<span title="{score.value!r}">{score.value:.4g}</span>{arrow}'


# ---- pictures --------------------------------------------------------------------------------------------------------


def _samples(shown: ReportSamples) -> Iterator[str]:
    """Yield the judged pictures as a grid beside that of the real ones."""
    sides = (("evaluated", shown.samples), ("real", shown.real))
    grids = "".join(_grid(name, pictures) for name, pictures in sides if pictures)
    if grids:
        yield html.section("Samples", f'<div class="beside">{grids}</div>')


def _grid(name: str, pictures: Sequence[Tensor]) -> str:
    columns = next(n for n in range(1, len(pictures) + 1) if n * n >= len(pictures))
    sheet = grid(_cells([_pil(one) for one in pictures], SHEET // columns), columns)
    embedded = html.embed(sheet, SHEET_BYTES, (SHEET + 2 * columns + 2, 800, 500))
    picture = embedded.img(f"{len(pictures)} pictures, {name}", shown=480)
    return f"<figure>{picture}<figcaption>{escape(name)}, {len(pictures)} pictures</figcaption></figure>"


def _cells(pictures: Sequence[Image.Image], side: int) -> list[Image.Image]:
    """Return the pictures within ``side`` pixels and of one size: smaller ones have a margin."""
    for picture in pictures:
        picture.thumbnail((side, side))
    size = max(one.width for one in pictures), max(one.height for one in pictures)
    return [ImageOps.pad(one, size) if one.size != size else one for one in pictures]


def _examples(heading: str, examples: Sequence[Example], most: int, kind: str) -> Iterator[str]:
    """Yield rows of pictures with a label under each, and a caption under each row."""
    if not examples:
        return
    rows = "".join(_example(one) for one in examples[:most])
    more = f'<p class="note">{most} of {len(examples)}</p>' if len(examples) > most else ""
    yield html.section(heading, f'<div class="{kind}">{rows}</div>{more}')


def _example(example: Example) -> str:
    cells = (
        f"<div>{_embedded(picture).img(label, shown=160)}<small>{escape(label)}</small></div>"
        for label, picture in example.pictures.items()
    )
    caption = f"<figcaption>{escape(example.caption)}</figcaption>" if example.caption else ""
    return f'<figure><div class="row">{"".join(cells)}</div>{caption}</figure>'


def _embedded(picture: Tensor) -> html.Embedded:
    return html.embed(_pil(picture), PICTURE_BYTES, PICTURE_SIDES)


def _pil(picture: Tensor) -> Image.Image:
    """Return a uint8 (C, H, W) as an image."""
    return tensors.to_pil(tensors.to_tensor(picture, channels=picture.shape[0]))


# ---- charts ----------------------------------------------------------------------------------------------------------


def _charts(shown: ReportSamples) -> Iterator[str]:
    """Yield histograms, scatter plots and bars; a series has one color in all of them."""
    colors = _colors(shown)
    for heading, drawn in (
        ("Distributions", [distributions.histogram(s, title, colors) for title, s in shown.histograms.items()]),
        ("Features", [distributions.scatter(s, title, colors) for title, s in shown.scatters.items()]),
        ("Classes", [distributions.bars(s, title, colors) for title, s in shown.shares.items()]),
    ):
        if drawn:
            yield html.section(heading, "".join(drawn))


def _colors(shown: ReportSamples) -> dict[str, int]:
    charts: list[Mapping[str, object]] = [*shown.scatters.values(), *shown.shares.values(), *shown.histograms.values()]
    names = dict.fromkeys(name for series in charts for name in series)
    return {name: k for k, name in enumerate(names)}
