"""What is timed: each case as a textbook step and as ganzoo's recipe, with the same weights and pictures."""

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
from ganzoo.data.datasets import Dataset, Images, Unpaired, View
from ganzoo.data.opening import open_data
from ganzoo.recipes.distributed import ALONE
from ganzoo.training.batches import Batches
from ganzoo.training.data_order import draws
from ganzoo.training.setup import settle
from ganzoo.training.validation import Machine


@dataclass(frozen=True)
class Case:
    """One training step, described twice.

    textbook     builds the plain one
    recipe       ganzoo's, with the options ``values`` and those of its parts
    stored       how many random pictures stand in for a data set
    loads        whether the textbook's batches come from a DataLoader, as its small pictures do in tutorials
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
    def pictures_a_step(self) -> int:
        return self.batch_size * (2 if self.unpaired else 1)


def cyclegan(identity: float) -> Case:
    """The paper's network for 128 pixels; ``identity`` is the identity loss's share of the cycle weight."""
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


def random_pictures(case: Case) -> dict[str, Tensor]:
    """Return uint8 pictures (N, C, S, S) of the case's shape: "a" and "b", or "image"."""
    shape = (case.stored, case.values["channels"], case.values["image_size"], case.values["image_size"])
    random = torch.Generator().manual_seed(0)
    names = ("a", "b") if case.unpaired else ("image",)
    return {name: torch.randint(256, shape, dtype=torch.uint8, generator=random) for name in names}


def real_pictures(case: Case, path: Path) -> dict[str, Tensor]:
    """Return uint8 pictures like `random_pictures` of the data set at ``path``; of translation, 64 of each side."""
    entry = catalog.find(f"recipe:{case.recipe}")
    wanted = {**case.values, "enlarge": 1.0, "flip": False} if case.unpaired else case.values
    train: Any = open_data(path, entry.data, options.parse(entry, wanted)).train
    if case.unpaired:
        return {side: getattr(train, side)[:64].clone() for side in ("a", "b")}
    return {"image": train.pictures.expand(-1, case.values["channels"], -1, -1).clone()}


def dataset(case: Case, pictures: dict[str, Tensor]) -> Dataset:
    """Return the pictures as training has them in memory, neither cropped nor mirrored."""
    view = View(case.values["image_size"], flip=False)
    if case.unpaired:
        return Unpaired(pictures["a"], pictures["b"], view)
    return Images(pictures["image"], view)


def build_recipe(case: Case) -> Recipe:
    """Build ganzoo's recipe with weights from seed 0."""
    entry = catalog.find(f"recipe:{case.recipe}")
    torch.manual_seed(0)
    recipe: Recipe = entry.build(options.parse(entry, case.values), ChosenParts(entry, {}, case.part_options))
    return recipe


def build_textbook(case: Case) -> Any:
    """Build the textbook's networks with the weights of `build_recipe`; call its ``begin`` before steps."""
    plain, recipe = case.textbook(), build_recipe(case)
    with torch.no_grad():
        for name, network in plain.networks.items():
            own, theirs = list(network.parameters()), list(recipe.networks[name].parameters())
            for mine, other in zip(own, theirs, strict=True):
                if mine.shape != other.shape:
                    raise ValueError(f"'{name}': the textbook has {tuple(mine.shape)}, ganzoo {tuple(other.shape)}")
                mine.copy_(other)
    return plain


def textbook_steps(case: Case, pictures: dict[str, Tensor], machine: Machine) -> Iterator[Any]:
    """Do a textbook step whenever asked for the next."""
    plain = build_textbook(case)
    for network in plain.networks.values():
        network.to(machine.device)
    plain.begin()
    for batch in textbook_batches(case, pictures):
        with machine.autocast():
            yield plain.step({name: tensor.to(machine.device) for name, tensor in batch.items()})


def textbook_batches(case: Case, pictures: dict[str, Tensor]) -> Iterator[dict[str, Tensor]]:
    """Yield batches of floats for ever: out of a DataLoader, or at hand already, which favors the textbook."""
    if case.loads:
        return textbook.batches(pictures["image"], case.batch_size)
    data, batches = dataset(case, pictures), range(max(1, case.stored // case.batch_size))
    ready = [data.batch(list(range(n * case.batch_size, (n + 1) * case.batch_size)), seeded(n)) for n in batches]
    return itertools.cycle(ready)


def our_steps(case: Case, pictures: dict[str, Tensor], machine: Machine, compiled: bool = False) -> Iterator[Any]:
    """Do a step as ganzoo's training loop does it, batches included, whenever asked for the next."""
    recipe = build_recipe(case)
    settle(recipe, machine, ALONE, compiled=compiled)
    batches = Batches(dataset(case, pictures), batch_size=case.batch_size)
    for step in itertools.count():
        for batch in batches.get(step):
            recipe.step_state = StepState(step, random=draws(0, step))
            with machine.autocast():
                yield recipe.step(machine.place(batch))


def seeded(number: int) -> torch.Generator:
    return torch.Generator().manual_seed(number)
