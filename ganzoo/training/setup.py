"""A run's settings -> its data, its recipe, and its networks in place on the device."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ganzoo import catalog
from ganzoo.catalog import options
from ganzoo.catalog.building import ChosenParts
from ganzoo.contracts.config import Config
from ganzoo.contracts.entry import Entry
from ganzoo.data.datasets import Data
from ganzoo.data.opening import open_data
from ganzoo.errors import OptionError
from ganzoo.inference import devices
from ganzoo.loading import load
from ganzoo.recipes.distributed import Processes
from ganzoo.recipes.recipe import Recipe
from ganzoo.training import error_messages
from ganzoo.training.data_order import mix
from ganzoo.training.randomness import seed_all
from ganzoo.training.settings import Settings
from ganzoo.training.validation import Machine


@dataclass(frozen=True)
class RunSetup:
    """What a run works with.

    options  the recipe's, complete
    parts    role -> {"entry": what was built, "options": what the user set of it}
    """

    recipe: Recipe
    data: Data
    machine: Machine
    options: Mapping[str, Any]
    parts: Mapping[str, Any]


def set_up(asked: Settings, processes: Processes, begins: bool = True) -> RunSetup:
    """Read the data and build the recipe on the device, the same in every process but for its random numbers.

    begins  whether networks take the weights they are to start from; a checkpoint would replace them
    """
    machine = choose_machine(asked, processes)
    entry = catalog.find(f"recipe:{asked.recipe}")
    parts = choose_parts(asked)
    given = parts.config(asked.options)
    config, data = open_recipe_data(entry, given, asked)
    try:
        recipe = make_recipe(entry, config, parts, asked.seed)
        check_size(recipe, data.image_size)
    except OptionError as error:
        if getattr(given, "image_size", None) == data.image_size:
            raise
        raise error_messages.name_size(error, data.image_size) from error
    if begins:
        begin(recipe)
        begin_from(recipe, asked.start_from)
    settle(recipe, machine, processes, compiled=asked.compile)
    if not processes.leads:
        seed_all(mix(asked.seed, 4, processes.rank))
    described = {role: {"entry": spec, "options": parts.options[role]} for role, spec in parts.specs.items()}
    return RunSetup(recipe, data, machine, options.as_dict(config), described)


def choose_machine(asked: Settings, processes: Processes) -> Machine:
    """Return where this process computes: each has a GPU of its own. Raises DeviceError."""
    name = asked.device
    if processes.count > 1 and name in ("auto", "cuda") and torch.cuda.is_available():
        name = f"cuda:{processes.local_rank}"
    device = devices.choose(name)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    last = asked.memory_format == "channels_last" or (asked.memory_format == "auto" and device.type == "cuda")
    return Machine(device, asked.precision, channels_last=last)


def choose_parts(asked: Settings) -> ChosenParts:
    """Return the recipe's parts. Raises OptionError and UnknownName for a wrong one, and for the recipe's options."""
    parts = ChosenParts(catalog.find(f"recipe:{asked.recipe}"), asked.parts, asked.part_options)
    parts.config(asked.options)
    return parts


def make_recipe(entry: Entry, config: Config, parts: ChosenParts, seed: int) -> Recipe:
    """Build the recipe's networks and optimizers with weights from the run's seed."""
    seed_all(seed)
    built: Recipe = entry.build(config, parts)
    built.config = config
    return built


def open_recipe_data(entry: Entry, config: Config, asked: Settings) -> tuple[Config, Data]:
    """Read the data and return it with the recipe's config, sizes of 0 filled in from the data."""
    data = open_data(asked.data, entry.data, config, asked.validation)
    if asked.classes:
        data.classes = named(data.classes, asked.classes)
    facts = {"image_size": data.image_size, "channels": data.channels, "classes": len(data.classes)}
    facts["frames"] = data.frames
    known, class_count = options.names(entry), getattr(config, "classes", 0)
    if class_count and class_count < len(data.classes):
        raise OptionError(
            f"classes={class_count} is not right: the data has {len(data.classes)}. Leave it away, or set as many."
        )
    filled = {name: value for name, value in facts.items() if name in known and not getattr(config, name)}
    return dataclasses.replace(config, **filled), data


def named(found: list[str], names: list[str]) -> list[str]:
    """Return the names of the classes. Raises OptionError where there are more or fewer of them."""
    if len(names) != len(found):
        given, have = (f"{len(each)} ({', '.join(each)})" for each in (names, found))
        raise OptionError(f"classes names {given}, the data has {have}. Name each once, in that order.")
    return list(names)


def check_size(recipe: Recipe, size: int) -> None:
    """Raise OptionError where a published generator's stride does not divide the pictures' size."""
    for name in recipe.exports.values():
        stride = int(getattr(recipe.networks[name], "stride", 1))
        if size % stride:
            raise OptionError(
                f"image_size={size} is not right: the generator takes multiples of {stride}. "
                f"Set image_size={max(1, size // stride) * stride}."
            )


def begin(recipe: Recipe) -> None:
    """Let networks take the weights that they begin with, where they have such."""
    for network in recipe.networks.values():
        own: Any = getattr(network, "begin", None)
        if own is not None:
            own()


def begin_from(recipe: Recipe, start_from: Mapping[str, str]) -> None:
    """Give networks the weights of published models; ``start_from``: name of a network ("": the main one) -> ref.

    Raises OptionError for a network that the recipe has not, or that differs from the model's.
    """
    for name, ref in start_from.items():
        chosen = name or recipe.exports[""]
        if chosen not in recipe.networks:
            raise OptionError(
                f"The recipe has no network '{chosen}' to start from {ref}. It has: {', '.join(recipe.networks)}."
            )
        _take_weights(recipe.networks[chosen], chosen, ref)


def _take_weights(network: nn.Module, name: str, ref: str) -> None:
    model = load.load(ref, device="cpu", engine="torch")
    theirs: Any = model.generator.architecture
    ours: Any = getattr(network, "architecture", None)
    if not (ours and ours.entry.startswith("generator:")):
        raise OptionError(f"The network '{name}' is no generator, as {ref} is. Name a network that is a generator.")
    if ours != theirs:
        wanted = [f"--part generator={theirs.entry.partition(':')[2]}"] if ours.entry != theirs.entry else []
        wanted += [f"--set generator.{k}={v}" for k, v in theirs.options.items() if ours.options.get(k) != v]
        raise OptionError(f"{ref} is another network than '{name}'. To start from it: {' '.join(wanted)}.")
    network.load_state_dict(model.generator.state_dict())


def settle(recipe: Recipe, machine: Machine, processes: Processes, compiled: bool = False) -> None:
    """Put the recipe to work on a device, among these processes."""
    for network in recipe.networks.values():
        # In place: the optimizers, still empty, go on holding the same parameters.
        network.to(machine.device)
        network.to(memory_format=machine.memory_format)
        if compiled:
            network.compile()  # type: ignore[no-untyped-call]
    recipe.processes = processes
    if machine.precision == "fp16":
        recipe.scalers = {name: torch.amp.GradScaler(machine.device.type) for name in recipe.optimizers}
