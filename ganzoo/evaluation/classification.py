"""The discriminator as a classifier of held-out pictures: d-loss, d-accuracy, d-precision, d-recall, d-f1."""

from __future__ import annotations

import numpy as np

from ganzoo.errors import DataError
from ganzoo.evaluation.moments import Array


def classify(real_logits: Array, fake_logits: Array) -> dict[str, float]:
    """Return what logits for real and for generated pictures are worth; real is the positive class.

    Takes any two shapes that start with a count: of a map of patches, a picture's logit is the mean over its patches.
    A picture is called real where its logit is above 0, a sigmoid of 0.5.

        loss         binary cross entropy in nats, the mean over all pictures of both kinds; 0 best, 0.693 is guessing
        accuracy     share of all pictures that are told right
        precision    share of real ones among those called real; 0 where none is called so
        recall       share of the real ones that are called real
        f1           harmonic mean of precision and recall; 0 where both are 0
        specificity  share of the generated ones that are called generated

    All but the loss are in [0, 1], higher is a better classifier; a generator that fools it brings accuracy to 0.5.
    Raises DataError where a side has no pictures, or logits that are not finite.
    """
    real, fake = _one_each(real_logits, "real"), _one_each(fake_logits, "generated")
    losses = np.logaddexp(0, np.concatenate([-real, fake]))  # -log s(x) of real, -log(1 - s(x)) of generated
    found, fooled = int((real > 0).sum()), int((fake > 0).sum())
    return {
        "loss": float(losses.mean()),
        "accuracy": (found + len(fake) - fooled) / len(losses),
        "precision": found / max(1, found + fooled),
        "recall": found / len(real),
        "f1": 2 * found / (len(real) + found + fooled),
        "specificity": 1 - fooled / len(fake),
    }


def _one_each(logits: Array, kind: str) -> Array:
    """Return float64 (N,): the mean over all but the first axis."""
    given = np.asarray(logits, dtype=np.float64)
    if not given.size:
        raise DataError(f"There are no logits of {kind} pictures (shape {given.shape}). Give at least one picture.")
    values: Array = given.reshape(len(given), -1).mean(1)
    if not np.isfinite(values).all():
        raise DataError(f"The discriminator gives NaN or infinity for {kind} pictures. Its training has diverged.")
    return values
