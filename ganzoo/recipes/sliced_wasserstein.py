"""The sliced Wasserstein distance between two sets of images, computed from their pixels without any network.

Karras et al. 2017 (arXiv:1710.10196, section 5): at every resolution, small patches should have the same distribution
in both sets.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ganzoo.errors import DataError

PATCH = 7  # pixels, side of a patch
COARSEST = 16  # pixels, least shorter side of the last level
BATCH = 64  # images at a time, to limit the memory of their pyramids
BLUR = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)  # Burt & Adelson 1983, as in the authors' code


@torch.no_grad()
def sliced_wasserstein(
    images: Tensor, others: Tensor, seed: int = 0, *, descriptors: int = 8192, directions: int = 64
) -> float:
    """Return 1000 times the sliced Wasserstein distance of patches, the mean over resolutions; equal sets give 0.

    The patches of each set are normalized to mean 0 and standard deviation 1 in each channel, as in the paper, so that
    brightness and contrast of a set do not matter. The value falls with the number of images: compare values of equal
    counts only.

    Args:
        images: (N, C, H, W), any range.
        others: (M, C, H, W).
        seed: Seed of patches and directions; the same seed gives the same value on the same device.
        descriptors: Number of patches drawn from each set and level, spread evenly over its images.
        directions: Number of directions onto which patches are projected.

    Raises:
        DataError: For sets of different shapes, empty sets, or images below 7 pixels.
    """
    _check(images, others)
    with torch.autocast(images.device.type, enabled=False):
        return _distance(images, others, seed, descriptors, directions)


def _distance(images: Tensor, others: Tensor, seed: int, descriptors: int, directions: int) -> float:
    first, second = _describe(images, seed, descriptors), _describe(others, seed, descriptors)
    random = torch.Generator().manual_seed(seed)
    levels = []
    for patches, other_patches in zip(first, second, strict=True):
        axes = torch.randn(patches.shape[1], directions, generator=random, dtype=patches.dtype)
        axes = F.normalize(axes, dim=0).to(images.device)
        levels.append(_projected_distance(axes, patches, other_patches))
    return 1000 * torch.stack(levels).mean().item()


def laplacian_pyramid(images: Tensor) -> list[Tensor]:
    """Split (N, C, H, W) into the details of each resolution, finest first, and the blurred rest.

    Each level is half as large as the one before, rounded up. The last one has 16 to 31 pixels on its shorter side;
    smaller images are their own last level. Enlarged and added up again, the levels give the images.
    """
    levels = [images]
    while min(levels[-1].shape[2:]) >= 2 * COARSEST:
        smaller = _blur(levels[-1])[:, :, ::2, ::2]
        levels[-1] = levels[-1] - enlarge(smaller, levels[-1].shape)
        levels.append(smaller)
    return levels


def enlarge(images: Tensor, shape: torch.Size) -> Tensor:
    """Enlarge a level to the ``shape`` of the one before it: pixels go to even positions, and a blur fills the rest."""
    spread = images.new_zeros(shape)
    spread[:, :, ::2, ::2] = 4 * images
    return _blur(spread)


def _check(images: Tensor, others: Tensor) -> None:
    if images.shape[1:] != others.shape[1:] or not len(images) or not len(others):
        raise DataError(
            f"Images of shapes {tuple(images.shape)} and {tuple(others.shape)} cannot be compared. "
            "Give two sets with at least one image each, all of the same channels, height and width."
        )
    if min(images.shape[2:]) < PATCH:
        raise DataError(
            f"Images of {images.shape[3]}x{images.shape[2]} pixels are too small for patches of {PATCH}x{PATCH}. "
            f"Give images of at least {PATCH}x{PATCH}."
        )


def _describe(images: Tensor, seed: int, count: int) -> list[Tensor]:
    """Return normalized patches (count, C * 49) for each level."""
    random = torch.Generator().manual_seed(seed)  # on the CPU: the same positions on every device
    per_image = -(-count // len(images))
    batches = (images[start : start + BATCH].float() for start in range(0, len(images), BATCH))
    patches = [[_draw_patches(level, per_image, random) for level in laplacian_pyramid(batch)] for batch in batches]
    drawn = len(images) * per_image
    chosen = torch.arange(count, device=images.device) * drawn // count
    return [_normalize(torch.cat(level)[chosen]) for level in zip(*patches, strict=True)]


def _draw_patches(images: Tensor, per_image: int, random: torch.Generator) -> Tensor:
    """Draw (N * per_image, C, 7, 7) patches, each at a random position of its image."""
    patches = images.unfold(2, PATCH, 1).unfold(3, PATCH, 1)  # a view (N, C, rows, columns, 7, 7)
    count, _, rows, columns = patches.shape[:4]
    positions = torch.rand(2, count, per_image, generator=random, dtype=torch.float64)
    row, column = ((positions[0] * rows).long(), (positions[1] * columns).long())
    index = torch.arange(count, device=images.device)[:, None]
    return patches[index, :, row.to(images.device), column.to(images.device)].flatten(0, 1)


def _normalize(patches: Tensor) -> Tensor:
    """Normalize each channel of (D, C, 7, 7) to mean 0 and deviation 1 over the set, and flatten to (D, C * 49)."""
    deviation, mean = torch.std_mean(patches, (0, 2, 3), correction=0, keepdim=True)
    # A set without contrast has deviation 0 and becomes 0, not NaN.
    return ((patches - mean) / deviation.clamp_min(1e-8)).flatten(1)


def _projected_distance(directions: Tensor, patches: Tensor, other_patches: Tensor) -> Tensor:
    """Return the Wasserstein-1 distance of (D, K) and (D, K) along each of the unit ``directions`` (K, L), averaged.

    In one dimension, the optimal transport maps sorted values to sorted values.
    """
    projections, other_projections = (_sort(directions.T @ each.T) for each in (patches, other_patches))
    return (projections - other_projections).abs().mean()


def _sort(values: Tensor) -> Tensor:
    """Sort each row of (L, D) in ascending order."""
    if values.device.type != "cpu":
        return values.sort(1).values
    return torch.from_numpy(np.sort(values.numpy(), 1))  # a quarter of torch's time, which also computes indices


def _blur(images: Tensor) -> Tensor:
    """Blur (N, C, H, W) by the binomial filter of 5 pixels, mirrored at the edges."""
    for axis, border in ((2, (0, 0, 2, 2)), (3, (2, 2, 0, 0))):
        padded, side = F.pad(images, border, mode="reflect"), images.shape[axis]
        images = BLUR[0] * padded.narrow(axis, 0, side)
        for offset, weight in enumerate(BLUR[1:], start=1):  # a conv2d of one channel takes ten times as long on a CPU
            images.add_(padded.narrow(axis, offset, side), alpha=weight)
    return images
