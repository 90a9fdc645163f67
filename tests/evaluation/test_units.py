"""Errors in units against numpy by hand."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo.cards.protocol import Sample
from ganzoo.errors import DataError
from ganzoo.evaluation.units import composite_windows, fields, measures, pictures
from ganzoo.evaluation.units.image_pairs import RasterPair
from ganzoo.evaluation.units.similarity import sum_ssim
from ganzoo.evaluation.units.sums import sum_up
from ganzoo.rasters.channel import Channel


def summed(predicted, true, valid, span=100.0):
    similar = [sum_ssim(one, other, valid, span) for one, other in zip(predicted, true, strict=True)]
    similarity, windows = (np.array(each, float) for each in zip(*similar, strict=True))
    return sum_up(predicted, true, valid, np.full(len(true), 1e6), similarity, windows)


@pytest.fixture
def image():
    random = np.random.default_rng(0)
    true = random.normal(1e6, 20, (2, 20, 24))
    predicted = true + random.normal(3, 5, true.shape)
    valid = random.random((20, 24)) > 0.2
    predicted[:, ~valid] = np.nan
    return predicted, true, valid


def test_errors_are_those_of_valid_pixels(image):
    predicted, true, valid = image
    found = measures.compute(summed(*image), np.full(2, 100.0))
    errors = (predicted - true)[:, valid]
    assert found["mae"] == pytest.approx(np.abs(errors).mean(1))
    assert found["rmse"] == pytest.approx(np.sqrt((errors**2).mean(1)))
    assert found["bias"] == pytest.approx(errors.mean(1))
    correlation = [np.corrcoef(predicted[index, valid], true[index, valid])[0, 1] for index in range(2)]
    assert found["pearson"] == pytest.approx(correlation)
    assert found["psnr"] == pytest.approx(10 * np.log10(100**2 / (errors**2).mean(1)))


def test_the_angle_between_spectra_and_the_relative_error_agree_with_torchmetrics():
    torch = pytest.importorskip("torch")
    functional = pytest.importorskip("torchmetrics.functional.image")
    random = np.random.default_rng(1)
    true = random.uniform(10, 200, (3, 16, 16))
    predicted = true * random.uniform(0.9, 1.1, true.shape)
    found = measures.compute(summed(predicted, true, np.ones((16, 16), bool)), np.full(3, 255.0))
    one, other = (torch.from_numpy(each)[None] for each in (predicted, true))
    angle = functional.spectral_angle_mapper(one, other).item()
    assert found["sam"][0] == pytest.approx(np.degrees(angle), rel=1e-4)
    ergas = functional.error_relative_global_dimensionless_synthesis(one, other, ratio=1).item()
    assert found["ergas"][0] == pytest.approx(ergas, rel=1e-4)


def test_ssim_is_that_of_8_bit_images_and_leaves_out_windows_with_missing_pixels():
    torch = pytest.importorskip("torch")
    from ganzoo.evaluation.metrics.ssim import ssim

    random = np.random.default_rng(2)
    true = random.integers(0, 256, (1, 24, 24)).astype(np.uint8)
    predicted = np.clip(true + random.normal(0, 20, true.shape), 0, 255).astype(np.uint8)
    whole = np.ones((24, 24), bool)
    value, count = sum_ssim(predicted[0], true[0], whole, 255.0)
    assert value / count == pytest.approx(
        ssim(*(torch.from_numpy(each)[None] for each in (predicted, true)))[0], abs=1e-6
    )
    holes = whole.copy()
    holes[0, 0] = False
    assert sum_ssim(predicted[0], true[0], holes, 255.0)[1] == count - 1


def test_images_of_one_group_are_drawn_together():
    random = np.random.default_rng(3)
    true = random.normal(0, 1, (1, 16, 16))
    groups = {name: summed(true + shift, true, np.ones((16, 16), bool)) for name, shift in (("a", 1.0), ("b", 3.0))}
    low, high = measures.intervals(groups, np.array([1.0]))["mae"][0]
    assert (low, high) == (1.0, 3.0)
    assert measures.intervals({"a": groups["a"]}, np.array([1.0])) == {}


def test_a_constant_prediction_correlates_with_nothing():
    true = np.random.default_rng(4).normal(1e6, 3, (1, 16, 16))
    constant = np.full(true.shape, true.mean())
    assert np.isnan(measures.compute(summed(constant, true, np.ones((16, 16), bool)), np.ones(1))["pearson"][0])


def test_errors_by_tissue_are_those_of_the_truths_hounsfield_units():
    random = np.random.default_rng(5)
    true = random.uniform(-1000, 1500, (1, 30, 30))
    predicted = true + random.normal(0, 40, true.shape)
    valid = np.ones((30, 30), bool)
    sums = sum_up(predicted, true, valid, np.full(1, 200.0), np.zeros(1), np.zeros(1), ["HU"])
    found, errors = measures.compute(sums, np.ones(1)), np.abs(predicted - true)
    tissues = {"air": true < -200, "soft": (true >= -200) & (true < 200), "bone": true >= 200}
    for name, pixels in tissues.items():
        assert found[f"mae-{name}"][0] == pytest.approx(errors[pixels].mean())
    assert np.isnan(measures.compute(summed(predicted, true, valid), np.ones(1))["mae-bone"][0]), "not in HU"
    assert fields.wanted("mae-bone", ["HU"]) and not fields.wanted("mae-bone", [""])


def test_nine_tenths_of_all_errors_are_below_le90(image):
    predicted, true, valid = image
    found = measures.compute(summed(*image), np.full(2, 100.0))["le90"]
    assert found == pytest.approx(np.percentile(np.abs(predicted - true)[:, valid], 90, axis=1), rel=0.02)
    exact = measures.compute(summed(true, true, valid), np.ones(2))["le90"]
    assert exact.tolist() == [0, 0] and fields.wanted("le90", ["m", "m"]) and not fields.wanted("le90", ["HU"])


def test_a_bland_altman_plot_has_the_bias_and_its_limits():
    random = np.random.default_rng(6)
    true = random.uniform(0, 100, (1, 20, 20))
    predicted = true + 5
    pair = RasterPair(None, true, predicted, true, np.ones((20, 20), bool))
    points = pictures.bland_altman([pair], 0, "m")
    assert list(points) == ["pixels", "bias 5 m", "limits of agreement 5 to 5 m"]
    assert np.allclose(np.array(points["pixels"])[:, 1], 5)
    assert np.array(points["pixels"])[:, 0].min() == pytest.approx(true.min() + 2.5)


def test_windows_of_composites_are_whole_valid_and_within_the_ranges_of_the_card(monkeypatch):
    channels = [Channel("a", range=(0, 1000)), *(Channel(name, range=(-10, 10)) for name in "bcd")]
    values = np.stack([np.full((20, 33), each) for each in (500.0, 99.0, -10.0, 3.0)])
    valid = np.ones((20, 33), bool)
    valid[3, 3] = False
    windows = composite_windows.CompositeWindows(channels, 8)
    windows.add_made(values, valid)
    with pytest.raises(DataError, match="No image has 8x8 pixels without a missing one"):
        windows.sets(Sample("made", 1), Sample("real", 1))
    windows.add_real(values, np.ones((20, 33), bool))
    made, real = windows.sets(Sample("made", 1), Sample("real", 1))
    assert (made.images.shape, real.images.shape) == ((7, 3, 8, 8), (8, 3, 8, 8))
    assert (made.sample.count, real.sample.count) == (7, 8)
    assert [sorted(set(made.images[:, index].flatten().tolist())) for index in range(3)] == [[128], [255], [0]]
    assert "a, b, c as red, green and blue" in made.resizing and windows.notes() == []
    monkeypatch.setattr(composite_windows, "MAX_BYTES", 8 * 8 * 3 * 8)
    windows.add_real(values, np.ones((20, 33), bool))
    assert windows.notes() == ["8 windows are left out of features, for want of memory."]
