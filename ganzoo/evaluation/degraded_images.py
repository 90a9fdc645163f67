"""Restoration judged by pictures alone: inputs are made of them, smaller or with a hole, and they are the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ganzoo.cards.protocol import Sample
from ganzoo.data.decode import to_bytes, to_floats
from ganzoo.errors import DataError
from ganzoo.evaluation.samples import Stored, Translated, with_channels
from ganzoo.image_io import images
from ganzoo.loading.model import Model


@dataclass
class DegradedImages:
    """Whole pictures as a model is given them to restore; ``resizing`` says in words what was done."""

    sample: Sample
    whole: Stored
    resizing: str
    spoil: Callable[[Tensor], Tensor]

    key = ""

    def batches(self, at_once: int) -> Iterator[Tensor]:
        for batch in self.whole.batches(at_once):
            yield self.spoil(batch)

    def some(self, indices: list[int]) -> list[Tensor]:
        return [self.spoil(one[None])[0] for one in self.whole.some(indices)]


@dataclass
class InpaintedImages(Translated):
    """Pictures with a hole as a model fills it; all else is as it was."""

    def through(self, pictures: Tensor) -> Tensor:
        mask = HOLE.mask(pictures)
        shown = with_channels(pictures, self.model.card.in_channels)
        made = to_bytes(self.model(to_floats(shown), mask=mask.to(torch.float32))).cpu()
        return torch.where(mask, made, with_channels(pictures, made.shape[1]))


@dataclass(frozen=True)
class Hole:
    """The middle half of a picture's height and width: a quarter of its area."""

    words = "a hole in the middle, half as high and half as wide as the picture (a quarter of its area)"

    def of(self, pictures: Tensor) -> Tensor:
        """Return what lies in the hole, a view of (..., H, W)."""
        height, width = pictures.shape[-2:]
        return pictures[..., height // 4 : height // 4 + height // 2, width // 4 : width // 4 + width // 2]

    def mask(self, pictures: Tensor) -> Tensor:
        """Return (N, 1, H, W), true within the hole."""
        mask = torch.zeros_like(pictures[:, :1], dtype=torch.bool)
        self.of(mask).fill_(True)
        return mask

    def cut(self, pictures: Tensor) -> Tensor:
        """Return uint8 pictures with the hole in gray, which is nearest to the 0 that a model is shown there."""
        cut = pictures.clone()
        self.of(cut).fill_(128)
        return cut


HOLE = Hole()


def enlarged(model: Model, whole: Stored) -> tuple[DegradedImages, Translated]:
    """Return pictures made smaller by the model's scale, and what it makes of them.

    Raises DataError where the scale does not divide their sides.
    """
    scale, (height, width) = model.card.scale, whole.pictures.shape[-2:]
    if height % scale or width % scale:
        raise DataError(
            f"The pictures have {width}x{height} pixels, which {model.card.name} cannot make of smaller ones: both "
            f"should be multiples of {scale}. Give --size {max(1, min(height, width) // scale) * scale}."
        )
    words = f"{whole.resizing}, then bicubic, antialiased, to 1/{scale}: {width // scale}x{height // scale}, 8-bit"
    inputs = DegradedImages(whole.sample, whole, words, lambda batch: shrunk(batch, scale))
    return inputs, Translated(model, inputs, replace(whole.sample, source=f"enlarged {whole.sample.source}"))


def inpainted(model: Model, whole: Stored) -> tuple[DegradedImages, InpaintedImages]:
    """Return pictures with a hole, and the same with the hole filled by the model."""
    inputs = DegradedImages(whole.sample, whole, f"{whole.resizing}, then {HOLE.words}", HOLE.cut)
    return inputs, InpaintedImages(model, inputs, replace(whole.sample, source=f"mended {whole.sample.source}"))


def shrunk(pictures: Tensor, scale: int) -> Tensor:
    """Return uint8 pictures at 1/``scale`` of their size, as Pillow and MATLAB shrink them: bicubic, antialiased."""
    height, width = pictures.shape[-2:]
    return to_bytes(images.resize(to_floats(pictures), height // scale, width // scale, "bicubic"))
