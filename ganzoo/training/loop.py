"""Steps, checkpoints, samples, logs. What a step does is the recipe's business."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import torch
from timm.utils import ModelEmaV3
from torch import Tensor

from ganzoo.contracts.recipe import StepState
from ganzoo.errors import OutputError, TrainingError
from ganzoo.recipes.distributed import Processes
from ganzoo.training import checkpoint, environment, error_messages, logs, report, run_lock, validation_metric
from ganzoo.training.batches import Batches
from ganzoo.training.best_step import FOLDER as BEST
from ganzoo.training.best_step import Best
from ganzoo.training.collapse_detector import CollapseDetector, Diagnosis
from ganzoo.training.data_order import draws
from ganzoo.training.events import Events
from ganzoo.training.export import Origin, export
from ganzoo.training.randomness import random_state
from ganzoo.training.settings import Settings
from ganzoo.training.setup import set_up
from ganzoo.training.stopping import StopRequest
from ganzoo.training.validation import Observer
from ganzoo.training.validation_metric import ValidationMetric


class Reporter(Protocol):
    """Whoever shows a run's progress; the loop itself prints nothing."""

    def start(self, first: int, steps: int, batch_size: int) -> None: ...
    def step(self, step: int, losses: Mapping[str, float] | None) -> None: ...
    def note(self, text: str) -> None: ...


class Silent:
    """The reporter for library use, and of all processes but the leading one."""

    def start(self, first: int, steps: int, batch_size: int) -> None:
        pass

    def step(self, step: int, losses: Mapping[str, float] | None) -> None:
        pass

    def note(self, text: str) -> None:
        pass


class Loop:
    """One run in progress."""

    def __init__(
        self, run: Path, asked: Settings, reporter: Reporter, processes: Processes, begins: bool = True
    ) -> None:
        self.folder, self.settings, self.processes = run, asked, processes
        self.reporter = reporter if processes.leads else Silent()
        setup = set_up(asked, processes, begins)
        self.recipe, self.data, self.machine = setup.recipe, setup.data, setup.machine
        self.device = self.machine.device
        self.averages = self._averages()
        metric = (
            ValidationMetric(asked, self.data, self.device)
            if validation_metric.split(asked.best) and processes.leads
            else None
        )
        self.observer = Observer(self.recipe, self.averages, self.data, self.machine, metric)
        self.rates = {name: [group["lr"] for group in o.param_groups] for name, o in self.recipe.optimizers.items()}
        self.batches = Batches(
            self.data.train,
            batch_size=asked.batch_size,
            micro_batches=asked.accumulate,
            seed=asked.seed,
            rank=processes.rank,
            processes=processes.count,
            workers=asked.workers or None,
            note=self.reporter.note
            if processes.leads
            else lambda text: reporter.note(f"[process {processes.rank}] {text}"),
        )
        self.origin = Origin(run, asked, setup.options, setup.parts, self.data, self.device, processes=processes.count)
        self.events = Events(self.reporter.note)
        self.stop = StopRequest()
        self.collapse_detector, self.best = CollapseDetector(), Best(asked.best)
        self.warned = ""  # what the watch found last, where that is to stop the run
        self.unwritten: set[str] = set()  # logs that could not be written, and were told of
        self.seconds = 0.0
        self.logged = (0, 0.0)  # steps and seconds at the last log line
        self.saved = 0  # the step of the newest checkpoint
        self.interrupted = False
        self.begun = False  # whether the networks were seen to take the pictures

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put everything back as it was when the checkpoint ``state`` was made."""
        checkpoint.restore(state, self.recipe, self.averages, self.processes)
        self.seconds = state["seconds"]
        self.logged = (state["step"], self.seconds)
        if kept := state.get("loop"):  # early checkpoints have none
            self.collapse_detector.load_state(kept["watch"])
            best = Best(*kept["best"])
            self.best = best if self.settings.best in ("", best.measure) else self.best  # another measure starts anew
        before = len(checkpoint.of_processes(state))
        if before != self.processes.count:
            self.reporter.note(
                f"{before} process(es) trained this run, and now there are {self.processes.count}: what comes is as "
                "good, but not bit for bit what it would have been."
            )

    def run(self, first: int) -> None:
        """Do the steps from ``first`` to the end, with a checkpoint at the end and wherever a signal stops it."""
        self.saved = step = first
        self._begin(first)
        reason = "finished"
        try:
            with self.stop.listening():
                for step in range(first + 1, self.settings.steps + 1):
                    self._one_step(step)
                    if self.processes.any(bool(self.stop.name or self.warned)) and step < self.settings.steps:
                        self._stop(step)
        except BaseException as error:
            reason = (
                "interrupted"
                if self.interrupted or isinstance(error, KeyboardInterrupt)
                else f"failed: {type(error).__name__}: {error}"
            )
            raise
        finally:
            self.batches.close()
            self._send("ganzoo_train_end", step=step, reason=reason)

    def _begin(self, first: int) -> None:
        if not self.processes.leads:
            return
        logs.write_held_out(self.folder, self.data.held_out)
        environment.write(self.folder, environment.describe(self.device, self.processes))
        for note in self.data.notes:
            self.reporter.note(note)
        if self.data.held_out:
            counts = ", ".join(f"{count:,} {what}" for what, count in self.data.counts.items())
            clips = self.data.validation if self.data.frames else None
            held = f"{len(self.data.held_out):,} pictures" if clips is None else f"{len(clips):,} clips"
            self.reporter.note(f"Trained on: {counts}. Held out: {held}.")
        self._send("ganzoo_train_start", settings=dataclasses.asdict(self.settings))
        self.reporter.start(first, self.settings.steps, self.settings.batch_size)

    def _one_step(self, step: int) -> None:
        asked, started = self.settings, time.monotonic()
        last = step == asked.steps
        self._set_rates((step - 1) / asked.steps)
        losses = self._update(step)
        self.seconds += time.monotonic() - started
        sample = step % asked.sample_every == 0 or step == 1 or last
        save = step % asked.checkpoint_every == 0 or last
        values = None
        if step % asked.log_every == 0 or step == 1 or last:
            values = self._log(step, losses)
        self.reporter.step(step, values)
        if sample or save:
            self._check_finite(step, losses)
        if sample:
            save = self.processes.broadcast(self._sample(step) if self.processes.leads else None) or save
        if save:
            self._save(step)

    def _update(self, step: int) -> Mapping[str, Tensor | float]:
        """Do the recipe's step on each part of the step's batch, then update the averages."""
        with error_messages.of_memory(step, self.device):
            micro_batches = self.batches.get(step - 1)
            for micro_batch, batch in enumerate(micro_batches):
                self.recipe.step_state = StepState(
                    step - 1, micro_batch, len(micro_batches), draws(self.settings.seed, step - 1)
                )
                losses = self._one_micro_batch(self.machine.place(batch))
            for name, average in self.averages.items():
                average.update(self.recipe.networks[name], step)
            return losses

    def _one_micro_batch(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor | float]:
        guard = (
            nullcontext()
            if self.begun
            else error_messages.of_first_step(self.recipe, self.data, self.settings.batch_size)
        )
        with guard, self.machine.autocast():
            losses = self.recipe.step(batch)
        self.begun = True
        return losses

    def _log(self, step: int, losses: Mapping[str, Tensor | float]) -> dict[str, float]:
        values = self._values(step, losses)
        if self.processes.leads:
            steps, seconds = step - self.logged[0], max(self.seconds - self.logged[1], 1e-9)
            self.logged = (step, self.seconds)
            line = {
                "step": step,
                "seconds": round(self.seconds, 3),
                "pictures_per_second": round(steps * self.settings.batch_size / seconds, 1),
                **values,
            }
            self._write(logs.METRICS, lambda: logs.append(self.folder / logs.METRICS, line))
            self._send("ganzoo_train_step", step=step, losses=values)
            self._warn(self.collapse_detector.losses(step, values))
        return values

    def _values(self, step: int, losses: Mapping[str, Tensor | float]) -> dict[str, float]:
        """Return the losses as numbers, means over all processes. Raises TrainingError where one is none."""
        values = error_messages.as_numbers(losses, self.settings.recipe)
        means = torch.tensor(list(values.values()), dtype=torch.float64)
        self.processes.average([means])
        for name, value in zip(values, means.tolist(), strict=True):
            values[name] = value
            if not math.isfinite(value):
                self._die(step, f"The loss '{name}' is {value} at step {step}.")
        return values

    def _check_finite(self, step: int, losses: Mapping[str, Tensor | float]) -> None:
        """Raise TrainingError rather than keep networks that are broken, though no loss may show it yet."""
        self._values(step, losses)
        for name, network in self.recipe.networks.items():
            for key, tensor in network.state_dict().items():
                if tensor.is_floating_point() and not tensor.isfinite().all():
                    self._die(step, f"'{name}.{key}' is no longer finite after step {step}.")

    def _die(self, step: int, what: str) -> None:
        """Write down what ended the run, and raise it."""
        kept = f"The checkpoint of step {self.saved} is whole" if self.saved else "There is no checkpoint yet"
        text = f"{what} {kept}. Start again in another folder with a lower learning_rate, or in fp32."
        if self.processes.leads:
            self._warn([Diagnosis(step, "nan", what)])
            self._write("report.html", lambda: report.write(self.folder))
        raise TrainingError(text)

    def _warn(self, warnings: list[Diagnosis]) -> None:
        for warning in warnings:
            line = dataclasses.asdict(warning)
            self._write(logs.WARNINGS, partial(logs.append, self.folder / logs.WARNINGS, line))
            self.reporter.note(f"Warning, step {warning.step}: {warning.text}")
            if self.settings.stop_on_warning:
                self.warned = warning.text

    def _sample(self, step: int) -> bool:
        """Write samples/step-00001000.png, measures and the report; tell whether this is the best step so far."""
        sheet, best = self.folder / logs.SAMPLES / f"step-{step:08d}.png", self.best
        result = self._write(logs.SAMPLES, lambda: self.observer.draw(sheet))
        if result is not None:
            if result.measures:
                line = {"step": step, **result.measures}
                self._write(logs.VALIDATION, lambda: logs.append(self.folder / logs.VALIDATION, line))
                self.reporter.note(f"step {step}: " + ", ".join(f"{k} {v:.4g}" for k, v in result.measures.items()))
                after = best.after(step, result.measures)  # refuses a measure that is none, at the first sheet already
                if step > 1:  # which shows networks that have learned nothing yet
                    self.best = after
            self._warn(self.collapse_detector.variety(step, result.shares))
            self._send("ganzoo_train_sample", step=step, sheet=sheet, measures=result.measures)
        self._write("report.html", lambda: report.write(self.folder))
        return self.best is not best

    def _save(self, step: int) -> None:
        random = self.processes.collect(random_state())
        if self.processes.leads:
            path = checkpoint.save(
                self.folder,
                step,
                self.recipe,
                self.averages,
                self.seconds,
                self.settings.keep,
                self.data.fingerprint,
                random=random,
                loop={"watch": self.collapse_detector.state(), "best": list(dataclasses.astuple(self.best))},
                best=self.best.step,
            )
            self.export(step)
            self._write("report.html", lambda: report.write(self.folder))
            self._send("ganzoo_train_checkpoint", step=step, checkpoint=path)
        self.saved = step

    def export(self, step: int) -> None:
        """Write what the checkpoint of ``step`` stands for: the models, and best.json. It may be done again."""
        with self.observer.networks() as networks:
            for within in ("", *([BEST] if self.best.step == step else [])):
                export(self.origin, self.recipe, networks, step, self.seconds, within)
        self.best.write(self.folder)

    def _stop(self, step: int) -> None:
        if self.saved != step:
            self._save(step)
        self.processes.any(False)  # nobody leaves before the checkpoint is whole: torchrun would end the others
        self.interrupted = True
        if self.warned and not self.stop.name:
            raise TrainingError(
                f"Stopped after step {step}, as asked for: {self.warned} The checkpoint is kept. "
                f"{run_lock.resume_hint(self.folder)}"
            )
        raise TrainingError(
            f"Stopped by {self.stop.name or 'another process'} after step {step}; nothing is lost. "
            f"{run_lock.resume_hint(self.folder)}"
        )

    def _send(self, hook: str, **arguments: Any) -> None:
        if self.processes.leads:
            self.events.send(hook, run=self.folder, **arguments)

    def _write(self, name: str, write: Callable[[], Any]) -> Any:
        """Do a log's writing; one that fails is told of once, and never stops the training."""
        try:
            return write()
        except OutputError as error:
            if name not in self.unwritten:
                self.unwritten.add(name)
                self.reporter.note(f"{error} Training goes on without {name}.")
            return None

    def _averages(self) -> dict[str, ModelEmaV3]:
        if not self.settings.ema_decay:
            return {}
        return {
            name: ModelEmaV3(self.recipe.networks[name], decay=self.settings.ema_decay, use_warmup=True)
            for name in self.recipe.exports.values()
        }

    def _set_rates(self, progress: float) -> None:
        factor = self.recipe.learning_rate(progress)
        for name, optimizer in self.recipe.optimizers.items():
            for group, rate in zip(optimizer.param_groups, self.rates[name], strict=True):
                group["lr"] = rate * factor
