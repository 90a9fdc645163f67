"""The picture sizes that strided layers can double from, and halve to, a base of 4 to 7 pixels; no torch."""

from __future__ import annotations

SIZES = [
    size for size in range(16, 257) if size in {base << doublings for base in range(4, 8) for doublings in range(7)}
]


def split_size(image_size: int) -> tuple[int, int]:
    """Return (base, doublings) with ``image_size == base * 2**doublings`` and base 4..7, as 28 -> (7, 2).

    Raises ValueError for a size that is no such product, and outside 16..256.
    """
    if image_size not in SIZES:
        near = sorted(sorted(SIZES, key=lambda size: abs(size - image_size))[:2])
        raise ValueError(
            f"image_size={image_size} is not 4, 5, 6 or 7 times a power of two from 16 to 256; "
            f"take {near[0]} or {near[1]}"
        )
    base, doublings = image_size, 0
    while base > 7:
        base, doublings = base // 2, doublings + 1
    return base, doublings
