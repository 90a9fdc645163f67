"""What the page does, without the page: pictures in files, made by one model."""

from __future__ import annotations

import tempfile
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from PIL import Image

from ganzoo.demo.latent_walks import walk
from ganzoo.errors import ImageError, OptionError
from ganzoo.image_io import decoding, encoding, grids, pil_images
from ganzoo.inference.translation import Progress, Settings
from ganzoo.loading.model import Model

PREVIEW = 2048  # pixels on the longer side of what is shown; the file to save has all
MOST = 100  # pictures on a sheet, or in a walk
FRAME = 100  # milliseconds that a picture of a walk is shown


@dataclass(frozen=True)
class Studio:
    """A model at work on files.

    folder       for what it makes
    max_pixels   of a picture, and of the size it is worked at
    at_work      held by whoever uses the model
    """

    model: Model
    folder: Path
    max_pixels: int = decoding.MAX_PIXELS
    at_work: threading.Lock = field(default_factory=threading.Lock)

    @property
    def name(self) -> str:
        """The model's name as a part of a file's."""
        return self.model.card.name.replace("/", "-")

    def translate(
        self,
        path: Path,
        size: str | int,
        progress: Progress | None = None,
        *,
        label: str | None = None,
        mask: Path | None = None,
        style: Path | None = None,
    ) -> tuple[Path, Path, Path]:
        """Return the picture and its translation to look at, in 8 bits, and the translation to keep, in all its bits.

        label, mask, style   what the model's task takes beside the picture
        Of a model that enlarges, the picture to look at is enlarged too, by bicubic interpolation.
        Raises ImageError for what is no picture, OptionError for a size that does not fit.
        """
        picture = self._read(path)
        pictures = {name: self._read(one) for name, one in (("mask", mask), ("style", style)) if one is not None}
        given = {**({} if label is None else {"label": label}), **pictures}
        own = picture.rgb.shape
        height, width = self.model.working_size(own[0], own[1], size)
        height, width = height * self.model.card.scale, width * self.model.card.scale
        if height * width > self.max_pixels:
            raise OptionError(
                f"size {size} means {width}x{height} pixels, more than the limit of {self.max_pixels}. Choose less."
            )
        made = self.model.translate_decoded(picture, Settings(size, inputs=given), progress)
        whole = self._new(f"{path.stem}-{self.name}.png")
        encoding.save_decoded(made, whole)
        after = self._shown(made, "after.png")
        like = after if self.model.card.does.enlarges else None
        return self._shown(picture, "before.png", like), after, whole

    def generate(self, seed: int | None, count: int, label: str | None = None) -> Path:
        """Return a sheet of the pictures that a seed gives, of one class or all in turn; an empty seed counts as 0."""
        seed = seed or 0
        sheet = self._new(f"{self.name}-{seed}.png")
        encoding.save(grids.grid(self.model.generate(count, seed, label)), sheet)
        return sheet

    def walk(self, first: int | None, last: int | None, steps: int, label: str | None = None) -> tuple[Path, Path]:
        """Return the way from one seed to another and back as an animated PNG, and the way there as a row."""
        first, last = first or 0, last or 0
        made = walk(self.model, first, last, steps, label)
        animation = self._new(f"{self.name}-{first}-to-{last}.png")
        made[0].save(animation, save_all=True, append_images=[*made[1:], *made[-2:0:-1]], duration=FRAME, loop=0)
        row = self._new(f"{self.name}-{first}-to-{last}-row.png")
        encoding.save(grids.grid(made, columns=steps), row)
        return animation, row

    def _read(self, path: Path) -> decoding.DecodedImage:
        try:
            return decoding.read(path, max_pixels=self.max_pixels)
        except ImageError as error:  # the visitor knows the file's name only
            raise ImageError(str(error).replace(str(path), path.name)) from error

    def _new(self, name: str) -> Path:
        """Return a path that no other visitor's file has."""
        return Path(tempfile.mkdtemp(dir=self.folder), name)

    def _shown(self, picture: decoding.DecodedImage, name: str, like: Path | None = None) -> Path:
        """Save what is seen of a picture; enlarged to the size of ``like``, where that is given."""
        if picture.rgb.dtype == np.uint16:
            picture = replace(picture, rgb=(picture.rgb >> 8).astype(np.uint8))
        image = pil_images.from_decoded(picture)
        if like:
            with Image.open(like) as other:
                image = image.resize(other.size, Image.Resampling.BICUBIC)
        image.thumbnail((PREVIEW, PREVIEW))
        path = self._new(name)
        encoding.save(image, path)
        return path
