"""How far two sets of pictures are from each other, by their own pixels: no network, no weights.

The sliced Wasserstein distance of Karras et al. 2017 (arXiv:1710.10196, section 5): small patches, at every
resolution, should look alike in both sets.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ganzoo.errors import DataError

PATCH = 7  # pixels on a side of a descriptor
COARSEST = 16  # pixels on the shorter side of the last level
BATCH = 64  # pictures at a time, so that their pyramids take little memory
BLUR = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)  # Burt & Adelson 1983, as the authors' code has it


@torch.no_grad()
def sliced_wasserstein(
    images: Tensor, others: Tensor, seed: int = 0, *, descriptors: int = 8192, directions: int = 64
) -> float:
    """Return 1,000 times the mean over levels of the sliced Wasserstein distance of patches; 0 is alike.

    Takes (N, C, H, W) and (M, C, H, W), any range: each set's patches are brought to mean 0 and deviation 1 a channel,
    as in the paper, so that a brighter or fainter set is as good as another. N and M may differ: from each set,
    ``descriptors`` patches a level are drawn, spread evenly over its pictures. The value falls with the number of
    pictures, so compare values of equal counts only. The same ``seed`` gives the same value on the same device; equal
    sets give 0.
    Raises DataError for sets of different shapes, without pictures, or of pictures below 7 pixels.
    """
    _check(images, others)
    with torch.autocast(images.device.type, enabled=False):
        return _distance(images, others, seed, descriptors, directions)


def _distance(images: Tensor, others: Tensor, seed: int, descriptors: int, directions: int) -> float:
    first, second = _describe(images, seed, descriptors), _describe(others, seed, descriptors)
    random = torch.Generator().manual_seed(seed)
    levels = []
    for patches, other_patches in zip(first, second, strict=True):
        lines = F.normalize(torch.randn(patches.shape[1], directions, generator=random), dim=0).to(images.device)
        levels.append(_along(lines, patches, other_patches))
    return 1000 * torch.stack(levels).mean().item()


def laplacian_pyramid(images: Tensor) -> list[Tensor]:
    """Split (N, C, H, W) into what each resolution adds, finest first; the last level is the blurred rest.

    A level is half as large as the one before, rounded up, and the last has 16 to 31 pixels on its shorter side;
    smaller pictures are their own last level. Added up again by enlarging, the levels are the pictures.
    """
    levels = [images]
    while min(levels[-1].shape[2:]) >= 2 * COARSEST:
        smaller = _blur(levels[-1])[:, :, ::2, ::2]
        levels[-1] = levels[-1] - enlarge(smaller, levels[-1].shape)
        levels.append(smaller)
    return levels


def enlarge(images: Tensor, shape: torch.Size) -> Tensor:
    """Bring a level to the ``shape`` of the one before it: pixels go to even places, and the blur fills the rest."""
    spread = images.new_zeros(shape)
    spread[:, :, ::2, ::2] = 4 * images
    return _blur(spread)


def _check(images: Tensor, others: Tensor) -> None:
    if images.shape[1:] != others.shape[1:] or not len(images) or not len(others):
        raise DataError(
            f"Pictures of shapes {tuple(images.shape)} and {tuple(others.shape)} cannot be compared. "
            "Give two sets with at least one picture each, all of the same channels, height and width."
        )
    if min(images.shape[2:]) < PATCH:
        raise DataError(
            f"Pictures of {images.shape[3]}x{images.shape[2]} pixels are too small for patches of {PATCH}x{PATCH}. "
            f"Give pictures of at least {PATCH}x{PATCH}."
        )


def _describe(images: Tensor, seed: int, count: int) -> list[Tensor]:
    """Return normalized patches (count, C * 49) for each level."""
    random = torch.Generator().manual_seed(seed)  # on the CPU: the same places on every device, and in equal sets
    each = -(-count // len(images))
    batches = (images[start : start + BATCH].float() for start in range(0, len(images), BATCH))
    patches = [[_patches(level, each, random) for level in laplacian_pyramid(batch)] for batch in batches]
    every = len(images) * each
    chosen = torch.arange(count, device=images.device) * every // count
    return [_normalized(torch.cat(level)[chosen]) for level in zip(*patches, strict=True)]


def _patches(images: Tensor, each: int, random: torch.Generator) -> Tensor:
    """Draw ``each`` patches (N * each, C, 7, 7) from every picture, at places of their own."""
    patches = images.unfold(2, PATCH, 1).unfold(3, PATCH, 1)  # a view (N, C, rows, columns, 7, 7)
    count, _, rows, columns = patches.shape[:4]
    places = torch.rand(2, count, each, generator=random, dtype=torch.float64)
    row, column = ((places[0] * rows).long(), (places[1] * columns).long())
    picture = torch.arange(count, device=images.device)[:, None]
    return patches[picture, :, row.to(images.device), column.to(images.device)].flatten(0, 1)


def _normalized(patches: Tensor) -> Tensor:
    """Bring each channel of (D, C, 7, 7) to mean 0 and deviation 1 over the set, and flatten to (D, C * 49)."""
    deviation, mean = torch.std_mean(patches, (0, 2, 3), correction=0, keepdim=True)
    # A set without any contrast has deviation 0: it becomes 0, not NaN.
    return ((patches - mean) / deviation.clamp_min(1e-8)).flatten(1)


def _along(directions: Tensor, patches: Tensor, other_patches: Tensor) -> Tensor:
    """Return the mean over unit ``directions`` (K, L) of the Wasserstein-1 distance of (D, K) and (D, K) along each.

    On a line, the best transport takes the smallest to the smallest, and so on.
    """
    shadows, other_shadows = (_sorted(directions.T @ each.T) for each in (patches, other_patches))
    return (shadows - other_shadows).abs().mean()


def _sorted(values: Tensor) -> Tensor:
    """Return each row of (L, D) from the smallest to the largest."""
    if values.device.type != "cpu":
        return values.sort(1).values
    return torch.from_numpy(np.sort(values.numpy(), 1))  # a fourth of torch's time, which sorts the places as well


def _blur(images: Tensor) -> Tensor:
    """Blur (N, C, H, W) by the binomial filter of 5 pixels, mirrored at the edges."""
    for axis, border in ((2, (0, 0, 2, 2)), (3, (2, 2, 0, 0))):
        padded, side = F.pad(images, border, mode="reflect"), images.shape[axis]
        images = BLUR[0] * padded.narrow(axis, 0, side)
        for place, share in enumerate(BLUR[1:], start=1):  # a conv2d of one channel takes ten times as long on a CPU
            images.add_(padded.narrow(axis, place, side), alpha=share)
    return images
