"""Which parts of an image are background, according to a classifier whose answer is refined by color."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ganzoo.errors import GanzooError

# Scale at which the classifier sees the image, and the class probabilities that count as surely background and as
# surely foreground. A classifier's grid cells are 32 pixels wide: they are finer on an enlarged image, where it misses
# the middle of large objects.
SCALES = ((1.0, 0.4, 0.8), (2.0, 0.3, 0.7), (3.0, 0.5, 0.9))

COLOR_BINS = 16  # per channel
REFINEMENTS = 3  # rounds in which the mask gives color histograms, and these give the mask


class BackgroundMask:
    """Finds the background: everything that is not an object of the classes ``first_class`` to ``last_class``.

    Args:
        extractor: A classifier with ``evidence(images)`` (see `ganzoo.Extractor`).
        first_class: The first foreground class.
        last_class: The last foreground class, included.

    Raises:
        GanzooError: If the extractor has no ``evidence``.
    """

    def __init__(self, extractor: Any, first_class: int, last_class: int) -> None:
        if not hasattr(extractor, "evidence"):
            raise GanzooError(
                f"The extractor '{extractor.label}' cannot locate classes in an image. "
                "Set foreground_extractor=efficientnet-lite0."
            )
        self.extractor, self.first_class, self.last_class = extractor, first_class, last_class

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        """Return the background of (N, C, H, W) in [-1, 1] as (N, 1, H, W): 1 far from any object, 0 on an object."""
        size = images.shape[2:]
        foreground = images.new_zeros(len(images), 1, *size, dtype=torch.float32)
        extractor = self.extractor.to(images.device)
        for scale, background_below, foreground_above in SCALES:
            scaled = F.interpolate(images.float(), scale_factor=scale, mode="bilinear")
            by_class = extractor.evidence(scaled).float().softmax(1)
            likely = by_class[:, self.first_class : self.last_class + 1].sum(1, keepdim=True)
            found = ((likely - background_below) / (foreground_above - background_below)).clamp(0, 1)
            if scale == 1:  # the cells are coarse: keep only the middle of objects
                found = -F.max_pool2d(-found, 3, stride=1, padding=1)
            foreground = foreground.maximum(F.interpolate(found, size=size, mode="bilinear"))
        return 1 - refine_by_color(images, foreground)


def refine_by_color(images: Tensor, foreground: Tensor) -> Tensor:
    """Redraw a foreground mask by the colors of the image.

    The edges that a classifier finds are about ten pixels off. A sky has few pixels of the object's colors, so its edge
    becomes exact, and so do parts of the object that have the same colors as what was found. The method is Bayes' rule
    with a color histogram for each side, repeated. GrabCut (doi:10.1145/1015706.1015720) uses mixtures and graph cuts.

    Args:
        images: (N, 1 or 3, H, W) in [-1, 1].
        foreground: (N, 1, H, W), the probability in [0, 1] that a pixel belongs to an object.

    Returns:
        The same probability, given the colors as well.
    """
    count = len(images)
    bins = ((images.float().expand(-1, 3, -1, -1) + 1) * (COLOR_BINS / 2)).long().clamp(0, COLOR_BINS - 1)
    bins = ((bins[:, 0] * COLOR_BINS + bins[:, 1]) * COLOR_BINS + bins[:, 2]).flatten(1)
    prior = posterior = foreground.float().flatten(1)
    for _ in range(REFINEMENTS):
        inside, outside = (_color_density(bins, weights, count) for weights in (posterior, 1 - posterior))
        posterior = prior * inside / (prior * inside + (1 - prior) * outside + 1e-12)
    return posterior.view_as(foreground)


def _color_density(bins: Tensor, weights: Tensor, count: int) -> Tensor:
    """Return how frequent each pixel's color (N, H * W), or one near it, is among pixels with these weights."""
    histogram = weights.new_zeros(count, COLOR_BINS**3).scatter_add(1, bins, weights)
    total = histogram.sum(1, keepdim=True).clamp(min=1)
    cube = F.pad(histogram.view(count, 1, COLOR_BINS, COLOR_BINS, COLOR_BINS), (1,) * 6, mode="replicate")
    return (F.avg_pool3d(F.avg_pool3d(cube, 2, 1), 2, 1).flatten(1) / total).gather(1, bins)


def background_change(background: Tensor, images: Tensor, translated: Tensor) -> Tensor:
    """Return the mean absolute change of images (N, C, H, W) in the background; changes in the foreground count 0."""
    return (background * (translated.float() - images.float()).abs()).mean()
