"""The input images that a model is shown on.

In this order: images the user names for it; examples next to its weights; the photographs that come with ganzoo.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageDraw

from ganzoo import catalog
from ganzoo.cards.card import Card
from ganzoo.errors import GanzooError, OptionError
from ganzoo.inference.verification_samples import FOLDER as PHOTOGRAPHS
from ganzoo.weights import weights_file

ROLES = ("image", "style", "mask")
_SUFFIXES = "png|jpg|jpeg|webp"
_RASTER_SUFFIXES = "tif|ome.tif|npy|npz"


@dataclass(frozen=True)
class ExampleInput:
    """An image that the user names for the models whose names match ``pattern``; ``role`` is one of `ROLES`."""

    pattern: str
    role: str
    path: Path

    def matches(self, card: Card) -> bool:
        """Tell whether the image is meant for a model."""
        return fnmatch.fnmatchcase(card.name, self.pattern)


def parse_example(text: str) -> ExampleInput:
    """Parse "NAME=IMAGE", "NAME:style=IMAGE" or "NAME:mask=IMAGE". Raises OptionError for any other form."""
    name, equals, path = text.partition("=")
    pattern, colon, role = name.partition(":")
    role = role if colon else "image"
    if not (equals and pattern and path and role in ROLES):
        raise OptionError(
            f"'{text}' is not right. Write NAME=IMAGE, NAME:style=IMAGE or NAME:mask=IMAGE; "
            "NAME is a model's name or a pattern, such as 'cyclegan/*'."
        )
    return ExampleInput(pattern, role, Path(path))


def find(card: Card, inputs: Iterable[ExampleInput] = ()) -> dict[str, list[Path]]:
    """Return role -> files for a model. "image" has at least one file; "style" and "mask" may have none.

    The example for the weights "weights/variant.safetensors" is "weights/variant.example.jpg" (or .png, .webp);
    several are "variant.example-1.jpg" and so on. A style is "variant.style.jpg", a mask "variant.mask.png". Examples
    of a model without weights lie in the folder "weights" of the package that holds its code.
    """
    own = [example for example in inputs if example.matches(card)]
    files = {role: [one.path for one in own if one.role == role] or _next_to_weights(card, role) for role in ROLES}
    files["image"] = files["image"] or _photographs(card)
    return files


def _next_to_weights(card: Card, role: str) -> list[Path]:
    folder = _weights_folder(card)
    if folder is None or not folder.is_dir():
        return []
    variant, word = card.name.partition("/")[2], "example" if role == "image" else role
    suffixes = _RASTER_SUFFIXES if card.uses_rasters else _SUFFIXES
    name = re.compile(rf"{re.escape(variant)}\.{word}(-\d+)?\.({suffixes})")
    return sorted(path for path in folder.iterdir() if name.fullmatch(path.name))


def _weights_folder(card: Card) -> Path | None:
    """Return the folder of the weights in the model's package."""
    try:
        if path := weights_file.bundled(card):
            return path.parent
        spec = find_spec(catalog.origin(card.entry))
    except (GanzooError, ImportError, ValueError, LookupError):  # no plugin, or a folder's card, which no registry has
        return None
    locations = spec.submodule_search_locations if spec else None
    return Path(locations[0]) / "weights" if locations else None


def _photographs(card: Card) -> list[Path]:
    """Return bundled photographs; if the model's name or summary mentions their subject, such as horses, only those."""
    words = {word.rstrip("s") for word in re.findall(r"[a-z]+", f"{card.name} {card.summary}".lower())}
    paths = sorted(PHOTOGRAPHS.glob("*.jpg"))
    count = 3 if card.does.inputs or card.does.enlarges else 2  # with two columns, cells are larger: one row less
    return ([path for path in paths if path.stem.rstrip("s") in words] or paths)[:count]


def draw_mask(size: tuple[int, int], number: int) -> Image.Image:
    """Return a mask, white where the image is missing: a central rectangle for even numbers, else three strokes."""
    (width, height), mask = size, Image.new("L", size)
    draw = ImageDraw.Draw(mask)
    if number % 2 == 0:
        draw.rectangle((width * 3 // 8, height * 3 // 8, width * 5 // 8, height * 5 // 8), fill=255)
        return mask
    for y in (3, 5, 7):
        line = [(width * x // 10, height * (y + (x // 2) % 2) // 12) for x in (1, 3, 5, 7, 9)]
        draw.line(line, fill=255, width=max(2, min(size) // 24), joint="curve")
    return mask
