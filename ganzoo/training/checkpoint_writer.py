"""A run's checkpoints, and the models exported along with them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.errors import GanzooError
from ganzoo.recipes.distributed import Processes
from ganzoo.training import best_step, checkpoint
from ganzoo.training.export import ModelExporter
from ganzoo.training.randomness import random_state
from ganzoo.training.run_state import RunState
from ganzoo.training.settings import Settings
from ganzoo.training.setup import RunSetup
from ganzoo.training.validation import Observer
from ganzoo.weights import model_folder, weights_file

if TYPE_CHECKING:
    from timm.utils import ModelEmaV3


class CheckpointWriter:
    """Saves a run: its whole state as a checkpoint, its generators as model folders, best.json."""

    def __init__(
        self, run: Path, settings: Settings, setup: RunSetup, observer: Observer, processes: Processes
    ) -> None:
        self.run, self.settings, self.setup = run, settings, setup
        self.observer, self.processes = observer, processes
        self.exporter = ModelExporter(run, settings, setup, processes=processes.count)

    @property
    def averages(self) -> Mapping[str, ModelEmaV3]:
        return self.observer.averages

    def save(self, step: int, state: RunState) -> Path | None:
        """Write the checkpoint of ``step``; return its path in the leading process, None in the others."""
        random = self.processes.collect(random_state())
        if not self.processes.leads:
            return None
        return checkpoint.save(
            self.run,
            step,
            self.setup.recipe,
            self.averages,
            state.seconds,
            self.settings.keep,
            self.setup.data.fingerprint,
            random=random,
            loop=state.as_dict(),
            best=state.best.step,
        )

    def export(self, step: int, state: RunState) -> None:
        """Write what belongs to the checkpoint of ``step``: the models, and best.json. It may be done again."""
        with self.observer.networks() as networks:
            for subfolder in _subfolders(step, state):
                self.exporter.export(networks, step, state.seconds, subfolder)
        state.best.write(self.run)

    def is_exported(self, step: int, state: RunState) -> bool:
        """Tell whether `export` has written all: a kill may have come between a checkpoint and its models."""
        editions = self.setup.recipe.exports
        return all(
            _holds(self.run / subfolder / edition, step)
            for subfolder in _subfolders(step, state)
            for edition in editions
        )

    def restore(self, content: Mapping[str, Any]) -> None:
        """Put a checkpoint's content back into networks, optimizers, averages and random numbers."""
        checkpoint.restore(content, self.settings.recipe, self.setup.recipe, self.averages, self.processes)


def _subfolders(step: int, state: RunState) -> list[str]:
    return ["", best_step.FOLDER] if state.best.step == step else [""]


def _holds(folder: Path, step: int) -> bool:
    """Tell whether a folder holds the whole model of a step."""
    try:
        card, written = model_folder.read(folder), weights_file.sha256(folder / weights_file.FILE)
    except (GanzooError, OSError):
        return False
    steps = card.training.steps if card.training else 0
    return steps == step and card.weights is not None and card.weights.sha256 == written
