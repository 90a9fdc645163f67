"""A run's generators as model folders, with true cards."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from ganzoo import catalog, devices, folders, plugins
from ganzoo.building import Architecture
from ganzoo.data.datasets import Data
from ganzoo.interfaces import Recipe
from ganzoo.registry import Card, DatasetInfo, TrainingInfo
from ganzoo.training.settings import Settings
from ganzoo.version import __version__


def export(
    run: Path,
    recipe: Recipe,
    networks: Mapping[str, nn.Module],
    settings: Settings,
    data: Data,
    step: int,
    seconds: float,
    device: torch.device,
) -> None:
    """Write each of the recipe's exports: the main one into the run's folder, others into folders in it."""
    for edition, name in recipe.exports.items():
        network = networks[name]
        card = describe(run, edition, recipe.networks[name], settings, data, step, seconds, device)
        folders.write(run / edition, card, network.state_dict())


def describe(
    run: Path,
    edition: str,
    network: nn.Module,
    settings: Settings,
    data: Data,
    step: int,
    seconds: float,
    device: torch.device,
) -> Card:
    """Return the card of one generator as it stands."""
    architecture: Architecture = network.architecture  # type: ignore[assignment]
    entry = catalog.find(architecture.entry)
    options = architecture.options
    return Card(
        name=f"{settings.recipe}/{'-'.join([run.resolve().name, *([edition] if edition else [])]).lower()}",
        entry=architecture.entry,
        task=entry.task,
        image_size=data.image_size,
        in_channels=int(getattr(network, "in_channels", 0)),
        out_channels=int(network.out_channels),  # type: ignore[arg-type]
        latent_dim=int(getattr(network, "latent_dim", 0)),
        options=options,
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        paper=entry.paper,
        plugin=plugins.distribution_of(catalog.origin(architecture.entry)),
        inference="; ".join(
            [
                *(["averaged weights (EMA)"] if settings.ema_decay else []),
                *(["dropout off (pix2pix's authors leave it on)"] if options.get("dropout") else []),
            ]
        ),
        dataset=DatasetInfo(name=Path(settings.data).name, split="train", count=sum(data.counts.values())),
        training=TrainingInfo(
            recipe=settings.recipe,
            steps=step,
            batch_size=settings.batch_size,
            seconds=round(seconds, 1),
            hardware=devices.describe(device),
            seed=settings.seed,
            ganzoo_version=__version__,
            precision=settings.precision,
            ema_decay=settings.ema_decay,
            options=settings.options,
            parts={**settings.parts, **settings.part_options},
        ),
    )
