"""Where half precision ends: losses, penalties and statistics are computed in float32 at least."""

from __future__ import annotations

import torch
from torch import Tensor


def at_least_float32(values: Tensor) -> Tensor:
    """Return half precision as float32, and float32 and float64 as they are."""
    return values.to(torch.promote_types(values.dtype, torch.float32))
