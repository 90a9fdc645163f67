"""Where a picture shows an object of certain classes, as a classifier sees it, so that the rest is kept or hidden."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ganzoo import GanzooError

# How many times as large the picture is shown, and the probability of the classes that counts as no object, and as one.
# A classifier's places are 32 pixels apart: finer of a larger picture, in which it misses the middle of large objects.
LOOKS = ((1.0, 0.4, 0.8), (2.0, 0.3, 0.7), (3.0, 0.5, 0.9))

COLORS = 16  # shades of a channel that are told apart
TURNS = 3  # how often what is found gives colors, and these what is found


class BackgroundMask:
    """Tells what lies outside of objects of classes ``first`` to ``last``."""

    def __init__(self, extractor: Any, first: int, last: int) -> None:
        if not hasattr(extractor, "evidence"):
            raise GanzooError(
                f"{extractor.label} tells no classes by place. Set foreground_extractor=efficientnet-lite0."
            )
        self.extractor, self.first, self.last = extractor, first, last

    @torch.no_grad()
    def outside(self, images: Tensor) -> Tensor:
        """Return (N, 1, H, W) for images (N, C, H, W) in [-1, 1]: 1 where no object is near, 0 on one."""
        size = images.shape[2:]
        near = images.new_zeros(len(images), 1, *size, dtype=torch.float32)
        extractor = self.extractor.to(images.device)
        for scale, none, sure in LOOKS:
            scaled = F.interpolate(images.float(), scale_factor=scale, mode="bilinear")
            by_class = extractor.evidence(scaled).float().softmax(1)
            likely = by_class[:, self.first : self.last + 1].sum(1, keepdim=True)
            found = ((likely - none) / (sure - none)).clamp(0, 1)
            if scale == 1:  # of coarse places the middle of objects only
                found = -F.max_pool2d(-found, 3, stride=1, padding=1)
            near = near.maximum(F.interpolate(found, size=size, mode="bilinear"))
        return 1 - by_colors(images, near)


def by_colors(images: Tensor, near: Tensor) -> Tensor:
    """Return ``near`` (N, 1, H, W) drawn anew: how likely a place is one of an object, by its color too.

    What a classifier finds ends ten pixels beside an object, or within it. A sky has hardly a color of the object's,
    so its edge is found, and so are flanks of the colors of what was found. This is Bayes' rule with a histogram of
    colors of either side, in turns; GrabCut (doi:10.1145/1015706.1015720) has mixtures for them, and cuts besides.
    """
    count = len(images)
    places = ((images.float().expand(-1, 3, -1, -1) + 1) * (COLORS / 2)).long().clamp(0, COLORS - 1)
    places = ((places[:, 0] * COLORS + places[:, 1]) * COLORS + places[:, 2]).flatten(1)
    prior = likely = near.float().flatten(1)
    for _ in range(TURNS):
        inside, outside = (_density(places, weights, count) for weights in (likely, 1 - likely))
        likely = prior * inside / (prior * inside + (1 - prior) * outside + 1e-12)
    return likely.view_as(near)


def _density(places: Tensor, weights: Tensor, count: int) -> Tensor:
    """Return how frequent the color of each place (N, H * W) is among places so weighted, and colors beside it."""
    histogram = weights.new_zeros(count, COLORS**3).scatter_add(1, places, weights)
    total = histogram.sum(1, keepdim=True).clamp(min=1)
    cube = F.pad(histogram.view(count, 1, COLORS, COLORS, COLORS), (1,) * 6, mode="replicate")
    return (F.avg_pool3d(F.avg_pool3d(cube, 2, 1), 2, 1).flatten(1) / total).gather(1, places)


def changed(outside: Tensor, given: Tensor, made: Tensor) -> Tensor:
    """Return the mean absolute change of pictures (N, C, H, W), what is inside counted as none."""
    return (outside * (made.float() - given.float()).abs()).mean()
