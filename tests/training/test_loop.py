"""What a run does beside the recipe's steps: refusals, samples, logs, signals, broken losses."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from training_cases import CASES, Watcher, add_recipe, checkpoint, differences, lines, make_data, train

import ganzoo
from ganzoo import LatentRecipe
from ganzoo.errors import DataError, GanzooError, OptionError, TrainingError, UnknownName

pytestmark = pytest.mark.usefixtures("one_thread")  # bits are compared


# ---- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({"recipe": "dcgna"}, UnknownName, "No recipe is called 'dcgna'. Did you mean 'dcgan'"),
        ({"steps": 0}, OptionError, "steps=0"),
        ({"stpes": 3}, OptionError, "Did you mean 'steps'"),
        ({"options": {"imagesize": 3}}, OptionError, "no option 'imagesize'. Did you mean 'image_size'"),
        ({"parts": {"los": "hinge"}}, OptionError, "no part 'los'. Did you mean 'loss'"),
        ({"parts": {"loss": "hing"}}, UnknownName, "No loss is called 'hing'. Did you mean 'hinge'"),
        ({"part_options": {"generator": {"wdth": 3}}}, OptionError, "no option 'wdth'. Did you mean 'width'"),
        ({"part_options": {"generator": {"width": "x"}}}, OptionError, "width='x' should be an integer"),
        ({"device": "tpu"}, GanzooError, "'tpu' is not a device"),
        ({"validation": 2}, OptionError, "validation=2"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_written(tmp_path: Path, values, error, message: str) -> None:
    with pytest.raises(error, match=message):
        train("dcgan", tmp_path, **values)
    assert not (tmp_path / "run").exists()


def test_wrong_data_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for recipe, path in (("dcgan", "empty"), ("cyclegan", "empty"), ("dcgan", "missing")):
        with pytest.raises(DataError):
            ganzoo.train(recipe, tmp_path / path, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_folder_that_is_taken_is_refused(tmp_path: Path) -> None:
    run = train("dcgan", tmp_path, "my run", steps=1)
    with pytest.raises(TrainingError, match=r"already holds a run\. Resume with: ganzoo train --resume '.*my run'"):
        train("dcgan", tmp_path, "my run", steps=1)
    (run / "run.json").unlink()
    with pytest.raises(TrainingError, match="holds a model, which the run would overwrite"):
        train("dcgan", tmp_path, "my run", steps=1)
    (tmp_path / "file").write_text("x")
    with pytest.raises(TrainingError, match="is a file"):
        train("dcgan", tmp_path, "file", steps=1)


def test_a_size_the_generator_cannot_take_is_refused_with_one_it_can(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"image_size=18 .* multiples of 4\. Set image_size=16"):
        train("cyclegan", tmp_path, options={"image_size": 18})


@pytest.mark.parametrize(("recipe", "size"), [("pix2pix", 32), ("cyclegan", 16)])
def test_an_image_size_of_0_is_the_data_s_own(tmp_path: Path, recipe: str, size: int) -> None:
    run = train(recipe, tmp_path, steps=1, options={"image_size": 0})
    card = ganzoo.info(f"dir:{run}")
    assert card.image_size == card.training.options["image_size"] == size


# ---- samples, validation, logs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("recipe", CASES)
def test_samples_logs_and_held_out_names_are_written(tmp_path: Path, recipe: str) -> None:
    watcher = Watcher()
    run = train(recipe, tmp_path, steps=5, log_every=2, sample_every=3, reporter=watcher)
    samples = sorted((run / "samples").iterdir())
    assert [path.name for path in samples] == [f"step-{step:08d}.png" for step in (1, 3, 5)]
    for path in samples:
        with Image.open(path) as sheet:
            assert sheet.mode == "RGB" and min(sheet.size) > 16
    logged = lines(run)
    assert [line["step"] for line in logged] == [1, 2, 4, 5]
    assert [(step, losses) for step, losses in watcher.steps if losses] == [
        (line["step"], {name: value for name, value in line.items() if name != "step"}) for line in logged
    ]
    assert [step for step, _ in watcher.steps] == [1, 2, 3, 4, 5]
    names = (run / "validation.txt").read_text().splitlines()
    data = make_data(tmp_path, CASES[recipe][0])
    assert names and all((data / name).is_file() for name in names)
    card = ganzoo.info(f"dir:{run}")
    assert card.dataset.count + len(names) == len(list(data.rglob("*.png")))


def test_validation_is_the_mean_over_the_held_out_images_of_the_averaged_generator(tmp_path: Path) -> None:
    run = train("pix2pix", tmp_path, steps=3, validation=0.6)
    model = ganzoo.load(f"dir:{run}", device="cpu")
    errors = []
    for name in (run / "validation.txt").read_text().splitlines():
        with Image.open(make_data(tmp_path, "paired") / name) as pair:
            pixels = np.asarray(pair, np.float64) / 127.5 - 1
        # as stored: enlarged to 36 pixels for training's crops, then scaled back
        given, target = (stored_and_back(half) for half in (pixels[:, :32], pixels[:, 32:]))
        errors.append((model(given) - target).abs().mean().item())
    assert len(errors) >= 2
    assert lines(run, "validation.jsonl")[-1]["l1"] == pytest.approx(np.mean(errors), rel=1e-4)


def stored_and_back(pixels: np.ndarray) -> torch.Tensor:
    image = torch.from_numpy(pixels).permute(2, 0, 1)[None].float()
    for size in (36, 32):
        image = torch.nn.functional.interpolate(image, size=(size, size), mode="bicubic", antialias=True).clamp(-1, 1)
        image = ((image + 1) * 127.5).round() / 127.5 - 1
    return image


@pytest.mark.usefixtures("fresh")
def test_looking_leaves_batch_norm_and_its_mode_alone(tmp_path: Path) -> None:
    """A recipe may keep one layer in inference mode; drawing samples must not switch it back."""
    seen = []

    class HalfAsleep(LatentRecipe):
        def __init__(self, config, parts) -> None:
            super().__init__(config, parts)
            norms = [module for module in self.generator.modules() if isinstance(module, torch.nn.BatchNorm2d)]
            self.norm = norms[0].eval()

        def step(self, batch):
            seen.append((self.norm.training, self.generator.training, self.norm.running_mean.clone()))
            return super().step(batch)

    add_recipe(HalfAsleep)
    train("dcgan", tmp_path, recipe="halfasleep", steps=3, sample_every=1, ema_decay=0.0)
    assert [(norm, whole) for norm, whole, _ in seen] == [(False, True)] * 3
    assert all(torch.equal(mean, seen[0][2]) for *_, mean in seen)


# ---- precision, schedule ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("recipe", CASES)
def test_bf16_runs_and_keeps_float32_weights(tmp_path: Path, recipe: str) -> None:
    run = train(recipe, tmp_path, steps=2, precision="bf16")
    state = checkpoint(run, 2)
    tensors = [tensor for network in state["networks"].values() for tensor in network.values()]
    assert {tensor.dtype for tensor in tensors} <= {torch.float32, torch.int64}
    assert ganzoo.info(f"dir:{run}").training.precision == "bf16"
    fp32 = train(recipe, tmp_path, "fp32", steps=2)
    assert differences(checkpoint(fp32, 2)["networks"], state["networks"])


def test_the_rate_follows_the_recipe_s_schedule_over_all_steps(tmp_path: Path) -> None:
    run = train("pix2pix", tmp_path, steps=4, checkpoint_every=1, keep=9)
    rates = [checkpoint(run, step)["optimizers"]["generator"]["param_groups"][0]["lr"] for step in (1, 2, 3, 4)]
    assert rates == pytest.approx([2e-4, 2e-4, 2e-4, 1e-4])  # constant for one half, then linear to zero


def test_the_average_moves_from_the_old_average_toward_the_new_weights(tmp_path: Path) -> None:
    """The decay warms up as 1 - step ** (-2 / 3) until it reaches the one asked for."""
    run = train("dcgan", tmp_path, steps=5, checkpoint_every=1, keep=9, ema_decay=0.5)
    for step in (2, 3, 4, 5):
        old, state = checkpoint(run, step - 1)["averages"]["generator"], checkpoint(run, step)
        decay = min(0.5, 1 - step ** (-2 / 3))
        for name, weights in state["networks"]["generator"].items():
            if weights.is_floating_point():
                expected = decay * old[f"module.{name}"].double() + (1 - decay) * weights.double()
                assert torch.allclose(state["averages"]["generator"][f"module.{name}"].double(), expected, atol=1e-6)


# ---- signals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_after_the_step_with_a_checkpoint_and_says_how_to_go_on(tmp_path: Path, number: int) -> None:
    before = signal.getsignal(number)
    run = tmp_path / "run"
    message = f"Stopped by {signal.Signals(number).name} after step 3; nothing is lost. Resume with: ganzoo train --res"
    with pytest.raises(TrainingError, match=message):
        train("dcgan", tmp_path, validation=0.0, reporter=Watcher(3, number))
    assert [path.name for path in (run / "checkpoints").iterdir()] == ["step-00000003.pt"]
    assert ganzoo.info(f"dir:{run}").training.steps == 3
    assert signal.getsignal(number) == before


def test_a_second_ctrl_c_acts_at_once(tmp_path: Path) -> None:
    class Impatient(Watcher):
        def step(self, step, losses) -> None:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train("dcgan", tmp_path, reporter=Impatient())
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_a_signal_at_the_last_step_is_no_reason_to_fail(tmp_path: Path) -> None:
    run = train("dcgan", tmp_path, steps=3, reporter=Watcher(3))
    assert ganzoo.info(f"dir:{run}").training.steps == 3


def test_training_works_outside_the_main_thread(tmp_path: Path) -> None:
    runs: list[Path] = []
    thread = threading.Thread(target=lambda: runs.append(train("dcgan", tmp_path, steps=2)))
    thread.start()
    thread.join()
    assert ganzoo.info(f"dir:{runs[0]}").training.steps == 2


# ---- losses that break -----------------------------------------------------------------------------------------------


class Breaking(LatentRecipe):
    """Does three good steps, then spoils its weights, then says so in a loss."""

    def __init__(self, config, parts) -> None:
        super().__init__(config, parts)
        self.done = 0

    def step(self, batch):
        losses = super().step(batch)
        self.done += 1
        if self.done == 4:
            with torch.no_grad():
                next(self.generator.parameters()).fill_(float("nan"))
        return losses


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize(
    ("every", "message"),
    [
        (
            {"log_every": 1, "checkpoint_every": 3},
            r"The loss '\w+' is nan at step 5. The checkpoint of step 3 is intact",
        ),
        ({"log_every": 99, "checkpoint_every": 1}, r"'generator\..*' is no longer finite after step 4. .* step 3 is"),
        ({"log_every": 99, "checkpoint_every": 5}, r"The loss '\w+' is nan at step 5. There is no checkpoint yet"),
        ({"log_every": 99, "checkpoint_every": 3, "sample_every": 4}, "no longer finite after step 4"),
    ],
)
def test_what_is_no_number_stops_the_run_and_is_never_saved(tmp_path: Path, every, message: str) -> None:
    add_recipe(Breaking)
    with pytest.raises(TrainingError, match=message):
        train("dcgan", tmp_path, recipe="breaking", **{"sample_every": 99, **every})
    for path in (tmp_path / "run").glob("checkpoints/*.pt"):
        state = torch.load(path, weights_only=True)
        assert all(t.isfinite().all() for network in state["networks"].values() for t in network.values())
        assert state["step"] <= 3


def test_a_huge_learning_rate_ends_in_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="lower learning_rate"):
        train("dcgan", tmp_path, options={"learning_rate": 1e30})


@pytest.mark.usefixtures("fresh")
def test_a_step_that_does_not_fit_in_memory_is_a_clear_error(tmp_path: Path) -> None:
    class Greedy(LatentRecipe):
        def step(self, batch):
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 TiB")

    add_recipe(Greedy)
    with pytest.raises(TrainingError, match=r"Step 1 does not fit in the memory of cpu\. Set a larger --accumulate"):
        train("dcgan", tmp_path, recipe="greedy")
