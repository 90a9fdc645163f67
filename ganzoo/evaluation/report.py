"""An evaluation on one page: scores with their protocols, diagnoses, images and charts.

The page needs no script, no network and no other file, and stays below 8 MB.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup
from PIL import Image, ImageOps
from torch import Tensor

from ganzoo.cards import metric_direction
from ganzoo.cards.protocol import Score
from ganzoo.evaluation.samples.results import Evaluation, Example, ReportSamples
from ganzoo.image_io import tensors
from ganzoo.image_io.grids import grid
from ganzoo.reports import distributions, html

SHEET, SHEET_BYTES = 1024, 600_000  # a grid of images: its side in pixels at most, and its file's bytes
IMAGE_SIDES, IMAGE_BYTES = (320, 224, 128), 30_000  # the same of an image in an example
EXAMPLES, PAIRS = 12, 24  # at most: among the best and among the worst, and next to their nearest neighbors


def write(evaluation: Evaluation, path: Path) -> Path:
    """Write the page, whole or not at all, and return its path. Raises OutputError."""
    samples = evaluation.report_samples
    return html.write(
        path,
        "evaluation.html",
        title=f"{evaluation.model}: evaluation",
        model=evaluation.model,
        data=evaluation.data,
        written=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        scores=[_score(score) for score in evaluation.scores],
        baselines=evaluation.baselines,
        failures=[one for one in evaluation.diagnoses if one.alarm],
        diagnoses=[one for one in evaluation.diagnoses if not one.alarm],
        grids=list(_grids(samples)),
        ordered_by=samples.ordered_by,
        best=_examples(samples.best, EXAMPLES),
        worst=_examples(samples.worst, EXAMPLES),
        neighbors=_examples(samples.neighbors, PAIRS),
        charts=list(_charts(samples)),
        notes=evaluation.notes,
    )


def _score(score: Score) -> dict[str, Any]:
    """Return what the page shows of a score."""
    return {
        "score": score,
        "better": metric_direction.better(score.metric),
        "bounds": "" if score.bounds is None else "{:.4g} to {:.4g}".format(*score.bounds),
        "fields": list(html.flatten(score.protocol.to_dict())),
    }


# ---- images ----------------------------------------------------------------------------------------------------------


def _grids(samples: ReportSamples) -> Iterator[dict[str, Any]]:
    """Yield a grid of the evaluated images, and one of the real ones."""
    for name, images in (("evaluated", samples.samples), ("real", samples.real)):
        if images:
            columns = next(n for n in range(1, len(images) + 1) if n * n >= len(images))
            sheet = grid(_cells([_to_pil(one) for one in images], SHEET // columns), columns)
            embedded = html.embed(sheet, SHEET_BYTES, (SHEET + 2 * columns + 2, 800, 500))
            yield {"name": name, "count": len(images), "image": embedded}


def _cells(images: Sequence[Image.Image], side: int) -> list[Image.Image]:
    """Return the images within ``side`` pixels and of one size: smaller ones get a margin."""
    for image in images:
        image.thumbnail((side, side))
    size = max(one.width for one in images), max(one.height for one in images)
    return [ImageOps.pad(one, size) if one.size != size else one for one in images]


def _examples(examples: Sequence[Example], most: int) -> dict[str, Any] | None:
    """Return rows of images with a label for each and a caption for each row, and how many rows there are in all."""
    if not examples:
        return None
    shown = [
        {"images": [(label, _embed(image)) for label, image in one.images.items()], "caption": one.caption}
        for one in examples[:most]
    ]
    return {"shown": shown, "count": len(examples)}


def _embed(image: Tensor) -> html.Embedded:
    return html.embed(_to_pil(image), IMAGE_BYTES, IMAGE_SIDES)


def _to_pil(image: Tensor) -> Image.Image:
    """Return a uint8 (C, H, W) as an image."""
    return tensors.to_pil(tensors.to_tensor(image, channels=image.shape[0]))


# ---- charts ----------------------------------------------------------------------------------------------------------


def _charts(samples: ReportSamples) -> Iterator[tuple[str, list[Markup]]]:
    """Yield the heading and the charts of histograms, scatter plots and bars; a series has one color in all of them."""
    colors = _assign_colors(samples)
    for heading, charts in (
        ("Distributions", [distributions.histogram(s, title, colors) for title, s in samples.histograms.items()]),
        ("Features", [distributions.scatter(s, title, colors) for title, s in samples.scatters.items()]),
        ("Classes", [distributions.bars(s, title, colors) for title, s in samples.shares.items()]),
    ):
        if charts:
            yield heading, [Markup(chart) for chart in charts]


def _assign_colors(samples: ReportSamples) -> dict[str, int]:
    charts: list[Mapping[str, object]] = [
        *samples.scatters.values(),
        *samples.shares.values(),
        *samples.histograms.values(),
    ]
    names = dict.fromkeys(name for series in charts for name in series)
    return {name: k for k, name in enumerate(names)}
