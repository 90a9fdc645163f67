"""The experiment of the seed paper: train on Fashion-MNIST, then score the discriminator on held-out images."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import ganzoo
from ganzoo.data import idx
from ganzoo.data.preprocessing import pad_to_square, to_floats
from ganzoo.data.sources import Source, open_source
from ganzoo.errors import DataError
from ganzoo.inference import devices
from ganzoo.training import checkpoint

from .scores import Scores, score

BATCH_SIZE = 128
EVAL_BATCH_SIZE = 1000


@dataclass(frozen=True)
class Result:
    """The result of one experiment.

    Attributes:
        pictures: Number of training images.
        test_images: Number of test images, and of generated ones.
        steps: Number of training steps.
        batch_size: Images in a step.
        train_seconds: Time of the updates, without reading data, samples and checkpoints.
        hardware: The device, in words.
        scores: The discriminator's scores.
    """

    pictures: int
    test_images: int
    steps: int
    batch_size: int
    train_seconds: float
    hardware: str
    scores: Scores


def use_one_thread() -> None:
    """Limit torch to one thread: with two threads on two busy cores a step took 200 ms instead of 5."""
    torch.set_num_threads(1)


def run(data: Path, output: Path, *, epochs: int, seed: int, device: str, reporter: Any = None) -> Result:
    """Train the recipe ``vanilla`` and score its newest checkpoint.

    Args:
        data: Folder of the four IDX files.
        output: The run's folder, which is new.
        epochs: Passes over the training images.
        seed: Seed of weights, order and noise.
        device: As `ganzoo.train` takes it.
        reporter: As `ganzoo.train` takes it.

    Raises:
        DataError: Before training, if a file is missing or image sizes differ.
        GanzooError: As `ganzoo.train` does.
    """
    source = open_source(data)
    test, train = read(source, "t10k"), read(source, "train")
    if test.shape[-1] != train.shape[-1]:
        sizes = " and ".join(f"{each.shape[-1]}x{each.shape[-1]}" for each in (test, train))
        raise DataError(f"{data} has test and training images of {sizes}. Give the files of one data set.")
    count = len(train)
    epoch_steps = math.ceil(count / BATCH_SIZE)
    steps = math.ceil(epochs * count / BATCH_SIZE)
    ganzoo.train(
        "vanilla",
        data,
        output,
        steps=steps,
        batch_size=BATCH_SIZE,
        seed=seed,
        device=device,
        log_every=epoch_steps,
        sample_every=5 * epoch_steps,
        checkpoint_every=10 * epoch_steps,
        reporter=reporter,
    )
    chosen = devices.choose(device)
    state, _ = checkpoint.load_newest(output, chosen)
    scores = evaluate(state["networks"], test, seed, chosen)
    return Result(count, len(test), steps, BATCH_SIZE, state["seconds"], devices.describe(chosen), scores)


def read(source: Source, part: str) -> Tensor:
    """Read the images of ``part`` ("train" or "t10k"), (N, 1, S, S) uint8."""
    names = idx.find(source, part)
    if names is None:
        raise DataError(
            f"{source.path} has no {part}-images-idx3-ubyte, plain or .gz. "
            "Give the folder of the four files of Fashion-MNIST."
        )
    images, _ = idx.read(source, names)
    return pad_to_square(images, max(images.shape[-2:]))


@torch.inference_mode()
def evaluate(networks: dict[str, dict[str, Tensor]], real: Tensor, seed: int, device: torch.device) -> Scores:
    """Score the discriminator on ``real`` (N, 1, S, S) uint8 and on N generated images, drawn by ``seed``."""
    size = real.shape[-1]
    generator = load("generator:vanilla", networks["generator"], size, device)
    discriminator = load("discriminator:vanilla", networks["discriminator"], size, device)
    random = torch.Generator().manual_seed(seed)
    real_logits, fake_logits = [], []
    for batch in real.split(EVAL_BATCH_SIZE):
        latents = torch.randn(len(batch), generator.latent_dim, generator=random)  # type: ignore[arg-type]
        real_logits.append(discriminator(to_floats(batch.to(device))))
        fake_logits.append(discriminator(generator(latents.to(device))))
    return score(torch.cat(real_logits).cpu(), torch.cat(fake_logits).cpu())


def load(entry: str, state: dict[str, Tensor], size: int, device: torch.device) -> nn.Module:
    """Build a network with default options for gray images of ``size`` pixels and load its weights."""
    network: nn.Module = ganzoo.build(entry, image_size=size, channels=1)
    network.load_state_dict(state)
    return network.eval().to(device)
