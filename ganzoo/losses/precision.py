"""Where half precision ends: losses, penalties and statistics are computed in float32 at least."""

from __future__ import annotations

import torch
from torch import Tensor, fx


def at_least_float32(values: Tensor) -> Tensor:
    """Return half precision as float32, and float32 and float64 as they are."""
    if isinstance(values, fx.Proxy):  # traced: one operation, whose result has a type only when it is computed
        traced: Tensor = values.tracer.create_proxy("call_function", at_least_float32, (values,), {})
        return traced
    return values.to(torch.promote_types(values.dtype, torch.float32))
