"""The gallery's page: a card for each model, grouped by task. It needs no files other than its images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.cards import metric_direction
from ganzoo.cards.card import Card
from ganzoo.cards.licenses import allowed
from ganzoo.cards.protocol import Score
from ganzoo.catalog import tasks
from ganzoo.files.regular import open_regular
from ganzoo.reports import html
from ganzoo.version import __version__
from ganzoo.weights import readme

TITLE = "ganzoo gallery"
SCORES = 4  # shown on a card without a click


@dataclass(frozen=True)
class GalleryImage:
    """A sheet stored next to the page.

    Attributes:
        source: its path relative to the page.
        width, height: in pixels.
        columns, rows: headings above the columns and to the left of the rows.
        note: shown below it.
    """

    source: str
    width: int
    height: int
    columns: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class PageEntry:
    """A model on the page. Without an image, ``error`` says why; "" means that its weights are not on this machine."""

    card: Card
    image: GalleryImage | None = None
    error: str = ""


def write(path: Path, models: Sequence[PageEntry]) -> Path:
    """Write the page atomically and return its path. Raises OutputError."""
    by_task = {task: [_entry(one) for one in models if one.card.task == task] for task in tasks.names()}
    return html.write(
        path,
        "gallery.html",
        title=TITLE,
        count=len(models),
        version=__version__,
        shown=SCORES,
        tasks=[
            {"name": task, "title": _title(task), "entries": entries} for task, entries in by_task.items() if entries
        ],
    )


def is_gallery(path: Path) -> bool:
    """Return whether a file is a gallery's page."""
    try:
        with open_regular(path) as file:
            return f"<title>{TITLE}</title>".encode() in file.read(1000)
    except OSError:
        return False


def _title(task: str) -> str:
    words = task.replace("image-to-image", "image to image").replace("class-conditional", "class conditional")
    return words.replace("-", " ").capitalize()


# ---- a card ----------------------------------------------------------------------------------------------------------


def _entry(entry: PageEntry) -> dict[str, Any]:
    """Return what the page shows of a model."""
    card, image = entry.card, entry.image
    heads = (image.columns or image.rows) if image else ()
    return {
        "card": card,
        "image": image,
        "error": entry.error,
        "size": _size(card),
        "alt": f"Images by {card.name}" + (f": {', '.join(heads)}" if heads else ""),
        "task": _title(card.task),
        "chips": list(_chips(card)),
        "command": readme.command(card).split(" "),
        "scores": [_score(score) for score in card.scores],
        "protocols": _protocols(card.scores),
        "licenses": list(_licenses(card)),
        "facts": readme.facts(card),
    }


def _chips(card: Card) -> Iterator[str]:
    yield f"{card.size}" + (f", enlarges {card.scale} times" if card.scale > 1 else "")
    yield f"{card.parameters:,} parameters" if card.parameters else "no learned parameters"
    if card.weights:
        yield _size(card)
    yield card.entry.partition(":")[2] + (f", {card.paper}" if card.paper else "")
    if card.dataset:
        yield card.dataset.name + (f", {card.dataset.count:,} images" if card.dataset.count else "")


def _size(card: Card) -> str:
    return card.weights.size if card.weights else ""


def _licenses(card: Card) -> Iterator[tuple[str, str, str]]:
    """Yield what has a license, the license, and what it allows."""
    yield "Weights", card.license, allowed(card.license)
    if card.dataset:
        yield "Data", card.dataset.license, allowed(card.dataset.license)


def _protocols(scores: Sequence[Score]) -> list[tuple[str, str]]:
    """Return how scores were measured, once per group measured alike: their names, and the conditions."""
    groups: dict[str, list[Score]] = {}
    for score in scores:
        groups.setdefault(score.protocol.conditions, []).append(score)
    return [(", ".join(map(_describe, group)), conditions) for conditions, group in groups.items()]


def _describe(score: Score) -> str:
    return f"{score.metric} ({score.protocol.numbers})" if score.protocol.numbers else score.metric


def _score(score: Score) -> dict[str, Any]:
    return {
        "score": score,
        "better": metric_direction.better(score.metric),
        "bounds": "" if score.bounds is None else "{:.4g} to {:.4g}".format(*score.bounds),
    }
