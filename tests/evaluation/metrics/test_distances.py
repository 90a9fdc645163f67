"""Frechet and kernel distance and the Inception score: against torch-fidelity, torchmetrics and closed forms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ganzoo.errors import DataError
from ganzoo.evaluation.metrics.frechet import frechet_distance
from ganzoo.evaluation.metrics.inception_score import inception_score
from ganzoo.evaluation.metrics.kernel import kernel_distance, kernel_distance_of_all_pairs
from ganzoo.evaluation.statistics import moments
from ganzoo.evaluation.statistics.moments import BLOCK, Array


def features(count: int, width: int, seed: int, shift: float = 0.0) -> Array:
    """Return features as a network's: correlated, not negative, some directions hardly used."""
    random = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).normal(size=(width, width)) * np.exp(-np.arange(width) / width)
    return np.maximum(random.normal(size=(count, width)) @ mixing + shift, 0).astype(np.float32)


class Given(torch.nn.Module):
    """An "extractor" for torchmetrics that takes features for images."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.num_features = width

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.flatten(1)


@pytest.mark.parametrize(("count", "width"), [(500, 16), (300, 64), (40, 64), (2, 8)])
def test_frechet_is_that_of_torch_fidelity_and_torchmetrics(count: int, width: int) -> None:
    from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_features_to_statistics, fid_statistics_to_metric
    from torchmetrics.image.fid import FrechetInceptionDistance

    fake, real = features(count, width, 0, shift=0.3), features(count + 7, width, 1)
    found = frechet_distance(moments.compute(fake), moments.compute(real))
    statistics = (fid_features_to_statistics(torch.from_numpy(each)) for each in (fake, real))
    assert found == pytest.approx(fid_statistics_to_metric(*statistics, verbose=False)[KEY_METRIC_FID], rel=1e-3)
    theirs = FrechetInceptionDistance(Given(width)).set_dtype(torch.float64)
    for each, is_real in ((fake, False), (real, True)):
        theirs.update(torch.from_numpy(each).double()[..., None, None], real=is_real)
    assert found == pytest.approx(float(theirs.compute()), rel=1e-3)


def test_frechet_of_one_dimension_is_the_closed_form() -> None:
    a, b = (np.random.default_rng(seed).normal(loc, scale, (500, 1)) for seed, loc, scale in ((0, 1, 2), (1, 4, 0.5)))
    expected = (a.mean() - b.mean()) ** 2 + (a.std(ddof=1) - b.std(ddof=1)) ** 2
    assert frechet_distance(moments.compute(a), moments.compute(b)) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("count", [30, 500])
def test_frechet_is_symmetric_and_0_for_equal_sets(count: int) -> None:
    a, b = moments.compute(features(count, 48, 0)), moments.compute(features(count, 48, 1, shift=0.5))
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-6)
    assert 0 <= frechet_distance(a, a) < 1e-5 * np.trace(a.covariance)


def test_frechet_refuses_one_image_and_other_widths() -> None:
    many = moments.compute(features(50, 8, 0))
    for pair in ((moments.compute(features(1, 8, 0)), many), (many, moments.compute(features(1, 8, 0)))):
        with pytest.raises(DataError, match="at least 2 images"):
            frechet_distance(*pair)
    with pytest.raises(DataError, match="same extractor"):
        frechet_distance(many, moments.compute(features(50, 9, 0)))


def test_kernel_is_that_of_torch_fidelity(tmp_path: Path) -> None:
    from torch_fidelity.metric_kid import kid_features_to_metric

    fake, real = features(300, 64, 0, shift=0.3), features(400, 64, 1)
    found = kernel_distance(fake, real, subsets=20, subset_size=100, seed=5)
    options = {"kid_subsets": 20, "kid_subset_size": 100, "rng_seed": 5, "verbose": False}
    theirs = kid_features_to_metric(torch.from_numpy(fake), torch.from_numpy(real), **options)
    assert found == pytest.approx((*theirs.values(),), rel=1e-3)
    np.save(tmp_path / "real.npy", real)
    stored = np.load(tmp_path / "real.npy", mmap_mode="r")
    assert kernel_distance(fake, stored, subsets=20, subset_size=100, seed=5) == found


@pytest.mark.filterwarnings("ignore:.*save all extracted features")
def test_kernel_is_that_of_torchmetrics() -> None:
    from torchmetrics.image.kid import KernelInceptionDistance

    fake, real = features(120, 64, 0, shift=0.3), features(120, 64, 1)
    theirs = KernelInceptionDistance(Given(64), subsets=3, subset_size=120)  # all images: nothing left to draw
    for each, is_real in ((fake, False), (real, True)):
        theirs.update(torch.from_numpy(each)[..., None, None], real=is_real)
    mean, deviation = kernel_distance(fake, real, subsets=3, subset_size=120)
    assert mean == pytest.approx(float(theirs.compute()[0]), rel=1e-3)
    assert deviation < 1e-6 * mean


def test_kernel_of_alike_sets_lies_round_0_and_grows_with_distance() -> None:
    sets = [features(600, 32, seed, shift) for seed, shift in ((0, 0.0), (1, 0.0), (2, 1.0), (3, 3.0))]
    alike, near, far = (kernel_distance(each, sets[0], subsets=30, subset_size=200) for each in sets[1:])
    assert abs(alike[0]) < alike[1]
    assert alike[0] + 3 * alike[1] < near[0] < far[0]


def test_kernel_names_subset_size_when_images_are_too_few() -> None:
    with pytest.raises(DataError, match="subset_size to at most 300"):
        kernel_distance(features(300, 8, 0), features(2000, 8, 1))
    with pytest.raises(DataError, match="at least 2"):
        kernel_distance(features(300, 8, 0), features(300, 8, 1), subset_size=1)


def test_the_whole_kernel_distance_is_torchmetrics_and_plain_loops() -> None:
    from torchmetrics.image.kid import poly_mmd

    fake, real = features(60, 16, 0, shift=0.3), features(60, 16, 1)
    theirs = poly_mmd(torch.from_numpy(fake).double(), torch.from_numpy(real).double())
    assert kernel_distance_of_all_pairs(fake, real) == pytest.approx(float(theirs), rel=1e-9)
    real = real[:35].astype(np.float64)
    fake = fake.astype(np.float64)
    within = [
        np.mean([(x @ y / 16 + 1) ** 3 for i, x in enumerate(each) for y in np.delete(each, i, 0)])
        for each in (fake, real)
    ]
    across = np.mean([(x @ y / 16 + 1) ** 3 for x in fake for y in real])
    assert kernel_distance_of_all_pairs(fake, real) == pytest.approx(sum(within) - 2 * across, rel=1e-9)


def test_the_whole_kernel_distance_goes_over_blocks() -> None:
    from torchmetrics.image.kid import poly_mmd

    fake, real = (features(BLOCK + 50, 4, seed).astype(np.float64) for seed in (0, 1))
    theirs = poly_mmd(torch.from_numpy(fake), torch.from_numpy(real))
    assert kernel_distance_of_all_pairs(fake, real) == pytest.approx(float(theirs), rel=1e-6, abs=1e-9)


def test_the_inception_score_is_that_of_torch_fidelity() -> None:
    from torch_fidelity.metric_isc import isc_features_to_metric

    logits = np.random.default_rng(0).normal(0, 3, (205, 10)).astype(np.float32)
    theirs = isc_features_to_metric(torch.from_numpy(logits), splits=4, shuffle=True, rng_seed=2020)
    assert inception_score(logits, splits=4) == pytest.approx((*theirs.values(),), rel=1e-9)


def test_the_inception_score_goes_from_1_to_the_classes() -> None:
    sure = np.repeat(100 * np.eye(5, dtype=np.float32), 40, axis=0)
    assert inception_score(sure, splits=1) == pytest.approx((5, 0), abs=1e-6)
    assert inception_score(np.zeros((50, 5), np.float32), splits=5) == pytest.approx((1, 0), abs=1e-6)
    with pytest.raises(DataError, match="3 images, and at least 10 are needed"):
        inception_score(sure[:3])
