"""What content and style are: comparisons of pictures' maps of features (arXiv:1508.06576, 1603.08155, 1703.06868).

The papers' maps are VGG's. Here they are those of any network of the kind ``features``, chosen by their steps, in
pixels of the picture: style has all up to 16, as VGG-19's conv1 to conv5 in the first paper. Two things differ from the
papers, which networks other than VGG need, whose channels vary much more:

- a map is compared after a normalization of its channels by which the style picture's have mean 0 and deviation 1;
- the picture itself, its three colors, counts as one more map.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ganzoo import Features, GanzooError

LEAST = 0.1  # of a map's mean deviation: channels that hardly vary in the style are not blown up
PATCH = 4  # pixels a side, of the means in which colors count as content
DEEPEST = 16  # pixels a step: the deepest map that style is compared in, VGG's conv5_1 in arXiv:1508.06576


@dataclass(frozen=True)
class PerceptualFeatures:
    """What a network sees of pictures: the map that content is compared in, and those for style, the colors first."""

    content: Tensor
    style: list[Tensor]


class Perception:
    """Looks at pictures through a network of features.

    reduction  content is compared in the deepest map whose steps are at most so many pixels of the picture
    """

    def __init__(self, features: Features, reduction: int) -> None:
        fine = [place for place, step in enumerate(features.reductions) if step <= reduction]
        if not fine:
            raise GanzooError(
                f"{features.label} has no map with a step of {reduction} pixels or fewer for content: its steps are "
                f"{features.reductions}. Take other features, or content_reduction={min(features.reductions)}."
            )
        self.features = features
        self.content = fine[-1]
        self.style = [place for place, step in enumerate(features.reductions) if step <= DEEPEST]

    def __call__(self, images: Tensor) -> PerceptualFeatures:
        """Look at images (N, 3, H, W) in [-1, 1]; gradients flow to them."""
        maps = self.features(images)
        return PerceptualFeatures(
            maps[self.content].float(), [images.float(), *(maps[place].float() for place in self.style)]
        )


@dataclass(frozen=True)
class Statistics:
    """What style is in one map: mean and deviation of each channel (N, C, 1), and the correlations (N, C, C)."""

    mean: Tensor
    deviation: Tensor
    correlation: Tensor

    @classmethod
    def of(cls, features: Tensor) -> Statistics:
        """Return those of a map (N, C, H, W) of style pictures."""
        flat = features.flatten(2)
        mean = flat.mean(2, keepdim=True)
        deviation = flat.var(2, unbiased=False, keepdim=True).sqrt()
        deviation = deviation.maximum(LEAST * deviation.mean(1, keepdim=True) + 1e-5)
        return cls(mean, deviation, gram((flat - mean) / deviation))

    def normalized(self, features: Tensor) -> Tensor:
        """Return a map (N, C, H, W) as (N, C, HW), by whose normalization the style has mean 0 and deviation 1."""
        return (features.flatten(2) - self.mean) / self.deviation


def gram(flat: Tensor) -> Tensor:
    """Return the Gram matrices (N, C, C) of (N, C, P), divided by the number P of places."""
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def style_of(images: Tensor, perception: Perception) -> list[Statistics]:
    """Return what a style picture (N, 3, H, W) is to be matched in, map by map."""
    return [Statistics.of(each) for each in perception(images).style]


def content_loss(seen: Tensor, wanted: Tensor) -> Tensor:
    """Return the squared error of a map over its variance: equation 1 of arXiv:1508.06576 but for the scale."""
    variance = wanted.flatten(2).var(2, unbiased=False).mean(1).view(-1, 1, 1, 1) + 1e-8
    return ((seen - wanted).square() / variance).mean()


def color_loss(made: Tensor, wanted: Tensor) -> Tensor:
    """Return the content loss of the colors themselves, in means of `PATCH` x `PATCH` pixels: what lies where.

    Without it, a network that has learned for a short time matches a style's colors by blots of them anywhere.
    """
    return content_loss(*(F.avg_pool2d(each, PATCH, ceil_mode=True) for each in (made, wanted)))


def gram_distance(features: Tensor, style: Statistics) -> Tensor:
    """Return how far a map's Gram matrices are from the style's (N,): equations 3 and 4 of arXiv:1508.06576.

    It is the squared Frobenius distance over the squared norm of the style's own, plus that of the means, which would
    be one more row of the matrix.
    """
    flat = style.normalized(features)
    off = (gram(flat) - style.correlation).square().sum((1, 2)) / style.correlation.square().sum((1, 2))
    return off + flat.mean(2).square().mean(1)


def moment_distance(features: Tensor, style: Statistics) -> Tensor:
    """Return how far means and deviations are from the style's (N,): equation 13 of arXiv:1703.06868, squared."""
    flat = style.normalized(features)
    deviation = (flat.var(2, unbiased=False) + 1e-8).sqrt()
    target = style.correlation.diagonal(dim1=1, dim2=2).sqrt()
    return flat.mean(2).square().mean(1) + (deviation - target).square().mean(1)


def style_loss(distances: list[Tensor]) -> Tensor:
    """Return the colors' distance, which comes first, plus the mean of the other maps'; the mean of pictures (N,).

    That is equation 5 of arXiv:1508.06576, with the colors' weight as large as that of all other maps together.
    """
    return (distances[0] + torch.stack(distances[1:]).mean(0)).mean()


def total_variation(images: Tensor) -> Tensor:
    """Return the mean absolute difference of neighbors, across and down (arXiv:1603.08155, section 3.2)."""
    across, down = images[..., 1:] - images[..., :-1], images[..., 1:, :] - images[..., :-1, :]
    return across.abs().mean() + down.abs().mean()


def in_all(config: Any, **parts: Tensor) -> dict[str, Tensor]:
    """Return the ``total`` of losses, each times the config's weight for it (content's is 1), and these parts."""
    total = sum(getattr(config, f"{name}_weight", 1.0) * part for name, part in parts.items())
    return {"total": torch.as_tensor(total), **parts}


def adapt(content: Tensor, style: Tensor) -> Tensor:
    """Give each channel of ``content`` the mean and deviation that it has in ``style``: AdaIN, equation 8.

    Maps (N, C, H, W) and (N or 1, C, h, w), computed in float32.
    """
    content, style = content.float(), style.float()
    own_deviation, own_mean = torch.std_mean(content, (2, 3), correction=0, keepdim=True)
    deviation, mean = torch.std_mean(style, (2, 3), correction=0, keepdim=True)
    return (content - own_mean) / (own_deviation + 1e-5) * deviation + mean
