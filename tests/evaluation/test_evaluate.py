"""`ganzoo.evaluate` from end to end on small models and images: values, protocols, refusals, reports."""

from __future__ import annotations

import dataclasses
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import picture
from evaluation_cases import add_extractor, arrays, grid_features, lay
from PIL import Image
from tiny_models import maker, translator

import ganzoo
from ganzoo.cards import protocol
from ganzoo.cards.card import TrainingInfo
from ganzoo.data.splitting import split
from ganzoo.errors import DataError, HubUnreachable, OptionError, TooFewImages, UnknownName
from ganzoo.evaluation.evaluate import evaluate
from ganzoo.evaluation.metrics.frechet import frechet_distance
from ganzoo.evaluation.statistics import moments
from ganzoo.image_io import tensors
from ganzoo.loading.model import Model

GRID: dict[str, Any] = {"extractor": "grid", "device": "cpu", "resamples": 0}


@pytest.fixture(autouse=True)
def grid(fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    add_extractor()


# ---- two folders -----------------------------------------------------------------------------------------------------


def test_two_folders_are_compared(tmp_path: Path) -> None:
    outputs, real = lay(tmp_path / "outputs", 12), lay(tmp_path / "real", 15, first=40)
    found = evaluate(f"images:{outputs}", real, metrics=["fd"], **GRID)
    expected = frechet_distance(*(moments.compute(grid_features(arrays(folder))) for folder in (outputs, real)))
    assert found["fd-grid-4"] == pytest.approx(expected, rel=1e-4)
    (score,) = found.scores
    stated = score.protocol
    assert (stated.generated.count, stated.real.count, stated.real.source) == (12, 15, "real")
    assert (stated.extractor, stated.extractor_sha256) == ("grid-4", "ab" * 32)
    assert stated.resizing == "none, 16x16; area to 4x4" and stated.file_format == "8-bit, .png files"
    assert stated.library.startswith("ganzoo ") and stated.device.startswith("cpu")


def test_the_same_images_are_alike_in_every_measure(tmp_path: Path) -> None:
    folder = lay(tmp_path / "real", 20)
    names = ["fd", "precision", "recall", "coverage"]
    found = evaluate(f"images:{folder}", folder, metrics=names, **GRID)
    assert [score.value for score in found.scores] == pytest.approx([0, 1, 1, 1], abs=1e-9)
    assert [score.metric for score in found.scores] == [f"{name}-grid-4" for name in names]


def test_an_interval_is_given_and_reported(tmp_path: Path) -> None:
    outputs, real = lay(tmp_path / "outputs", 12), lay(tmp_path / "real", 15, first=40)
    (score,) = evaluate(f"images:{outputs}", real, metrics=["fd"], **{**GRID, "resamples": 5}).scores
    assert score.low < score.value < score.high and "5 bootstraps" in score.protocol.interval


def test_outputs_are_compared_with_their_truths(tmp_path: Path) -> None:
    outputs, real = lay(tmp_path / "outputs", 4), lay(tmp_path / "real", 4, first=40)
    for number, path in enumerate(sorted(real.iterdir())):
        path.rename(real / f"{number:03d}.png")
    found = evaluate(f"images:{outputs}", real, metrics=["l1", "psnr", "ssim"], **GRID)
    one, other = arrays(outputs).astype(float), arrays(real).astype(float)
    assert found["l1"] == pytest.approx(np.abs(one - other).mean() / 255)
    squared = ((one - other) ** 2).mean((1, 2))
    assert found["psnr"] == pytest.approx((10 * np.log10(255**2 / squared)).mean())
    assert found.scores[0].protocol.extractor == "" and "extractor" not in found.scores[0].protocol.call


def test_only_the_resizer_differs_and_the_scores_do_not_compare(tmp_path: Path) -> None:
    outputs, real = lay(tmp_path / "outputs", 8, size=32), lay(tmp_path / "real", 8, size=32, first=40)
    one, other = (
        evaluate(f"images:{outputs}", real, metrics=["fd"], size=16, resize=name, **GRID).scores[0]
        for name in ("bicubic", "bilinear")
    )
    assert set(protocol.differences(one.protocol, other.protocol)) == {"resizing"}
    assert one.value != other.value


def test_two_models_measured_alike_compare(tmp_path: Path) -> None:
    real = lay(tmp_path / "real", 8, first=40)
    scores = [
        evaluate(f"images:{lay(tmp_path / name, 8, first=n)}", real, metrics=["fd"], **GRID).scores[0]
        for n, name in enumerate(("one", "other"))
    ]
    assert protocol.differences(*(score.protocol for score in scores)) == {}


# ---- models ----------------------------------------------------------------------------------------------------------


def test_a_generator_makes_as_many_as_there_are_real_ones(tmp_path: Path) -> None:
    real = lay(tmp_path / "real", 12)
    found = evaluate(maker(), real, metrics=["fd", "density"], seed=3, **GRID)
    (first, _) = found.scores
    assert first.protocol.generated == protocol.Sample("generated", 12, seed=3)
    outputs = np.stack([np.asarray(one) for one in maker().generate(12, seed=3)])
    expected = frechet_distance(*(moments.compute(grid_features(each)) for each in (outputs, arrays(real))))
    assert found["fd-grid-4"] == pytest.approx(expected, rel=1e-2)
    assert found.model == "tiny/maker" and found.data == "12 real"
    assert evaluate(maker(), real, number=5, metrics=["fd"], **GRID).scores[0].protocol.generated.count == 5


def test_the_call_of_a_protocol_measures_the_same_again(tmp_path: Path) -> None:
    real = lay(tmp_path / "real", 12)
    settings = {**GRID, "extractor_options": {"cells": 2}, "number": 9, "seed": 4}
    (score,) = evaluate(maker(), real, metrics=["fd"], **settings).scores
    call = json.loads(json.dumps(score.protocol.call))
    assert (call.pop("data"), call["metrics"]) == (["real"], ["fd"])
    again = evaluate(maker(), real, device="cpu", **call).scores[0]
    assert again.value == score.value and again.protocol == score.protocol


def paired(folder: Path, count: int, size: int = 64) -> Path:
    folder.mkdir()
    for number in range(count):
        picture(2 * size, size, seed=number).save(folder / f"{number}.png")
    return folder


def test_paired_translations_are_compared_with_the_held_out_truths(tmp_path: Path) -> None:
    data = paired(tmp_path / "pairs", 8)
    model = translator(training=TrainingInfo("pix2pix", options={"direction": "right-to-left"}))
    found = evaluate(model, data, validation=0.3, **GRID)
    assert [score.metric for score in found.scores] == ["l1", "psnr", "ssim"]
    held_out = split([f"{n}.png" for n in range(8)], 0.3)[1]
    errors = []
    for number in held_out:
        both = np.asarray(picture(128, 64, seed=number))
        outputs = tensors.to_array(model(tensors.to_tensor(both[:, 64:])))
        errors.append(np.abs(outputs.astype(float) - both[:, :64]).mean() / 255)
    assert found["l1"] == pytest.approx(np.mean(errors), abs=1e-4)
    score = found.scores[0]
    assert score.low <= score.value <= score.high and score.protocol.real.count == len(held_out)
    assert score.protocol.generated.split == "right, held out 0.3"


def test_unpaired_translations_are_compared_with_the_other_side(tmp_path: Path) -> None:
    for side, first in (("trainA", 0), ("trainB", 50)):
        lay(tmp_path / "sides" / side, 12, size=64, first=first, gray=False)
    model = translator(training=TrainingInfo("cyclegan"))
    model.save(tmp_path / "back")
    found = evaluate(
        model,
        tmp_path / "sides",
        metrics=["fd", "identity", "cycle-psnr"],
        back=f"dir:{tmp_path}/back",
        **GRID,
    )
    originals = arrays(tmp_path / "sides" / "trainB")
    unchanged = [tensors.to_array(model(tensors.to_tensor(one))) for one in originals]
    assert found["identity"] == pytest.approx(
        np.abs(np.stack(unchanged) - originals.astype(float)).mean() / 255, abs=1e-3
    )
    cycled = []
    for one in arrays(tmp_path / "sides" / "trainA"):
        between = tensors.to_array(model(tensors.to_tensor(one)))
        cycled.append(tensors.to_array(model(tensors.to_tensor(between))))
    squared = ((np.stack(cycled).astype(float) - arrays(tmp_path / "sides" / "trainA")) ** 2).mean((1, 2, 3))
    assert found["cycle-psnr"] == pytest.approx((10 * np.log10(255**2 / squared)).mean(), abs=0.05)
    by_name = {score.metric: score.protocol for score in found.scores}
    assert by_name["fd-grid-4"].real.split == "trainB" and by_name["cycle-psnr"].real.split == "trainA"
    assert "back" in by_name["cycle-psnr"].call and "back" not in by_name["fd-grid-4"].call


def test_a_run_s_discriminator_is_scored_as_a_classifier(tmp_path: Path) -> None:
    real = lay(tmp_path / "real", 12)
    run = ganzoo.train(
        "dcgan", real, tmp_path / "run", steps=2, batch_size=4, device="cpu", part_options={"generator": {"width": 4}}
    )
    found = evaluate(f"dir:{run}", real, metrics=["discriminator"], seed=1, **GRID)
    values = {score.metric: score.value for score in found.scores}
    assert list(values) == ["d-loss", "d-accuracy", "d-precision", "d-recall", "d-f1", "d-specificity"]
    model = ganzoo.load(f"dir:{run}", device="cpu")
    discriminator = model.discriminator()
    assert discriminator is not None
    with torch.inference_mode():
        pictures = [tensors.to_tensor(one, channels=1) for one in arrays(real)]
        right = sum(float(discriminator(one)) > 0 for one in pictures)
        outputs = [tensors.to_tensor(np.asarray(one), channels=1) for one in model.generate(12, seed=1)]
        wrong = sum(float(discriminator(one)) > 0 for one in outputs)
    assert values["d-recall"] == pytest.approx(right / 12) and values["d-specificity"] == pytest.approx(1 - wrong / 12)


def test_the_conditional_discriminator_of_pairs_sees_the_input_too(tmp_path: Path) -> None:
    data = paired(tmp_path / "pairs", 4, size=32)
    small = {"generator": {"width": 4}, "discriminator": {"width": 4}}
    run = ganzoo.train("pix2pix", data, tmp_path / "run", steps=1, device="cpu", part_options=small)
    found = evaluate(f"dir:{run}", data, metrics=["discriminator"], **GRID)
    assert 0 <= found["d-accuracy"] <= 1 and found["d-loss"] > 0


# ---- failures --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["healthy", "collapsed", "memorizing"])
def test_a_collapsed_a_memorizing_and_a_healthy_generator_are_reported_apart(tmp_path: Path, kind: str) -> None:
    train, real = lay(tmp_path / "train", 250), lay(tmp_path / "real", 150, first=300)
    first = {"healthy": 500, "collapsed": 500, "memorizing": 0}[kind]
    outputs = lay(tmp_path / "outputs", 1 if kind == "collapsed" else 150, first=first)
    if kind == "collapsed":
        for number in range(149):
            (outputs / f"copy{number}.png").write_bytes((outputs / "500.png").read_bytes())
    found = evaluate(
        f"images:{outputs}", real, metrics=["modes", "memorized"], train=train, report_to=tmp_path / "r.html", **GRID
    )
    alarms = {diagnosis.name for diagnosis in found.diagnoses if diagnosis.alarm}
    assert bool(alarms & {"modes", "variety"}) == (kind == "collapsed"), found.diagnoses
    assert ("memorized" in alarms) == (kind == "memorizing"), found.diagnoses
    page = (tmp_path / "r.html").read_text()
    assert all(diagnosis.text.split(";")[0].split("%")[0] in page for diagnosis in found.diagnoses)
    assert len(found.report_samples.neighbors) == 12 and len(found.report_samples.samples) == 64


# ---- refusals --------------------------------------------------------------------------------------------------------


def test_wrong_names_are_refused_with_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"No metric is called 'fdd'. Did you mean 'fd'"):
        evaluate(maker(), tmp_path, metrics=["fdd"])
    with pytest.raises(UnknownName, match=r"No extractor is called 'gird'. Did you mean 'grid'"):
        evaluate(maker(), lay(tmp_path / "real", 3), metrics=["fd"], **{**GRID, "extractor": "gird"})
    with pytest.raises(OptionError, match=r"Evaluation has no option 'subsett'. Did you mean 'subsets'"):
        evaluate(maker(), tmp_path, subsett=3)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"metrics": ["psnr"]}, "needs the image that each output should equal: give paired --data"),
        ({"metrics": ["cycle-psnr"]}, "needs the model of the other direction: give --back"),
        ({"metrics": ["memorized"]}, "needs the training images: give --train"),
        ({"metrics": ["discriminator"]}, "needs a discriminator, and none is saved"),
        ({"metrics": ["balance"]}, "balance needs an extractor with class names"),
        ({"precision": "float16"}, "precision='float16' should be 'float32' or 'bfloat16'"),
        ({"resamples": -1}, r"resamples=-1 should be at least 0\. The default is 20\."),
        ({"batch_size": 0}, "batch_size=0 should be at least 1"),
        ({"batch_size": "4"}, "batch_size='4' should be an integer, at least 1"),
        ({"seed": np.int64(1)}, "seed=.*1.* should be an integer. The default is 0"),
        ({"cache": 1}, "cache=1 should be true or false"),
        ({"validation": 1.0}, "validation=1.0 should be from 0 up to, not including, 1"),
        ({"part": "both"}, "part='both' should be 'test' or 'train'"),
        ({"size": -1}, "size=-1 should be at least 0"),
        ({"size": 32}, "generates images of 16 pixels: size=32 is not possible"),
        ({"resize": "lanczos"}, "resize='lanczos' is not valid: give one of bicubic"),
        ({"kind": "unpaired"}, "tiny/maker generates images from nothing: kind=unpaired is for models that translate"),
        (
            {"metrics": ["fid"]},
            "extractor='grid' is used by none of the metrics: fid take.* measure fd, which",
        ),
    ],
)
def test_what_is_lacking_or_wrong_is_stated(tmp_path: Path, values: dict[str, Any], message: str) -> None:
    real = lay(tmp_path / "real", 12)
    with pytest.raises((OptionError, DataError), match=message):
        evaluate(maker(), real, **{**GRID, **values})


def test_too_few_images_are_refused_by_every_measure_that_needs_more(tmp_path: Path) -> None:
    real = lay(tmp_path / "real", 12)
    for metric, count, message in (
        ("fd", 1, "at least 2"),
        ("kd", 12, "subset_size"),
        ("density", 3, "3 images"),
    ):
        with pytest.raises(DataError, match=message):
            evaluate(maker(), real, number=count, metrics=[metric], subset_size=1000, **GRID)


def test_of_the_default_measures_those_that_need_more_images_are_left_out(tmp_path: Path) -> None:
    real = lay(tmp_path / "real", 12)
    found = evaluate(maker(), real, **GRID)
    names = [score.metric for score in found.scores]
    assert names[0] == "kd-grid-4" and not any(name.startswith(("fd", "modes")) for name in names)
    assert any(note.startswith("Left out: modes of tiny/maker: 12 generated and 12 real") for note in found.notes)
    with pytest.raises(DataError, match="too few to look for modes"):
        evaluate(maker(), real, metrics=["fd", "modes"], **GRID)
    with pytest.raises(DataError, match="at least 2"):  # nothing is left
        evaluate(maker(), real, number=1, **GRID)


def test_a_model_of_images_without_another_side_asks_for_one(tmp_path: Path) -> None:
    training = TrainingInfo(recipe="dcgan", hardware="cpu", ganzoo_version="1")  # which trains on images alone
    data = lay(tmp_path / "real", 3)
    for values in ({}, {"inputs": "B"}, {"kind": "images"}):
        with pytest.raises(OptionError, match=r"^tiny/translator translates images, and was trained on"):
            evaluate(translator(training=training), data, **GRID, **values)


def test_fid_beside_another_extractor_says_that_it_takes_inception(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ganzoo.catalog import building

    build = building.build

    def without_inception(spec: str, **options: Any) -> Any:
        if spec == "extractor:inception":
            raise HubUnreachable("weights.pth is not on this machine.")
        return build(spec, **options)

    monkeypatch.setattr(building, "build", without_inception)
    real = lay(tmp_path / "real", 8)
    with pytest.raises(HubUnreachable, match=r"machine\. fid and kid take Inception.*fd and kd take 'grid'"):
        evaluate(f"images:{real}", real, metrics=["fd", "fid"], **GRID)


def without_inception(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Inception's weights be out of reach, and another extractor be installed."""
    from evaluation_cases import Grid, GridExtractor

    from ganzoo.catalog import building

    def build(spec: str, **options: Any) -> Any:
        if spec == "extractor:inception":
            raise HubUnreachable("weights.pth is not on this machine.")
        assert spec == "extractor:efficientnet-lite0" and not options
        return GridExtractor(Grid())

    monkeypatch.setattr(building, "build", build)


def test_where_inception_cannot_be_had_another_extractor_is_used_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_inception(monkeypatch)
    real = lay(tmp_path / "real", 8)
    found = evaluate(f"images:{real}", real, metrics=["fd"], **{**GRID, "extractor": "auto"})
    assert [score.metric for score in found.scores] == ["fd-grid-4"]
    assert any(note.startswith("Inception's weights are not on this machine") for note in found.notes)
    for values, metrics in (({"extractor": "inception"}, ["fd"]), ({"extractor": "auto"}, ["fid"])):
        with pytest.raises(HubUnreachable, match=r"weights\.pth is not on this machine"):
            evaluate(f"images:{real}", real, metrics=metrics, **{**GRID, **values})


def test_images_and_weights_are_checked_before_anything_is_generated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = maker()
    monkeypatch.setattr(Model, "__call__", lambda *_, **__: pytest.fail("it generates"))
    one, many = lay(tmp_path / "one", 1), lay(tmp_path / "many", 8)
    with pytest.raises(TooFewImages, match=r"^fd of tiny/maker needs at least 2 images a side, and there are 1 eval"):
        evaluate(model, one, metrics=["balance", "fd"], **GRID)
    without_inception(monkeypatch)
    with pytest.raises(HubUnreachable):
        evaluate(model, many, metrics=["fd"], **{**GRID, "extractor": "inception"})


def test_folders_of_unlike_sizes_are_refused(tmp_path: Path) -> None:
    outputs, real = lay(tmp_path / "outputs", 3), lay(tmp_path / "real", 3, size=20)
    with pytest.raises(DataError, match=r"16x16 pixels, the real ones 20x20.*as --size 16"):
        evaluate(f"images:{outputs}", real, **GRID)


def test_fid_is_not_made_of_other_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from evaluation_cases import Grid, GridExtractor

    from ganzoo.catalog import building

    other = GridExtractor(Grid())
    other.label = "inception-12345678"
    monkeypatch.setattr(building, "build", lambda spec, **options: other)
    real = lay(tmp_path / "real", 8)
    with pytest.raises(OptionError, match=r"fid and kid are not defined for these weights \(inception-1234"):
        evaluate(f"images:{real}", real, metrics=["fid"], **{**GRID, "extractor": "inception"})
    other.label = "inception"
    found = evaluate(f"images:{real}", real, metrics=["fid", "fd"], **{**GRID, "extractor": "inception"})
    assert [score.metric for score in found.scores] == ["fid", "fid"]


def test_half_precision_is_a_metric_of_its_own(tmp_path: Path) -> None:
    real = lay(tmp_path / "real", 8)
    (score,) = evaluate(f"images:{real}", real, metrics=["fd"], **{**GRID, "precision": "bfloat16"}).scores
    assert score.metric == "fd-grid-4-bf16" and score.protocol.precision == "bfloat16"


def test_a_zip_with_a_broken_file_names_it(tmp_path: Path) -> None:
    folder = lay(tmp_path / "real", 4)
    with zipfile.ZipFile(tmp_path / "real.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)
        archive.writestr("broken.png", b"nothing")
    with pytest.raises(DataError, match=r"(?s)1 of 5 images in .*broken\.png"):
        evaluate(maker(), tmp_path / "real.zip", **GRID)


# ---- what comes out --------------------------------------------------------------------------------------------------


def test_the_result_is_written_as_json_and_read_by_the_registry(tmp_path: Path) -> None:
    real = lay(tmp_path / "real", 8)
    found = evaluate(maker(), real, metrics=["fd"], **GRID)
    found.save(tmp_path / "scores.json")
    read = json.loads((tmp_path / "scores.json").read_text())
    assert protocol.score_from_dict(read["scores"][0], "x") == found.scores[0]
    assert read["model"] == "tiny/maker"
    with pytest.raises(KeyError):
        found["kid"]


def test_the_report_shows_the_best_and_the_worst(tmp_path: Path) -> None:
    data = paired(tmp_path / "pairs", 14)
    model = translator(training=TrainingInfo("pix2pix"))
    found = evaluate(model, data, report_to=tmp_path / "report.html", **GRID)
    best, worst = (
        [float(one.caption.split()[-1]) for one in side]
        for side in (found.report_samples.best, found.report_samples.worst)
    )
    assert len(best) == len(worst) == 6 and min(best) >= max(worst) and best == sorted(best, reverse=True)
    assert list(found.report_samples.best[0].images) == ["input", "output", "truth"]
    assert (tmp_path / "report.html").stat().st_size > 10_000


def test_few_images_are_noted(tmp_path: Path) -> None:
    real = lay(tmp_path / "real", 8)
    found = evaluate(maker(), real, metrics=["fd"], **GRID)
    assert [one.text[:28] for one in found.diagnoses] == ["fd-grid-4 of 8 images with 1"] and not found.notes
    (note,) = evaluate(maker(), real, metrics=["fd", "recall"], **GRID).notes
    assert note.startswith("There are only 8 evaluated images: recall means little.") and "Frechet" not in note
    (note,) = evaluate(maker(), real, metrics=["fd"], **{**GRID, "extractor_options": {"cells": 2}}).notes
    assert note.startswith("There are only 8 evaluated images: Frechet distances are too high")


def test_gray_and_color_images_meet(tmp_path: Path) -> None:
    real = lay(tmp_path / "real", 8, gray=False)
    found = evaluate(maker(), real, metrics=["fd"], **GRID)
    gray = np.stack([np.asarray(Image.open(path).convert("L")) for path in sorted(real.iterdir())])
    outputs = np.stack([np.asarray(one) for one in maker().generate(8)])
    expected = frechet_distance(*(moments.compute(grid_features(each)) for each in (outputs, gray)))
    assert found["fd-grid-4"] == pytest.approx(expected, rel=0.05)


def test_a_model_without_its_recipe_asks_for_the_kind(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="does not say whether it was trained on pairs: give --kind"):
        evaluate(translator(training=None), paired(tmp_path / "pairs", 3), **GRID)
    found = evaluate(translator(training=None), tmp_path / "pairs", kind="paired", **GRID)
    assert dataclasses.is_dataclass(found) and len(found.scores) == 3


def test_a_full_name_is_answered_with_how_to_ask_for_it(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"No metric is called 'fd-grid'. Give 'fd' with the extractor 'grid'"):
        evaluate(maker(), tmp_path, metrics=["fd-grid"])


def test_metrics_may_be_one_text(tmp_path: Path) -> None:
    found = evaluate(maker(), lay(tmp_path / "real", 12), metrics="fd, coverage", **GRID)
    assert [score.metric for score in found.scores] == ["fd-grid-4", "coverage-grid-4"]


def test_what_is_lacking_is_reported_before_an_extractor_is_fetched(tmp_path: Path) -> None:
    outputs = lay(tmp_path / "outputs", 8)
    with pytest.raises(OptionError, match=f"fid of images:{outputs} needs real images to compare with: give --data"):
        evaluate(f"images:{outputs}", metrics=["fid"], device="cpu")


def test_errors_of_a_measure_name_it_and_the_model(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^coverage of tiny/maker: There are 3 images"):
        evaluate(maker(), lay(tmp_path / "real", 12), metrics=["coverage"], number=3, **GRID)


def test_an_evaluation_prints_as_a_few_lines(tmp_path: Path) -> None:
    found = evaluate(maker(), lay(tmp_path / "real", 12), metrics=["fd"], **GRID)
    assert repr(found) == f"tiny/maker by 12 real\n  fd-grid-4 {found['fd-grid-4']:.5g}"
    with pytest.raises(KeyError, match="psnr is not among fd-grid-4"):
        found["psnr"]
