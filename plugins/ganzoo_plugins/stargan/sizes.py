"""How deep the discriminator is for a size of images."""

from __future__ import annotations

MOST = 6  # the paper's, for 128 pixels


def halvings(image_size: int) -> int:
    """Return the number of strided convolutions, the last of which makes 2x2 pixels or more: 6 for 128, 5 for 64.

    Raises ValueError for a size that cannot be halved at least twice.
    """
    times, left = 0, image_size
    while times < MOST and left % 2 == 0 and left >= 4:
        times, left = times + 1, left // 2
    if times < 2:
        raise ValueError(f"image_size={image_size} should be a multiple of 4, 8 or more; 128 in the paper")
    return times
