"""The depth of the discriminator for an image size. Imports no torch."""

from __future__ import annotations

MAX_DEPTH = 6  # the paper's, for 128 pixels


def halvings(image_size: int) -> int:
    """Return the number of strided convolutions, down to 2x2 pixels or more: 6 for 128, 5 for 64.

    Raises:
        ValueError: For a size that cannot be halved at least twice.
    """
    times, side = 0, image_size
    while times < MAX_DEPTH and side % 2 == 0 and side >= 4:
        times, side = times + 1, side // 2
    if times < 2:
        raise ValueError(f"image_size={image_size} should be a multiple of 4, at least 8; 128 in the paper")
    return times
