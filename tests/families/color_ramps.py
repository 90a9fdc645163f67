"""Pictures whose holes can be filled from around them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def ramps(count: int, seed: int, size: int, tilt: float, level: float) -> Tensor:
    """Return pictures (count, 3, size, size) of a color that changes slowly, each of another direction and hue.

    ``tilt`` and ``level`` are the largest slope, over half of the picture, and value in its middle.
    """
    random = np.random.default_rng(seed)
    down, across = np.meshgrid(np.linspace(-1, 1, size), np.linspace(-1, 1, size), indexing="ij")
    tilts, levels = random.uniform(-tilt, tilt, (2, count, 3, 1, 1)), random.uniform(-level, level, (count, 3, 1, 1))
    made = (levels + tilts[0] * down + tilts[1] * across).clip(-1, 1)
    return torch.from_numpy(made).to(torch.get_default_dtype())
