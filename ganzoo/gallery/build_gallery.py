"""The gallery: a folder with a page and a picture of every model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ganzoo.cards import registry
from ganzoo.cards.card import Card
from ganzoo.errors import GanzooError, MissingPackage, OptionError, OutputError, UnknownName
from ganzoo.gallery import examples, gallery_items, pages, sheets
from ganzoo.gallery.examples import ExampleInput
from ganzoo.image_io import decoding
from ganzoo.loading import load
from ganzoo.weights import weights_file

PAGE, PICTURES = "index.html", "pictures"


@dataclass(frozen=True)
class ShownModel:
    """What became of one model.

    picture   its file, None where there is none
    problem   why it has none, "" where its weights are not here
    missing   the same, where it needs a package that is not installed
    """

    card: Card
    picture: Path | None = None
    problem: str = ""
    missing: str = ""


def make(
    folder: str | Path,
    pattern: str = "*",
    *,
    task: str | None = None,
    inputs: Sequence[ExampleInput] = (),
    download: bool = False,
    seed: int = 0,
    on_progress: Callable[[ShownModel], None] = lambda shown: None,
) -> list[ShownModel]:
    """Write ``folder``/index.html with a picture of each model that matches ``pattern``; return what became of them.

    inputs     pictures to show models at work on, by name
    download   fetch weights that are on the Hub only; without it, their models are listed without a picture
    told       gets what became of each model, as soon as that is known
    Models run on the CPU in PyTorch, so that the same weights give the same pictures. One that cannot be run is on
    the page with the reason, and stops no other.
    Raises UnknownName where nothing matches, OptionError, ImageError or OutputError: before any work.
    """
    target = Path(folder)
    cards = registry.cards(pattern, task)
    if not cards:
        raise UnknownName(
            f"No model matches '{pattern}'{f' with task {task}' if task else ''}. `ganzoo list` shows all."
        )
    _check(cards, inputs, seed)
    _check_folder(target)
    found, placed = [], []
    for card in cards:
        shown, item = _show(card, target, inputs, download, seed)
        found.append(shown)
        placed.append(pages.Placed(card, item, shown.problem or shown.missing))
        on_progress(shown)
    pages.write(target / PAGE, placed)
    return found


def _show(
    card: Card, target: Path, inputs: Sequence[ExampleInput], download: bool, seed: int
) -> tuple[ShownModel, pages.GalleryImage | None]:
    """Write the picture of one model, where it can be made."""
    if not download and not weights_file.is_here(card):
        return ShownModel(card), None
    inside = Path(PICTURES, *f"{card.name}.webp".split("/"))
    try:
        model = load.load(card.name, "cpu", engine="torch")
        made = gallery_items.item(model, examples.find(card, inputs), seed)
    except MissingPackage as error:
        return ShownModel(card, missing=str(error)), None
    except GanzooError as error:
        return ShownModel(card, problem=str(error)), None
    size = sheets.write(made, target / inside)
    return ShownModel(card, target / inside), pages.GalleryImage(
        inside.as_posix(), *size, made.columns, made.rows, made.note
    )


def _check(cards: Sequence[Card], inputs: Sequence[ExampleInput], seed: int) -> None:
    if not 0 <= seed < 2**63:
        raise OptionError(f"seed={seed} is not right: it should be from 0 to 2**63 - 1.")
    for one in inputs:
        if not any(one.fits(card) for card in cards):
            raise OptionError(f"No model of this gallery matches '{one.pattern}', for which {one.path} is given.")
        decoding.read(one.path)


def _check_folder(target: Path) -> None:
    """Raise OutputError for a folder that holds something else: it would be mixed with the gallery, or written over."""
    if target.exists() and not target.is_dir():
        raise OutputError(f"Cannot write into {target}: it is a file. Name a folder.")
    if target.is_dir() and any(target.iterdir()) and not pages.is_ours(target / PAGE):
        raise OutputError(f"{target} holds other files than a gallery's. Name a new folder, as {target}/gallery.")
