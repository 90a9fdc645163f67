"""Training on rasters: other channels in than out, masks, resumed exactly, units on the card and in the scores."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile
import torch

import ganzoo
from ganzoo import catalog
from ganzoo.catalog import options
from ganzoo.catalog.building import ChosenParts
from ganzoo.errors import OptionError, UnknownName
from ganzoo.evaluation.units import baselines
from ganzoo.evaluation.units.distributions import compare, intervals
from ganzoo.rasters.channel import Channel
from ganzoo_plugins.cut.losses import patch_nce
from ganzoo_plugins.cut.recipe import whole_patches
from ganzoo_plugins.lapgan.networks import pyramid, valid_pyramid

SMALL = {
    "generator.width": 2,
    "discriminator.width": 2,
    "generator.dropout": False,
    "image_size": 32,
}


@pytest.fixture
def pairs(tmp_path):
    """Two 12-bit bands in; out, in floats, two linear functions of them and one of the first alone. Six pages."""
    random = np.random.default_rng(0)
    inputs = random.integers(0, 4096, (6, 2, 40, 40)).astype(np.uint16)
    first, second = inputs[:, 0].astype(np.float32), inputs[:, 1].astype(np.float32)
    targets = np.stack([first + second, first - 2 * second, first / 10 + 5], 1)
    targets[2, 0, :4] = np.nan
    for name, values in (("in", inputs), ("out", targets)):
        tifffile.imwrite(tmp_path / f"{name}.tif", values, metadata={"axes": "ZCYX"}, photometric="minisblack")
    return [tmp_path / "in.tif", tmp_path / "out.tif"]


def train(pairs, output, **values):
    given = {"steps": 4, "checkpoint_every": 2, "sample_every": 4, "device": "cpu", "seed": 3, "split_by": "page"}
    return ganzoo.train("pix2pix", pairs, output, **{**given, "options": SMALL, "validation": 0.3, **values})


def test_bands_of_16_bits_become_three_channels_of_floats(pairs, tmp_path):
    whole = train(pairs, tmp_path / "whole")
    card = ganzoo.info(f"dir:{whole}")
    assert (card.in_channels, card.out_channels) == (2, 3)
    assert [channel.dtype for channel in card.output_channels] == ["float32"] * 3
    assert [channel.outside for channel in (*card.input_channels, *card.output_channels)] == ["keep"] * 2 + ["clip"] * 3
    settings = json.loads((whole / "run.json").read_text())
    assert settings["raster_options"]["split_by"] == "page"
    assert settings["options"]["in_channels"] == 2
    assert (whole / "samples" / "step-00000004.png").is_file()


def test_an_interrupted_run_continues_to_the_same_bits(pairs, tmp_path):
    """The schedule spans all steps, so both runs are of four; one loses its last checkpoint."""
    whole, again = train(pairs, tmp_path / "whole"), train(pairs, tmp_path / "again")
    (again / "checkpoints" / "step-00000004.pt").unlink()
    ganzoo.resume(again)
    one, other = (torch.load(run / "checkpoints" / "step-00000004.pt", weights_only=True) for run in (whole, again))
    for name, weights in one["networks"].items():
        assert all(torch.equal(tensor, other["networks"][name][key]) for key, tensor in weights.items())


def test_scores_are_in_units_and_linear_regression_finds_a_linear_function(pairs, tmp_path):
    run = train(pairs, tmp_path / "run", validation=0.7)
    found = ganzoo.evaluate(f"dir:{run}", baseline=["linear", "mean", "copy"], device="cpu")
    scores = {score.metric: score for score in found.scores}
    names = [channel.name or str(number) for number, channel in enumerate(ganzoo.info(f"dir:{run}").output_channels, 1)]
    assert {f"mae-{name}" for name in names} | {"mae", "sam", "ergas"} <= set(scores)
    assert found.baselines["linear"]["mae"] < 0.01
    assert found.baselines["mean"]["mae"] > 100
    assert scores["mae"].low < scores["mae"].value < scores["mae"].high
    assert scores["psnr"].protocol.settings["data_range"] == pytest.approx([8191, 12285, 409.5], rel=0.05)
    assert "mae" in found.to_dict()["baselines"]["copy"]


def test_scores_of_other_files_need_both_sides_and_the_models_channels(pairs, tmp_path):
    run = train(pairs, tmp_path / "run", validation=0.0)
    with pytest.raises(OptionError, match="held nothing out"):
        ganzoo.evaluate(f"dir:{run}", device="cpu")
    found = ganzoo.evaluate(f"dir:{run}", [str(path) for path in pairs], metrics="rmse", device="cpu", split_by="page")
    assert [score.metric.partition("-")[0] for score in found.scores] == ["rmse"] * 4
    with pytest.raises(ganzoo.GanzooError, match="--bands"):
        ganzoo.evaluate(f"dir:{run}", [str(path) for path in pairs], bands="1", device="cpu")


def test_a_recipe_that_cannot_leave_pixels_out_refuses_data_with_missing_ones(tmp_path):
    values = np.random.default_rng(0).random((2, 3, 36, 36)).astype(np.float32)
    values[:, :, 3, 4] = np.nan
    for name in "ab":
        tifffile.imwrite(tmp_path / f"{name}.tif", values, metadata={"axes": "ZCYX"}, photometric="minisblack")
    with pytest.raises(OptionError, match="'adain' cannot leave them out"):
        ganzoo.train("adain", [tmp_path / "a.tif", tmp_path / "b.tif"], tmp_path / "run", options={"image_size": 32})


def test_positions_that_do_not_count_change_no_contrastive_loss():
    random = torch.Generator().manual_seed(0)
    queries, keys = (torch.nn.functional.normalize(torch.randn(2, 6, 4, generator=random), dim=2) for _ in range(2))
    counted = torch.tensor([[True] * 4 + [False] * 2] * 2)
    expected = patch_nce(queries[:, :4], keys[:, :4], 0.5)
    assert patch_nce(queries, keys, 0.5, counted).item() == pytest.approx(expected.item(), rel=1e-5)
    assert patch_nce(queries, keys, 0.5, torch.zeros(2, 6, dtype=torch.bool)).item() == 0


def test_patches_that_cover_a_missing_pixel_are_left_out():
    valid = torch.ones(1, 1, 8, 8)
    valid[..., 3, 5] = 0
    found = whole_patches(valid, torch.zeros(1, 7, 4, 4)).reshape(4, 4)
    assert (~found).nonzero().tolist() == [[1, 2]]


def test_missing_pixels_darken_no_coarser_level_of_a_laplacian_pyramid():
    valid = torch.ones(1, 1, 16, 16)
    valid[..., :5, :] = 0
    images = 0.7 * valid
    masks = valid_pyramid(valid, 2)
    for (low, high), mask in zip(pyramid(images, 2, valid), masks, strict=True):
        assert torch.allclose(low + high, 0.7 * mask, atol=1e-6)
    assert torch.equal(masks[2], valid) and masks[0].shape[-1] == 4


@pytest.mark.parametrize(
    "recipe, network", [("lapgan", "generate_level"), ("stylegan", "synthesize")], ids=["lapgan", "stylegan"]
)
def test_levels_and_styles_leave_missing_pixels_out(recipe, network, monkeypatch):
    entry, gradients = catalog.find(f"recipe:{recipe}"), []
    small = {"image_size": 16, "channels": 1} | ({"path_length": 0.0} if recipe == "stylegan" else {})
    parts = {"generator": {"width": 4}, "discriminator": {"width": 4}} if recipe == "lapgan" else {}
    built = entry.build(options.parse(entry, small), ChosenParts(entry, {}, parts))
    original = getattr(built.generator, network)

    def watched(*arguments):
        images = original(*arguments)
        if images.requires_grad:
            images.register_hook(lambda gradient: gradients.append(gradient.abs()))
        return images

    monkeypatch.setattr(built.generator, network, watched)
    valid = torch.ones(2, 1, 16, 16)
    valid[..., :8] = 0
    built.step({"image": torch.full((2, 1, 16, 16), 0.3) * valid, "valid": valid})
    finest = [gradient for gradient in gradients if gradient.shape[-1] == 16]
    assert finest and not any(gradient[..., :8].any() for gradient in finest)
    assert any(gradient[..., 8:].any() for gradient in finest)


def test_options_of_rasters_are_checked_by_name(pairs, tmp_path):
    with pytest.raises(OptionError, match="split_by"):
        train(pairs, tmp_path / "run", split_by="block:0")
    with pytest.raises(OptionError, match="channels=3 is not right: the data have 2"):
        ganzoo.train("dcgan", pairs[0], tmp_path / "run", steps=1, options={"channels": 3, "image_size": 32})


def test_a_step_measures_valid_pixels_only():
    entry = catalog.find("recipe:pix2pix")
    parts = {"generator": {"width": 2, "dropout": False}, "discriminator": {"width": 2}}
    recipe = entry.build(options.parse(entry, {"image_size": 32, "channels": 1}), ChosenParts(entry, {}, parts))
    random = torch.Generator().manual_seed(1)
    images = {name: torch.rand(1, 1, 32, 32, generator=random) * 2 - 1 for name in ("input", "target")}
    valid = torch.ones(1, 1, 32, 32)
    valid[..., :16] = 0
    batch = {name: image * valid for name, image in images.items()} | {"valid": valid}
    errors = (recipe.generator(batch["input"]) - batch["target"]).abs()
    assert recipe.step(batch)["l1"].item() == pytest.approx(errors[..., 16:].mean().item(), rel=1e-5)


def test_the_l1_loss_counts_valid_pixels_only():
    output, target = torch.zeros(1, 2, 2, 2), torch.full((1, 2, 2, 2), 3.0)
    target[..., 0, 0] = 100
    valid = torch.ones(1, 1, 2, 2)
    valid[..., 0, 0] = 0
    assert ganzoo.mean_absolute_error(output, target, valid) == 3
    assert ganzoo.mean_absolute_error(output, target) > 3


def test_a_copy_takes_the_channel_of_the_same_name():
    inputs, outputs = [Channel("a"), Channel("b")], [Channel("b"), Channel("new")]
    copy = baselines.fit("copy", [], inputs, outputs, "nothing")
    values = np.arange(8.0).reshape(2, 2, 2)
    assert np.array_equal(copy.predict(values), values[[1, 1]])
    around = baselines.fit("copy", [], [Channel("t1-1"), Channel("t1"), Channel("t1+1")], [Channel("gm")], "nothing")
    assert around.sources == (1,)
    with pytest.raises(OptionError, match="linear"):
        baselines.fit("lineal", [], inputs, outputs, "")


def test_a_report_has_the_baselines_error_maps_and_scatter_plots(pairs, tmp_path):
    run = train(pairs, tmp_path / "run")
    ganzoo.evaluate(f"dir:{run}", baseline=["linear"], device="cpu", report_to=tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "Baselines" in page and "Translations, in order of the files" in page
    assert "error of" in page and "prediction (up) against truth (right)" in page


RECIPES = {
    "cyclegan": {"generator.width": 2, "generator.blocks": 1, "discriminator.width": 2, "identity_weight": 0.0},
    "fastcut": {"generator.width": 2, "generator.blocks": 5, "discriminator.width": 2},
    "dualgan": {"generator.width": 2, "discriminator.width": 2},
    "unit": {"generator.width": 2, "generator.blocks": 1, "discriminator.width": 2, "discriminator.layers": 2},
    "dcgan": {"generator.width": 2, "discriminator.width": 2},
    "inpaint": {"generator.width": 2, "discriminator.width": 2},
    "lama": {"generator.width": 2, "generator.levels": 1, "generator.blocks": 1, "discriminator.width": 2},
    "srresnet": {"generator.width": 2, "generator.blocks": 1},
    "stargan": {"generator.width": 2, "generator.blocks": 1, "discriminator.width": 2},
}
MASKED = {
    **{name: RECIPES[name] for name in ("cyclegan", "fastcut", "dcgan", "inpaint", "lama", "srresnet")},
    "cut": RECIPES["fastcut"],
    "dualgan": {"discriminator_steps": 1, **RECIPES["dualgan"]},
    "stargan": {"discriminator_steps": 1, **RECIPES["stargan"]},
    "wgan": {"discriminator_steps": 1, "generator.width": 2, "discriminator.width": 2},
    "wgan-gp": {"discriminator_steps": 1, "generator.width": 2, "discriminator.width": 2},
}


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_image_recipe_trains_on_deep_images_of_its_own_channels(recipe, tmp_path):
    random = np.random.default_rng(0)
    for name, count in (("a", 2), ("b", 2 if recipe == "stargan" else 3)):
        (tmp_path / "sets" / name).mkdir(parents=True)
        for index in range(3):
            values = random.integers(0, 60000, (count, 36, 36)).astype(np.uint16)
            path = tmp_path / "sets" / name / f"{index}.tif"
            tifffile.imwrite(path, values, metadata={"axes": "CYX"}, photometric="minisblack")
    kind = catalog.find(f"recipe:{recipe}").data
    sets = [tmp_path / "sets" / "a", tmp_path / "sets" / "b"] if kind == "unpaired" else [tmp_path / "sets" / "a"]
    data = tmp_path / "sets" if kind == "labeled" else sets
    values = {"steps": 1, "batch_size": 2, "device": "cpu", "validation": 0.4}
    run = ganzoo.train(recipe, data, tmp_path / "run", options={"image_size": 32, **RECIPES[recipe]}, **values)
    card = ganzoo.info(f"dir:{run}")
    assert card.out_channels == (3 if kind == "unpaired" else 2)
    assert [channel.dtype for channel in card.output_channels] == ["uint16"] * card.out_channels
    if (run / "b2a").is_dir():
        back = ganzoo.info(f"dir:{run}/b2a")
        assert back.input_channels[0].range == card.output_channels[0].range
        assert back.output_channels[0].outside == "clip"


@pytest.mark.parametrize("recipe", MASKED)
def test_a_step_leaves_missing_pixels_out(recipe):
    """What generators return where pixels are missing pulls at no weight of theirs."""
    entry, parts = catalog.find(f"recipe:{recipe}"), {}
    sizes = {"image_size": 32, "channels": 1} | ({"classes": 2} if recipe == "stargan" else {})
    for name, value in MASKED[recipe].items():
        role, dot, key = name.partition(".")
        if dot:
            parts.setdefault(role, {})[key] = value
        else:
            sizes[name] = value
    built = entry.build(options.parse(entry, sizes), ChosenParts(entry, {}, parts))
    names = ("a", "b") if entry.data == "unpaired" else ("image",)
    random, gradients = torch.Generator().manual_seed(0), []
    valid = torch.ones(2, 1, 32, 32)
    valid[..., :16, :] = 0
    batch = {name: (torch.rand(2, 1, 32, 32, generator=random) * 2 - 1) * valid for name in names}
    masks = {"valid_a": valid, "valid_b": valid} if len(names) == 2 else {"valid": valid}
    masks |= {"label": torch.tensor([0, 1])} if recipe == "stargan" else {}

    def watch(module, inputs, output):
        if output.requires_grad:
            output.register_hook(lambda gradient: gradients.append(gradient.abs()))

    for name in built.exports.values():
        built.networks[name].register_forward_hook(watch)
    losses = built.step({**batch, **masks})
    assert all(torch.isfinite(torch.as_tensor(loss)) for loss in losses.values())
    assert gradients
    assert not any(gradient[..., :16, :].any() for gradient in gradients)
    assert any(gradient[..., 16:, :].any() for gradient in gradients)


def test_models_without_pairs_are_measured_by_distributions_in_units(tmp_path):
    random = np.random.default_rng(0)
    for name, mean in (("a", 1000), ("b", 3000)):
        values = random.normal(mean, 50, (8, 2, 36, 36)).astype(np.float32)
        values[0, :, :5] = np.nan
        tifffile.imwrite(tmp_path / f"{name}.tif", values, metadata={"axes": "ZCYX"}, photometric="minisblack")
    sets = [tmp_path / "a.tif", tmp_path / "b.tif"]
    small = {"image_size": 32, "generator.width": 2, "generator.blocks": 1, "discriminator.width": 2}
    values = {"steps": 1, "batch_size": 1, "device": "cpu", "validation": 0.5, "split_by": "page"}
    run = ganzoo.train("cyclegan", sets, tmp_path / "run", options=small, **values)
    report = tmp_path / "report.html"
    found = ganzoo.evaluate(f"dir:{run}", device="cpu", baseline=["copy"], report_to=report)
    assert all(score.low < score.value < score.high and score.protocol.interval for score in found.scores)
    shown = found.report_samples.best
    assert [list(each.images) for each in shown] == [["input", "output", "second set, no pair"]] * len(shown)
    assert "second set, no pair" in report.read_text() and "b.tif, page" in shown[0].caption
    assert {score.metric for score in found.scores} >= {"wasserstein", "wasserstein-1", "mean-difference-2"}
    assert found.baselines["copy"]["wasserstein"] == pytest.approx(2000, rel=0.02)
    assert found.baselines["copy"]["mean-difference-1"] == pytest.approx(-2000, rel=0.02)
    with pytest.raises(OptionError, match="'mae' compares pixels"):
        ganzoo.evaluate(f"dir:{run}", metrics="mae", device="cpu")
    with pytest.raises(OptionError, match="'linear' needs pairs"):
        ganzoo.evaluate(f"dir:{run}", baseline=["linear"], device="cpu")


def test_features_are_those_of_windows_as_composites(tmp_path):
    random = np.random.default_rng(0)
    sides = {}
    for name in ("input", "target"):
        values = random.integers(0, 1000, (4, 3, 40, 70)).astype(np.uint16)
        sides[name] = tmp_path / f"{name}.tif"
        tifffile.imwrite(sides[name], values, metadata={"axes": "ZCYX"}, photometric="minisblack")
    small = {"image_size": 32, "generator.width": 2, "discriminator.width": 2}
    values = {"steps": 1, "batch_size": 1, "device": "cpu", "validation": 0.5, "split_by": "page"}
    run = ganzoo.train("pix2pix", sides, tmp_path / "run", options=small, **values)
    lite = {"extractor": "efficientnet-lite0", "device": "cpu", "cache": False, "resamples": 0}
    found = ganzoo.evaluate(f"dir:{run}", metrics="mae,kd", subset_size=0, **lite)
    assert [score.metric for score in found.scores][::4] == ["mae", "kd-efficientnet-lite0"]
    protocol = found.scores[-1].protocol
    assert protocol.generated.count == protocol.real.count == 2 * found.scores[0].protocol.real.count
    assert "1, 2, 3 as red, green and blue, the ends of their ranges" in protocol.resizing.replace("channel ", "")
    alone = ganzoo.evaluate(f"dir:{run}", metrics="kd", subset_size=0, **lite)
    assert [score.value for score in alone.scores] == [found["kd-efficientnet-lite0"]]
    with pytest.raises(UnknownName, match="No metric of rasters is called 'lpips'"):
        ganzoo.evaluate(f"dir:{run}", metrics="lpips", device="cpu")


def test_the_interval_of_a_distribution_covers_what_groups_scatter():
    random = np.random.default_rng(0)
    made = {name: random.normal(random.normal(5, 1), 2, (2, 400)) for name in range(8)}
    real = {name: random.normal(random.normal(0, 1), 2, (2, 400)) for name in range(8)}
    found = intervals(made, real)
    value = compare(*(np.concatenate(list(side.values()), 1) for side in (made, real)))
    for name, bounds in found.items():
        assert bounds.shape == (3, 2)
        assert (bounds[:2, 0] < value[name]).all() and (value[name] < bounds[:2, 1]).all()
    half = np.diff(found["mean-difference"][0])[0] / 2
    spread = [np.var([values[0].mean() for values in side.values()]) / 8 for side in (made, real)]
    assert half == pytest.approx(1.96 * np.sqrt(sum(spread)), rel=0.1), "the standard error of two means of eight"
    assert intervals({0: made[0]}, real) == {} and np.array_equal(
        intervals(made, real)["wasserstein"], found["wasserstein"]
    )


def test_equal_distributions_are_at_distance_zero_whatever_their_order():
    values = np.random.default_rng(0).random((2, 500))
    found = compare(values, values[:, ::-1])
    assert all(np.allclose(each, 0) for each in found.values())
    assert np.allclose(compare(values + np.array([[1], [2]]), values)["wasserstein"], [1, 2])
