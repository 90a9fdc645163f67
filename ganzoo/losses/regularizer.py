"""A loss's own regularizer, called with what it takes."""

from __future__ import annotations

from inspect import signature
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


def regularize(loss: Any, discriminator: Any, real: Tensor, fake: Tensor, uniform: Any = None) -> Tensor | float:
    """Return what a `Loss`'s regularizer says, which is given ``uniform`` where it takes it; 0 where there is none."""
    own = getattr(loss, "regularizer", None)
    if own is None:
        return 0.0
    draws = {"uniform": uniform} if uniform and "uniform" in signature(own).parameters else {}
    value: Tensor | float = own(discriminator, real, fake, **draws)
    return value
