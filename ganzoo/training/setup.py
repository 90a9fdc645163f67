"""Builds what a run works with from its settings: data, recipe, and networks on the device."""

from __future__ import annotations

import dataclasses
import glob
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ganzoo import catalog
from ganzoo.catalog import building, compatibility, options
from ganzoo.catalog.building import ChosenParts
from ganzoo.contracts.config import Config
from ganzoo.contracts.entry import Entry
from ganzoo.data.config import DataConfig
from ganzoo.data.datasets import Data, Dataset
from ganzoo.data.named_sources import is_named, open_named
from ganzoo.data.objects import PREFIX
from ganzoo.data.open_data import open_data
from ganzoo.data.open_objects import open_objects
from ganzoo.data.rasters import choosing
from ganzoo.data.rasters.open_rasters import open_files, open_rasters
from ganzoo.data.seeds import mix
from ganzoo.data.streams import Stream
from ganzoo.errors import GanzooError, OptionError
from ganzoo.image_io import raster_files
from ganzoo.inference import devices
from ganzoo.loading import load
from ganzoo.recipes.distributed import Processes
from ganzoo.recipes.recipe import Recipe
from ganzoo.training import error_messages
from ganzoo.training.batches import Batches
from ganzoo.training.machine import Machine
from ganzoo.training.randomness import seed_all
from ganzoo.training.settings import Settings


@dataclass(frozen=True)
class RunSetup:
    """What a run works with.

    Args:
        recipe: with networks on the device.
        data: for training and validation.
        machine: where this process computes.
        options: all of the recipe's options, with their values.
        suggestions: sentences on options of parts that the recipe sets to something else than their own default.
        parts: role -> {"entry": what was built, "options": all of its options, with their values}.
    """

    recipe: Recipe
    data: Data
    machine: Machine
    options: Mapping[str, Any]
    parts: Mapping[str, Any]
    suggestions: tuple[str, ...] = ()

    def record(self, settings: Settings) -> Settings:
        """Return settings that name every part and option, so that a later version's defaults change nothing."""
        return dataclasses.replace(
            settings,
            options=dict(self.options),
            parts={role: part["entry"] for role, part in self.parts.items()},
            part_options={role: dict(part["options"]) for role, part in self.parts.items()},
            plugins=compatibility.used_plugins([*self.specs(settings), *find_data_specs(settings)]),
        )

    def specs(self, settings: Settings) -> list[str]:
        """Return "kind:name" of the recipe and of all its parts."""
        return [f"recipe:{settings.recipe}", *(part["entry"] for part in self.parts.values())]


def find_data_specs(settings: Settings) -> list[str]:
    """Return "kind:name" of the data source that a run's data name, or of the readers of its first files."""
    sides = [settings.data] if isinstance(settings.data, str) else settings.data
    if settings.raster_options is None:
        return [f"data:{side.partition(':')[0]}" for side in sides if is_named(side)]
    found = []
    for side in sides:
        first = next((path for path in (side, *sorted(glob.glob(side))) if os.path.isfile(path)), "")
        with suppress(GanzooError):  # a folder, or channels in files of their own
            found.append(f"reader:{raster_files.find_reader(first)[0]}")
    return found


def set_up(
    settings: Settings,
    processes: Processes,
    is_new: bool = True,
    objects: Any = None,
    log: Callable[[str], None] | None = None,
) -> RunSetup:
    """Read the data and build the recipe on the device. Processes differ only in their random state.

    Args:
        settings: the run's.
        processes: those that train the run together.
        is_new: whether networks take the weights they start from; a checkpoint would replace them.
        objects: the data, where they are no files.
        log: shows the user a sentence.
    """
    machine = choose_machine(settings, processes)
    entry = catalog.find(f"recipe:{settings.recipe}")
    parts = choose_parts(settings)
    requested = parts.config(settings.options)
    config, data = open_recipe_data(entry, requested, settings, objects)
    try:
        recipe = build_recipe(entry, config, parts, settings.seed)
        _check_masks(recipe, data, entry)
        check_size(recipe, data.image_size)
    except OptionError as error:
        if getattr(requested, "image_size", None) == data.image_size:
            raise
        raise error_messages.name_size(error, data.image_size) from error
    if is_new:
        initialize(recipe)
        recipe.log = log or recipe.log
        recipe.begin(lambda count: draw_examples(data.train, count, settings.seed))
        load_start_weights(recipe, settings.start_from)
    place_on_machine(recipe, machine, processes, compiled=settings.compile)
    if not processes.leads:
        seed_all(mix(settings.seed, 4, processes.rank))
    described = {role: {"entry": spec, "options": parts.built.get(role, {})} for role, spec in parts.specs.items()}
    return RunSetup(recipe, data, machine, options.as_dict(config), described, tuple(parts.suggestions))


def choose_machine(settings: Settings, processes: Processes) -> Machine:
    """Return where this process computes: each process has its own GPU. Raises DeviceError."""
    name = settings.device
    if processes.count > 1 and name in ("auto", "cuda") and torch.cuda.is_available():
        name = f"cuda:{processes.local_rank}"
    device = devices.choose(name)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    memory_format = settings.memory_format
    channels_last = memory_format == "channels_last" or (memory_format == "auto" and device.type == "cuda")
    return Machine(device, settings.precision, channels_last=channels_last)


def choose_parts(settings: Settings) -> ChosenParts:
    """Return the recipe's parts. Raises OptionError and UnknownName for wrong parts or options."""
    parts = ChosenParts(catalog.find(f"recipe:{settings.recipe}"), settings.parts, settings.part_options)
    parts.config(settings.options)
    return parts


def build_recipe(entry: Entry, config: Config, parts: ChosenParts, seed: int) -> Recipe:
    """Build the recipe's networks and optimizers with random weights from the run's seed."""
    seed_all(seed)
    recipe: Recipe = entry.build(config, parts)
    recipe.config = config
    recipe.regularizers = parts.build_regularizers()
    return recipe


def open_recipe_data(entry: Entry, config: Config, settings: Settings, objects: Any = None) -> tuple[Config, Data]:
    """Read the data; return it with the recipe's config, in which sizes of 0 are replaced by the data's."""
    data = _open(entry, config, settings, objects)
    if settings.classes:
        data.classes = name_classes(data.classes, settings.classes)
    sizes = {
        "image_size": data.image_size,
        "channels": data.channels,
        "in_channels": data.in_channels or data.channels,
        "depth": data.depth,
        "classes": len(data.classes),
        "frames": data.frames,
    }
    _check_channels(config, data)
    known, class_count = options.names(entry), getattr(config, "classes", 0)
    if class_count and class_count < len(data.classes):
        raise OptionError(
            f"classes={class_count} is not right: the data has {len(data.classes)}. Omit it, or set at least as many."
        )
    filled = {name: value for name, value in sizes.items() if name in known and not getattr(config, name)}
    return dataclasses.replace(config, **filled), data


def _check_masks(recipe: Recipe, data: Data, entry: Entry) -> None:
    """Raise OptionError where pixels are missing and the class that has the recipe's step does not leave them out."""
    owner = next(each for each in type(recipe).__mro__ if "step" in vars(each))
    if data.masked and not vars(owner).get("takes_masks", False):
        raise OptionError(
            f"Pixels are missing in these data, and the recipe '{entry.name}' cannot leave them out. Use one that can, "
            "such as pix2pix or cyclegan, or crop the images to where they are complete."
        )


def _check_channels(config: Config, data: Data) -> None:
    """Raise OptionError where the recipe's options ask for other channels than rasters have."""
    for name, count in (("channels", data.channels), ("in_channels", data.in_channels)):
        asked = getattr(config, name, 0)
        if data.output_channels and asked and asked != count:
            raise OptionError(f"{name}={asked} is not right: the data have {count}. Choose among them with --bands.")


def _open(entry: Entry, config: Config, settings: Settings, objects: Any) -> Data:
    """Open the data: rasters, where the settings have options for them, or ``objects`` that are no files."""
    if objects is None and isinstance(settings.data, str) and is_named(settings.data):
        objects = open_named(settings.data, entry.data)
    if objects is not None:
        own = None if settings.raster_options is None else choosing.parse_options(settings.raster_options)
        return open_objects(objects, entry.data, config, own, settings.validation, settings.keep_duplicates)
    if isinstance(settings.data, str) and settings.data.startswith(PREFIX):
        raise OptionError(
            f"This run trains on {settings.data.removeprefix(PREFIX)}, which no file holds. Give the same again, in "
            "Python: ganzoo.resume(run, data=...)."
        )
    if settings.raster_options is None:
        return open_data(
            settings.data, entry.data, config, settings.validation, keep_duplicates=settings.keep_duplicates
        )
    raster_options = choosing.parse_options(settings.raster_options)
    specs = [settings.data] if isinstance(settings.data, str) else settings.data
    request = open_files(specs, entry.data, DataConfig.from_config(config), raster_options, settings.validation)
    return open_rasters(request)


def name_classes(found: list[str], names: list[str]) -> list[str]:
    """Return ``names`` for the classes ``found``. Raises OptionError where their numbers differ."""
    if len(names) != len(found):
        named, have = (f"{len(each)} ({', '.join(each)})" for each in (names, found))
        raise OptionError(f"classes names {named}, the data has {have}. Name each once, in that order.")
    return list(names)


def check_size(recipe: Recipe, size: int) -> None:
    """Raise OptionError where an exported generator's stride does not divide the image size."""
    for name in recipe.exports.values():
        stride = int(getattr(recipe.networks[name], "stride", 1))
        if size % stride:
            raise OptionError(
                f"image_size={size} is not right: the generator takes multiples of {stride}. "
                f"Set image_size={max(1, size // stride) * stride}."
            )


def initialize(recipe: Recipe) -> None:
    """Call ``begin()`` of networks that start from weights of their own choice."""
    for network in recipe.networks.values():
        begin: Any = getattr(network, "begin", None)
        if begin is not None:
            begin()


def draw_examples(train: Dataset, count: int, seed: int) -> Mapping[str, Tensor]:
    """Return a batch of ``count`` training examples, which depends on the seed alone.

    Raises:
        OptionError: there are fewer.
    """
    if count > len(train) and not isinstance(train, Stream):  # the number of images in shards is not known
        raise OptionError(f"There are only {len(train)} training images: set at most {len(train)}.")
    batches = Batches(train, batch_size=count, seed=mix(seed, 8), workers=0)
    try:
        (examples,) = batches.get(0)
    finally:
        batches.close()
    return examples


def load_start_weights(recipe: Recipe, start_from: Mapping[str, str]) -> None:
    """Load the weights of other models into networks that start from them.

    Args:
        recipe: its networks are changed.
        start_from: name of a network ("": the main generator) -> reference of a model.

    Raises:
        OptionError: the recipe lacks such a network, or it differs from the model's.
    """
    for name, ref in start_from.items():
        chosen = name or recipe.exports[""]
        if chosen not in recipe.networks:
            raise OptionError(
                f"The recipe has no network '{chosen}' to start from {ref}. It has: {', '.join(recipe.networks)}."
            )
        _load_weights(recipe, chosen, ref)


def _load_weights(recipe: Recipe, name: str, ref: str) -> None:
    network = recipe.networks[name]
    model = load.load(ref, device="cpu", engine="torch")
    theirs: Any = model.generator.architecture
    ours: Any = getattr(network, "architecture", None)
    if not (ours and ours.entry.startswith("generator:")):
        raise OptionError(f"The network '{name}' is not a generator, but {ref} is. Name a generator.")
    if ours != theirs:
        changes = [f"--part generator={theirs.entry.partition(':')[2]}"] if ours.entry != theirs.entry else []
        names = _settings_of_facts(recipe, name)
        changes += [
            f"--set {names.get(key, f'generator.{key}')}={value}"
            for key, value in theirs.options.items()
            if ours.options.get(key) != value
        ]
        raise OptionError(f"{ref} is a different network than '{name}'. To start from it: {' '.join(changes)}.")
    network.load_state_dict(model.generator.state_dict())


def _settings_of_facts(recipe: Recipe, name: str) -> dict[str, str]:
    """Return the recipe's own settings that its networks get: option of a generator -> setting."""
    names = {fact: fact for fact in building.FACTS if fact not in ("in_channels", "out_channels")}
    if name == recipe.exports[""]:  # what translates back has them the other way round
        names |= {"in_channels": "in_channels", "out_channels": "channels"}
    config = getattr(recipe, "config", None)
    return {fact: setting for fact, setting in names.items() if hasattr(config, setting)}


def place_on_machine(recipe: Recipe, machine: Machine, processes: Processes, compiled: bool = False) -> None:
    """Move the recipe's networks to the device, and tell the recipe which processes train it."""
    for network in recipe.networks.values():
        # In place: the optimizers, still empty, refer to the same parameters.
        network.to(machine.device)
        network.to(memory_format=machine.memory_format)
        if compiled:
            network.compile()  # type: ignore[no-untyped-call]
    recipe.processes = processes
    if machine.precision == "fp16":
        recipe.scalers = {name: torch.amp.GradScaler(machine.device.type) for name in recipe.optimizers}
