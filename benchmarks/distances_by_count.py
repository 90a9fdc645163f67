"""What fd and kd say of sets of a known distance, by the number of images: their bias and their intervals.

    python benchmarks/distances_by_count.py

Features are drawn from normal distributions of 256 numbers with unit covariance, equal ones, or with means 1 apart. The
true Frechet distance is then the square of the means' distance, and the true kernel distance has a closed form.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ganzoo.evaluation.metrics.frechet import frechet_distance, frechet_interval
from ganzoo.evaluation.metrics.kernel import jackknife_of_all_pairs
from ganzoo.evaluation.statistics import moments
from ganzoo.evaluation.statistics.bootstrap import normal_bounds

FEATURES = 256
COUNTS = (50, 100, 200, 400, 800, 1600, 3200)


def expected_kernel(first: float, second: float, features: int = FEATURES) -> float:
    """Return E (x.y / D + 1)**3 for x, y of unit covariance whose means are first * e and second * e."""
    product = first * second
    square = features + first**2 + second**2 + product**2
    cube = first**3 * (second**3 + 3 * second) + 3 * first * (second**3 + 3 * second + second * (features - 1))
    return 1 + 3 * product / features + 3 * square / features**2 + cube / features**3


def true_distances(shift: float) -> tuple[float, float]:
    """Return the Frechet and the kernel distance of two such distributions whose means are ``shift`` apart."""
    kernel = expected_kernel(shift, shift) + expected_kernel(0, 0) - 2 * expected_kernel(shift, 0)
    return shift**2, kernel


def measure(count: int, shift: float, seed: int, features: int = FEATURES) -> dict[str, tuple[float, float, float]]:
    """Return the value of each distance with its interval, for ``count`` images a side."""
    random = np.random.default_rng(seed)
    fake, real = (random.normal(0, 1, (count, features)) for _ in range(2))
    fake[:, 0] += shift
    of_real = moments.compute(real)
    kernel, error = jackknife_of_all_pairs(fake, real)
    return {
        "fd": (frechet_distance(moments.compute(fake), of_real), *frechet_interval(fake, of_real)),
        "kd": (kernel, *normal_bounds(kernel, error)),
    }


def table(counts: Sequence[int] = COUNTS, repetitions: int = 20) -> str:
    """Return the study as Markdown: means over repetitions, and how often an interval holds the truth."""
    lines = ["| images a side | true fd | fd | in its interval | true kd | kd | in its interval |", "|---" * 7 + "|"]
    for shift in (0.0, 1.0):
        truths = dict(zip(("fd", "kd"), true_distances(shift), strict=True))
        for count in counts:
            runs = [measure(count, shift, seed) for seed in range(repetitions)]
            cells = [f"{count:,}"]
            for name, truth in truths.items():
                values = [run[name] for run in runs]
                held = sum(low <= truth <= high for _, low, high in values)
                cells += [f"{truth:.3g}", f"{np.mean([value for value, _, _ in values]):.3g}", f"{held} of {len(runs)}"]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
