"""From settings to networks in place: weights to begin with, precision, memory format, compilation."""

from __future__ import annotations

import dataclasses
import functools
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from needs import needs
from training_cases import CASES, Watcher, checkpoint, differences, lines, make_data, train

import ganzoo
from ganzoo.cards.card import Card
from ganzoo.data.config import DataConfig
from ganzoo.data.open_data import open_data
from ganzoo.errors import DeviceError, GanzooError, OptionError, TrainingError
from ganzoo.recipes.distributed import ALONE, Processes
from ganzoo.training import settings
from ganzoo.training.setup import RunSetup, choose_machine, draw_examples, name_classes, set_up
from ganzoo.weights import model_folder

pytestmark = pytest.mark.usefixtures("one_thread")  # bits are compared


def assembled(case: str, folder: Path, processes: Processes = ALONE, **more: Any) -> RunSetup:
    """Return what a run of a case works with, before its first step."""
    kind, values = CASES[case]
    basis = {"recipe": case, "data": str(make_data(folder, kind)), "device": "cpu"}
    return set_up(settings.parse_settings({**basis, **values, **more}), processes)


def weights(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def test_classes_that_are_numbers_in_the_data_may_be_named() -> None:
    assert name_classes(["0", "1"], ["cat", "dog"]) == ["cat", "dog"]
    with pytest.raises(OptionError, match=r"classes names 1 \(cat\), the data has 2 \(0, 1\)\. Name each once"):
        name_classes(["0", "1"], ["cat"])


# ---- the machine -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"), [("auto", False), ("contiguous", False), ("channels_last", True)], ids=str
)
def test_on_a_cpu_channels_come_last_only_where_that_is_asked_for(given: str, expected: bool) -> None:
    requested = settings.parse_settings({"recipe": "dcgan", "data": "x", "device": "cpu", "memory_format": given})
    machine = choose_machine(requested, ALONE)
    assert (machine.channels_last, machine.device.type) == (expected, "cpu")
    batch = machine.place({"image": torch.zeros(2, 3, 4, 4), "label": torch.zeros(2, dtype=torch.int64)})
    assert batch["image"].is_contiguous(memory_format=torch.channels_last) == expected
    assert batch["label"].shape == (2,)


def test_a_device_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeviceError):
        assembled("dcgan", tmp_path, device="cuda:77")


def test_the_recipe_has_its_whole_config_its_processes_and_facts_of_the_data(tmp_path: Path) -> None:
    made = assembled("dcgan", tmp_path, options={"clip_norm": 0.5})
    assert (made.recipe.config.image_size, made.recipe.config.channels) == (16, 3)
    assert made.recipe.config.clip_norm == 0.5
    assert made.options["image_size"] == 16
    assert made.recipe.processes is ALONE
    assert made.parts["generator"] == {  # every option, not only the width that was set
        "entry": "generator:dcgan",
        "options": {
            "image_size": 16,
            "image_width": 0,
            "channels": 3,
            "latent_dim": 100,
            "width": 4,
            "norm": "batch",
            "latents": "uniform",
        },
    }
    assert dict(made.recipe.scalers) == {}


def test_every_process_has_the_same_weights_and_random_numbers_of_its_own(tmp_path: Path) -> None:
    made, drawn = [], []
    for rank in range(2):
        made.append(assembled("dcgan", tmp_path, Processes(rank, 2), batch_size=2))
        drawn.append(torch.rand(4))
    first, second = (weights(each.recipe.networks["generator"]) for each in made)
    assert differences(first, second) == []
    assert not torch.equal(*drawn)


def test_fewer_classes_than_the_data_has_are_refused(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / "data").mkdir(exist_ok=True)
        make_data(tmp_path / name, "images").rename(tmp_path / "data" / name)
    given: dict[str, Any] = {"recipe": "cgan", "data": str(tmp_path / "data"), "device": "cpu"}
    with pytest.raises(OptionError, match=r"classes=2 is not right: the data has 3\. Omit it"):
        set_up(settings.parse_settings({**given, "options": {"classes": 2}}), ALONE)
    with pytest.raises(OptionError, match=r"The generator has 2 classes, the data has 3\. Omit generator\.classes"):
        set_up(settings.parse_settings({**given, "part_options": {"generator": {"classes": 2}}}), ALONE)
    small = {"generator": {"width": 4}, "discriminator": {"width": 4}}
    recipe = set_up(settings.parse_settings({**given, "part_options": small}), ALONE).recipe
    assert [network.classes for network in recipe.networks.values()] == [3, 3]


# ---- weights to begin with -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("recipe", "network"), [("dcgan", "generator"), ("pix2pix", "generator"), ("cyclegan", "a2b")])
def test_a_run_begins_with_the_weights_of_a_model(tmp_path: Path, recipe: str, network: str) -> None:
    source = train(recipe, tmp_path, "source", steps=3)
    ref = f"dir:{source}"
    expected = ganzoo.load(ref, device="cpu").generator.state_dict()
    plain, begun = (assembled(recipe, tmp_path, start_from=start).recipe for start in ({}, {"": ref}))
    assert differences(weights(begun.networks[network]), dict(expected)) == []
    assert differences(weights(plain.networks[network]), dict(expected)) != []
    for name in begun.networks.keys() - {network}:
        assert differences(weights(begun.networks[name]), weights(plain.networks[name])) == [], "others stay"


@pytest.mark.slow
def test_networks_begin_with_weights_of_their_own_unless_a_checkpoint_or_a_model_has_others(tmp_path: Path) -> None:
    expected = {"recipe": "cyclegan", "data": str(make_data(tmp_path, "unpaired")), "device": "cpu"}
    small = {"parts": {"generator": "efficientnet-unet"}, "part_options": {"generator": {"width": 4}}}
    requested = settings.parse_settings({**expected, **small, "options": {"image_size": 32}})
    encoder = list(ganzoo.build("features:efficientnet-lite0").state_dict().values())

    def begins(begin: bool, **more: Any) -> list[bool]:
        recipe = set_up(dataclasses.replace(requested, **more), ALONE, is_new=begin).recipe
        networks = (recipe.networks[name].encoder.state_dict().values() for name in ("a2b", "b2a"))
        return [all(map(torch.equal, each, encoder)) for each in networks]

    assert begins(True) == [True, True]
    assert begins(False) == [False, False]
    torch.manual_seed(0)
    random = ganzoo.build("generator:efficientnet-unet", width=4)
    card = Card(
        "tiny/x", "generator:efficientnet-unet", "image-to-image", 32, 3, 3, options=random.architecture.options
    )
    model_folder.write(tmp_path / "other", card, random.state_dict())
    assert begins(True, start_from={"": f"dir:{tmp_path / 'other'}"}) == [False, True]


def test_examples_for_a_beginning_depend_on_the_seed_alone(tmp_path: Path) -> None:
    data = open_data(make_data(tmp_path, "images"), "images", DataConfig(image_size=8), validation=0.3)
    first, again, other = (draw_examples(data.train, 4, seed)["image"] for seed in (0, 0, 1))
    assert first.shape == (4, 3, 8, 8) and torch.equal(first, again) and not torch.equal(first, other)


def test_a_network_can_be_named_for_each_model(tmp_path: Path) -> None:
    source = train("cyclegan", tmp_path, "source", steps=2)
    start = {"a2b": f"dir:{source}/b2a", "b2a": f"dir:{source}"}  # exchanged: zebras to horses from horses to zebras
    recipe = assembled("cyclegan", tmp_path, start_from=start).recipe
    for name, ref in start.items():
        theirs = ganzoo.load(ref, device="cpu").generator.state_dict()
        assert differences(weights(recipe.networks[name]), dict(theirs)) == []


def test_the_first_step_is_taken_from_those_weights_and_the_card_says_so(tmp_path: Path) -> None:
    ref = f"dir:{train('lsgan', tmp_path, 'source', steps=3)}"
    still = {"options": {"learning_rate": 1e-12}, "ema_decay": 0.0, "steps": 1}
    run = train("lsgan", tmp_path, start_from={"": ref}, **still)
    before, after = (ganzoo.load(which, device="cpu") for which in (ref, f"dir:{run}"))
    for name, parameter in after.generator.named_parameters():
        assert torch.allclose(parameter, before.generator.get_parameter(name), rtol=0, atol=1e-9)
    assert after.card.training.start_from == {"": ref}
    assert before.card.training.start_from == {}


def test_the_average_begins_with_those_weights_too(tmp_path: Path) -> None:
    ref = f"dir:{train('dcgan', tmp_path, 'source', steps=3)}"
    still = {"options": {"learning_rate": 1e-12}, "ema_decay": 0.999, "steps": 1}
    run = train("dcgan", tmp_path, start_from={"": ref}, **still)
    before, after = (ganzoo.load(which, device="cpu").generator for which in (ref, f"dir:{run}"))
    for name, parameter in after.named_parameters():
        assert torch.allclose(parameter, before.get_parameter(name), rtol=0, atol=1e-9)


def test_a_network_that_is_none_is_refused_with_those_there_are(tmp_path: Path) -> None:
    ref = f"dir:{train('cyclegan', tmp_path, 'source', steps=1)}"
    message = r"no network 'b2c' to start from dir:.*\. It has: a2b, b2a, discriminator_a, discriminator_b\."
    with pytest.raises(OptionError, match=message):
        train("cyclegan", tmp_path, start_from={"b2c": ref})
    assert not (tmp_path / "run").exists()


def test_a_model_with_other_options_is_refused_with_what_to_set(tmp_path: Path) -> None:
    """What the message says to set makes it fit."""
    parts = {"generator": {"width": 6, "blocks": 2}, "discriminator": CASES["cyclegan"][1]["part_options"]["generator"]}
    parts["discriminator"] = {"width": 4, "receptive_field": 16}
    ref = f"dir:{train('cyclegan', tmp_path, 'source', steps=1, part_options=parts)}"
    with pytest.raises(OptionError) as caught:
        train("cyclegan", tmp_path, start_from={"": ref})
    text = str(caught.value)
    assert text.startswith(f"{ref} is a different network than 'a2b'. To start from it: ")
    assert text.endswith("--set generator.width=6 --set generator.blocks=2.")
    assert assembled("cyclegan", tmp_path, start_from={"": ref}, part_options=parts)


def test_a_model_of_another_width_is_refused_with_the_width_to_train_at(tmp_path: Path) -> None:
    sizes = {"image_size": 16, "image_width": 32}  # the examples have 16x16
    ref = f"dir:{train('dcgan', tmp_path, 'source', steps=1, options=sizes)}"
    with pytest.raises(OptionError, match=r"To start from it: --set image_width=32\.$"):
        train("dcgan", tmp_path, start_from={"": ref})
    assert assembled("dcgan", tmp_path, start_from={"": ref}, options=sizes)


@pytest.mark.parametrize("recipe", ["dcgan", "cyclegan"])
def test_a_model_of_other_channels_is_refused_with_the_channels_to_train_at(recipe: str, tmp_path: Path) -> None:
    gray = {"channels": 1, **({"in_channels": 1} if recipe == "cyclegan" else {})}
    ref = f"dir:{train(recipe, tmp_path, 'source', steps=1, options=gray)}"
    with pytest.raises(OptionError) as caught:
        train(recipe, tmp_path, start_from={"": ref})
    _, _, advice = str(caught.value).rstrip(".").partition("To start from it: ")
    told = dict(part.split("=") for part in advice.removeprefix("--set ").split(" --set "))
    assert {name: int(value) for name, value in told.items()} == gray
    assert assembled(recipe, tmp_path, start_from={"": ref}, options=gray)


def test_a_model_of_another_architecture_is_refused_with_the_part_to_take(tmp_path: Path) -> None:
    ref = f"dir:{train('lsgan', tmp_path, 'source', steps=1)}"
    with pytest.raises(OptionError, match=r"To start from it: --part generator=lsgan "):
        train("dcgan", tmp_path, start_from={"": ref})
    part = {"parts": {"generator": "lsgan"}, "part_options": CASES["lsgan"][1]["part_options"]}
    assert assembled("dcgan", tmp_path, start_from={"": ref}, **part)


def test_a_discriminator_cannot_begin_as_a_generator(tmp_path: Path) -> None:
    ref = f"dir:{train('dcgan', tmp_path, 'source', steps=1)}"
    with pytest.raises(OptionError, match=r"'discriminator' is not a generator.* generator\."):
        train("dcgan", tmp_path, start_from={"discriminator": ref})


def test_a_model_that_is_not_there_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(GanzooError, match="nowhere"):
        train("dcgan", tmp_path, start_from={"": f"dir:{tmp_path}/nowhere"})
    assert not (tmp_path / "run").exists()


def test_a_run_resumes_when_the_model_it_began_with_is_gone(tmp_path: Path) -> None:
    source = train("dcgan", tmp_path, "source", steps=3)
    start = {"": f"dir:{source}"}
    straight = train("dcgan", tmp_path, "straight", start_from=start, steps=5)
    run = train("dcgan", tmp_path, start_from=start, steps=3)
    shutil.rmtree(source)
    ganzoo.resume(run, steps=5)
    assert differences(checkpoint(run, 5), checkpoint(straight, 5)) == []


# ---- precision, memory format, compilation ---------------------------------------------------------------------------


def resumed_equals_straight(folder: Path, case: str, **more: Any) -> Path:
    """Train straight and with a stop, compare the bits, and return the straight run."""
    straight = train(case, folder, "straight", **more)
    with pytest.raises(TrainingError, match="Stopped by SIGTERM"):
        train(case, folder, "stopped", reporter=Watcher(3), **more)
    ganzoo.resume(folder / "stopped")
    assert differences(checkpoint(straight, 6), checkpoint(folder / "stopped", 6)) == []
    assert lines(straight) == lines(folder / "stopped")
    return straight


@pytest.mark.parametrize("case", ["lsgan", "cyclegan"])
@pytest.mark.slow
def test_fp16_trains_with_scaled_gradients_and_resumes_to_the_bit(tmp_path: Path, case: str) -> None:
    straight = resumed_equals_straight(tmp_path, case, precision="fp16")
    state = checkpoint(straight, 6)
    assert list(state["scalers"]) == list(state["optimizers"])
    for scaler in state["scalers"].values():
        # Each step that did not overflow counts toward doubling the scale, each that did halves it.
        assert scaler["scale"] <= 65536.0
        assert (scaler["_growth_tracker"] == 6) == (scaler["scale"] == 65536.0)
    assert ganzoo.info(f"dir:{straight}").training.precision == "fp16"


def test_in_fp16_networks_run_in_half_and_the_first_losses_are_nearly_those_of_fp32(tmp_path: Path) -> None:
    kinds = {}
    for precision in ("fp32", "fp16", "bf16"):
        made = assembled("lsgan", tmp_path, precision=precision)
        with made.machine.autocast():
            batch = made.machine.batch(made.data.train, [0, 1, 2], torch.Generator().manual_seed(0))
            kinds[precision] = made.recipe.networks["discriminator"](batch["image"])
        assert bool(made.recipe.scalers) == (precision == "fp16")
    assert [kind.dtype for kind in kinds.values()] == [torch.float32, torch.float16, torch.bfloat16]
    assert torch.allclose(kinds["fp16"].float(), kinds["fp32"], atol=1e-2)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.slow
def test_channels_last_gives_the_losses_of_contiguous_images(tmp_path: Path, case: str) -> None:
    values = {"steps": 2, "log_every": 1, "ema_decay": 0.0}
    plain, last = (
        train(case, tmp_path, memory_format, memory_format=memory_format, **values)
        for memory_format in ("contiguous", "channels_last")
    )
    for one, other in zip(lines(plain), lines(last), strict=True):
        assert one == pytest.approx(other, rel=1e-3 if one["step"] > 1 else 1e-4)


@pytest.mark.parametrize("case", ["dcgan", "cyclegan"])
@pytest.mark.slow
def test_channels_last_resumes_to_the_bit(tmp_path: Path, case: str) -> None:
    resumed_equals_straight(tmp_path, case, memory_format="channels_last")


@needs(shutil.which(os.environ.get("CXX", "g++")), "torch.compile on a CPU needs a C++ compiler, as g++")
@pytest.mark.filterwarnings("ignore")  # of torch's compiler, about itself
@pytest.mark.slow
def test_compiled_networks_compute_what_plain_ones_do(tmp_path: Path) -> None:
    part = {"generator": {"width": 2, "latent_dim": 2}, "discriminator": {"width": 2}}
    made = []
    for compiled in (False, True):
        recipe = assembled("dcgan", tmp_path, recipe="vanilla", part_options=part, compile=compiled).recipe
        with torch.no_grad():  # training compiles each network several times, which takes a minute
            latents = torch.ones(2, 2)
            images = recipe.networks["generator"](latents)
        made.append(images)
    assert torch.allclose(*made, atol=1e-5)
    assert made[0].shape == (2, 3, 16, 16)


@pytest.mark.filterwarnings("ignore")
def test_a_run_with_compiled_networks_is_a_run_like_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that torch.compile does but the last, machine code, which takes a minute."""
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="aot_eager"))
    small = {"generator": {"width": 4, "latent_dim": 4}, "discriminator": {"width": 4}}
    values = {"recipe": "vanilla", "part_options": small, "steps": 2, "log_every": 1, "validation": 0.0}
    plain, compiled = (
        train("dcgan", tmp_path, name, compile=name == "compiled", **values) for name in ("plain", "compiled")
    )
    for one, other in zip(lines(plain), lines(compiled), strict=True):
        assert one == pytest.approx(other, rel=1e-3)
    names = [list(checkpoint(run, 2)["networks"]["generator"]) for run in (plain, compiled)]
    assert names[0] == names[1], "a checkpoint of compiled networks fits plain ones"
    assert ganzoo.load(f"dir:{compiled}", device="cpu").generate(1)[0].size == (16, 16)
