"""Images side by side on one sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image

from ganzoo.errors import ImageError
from ganzoo.image_io.pil_images import flatten

BACKGROUND = 64  # gray level


def grid(images: Sequence[Image.Image], columns: int | None = None, padding: int = 2) -> Image.Image:
    """Lay images of one size out on a dark gray sheet, row by row: L if all are L, else RGB.

    Args:
        images: At least one, all of the same size.
        columns: Images in a row; None: ceil(sqrt(n)).
        padding: Pixels around every image.
    """
    if not images or len({image.size for image in images}) > 1:
        sizes = sorted({f"{image.width}x{image.height}" for image in images})
        raise ImageError(f"A grid needs images of one size, not {', '.join(sizes) or 'none'}. Resize them first.")
    columns = math.ceil(math.sqrt(len(images))) if columns is None else columns
    if columns < 1 or padding < 0:
        raise ImageError(f"A grid of {columns} columns, {padding} pixels apart, cannot be drawn. Ask for 1 or more.")
    columns = min(columns, len(images))
    width, height = (side + padding for side in images[0].size)
    sheet = _blank(images, (columns * width + padding, math.ceil(len(images) / columns) * height + padding))
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        sheet.paste(flatten(image, BACKGROUND), (column * width + padding, row * height + padding))
    return sheet


def _blank(images: Sequence[Image.Image], size: tuple[int, int]) -> Image.Image:
    if all(image.mode == "L" for image in images):
        return Image.new("L", size, BACKGROUND)
    return Image.new("RGB", size, (BACKGROUND,) * 3)
