"""What real images score against other real ones, and what leads where images are few."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from evaluation_cases import add_extractor, arrays, grid_features, lay
from tiny_models import translator

import ganzoo
from ganzoo.cards.card import TrainingInfo
from ganzoo.cards.protocol import Protocol, Sample, Score, protocol_from_dict, score_from_dict
from ganzoo.errors import RegistryError
from ganzoo.evaluation import compare
from ganzoo.evaluation.floors import split_real
from ganzoo.evaluation.metrics.kernel import kernel_distance_of_all_pairs


@pytest.fixture(autouse=True)
def grid(fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    add_extractor()


def test_a_floor_compares_different_real_images() -> None:
    contents = ["a", "b", "a", "c", "d", "b", "e", "f"]
    chosen, rest = split_real(contents, 2, seed=0)
    assert len(chosen) == 2 and len(rest) == 4, "six contents"
    assert sorted(contents[row] for row in [*chosen, *rest]) == list("abcdef")
    assert len(split_real(contents, 100, seed=0)[0]) == 3, "half of them at most"
    assert any(set(split_real(contents, 3, seed)[0]) != set(split_real(contents, 3, 0)[0]) for seed in (1, 2, 3))


def test_scores_of_sets_stand_beside_the_untouched_input_and_real_images(tmp_path: Path) -> None:
    for side, count in (("trainA", 8), ("trainB", 9)):
        lay(tmp_path / "sides" / side, count, size=64, first=50 * count, gray=False)
    again = tmp_path / "sides" / "trainB" / "again.png"
    again.write_bytes((tmp_path / "sides" / "trainB" / "450.png").read_bytes())
    model = translator(training=TrainingInfo("cyclegan"))
    evaluation = ganzoo.evaluate(model, tmp_path / "sides", metrics="kd,identity", extractor="grid", device="cpu")
    kd, identity = evaluation.scores
    assert set(kd.baselines) == {"input", "real images"} and identity.baselines == {"input": 0.0}
    assert kd.bounds is not None and kd.bounds[0] < kd.value < kd.bounds[1], "all pairs, with an interval"

    inputs, real = (grid_features(arrays(tmp_path / "sides" / side).mean(3)) for side in ("trainA", "trainB"))
    assert kd.baselines["input"] == pytest.approx(kernel_distance_of_all_pairs(inputs, real), rel=1e-4)
    files = sorted((tmp_path / "sides" / "trainB").iterdir())
    chosen, rest = split_real([str(file.read_bytes()) for file in files], 8, seed=0)
    floor = kernel_distance_of_all_pairs(real[chosen], real[rest])
    assert kd.baselines["real images"] == pytest.approx(floor, rel=1e-4, abs=1e-6)
    assert not any("real images" in one.text for one in evaluation.diagnoses), "no model is expected to beat them"


def test_sets_of_enlarged_images_stand_beside_bicubic_ones(tmp_path: Path) -> None:
    lay(tmp_path / "photos", 8, size=64, first=0, gray=False)
    evaluation = ganzoo.evaluate("srgan/bicubic", tmp_path / "photos", metrics="kd", extractor="grid", device="cpu")
    (score,) = evaluation.scores
    assert set(score.baselines) == {"bicubic", "real images"}
    assert score.baselines["bicubic"] == pytest.approx(score.value, rel=1e-3), "the model is bicubic interpolation"


def test_a_score_keeps_its_baselines_in_json_and_on_cards() -> None:
    protocol = Protocol("kid", "x", Sample("generated", 10))
    kept = Score("kid", 1.0, protocol, baselines={"input": 2.0})
    assert score_from_dict(kept.to_dict(), "here") == kept and kept.compared == "input 2"
    with pytest.raises(RegistryError, match="baseline 'input'"):
        score_from_dict({**kept.to_dict(), "baselines": {"input": "two"}}, "here")
    rows = compare.compare({"a": [kept], "b": [Score("kid", 3.0, protocol)]}).rows
    assert rows[0].baselines == {"input": 2.0}


def test_a_distance_of_few_images_is_left_out_unless_it_is_asked_for(tmp_path: Path) -> None:
    for name, first in (("one", 0), ("other", 50)):
        lay(tmp_path / name, 30, size=28, first=first)
    options: dict[str, Any] = {"extractor": "fashion-mnist", "cache": False, "device": "cpu"}
    found = ganzoo.evaluate(f"images:{tmp_path / 'one'}", tmp_path / "other", **options)
    assert found.scores[0].metric == "kd-fashion-mnist" and found.scores[0].bounds is not None
    assert not any(score.metric.startswith("fd") for score in found.scores)
    assert any("fd-fashion-mnist of 30 images with 128 features" in note for note in found.notes)
    asked = ganzoo.evaluate(f"images:{tmp_path / 'one'}", tmp_path / "other", metrics="fd", **options)
    assert any(one.alarm and "far too high" in one.text for one in asked.diagnoses)


def test_an_older_score_of_subsets_is_measured_again_with_them() -> None:
    old = {"metric": "kid", "library": "x", "generated": {"source": "generated", "count": 10},
           "settings": {"subsets": 100, "subset_size": 1000}, "call": {"metrics": ["kid"], "data": ["x"]}}  # fmt: skip
    assert protocol_from_dict(old, "here").call["subset_size"] == 1000
    assert "subset_size" not in protocol_from_dict({**old, "settings": {"pairs": "all"}}, "here").call
