"""Large random masks, drawn by numbers in [0, 1) (arXiv:2109.07161, section 2.3).

The paper's masks are thick polygonal chains and rectangles. The sizes here are fractions of the image's shorter side.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

SEGMENTS, LONGEST, THICKEST, THINNEST = 4, 0.8, 0.4, 0.1  # of a chain: number, length and thickness
BOXES, LARGEST, SMALLEST = 4, 0.6, 0.125  # number and sides of rectangles
DRAWS = max(3 + 3 * SEGMENTS, 1 + 4 * BOXES)  # numbers for one mask


def stroke_masks(images: Tensor, draws: Tensor) -> Tensor:
    """Return masks (N, 1, H, W) with 1 in chains of 1 to SEGMENTS thick segments with round ends.

    Args:
        images: (N, C, H, W).
        draws: (N, DRAWS) in [0, 1).
    """
    height, width = images.shape[-2:]
    side = min(height, width)
    rows, columns = pixel_centers(images)
    count = (draws[:, 0] * SEGMENTS).floor() + 1
    y, x = draws[:, 1] * height, draws[:, 2] * width
    masks = images.new_zeros(len(images), height, width, dtype=torch.bool)
    for index in range(SEGMENTS):
        turn, length, thickness = (draws[:, 3 + 3 * index + offset] for offset in range(3))
        radius = side * (THINNEST + (THICKEST - THINNEST) * thickness) / 2
        step = side * LONGEST * length
        to_y = (y + step * (2 * math.pi * turn).sin()).clamp(0, height)
        to_x = (x + step * (2 * math.pi * turn).cos()).clamp(0, width)
        down, across = (each[:, None, None] for each in (to_y - y, to_x - x))
        from_y, from_x = rows - y[:, None, None], columns - x[:, None, None]
        # The nearest point of the segment lies this far along it.
        along = ((from_y * down + from_x * across) / (down.square() + across.square()).clamp_min(1e-6)).clamp(0, 1)
        distance = (from_y - along * down).square() + (from_x - along * across).square()
        masks |= (distance <= radius.square()[:, None, None]) & (index < count)[:, None, None]
        y, x = to_y, to_x
    return masks[:, None].to(images.dtype)


def box_masks(images: Tensor, draws: Tensor) -> Tensor:
    """Return masks (N, 1, H, W) with 1 in 1 to BOXES rectangles, which can overlap.

    Args:
        images: (N, C, H, W).
        draws: (N, DRAWS) in [0, 1).
    """
    height, width = images.shape[-2:]
    side = min(height, width)
    rows, columns = pixel_centers(images)
    count = (draws[:, 0] * BOXES).floor() + 1
    masks = images.new_zeros(len(images), height, width, dtype=torch.bool)
    for index in range(BOXES):
        inside = (index < count)[:, None, None]
        for axis, (pixels, length) in enumerate(((rows, height), (columns, width))):
            extent = side * (SMALLEST + (LARGEST - SMALLEST) * draws[:, 1 + 4 * index + axis])
            first = (length - extent) * draws[:, 3 + 4 * index + axis]
            inside = inside & (pixels >= first[:, None, None]) & (pixels < (first + extent)[:, None, None])
        masks |= inside
    return masks[:, None].to(images.dtype)


def pixel_centers(images: Tensor) -> tuple[Tensor, Tensor]:
    """Return the vertical (H, 1) and horizontal (1, W) positions of pixels' centers."""
    height, width = images.shape[-2:]
    rows = torch.arange(height, device=images.device) + 0.5
    columns = torch.arange(width, device=images.device) + 0.5
    return rows[:, None], columns[None]
