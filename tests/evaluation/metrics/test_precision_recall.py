"""Precision, recall, density, coverage: known answers, torch-fidelity, and the formulas in plain loops."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ganzoo.errors import DataError
from ganzoo.evaluation.metrics.precision_recall import Manifolds, compare_manifolds
from ganzoo.evaluation.statistics import nearest_neighbors
from ganzoo.evaluation.statistics.moments import Array
from ganzoo.evaluation.statistics.nearest_neighbors import nearest


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every set go over several blocks, the last one short."""
    monkeypatch.setattr(nearest_neighbors, "BLOCK", 64)
    monkeypatch.setattr("ganzoo.evaluation.statistics.moments.BLOCK", 64)


def features(count: int, seed: int, width: int = 8, shift: float = 0.0) -> Array:
    return (np.random.default_rng(seed).normal(size=(count, width)) + shift).astype(np.float32)


def shares(found: Manifolds) -> tuple[float, float, float, float]:
    return found.precision, found.recall, found.density, found.coverage


def slowly(fake: Array, real: Array, k: int) -> tuple[float, float]:
    """Return density and coverage by the paper's formulas, one pair at a time."""
    reaches = [sorted(float(np.linalg.norm(x - y)) for y in real)[k] for x in real]  # its own distance is first
    inside = [[float(np.linalg.norm(x - y)) < reach for x, reach in zip(real, reaches, strict=True)] for y in fake]
    return float(np.sum(inside)) / (k * len(fake)), float(np.mean(np.any(inside, axis=0)))


@pytest.mark.parametrize("shift", [0.0, 0.7, 1.5])
@pytest.mark.usefixtures("small_blocks")
def test_precision_and_recall_are_torch_fidelitys(shift: float) -> None:
    from torch_fidelity.metric_prc import prc_features_to_metric

    fake, real = features(200, 0, shift=shift), features(330, 1)
    found = compare_manifolds(fake, real, k=3)
    sides = (torch.from_numpy(each).double() for each in (fake, real))
    theirs = prc_features_to_metric(*sides, prc_neighborhood=3, verbose=False)
    assert (found.precision, found.recall) == pytest.approx((theirs["precision"], theirs["recall"]), abs=1e-6)
    assert 0 < found.precision < 1  # an answer at either end would say little


@pytest.mark.parametrize("k", [1, 5])
@pytest.mark.usefixtures("small_blocks")
def test_density_and_coverage_are_the_papers(k: int) -> None:
    fake, real = features(90, 0, shift=0.8).astype(np.float64), features(130, 1).astype(np.float64)
    found = compare_manifolds(fake, real, k_density=k)
    assert (found.density, found.coverage) == pytest.approx(slowly(fake, real, k), abs=1e-9)
    assert 0 < found.coverage < 1


@pytest.mark.parametrize("mean", [0.0, 1000.0])
@pytest.mark.usefixtures("small_blocks")
def test_a_set_is_like_itself(mean: float) -> None:
    same = features(300, 0, width=64, shift=mean)
    assert shares(compare_manifolds(same, same.copy())) == pytest.approx((1, 1, 1, 1), abs=1e-9)


def test_a_set_of_repeated_images_is_like_itself() -> None:
    same = np.repeat(features(10, 0, shift=50), 12, axis=0)  # every ball has radius 0
    found = compare_manifolds(same, same)
    assert (found.precision, found.recall, found.coverage) == (1, 1, 1)


def test_sets_far_apart_share_nothing() -> None:
    assert shares(compare_manifolds(features(200, 0, shift=100), features(200, 1))) == (0, 0, 0, 0)


def test_half_the_modes_give_half_the_recall() -> None:
    one, other = features(300, 0), features(300, 1, shift=100)
    found = compare_manifolds(features(300, 2), np.concatenate([one, other]))
    assert found.precision > 0.8
    assert found.recall == pytest.approx(0.5, abs=0.08)
    assert found.coverage == pytest.approx(0.5, abs=0.03)
    back = compare_manifolds(np.concatenate([one, other]), features(300, 2))
    assert back.precision == pytest.approx(0.5, abs=0.08)
    assert back.recall > 0.8


def test_values_come_for_each_image() -> None:
    fake = np.concatenate([features(100, 0), features(50, 1, shift=100)])
    found = compare_manifolds(fake, features(200, 2))
    assert found.in_real[:100].mean() > 0.8
    assert not found.in_real[100:].any()
    assert not found.densities[100:].any()
    assert found.densities.mean() == pytest.approx(found.density)
    assert (len(found.in_fake), len(found.covered)) == (200, 200)


@pytest.mark.usefixtures("small_blocks")
def test_nearest_is_a_sort_of_all_distances(tmp_path: Path) -> None:
    queries, bank = features(150, 0, shift=30), features(200, 1, shift=30)
    np.save(tmp_path / "bank.npy", bank)
    found, rows = nearest(queries, np.load(tmp_path / "bank.npy", mmap_mode="r"), k=70)
    every = np.linalg.norm(queries[:, None].astype(np.float64) - bank, axis=2)
    np.testing.assert_array_equal(rows, np.argsort(every, axis=1)[:, :70])
    np.testing.assert_allclose(found, np.sort(every, axis=1)[:, :70], rtol=1e-9)


@pytest.mark.usefixtures("small_blocks")
def test_rows_of_the_bank_are_not_their_own_neighbors() -> None:
    bank = features(200, 0, width=64, shift=500)
    own = np.arange(30, 180, 2)
    np.testing.assert_array_equal(nearest(bank[own], bank)[1][:, 0], own)
    assert not nearest(bank[own], bank)[0].any()
    distances, rows = nearest(bank[own], bank, k=2, own=own)
    assert (rows != own[:, None]).all()
    every = np.linalg.norm(bank[own][:, None].astype(np.float64) - bank, axis=2)
    np.testing.assert_allclose(distances, np.sort(every, axis=1)[:, 1:3], rtol=1e-6)


def test_too_few_images_are_refused() -> None:
    with pytest.raises(DataError, match="5 images, and at least 6 are needed"):
        compare_manifolds(features(50, 0), features(5, 1))
    with pytest.raises(DataError, match="3 images, and at least 4 are needed"):
        nearest(features(3, 0), features(3, 0), k=3, own=np.arange(3))
