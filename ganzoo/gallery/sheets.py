"""A gallery item as one image, still or moving, in a WebP file."""

from __future__ import annotations

import io
import math
from pathlib import Path

from PIL import Image, ImageOps

from ganzoo.files.atomic import replacing
from ganzoo.gallery.gallery_items import GalleryItem

GAP = 4  # pixels between images, transparent
WIDTH = 960  # approximate width in pixels to which a sheet of small images is enlarged
SMALL = 128  # images below this many pixels are enlarged without blur and saved losslessly
FRAME_DURATION = 125  # milliseconds


def write(item: GalleryItem, path: Path) -> tuple[int, int]:
    """Write the sheet and return its (width, height). Raises OutputError."""
    frames = render(item)
    buffer = io.BytesIO()
    small = max(item.cells[0][0][0].size) < SMALL
    animation = {"save_all": True, "append_images": frames[1:], "duration": FRAME_DURATION, "loop": 0}
    options = animation if len(frames) > 1 else {}
    frames[0].save(buffer, "WEBP", lossless=small, quality=80 if small else 90, method=4, **options)
    with replacing(path) as temporary:
        temporary.write_bytes(buffer.getvalue())
    return frames[0].size


def render(item: GalleryItem) -> list[Image.Image]:
    """Return the frames of the sheet, one if nothing moves. Cells have one size; smaller images are centered."""
    cells = [cell for row in item.cells for cell in row]
    columns, count = len(item.cells[0]), max(len(cell) for cell in cells)
    width, height = (max(cell[0].size[axis] for cell in cells) for axis in (0, 1))
    factor = max(1, round(WIDTH / (columns * width))) if max(width, height) < SMALL else 1
    size = (width * factor, height * factor)
    frames = []
    for number in range(count):
        images = [_fit(cell[number % len(cell)], factor, size) for cell in cells]
        frames.append(_arrange(images, columns, size))
    return frames


def _fit(image: Image.Image, factor: int, size: tuple[int, int]) -> Image.Image:
    scaled = image.convert("RGBA").resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    return scaled if scaled.size == size else ImageOps.pad(scaled, size, color=(0, 0, 0, 0))


def _arrange(images: list[Image.Image], columns: int, size: tuple[int, int]) -> Image.Image:
    rows = math.ceil(len(images) / columns)
    sheet = Image.new("RGBA", (columns * (size[0] + GAP) - GAP, rows * (size[1] + GAP) - GAP), (0, 0, 0, 0))
    for number, image in enumerate(images):
        row, column = divmod(number, columns)
        sheet.paste(image, (column * (size[0] + GAP), row * (size[1] + GAP)))
    return sheet
