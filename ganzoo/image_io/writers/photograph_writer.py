"""Rasters -> PNG and other formats for photographs, where they hold the values without loss."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from ganzoo.contracts.writer import OpenFile, OutputSpec, Writer
from ganzoo.errors import OutputError
from ganzoo.image_io import encoding
from ganzoo.image_io.decoding import DecodedImage
from ganzoo.image_io.writers.spool import SpooledFile

DEEP = (".png",)


class PhotographWriter(Writer):
    """Writer of PNG (8 and 16 bits), and of JPEG, WebP, BMP and GIF (8 bits): gray or RGB, with or without alpha."""

    suffixes: ClassVar[tuple[str, ...]] = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif")
    formats: ClassVar[tuple[str, ...]] = ("pillow",)

    def check(self, spec: OutputSpec) -> None:
        """Refuse numbers and channels that these formats do not have."""
        if spec.dtype not in ("uint8", "uint16") or spec.shape[0] > 4 or spec.frames > 1:
            what = f"{spec.frames} images" if spec.frames > 1 else f"{spec.shape[0]} channels of {spec.dtype}"
            raise OutputError(f"PNG and its like cannot hold {what}. Write .tif or .npy.")

    def open(self, path: str, spec: OutputSpec) -> OpenFile:
        """Begin a file."""
        if spec.dtype == "uint16" and Path(path).suffix.lower() not in DEEP:
            raise OutputError(f"{Path(path).suffix} has 8 bits a channel, the output 16. Write .png, .tif or .npy.")
        return PhotographFile(path, spec)


class PhotographFile(SpooledFile):
    """A photograph that is being written."""

    def encode(self, path: Path) -> None:
        """Write it as `ganzoo.image_io.encoding.save_decoded` does, with the input's color profile."""
        count, height, width = self.spec.shape
        layers = [self.spool.read(0, index, slice(0, height), slice(0, width)) for index in range(count)]
        values = np.stack(layers, axis=2)
        gray = count <= 2
        rgb = values[..., :1].repeat(3, axis=2) if gray else values[..., :3]
        alpha = None if count % 2 else np.ascontiguousarray(values[..., -1])
        template = self.spec.template
        own = template.metadata if template is not None and template.format == "pillow" else {}
        image = DecodedImage(
            np.ascontiguousarray(rgb), alpha, gray, str(self.path), icc=own.get("icc", b""), exif=own.get("exif", b"")
        )
        encoding.save_decoded(image, path, self.path.suffix, keep_metadata=True)
