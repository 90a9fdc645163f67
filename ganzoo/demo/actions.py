"""What the demo page does, without the page: one model that reads and writes image files."""

from __future__ import annotations

import io
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from PIL import Image

from ganzoo.demo import raster_images
from ganzoo.demo.examples import ROLES, Examples
from ganzoo.demo.latent_walks import walk
from ganzoo.demo.time_limit import SECONDS, time_limit
from ganzoo.errors import GanzooError, ImageError, OptionError
from ganzoo.image_io import decoding, encoding, grids, pil_images
from ganzoo.image_io.video import clip_files
from ganzoo.image_io.video.temporal_smoothing import TemporalSmoothing
from ganzoo.inference.image_pass import Progress, Settings
from ganzoo.loading.model import Model

PREVIEW_SIZE = 2048  # pixels, of the longer side of a preview; the file to save has full resolution
MAX_IMAGES = 100  # on a sheet, or in a walk
MAX_WORK = 32_000_000  # pixels at which an image is processed
MAX_FRAME = 1_000_000  # pixels of a frame of a camera
FRAME_DURATION = 100  # milliseconds, of each image of a walk


@dataclass(frozen=True)
class DemoModel:
    """A model that reads and writes image files.

    Attributes:
        model: the model.
        folder: where its results are written.
        max_pixels: the limit for input images, and for the size at which they are processed.
        max_work: the limit for the pixels that a request computes.
        seconds: the time limit of a request.
        examples: images that the page offers; what was made of them is kept.
        lock: held while the model is in use.
    """

    model: Model
    folder: Path
    max_pixels: int = decoding.MAX_PIXELS
    max_work: int = MAX_WORK
    seconds: float = SECONDS
    examples: Examples = field(default_factory=lambda: Examples({}))
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def file_name(self) -> str:
        """The model's name, usable in a file name."""
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
        """Translate an image file.

        Args:
            path: the input image.
            size: see `Model.translate`.
            progress: called with the share that is done.
            label: the class to translate to, for tasks that take one.
            mask: an image, white where something is missing, for inpainting.
            style: an image to take the style from, for style transfer.

        Returns:
            Previews of the input and of the translation in 8 bits, and the translation in its full bit depth. The
            preview of an input for super-resolution is enlarged by bicubic interpolation.

        Raises:
            ImageError: a file is not a supported image.
            OptionError: the size is not valid or too large.
        """
        key = self.examples.key(path, str(size), label, mask, style)
        if known := self.examples.result(key):
            return known[0], known[1], known[2]
        image = self._read(path)
        other_images = {name: self._read(one) for name, one in (("mask", mask), ("style", style)) if one is not None}
        inputs = {**({} if label is None else {"label": label}), **other_images}
        self._check_size(image, size)
        with self._in_time(progress) as on_progress:
            translated = self.model.translate_decoded(image, Settings(size, inputs=inputs), on_progress)
        result = self._new_path(f"{path.stem}-{self.file_name}.png")
        encoding.save_decoded(translated, result)
        after = self._save_preview(translated, "after.png")
        same_size_as = after if self.model.card.does.enlarges else None
        before = self._save_preview(image, "before.png", same_size_as)
        self.examples.keep(key, (before, after, result))
        return before, after, result

    def translate_raster(
        self, path: Path, progress: Progress | None = None, number: int = 1
    ) -> raster_images.RasterResult:
        """Translate one image of a file whose channels have units, in full depth.

        Args:
            path: the file.
            progress: called with the share that is done.
            number: of the image in its file, from 1.

        Raises:
            GanzooError: It is no such image, too large, or takes too long.
        """
        with self._in_time(progress) as on_progress:
            limit, name = min(self.max_pixels, self.max_work), self.file_name
            return raster_images.translate(self.model, path, limit, self._new_path, name, on_progress, number)

    def translate_frame(self, frame: bytes, size: str, label: str | None, smoothing: TemporalSmoothing) -> bytes:
        """Translate a camera's frame.

        Args:
            frame: An image file of 8 bits.
            size: See `Model.translate`.
            label: The class, for tasks that take one.
            smoothing: Smooths the frames of this camera over time.

        Returns:
            A JPEG file.

        Raises:
            ImageError: It is not a supported image.
            OptionError: The size is not valid or too large, or it takes too long.
        """
        image = decoding.read(frame, max_pixels=min(self.max_pixels, MAX_FRAME))
        if image.rgb.dtype != np.uint8:
            raise ImageError("A frame has 8 bits a channel.")
        self._check_size(image, size)
        with self._in_time(None) as on_progress:
            settings = Settings(size, inputs={} if label is None else {"label": label})
            translated = self.model.translate_decoded(image, settings, on_progress)
        file = io.BytesIO()
        encoding.save_decoded(replace(translated, rgb=smoothing.next(image.rgb, translated.rgb)), file, "jpg")
        return file.getvalue()

    @property
    def roles(self) -> list[str]:
        """Which images the task takes, of `examples.ROLES`."""
        return [role for role in ROLES if role == "image" or role in self.model.card.does.inputs]

    def open_example(self) -> dict[str, Path]:
        """Translate the first example and return its files by role; nothing where there is none, or it is too large."""
        rows = self.examples.rows(self.roles)
        if not rows:
            return {}
        files = dict(zip(self.roles, rows[0], strict=True))
        label = self.model.card.classes[0] if "label" in self.model.card.does.inputs else None
        try:
            self.translate(files["image"], "auto", label=label, mask=files.get("mask"), style=files.get("style"))
        except GanzooError:
            return {}
        return files

    def generate(self, seed: int | None, count: int, label: str | None = None) -> Path:
        """Return a sheet of ``count`` images from a seed, of one class or of all in turn; no seed counts as 0.

        Clips play side by side.
        """
        seed = seed or 0
        self._check_count(count)
        with self._time_limit():
            images = self.model.generate(count, seed, label)
        if self.model.card.does.output == "clip":
            clip = self._new_path(f"{self.file_name}-{seed}.gif")
            clip_files.save_clip(clip_files.side_by_side(images), clip)
            return clip
        sheet = self._new_path(f"{self.file_name}-{seed}.png")
        encoding.save(grids.grid(images), sheet)
        return sheet

    def walk(self, first: int | None, last: int | None, steps: int, label: str | None = None) -> tuple[Path, Path]:
        """Return the walk from one seed to another and back as an animated PNG, and the walk there as a row."""
        first, last = first or 0, last or 0
        self._check_count(steps, least=2)
        with self._time_limit():
            images = walk(self.model, first, last, steps, label)
        animation = self._new_path(f"{self.file_name}-{first}-to-{last}.png")
        there_and_back = [*images[1:], *images[-2:0:-1]]
        images[0].save(animation, save_all=True, append_images=there_and_back, duration=FRAME_DURATION, loop=0)
        row = self._new_path(f"{self.file_name}-{first}-to-{last}-row.png")
        encoding.save(grids.grid(images, columns=steps), row)
        return animation, row

    def _read(self, path: Path) -> decoding.DecodedImage:
        try:
            return decoding.read(path, max_pixels=self.max_pixels)
        except ImageError as error:  # the visitor knows only the file's name
            raise ImageError(str(error).replace(str(path), path.name)) from error

    def _check_size(self, image: decoding.DecodedImage, size: str | int) -> None:
        """Raise OptionError where the result would have too many pixels."""
        height, width = self.model.working_size(image.rgb.shape[0], image.rgb.shape[1], size)
        height, width = height * self.model.card.scale, width * self.model.card.scale
        limit = min(self.max_pixels, self.max_work)
        if height * width > limit:
            raise OptionError(
                f"size {size} means {width}x{height} pixels, more than the limit of {limit}. Choose a smaller size."
            )

    def _check_count(self, count: int, least: int = 1) -> None:
        """Raise OptionError for a number of images that the page's fields do not offer."""
        if isinstance(count, bool) or count != count // 1 or not least <= count <= MAX_IMAGES:
            raise OptionError(f"{count} images are not possible: choose {least} to {MAX_IMAGES}.")

    @contextmanager
    def _in_time(self, progress: Progress | None) -> Iterator[Progress]:
        """Yield ``progress`` that also checks the time."""
        with self._time_limit() as check:

            def on_progress(share: float) -> None:
                check()
                if progress is not None:
                    progress(share)

            yield on_progress

    @contextmanager
    def _time_limit(self) -> Iterator[Callable[..., None]]:
        if self.model.engine == "compile":  # torch.compile does not trace the hook that checks the time
            yield lambda *_: None
            return
        with time_limit(self.seconds) as check:
            yield check

    def _new_path(self, name: str) -> Path:
        """Return a path in a new folder, so that visitors' files never collide."""
        folder = self.folder / secrets.token_hex(16)  # a name that nobody guesses, and only its visitor is told
        folder.mkdir(mode=0o700)
        return folder / name

    def _save_preview(self, image: decoding.DecodedImage, name: str, same_size_as: Path | None = None) -> Path:
        """Save an image to look at, in 8 bits, resized to the size of the file ``same_size_as`` if there is one."""
        if image.rgb.dtype == np.uint16:
            image = replace(image, rgb=(image.rgb >> 8).astype(np.uint8))
        preview = pil_images.from_decoded(image)
        if same_size_as:
            with Image.open(same_size_as) as other:
                preview = preview.resize(other.size, Image.Resampling.BICUBIC)
        preview.thumbnail((PREVIEW_SIZE, PREVIEW_SIZE))
        path = self._new_path(name)
        encoding.save(preview, path)
        return path
