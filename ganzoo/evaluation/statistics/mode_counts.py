"""How many generated and real images there are in each mode, and which modes are covered."""

from __future__ import annotations

import numpy as np

from ganzoo.errors import DataError, TooFewImages
from ganzoo.evaluation.statistics.moments import Array

FAIR = 0.25  # of a mode's share among real images: what the generated ones must have for the mode to be covered
EXPECTED = 10  # images to expect in a mode before their absence means anything: by chance in 3 of 1,000


def count_labels(labels: Array, classes: int) -> Array:
    """Return the number of images of each class, (K,). Raises DataError for labels outside of 0 to K - 1."""
    numbers = np.asarray(labels)
    if not numbers.size or numbers.min() < 0 or numbers.max() >= classes:
        span = f"from {numbers.min()} to {numbers.max()}" if numbers.size else "for no images"
        raise DataError(f"There are labels {span} and {classes} classes. Labels count from 0 to {classes - 1}.")
    return np.bincount(numbers.ravel(), minlength=classes)


def find_covered(fake: Array, real: Array) -> tuple[Array, Array, float]:
    """Compare counts of generated and real images in K modes.

    Args:
        fake: (K,) generated images in each mode.
        real: (K,) real images in each mode.

    Returns:
        Which modes are covered (K,) bool, which have enough images to be evaluated (K,) bool, and the share of the
        evaluated modes that are covered.

    Raises:
        DataError: no mode has enough images.
    """
    fair = real / real.sum() * fake.sum()
    covered, evaluated = fake >= FAIR * fair, (fair >= EXPECTED) & (real >= EXPECTED)
    if not evaluated.any():
        raise TooFewImages(
            f"{int(fake.sum()):,} generated and {int(real.sum()):,} real images leave fewer than {EXPECTED} for each "
            f"of {len(fake)} modes, too few to say which are missing. Give more images, or fewer clusters."
        )
    covered = covered & (fake > 0)
    return covered, evaluated, float(covered[evaluated].mean())
