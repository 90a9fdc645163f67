"""The first GAN: its networks, its step, its scores, and the experiment of the seed paper as one command."""

from __future__ import annotations

import gzip
import json
import math
import os
import re
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from exact import descend_plainly, differences, doubles, flat, make, step_down
from test_golden_updates import waves
from torch import nn

import ganzoo
from ganzoo import LatentRecipe, catalog
from ganzoo.errors import DataError
from ganzoo_plugins.vanilla import published
from ganzoo_plugins.vanilla.experiment import evaluate, run
from ganzoo_plugins.vanilla.scores import score

PARTS = {"generator": {"width": 4, "latent_dim": 6}, "discriminator": {"width": 4}}
SMALL = {"channels": 1, "image_size": 8}
Command = Callable[..., subprocess.CompletedProcess[str]]


def count(spec: str, **options: object) -> int:
    return sum(parameter.numel() for parameter in ganzoo.build(spec, **options).parameters())


def test_the_defaults_are_the_experiments_networks() -> None:
    assert count("generator:vanilla") == 100 * 256 + 256 + 256 * 784 + 784 == 227_344
    assert count("discriminator:vanilla") == 784 * 256 + 256 + 256 + 1 == 201_217


@pytest.mark.parametrize(("size", "channels"), [(4, 1), (28, 1), (33, 3), (256, 3)])
def test_pictures_of_any_size_from_4_to_256_pixels_are_made_and_judged(size: int, channels: int) -> None:
    network = ganzoo.build("generator:vanilla", image_size=size, channels=channels, width=2, latent_dim=5)
    made = network(10_000 * torch.randn(3, 5))
    assert made.shape == (3, channels, size, size)
    assert made.min() < -0.9 and made.max() > 0.9  # tanh, not sigmoid
    judged = ganzoo.build("discriminator:vanilla", image_size=size, channels=channels, width=2)(made)
    assert judged.shape == (3, 1)


def test_the_networks_compute_what_is_written_about_them() -> None:
    generator = ganzoo.build("generator:vanilla", image_size=4, channels=3, latent_dim=5, width=6).double()
    discriminator = ganzoo.build("discriminator:vanilla", image_size=4, channels=3, width=6).double()
    latents = torch.randn(2, 5, dtype=torch.float64)
    first, second = (layer for layer in generator.modules() if isinstance(layer, nn.Linear))
    hidden = (latents @ first.weight.T + first.bias).clamp(min=0)
    pixels = (hidden @ second.weight.T + second.bias).tanh()
    assert torch.allclose(generator(latents), pixels.reshape(2, 3, 4, 4))
    first, second = (layer for layer in discriminator.modules() if isinstance(layer, nn.Linear))
    hidden = (pixels @ first.weight.T + first.bias).clamp(min=0)
    assert torch.allclose(discriminator(pixels.reshape(2, 3, 4, 4)), hidden @ second.weight.T + second.bias)


def test_a_step_descends_the_cross_entropies_of_the_first_paper() -> None:
    recipe = make("vanilla", PARTS, **SMALL)
    assert isinstance(recipe, LatentRecipe)
    descend_plainly(recipe)
    exact, before = doubles(recipe), flat(recipe)
    real = torch.rand(4, 1, 8, 8) * 2 - 1
    torch.manual_seed(5)
    losses = recipe.step({"image": real})

    torch.manual_seed(5)
    latents = torch.randn(4, 6).double()
    generator, discriminator = exact["generator"], exact["discriminator"]
    fake = generator(latents)
    says_real, says_fake = discriminator(real.double()).sigmoid(), discriminator(fake.detach()).sigmoid()
    loss_d = -says_real.log().mean() - (1 - says_fake).log().mean()
    step_down(loss_d, discriminator)
    loss_g = -discriminator(fake).sigmoid().log().mean()
    step_down(loss_g, generator)
    assert list(losses) == ["generator", "discriminator"]
    assert losses["discriminator"].item() == pytest.approx(loss_d.item(), rel=1e-5)
    assert losses["generator"].item() == pytest.approx(loss_g.item(), rel=1e-5)
    assert max(differences(recipe, before, exact).values()) < 1e-3


def test_the_optimizer_is_the_experiments_adam() -> None:
    recipe = make("vanilla", PARTS, **SMALL)
    assert list(recipe.optimizers) == ["generator", "discriminator"]
    for optimizer in recipe.optimizers.values():
        assert isinstance(optimizer, torch.optim.Adam)
        assert (optimizer.defaults["lr"], optimizer.defaults["betas"]) == (2e-4, (0.5, 0.999))


@pytest.mark.parametrize("bf16", [False, True], ids=["fp32", "bf16"])
@pytest.mark.parametrize("loss", [entry.name for entry in catalog.entries("loss")])
def test_any_loss_takes_the_place_of_the_first(loss: str, bf16: bool) -> None:
    recipe = make("vanilla", PARTS, {"loss": loss}, **SMALL)
    assert type(recipe.loss.loss) is type(ganzoo.build(f"loss:{loss}"))
    before = flat(recipe)
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        losses = recipe.step({"image": waves(4, 1, 8, phase=0.5)})
    assert all(math.isfinite(value.item()) and value.dtype == torch.float32 for value in losses.values())
    after = flat(recipe)
    assert all(after[name].isfinite().all() and not torch.equal(after[name], before[name]) for name in before)


def test_scores_are_their_definitions_on_known_logits() -> None:
    """Of five real pictures three are found, of four generated ones one passes for real."""
    real, fake = [2.0, 0.5, 0.1, -0.3, -4.0], [-1.0, -2.0, 3.0, -0.1]
    found = score(torch.tensor(real)[:, None], torch.tensor(fake)[:, None])

    def sure(logit: float) -> float:
        return 1 / (1 + math.exp(-logit))

    of_real = [-math.log(sure(logit)) for logit in real]
    of_fake = [-math.log(1 - sure(logit)) for logit in fake]
    assert found.loss_mean == pytest.approx(sum(of_real + of_fake) / 9, rel=1e-6)
    assert found.loss_sum == pytest.approx(sum(of_real) / 5 + sum(of_fake) / 4, rel=1e-6)
    assert found.accuracy == pytest.approx((3 + 3) / 9)
    assert found.precision == pytest.approx(3 / (3 + 1))
    assert found.recall == pytest.approx(3 / 5)
    assert found.f1 == pytest.approx(2 * 0.75 * 0.6 / (0.75 + 0.6))
    assert found.specificity == pytest.approx(3 / 4)


def test_scores_are_numbers_where_nothing_is_called_real_and_where_logits_are_huge() -> None:
    found = score(torch.full((3, 1), -1000.0), torch.full((3, 1), -1000.0))
    assert (found.precision, found.recall, found.f1, found.accuracy) == (0, 0, 0, 0.5)
    assert found.loss_mean == pytest.approx(500)


def test_the_papers_figures_mean_that_53_of_10000_fakes_were_recognized() -> None:
    of, paper = published.PICTURES, published.SCORES
    found = round(paper["recall"] * of)
    recognized = round(paper["accuracy"] * 2 * of) - found
    assert (found, recognized) == (9_694, 53)
    assert recognized / of == pytest.approx(published.SPECIFICITY)
    assert found / (found + of - recognized) == pytest.approx(paper["precision"], abs=5e-5)
    assert 2 * found / (of + found + of - recognized) == pytest.approx(paper["f1"], abs=5e-5)
    with_75 = found / (found + of - 75)
    assert (found + 75) / (2 * of) == pytest.approx(0.48845) and with_75 == pytest.approx(0.4941, abs=5e-5)


def test_the_discriminator_is_judged_on_the_test_pictures_against_as_many_generated_ones() -> None:
    """1,100 pictures, so that the last batch is a short one."""
    torch.manual_seed(0)
    generator, discriminator = ganzoo.build("generator:vanilla"), ganzoo.build("discriminator:vanilla")
    real = torch.randint(256, (1100, 1, 28, 28), dtype=torch.uint8)
    networks = {"generator": generator.state_dict(), "discriminator": discriminator.state_dict()}
    found = evaluate(networks, real, 7, torch.device("cpu"))
    with torch.no_grad():
        random = torch.Generator().manual_seed(7)
        latents = torch.cat([torch.randn(each, 100, generator=random) for each in (1000, 100)])
        of_real, of_fake = discriminator(real / 127.5 - 1), discriminator(generator(latents))
    halves = [
        F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label)).item()
        for logits, label in ((of_real, 1.0), (of_fake, 0.0))
    ]
    assert found.loss_sum == pytest.approx(sum(halves), rel=1e-5)
    assert found.recall == pytest.approx((of_real > 0).float().mean().item(), abs=2e-3)
    assert found.specificity == pytest.approx((of_fake <= 0).float().mean().item(), abs=2e-3)


def write_idx(folder: Path, part: str, pictures: int, size: int = 28) -> None:
    """Write pictures of bright squares at random places, and their labels, as the four files are named."""
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(pictures)
    stack = np.zeros((pictures, size, size), np.uint8)
    for picture in stack:
        top, left = random.integers(0, size // 2, 2)
        picture[top : top + size // 2, left : left + size // 2] = random.integers(150, 255)
    head = struct.pack(">4B3I", 0, 0, 8, 3, pictures, size, size)
    (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(head + stack.tobytes()))
    labels = struct.pack(">4BI", 0, 0, 8, 1, pictures) + bytes(pictures)
    (folder / f"{part}-labels-idx1-ubyte").write_bytes(labels)


@pytest.fixture
def squares(tmp_path: Path) -> Path:
    for part, pictures in (("train", 300), ("t10k", 40)):
        write_idx(tmp_path / "squares", part, pictures)
    return tmp_path / "squares"


@pytest.mark.slow
def test_the_experiment_is_one_command_that_leaves_a_model(
    squares: Path, tmp_path: Path, ganzoo_command: Command
) -> None:
    folder = tmp_path / "run"
    done = ganzoo_command(
        "seed-experiment", squares, "-o", folder, "--epochs", 1, "--seed", 3, "--device", "cpu", "--json"
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["pictures"], said["test_images"], said["epochs"], said["seed"]) == (300, 40, 1, 3)
    assert said["steps"] == 3  # 300 / 128, upwards
    settings = json.loads((folder / "run.json").read_text())
    assert (settings["recipe"], settings["steps"], settings["batch_size"], settings["seed"]) == ("vanilla", 3, 128, 3)
    found = said["scores"]
    assert found["loss_sum"] == pytest.approx(2 * found["loss_mean"])
    assert found["accuracy"] == pytest.approx((found["recall"] + found["specificity"]) / 2)
    assert said["seconds"] >= said["train_seconds"] > 0
    assert said["images_per_second"] == pytest.approx(3 * 128 / said["train_seconds"], abs=1)
    assert (said["paper"]["loss"], said["paper"]["recall"], said["paper"]["seconds"]) == (1.0566, 0.9694, 3900)
    assert any("0.53 %" in remark for remark in said["remarks"])
    model = ganzoo.load(f"dir:{folder}", device="cpu")
    assert (model.card.parameters, model.generate(1)[0].size) == (227_344, (28, 28))


@pytest.mark.parametrize(("variable", "threads"), [(None, 1), ("2", 2)])
@pytest.mark.slow
def test_one_thread_does_the_work_unless_the_user_names_another_number(
    squares: Path, tmp_path: Path, ganzoo_command: Command, variable: str | None, threads: int
) -> None:
    env = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    env |= {"OMP_NUM_THREADS": variable} if variable else {}
    options = ("-o", tmp_path / "run", "--epochs", 1, "--device", "cpu", "--json")
    done = ganzoo_command("seed-experiment", squares, *options, env=env)
    assert done.returncode == 0, done.stderr
    assert re.search(rf"\b{threads} threads?\b", json.loads(done.stdout)["hardware"])


@pytest.mark.slow
def test_the_table_has_the_papers_figures_beside_ours(squares: Path, tmp_path: Path, ganzoo_command: Command) -> None:
    done = ganzoo_command("seed-experiment", squares, "-o", tmp_path / "run", "--epochs", 1, "--device", "cpu")
    assert done.returncode == 0, done.stderr
    rows = {line.split("  ")[0]: line.split() for line in done.stdout.splitlines() if "  " in line}
    assert rows["discriminator loss, mean over all images"][-1] == "1.0566"
    assert rows["accuracy"][-1] == "0.48735"
    assert 0 <= float(rows["accuracy"][-2]) <= 1
    assert [rows[name][-1] for name in ("precision", "F1")] == ["0.4936", "0.6541"]
    assert rows["time of the whole command"][-4:] == ["65", "min", "00", "s"]
    for remark in published.REMARKS:
        assert f"\n- {remark}\n" in done.stdout
    assert "step 3/3" in done.stderr


def test_the_commands_help_names_the_papers_oddities_and_imports_no_torch() -> None:
    code = (
        "import sys\nfrom ganzoo.cli.main import main\n"
        "try:\n    main(['seed-experiment', '-h'])\nfinally:\n    print(*({'torch', 'numpy'} & set(sys.modules)), '.')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    words = " ".join(done.stdout.split())
    assert words.endswith("exit. .")
    for said in ("is the accuracy in its own output, whose loss is 1.0566", "[0, 1] under a tanh", "0.53 % of fakes"):
        assert said in words


def test_a_second_experiment_in_the_same_folder_is_refused(squares: Path, tmp_path: Path) -> None:
    run(squares, tmp_path / "run", epochs=1, seed=0, device="cpu")
    with pytest.raises(ganzoo.GanzooError, match="already holds a run"):
        run(squares, tmp_path / "run", epochs=1, seed=0, device="cpu")


@pytest.mark.parametrize("part", ["train", "t10k"])
def test_a_missing_file_is_named_before_anything_is_trained(squares: Path, tmp_path: Path, part: str) -> None:
    (squares / f"{part}-images-idx3-ubyte.gz").unlink()
    with pytest.raises(DataError, match=rf"squares has no {part}-images-idx3-ubyte, plain or \.gz\. Give the folder"):
        run(squares, tmp_path / "run", epochs=1, seed=0, device="cpu")
    assert not (tmp_path / "run").exists()


def test_test_pictures_of_another_size_are_refused_before_anything_is_trained(squares: Path, tmp_path: Path) -> None:
    write_idx(squares, "t10k", 40, size=20)
    with pytest.raises(DataError, match=r"20x20.*28x28"):
        run(squares, tmp_path / "run", epochs=1, seed=0, device="cpu")
    assert not (tmp_path / "run").exists()
