"""Learning-rate schedules: a factor on the rate, by how much of the run is done."""

from __future__ import annotations

import math

SCHEDULES = ("constant", "linear", "cosine")
WARMUP_START = 0.01  # as torchvision's training references have it


def learning_rate_factor(schedule: str, progress: float, decay_from: float = 0.5, warmup: float = 0.0) -> float:
    """Return the factor on the learning rate at a point of the run.

    Over the warmup, the schedule's factor is multiplied by a line from 0.01 to 1 (arXiv:1706.02677, section 2.2). It
    starts at 0.01 because at 0 the first step would be computed for nothing.

    Args:
        schedule: "constant": 1. "linear": 1 up to ``decay_from``, then a line to 0 (CycleGAN, arXiv:1703.10593,
            section 4). "cosine": 1 up to ``decay_from``, then half a cosine to 0 (arXiv:1608.03983, equation 5).
        progress: Fraction of the run that is done, in [0, 1].
        decay_from: Fraction of the run after which the rate decays.
        warmup: Fraction of the run over which the rate rises.

    Returns:
        A factor in [0, 1].

    Raises:
        ValueError: For any other schedule.
    """
    if schedule not in SCHEDULES:
        raise ValueError(f"schedule='{schedule}' should be {', '.join(SCHEDULES[:-1])} or {SCHEDULES[-1]}")
    remaining = 1.0 if schedule == "constant" else min(1.0, (1 - progress) / max(1 - decay_from, 1e-9))
    if schedule == "cosine":
        remaining = (1 - math.cos(math.pi * remaining)) / 2
    return remaining * _warmup_factor(progress, warmup)


def _warmup_factor(progress: float, warmup: float) -> float:
    """Return the factor of the warmup alone."""
    if progress >= warmup:
        return 1.0
    return WARMUP_START + (1 - WARMUP_START) * progress / warmup
