"""An exhibit -> one picture, still or moving, in a WebP file."""

from __future__ import annotations

import io
import math
from pathlib import Path

from PIL import Image, ImageOps

from ganzoo.files.atomic import replacing
from ganzoo.gallery.gallery_items import GalleryItem

GAP = 4  # pixels between pictures, transparent
WIDTH = 960  # pixels that a sheet of small pictures is enlarged to, about
SMALL = 128  # pixels below which a picture is small: enlarged without blur, kept without loss
FRAME = 125  # milliseconds


def write(item: GalleryItem, path: Path) -> tuple[int, int]:
    """Write the sheet and return its (width, height). Raises OutputError."""
    frames = sheet(item)
    buffer = io.BytesIO()
    small = max(item.cells[0][0][0].size) < SMALL
    more = {"save_all": True, "append_images": frames[1:], "duration": FRAME, "loop": 0} if len(frames) > 1 else {}
    frames[0].save(buffer, "WEBP", lossless=small, quality=80 if small else 90, method=4, **more)
    with replacing(path) as temporary:
        temporary.write_bytes(buffer.getvalue())
    return frames[0].size


def sheet(item: GalleryItem) -> list[Image.Image]:
    """Return the frames of the sheet, one where nothing moves: cells of one size, smaller pictures in their middle."""
    cells = [cell for row in item.cells for cell in row]
    columns, count = len(item.cells[0]), max(len(cell) for cell in cells)
    width, height = (max(cell[0].size[axis] for cell in cells) for axis in (0, 1))
    times = max(1, round(WIDTH / (columns * width))) if max(width, height) < SMALL else 1
    size = (width * times, height * times)
    frames = []
    for number in range(count):
        shown = [_fitted(cell[number % len(cell)], times, size) for cell in cells]
        frames.append(_laid_out(shown, columns, size))
    return frames


def _fitted(picture: Image.Image, times: int, size: tuple[int, int]) -> Image.Image:
    scaled = picture.convert("RGBA").resize((picture.width * times, picture.height * times), Image.Resampling.NEAREST)
    return scaled if scaled.size == size else ImageOps.pad(scaled, size, color=(0, 0, 0, 0))


def _laid_out(pictures: list[Image.Image], columns: int, size: tuple[int, int]) -> Image.Image:
    rows = math.ceil(len(pictures) / columns)
    whole = (columns * (size[0] + GAP) - GAP, rows * (size[1] + GAP) - GAP)
    out = Image.new("RGBA", whole, (0, 0, 0, 0))
    for number, one in enumerate(pictures):
        row, column = divmod(number, columns)
        out.paste(one, (column * (size[0] + GAP), row * (size[1] + GAP)))
    return out
