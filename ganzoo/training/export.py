"""A run's generators as model folders, with true cards."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ganzoo import catalog
from ganzoo.cards.card import Card, DatasetInfo, TrainingInfo
from ganzoo.catalog import discovery
from ganzoo.catalog.building import Architecture
from ganzoo.contracts.tasks import find as find_task
from ganzoo.data.datasets import Data
from ganzoo.inference import devices
from ganzoo.recipes.recipe import Recipe
from ganzoo.training.settings import Settings
from ganzoo.version import __version__
from ganzoo.weights import model_folder


@dataclass(frozen=True)
class Origin:
    """What the cards of a run say of it, beside what its networks say themselves.

    options  the recipe's, complete
    parts    role -> {"entry": what was built, "options": what the user set of it}
    """

    run: Path
    settings: Settings
    options: Mapping[str, Any]
    parts: Mapping[str, Any]
    data: Data
    device: torch.device
    processes: int = 1


def export(
    origin: Origin, recipe: Recipe, networks: Mapping[str, nn.Module], step: int, seconds: float, within: str = ""
) -> None:
    """Write each of the recipe's exports: the main one into the run's folder, others into folders in it.

    within      a folder in the run's folder, to write all of them there
    ``networks`` gives the weights, ``recipe.networks`` what they are called after.
    """
    for edition, name in recipe.exports.items():
        discriminator = recipe.networks.get(recipe.discriminators.get(edition, ""))
        card = describe(origin, edition, recipe.networks[name], step, seconds, discriminator)
        discriminator_state = discriminator.state_dict() if discriminator else None
        model_folder.write(origin.run / within / edition, card, networks[name].state_dict(), discriminator_state)


def describe(
    origin: Origin, edition: str, network: nn.Module, step: int, seconds: float, discriminator: nn.Module | None = None
) -> Card:
    """Return the card of one generator as it stands, and of its discriminator."""
    architecture: Architecture = network.architecture  # type: ignore[assignment]
    entry = catalog.find(architecture.entry)
    settings, data = origin.settings, origin.data
    pictures = sum(count for what, count in data.counts.items() if what != "shards")  # whose pictures nobody counted
    held_out = f", {len(data.held_out)} held out" if data.held_out else ""
    return Card(
        name=f"{settings.recipe}/{_variant(origin.run, edition)}",
        entry=architecture.entry,
        task=entry.task,
        image_size=data.image_size,
        in_channels=int(getattr(network, "in_channels", 0)),
        out_channels=int(network.out_channels),  # type: ignore[arg-type]
        latent_dim=int(getattr(network, "latent_dim", 0)),
        classes=tuple(data.classes) if "label" in find_task(entry.task).inputs else (),
        frames=int(getattr(network, "frames", 0)),
        scale=int(getattr(network, "scale", 1)),
        options=architecture.options,
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        paper=entry.paper,
        plugin=discovery.distribution_of(catalog.origin(architecture.entry)),
        inference="; ".join(
            [
                *(["averaged weights (EMA)"] if settings.ema_decay else []),
                *(["dropout off (pix2pix's authors leave it on)"] if architecture.options.get("dropout") else []),
            ]
        ),
        dataset=DatasetInfo(name=_name_of(settings.data), split=f"train{held_out}", count=pictures),
        discriminator=_architecture(discriminator) if discriminator else {},
        training=TrainingInfo(
            recipe=settings.recipe,
            steps=step,
            batch_size=settings.batch_size,
            seconds=round(seconds, 1),
            hardware=_hardware(origin),
            seed=settings.seed,
            ganzoo_version=__version__,
            precision=settings.precision,
            ema_decay=settings.ema_decay,
            options=dict(origin.options),
            parts=dict(origin.parts),
            start_from=dict(settings.start_from),
        ),
    )


def _architecture(network: nn.Module) -> dict[str, Any]:
    found: Architecture = network.architecture  # type: ignore[assignment]
    return {"entry": found.entry, "options": dict(found.options)}


def _name_of(data: str | list[str]) -> str:
    return " + ".join(Path(each).name for each in ([data] if isinstance(data, str) else data))


def _hardware(origin: Origin) -> str:
    group = f"{origin.processes} processes, each on " if origin.processes > 1 else ""
    return group + devices.describe(origin.device)


def _variant(run: Path, edition: str) -> str:
    """Return the second half of the card's name: the folder's name and the edition, in a name's letters."""
    words = "-".join([run.resolve().name, *([edition] if edition else [])])
    return re.sub(r"[^a-z0-9.]+", "-", words.lower()).strip("-.") or "run"
