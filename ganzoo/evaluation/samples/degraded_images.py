"""Restoration evaluated on images alone: the inputs are made from them, smaller or with a hole; they are the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ganzoo.cards.protocol import Sample
from ganzoo.data.preprocessing import to_bytes, to_floats
from ganzoo.errors import DataError
from ganzoo.evaluation.samples.image_sets import StoredImages, TranslatedImages, with_channels
from ganzoo.image_io.resizing import resize
from ganzoo.loading.model import Model


@dataclass
class DegradedImages:
    """Images as a model gets them to restore; ``resizing`` describes how they were degraded."""

    sample: Sample
    originals: StoredImages
    resizing: str
    degrade: Callable[[Tensor], Tensor]

    key = ""

    def batches(self, batch_size: int) -> Iterator[Tensor]:
        for batch in self.originals.batches(batch_size):
            yield self.degrade(batch)

    def some(self, indices: list[int]) -> list[Tensor]:
        return [self.degrade(one[None])[0] for one in self.originals.some(indices)]


@dataclass
class InpaintedImages(TranslatedImages):
    """Images whose hole is filled by a model; everything else is as it was."""

    def translate(self, images: Tensor) -> Tensor:
        mask = HOLE.mask(images)
        shown = with_channels(images, self.model.card.in_channels)
        outputs = to_bytes(self.model(to_floats(shown), mask=mask.to(torch.float32))).cpu()
        return torch.where(mask, outputs, with_channels(images, outputs.shape[1]))


@dataclass(frozen=True)
class Hole:
    """The middle half of an image's height and width: a quarter of its area."""

    # Part of protocols on cards: do not reword.
    description = "a hole in the middle, half as high and half as wide as the picture (a quarter of its area)"

    def crop(self, images: Tensor) -> Tensor:
        """Return the content of the hole, a view of (..., H, W)."""
        height, width = images.shape[-2:]
        return images[..., height // 4 : height // 4 + height // 2, width // 4 : width // 4 + width // 2]

    def mask(self, images: Tensor) -> Tensor:
        """Return (N, 1, H, W), true within the hole."""
        mask = torch.zeros_like(images[:, :1], dtype=torch.bool)
        self.crop(mask).fill_(True)
        return mask

    def cut(self, images: Tensor) -> Tensor:
        """Return uint8 images with a gray hole; gray is nearest to the 0 that a model sees there."""
        cut = images.clone()
        self.crop(cut).fill_(128)
        return cut


HOLE = Hole()


def has_holes(inputs: object) -> bool:
    """Tell whether these are images with a hole, which a model is to fill."""
    return isinstance(inputs, DegradedImages) and inputs.degrade == HOLE.cut


def build_super_resolution(model: Model, originals: StoredImages) -> tuple[DegradedImages, TranslatedImages]:
    """Return images reduced by the model's scale, and the model's enlargements of them.

    Raises DataError if the images' sides are not multiples of the scale.
    """
    scale, (height, width) = model.card.scale, originals.images.shape[-2:]
    if height % scale or width % scale:
        raise DataError(
            f"The images have {width}x{height} pixels, and {model.card.name} enlarges {scale} times: both sides must "
            f"be multiples of {scale}. Give --size {max(1, min(height, width) // scale) * scale}."
        )
    resizing = (
        f"{originals.resizing}, then bicubic, antialiased, to 1/{scale}: {width // scale}x{height // scale}, 8-bit"
    )
    inputs = DegradedImages(originals.sample, originals, resizing, lambda batch: reduce_size(batch, scale))
    sample = replace(originals.sample, source=f"enlarged {originals.sample.source}")
    return inputs, TranslatedImages(model, inputs, sample)


def build_inpainting(model: Model, originals: StoredImages) -> tuple[DegradedImages, InpaintedImages]:
    """Return images with a hole, and the same with the hole filled by the model."""
    resizing = f"{originals.resizing}, then {HOLE.description}"
    inputs = DegradedImages(originals.sample, originals, resizing, HOLE.cut)
    sample = replace(originals.sample, source=f"mended {originals.sample.source}")  # on cards: do not reword
    return inputs, InpaintedImages(model, inputs, sample)


def reduce_size(images: Tensor, scale: int) -> Tensor:
    """Return uint8 images at 1/``scale`` of their size, as Pillow and MATLAB reduce them: bicubic, antialiased."""
    height, width = images.shape[-2:]
    return to_bytes(resize(to_floats(images), height // scale, width // scale, "bicubic"))
