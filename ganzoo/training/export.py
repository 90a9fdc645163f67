"""A run's generators as model folders, with cards that describe the run."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from ganzoo import catalog
from ganzoo.cards.card import Card, DatasetInfo, TrainingInfo
from ganzoo.catalog import discovery
from ganzoo.catalog.building import Architecture, recorded_architecture
from ganzoo.catalog.tasks import find as find_task
from ganzoo.inference import devices
from ganzoo.rasters.channel import Channel
from ganzoo.training.ema import decay_at
from ganzoo.training.settings import Settings
from ganzoo.training.setup import RunSetup
from ganzoo.version import __version__
from ganzoo.weights import model_folder


@dataclass(frozen=True)
class ModelExporter:
    """Writes a run's generators as model folders, each with a card that describes the run."""

    run: Path
    settings: Settings
    setup: RunSetup
    processes: int = 1

    def export(self, networks: Mapping[str, nn.Module], step: int, seconds: float, subfolder: str = "") -> None:
        """Write each of the recipe's exports: the main one into the run's folder, others into folders within it.

        Args:
            networks: the weights to write, averaged ones where there is an average; named as in the recipe.
            step: how many steps they were trained for.
            seconds: how long that took.
            subfolder: a folder in the run's folder, to write all of them there.
        """
        recipe = self.setup.recipe
        for edition, name in recipe.exports.items():
            discriminator = recipe.networks.get(recipe.discriminators.get(edition, ""))
            card = self.card(edition, recipe.networks[name], step, seconds, discriminator)
            discriminator_state = discriminator.state_dict() if discriminator else None
            model_folder.write(self.run / subfolder / edition, card, networks[name].state_dict(), discriminator_state)

    def card(
        self, edition: str, network: nn.Module, step: int, seconds: float, discriminator: nn.Module | None = None
    ) -> Card:
        """Return the card of a generator after ``step``, and of its discriminator."""
        architecture: Architecture = network.architecture  # type: ignore[assignment]
        entry = catalog.find(architecture.entry)
        data, plugin = self.setup.data, discovery.plugin(catalog.origin(architecture.entry))
        first, last = self._channels(edition, network)
        return Card(
            name=f"{self.settings.recipe}/{_variant(self.run, edition)}",
            entry=architecture.entry,
            task=entry.task,
            image_size=data.image_size,
            image_width=data.image_width,
            in_channels=int(getattr(network, "in_channels", 0)),
            out_channels=int(network.out_channels),  # type: ignore[arg-type]
            latent_dim=int(getattr(network, "latent_dim", 0)),
            classes=tuple(data.classes) if "label" in find_task(entry.task).inputs else (),
            frames=int(getattr(network, "frames", 0)),
            scale=int(getattr(network, "scale", 1)),
            options=architecture.options,
            parameters=sum(parameter.numel() for parameter in network.parameters()),
            paper=entry.paper,
            plugin=plugin.distribution,
            plugin_version=plugin.version,
            inference="; ".join(self._inference_notes(architecture, step)),
            dataset=self._dataset(),
            discriminator=recorded_architecture(discriminator) if discriminator else {},
            input_channels=first,
            output_channels=last,
            training=self._training(step, seconds),
        )

    def _channels(self, edition: str, network: nn.Module) -> tuple[tuple[Channel, ...], tuple[Channel, ...]]:
        """Return what the channels of a generator's input and output mean; nothing of ordinary images."""
        data = self.setup.data
        first, last = data.input_channels, data.output_channels
        if edition == "b2a":
            first, last = last, first
        is_input = int(getattr(network, "in_channels", 0)) > 0
        inputs = tuple(dataclasses.replace(one, outside="keep") for one in first) if is_input else ()
        return inputs, tuple(dataclasses.replace(one, outside="clip") for one in last)

    def _inference_notes(self, architecture: Architecture, step: int) -> Iterator[str]:
        if decay := self.settings.average_decay:
            last = decay_at(step, decay, self.settings.ema_warmup)
            yield f"averaged weights (EMA), decay {last:.4g} at the last step"
        if architecture.options.get("dropout"):
            yield "dropout off (pix2pix's authors leave it on)"

    def _dataset(self) -> DatasetInfo:
        data = self.setup.data
        images = sum(count for what, count in data.counts.items() if what != "shards")  # their images are not counted
        held_out = f", {len(data.held_out)} held out" if data.held_out else ""
        return DatasetInfo(name=_dataset_name(self.settings.data), split=f"train{held_out}", count=images)

    def _training(self, step: int, seconds: float) -> TrainingInfo:
        settings = self.settings
        return TrainingInfo(
            recipe=settings.recipe,
            steps=step,
            batch_size=settings.batch_size,
            seconds=round(seconds, 1),
            hardware=self._hardware(),
            seed=settings.seed,
            ganzoo_version=__version__,
            precision=settings.precision,
            ema_decay=settings.average_decay,
            options=dict(self.setup.options),
            parts=dict(self.setup.parts),
            start_from=dict(settings.start_from),
            plugins=dict(self.setup.record(settings).plugins),
        )

    def _hardware(self) -> str:
        group = f"{self.processes} processes, each on " if self.processes > 1 else ""
        return group + devices.describe(self.setup.machine.device)


def _dataset_name(data: str | list[str]) -> str:
    return " + ".join(Path(each).name for each in ([data] if isinstance(data, str) else data))


def _variant(run: Path, edition: str) -> str:
    """Return the second half of the card's name: the folder's name and the edition, in characters a name may have."""
    words = "-".join([run.resolve().name, *([edition] if edition else [])])
    return re.sub(r"[^a-z0-9.]+", "-", words.lower()).strip("-.") or "run"
