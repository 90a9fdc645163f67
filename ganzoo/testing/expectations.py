"""What several checks require, each with a message that names the entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch  # noqa: TID253 - testing networks needs torch, and nothing light imports this module
from torch import Tensor  # noqa: TID253

from ganzoo.contracts.entry import Entry

BATCH = 2
PIXELS = 32  # side of the images for recipes, and the least side for translation
SEED = 20


def require(holds: bool, entry: Entry, complaint: str) -> None:
    """Check an expectation.

    Args:
        holds: Whether it holds.
        entry: What it is expected of.
        complaint: What to say after its name.

    Raises:
        AssertionError: It does not hold.
    """
    if not holds:
        raise AssertionError(f"{entry.spec} {complaint}")


def require_images(entry: Entry, images: Any, shape: tuple[int, ...]) -> None:
    """Raise AssertionError unless ``images`` are float32 of this shape, finite and in [-1, 1]."""
    require(isinstance(images, Tensor), entry, f"returns {type(images).__name__}, not a tensor")
    require(images.shape == shape, entry, f"returns images {tuple(images.shape)}, not {shape}")
    require(images.dtype == torch.float32, entry, f"returns {images.dtype}, not float32")
    require(bool(images.isfinite().all()), entry, "returns values that are not finite")
    require(images.abs().max().item() <= 1, entry, f"returns values up to {images.abs().max():.3g}, outside [-1, 1]")


def equal(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> bool:
    """Return whether two state dicts have the same names and equal tensors."""
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def random_images(*shape: int) -> Tensor:
    """Return uniform random images of a shape in [-1, 1], the same at every call."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(SEED)) * 2 - 1
