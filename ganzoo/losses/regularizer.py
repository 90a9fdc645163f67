"""Calls regularizers: that of a loss, and entries of the kind "regularizer", which are weighted and lazy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ganzoo.losses import offers

if TYPE_CHECKING:
    from torch import Tensor


def regularize(
    loss: Any, discriminator: Any, real: Tensor, fake: Tensor, uniform: Any = None, scales: str = "sum"
) -> Tensor | float:
    """Return the value of a `Loss`'s ``regularizer``, 0 if it has none; it gets what it takes of the last two."""
    regularizer = getattr(loss, "regularizer", None)
    if regularizer is None:
        return 0.0
    value: Tensor | float = offers.call(regularizer, discriminator, real, fake, uniform=uniform, scales=scales)
    return value


class LazyRegularizer:
    """A regularizer with a weight, computed in every ``every``-th step and then ``every`` times as strong.

    Lazy regularization is section 3.1 of arXiv:1912.04958.

    Args:
        regularizer: A `ganzoo.Regularizer`.
        weight: Factor on its value; 0: it is never computed.
        every: Steps between two computations.
    """

    def __init__(self, regularizer: Any, weight: float = 1.0, every: int = 1) -> None:
        self.regularizer, self.weight, self.every = regularizer, weight, every

    def value(self, step: int, discriminator: Any, real: Tensor, fake: Tensor, **offered: Any) -> Tensor | float:
        """Return what the discriminator minimizes for this regularizer after ``step`` steps.

        Args:
            step: Number of steps that are done.
            discriminator: Maps images to logits.
            real: (N, C, H, W) or (N, C, T, H, W).
            fake: The same shape, without gradient.
            **offered: Passed to the regularizer if it has a parameter of that name.
        """
        if not self.weight or step % self.every:
            return 0.0
        value: Tensor | float = offers.call(self.regularizer, discriminator, real, fake, **offered)
        return self.weight * self.every * value

    def state(self) -> dict[str, Any]:
        """Return the regularizer's own state, {} if it has none."""
        state = getattr(self.regularizer, "state", None)
        return dict(state()) if state else {}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Restore what `state` returned."""
        if hasattr(self.regularizer, "load_state"):
            self.regularizer.load_state(state)
