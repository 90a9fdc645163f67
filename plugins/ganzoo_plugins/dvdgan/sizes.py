"""Image sizes and channels of the networks."""

from __future__ import annotations

MAX_WIDTH_FACTOR = 8


def split_size(image_size: int) -> tuple[int, int]:
    """Return (base, doublings) with ``image_size`` = base * 2**doublings, base 4 to 7.

    Raises:
        ValueError: If there is none, or the size is not from 16 to 128.
    """
    base, doublings = image_size, 0
    while base % 2 == 0 and base >= 8:
        base, doublings = base // 2, doublings + 1
    if not (4 <= base <= 7 and 16 <= image_size <= 128):
        raise ValueError(f"image_size={image_size} should be 4, 5, 6 or 7 times a power of two, from 16 to 128")
    return base, doublings


def channels(width: int, doublings: int) -> int:
    """Return the channels at a resolution ``doublings`` halvings below that with ``width`` channels."""
    return width * min(2**doublings, MAX_WIDTH_FACTOR)
