"""Photographs (PNG, JPEG, WebP, BMP, GIF) as rasters, read by Pillow: upright, in 8 or 16 bits, decoded whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from ganzoo.contracts.reader import Frames, Reader
from ganzoo.image_io import decoding
from ganzoo.rasters.channel import Channel, default_channels
from ganzoo.rasters.raster import ArraySource, Raster

SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM", b"GIF87a", b"GIF89a")


class PhotographReader(Reader):
    """Reader of photographs. Alpha is a fourth channel, or a second one beside gray."""

    suffixes: ClassVar[tuple[str, ...]] = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")
    precedence: ClassVar[int] = -1

    def recognizes(self, head: bytes, path: str) -> bool:
        """Look for the first bytes of each format."""
        return head.startswith(SIGNATURES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")

    def open(self, path: str, *, axes: str = "", max_pixels: int | None = None) -> Frames:
        """Open a file; see the contract."""
        return Photograph(path, decoding.read(path, max_pixels=max_pixels))


@dataclass(frozen=True)
class Photograph(Frames):
    """One photograph."""

    path: str
    image: decoding.DecodedImage = field(repr=False)

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> Raster:
        if index not in (0, -1):
            raise IndexError(index)
        image = self.image
        layers = [image.rgb[..., :1] if image.gray else image.rgb]
        layers += [] if image.alpha is None else [image.alpha[..., None]]
        values = np.concatenate(layers, axis=2).transpose(2, 0, 1)
        channels = (*default_channels(layers[0].shape[2]), *([Channel("alpha")] if len(layers) > 1 else []))
        metadata = {"icc": image.icc, "exif": image.exif}
        return Raster(ArraySource(values), channels, self.path, "pillow", metadata, group=self.path)
