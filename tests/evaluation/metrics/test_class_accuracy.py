"""class-accuracy: classes matched by name, counted by hand, and from end to end on a class-conditional model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from evaluation_cases import add_extractor, lay
from tiny_models import maker, translator
from torch import Tensor, nn

import ganzoo
from ganzoo import Config, Entry
from ganzoo.cards.card import Card
from ganzoo.catalog import discovery
from ganzoo.errors import DataError, OptionError, UnknownName
from ganzoo.evaluation.evaluate import evaluate
from ganzoo.evaluation.metrics.class_accuracy import compare_labels, match_classes
from ganzoo.loading.model import Model

CLOTHES = ("T-shirt/top", "Trouser", "Pullover", "Sneaker", "Ankle boot")
TASK = "class-conditional-image-generation"
GRID: dict[str, Any] = {"extractor": "grid", "device": "cpu", "extractor_options": {"classes": True}}


# ---- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "places"),
    [
        (["ankle-boot", "sneaker", "t-shirt", "pullover", "trouser"], [4, 3, 0, 2, 1]),
        (["TOP", "Ankle_Boot"], [0, 4]),
        (["T-Shirt / Top", "pullover"], [0, 2]),
        (["trouser"], [1]),
    ],
)
def test_classes_are_the_same_by_name_however_it_is_written(own: list[str], places: list[int]) -> None:
    assert match_classes(own, CLOTHES, "a/b", "seer") == places


def test_an_equal_name_goes_before_half_a_name() -> None:
    assert match_classes(["top", "shirt/top"], ["Shirt/top", "Top"], "a/b", "seer") == [1, 0]


@pytest.mark.parametrize(
    ("own", "theirs", "message"),
    [
        (["0", "1"], CLOTHES, r"The classes of a/b \(0, 1\) are not those of seer .*: 0, 1 have no unique"),
        (["sneaker", "sandal"], CLOTHES, r": sandal has no unique match\. Give an --extractor with the same classes"),
        (["t-shirt", "sneaker", "top"], CLOTHES, r": t-shirt, top have no unique match"),
        (["boot"], ["Boot/left", "Boot/right"], r": boot has no unique match"),
    ],
)
def test_classes_without_one_counterpart_are_named(own: list[str], theirs: list[str], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        match_classes(own, theirs, "a/b", "seer")


# ---- numbers ---------------------------------------------------------------------------------------------------------


def test_hits_are_counted_for_each_class() -> None:
    predicted, requested = np.array([0, 1, 2, 0, 2, 2, 1]), np.array([0, 1, 2, 1, 1, 1, 1])
    found = compare_labels(predicted, requested, ["a", "b", "c", "d"])
    assert found.hits.tolist() == [1, 1, 1, 0, 0, 0, 1]
    assert found.share == 4 / 7 and found.by_class == {"a": 1.0, "b": 2 / 5, "c": 1.0}
    (diagnosis,) = found.diagnoses
    assert diagnosis.text == "The class that is recognized least often is b, 40%; most of its other images look like c."
    assert not diagnosis.alarm


def test_images_that_do_not_depend_on_the_label_are_an_alarm() -> None:
    requested, predicted = np.arange(1000) % 10, np.random.default_rng(0).integers(10, size=1000)
    (diagnosis,) = compare_labels(predicted, requested, [str(n) for n in range(10)]).diagnoses
    assert diagnosis.alarm and "hardly depend on the label" in diagnosis.text
    (fine,) = compare_labels(requested, requested, [str(n) for n in range(10)]).diagnoses
    assert not fine.alarm and fine.text == "Every image is recognized as the requested class."


def test_no_images_are_refused() -> None:
    with pytest.raises(DataError, match="0 images and 0 classes"):
        compare_labels(np.zeros(0, int), np.zeros(0, int), ["a"])


# ---- from end to end -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shade(Config):
    """``wrong``: every so many latents of a class make the other; 0: none."""

    wrong: int = 0


class ShadeGenerator(nn.Module):
    """Bright images for label 1, dark ones for label 0; the other way round where the first latent is below 0."""

    image_size, out_channels, latent_dim, classes = 8, 1, 2, 2

    def __init__(self, config: Shade) -> None:
        super().__init__()
        self.wrong = config.wrong

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        sign = labels.float() * 2 - 1
        if self.wrong:
            sign = sign * latents[:, 0].sign()
        return (0.5 * sign)[:, None, None, None].expand(-1, 1, 8, 8)


def shades(*classes: str, wrong: int = 0) -> Model:
    card = Card("tiny/shades", "generator:shade", TASK, 8, 1, latent_dim=2, classes=classes)
    return Model(ganzoo.build("generator:shade", wrong=wrong), card, torch.device("cpu"))


@pytest.fixture(autouse=True)
def grid(fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    add_extractor()
    entry = Entry(kind="generator", name="shade", config=Shade, build=ShadeGenerator, task=TASK, summary="One shade")
    discovery.manager().register(SimpleNamespace(ganzoo_entries=ganzoo.hookimpl(lambda: [entry])), "a-test-s-shade")


def test_a_model_that_makes_what_is_asked_for_is_right_always_and_one_that_does_not_half_the_time() -> None:
    found = evaluate(shades("Dark", "bright"), metrics=["class-accuracy"], number=60, **GRID)
    assert found["class-accuracy-grid-4"] == 1.0
    (score,) = found.scores
    assert (score.low, score.high) == (1.0, 1.0) and score.protocol.real is None
    assert score.protocol.generated.count == 60 and score.protocol.settings == {"labels": "all in turn"}
    assert score.protocol.extractor == "grid-4"
    assert found.report_samples.shares == {
        "Requested class, as predicted by grid-4": {"evaluated": {"bright": 1.0, "dark": 1.0}}
    }

    model = shades("dark", "bright", wrong=1)
    found = evaluate(model, metrics=["class-accuracy"], number=400, seed=3, **GRID)
    value, (score,) = found["class-accuracy-grid-4"], found.scores
    outputs = model.generate(400, seed=3)
    right = [(np.asarray(one).mean() > 127) == bool(place % 2) for place, one in enumerate(outputs)]
    assert value == np.mean(right) and 0.4 < value < 0.6
    assert score.low < value < score.high and score.high - score.low == pytest.approx(4 * 0.5 / 20, rel=0.3)
    assert [diagnosis.alarm for diagnosis in found.diagnoses] == [True]


def test_the_same_call_gives_the_same_score() -> None:
    model = shades("dark", "bright", wrong=1)
    (score,) = evaluate(model, metrics=["class-accuracy"], number=50, **GRID).scores
    call = dict(score.protocol.call)
    assert call["metrics"] == ["class-accuracy"]
    assert evaluate(model, device="cpu", **call).scores[0].value == score.value


def test_models_without_labels_and_extractors_without_classes_are_refused(tmp_path: Path) -> None:
    real = lay(tmp_path / "real", 4)
    with pytest.raises(
        OptionError, match=r"class-accuracy of tiny/maker is for models that generate images of a requested class"
    ):
        evaluate(maker(), real, metrics=["class-accuracy"], **GRID)
    with pytest.raises(OptionError, match="for models that generate images of a requested class"):
        sides = [lay(tmp_path / side, 2, size=64, gray=False) for side in "ab"]
        evaluate(translator(), sides, kind="unpaired", metrics=["class-accuracy"], **GRID)
    with pytest.raises(OptionError, match="is for models, not for folders of images"):
        evaluate(f"images:{real}", metrics=["class-accuracy"], **GRID)
    with pytest.raises(OptionError, match=r"class-accuracy needs an extractor with class names, and 'grid' has none"):
        evaluate(shades("dark", "bright"), metrics=["class-accuracy"], number=4, extractor="grid", device="cpu")
    with pytest.raises(OptionError, match=r"The classes of tiny/shades \(night, day\) are not those of grid-4"):
        evaluate(shades("night", "day"), metrics=["class-accuracy"], number=4, **GRID)


def test_the_full_name_is_reported_how_it_is_asked_for() -> None:
    with pytest.raises(UnknownName, match="Give 'class-accuracy' with the extractor 'fashion-mnist'"):
        evaluate(maker(), metrics=["class-accuracy-fashion-mnist"], number=2)


def test_a_discriminator_that_is_reported_the_class_is_refused_as_a_classifier(tmp_path: Path) -> None:
    real = lay(tmp_path / "data" / "one", 4), lay(tmp_path / "data" / "two", 4, first=9)
    small = {"generator": {"width": 4, "latent_dim": 4}, "discriminator": {"width": 4}}
    run = ganzoo.train("cgan", tmp_path / "data", tmp_path / "run", steps=1, device="cpu", part_options=small)
    with pytest.raises(OptionError, match=r"discriminator of dir:.* needs the class of each real image"):
        evaluate(f"dir:{run}", real[0], metrics=["discriminator"], **GRID)
