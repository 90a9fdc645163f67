"""One training step: learning rates, the recipe's update on each micro-batch, averages."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from torch import Tensor

from ganzoo.contracts.recipe import StepState
from ganzoo.training import error_messages
from ganzoo.training.batches import MicroBatches
from ganzoo.training.data_order import draws
from ganzoo.training.ema import update_averages
from ganzoo.training.settings import Settings
from ganzoo.training.setup import RunSetup

if TYPE_CHECKING:
    from timm.utils import ModelEmaV3


class Updater:
    """Does the updates of a run's steps. What an update is, is the recipe's business.

    Args:
        setup: recipe, data and machine.
        settings: the run's.
        averages: averaged networks by name, updated after each step.
    """

    def __init__(self, setup: RunSetup, settings: Settings, averages: Mapping[str, ModelEmaV3]) -> None:
        self.setup, self.settings, self.averages = setup, settings, averages
        self.recipe, self.machine = setup.recipe, setup.machine
        self.base_rates = {
            name: [group["lr"] for group in optimizer.param_groups]
            for name, optimizer in self.recipe.optimizers.items()
        }
        self.fits = False  # whether the networks have accepted a batch

    def update(self, step: int, micro_batches: MicroBatches) -> Mapping[str, Tensor | float]:
        """Do ``step``, counted from 1, and return the losses of its last micro-batch."""
        self.recipe.step_state = StepState(step - 1, 0, len(micro_batches), None, self.settings.steps)
        self._set_learning_rates((step - 1) / self.settings.steps)
        for index, batch in enumerate(micro_batches):
            random = draws(self.settings.seed, step - 1)
            self.recipe.step_state = StepState(step - 1, index, len(micro_batches), random, self.settings.steps)
            with self._explained(), self.machine.autocast():
                losses = self.recipe.step(self.machine.place(batch))
            self.fits = True
        update_averages(self.averages, self.recipe, step)
        return losses

    def _explained(self) -> AbstractContextManager[None]:
        """Explain errors of the first update, where networks and images may not fit together."""
        if self.fits:
            return nullcontext()
        return error_messages.of_first_step(self.recipe, self.setup.data, self.settings.batch_size)

    def _set_learning_rates(self, progress: float) -> None:
        factor = self.recipe.learning_rate(progress)
        for name, optimizer in self.recipe.optimizers.items():
            for group, rate in zip(optimizer.param_groups, self.base_rates[name], strict=True):
                group["lr"] = rate * factor
