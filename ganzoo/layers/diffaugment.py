"""DiffAugment: what the discriminator sees, real or made, is changed at random, and gradients pass through.

Zhao et al. 2020, arXiv:2006.10738, with the ranges of the authors' code: brightness moves by up to 0.5, saturation
is scaled by 0 to 2 and contrast by 0.5 to 1.5; pictures move by up to an eighth of their side; a hole of half their
side is cut. What moves in, and the hole, is 0: mid-gray.

Importing this imports no torch, so that options can be checked without it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ganzoo.contracts.config import parse_policy

if TYPE_CHECKING:
    from torch import Tensor

TRANSLATION = 1 / 8  # of a side, in either direction
CUTOUT = 1 / 2  # of a side


def diff_augment(images: Tensor, policy: str, uniform: Callable[..., Tensor]) -> Tensor:
    """Return ``images`` (N, C, H, W) in [-1, 1], changed as ``policy`` says, each by draws of its own.

    Colors may leave [-1, 1], as in the authors' code. Pictures stacked on channels, as pix2pix judges them, are
    changed alike. ``uniform(count, *shape)`` returns values in [0, 1) of shape (count, *shape) on the images' device,
    and is called once a word of the policy.
    """
    for word in parse_policy(policy):
        images = TRANSFORMS[word](images, uniform)
    return images


def _color(images: Tensor, uniform: Callable[..., Tensor]) -> Tensor:
    """Change brightness, then saturation, then contrast."""
    count, channels, height, width = images.shape
    # Six channels are two RGB pictures: each has a gray of its own, or the colors of one would run into the other.
    pictures = images.reshape(count, -1, 3 if channels % 3 == 0 else 1, height, width)
    draws = uniform(count, 3).to(images.dtype).view(count, 3, 1, 1, 1, 1)
    brightness, saturation, contrast = draws.unbind(1)
    pictures = pictures + (brightness - 0.5)
    pictures = pictures.mean(2, keepdim=True).lerp(pictures, 2 * saturation)
    pictures = pictures.mean((2, 3, 4), keepdim=True).lerp(pictures, contrast + 0.5)
    return pictures.flatten(1, 2)


def _translation(images: Tensor, uniform: Callable[..., Tensor]) -> Tensor:
    """Move every picture by whole pixels, and fill what is left open with 0."""
    import torch

    count, channels, height, width = images.shape
    sources, outside = [], []
    for draw, side in zip(uniform(count, 2).unbind(1), (height, width), strict=True):
        reach = _share(TRANSLATION, side)
        place = torch.arange(side, device=images.device) + _integers(draw, -reach, reach)[:, None]  # (N, side)
        sources.append(place.clamp(0, side - 1))
        outside.append((place < 0) | (place >= side))
    pixels = sources[0][:, :, None] * width + sources[1][:, None, :]  # (N, H, W)
    # One flat gather: its backward can be differentiated again (R1), which grid_sample's cannot.
    moved = images.flatten(2).gather(2, pixels.flatten(1)[:, None].expand(-1, channels, -1))
    empty = outside[0][:, None, :, None] | outside[1][:, None, None, :]
    return moved.view(images.shape).masked_fill(empty, 0)


def _cutout(images: Tensor, uniform: Callable[..., Tensor]) -> Tensor:
    """Put 0 in a rectangle whose center is anywhere in the picture; it may reach over the edge."""
    import torch

    count, _, height, width = images.shape
    inside = []
    for draw, side in zip(uniform(count, 2).unbind(1), (height, width), strict=True):
        size = _share(CUTOUT, side)
        # An even size has its center between two pixels, and so one place more: before the first, ..., after the last.
        first = _integers(draw, 0, side - size % 2)[:, None] - size // 2
        place = torch.arange(side, device=images.device)
        inside.append((place >= first) & (place < first + size))  # (N, side)
    return images.masked_fill(inside[0][:, None, :, None] & inside[1][:, None, None, :], 0)


def _share(share: float, side: int) -> int:
    """Return that share of a side in whole pixels, halves rounded up."""
    return int(side * share + 0.5)


def _integers(draw: Tensor, lowest: int, highest: int) -> Tensor:
    """Turn draws from [0, 1) into whole numbers from ``lowest`` to ``highest``, each as likely."""
    return (draw * (highest - lowest + 1)).long() + lowest


TRANSFORMS: dict[str, Callable[[Tensor, Callable[..., Tensor]], Tensor]] = {
    "color": _color,
    "translation": _translation,
    "cutout": _cutout,
}
