"""The benchmark cases: each is a textbook step and a ganzoo recipe with the same weights and images."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import textbook
import torch
from torch import Tensor

from ganzoo import Recipe, catalog
from ganzoo.catalog import options
from ganzoo.catalog.building import ChosenParts
from ganzoo.contracts.recipe import StepState
from ganzoo.data.datasets import Augmentation, Dataset, ImageDataset, UnpairedDataset
from ganzoo.data.open_data import open_data
from ganzoo.recipes.distributed import ALONE
from ganzoo.training.batches import Batches
from ganzoo.training.data_order import draws
from ganzoo.training.machine import Machine
from ganzoo.training.setup import place_on_machine


@dataclass(frozen=True)
class Case:
    """One training step, described twice.

    Attributes:
        title: for the table.
        textbook: builds the textbook version.
        recipe: name of ganzoo's recipe.
        values: the recipe's options.
        part_options: options of the recipe's parts.
        batch_size: images per batch.
        stored: how many random images replace a dataset.
        loads: whether the textbook's batches come from a DataLoader, as in tutorials with small images.
    """

    title: str
    textbook: Callable[[], Any]
    recipe: str
    values: dict[str, Any]
    part_options: dict[str, dict[str, Any]] = field(default_factory=dict)
    batch_size: int = 1
    stored: int = 16
    loads: bool = False

    @property
    def unpaired(self) -> bool:
        return catalog.find(f"recipe:{self.recipe}").data == "unpaired"

    @property
    def images_per_step(self) -> int:
        return self.batch_size * (2 if self.unpaired else 1)


def cyclegan(identity: float) -> Case:
    """Return the paper's CycleGAN at 128 pixels; ``identity`` is the identity weight relative to the cycle weight."""
    return Case(
        title=f"CycleGAN 128x128, width 64, 6 blocks, batch 1, identity loss {identity:g}",
        textbook=lambda: textbook.CycleGan(identity=identity),
        recipe="cyclegan",
        values={"image_size": 128, "channels": 3, "identity_weight": identity},
        part_options={"generator": {"blocks": 6}},
    )


CASES = {
    "cyclegan": cyclegan(0.5),
    "cyclegan-without-identity": cyclegan(0.0),
    "dcgan": Case(
        "DCGAN 32x32 RGB, width 64, batch 128",
        textbook.dcgan,
        "dcgan",
        {"image_size": 32, "channels": 3},
        part_options={"generator": {"latents": "normal"}},  # as the textbook's; the paper's are uniform
        batch_size=128,
        stored=1024,
    ),
    "mlp": Case(
        "MLP GAN 28x28 gray, batch 128, data loading included",
        textbook.mlp,
        "vanilla",
        {"image_size": 28, "channels": 1},
        batch_size=128,
        stored=20_000,
        loads=True,
    ),
}


def random_images(case: Case) -> dict[str, Tensor]:
    """Return uint8 images (N, C, S, S) of the case's shape: "a" and "b", or "image"."""
    shape = (case.stored, case.values["channels"], case.values["image_size"], case.values["image_size"])
    random = torch.Generator().manual_seed(0)
    names = ("a", "b") if case.unpaired else ("image",)
    return {name: torch.randint(256, shape, dtype=torch.uint8, generator=random) for name in names}


def real_images(case: Case, path: Path) -> dict[str, Tensor]:
    """Return uint8 images as `random_images` does, from the dataset at ``path``; 64 per side for unpaired data."""
    entry = catalog.find(f"recipe:{case.recipe}")
    values = {**case.values, "enlarge": 1.0, "flip": False} if case.unpaired else case.values
    train: Any = open_data(path, entry.data, options.parse(entry, values)).train
    if case.unpaired:
        return {side: getattr(train, side)[:64].clone() for side in ("a", "b")}
    return {"image": train.images.expand(-1, case.values["channels"], -1, -1).clone()}


def dataset(case: Case, images: dict[str, Tensor]) -> Dataset:
    """Return the images as training holds them in memory, neither cropped nor flipped."""
    view = Augmentation(case.values["image_size"], flip=False)
    if case.unpaired:
        return UnpairedDataset(images["a"], images["b"], view)
    return ImageDataset(images["image"], view)


def build_recipe(case: Case) -> Recipe:
    """Build ganzoo's recipe with weights from seed 0."""
    entry = catalog.find(f"recipe:{case.recipe}")
    torch.manual_seed(0)
    recipe: Recipe = entry.build(options.parse(entry, case.values), ChosenParts(entry, {}, case.part_options))
    return recipe


def build_textbook(case: Case) -> Any:
    """Build the textbook version with the weights of `build_recipe`; call its ``begin`` before steps."""
    plain, recipe = case.textbook(), build_recipe(case)
    with torch.no_grad():
        for name, network in plain.networks.items():
            for target, source in zip(network.parameters(), recipe.networks[name].parameters(), strict=True):
                if target.shape != source.shape:
                    raise ValueError(f"'{name}': the textbook has {tuple(target.shape)}, ganzoo {tuple(source.shape)}")
                target.copy_(source)
    return plain


def textbook_steps(case: Case, images: dict[str, Tensor], machine: Machine) -> Iterator[Any]:
    """Do one textbook step per iteration."""
    plain = build_textbook(case)
    for network in plain.networks.values():
        network.to(machine.device)
    plain.begin()
    for batch in textbook_batches(case, images):
        with machine.autocast():
            yield plain.step({name: tensor.to(machine.device) for name, tensor in batch.items()})


def textbook_batches(case: Case, images: dict[str, Tensor]) -> Iterator[dict[str, Tensor]]:
    """Yield float batches forever, from a DataLoader or prepared in advance, which favors the textbook."""
    if case.loads:
        return textbook.batches(images["image"], case.batch_size)
    data, batches = dataset(case, images), range(max(1, case.stored // case.batch_size))
    ready = [data.batch(list(range(n * case.batch_size, (n + 1) * case.batch_size)), seeded(n)) for n in batches]
    return itertools.cycle(ready)


def our_steps(case: Case, images: dict[str, Tensor], machine: Machine, compiled: bool = False) -> Iterator[Any]:
    """Do one step per iteration as ganzoo's training loop does it, including loading batches."""
    recipe = build_recipe(case)
    place_on_machine(recipe, machine, ALONE, compiled=compiled)
    batches = Batches(dataset(case, images), batch_size=case.batch_size)
    for step in itertools.count():
        for batch in batches.get(step):
            recipe.step_state = StepState(step, random=draws(0, step))
            with machine.autocast():
                yield recipe.step(machine.place(batch))


def seeded(number: int) -> torch.Generator:
    return torch.Generator().manual_seed(number)
