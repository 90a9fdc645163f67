"""Turns checkpoints of other code bases into models: safetensors, a typed config and a card.

Entries of the kind "importer" recognize a checkpoint by the names and shapes of its tensors. Files of torch.save are
read as tensors only: one that holds code is refused.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ganzoo import catalog
from ganzoo.cards.card import Card, TrainingInfo
from ganzoo.catalog import discovery
from ganzoo.catalog.building import recorded_architecture
from ganzoo.checkpoints.conversion import build_network
from ganzoo.checkpoints.reading import read_groups
from ganzoo.checkpoints.recognition import choose_generator, find_discriminators
from ganzoo.contracts.importer import DetectedCheckpoint
from ganzoo.errors import OptionError, RegistryError
from ganzoo.version import __version__
from ganzoo.weights import model_folder

_NAME = re.compile(r"[a-z0-9]+([-._][a-z0-9]+)*/[a-z0-9]+([-._][a-z0-9]+)*")


@dataclass(frozen=True)
class ImportResult:
    """An imported model.

    Args:
        card: As written to the model's folder.
        folder: The model's.
        messages: For the user: how the model was recognized, what was assumed, what differs.
    """

    card: Card
    folder: Path
    messages: tuple[str, ...]


def import_checkpoint(
    file: str | Path,
    name: str,
    output: str | Path,
    *,
    key: str = "",
    discriminator: str | Path | None = None,
    values: Mapping[str, Any] | None = None,
    license: str = "unknown",
    summary: str = "",
) -> ImportResult:
    """Turn a checkpoint of another code base into a model folder.

    Args:
        file: A torch.save file, which may hold only tensors and plain values, or a .safetensors file.
        name: Of the model, "family/variant".
        output: The model's folder.
        key: The generator's name in the file, if it has several.
        discriminator: A file to take the discriminator from. By default it is looked for in ``file``: the only one
            there, or netD_A for netG_A.
        values: Options that the checkpoint does not determine, by name, such as {"padding": "reflect"}. By default
            the importer's first choice is taken. "image_size" sets the size on the card, in pixels.
        license: Of the weights.
        summary: What the model does, in one line.

    Raises:
        WeightsError: the file cannot be read or is not recognized.
        OptionError: a value or key is wrong.
        RegistryError: the name is not valid.
        OutputError: the folder cannot be written, or holds another model.
    """
    if not _NAME.fullmatch(name):
        raise RegistryError(
            f"'{name}' is not a valid model name. Write family/variant in lower case, for example cyclegan/maps."
        )
    groups = read_groups(Path(file))
    chosen_key, detected = choose_generator(groups, key, Path(file))
    requested = dict(values or {})
    image_size = _parse_size(requested.pop("image_size", detected.image_size))
    network, undetermined = build_network(detected, requested)
    discriminators = find_discriminators(groups, discriminator, chosen_key)
    network_d = build_network(next(iter(discriminators.values())), {})[0] if len(discriminators) == 1 else None
    card = dataclasses.replace(
        _describe(detected, network, name),
        image_size=image_size,
        license=license,
        summary=summary,
        discriminator=recorded_architecture(network_d) if network_d else {},
    )
    state, discriminator_state = network.state_dict(), network_d.state_dict() if network_d else None

    def write(folder: Path) -> Card:
        return model_folder.write(folder, card, state, discriminator_state)

    model_folder.refuse_another(Path(output), card, partial(model_folder.hash_written, write))
    written = write(Path(output))
    assumed = {name: value for name, value in undetermined.items() if name not in requested}
    messages = (
        _recognized_as(chosen_key, detected),
        *_assumptions(assumed, image_size),
        *_discriminator_messages(discriminators),
        *(f"{note}." for note in detected.notes),
    )
    return ImportResult(written, Path(output), messages)


def _parse_size(value: Any) -> int:
    if not str(value).isdecimal() or int(value) < 1:
        raise OptionError(f"image_size={value} is not right: it should be a number of pixels, at least 1.")
    return int(value)


def _describe(detected: DetectedCheckpoint, network: Any, name: str) -> Card:
    """Return the card of an imported generator."""
    entry = catalog.find(detected.entry)
    return Card(
        name=name,
        entry=entry.spec,
        task=entry.task,
        image_size=int(getattr(network, "image_size", detected.image_size)),
        in_channels=int(getattr(network, "in_channels", 0)),
        out_channels=int(network.out_channels),
        latent_dim=int(getattr(network, "latent_dim", 0)),
        options=dict(network.architecture.options),
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        paper=entry.paper,
        plugin=discovery.distribution_of(catalog.origin(entry.spec)),
        inference="; ".join(detected.notes),
        limits="Imported: data set, training and scores are documented by the other code base.",
        training=TrainingInfo(recipe="", hardware=f"imported from {detected.source}", ganzoo_version=__version__),
    )


def _recognized_as(key: str, detected: DetectedCheckpoint) -> str:
    determined = ", ".join(f"{name}={value}" for name, value in detected.options.items())
    prefix = f"{key}: " if key else ""
    return f"{prefix}{detected.source}, {detected.entry} with {determined}."


def _assumptions(assumed: Mapping[str, Any], image_size: int) -> Iterator[str]:
    if assumed:
        listed = ", ".join(f"{name}={value}" for name, value in assumed.items())
        yield f"Not determined by the file, so assumed: {listed} (--set NAME=VALUE changes it)."
    yield f"Assumed to be trained at {image_size} pixels (--set image_size=N changes it)."


def _discriminator_messages(discriminators: Mapping[str, DetectedCheckpoint]) -> Iterator[str]:
    if len(discriminators) == 1:
        yield f"Its discriminator is saved next to it ({next(iter(discriminators.values())).entry})."
    elif discriminators:
        names = ", ".join(discriminators)
        yield f"The discriminators ({names}) are left out: it is not clear which belongs to this generator."
