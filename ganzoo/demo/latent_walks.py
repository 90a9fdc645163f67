"""Walks between the images of two seeds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ganzoo.errors import OptionError
from ganzoo.image_io import tensors
from ganzoo.inference import conditions
from ganzoo.loading.model import BATCH, Model

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor


def walk(model: Model, first: int, last: int, steps: int, label: str | None = None) -> list[Image.Image]:
    """Return images on the way from the first image of one seed to the first image of another.

    Args:
        model: a generator.
        first: the seed of the first image, as `Model.generate` takes it.
        last: the seed of the last image.
        steps: the number of images, 2 or more.
        label: the class of all images, for conditional models; None: the first class.

    Raises:
        OptionError: a seed is out of range.
        UnknownName: there is no such label.
    """
    import torch

    for seed in (first, last):
        if not 0 <= seed < 2**63:
            raise OptionError(f"seed={seed} is not right: it should be from 0 to 2**63 - 1.")
    start, end = (torch.randn(model.card.latent_dim, generator=torch.Generator().manual_seed(n)) for n in (first, last))
    count = math.ceil(steps / BATCH) * BATCH  # only full batches, as in `Model.generate`: the last bits depend on it
    latents = torch.stack([slerp(start, end, min(1.0, step / (steps - 1))) for step in range(count)])
    number = conditions.number(model.card, 0 if label is None else label) if model.card.classes else 0
    conditioning = {"label": torch.full((BATCH,), number)} if model.card.classes else {}
    batches = (model(latents[first : first + BATCH], **conditioning) for first in range(0, count, BATCH))
    return [image for batch in batches for image in tensors.to_pils(batch)][:steps]


def slerp(first: Tensor, second: Tensor, share: float) -> Tensor:
    """Interpolate two latents (latent_dim,) along the arc between them: ``share`` 0 is the first, 1 the second.

    The midpoint of the straight line between two Gaussian latents is shorter than any latent that the generator was
    trained on, if they have many dimensions. Source: arXiv:1609.04468, section 2.1.
    """
    cosine = float(first @ second / (first.norm() * second.norm()))
    angle = math.acos(max(-1.0, min(1.0, cosine)))
    if math.sin(angle) < 1e-4:  # the same or the opposite direction: no arc, or infinitely many
        return first + share * (second - first)
    return math.sin((1 - share) * angle) / math.sin(angle) * first + math.sin(share * angle) / math.sin(angle) * second
