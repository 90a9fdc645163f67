"""DiffAugment: differentiable random changes of all images that a discriminator sees (arXiv:2006.10738).

The ranges are those of the authors' code: brightness changes by up to 0.5, saturation is scaled by 0 to 2 and contrast
by 0.5 to 1.5; images are translated by up to an eighth of their side; a square of half their side is cut out. Pixels
that move in, and those cut out, are 0: mid-gray. Flips and quarter turns are from the pixel blitting of adaptive
augmentation (arXiv:2006.06676, appendix B).

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


def diff_augment(images: Tensor, policy: str, uniform: Callable[..., Tensor], probability: float = 1.0) -> Tensor:
    """Change images at random, each in its own way.

    Args:
        images: (N, C, H, W) in [-1, 1]. Images stacked on channels, as in pix2pix, are changed in the same way.
        policy: Some of "color,translation,cutout,flip,rotation", in the order in which they are applied.
        uniform: ``uniform(count, *shape)`` draws (count, *shape) from [0, 1) on the images' device. It is called once
            for each word of the policy, and once more where ``probability`` is below 1.
        probability: Of each change of each image (arXiv:2006.06676, section 2.2).

    Returns:
        The same shape. Colors can leave [-1, 1], as in the authors' code.
    """
    import torch

    for word in parse_policy(policy):
        changed = TRANSFORMS[word](images, uniform)
        if probability < 1:
            changed = torch.where(uniform(len(images), 1)[:, :, None, None] < probability, changed, images)
        images = changed
    return images


def _color(images: Tensor, uniform: Callable[..., Tensor]) -> Tensor:
    """Change brightness, then saturation, then contrast."""
    count, channels, height, width = images.shape
    # Six channels are two RGB images, whose colors must not mix.
    stacked = images.reshape(count, -1, 3 if channels % 3 == 0 else 1, height, width)
    draws = uniform(count, 3).to(images.dtype).view(count, 3, 1, 1, 1, 1)
    brightness, saturation, contrast = draws.unbind(1)
    stacked = stacked + (brightness - 0.5)
    stacked = stacked.mean(2, keepdim=True).lerp(stacked, 2 * saturation)
    stacked = stacked.mean((2, 3, 4), keepdim=True).lerp(stacked, contrast + 0.5)
    return stacked.flatten(1, 2)


def _translation(images: Tensor, uniform: Callable[..., Tensor]) -> Tensor:
    """Translate every image by whole pixels, and fill the rest with 0."""
    import torch

    count, channels, height, width = images.shape
    sources, outside = [], []
    for draw, side in zip(uniform(count, 2).unbind(1), (height, width), strict=True):
        reach = _fraction(TRANSLATION, side)
        place = torch.arange(side, device=images.device) + _integers(draw, -reach, reach)[:, None]  # (N, side)
        sources.append(place.clamp(0, side - 1))
        outside.append((place < 0) | (place >= side))
    pixels = sources[0][:, :, None] * width + sources[1][:, None, :]  # (N, H, W)
    # One flat gather: its backward can be differentiated again (R1), which grid_sample's cannot.
    moved = images.flatten(2).gather(2, pixels.flatten(1)[:, None].expand(-1, channels, -1))
    empty = outside[0][:, None, :, None] | outside[1][:, None, None, :]
    return moved.view(images.shape).masked_fill(empty, 0)


def _cutout(images: Tensor, uniform: Callable[..., Tensor]) -> Tensor:
    """Set a rectangle to 0 whose center is anywhere in the image; it can extend over the edge."""
    import torch

    count, _, height, width = images.shape
    inside = []
    for draw, side in zip(uniform(count, 2).unbind(1), (height, width), strict=True):
        size = _fraction(CUTOUT, side)
        # The center of an even size lies between pixels: there is one more position, from before the first to after the
        # last.
        first = _integers(draw, 0, side - size % 2)[:, None] - size // 2
        place = torch.arange(side, device=images.device)
        inside.append((place >= first) & (place < first + size))  # (N, side)
    return images.masked_fill(inside[0][:, None, :, None] & inside[1][:, None, None, :], 0)


def _flip(images: Tensor, uniform: Callable[..., Tensor]) -> Tensor:
    """Mirror an image left to right, or leave it, equally often."""
    import torch

    return torch.where(uniform(len(images), 1)[:, :, None, None] < 0.5, images, images.flip(3))


def _rotation(images: Tensor, uniform: Callable[..., Tensor]) -> Tensor:
    """Turn an image by 0, 90, 180 or 270 degrees, equally often; one that is not square by 0 or 180."""
    import torch

    draw = uniform(len(images), 1)[:, :, None, None]
    if images.shape[2] != images.shape[3]:
        return torch.where(draw < 0.5, images, images.flip(2, 3))
    turned = images
    for quarters in (1, 2, 3):
        turned = torch.where(draw >= quarters / 4, images.rot90(quarters, (2, 3)), turned)
    return turned


def _fraction(fraction: float, side: int) -> int:
    """Return a fraction of a side in whole pixels, halves rounded up."""
    return int(side * fraction + 0.5)


def _integers(draw: Tensor, lowest: int, highest: int) -> Tensor:
    """Convert draws from [0, 1) to integers from ``lowest`` to ``highest``, all equally likely."""
    return (draw * (highest - lowest + 1)).long() + lowest


TRANSFORMS: dict[str, Callable[[Tensor, Callable[..., Tensor]], Tensor]] = {
    "color": _color,
    "translation": _translation,
    "cutout": _cutout,
    "flip": _flip,
    "rotation": _rotation,
}
