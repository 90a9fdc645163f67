"""What a model's scores stand beside: values computed here once more, and a warning where they are as good."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import ganzoo
from ganzoo.cards.protocol import Protocol, Sample, Score
from ganzoo.evaluation import compare
from ganzoo.evaluation.baselines import fill_smoothly
from ganzoo.evaluation.metrics.class_balance import balance_interval
from ganzoo.evaluation.metrics.clip_distance import gaussian_distance
from ganzoo.evaluation.metrics.kernel import jackknife_of_all_pairs, kernel_distance_of_all_pairs


def write(folder: Path, count: int = 4, side: int = 32) -> list[np.ndarray]:
    folder.mkdir()
    random = np.random.default_rng(3)
    images = []
    for index in range(count):
        small = random.integers(0, 255, (4, 4, 3), dtype=np.uint8)
        image = Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC)
        image.save(folder / f"{index}.png")
        images.append(np.asarray(image))
    return images


def psnr(outputs: np.ndarray, truths: np.ndarray) -> float:
    errors = ((outputs.astype(float) - truths) ** 2).reshape(len(truths), -1).mean(1)
    return float(np.mean(10 * np.log10(255**2 / errors)))


def test_super_resolution_stands_beside_bicubic_lanczos_and_means(tmp_path: Path) -> None:
    truths = np.stack(write(tmp_path / "photos"))
    evaluation = ganzoo.evaluate("srgan/bicubic", tmp_path / "photos", metrics="psnr")
    baselines = evaluation.baselines
    assert set(baselines) == {"constant", "mean image", "bicubic", "lanczos"}
    small = [Image.fromarray(one).resize((8, 8), Image.Resampling.BICUBIC) for one in truths]
    for name, kind in (("bicubic", Image.Resampling.BICUBIC), ("lanczos", Image.Resampling.LANCZOS)):
        enlarged = np.stack([np.asarray(one.resize((32, 32), kind)) for one in small])
        assert baselines[name]["psnr"] == pytest.approx(psnr(enlarged, truths), abs=0.1), "up to rounding"
    mean = np.round(truths.mean(0))
    assert baselines["mean image"]["psnr"] == pytest.approx(psnr(np.stack([mean] * 4), truths), abs=1e-6)
    color = np.broadcast_to(np.round(truths.mean((0, 1, 2))), truths.shape)
    assert baselines["constant"]["psnr"] == pytest.approx(psnr(color, truths), abs=1e-6)
    assert any("not better than without the model" in one.text for one in evaluation.diagnoses)
    assert evaluation.to_dict()["baselines"] == baselines


def test_no_mean_is_computed_where_sets_are_compared(tmp_path: Path) -> None:
    write(tmp_path / "photos")
    evaluation = ganzoo.evaluate("srgan/bicubic", tmp_path / "photos", metrics="fd", resamples=0)
    assert {"bicubic"} <= set(evaluation.baselines) <= {"bicubic", "real images"}


def test_a_hole_is_filled_by_the_smoothest_surface() -> None:
    line = torch.arange(16.0)
    plane = (100 + 3 * line[:, None] + 2 * line[None, :]).expand(1, 3, 16, 16).to(torch.uint8)
    cut = plane.clone()
    cut[..., 4:12, 4:12] = 128
    assert torch.equal(fill_smoothly(cut, plane), plane), "a plane has no curvature"
    rough = torch.randint(0, 256, (2, 1, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    filled = fill_smoothly(rough, rough).double()
    outside = torch.ones(16, 16, dtype=torch.bool)
    outside[4:12, 4:12] = False
    assert torch.equal(filled[..., outside], rough[..., outside].double())
    around = (filled[..., 3:11, 4:12] + filled[..., 5:13, 4:12] + filled[..., 4:12, 3:11] + filled[..., 4:12, 5:13]) / 4
    assert (around - filled[..., 4:12, 4:12]).abs().max() <= 1, "each is the mean of its neighbors, up to rounding"


def score(value: float, low: float, high: float, interval: str) -> Score:
    protocol = Protocol("kid", "x", Sample("generated", 10), Sample("real", 10, sha256="1"), interval=interval)
    return Score("kid", value, protocol, low, high)


def test_an_interval_of_one_standard_deviation_counts_as_one_of_two() -> None:
    narrow = "one standard deviation over the subsets"
    models = {"a": [score(1.0, 0.9, 1.1, narrow)], "b": [score(1.3, 1.2, 1.4, narrow)]}
    assert not compare.compare(models).rows[0].sure
    models = {name: [score(one.value, one.low, one.high, "95 %, normal") for one in found]
              for name, found in models.items()}  # fmt: skip
    assert compare.compare(models).rows[0].sure


def test_the_kernel_distance_of_all_pairs_has_the_jackknife_s_error() -> None:
    random = np.random.default_rng(0)
    fake, real = random.normal(0.3, 1, (7, 5)), random.normal(0, 1, (6, 5))

    def distance(x: np.ndarray, y: np.ndarray) -> float:
        kernel = lambda a, b: (a @ b.T / 5 + 1) ** 3  # noqa: E731
        off = [(each.sum() - np.trace(each)) / (len(each) * (len(each) - 1)) for each in (kernel(x, x), kernel(y, y))]
        return float(sum(off) - 2 * kernel(x, y).mean())

    value, error = jackknife_of_all_pairs(fake, real)
    assert value == pytest.approx(distance(fake, real)) == pytest.approx(kernel_distance_of_all_pairs(fake, real))
    left_out = [
        [distance(np.delete(fake, i, 0), real) for i in range(7)],
        [distance(fake, np.delete(real, i, 0)) for i in range(6)],
    ]
    variance = sum((len(each) - 1) / len(each) * np.sum((each - np.mean(each)) ** 2) for each in left_out)
    assert error == pytest.approx(np.sqrt(variance))


def test_the_jackknife_s_interval_holds_the_truth() -> None:
    random, inside = np.random.default_rng(1), 0
    for _ in range(60):
        value, error = jackknife_of_all_pairs(random.normal(0, 1, (40, 8)), random.normal(0, 1, (50, 8)))
        inside += abs(value) <= 1.96 * error
    assert inside >= 54, "of 60 pairs of equal sets, whose distance is 0"


def test_cmmd_is_the_papers_estimator_on_unit_vectors() -> None:
    random = np.random.default_rng(2)
    fake, real = random.normal(0.5, 1, (5, 4)), random.normal(0, 1, (6, 4))
    x, y = (each / np.sqrt((each**2).sum(1, keepdims=True)) for each in (fake, real))
    k = lambda a, b: np.exp(-((a - b) ** 2).sum() / (2 * 10**2))  # noqa: E731
    expected = sum(k(x[i], x[j]) for i in range(5) for j in range(5) if i != j) / 20
    expected += sum(k(y[i], y[j]) for i in range(6) for j in range(6) if i != j) / 30
    expected -= 2 * sum(k(a, b) for a in x for b in y) / 30
    assert gaussian_distance(fake, real) == pytest.approx(1000 * expected, rel=1e-6)


def test_the_interval_of_class_balance_narrows_with_the_images_and_holds_the_value() -> None:
    widths = []
    for count in (50, 5000):
        fake, real = np.arange(count) % 2, (np.arange(count) % 10 < 7).astype(int)
        low, high = balance_interval(fake, real, 2)
        assert low <= 0.2 <= high
        widths.append(high - low)
    # The standard error of a difference of shares 0.5 and 0.7.
    assert widths[1] == pytest.approx(2 * 1.96 * np.sqrt((0.25 + 0.21) / 5000), rel=0.1) and widths[0] > 5 * widths[1]


def test_an_interval_is_shown_as_one_of_95_percent() -> None:
    narrow = score(1.0, 0.9, 1.1, "one standard deviation over the splits")
    assert narrow.bounds == pytest.approx((1 - 1.96 * 0.1, 1 + 1.96 * 0.1))
    assert score(1.0, 0.9, 1.2, "95 %, normal").bounds == (0.9, 1.2)
    assert Score("kid", 1.0, narrow.protocol).bounds is None
