"""A run from its first step to its last. What a step does to the networks is the recipe's business."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from ganzoo.errors import TrainingError
from ganzoo.recipes.distributed import Processes
from ganzoo.training import checkpoint, environment, error_messages, logs, run_lock, validation_metric
from ganzoo.training.batches import Batches
from ganzoo.training.best_step import Best
from ganzoo.training.checkpoint_writer import CheckpointWriter
from ganzoo.training.collapse_detector import Diagnosis
from ganzoo.training.ema import build_averages
from ganzoo.training.finite_checks import find_broken_loss, find_broken_weight, mean_losses
from ganzoo.training.reporter import Reporter
from ganzoo.training.run_logger import RunLogger
from ganzoo.training.run_state import RunState
from ganzoo.training.settings import Settings
from ganzoo.training.setup import RunSetup, set_up
from ganzoo.training.stopping import StopRequest
from ganzoo.training.updater import Updater
from ganzoo.training.validation import Observer
from ganzoo.training.validation_metric import ValidationMetric


class Loop:
    """One run in progress: `run` does the steps, and `_one_step` shows what happens in each of them.

    Args:
        folder: the run's.
        settings: the run's.
        reporter: shows its progress.
        processes: those that train the run together.
        is_new: whether the run starts, so that networks take the weights they start from.
        objects: the data, where they are no files.
    """

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        reporter: Reporter,
        processes: Processes,
        is_new: bool = True,
        objects: Any = None,
    ) -> None:
        self.folder, self.settings, self.processes = folder, settings, processes
        log = reporter.note if processes.leads else None
        self.setup = set_up(settings, processes, is_new, objects, log)
        averages = build_averages(self.setup.recipe, settings.average_decay, settings.ema_warmup)
        metric = _validation_metric(settings, self.setup, processes)
        self.observer = Observer(self.setup.recipe, averages, self.setup.data, self.setup.machine, metric)
        self.updater = Updater(self.setup, settings, averages)
        self.batches = _open_batches(settings, self.setup, processes, reporter)
        self.logger = RunLogger(folder, reporter, processes.leads)
        self.checkpoints = CheckpointWriter(folder, settings, self.setup, self.observer, processes)
        self.state = RunState(Best(settings.best))
        self.stop_request = StopRequest()

    def restore(self, content: Mapping[str, Any]) -> None:
        """Put everything back as it was when the checkpoint with this ``content`` was written."""
        self.checkpoints.restore(content)
        with checkpoint.fitting(content["step"]):
            self.state.restore(content)
        before = len(checkpoint.random_states(content))
        if before != self.processes.count:
            self.logger.reporter.note(
                f"{before} process(es) trained this run so far, and {self.processes.count} train it now: the results "
                "will be as good, but not bit for bit the same."
            )

    def run(self, first: int) -> None:
        """Do the steps after ``first``. A checkpoint is written at the end, and where a signal stops the run."""
        self.state.saved_step = step = first
        self._begin(first)
        reason = "finished"
        try:
            with self.stop_request.listening():
                for step in range(first + 1, self.settings.steps + 1):
                    self._one_step(step)
                    stop = self.processes.any(bool(self.stop_request.name or self.state.stop_warning))
                    if stop and step < self.settings.steps:
                        self._stop(step)
        except BaseException as error:
            interrupted = self.state.interrupted or isinstance(error, KeyboardInterrupt)
            reason = "interrupted" if interrupted else f"failed: {type(error).__name__}: {error}"
            raise
        finally:
            self.batches.close()
            self.logger.send("ganzoo_train_end", step=step, reason=reason)

    def _begin(self, first: int) -> None:
        if not self.processes.leads:
            return
        logs.write_held_out(self.folder, self.setup.data.held_out)
        environment.write(self.folder, environment.describe(self.setup.machine.device, self.processes))
        self.logger.data(self.setup.data)
        for text in self.setup.suggestions if first == 0 else ():
            self.logger.reporter.note(text)
        self.logger.send("ganzoo_train_start", settings=dataclasses.asdict(self.settings))
        self.logger.reporter.start(first, self.settings.steps, self.settings.batch_size)

    def _one_step(self, step: int) -> None:
        """Update the networks; then log, draw samples and save where it is time for it."""
        started = time.monotonic()
        with error_messages.of_memory(step, self.setup.machine.device):
            losses = self.updater.update(step, self.batches.get(step - 1))
        self.state.seconds += time.monotonic() - started
        sample = self._is_time(step, self.settings.sample_every) or step == 1
        save = self._is_time(step, self.settings.checkpoint_every)
        values = None
        if self._is_time(step, self.settings.log_every) or step == 1:
            values = self._log(step, losses)
        self.logger.reporter.step(step, values)
        if sample or save:
            self._check_finite(step, losses)
        if sample:
            save = self.processes.broadcast(self._sample(step) if self.processes.leads else None) or save
        if save:
            self._save(step)

    def _is_time(self, step: int, every: int) -> bool:
        return step % every == 0 or step == self.settings.steps

    def _log(self, step: int, losses: Mapping[str, Tensor | float]) -> dict[str, float]:
        values = self._finite_losses(step, losses)
        if self.processes.leads:
            speed = self.state.steps_per_second(step) * self.settings.batch_size
            self.logger.metrics(step, self.state.seconds, speed, values)
            self._warn(self.state.collapse_detector.losses(step, values))
        return values

    def _finite_losses(self, step: int, losses: Mapping[str, Tensor | float]) -> dict[str, float]:
        values = mean_losses(losses, self.settings.recipe, self.processes)
        if broken := find_broken_loss(values, step):
            self._fail(step, broken)
        return values

    def _check_finite(self, step: int, losses: Mapping[str, Tensor | float]) -> None:
        """Stop before broken networks are saved, though no loss may show it yet."""
        self._finite_losses(step, losses)
        if broken := find_broken_weight(self.setup.recipe.networks, step):
            self._fail(step, broken)

    def _sample(self, step: int) -> bool:
        """Write a sample sheet, measures and the report; return whether this is the best step so far."""
        sheet, best = self.folder / logs.SAMPLES / f"step-{step:08d}.png", self.state.best
        result = self.logger.attempt(logs.SAMPLES, lambda: self.observer.draw(sheet))
        if result is not None:
            if result.measures:
                self.logger.validation(step, result.measures)
                better = best.after(step, result.measures)  # refuses an unknown measure, even at step 1
                if step > 1:  # networks have learned nothing at step 1
                    self.state.best = better
            self._warn(self.state.collapse_detector.variety(step, result.shares))
            self.logger.send("ganzoo_train_sample", step=step, sheet=sheet, measures=result.measures)
        self.logger.report()
        return self.state.best is not best

    def _save(self, step: int) -> None:
        path = self.checkpoints.save(step, self.state)
        if path is not None:
            self.checkpoints.export(step, self.state)
            self.logger.report()
            self.logger.send("ganzoo_train_checkpoint", step=step, checkpoint=path)
        self.state.saved_step = step

    def _warn(self, diagnoses: list[Diagnosis]) -> None:
        self.logger.warnings(diagnoses)
        if diagnoses and self.settings.stop_on_warning:
            self.state.stop_warning = diagnoses[-1].text

    def _fail(self, step: int, broken: str) -> None:
        """Log what broke the networks, and raise it as a TrainingError."""
        self._warn([Diagnosis(step, "nan", broken)])
        self.logger.report()
        saved = self.state.saved_step
        intact = f"The checkpoint of step {saved} is intact" if saved else "There is no checkpoint yet"
        raise TrainingError(f"{broken} {intact}. Start again in another folder with a lower learning_rate, or in fp32.")

    def _stop(self, step: int) -> None:
        """Save, and raise a TrainingError that says how to resume."""
        if self.state.saved_step != step:
            self._save(step)
        self.processes.any(False)  # all wait until the checkpoint is complete: torchrun ends the others with the first
        self.state.interrupted = True
        hint = run_lock.resume_hint(self.folder)
        if self.state.stop_warning and not self.stop_request.name:
            raise TrainingError(
                f"Stopped after step {step}, as requested: {self.state.stop_warning} The checkpoint is saved. {hint}"
            )
        cause = self.stop_request.name or "another process"
        raise TrainingError(f"Stopped by {cause} after step {step}; nothing is lost. {hint}")


def _validation_metric(settings: Settings, setup: RunSetup, processes: Processes) -> ValidationMetric | None:
    """Return the metric of `ganzoo eval` that chooses the best step, where the settings name one."""
    if not (validation_metric.split(settings.best) and processes.leads):
        return None
    return ValidationMetric(settings, setup.data, setup.machine.device)


def _open_batches(settings: Settings, setup: RunSetup, processes: Processes, reporter: Reporter) -> Batches:
    rank = processes.rank
    return Batches(
        setup.data.train,
        batch_size=settings.batch_size,
        micro_batches=settings.accumulate,
        seed=settings.seed,
        rank=rank,
        processes=processes.count,
        workers=settings.workers or None,
        log=reporter.note if processes.leads else lambda text: reporter.note(f"[process {rank}] {text}"),
    )
