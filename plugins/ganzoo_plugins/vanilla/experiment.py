"""The experiment of the seed paper: train on Fashion-MNIST, then judge the discriminator on held-out pictures."""

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
AT_ONCE = 1000  # pictures a forward pass when judging


@dataclass(frozen=True)
class Result:
    """One experiment: what was done, how long it took, what the discriminator is worth.

    train_seconds  of the updates alone; reading, samples and checkpoints come on top
    """

    pictures: int
    test_images: int
    steps: int
    batch_size: int
    train_seconds: float
    hardware: str
    scores: Scores


def use_one_thread() -> None:
    """Keep torch to one thread: with two on two busy cores a step was measured to take 200 ms in place of 5."""
    torch.set_num_threads(1)


def run(data: Path, output: Path, *, epochs: int, seed: int, device: str, reporter: Any = None) -> Result:
    """Train the recipe ``vanilla`` into the new folder ``output`` and score its newest checkpoint.

    ``data`` holds the four IDX files. Raises DataError before training where one is missing or they are of two
    sizes, and what `ganzoo.train` raises.
    """
    source = open_source(data)
    real, shown = read(source, "t10k"), read(source, "train")
    if real.shape[-1] != shown.shape[-1]:
        sizes = " and ".join(f"{each.shape[-1]}x{each.shape[-1]}" for each in (real, shown))
        raise DataError(f"{data} has test and training pictures of {sizes}. Give the files of one data set.")
    pictures = len(shown)
    an_epoch = math.ceil(pictures / BATCH_SIZE)
    steps = math.ceil(epochs * pictures / BATCH_SIZE)
    ganzoo.train(
        "vanilla",
        data,
        output,
        steps=steps,
        batch_size=BATCH_SIZE,
        seed=seed,
        device=device,
        log_every=an_epoch,
        sample_every=5 * an_epoch,
        checkpoint_every=10 * an_epoch,
        reporter=reporter,
    )
    chosen = devices.choose(device)
    state, _ = checkpoint.load_newest(output, chosen)
    scores = evaluate(state["networks"], real, seed, chosen)
    return Result(pictures, len(real), steps, BATCH_SIZE, state["seconds"], devices.describe(chosen), scores)


def read(source: Source, part: str) -> Tensor:
    """Return the pictures of ``part`` ("train" or "t10k"), (N, 1, S, S) uint8."""
    names = idx.find(source, part)
    if names is None:
        raise DataError(
            f"{source.path} has no {part}-images-idx3-ubyte, plain or .gz. "
            "Give the folder that holds the four files of Fashion-MNIST."
        )
    pictures, _ = idx.read(source, names)
    return pad_to_square(pictures, max(pictures.shape[-2:]))


@torch.inference_mode()
def evaluate(networks: dict[str, dict[str, Tensor]], real: Tensor, seed: int, device: torch.device) -> Scores:
    """Score the discriminator on ``real`` (N, 1, S, S) uint8 against N pictures of the generator, drawn by ``seed``."""
    size = real.shape[-1]
    generator = load("generator:vanilla", networks["generator"], size, device)
    discriminator = load("discriminator:vanilla", networks["discriminator"], size, device)
    random = torch.Generator().manual_seed(seed)
    of_real, of_fake = [], []
    for batch in real.split(AT_ONCE):
        latents = torch.randn(len(batch), generator.latent_dim, generator=random)  # type: ignore[arg-type]
        of_real.append(discriminator(to_floats(batch.to(device))))
        of_fake.append(discriminator(generator(latents.to(device))))
    return score(torch.cat(of_real).cpu(), torch.cat(of_fake).cpu())


def load(entry: str, state: dict[str, Tensor], size: int, device: torch.device) -> nn.Module:
    """Build a network at its defaults for gray pictures of ``size`` pixels and give it its weights."""
    network: nn.Module = ganzoo.build(entry, image_size=size, channels=1)
    network.load_state_dict(state)
    return network.eval().to(device)
