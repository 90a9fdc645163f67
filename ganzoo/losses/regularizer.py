"""Calls the optional regularizer of a loss."""

from __future__ import annotations

from inspect import signature
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


def regularize(loss: Any, discriminator: Any, real: Tensor, fake: Tensor, uniform: Any = None) -> Tensor | float:
    """Return the value of a `Loss`'s ``regularizer``, 0 if it has none; it gets ``uniform`` if it takes that."""
    regularizer = getattr(loss, "regularizer", None)
    if regularizer is None:
        return 0.0
    draws = {"uniform": uniform} if uniform and "uniform" in signature(regularizer).parameters else {}
    value: Tensor | float = regularizer(discriminator, real, fake, **draws)
    return value
