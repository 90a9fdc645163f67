"""Perceptual losses: content and style as comparisons of feature maps (arXiv:1508.06576, 1603.08155, 1703.06868).

The papers use the feature maps of VGG. Here they come from any network of the kind ``features`` and are chosen by their
steps in pixels of the image: style is compared in all maps with steps up to 16, which are conv1 to conv5 of VGG-19 in
the first paper. Networks other than VGG, whose channels vary much more, need two changes:

- the channels of a map are normalized, so that those of the style image have mean 0 and standard deviation 1;
- the image itself, with its three colors, is one more map.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ganzoo import Features, GanzooError, at_least_float32

MIN_DEVIATION = 0.1  # of a map's mean deviation, so that channels that hardly vary in the style are not amplified
PATCH = 4  # pixels a side: colors are compared as means of such patches
MAX_STEP = 16  # pixels, of the deepest map in which style is compared: VGG's conv5_1 in arXiv:1508.06576


@dataclass(frozen=True)
class PerceptualFeatures:
    """The feature map in which content is compared, and those for style, of which the first is the image itself."""

    content: Tensor
    style: list[Tensor]


class Perception:
    """Computes the feature maps of images in which content and style are compared.

    Args:
        features: A network of feature maps.
        reduction: Content is compared in the deepest map whose step is at most this many pixels of the image.

    Raises:
        GanzooError: If no map has such a step.
    """

    def __init__(self, features: Features, reduction: int) -> None:
        fine = [index for index, step in enumerate(features.reductions) if step <= reduction]
        if not fine:
            raise GanzooError(
                f"The features '{features.label}' have no map with a step of {reduction} pixels or fewer: their steps "
                f"are {features.reductions}. Use other features, or content_reduction={min(features.reductions)}."
            )
        self.features = features
        self.content = fine[-1]
        self.style = [index for index, step in enumerate(features.reductions) if step <= MAX_STEP]

    def __call__(self, images: Tensor) -> PerceptualFeatures:
        """Return the feature maps of images (N, 3, H, W) in [-1, 1]; gradients flow back to the images."""
        maps = self.features(images)
        return PerceptualFeatures(
            at_least_float32(maps[self.content]),
            [at_least_float32(images), *(at_least_float32(maps[index]) for index in self.style)],
        )


@dataclass(frozen=True)
class Statistics:
    """Style in one map: mean and standard deviation of each channel (N, C, 1), and their correlations (N, C, C)."""

    mean: Tensor
    deviation: Tensor
    correlation: Tensor

    @classmethod
    def measure(cls, features: Tensor) -> Statistics:
        """Return the statistics of a feature map (N, C, H, W) of style images."""
        flat = features.flatten(2)
        mean = flat.mean(2, keepdim=True)
        deviation = flat.var(2, unbiased=False, keepdim=True).sqrt()
        deviation = deviation.maximum(MIN_DEVIATION * deviation.mean(1, keepdim=True) + 1e-5)
        return cls(mean, deviation, gram((flat - mean) / deviation))

    def normalize(self, features: Tensor) -> Tensor:
        """Normalize a map (N, C, H, W) to (N, C, HW) so that the style itself gets mean 0 and deviation 1."""
        return (features.flatten(2) - self.mean) / self.deviation


def gram(flat: Tensor) -> Tensor:
    """Return the Gram matrices (N, C, C) of (N, C, P), divided by the number of positions P."""
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def measure_style(images: Tensor, perception: Perception) -> list[Statistics]:
    """Return the statistics of style images (N, 3, H, W), one for each feature map."""
    return [Statistics.measure(each) for each in perception(images).style]


def content_loss(features: Tensor, target: Tensor) -> Tensor:
    """Return the squared error of a map (N, C, H, W) over its variance: equation 1 of arXiv:1508.06576, rescaled."""
    variance = target.flatten(2).var(2, unbiased=False).mean(1).view(-1, 1, 1, 1) + 1e-8
    return ((features - target).square() / variance).mean()


def color_loss(images: Tensor, target: Tensor) -> Tensor:
    """Return the content loss of the colors themselves, as means of `PATCH` x `PATCH` pixels.

    Without it, a network after a short training matches a style's colors by blots of color anywhere.
    """
    return content_loss(*(F.avg_pool2d(each, PATCH, ceil_mode=True) for each in (images, target)))


def gram_distance(features: Tensor, style: Statistics) -> Tensor:
    """Return the distance of a map's Gram matrices to the style's, (N,): equations 3 and 4 of arXiv:1508.06576.

    This is the squared Frobenius distance, over the squared norm of the style's Gram matrix, plus the squared distance
    of the means, which would be one more row of the matrix.
    """
    flat = style.normalize(features)
    off = (gram(flat) - style.correlation).square().sum((1, 2)) / style.correlation.square().sum((1, 2))
    return off + flat.mean(2).square().mean(1)


def moment_distance(features: Tensor, style: Statistics) -> Tensor:
    """Return the squared distance of means and deviations to the style's, (N,): equation 13 of arXiv:1703.06868."""
    flat = style.normalize(features)
    deviation = (flat.var(2, unbiased=False) + 1e-8).sqrt()
    target = style.correlation.diagonal(dim1=1, dim2=2).sqrt()
    return flat.mean(2).square().mean(1) + (deviation - target).square().mean(1)


def style_loss(distances: list[Tensor]) -> Tensor:
    """Return the distance of the colors, the first of ``distances``, plus the mean of the others; averaged over images.

    This is equation 5 of arXiv:1508.06576, where the colors weigh as much as all other maps together.
    """
    return (distances[0] + torch.stack(distances[1:]).mean(0)).mean()


def total_variation(images: Tensor) -> Tensor:
    """Return the mean absolute difference of neighboring pixels, in both directions (arXiv:1603.08155, section 3.2)."""
    across, down = images[..., 1:] - images[..., :-1], images[..., 1:, :] - images[..., :-1, :]
    return across.abs().mean() + down.abs().mean()


def sum_losses(config: Any, **losses: Tensor) -> dict[str, Tensor]:
    """Return the losses and their weighted sum ``total``; a weight is the config's ``NAME_weight``, or 1."""
    total = sum(getattr(config, f"{name}_weight", 1.0) * loss for name, loss in losses.items())
    return {"total": torch.as_tensor(total), **losses}


def adapt(content: Tensor, style: Tensor) -> Tensor:
    """Give each channel of ``content`` the mean and deviation that it has in ``style``: AdaIN, equation 8.

    Args:
        content: Feature maps (N, C, H, W).
        style: Feature maps (N or 1, C, h, w).

    Returns:
        (N, C, H, W), computed in float32.
    """
    content, style = at_least_float32(content), at_least_float32(style)
    content_deviation, content_mean = torch.std_mean(content, (2, 3), correction=0, keepdim=True)
    deviation, mean = torch.std_mean(style, (2, 3), correction=0, keepdim=True)
    return (content - content_mean) / (content_deviation + 1e-5) * deviation + mean
