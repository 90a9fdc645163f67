"""The L1 loss."""

from __future__ import annotations

from torch import Tensor


def mean_absolute_error(output: Tensor, target: Tensor) -> Tensor:
    """Return the mean absolute difference (L1 loss) of two tensors of one shape, a scalar computed in float32."""
    return (output.float() - target.float()).abs().mean()
