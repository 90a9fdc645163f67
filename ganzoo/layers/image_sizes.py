"""Image sizes that strided layers reach from a base of 4 to 7 pixels by doubling. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, TypeAlias

from ganzoo.contracts.config import Config
from ganzoo.contracts.limits import Check, NonNegativeInt

LONGEST = 1024  # pixels, of a side beside a shorter one
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


def split_sides(image_size: int, image_width: int = 0) -> tuple[int, int, int]:
    """Split a height and a width into bases and common doublings: 64 and 96 are (4, 6, 4).

    Args:
        image_size: Height in pixels; one that `split_size` takes.
        image_width: Width in pixels, a multiple of 2**doublings of the shorter side; 0: the height.

    Returns:
        (base_height, base_width, doublings) with sides ``base * 2**doublings``; the shorter base is 4, 5, 6 or 7.

    Raises:
        ValueError: There are none.
    """
    width = image_width or image_size
    shorter = min(image_size, width)
    if shorter not in SIZES:
        raise ValueError(f"image_width={width} is not 4, 5, 6 or 7 times a power of two from 16 to 256")
    _, doublings = split_size(shorter)
    if width % 2**doublings or image_size % 2**doublings or width > LONGEST:
        raise ValueError(
            f"image_width={width} does not fit image_size={image_size}: both should be multiples of {2**doublings}, a "
            f"power of two that leaves 4 to 7 of the shorter side, and at most {LONGEST}"
        )
    return image_size >> doublings, width >> doublings, doublings


def check_width(image_size: int, image_width: int) -> None:
    """Raise ValueError unless a width fits a height that is reached from 4 pixels by doubling.

    Args:
        image_size: Height in pixels, a power of two.
        image_width: Width in pixels; 0: the height.
    """
    step = image_size // 4
    if image_width and (image_width % step or not 2 * step <= image_width <= LONGEST):
        raise ValueError(
            f"image_width={image_width} should be a multiple of {step}, a quarter of image_size={image_size}, from "
            f"{2 * step} to {LONGEST}"
        )


def sides(network: object) -> tuple[int, int]:
    """Return height and width, in pixels, of the images that a network generates or scores; (0, 0) for any."""
    height = int(getattr(network, "image_size", 0))
    return height, int(getattr(network, "image_width", 0)) or height


DoubledSize: TypeAlias = Annotated[int, Check(split_size)]


@dataclass(frozen=True)
class DoubledSizeConfig(Config):
    """Options of networks that reach the image size from a base of 4 to 7 pixels by doubling.

    Attributes:
        image_size: 4, 5, 6 or 7 times a power of two, from 16 to 256.
        image_width: Width of the images in pixels, if ``image_size`` is their height only; 0: square images.
    """

    image_size: DoubledSize = 64
    image_width: NonNegativeInt = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        split_sides(self.image_size, self.image_width)
