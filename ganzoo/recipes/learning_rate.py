"""Learning-rate schedules: a factor on the rate, by how much of the run is done."""

from __future__ import annotations

import math

SCHEDULES = ("constant", "linear", "cosine")
WARMUP_START = 0.01  # as torchvision's training references have it


def factor(schedule: str, progress: float, decay_from: float = 0.5, warmup: float = 0.0) -> float:
    """Return the factor on the learning rate, from 0 to 1, at ``progress`` in [0, 1] of the run.

    constant  1
    linear    1 up to ``decay_from`` of the run, then in a line to 0 (CycleGAN, arXiv:1703.10593, section 4)
    cosine    1 up to ``decay_from`` of the run, then half a cosine to 0 (arXiv:1608.03983, equation 5)

    Over the first ``warmup`` of the run this is multiplied by a line from 0.01 to 1 (arXiv:1706.02677, section 2.2).
    It begins at 0.01 because at 0 the first step would be computed and thrown away.
    Raises ValueError for another schedule.
    """
    if schedule not in SCHEDULES:
        raise ValueError(f"schedule='{schedule}' should be {', '.join(SCHEDULES[:-1])} or {SCHEDULES[-1]}")
    left = 1.0 if schedule == "constant" else min(1.0, (1 - progress) / max(1 - decay_from, 1e-9))
    if schedule == "cosine":
        left = (1 - math.cos(math.pi * left)) / 2
    return left * _warmth(progress, warmup)


def _warmth(progress: float, warmup: float) -> float:
    """Return the factor of the warm-up alone."""
    if progress >= warmup:
        return 1.0
    return WARMUP_START + (1 - WARMUP_START) * progress / warmup
