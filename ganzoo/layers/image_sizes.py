"""Image sizes that strided layers reach from a base of 4 to 7 pixels by doubling. Imports no torch."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from ganzoo.contracts.limits import Check

SIZES = [
    size for size in range(16, 257) if size in {base << doublings for base in range(4, 8) for doublings in range(7)}
]


def split_size(image_size: int) -> tuple[int, int]:
    """Split an image size into a base and doublings: 28 is (7, 2).

    Args:
        image_size: Side of an image in pixels.

    Returns:
        (base, doublings) with ``image_size == base * 2**doublings`` and base 4, 5, 6 or 7.

    Raises:
        ValueError: If there is none, or the size is not from 16 to 256.
    """
    if image_size not in SIZES:
        nearest = sorted(sorted(SIZES, key=lambda size: abs(size - image_size))[:2])
        raise ValueError(
            f"image_size={image_size} is not 4, 5, 6 or 7 times a power of two from 16 to 256; "
            f"use {nearest[0]} or {nearest[1]}"
        )
    base, doublings = image_size, 0
    while base > 7:
        base, doublings = base // 2, doublings + 1
    return base, doublings


DoubledSize: TypeAlias = Annotated[int, Check(split_size)]
