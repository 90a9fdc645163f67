"""Walks between the pictures of two seeds."""

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
    """Return ``steps`` pictures, 2 or more: from the first that `Model.generate` makes of one seed to another's.

    label   of a model with classes, all of one: its first unless given
    Raises OptionError for a seed that `Model.generate` refuses, UnknownName for a label.
    """
    import torch

    for seed in (first, last):
        if not 0 <= seed < 2**63:
            raise OptionError(f"seed={seed} is not right: it should be from 0 to 2**63 - 1.")
    start, end = (torch.randn(model.card.latent_dim, generator=torch.Generator().manual_seed(n)) for n in (first, last))
    whole = math.ceil(steps / BATCH) * BATCH  # always full batches, as `Model.generate`: the same last bits
    latents = torch.stack([between(start, end, min(1.0, step / (steps - 1))) for step in range(whole)])
    number = conditions.number(model.card, 0 if label is None else label) if model.card.classes else 0
    given = {"label": torch.full((BATCH,), number)} if model.card.classes else {}
    batches = (model(latents[first : first + BATCH], **given) for first in range(0, whole, BATCH))
    return [image for batch in batches for image in tensors.to_pils(batch)][:steps]


def between(first: Tensor, second: Tensor, share: float) -> Tensor:
    """Interpolate two latents (latent_dim,) along the arc between them: ``share`` 0 is the first, 1 the second.

    Half way on the straight line between two Gaussian latents of many dimensions lies one that is shorter than any
    the generator was trained on. Source: arXiv:1609.04468, section 2.1.
    """
    cosine = float(first @ second / (first.norm() * second.norm()))
    angle = math.acos(max(-1.0, min(1.0, cosine)))
    if math.sin(angle) < 1e-4:  # the same direction, or the opposite: there is no arc, or any
        return first + share * (second - first)
    return math.sin((1 - share) * angle) / math.sin(angle) * first + math.sin(share * angle) / math.sin(angle) * second
