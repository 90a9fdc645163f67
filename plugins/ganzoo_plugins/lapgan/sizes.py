"""The image sizes of a pyramid. Imports no torch."""

from __future__ import annotations

SMALLEST, LARGEST = 2, 1024


def level_sizes(image_size: int, levels: int, name: str = "image_size") -> list[int]:
    """Return the sides of a pyramid's images, coarsest first: (64, 3) gives [8, 16, 32, 64].

    Args:
        image_size: Side of the finest image, in pixels.
        levels: How often it is halved.
        name: The option with that side, for messages.

    Raises:
        ValueError: If the image cannot be halved that often, or its size is not from 2 to 1024.
    """
    if levels < 0:
        raise ValueError(f"levels={levels} should be at least 0")
    if not SMALLEST <= image_size <= LARGEST:
        raise ValueError(f"{name}={image_size} should be from {SMALLEST} to {LARGEST}")
    halvings = 0
    while image_size % 2 ** (halvings + 1) == 0 and image_size >> (halvings + 1) >= SMALLEST:
        halvings += 1
    if halvings < levels:
        raise ValueError(
            f"{name}={image_size} can be halved {halvings} times, not levels={levels} times: take "
            f"levels={halvings} or less, or another size, as {max(2, round(image_size / 2**levels)) << levels}"
        )
    return [image_size >> level for level in reversed(range(levels + 1))]
