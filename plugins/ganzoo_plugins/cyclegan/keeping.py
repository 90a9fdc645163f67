"""Where a picture shows an object of certain classes, as a classifier sees it, so that the rest can be kept."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ganzoo import GanzooError

ENLARGED = 2.0  # a classifier's places are 32 pixels apart: of a larger picture they are finer
NONE, SURE = 0.4, 0.8  # probability of the classes that counts as no object, and as one


class Keeping:
    """Measures how much was changed outside of objects of classes ``first`` to ``last``."""

    def __init__(self, extractor: Any, first: int, last: int) -> None:
        if not hasattr(extractor, "evidence"):
            raise GanzooError(f"{extractor.label} tells no classes by place. Set keep_extractor=efficientnet-lite0.")
        self.extractor, self.first, self.last = extractor, first, last

    @torch.no_grad()
    def outside(self, images: Tensor) -> Tensor:
        """Return (N, 1, H, W) for images (N, C, H, W) in [-1, 1]: 1 where no object is near, 0 on one."""
        enlarged = F.interpolate(images.float(), scale_factor=ENLARGED, mode="bilinear")
        by_class = self.extractor.to(images.device).evidence(enlarged).float().softmax(1)
        likely = by_class[:, self.first : self.last + 1].sum(1, keepdim=True)
        near = F.max_pool2d(((likely - NONE) / (SURE - NONE)).clamp(0, 1), 3, stride=1, padding=1)
        return 1 - F.interpolate(near, size=images.shape[2:], mode="bilinear")

    def __call__(self, given: Tensor, made: Tensor) -> Tensor:
        """Return the mean absolute change of pictures (N, C, H, W), what is inside counted as none."""
        return (self.outside(given) * (made.float() - given.float()).abs()).mean()
