"""Self-contained HTML pages: no script, no network, no other file, in light and dark colors.

The report of a run (`ganzoo.training.report`), that of an evaluation (`ganzoo.evaluation.report`) and the gallery
(`ganzoo.gallery.pages`), whose images are separate files, are templates of `ganzoo.pages`.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from ganzoo.files.atomic import replacing
from ganzoo.pages.rendering import render


def write(path: Path, template: str, **values: Any) -> Path:
    """Write a page, whole or not at all, and return its path; the values are those of its template.

    Raises OutputError.
    """
    page = render(template, **values)
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8", errors="replace")  # names of files may hold any bytes
    return path


def flatten(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Yield each value with its path, "options.image_size"; empty values are omitted."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{before}{name}.")
        elif value not in ("", None, []):
            yield f"{before}{name}", value if isinstance(value, str) else json.dumps(value)


# ---- images ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Embedded:
    """An image inside the page: its ``kind`` (png or jpeg), the bytes of its file, its width in pixels."""

    kind: str
    content: bytes
    width: int

    @property
    def source(self) -> str:
        """The whole image as a "data:" address."""
        return f"data:image/{self.kind};base64,{base64.b64encode(self.content).decode()}"


def embed_file(content: bytes, most: int, sides: Sequence[int]) -> Embedded:
    """Return the PNG file ``content`` unchanged if it has at most a quarter of ``most`` bytes, else a JPEG as `embed`.

    Raises Pillow's errors for a damaged file: OSError, ValueError or SyntaxError.
    """
    with Image.open(io.BytesIO(content)) as image:
        if len(content) <= most // 4:
            image.load()  # raises for a damaged file
            return Embedded("png", content, image.width)
        return _to_jpeg(image.convert("RGB"), most, sides)


def embed(image: Image.Image, most: int, sides: Sequence[int]) -> Embedded:
    """Return a PNG if it has at most ``most`` bytes, else a JPEG of about that many bytes at most.

    The width of the JPEG is the first of ``sides`` that succeeds, else the last of them, and never above the image's.
    """
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    if buffer.tell() <= most:
        return Embedded("png", buffer.getvalue(), image.width)
    return _to_jpeg(image.convert("RGB"), most, sides)


def _to_jpeg(image: Image.Image, most: int, sides: Sequence[int]) -> Embedded:
    for side in sides:
        image.thumbnail((side, 2 * side), Image.Resampling.BOX, reducing_gap=None)
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=85)
        if buffer.tell() <= most:
            break
    return Embedded("jpeg", buffer.getvalue(), image.width)
