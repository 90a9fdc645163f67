"""The L1 loss."""

from __future__ import annotations

from torch import Tensor

from ganzoo.losses.precision import at_least_float32


def mean_absolute_error(output: Tensor, target: Tensor) -> Tensor:
    """Return the mean absolute difference (L1 loss) of two tensors of one shape, in float32 at least."""
    return (at_least_float32(output) - at_least_float32(target)).abs().mean()
