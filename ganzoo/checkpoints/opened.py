"""A checkpoint of another code base as a network with its card, in memory."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo import catalog
from ganzoo.cards.card import Card, TrainingInfo, Weights
from ganzoo.catalog import discovery
from ganzoo.checkpoints import verification
from ganzoo.checkpoints.conversion import build_network
from ganzoo.checkpoints.reading import read_groups
from ganzoo.checkpoints.recognition import choose_generator
from ganzoo.contracts.importer import DetectedCheckpoint, Tensors
from ganzoo.errors import OptionError
from ganzoo.version import __version__
from ganzoo.weights import weights_file

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class OpenedCheckpoint:
    """A generator out of a checkpoint.

    Attributes:
        network: With the checkpoint's weights, in evaluation mode.
        card: Its weights are the checkpoint itself.
        key: The generator's name in the file; "" for a file that is one network.
        groups: All networks of the file.
        messages: For the user: how it was recognized, what was assumed, what differs.
    """

    network: nn.Module
    card: Card
    key: str
    groups: Mapping[str, Tensors]
    messages: tuple[str, ...]


def open_checkpoint(
    file: Path, name: str = "", key: str = "", values: Mapping[str, Any] | None = None, checked: bool = True
) -> OpenedCheckpoint:
    """Return the generator in a checkpoint, compared with its own code base and tried on a photograph where it can be.

    Args:
        file: A torch.save file, which may hold only tensors and plain values, or a .safetensors file.
        name: Of the model; "": made of the file's name.
        key: The generator's name in the file, if it has several.
        values: Options that the checkpoint does not determine, by name, and "image_size".
        checked: Refuse what makes of a photograph something far from it.

    Raises:
        WeightsError: The file cannot be read, is not recognized, or does not do what its kind of network does.
        OptionError: A value or key is wrong.
    """
    groups = read_groups(file)
    chosen, detected = choose_generator(groups, key, file)
    requested = dict(values or {})
    image_size = _parse_size(requested.pop("image_size", detected.image_size))
    network, undetermined = build_network(detected, requested)
    card = replace(
        _describe(detected, network, name or name_of(file)),
        image_size=image_size,
        weights=Weights(file.name, weights_file.sha256(file), file.stat().st_size),
    )
    verification.verify(network, card, detected.reference, str(file), checked)
    assumed = {option: value for option, value in undetermined.items() if option not in requested}
    messages = (
        _recognized_as(chosen, detected),
        *_assumptions(assumed, image_size, card),
        *(f"{note}." for note in detected.notes),
    )
    return OpenedCheckpoint(network, card, chosen, groups, messages)


def name_of(file: Path) -> str:
    """Return a model's name made of a file's: "file/realesr-animevideov3"."""
    stem = "-".join(re.findall(r"[a-z0-9]+", file.stem.lower()))
    return f"file/{stem or 'model'}"


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
        scale=int(getattr(network, "scale", 1)),
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


def _assumptions(assumed: Mapping[str, Any], image_size: int, card: Card) -> Iterator[str]:
    if assumed:
        listed = ", ".join(f"{name}={value}" for name, value in assumed.items())
        yield f"Not determined by the file, so assumed: {listed} (--set NAME=VALUE changes it)."
    if not (card.does.enlarges or card.does.own_size):
        yield f"Assumed to be trained at {image_size} pixels (--set image_size=N changes it)."
