"""The L1 loss."""

from __future__ import annotations

from torch import Tensor

from ganzoo.losses.precision import at_least_float32


def mean_absolute_error(output: Tensor, target: Tensor, valid: Tensor | None = None) -> Tensor:
    """Return the mean absolute difference (L1 loss) of two tensors of one shape, in float32 at least.

    Args:
        output: (N, C, H, W), say.
        target: The same shape.
        valid: 1 where values count and 0 elsewhere, (N, 1, H, W); None: all count.
    """
    errors = (at_least_float32(output) - at_least_float32(target)).abs()
    if valid is None:
        return errors.mean()
    counted = (valid.sum() * (errors.numel() / valid.numel())).clamp_min(1)
    return (errors * valid).sum() / counted
