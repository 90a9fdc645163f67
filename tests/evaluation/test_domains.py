"""Models that translate to a class: images of all other classes, translated, against the real ones of this class."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import picture
from evaluation_cases import add_extractor, arrays, grid_features, lay
from tiny_models import maker, translator
from torch import Tensor, nn

import ganzoo
from ganzoo.cards.card import Card
from ganzoo.cli import main
from ganzoo.data.splitting import split
from ganzoo.errors import DataError, OptionError, UnknownName
from ganzoo.evaluation.evaluate import evaluate
from ganzoo.evaluation.metrics.frechet import frechet_distance
from ganzoo.evaluation.samples.image_sources import open_domains
from ganzoo.evaluation.samples.reading import Reading
from ganzoo.evaluation.statistics import moments
from ganzoo.image_io import decoding
from ganzoo.loading.model import Model

GRID: dict[str, Any] = {"extractor": "grid", "device": "cpu", "resamples": 0}
CLASSES = ("bright", "dark", "flat")


class Shades(nn.Module):
    """Makes images brighter for class 0, darker for 1, and gray for 2."""

    in_channels, out_channels, stride, classes = 3, 3, 4, 3

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        scale = torch.tensor([0.5, 0.5, 0.0])[labels][:, None, None, None]
        return images * scale + torch.tensor([0.5, -0.5, 0.0])[labels][:, None, None, None]


def shades() -> Model:
    card = Card("mine/shades", "generator:mine", "multi-domain-image-to-image", 16, 3, in_channels=3, classes=CLASSES)
    return Model(Shades(), card, torch.device("cpu"))


@pytest.fixture(autouse=True)
def grid(fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    add_extractor()


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Class folders below one that all share."""
    for number, name in enumerate(CLASSES):
        lay(tmp_path / "set" / "train" / name, 10 + number, first=20 * number, gray=False)
    return tmp_path / "set"


def translated(folder: Path, *names: str) -> np.ndarray:
    """Return what "dark" images of these classes are, (N, H, W) uint8, computed another way."""
    input_images = np.concatenate([arrays(folder / "train" / name) for name in names]) / 127.5 - 1
    return np.asarray(np.round((input_images * 0.5 - 0.5 + 1) * 127.5).mean(3))


def test_the_other_classes_are_translated_and_compared_with_the_class(folders: Path) -> None:
    found = evaluate(shades(), folders, label="dark", metrics=["fd", "identity"], **GRID)
    real = arrays(folders / "train" / "dark").mean(3)
    outputs, expected = (moments.compute(grid_features(each)) for each in (translated(folders, "bright", "flat"), real))
    assert found["fd-grid-4"] == pytest.approx(frechet_distance(outputs, expected), rel=1e-2)
    stated = found.scores[0].protocol
    assert str(stated.generated) == "22 translated set to dark, all but dark"
    assert str(stated.real) == "11 set, dark" and stated.call["label"] == "dark"
    own = arrays(folders / "train" / "dark").astype(float)
    change = np.abs(np.round(own / 2) - own).mean() / 255  # x / 2 - 1 / 2 in [-1, 1] is x / 2 in [0, 255]
    assert found["identity"] == pytest.approx(change, abs=2e-3)


def test_another_label_is_another_score_and_its_number_is_as_good_as_its_name(folders: Path) -> None:
    values = [
        evaluate(shades(), folders, label=label, metrics="fd", **GRID)["fd-grid-4"] for label in ("1", "dark", "bright")
    ]
    assert values[0] == values[1] != values[2]


def test_the_usual_metrics_and_the_report_are_those_of_unpaired_sets(folders: Path, tmp_path: Path) -> None:
    found = evaluate(shades(), folders, label="flat", report_to=tmp_path / "report.html", **GRID)
    assert [score.metric.partition("-")[0] for score in found.scores] == ["kd", "precision", "recall", "identity"]
    assert (tmp_path / "report.html").exists() and len(found.report_samples.best) == 6


def test_what_training_kept_out_is_translated(folders: Path) -> None:
    input_images, real = open_domains([str(folders)], "dark", Reading(validation=0.3))
    names = [f"train/{name}/{n + 20 * k:03d}.png" for k, name in enumerate(CLASSES) for n in range(10 + k)]
    held_out = [names[index] for index in split(names, 0.3)[1]]
    assert input_images.names == [name for name in held_out if "/dark/" not in name] and input_images.names
    assert input_images.sample.split == "all but dark, held out 0.3"
    assert (real.sample.count, real.sample.split) == (11, "dark")


def test_the_command_takes_a_label(folders: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setattr("ganzoo.evaluation.setup.load.load", lambda *_, **__: shades())
    arguments = ["eval", "mine/shades", "--data", str(folders), "--extractor", "grid", "--metrics", "fd"]
    with pytest.raises(SystemExit) as ended:
        main.main([*arguments, "--resamples", "0", "--device", "cpu", "--label", "dark"])
    out = capsys.readouterr().out
    assert not ended.value.code and "22 translated set to dark, all but dark against 11 set, dark" in out


def test_a_trained_run_is_evaluated(folders: Path, tmp_path: Path) -> None:
    small = {"generator": {"width": 4, "blocks": 0}, "discriminator": {"width": 4}}
    options = {"batch_size": 4, "validation": 0.3, "options": {"image_size": 16}, "part_options": small}
    run = ganzoo.train("stargan", folders, tmp_path / "run", steps=1, device="cpu", **options)
    metrics = ["fd", "discriminator"]
    found = evaluate(f"dir:{run}", folders, label="flat", validation=0.3, metrics=metrics, **GRID)
    assert found["fd-grid-4"] > 0 and 0 <= found["d-accuracy"] <= 1


# ---- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({}, OptionError, r"mine/shades needs a label, .*--label NAME.*Labels: bright, dark, flat"),
        ({"label": "drak"}, UnknownName, r"no label 'drak'. Did you mean 'dark'"),
        (
            {"label": "dark", "back": "tiny/maker"},
            OptionError,
            "there is no other direction. Omit back=tiny/maker",
        ),
    ],
)
def test_a_label_is_needed_and_must_be_one(
    folders: Path, values: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        evaluate(shades(), folders, metrics="fd", **values, **GRID)


def test_models_without_labels_and_folders_take_none(folders: Path) -> None:
    for ref, name in ((translator(), "tiny/translator"), (maker(), "tiny/maker"), (f"images:{folders}", "images:")):
        with pytest.raises(OptionError, match=rf"label='dark' is for models that translate .*{name}.* does not"):
            evaluate(ref, folders, label="dark", metrics="fd", **GRID)


def test_data_without_the_classs_folder_are_refused(folders: Path, tmp_path: Path) -> None:
    (folders / "train" / "dark").rename(folders / "train" / "darker")
    with pytest.raises(
        DataError, match=r"no folder 'dark' to compare with. Did you mean 'darker'\? Its folders are: bright"
    ):
        evaluate(shades(), folders, label="dark", metrics="fd", **GRID)
    with pytest.raises(DataError, match=r"no folder 'dark' to compare with. It has no class folders"):
        evaluate(shades(), lay(tmp_path / "plain", 3), label="dark", metrics="fd", **GRID)
    with pytest.raises(OptionError, match="is evaluated on images: give --data"):
        evaluate(shades(), label="dark", metrics="fd", **GRID)
    shutil.rmtree(folders / "train" / "flat")
    picture(16, 16).save(folders / "train" / "darker" / "z.png")


def test_a_share_without_other_classes_is_refused(tmp_path: Path) -> None:
    lay(tmp_path / "bright", 1, first=3, gray=False)
    lay(tmp_path / "dark", 30, gray=False)
    names = [f"bright/{3:03d}.png", *(f"dark/{n:03d}.png" for n in range(30))]
    assert 0 not in split(names, 0.1)[1]
    with pytest.raises(DataError, match=r"validation=0.1 holds out no image of the classes other than 'dark'"):
        open_domains([str(tmp_path)], "dark", Reading(validation=0.1))


def test_the_images_are_those_that_translate_makes(folders: Path) -> None:
    from ganzoo.evaluation.samples import image_sets

    input_images, _ = open_domains([str(folders)], "dark", Reading())
    model = shades()
    outputs = torch.cat(list(image_sets.translated_images(model, input_images, 1).batches(5)))
    whole = [np.asarray(model.translate(decoding.read(folders / name), label="dark")) for name in input_images.names]
    assert (outputs.permute(0, 2, 3, 1).numpy() == np.stack(whole)).all()
