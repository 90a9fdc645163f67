"""The discriminator as a classifier: against counting one image at a time, and torchmetrics."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ganzoo.errors import DataError
from ganzoo.evaluation.metrics.discriminator import classify
from ganzoo.evaluation.statistics.moments import Array


def logits(count: int, seed: int, mean: float) -> Array:
    return np.random.default_rng(seed).normal(mean, 2, count).astype(np.float32)


def test_scores_are_torchmetrics_with_real_as_the_positive_class() -> None:
    from torchmetrics.functional import classification

    real, fake = logits(300, 0, 1.5), logits(170, 1, -0.5)
    found = classify(real, fake)
    text, truth = torch.from_numpy(np.concatenate([real, fake])), torch.tensor([1] * 300 + [0] * 170)
    theirs = {
        "accuracy": classification.binary_accuracy,
        "precision": classification.binary_precision,
        "recall": classification.binary_recall,
        "f1": classification.binary_f1_score,
        "specificity": classification.binary_specificity,
    }
    for name, measure in theirs.items():
        assert found[name] == pytest.approx(float(measure(text.sigmoid(), truth)), abs=1e-6), name
    loss = torch.nn.functional.binary_cross_entropy_with_logits(text, truth.float())
    assert found["loss"] == pytest.approx(float(loss), rel=1e-5)
    assert list(found) == ["loss", *theirs]


def test_five_images_counted_by_hand() -> None:
    found = classify(np.array([2.0, -1.0, 0.0]), np.array([[-3.0], [1.0]]))  # a logit of 0 is not called real
    assert found["accuracy"] == 2 / 5
    assert (found["precision"], found["recall"], found["f1"], found["specificity"]) == (1 / 2, 1 / 3, 2 / 5, 1 / 2)
    said_right = [1 / (1 + math.exp(-x)) for x in (2.0, -1.0, 0.0, 3.0, -1.0)]
    assert found["loss"] == pytest.approx(-sum(math.log(p) for p in said_right) / 5)


def test_a_map_of_patches_counts_as_its_mean() -> None:
    real, fake = (
        np.random.default_rng(0).normal(0.3, 1, (20, 1, 6, 6)),
        np.random.default_rng(1).normal(0, 1, (9, 1, 3)),
    )
    assert classify(real, fake) == classify(real.mean((1, 2, 3)), fake.mean((1, 2)))


@pytest.mark.parametrize(("sign", "accuracy"), [(1, 1.0), (-1, 0.0)])
def test_sure_logits_give_finite_losses(sign: int, accuracy: float) -> None:
    found = classify(np.full(5, 2000.0 * sign), np.full(5, -2000.0 * sign))
    assert found["accuracy"] == found["f1"] == found["recall"] == found["specificity"] == accuracy
    assert found["loss"] == (0 if sign > 0 else 2000)


def test_a_classifier_that_calls_nothing_real_has_precision_0() -> None:
    assert classify(np.full(4, -1.0), np.full(4, -1.0))["precision"] == 0


def test_no_images_and_nan_are_refused() -> None:
    with pytest.raises(DataError, match="no logits of generated images"):
        classify(np.ones(3), np.ones((0, 1)))
    with pytest.raises(DataError, match="diverged"):
        classify(np.array([1.0, np.nan]), np.ones(3))
