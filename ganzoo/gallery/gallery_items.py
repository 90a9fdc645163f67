"""A model at work, as pictures in rows and columns: what they are, its task says."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from ganzoo.errors import OptionError
from ganzoo.image_io import pil_images, tensors
from ganzoo.loading.model import Model

Frames = list[Image.Image]  # one, or those of a clip
SIDE = 256  # pixels of a photograph
LARGEST = 512  # of an example's longer side
CLASSES, DOMAINS = 12, 4  # rows and columns at most of a model with labels


@dataclass(frozen=True)
class GalleryItem:
    """Pictures to be laid out: ``cells`` are rows of columns, each a picture or the frames of a clip.

    columns, rows   what stands above and beside them; () for nothing
    note            what a visitor should know of them
    """

    cells: list[list[Frames]]
    columns: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    note: str = ""


def item(model: Model, examples: dict[str, list[Path]], seed: int = 0) -> GalleryItem:
    """Return a model at work: on latents from ``seed``, or on ``examples`` (role -> files, one picture at least)."""
    task = model.card.does
    if task.source == "latents":
        return _by_class(model, seed) if "label" in task.inputs else _samples(model, seed)
    pictures = [_photograph(path, model.card.image_size, task.enlarges) for path in examples["picture"]]
    if task.enlarges:
        return _enlarged(model, pictures)
    ways: dict[tuple[str, ...], Callable[[], GalleryItem]] = {
        (): lambda: _translated(model, pictures),
        ("label",): lambda: _domains(model, pictures),
        ("mask",): lambda: _mended(model, pictures, examples["mask"]),
        ("style",): lambda: _styled(model, pictures, examples["style"]),
    }
    if task.inputs not in ways:
        raise OptionError(f"The gallery cannot show what takes {' and '.join(task.inputs)} beside a picture.")
    return ways[task.inputs]()


# ---- from latents ----------------------------------------------------------------------------------------------------


def _samples(model: Model, seed: int) -> GalleryItem:
    columns = _columns(model)
    count = columns * math.ceil(columns * 0.6)
    made = [_frames(one) for one in model.generate(count, seed)]
    return GalleryItem(
        [made[first : first + columns] for first in range(0, count, columns)], note=f"Not chosen: seed {seed}."
    )


def _by_class(model: Model, seed: int) -> GalleryItem:
    names = model.card.classes
    shown = names[:CLASSES]
    rows = [[_frames(one) for one in model.generate(_columns(model), seed, [name])] for name in range(len(shown))]
    some = f" {len(shown)} of {len(names)} classes." if len(shown) < len(names) else ""
    return GalleryItem(
        rows, rows=shown, note=f"A row a class, the same latents in each; not chosen: seed {seed}.{some}"
    )


def _columns(model: Model) -> int:
    if model.card.frames:
        return 6
    return min(10, max(4, 640 // max(1, model.card.image_size)))


def _frames(made: Any) -> Frames:
    return list(made) if isinstance(made, list) else [made]


# ---- from pictures ---------------------------------------------------------------------------------------------------


def _photograph(path: Path, image_size: int, whole: bool) -> Image.Image:
    """Return an example as a model is given it: of a photograph of ours a square, of others all of it.

    A model of less than 128 pixels is given its own size, unless it is to have the ``whole``.
    """
    picture = pil_images.from_decoded(tensors.as_decoded(path)).convert("RGB")
    if path.parent == images_folder():
        side = SIDE if whole or image_size >= 128 else image_size
        return _square(picture, side)
    picture.thumbnail((LARGEST, LARGEST))
    return picture


def images_folder() -> Path:
    from ganzoo.inference.verification_samples import FOLDER

    return FOLDER


def _square(picture: Image.Image, side: int) -> Image.Image:
    shorter = min(picture.size)
    left, top = (picture.width - shorter) // 2, (picture.height - shorter) // 2
    box = (left, top, left + shorter, top + shorter)
    return picture.resize((side, side), Image.Resampling.LANCZOS, box, reducing_gap=None)


def _translated(model: Model, pictures: Sequence[Image.Image]) -> GalleryItem:
    return GalleryItem([[[one], [model.translate(one)]] for one in pictures], ("before", "after"))


def _domains(model: Model, pictures: Sequence[Image.Image]) -> GalleryItem:
    names = model.card.classes[:DOMAINS]
    rows = [[[one], *([model.translate(one, label=n)] for n in range(len(names)))] for one in pictures]
    some = f"{len(names)} of {len(model.card.classes)} labels." if len(names) < len(model.card.classes) else ""
    return GalleryItem(rows, ("picture", *names), note=some)


def _mended(model: Model, pictures: Sequence[Image.Image], masks: Sequence[Path]) -> GalleryItem:
    rows = []
    for number, one in enumerate(pictures):
        given = (
            pil_images.from_decoded(tensors.as_decoded(masks[number % len(masks)]))
            if masks
            else _hole(one.size, number)
        )
        mask = given.convert("L").resize(one.size, Image.Resampling.NEAREST)
        seen = one.copy()
        seen.paste((255, 255, 255), mask=mask)
        rows.append([[seen], [model.translate(one, mask=mask)], [one]])
    return GalleryItem(rows, ("masked", "mended", "the original"))


def _hole(size: tuple[int, int], number: int) -> Image.Image:
    """Return a mask, white where something is missing: a rectangle in the middle, or in turn three strokes."""
    (width, height), mask = size, Image.new("L", size)
    draw = ImageDraw.Draw(mask)
    if number % 2 == 0:
        draw.rectangle((width * 3 // 8, height * 3 // 8, width * 5 // 8, height * 5 // 8), fill=255)
        return mask
    for down in (3, 5, 7):
        line = [(width * x // 10, height * (down + (x // 2) % 2) // 12) for x in (1, 3, 5, 7, 9)]
        draw.line(line, fill=255, width=max(2, min(size) // 24), joint="curve")
    return mask


def _styled(model: Model, pictures: Sequence[Image.Image], styles: Sequence[Path]) -> GalleryItem:
    """Each picture takes the next style; where there are none, the pictures lend theirs to one another."""
    lent = [pil_images.from_decoded(tensors.as_decoded(path)).convert("RGB") for path in styles]
    for one in lent:
        one.thumbnail((LARGEST, LARGEST))
    lent = lent or [*pictures[1:], pictures[0]]
    rows = []
    for number, one in enumerate(pictures):
        style = lent[number % len(lent)]
        rows.append([[one], [style], [model.translate(one, style=style)]])
    return GalleryItem(rows, ("content", "style", "result"))


def _enlarged(model: Model, pictures: Sequence[Image.Image]) -> GalleryItem:
    scale, rows = model.card.scale, []
    for one in pictures:
        small = one.resize((max(1, one.width // scale), max(1, one.height // scale)), Image.Resampling.BICUBIC)
        size = (small.width * scale, small.height * scale)
        ways = (Image.Resampling.NEAREST, Image.Resampling.BICUBIC)
        whole = one.resize(size, Image.Resampling.BICUBIC)
        rows.append([*([small.resize(size, way)] for way in ways), [model.translate(small)], [whole]])
    return GalleryItem(rows, ("the input", "bicubic", f"{scale} times", "the original"))
