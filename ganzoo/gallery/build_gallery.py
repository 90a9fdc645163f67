"""The gallery: a folder with a page and an image of every model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ganzoo.cards import registry
from ganzoo.cards.card import Card
from ganzoo.errors import GanzooError, MissingPackage, OptionError, OutputError, UnknownName
from ganzoo.gallery import gallery_items, pages, sheets
from ganzoo.image_io import decoding, raster_files
from ganzoo.loading import example_inputs, load, notices
from ganzoo.loading.example_inputs import ExampleInput
from ganzoo.weights import weights_file

PAGE, IMAGES = "index.html", "pictures"


@dataclass(frozen=True)
class ModelResult:
    """What the gallery shows of one model.

    Attributes:
        card: the model's card.
        image: the image file, None if there is none.
        error: why there is no image; "" if the weights are not on this machine.
        missing_package: the same, if the model needs a package that is not installed.
    """

    card: Card
    image: Path | None = None
    error: str = ""
    missing_package: str = ""


def build_gallery(
    folder: str | Path,
    pattern: str = "*",
    *,
    task: str | None = None,
    inputs: Sequence[ExampleInput] = (),
    download: bool = False,
    seed: int = 0,
    on_progress: Callable[[ModelResult], None] = lambda result: None,
) -> list[ModelResult]:
    """Write ``folder``/index.html with an image of each model that matches ``pattern``.

    Models run on the CPU in PyTorch, so the same weights give the same images. A model that cannot be run is listed
    with the reason and does not stop the others.

    Args:
        folder: where to write; new, empty, or an earlier gallery.
        pattern: a pattern of model names.
        task: show only models for this task.
        inputs: example images, each for the models that match its pattern.
        download: download weights that are on the Hub only; otherwise their models are listed without an image.
        seed: of generated images.
        on_progress: called with the result of each model as soon as it is known.

    Returns:
        One result for each model.

    Raises:
        UnknownName, OptionError, ImageError, OutputError: before any work, where nothing matches, an argument is
            wrong, an example cannot be read, or the folder cannot be used.
    """
    target = Path(folder)
    cards = registry.cards(pattern, task)
    if not cards:
        raise UnknownName(
            f"No model matches '{pattern}'{f' with task {task}' if task else ''}. `ganzoo list` shows all."
        )
    _check_inputs(cards, inputs, seed)
    _check_folder(target)
    results, entries = [], []
    with notices.gather():
        for card in cards:
            result, image = _run_model(card, target, inputs, download, seed)
            results.append(result)
            entries.append(pages.PageEntry(card, image, result.error or result.missing_package))
            on_progress(result)
    pages.write(target / PAGE, entries)
    return results


def _run_model(
    card: Card, target: Path, inputs: Sequence[ExampleInput], download: bool, seed: int
) -> tuple[ModelResult, pages.GalleryImage | None]:
    """Write the image of one model if it can be run."""
    if not download and not weights_file.is_here(card):
        return ModelResult(card), None
    relative = Path(IMAGES, *f"{card.name}.webp".split("/"))
    try:
        model = load.load(card.name, "cpu", engine="torch")
        item = gallery_items.build_item(model, example_inputs.find(card, inputs), seed)
    except MissingPackage as error:
        return ModelResult(card, missing_package=str(error)), None
    except GanzooError as error:
        return ModelResult(card, error=str(error)), None
    size = sheets.write(item, target / relative)
    image = pages.GalleryImage(relative.as_posix(), *size, item.columns, item.rows, item.note)
    return ModelResult(card, target / relative), image


def _check_inputs(cards: Sequence[Card], inputs: Sequence[ExampleInput], seed: int) -> None:
    if not 0 <= seed < 2**63:
        raise OptionError(f"seed={seed} is not right: it should be from 0 to 2**63 - 1.")
    for example in inputs:
        if not any(example.matches(card) for card in cards):
            raise OptionError(
                f"No model in this gallery matches '{example.pattern}', the name given for {example.path}."
            )
        if any(example.matches(card) and card.uses_rasters for card in cards):
            raster_files.open_frames(example.path).close()
        else:
            decoding.read(example.path)


def _check_folder(target: Path) -> None:
    """Raise OutputError for a folder that holds other files, which a gallery would mix with or overwrite."""
    if target.exists() and not target.is_dir():
        raise OutputError(f"Cannot write into {target}: it is a file. Name a folder.")
    if target.is_dir() and any(target.iterdir()) and not pages.is_gallery(target / PAGE):
        raise OutputError(
            f"{target} holds files that are not a gallery's. Name a new folder, such as {target}/gallery."
        )
