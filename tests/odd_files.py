"""Five hundred unusual and malformed picture files, the same every time, and what is right to make of each.

`generate` writes them: those that must become pictures, with their pixels where these are known; those that must be
refused; and those of which either is right, as a photograph with a byte changed in its middle.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

Right = Literal["picture", "error", "either"]
PHOTO = Path(__file__).parents[1] / "examples" / "horses.jpg"


@dataclass(frozen=True)
class Odd:
    """One file: what it holds and what is right. ``pixels``: (H, W, C) where known, to ``tolerance``."""

    name: str
    data: bytes
    right: Right
    pixels: np.ndarray | None = None
    tolerance: int = 0

    @property
    def kind(self) -> str:
        return self.name.partition("/")[0]


def generate(folder: Path) -> Iterator[tuple[Path, Odd]]:
    """Write each file when it is asked for, in a folder of its kind."""
    import odd_damage
    import odd_kinds
    import odd_tags

    makers = [make for module in (odd_damage, odd_kinds, odd_tags) for make in module.MAKERS]
    for make in makers:
        for odd in make():
            path = folder / odd.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(odd.data)
            yield path, odd


def photo(width: int = 60, height: int = 44, mode: str = "RGB") -> Image.Image:
    with Image.open(PHOTO) as image:
        return image.convert("RGB").resize((width, height)).convert(mode)


def noise(*shape: int, top: int = 256) -> np.ndarray:
    return np.random.default_rng(7).integers(0, top, shape, np.uint8 if top <= 256 else np.uint16)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def array(image: Image.Image) -> np.ndarray:
    return np.asarray(image).reshape(image.height, image.width, -1)
