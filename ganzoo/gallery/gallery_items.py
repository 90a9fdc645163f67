"""A model's output as images in rows and columns; what they show depends on its task."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from ganzoo.errors import OptionError
from ganzoo.image_io import pil_images, raster_files, tensors
from ganzoo.inference.verification_samples import FOLDER as PHOTOGRAPHS
from ganzoo.loading import example_inputs
from ganzoo.loading.model import Model
from ganzoo.rasters import composites

Frames = list[Image.Image]  # one image, or the frames of a clip
PHOTOGRAPH_SIZE = 256  # pixels, of a bundled photograph
EXAMPLE_SIZE = 512  # pixels, of the longer side of any other example
MAX_FRAMES = 3  # rows of a file with several images
MAX_CLASSES, MAX_DOMAINS = 12, 4  # rows and columns of a model with labels


@dataclass(frozen=True)
class GalleryItem:
    """Images on a grid.

    Attributes:
        cells: rows of columns; each cell is one image, or the frames of a clip.
        columns: headings above the columns; () for none.
        rows: headings to the left of the rows; () for none.
        note: what a visitor should know about them.
    """

    cells: list[list[Frames]]
    columns: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    note: str = ""


def build_item(model: Model, examples: dict[str, list[Path]], seed: int = 0) -> GalleryItem:
    """Run a model on latents from ``seed``, or on ``examples`` (role -> files, at least one image).

    Raises:
        OptionError: the gallery cannot show the model's task.
    """
    task = model.card.does
    if task.source == "latents":
        return _classes(model, seed) if "label" in task.inputs else _samples(model, seed)
    if model.card.uses_rasters:
        return _raster_translations(model, examples["image"])
    optimized = "steps" in model.card.options  # each image, for many seconds: one is enough
    shown = examples["image"][: 1 if optimized else None]
    images = [_load_example(path, model.card.image_size, task.enlarges) for path in shown]
    if task.enlarges:
        return _super_resolution(model, images)
    builders: dict[tuple[str, ...], Callable[[], GalleryItem]] = {
        (): lambda: _translations(model, images),
        ("label",): lambda: _domains(model, images),
        ("mask",): lambda: _inpaintings(model, images, examples["mask"]),
        ("style",): lambda: _style_transfers(model, images, examples["style"]),
    }
    if task.inputs not in builders:
        names = " and ".join(task.inputs)
        raise OptionError(f"The gallery cannot show models that take {names} in addition to an image.")
    return builders[task.inputs]()


# ---- from latents ----------------------------------------------------------------------------------------------------


def _samples(model: Model, seed: int) -> GalleryItem:
    columns = _count_columns(model)
    count = columns * math.ceil(columns * 0.6)
    cells = [_frames(one) for one in model.generate(count, seed)]
    rows = [cells[first : first + columns] for first in range(0, count, columns)]
    return GalleryItem(rows, note=f"Not cherry-picked: seed {seed}.")


def _classes(model: Model, seed: int) -> GalleryItem:
    """Return one row per class, each with the same latents."""
    names = model.card.classes
    first = names[:MAX_CLASSES]
    rows = [
        [_frames(one) for one in model.generate(_count_columns(model), seed, [label])] for label in range(len(first))
    ]
    note = f"One row per class, with the same latents in each. Not cherry-picked: seed {seed}."
    if len(first) < len(names):
        note += f" {len(first)} of {len(names)} classes."
    return GalleryItem(rows, rows=first, note=note)


def _count_columns(model: Model) -> int:
    if model.card.frames:
        return 6
    return min(10, max(4, 640 // max(1, model.card.sides[1])))


def _frames(generated: Any) -> Frames:
    return list(generated) if isinstance(generated, list) else [generated]


# ---- from images -----------------------------------------------------------------------------------------------------


def _load_example(path: Path, image_size: int, enlarges: bool) -> Image.Image:
    """Return an example as the model's input: a square of a bundled photograph, the whole of any other image.

    A model trained on less than 128 pixels gets a photograph of its own size, unless it ``enlarges``.
    """
    image = _read(path).convert("RGB")
    if path.parent == PHOTOGRAPHS:
        return _center_square(image, PHOTOGRAPH_SIZE if enlarges or image_size >= 128 else image_size)
    image.thumbnail((EXAMPLE_SIZE, EXAMPLE_SIZE))
    return image


def _read(path: Path) -> Image.Image:
    return pil_images.from_decoded(tensors.as_decoded(path))


def _center_square(image: Image.Image, side: int) -> Image.Image:
    shorter = min(image.size)
    left, top = (image.width - shorter) // 2, (image.height - shorter) // 2
    box = (left, top, left + shorter, top + shorter)
    return image.resize((side, side), Image.Resampling.LANCZOS, box, reducing_gap=None)


def _translations(model: Model, images: Sequence[Image.Image]) -> GalleryItem:
    return GalleryItem([[[image], [model.translate(image)]] for image in images], ("before", "after"))


def _raster_translations(model: Model, paths: Sequence[Path]) -> GalleryItem:
    """Return composites of images whose channels have units, and of their translations."""
    if model.card.does.inputs:
        raise OptionError(f"The gallery cannot show models in units that take {' and '.join(model.card.does.inputs)}.")
    rows: list[list[Frames]] = []
    captions: tuple[str, str] = ("", "")
    for path in paths:
        if path.parent == PHOTOGRAPHS:
            raise OptionError(
                f"{model.card.name} takes images whose channels have units, not photographs. Name one: "
                f"--input '{model.card.name}=image.tif'."
            )
        with raster_files.open_frames(path) as frames:
            for number in range(min(len(frames), MAX_FRAMES)):
                output = model.translate_raster(frames[number])
                rows.append([[composites.to_pil(frames[number])], [composites.to_pil(output)]])
                captions = composites.describe(frames[number]), composites.describe(output)
    return GalleryItem(rows, ("before", "after"), note=f"Before: {captions[0]}. After: {captions[1]}.")


def _domains(model: Model, images: Sequence[Image.Image]) -> GalleryItem:
    names, count = model.card.classes[:MAX_DOMAINS], len(model.card.classes)
    rows = [[[image], *([model.translate(image, label=n)] for n in range(len(names)))] for image in images]
    note = f"{len(names)} of {count} labels." if len(names) < count else ""
    return GalleryItem(rows, ("input", *names), note=note)


def _inpaintings(model: Model, images: Sequence[Image.Image], masks: Sequence[Path]) -> GalleryItem:
    rows = []
    for number, image in enumerate(images):
        mask = _read(masks[number % len(masks)]) if masks else example_inputs.draw_mask(image.size, number)
        mask = mask.convert("L").resize(image.size, Image.Resampling.NEAREST)
        masked = image.copy()
        masked.paste((255, 255, 255), mask=mask)
        rows.append([[masked], [model.translate(image, mask=mask)], [image]])
    return GalleryItem(rows, ("masked", "inpainted", "original"))


def _style_transfers(model: Model, images: Sequence[Image.Image], style_files: Sequence[Path]) -> GalleryItem:
    """Each image takes the next style; without styles, each takes the style of the next image."""
    styles = [_read(path).convert("RGB") for path in style_files]
    for style in styles:
        style.thumbnail((EXAMPLE_SIZE, EXAMPLE_SIZE))
    styles = styles or [*images[1:], images[0]]
    rows = []
    for number, image in enumerate(images):
        style = styles[number % len(styles)]
        rows.append([[image], [style], [model.translate(image, style=style)]])
    return GalleryItem(rows, ("content", "style", "result"))


def _super_resolution(model: Model, images: Sequence[Image.Image]) -> GalleryItem:
    scale, rows = model.card.scale, []
    for image in images:
        small = image.resize((max(1, image.width // scale), max(1, image.height // scale)), Image.Resampling.BICUBIC)
        size = (small.width * scale, small.height * scale)
        nearest, bicubic = (small.resize(size, way) for way in (Image.Resampling.NEAREST, Image.Resampling.BICUBIC))
        original = image.resize(size, Image.Resampling.BICUBIC)
        rows.append([[nearest], [bicubic], [model.translate(small)], [original]])
    return GalleryItem(rows, ("input", "bicubic", f"{scale}x", "original"))
