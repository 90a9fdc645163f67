"""Images side by side on one sheet."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any

from PIL import Image, ImageOps

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


class Images(list[Any]):
    """A list of images, or of clips, that a notebook shows as one grid."""

    def _repr_png_(self) -> bytes | None:
        """Return the grid as a PNG, a clip as a row; None, which shows text, for anything that is no PIL image."""
        rows = [each if isinstance(each, list) else [each] for each in self]
        images = [image for row in rows for image in row]
        if not images or not all(isinstance(image, Image.Image) for image in images):
            return None
        size = max(image.width for image in images), max(image.height for image in images)
        padded = [ImageOps.pad(image, size) if image.size != size else image for image in images]
        buffer = io.BytesIO()
        grid(padded, max(map(len, rows)) if len(images) > len(rows) else None).save(buffer, "PNG")
        return buffer.getvalue()


def _blank(images: Sequence[Image.Image], size: tuple[int, int]) -> Image.Image:
    if all(image.mode == "L" for image in images):
        return Image.new("L", size, BACKGROUND)
    return Image.new("RGB", size, (BACKGROUND,) * 3)
