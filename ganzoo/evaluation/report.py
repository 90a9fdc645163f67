"""An evaluation on one page: scores with their protocols, diagnoses, images and charts.

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
from ganzoo.contracts.metric import Diagnosis
from ganzoo.evaluation.samples.results import Evaluation, Example, ReportSamples
from ganzoo.image_io import tensors
from ganzoo.image_io.grids import grid
from ganzoo.reports import distributions, html

SHEET, SHEET_BYTES = 1024, 600_000  # a grid of images: its side in pixels at most, and its file's bytes
IMAGE_SIDES, IMAGE_BYTES = (320, 224, 128), 30_000  # the same of an image in an example
EXAMPLES, PAIRS = 12, 24  # at most: among the best and among the worst, and next to their nearest neighbors
HEADLINES = 4  # scores in large figures on top
_ARROWS = {"higher": "↑", "lower": "↓", "": ""}


def write(evaluation: Evaluation, path: Path) -> Path:
    """Write the page, whole or not at all, and return its path. Raises OutputError."""
    samples = evaluation.report_samples
    sections = [
        _head(evaluation),
        *_diagnoses(evaluation.diagnoses),
        *_scores(evaluation.scores),
        *_samples(samples),
        *_examples(f"Best translations, by {samples.ordered_by}", samples.best, EXAMPLES, "examples wide"),
        *_examples(f"Worst translations, by {samples.ordered_by}", samples.worst, EXAMPLES, "examples wide"),
        *_examples("Nearest neighbors", samples.neighbors, PAIRS, "examples"),
        *_charts(samples),
        *_notes(evaluation.notes),
    ]
    return html.write(path, f"{evaluation.model}: evaluation", sections)


def _head(evaluation: Evaluation) -> str:
    """Return what was evaluated on which data, and the first scores in large figures."""
    written = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    on = f"on {escape(evaluation.data)}, " if evaluation.data else ""
    cells = "".join(
        f"<div><dt>{escape(score.metric)}</dt><dd>{_value(score)}</dd></div>" for score in evaluation.scores[:HEADLINES]
    )
    title = f"<h1>{escape(evaluation.model)} <small>evaluation</small></h1>"
    return f'<header>{title}<p class="note">{on}as of {written}</p><dl>{cells}</dl></header>'


def _diagnoses(diagnoses: Sequence[Diagnosis]) -> Iterator[str]:
    """Yield failures in red, then all other diagnoses."""
    failures = [_diagnosis(one) for one in diagnoses if one.alarm]
    if failures:
        yield html.alarms("1 failure" if len(failures) == 1 else f"{len(failures)} failures", failures)
    others = "".join(f"<li>{_diagnosis(one)}</li>" for one in diagnoses if not one.alarm)
    if others:
        yield html.section("Diagnoses", f"<ul>{others}</ul>")


def _diagnosis(diagnosis: Diagnosis) -> str:
    return f"<b>{escape(diagnosis.name)}</b><br>{escape(diagnosis.text)}"


def _notes(notes: Sequence[str]) -> Iterator[str]:
    if notes:
        yield html.section("Notes", f"<ul>{''.join(f'<li>{escape(note)}</li>' for note in notes)}</ul>")


# ---- scores ----------------------------------------------------------------------------------------------------------


def _scores(scores: Sequence[Score]) -> Iterator[str]:
    """Yield the table: an upward arrow means that higher is better."""
    if scores:
        head = ("metric", "value", "interval", "how it was measured")
        yield html.section("Scores", html.table(head, (_row(score) for score in scores), "scores"))


def _row(score: Score) -> tuple[str, str, str, str]:
    bounds = "" if score.low is None or score.high is None else f"{score.low:.4g} to {score.high:.4g}"
    fields = html.pairs(dict(html.flatten(score.protocol.to_dict())))
    details = f"<details><summary>complete protocol</summary>{fields}</details>"
    interval = f"{bounds}<br><small>{escape(score.protocol.interval)}</small>" if bounds else ""
    return f"<b>{escape(score.metric)}</b>", _value(score), interval, f"{escape(str(score.protocol))}{details}"


def _value(score: Score) -> str:
    """Return the value to four digits, all of them in its title, and an arrow."""
    better = metric_direction.better(score.metric)
    arrow = f' <span class="arrow" title="{better} is better">{_ARROWS[better]}</span>' if better else ""
    return f'<span title="{score.value!r}">{score.value:.4g}</span>{arrow}'


# ---- images ----------------------------------------------------------------------------------------------------------


def _samples(samples: ReportSamples) -> Iterator[str]:
    """Yield a grid of the evaluated images, next to one of the real ones."""
    sides = (("evaluated", samples.samples), ("real", samples.real))
    grids = "".join(_grid(name, images) for name, images in sides if images)
    if grids:
        yield html.section("Samples", f'<div class="side-by-side">{grids}</div>')


def _grid(name: str, images: Sequence[Tensor]) -> str:
    columns = next(n for n in range(1, len(images) + 1) if n * n >= len(images))
    sheet = grid(_cells([_to_pil(one) for one in images], SHEET // columns), columns)
    embedded = html.embed(sheet, SHEET_BYTES, (SHEET + 2 * columns + 2, 800, 500))
    image = embedded.img(f"{len(images)} images, {name}", shown=480)
    return f"<figure>{image}<figcaption>{escape(name)}, {len(images)} images</figcaption></figure>"


def _cells(images: Sequence[Image.Image], side: int) -> list[Image.Image]:
    """Return the images within ``side`` pixels and of one size: smaller ones get a margin."""
    for image in images:
        image.thumbnail((side, side))
    size = max(one.width for one in images), max(one.height for one in images)
    return [ImageOps.pad(one, size) if one.size != size else one for one in images]


def _examples(heading: str, examples: Sequence[Example], most: int, kind: str) -> Iterator[str]:
    """Yield rows of images with a label under each, and a caption under each row."""
    if not examples:
        return
    rows = "".join(_example(one) for one in examples[:most])
    more = f'<p class="note">{most} of {len(examples)}</p>' if len(examples) > most else ""
    yield html.section(heading, f'<div class="{kind}">{rows}</div>{more}')


def _example(example: Example) -> str:
    cells = (
        f"<div>{_embed(image).img(label, shown=160)}<small>{escape(label)}</small></div>"
        for label, image in example.images.items()
    )
    caption = f"<figcaption>{escape(example.caption)}</figcaption>" if example.caption else ""
    return f'<figure><div class="row">{"".join(cells)}</div>{caption}</figure>'


def _embed(image: Tensor) -> html.Embedded:
    return html.embed(_to_pil(image), IMAGE_BYTES, IMAGE_SIDES)


def _to_pil(image: Tensor) -> Image.Image:
    """Return a uint8 (C, H, W) as an image."""
    return tensors.to_pil(tensors.to_tensor(image, channels=image.shape[0]))


# ---- charts ----------------------------------------------------------------------------------------------------------


def _charts(samples: ReportSamples) -> Iterator[str]:
    """Yield histograms, scatter plots and bars; a series has one color in all of them."""
    colors = _assign_colors(samples)
    for heading, charts in (
        ("Distributions", [distributions.histogram(s, title, colors) for title, s in samples.histograms.items()]),
        ("Features", [distributions.scatter(s, title, colors) for title, s in samples.scatters.items()]),
        ("Classes", [distributions.bars(s, title, colors) for title, s in samples.shares.items()]),
    ):
        if charts:
            yield html.section(heading, "".join(charts))


def _assign_colors(samples: ReportSamples) -> dict[str, int]:
    charts: list[Mapping[str, object]] = [
        *samples.scatters.values(),
        *samples.shares.values(),
        *samples.histograms.values(),
    ]
    names = dict.fromkeys(name for series in charts for name in series)
    return {name: k for k, name in enumerate(names)}
