"""Steps, checkpoints, samples, logs. What a step does is the recipe's business."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Protocol

import torch
from timm.utils import ModelEmaV3
from torch import Tensor

from ganzoo import catalog, devices, folders, options
from ganzoo.building import ChosenParts
from ganzoo.data.datasets import Data
from ganzoo.data.opening import open_data
from ganzoo.entry import Config, Entry
from ganzoo.errors import OptionError, TrainingError
from ganzoo.interfaces import Recipe
from ganzoo.training import checkpoint, claim, faults, record, settings
from ganzoo.training.events import Events
from ganzoo.training.export import Origin, export
from ganzoo.training.observing import Machine, Observer
from ganzoo.training.order import Order
from ganzoo.training.randomness import seed_all
from ganzoo.training.settings import Settings
from ganzoo.training.stopping import StopRequest


class Reporter(Protocol):
    """Whoever shows a run's progress; the loop itself prints nothing."""

    def start(self, first: int, steps: int) -> None: ...
    def step(self, step: int, losses: Mapping[str, float] | None) -> None: ...
    def note(self, text: str) -> None: ...


class Silent:
    """The reporter for library use."""

    def start(self, first: int, steps: int) -> None:
        pass

    def step(self, step: int, losses: Mapping[str, float] | None) -> None:
        pass

    def note(self, text: str) -> None:
        pass


def train(
    recipe: str,
    data: str | Path,
    output: str | Path,
    *,
    reporter: Reporter | None = None,
    **values: Any,
) -> Path:
    """Train ``recipe`` on ``data`` and return the run's folder, which `ganzoo.load("dir:...")` loads.

    values   fields of `ganzoo.training.settings.Settings`: steps, batch_size (the recipe's own if not given), seed,
             device, precision, ...,
             with ``options`` (the recipe's), ``parts`` (role -> entry) and ``part_options`` (role -> options)
    A run in ``output`` that ended before its first checkpoint gives way to this one.
    Raises OptionError, UnknownName, DataError before anything is written, TrainingError when the folder holds a run
    or a model already, another process trains in it, the networks do not take the pictures, a signal stops the run,
    or a loss stops being a number.
    """
    run, reporter = Path(output), reporter or Silent()
    usual = {"batch_size": catalog.find(f"recipe:{recipe}").batch_size}
    asked = settings.parse({**usual, **values, "recipe": recipe, "data": str(Path(data).resolve())})
    choose_parts(asked)  # a wrong option is told before a folder that is taken, and both before data is read
    claim.check_free(run)
    loop = Loop(run, asked, reporter)
    with claim.locked(run):
        claim.check_free(run)  # again: reading the data took its time
        if claim.clear(run):
            reporter.note(f"{run} held a run without a checkpoint, which this one replaces.")
        settings.write(run, asked)
        loop.run(0)
    return run


def resume(run: str | Path, *, steps: int | None = None, reporter: Reporter | None = None) -> Path:
    """Go on with an interrupted run, or on to more ``steps``; return its folder.

    A run that was killed before its first checkpoint starts again. A schedule of the learning rate runs over all
    the steps: with more of them, it is the longer one from here on.
    Raises TrainingError where there is no run, no checkpoint that can be read, nothing left to do, other data than
    before, or another process that trains the run.
    """
    folder, reporter = Path(run), reporter or Silent()
    asked = settings.read(folder)
    if steps is not None:
        asked = settings.parse({**dataclasses.asdict(asked), "steps": steps})
    with claim.locked(folder):
        _go_on(folder, asked, reporter)
    return folder


def _go_on(folder: Path, asked: Settings, reporter: Reporter) -> None:
    loop = Loop(folder, asked, reporter)
    first = 0
    if checkpoint.found(folder) or (folder / folders.CONFIG).exists():
        state, damaged = checkpoint.load_newest(folder, loop.device)
        first = state["step"]
        if first >= asked.steps:
            raise TrainingError(
                f"{folder} has done {first} steps of {asked.steps}. Give a larger --steps to go on from there."
            )
        checkpoint.check_data(state, loop.data.fingerprint, folder)
        checkpoint.restore(state, loop.recipe, loop.averages)
        loop.seconds = state["seconds"]
        for message in checkpoint.set_aside(damaged):
            reporter.note(message)
    else:
        reporter.note(f"{folder} was stopped before its first checkpoint: it starts again.")
    settings.write(folder, asked)
    record.sweep(folder)
    record.drop_after(folder, first)
    loop.run(first)


def choose_parts(asked: Settings) -> ChosenParts:
    """Return the recipe's parts. Raises OptionError and UnknownName for a wrong one, and for the recipe's options."""
    parts = ChosenParts(catalog.find(f"recipe:{asked.recipe}"), asked.parts, asked.part_options)
    parts.config(asked.options)
    return parts


def make_recipe(entry: Entry, config: Config, parts: ChosenParts, seed: int) -> Recipe:
    """Build the recipe's networks and optimisers with weights from the run's seed."""
    seed_all(seed)
    built: Recipe = entry.build(config, parts)
    return built


def open_recipe_data(entry: Entry, config: Config, asked: Settings) -> tuple[Config, Data]:
    """Read the data and return it with the recipe's config, sizes of 0 filled in from the data."""
    data = open_data(asked.data, entry.data, config, asked.validation)
    facts = {"image_size": data.image_size, "channels": data.channels}
    known = options.names(entry)
    filled = {name: value for name, value in facts.items() if name in known and not getattr(config, name)}
    return dataclasses.replace(config, **filled), data


class Loop:
    """One run in progress."""

    def __init__(self, run: Path, asked: Settings, reporter: Reporter) -> None:
        self.folder, self.settings, self.reporter = run, asked, reporter
        self.device = devices.choose(asked.device)
        self.machine = Machine(self.device, asked.precision)
        entry = catalog.find(f"recipe:{asked.recipe}")
        parts = choose_parts(asked)
        given = parts.config(asked.options)
        config, self.data = open_recipe_data(entry, given, asked)
        try:
            self.recipe = make_recipe(entry, config, parts, asked.seed)
            self._check_size()
        except OptionError as error:
            if getattr(given, "image_size", None) == self.data.image_size:
                raise
            raise faults.name_size(error, self.data.image_size) from error
        for network in self.recipe.networks.values():
            network.to(self.device)  # moves the parameters in place: the optimisers, still empty, go on holding them
        self.averages = self._averages()
        self.observer = Observer(self.recipe, self.averages, self.data, self.machine)
        self.rates = {name: [group["lr"] for group in o.param_groups] for name, o in self.recipe.optimizers.items()}
        self.order = Order(len(self.data.train), asked.batch_size, asked.seed)
        described = {role: {"entry": spec, "options": parts.options[role]} for role, spec in parts.specs.items()}
        self.origin = Origin(run, asked, options.as_dict(config), described, self.data, self.device)
        self.events = Events(reporter.note)
        self.stop = StopRequest()
        self.seconds = 0.0
        self.saved = 0  # the step of the newest checkpoint
        self.interrupted = False
        self.begun = False  # whether the networks were seen to take the pictures

    def run(self, first: int) -> None:
        """Do the steps from ``first`` to the end, with a checkpoint at the end and wherever a signal stops it."""
        self.saved = step = first
        record.write_held_out(self.folder, self.data.held_out)
        self.events.send("ganzoo_train_start", run=self.folder, settings=dataclasses.asdict(self.settings))
        self.reporter.start(first, self.settings.steps)
        reason = "finished"
        try:
            with self.stop.listening():
                for step in range(first + 1, self.settings.steps + 1):
                    self._one_step(step)
                    if self.stop.name and step < self.settings.steps:
                        self._stop(step)
        except BaseException as error:
            reason = (
                "interrupted"
                if self.interrupted or isinstance(error, KeyboardInterrupt)
                else f"failed: {type(error).__name__}: {error}"
            )
            raise
        finally:
            self.events.send("ganzoo_train_end", run=self.folder, step=step, reason=reason)

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
            self._sample(step)
        if save:
            self._save(step)

    def _update(self, step: int) -> Mapping[str, Tensor | float]:
        """Do the recipe's step on the step's batch, then update the averages."""
        asked = self.settings
        try:
            batch = self.machine.batch(self.data.train, self.order.indices(step - 1), self.order.random(step - 1))
            guard = nullcontext() if self.begun else faults.of_first_step(self.recipe, self.data, asked.batch_size)
            with guard, self.machine.autocast():
                losses = self.recipe.step(batch)
            self.begun = True
            for name, average in self.averages.items():
                average.update(self.recipe.networks[name], step)
            return losses
        except (torch.OutOfMemoryError, MemoryError) as error:
            raise TrainingError(
                f"Step {step} does not fit in the memory of {self.device}. Set a smaller batch_size or image_size."
            ) from error

    def _log(self, step: int, losses: Mapping[str, Tensor | float]) -> dict[str, float]:
        values = self._values(step, losses)
        record.append(self.folder / record.METRICS, {"step": step, "seconds": round(self.seconds, 3), **values})
        self.events.send("ganzoo_train_step", run=self.folder, step=step, losses=values)
        return values

    def _values(self, step: int, losses: Mapping[str, Tensor | float]) -> dict[str, float]:
        """Return the losses as numbers. Raises TrainingError where one is none."""
        values = faults.as_numbers(losses, self.settings.recipe)
        for name, value in values.items():
            if not math.isfinite(value):
                raise TrainingError(f"The loss '{name}' is {value} at step {step}. {self._remedy()}")
        return values

    def _check_finite(self, step: int, losses: Mapping[str, Tensor | float]) -> None:
        """Raise TrainingError rather than keep networks that are broken, though no loss may show it yet."""
        self._values(step, losses)
        for name, network in self.recipe.networks.items():
            for key, tensor in network.state_dict().items():
                if tensor.is_floating_point() and not tensor.isfinite().all():
                    raise TrainingError(f"'{name}.{key}' is no longer finite after step {step}. {self._remedy()}")

    def _remedy(self) -> str:
        kept = f"The checkpoint of step {self.saved} is whole" if self.saved else "There is no checkpoint yet"
        return f"{kept}. Start again in another folder with a lower learning_rate, or in fp32."

    def _sample(self, step: int) -> None:
        """Write samples/step-00001000.png and, where pictures are held out, validation measures."""
        measures = self.observer.draw(self.folder / record.SAMPLES / f"step-{step:08d}.png")
        if measures:
            record.append(self.folder / record.VALIDATION, {"step": step, **measures})
            self.reporter.note(f"step {step}: " + ", ".join(f"{k} {v:.4g}" for k, v in measures.items()))

    def _save(self, step: int) -> None:
        path = checkpoint.save(
            self.folder, step, self.recipe, self.averages, self.seconds, self.settings.keep, self.data.fingerprint
        )
        self.saved = step
        with self.observer.networks() as networks:
            export(self.origin, self.recipe, networks, step, self.seconds)
        self.events.send("ganzoo_train_checkpoint", run=self.folder, step=step, checkpoint=path)

    def _stop(self, step: int) -> None:
        if self.saved != step:
            self._save(step)
        self.interrupted = True
        raise TrainingError(
            f"Stopped by {self.stop.name} after step {step}; nothing is lost. {claim.resume_hint(self.folder)}"
        )

    def _averages(self) -> dict[str, ModelEmaV3]:
        if not self.settings.ema_decay:
            return {}
        return {
            name: ModelEmaV3(self.recipe.networks[name], decay=self.settings.ema_decay, use_warmup=True)
            for name in self.recipe.exports.values()
        }

    def _check_size(self) -> None:
        size = self.data.image_size
        for name in self.recipe.exports.values():
            stride = int(getattr(self.recipe.networks[name], "stride", 1))
            if size % stride:
                raise OptionError(
                    f"image_size={size} is not right: the generator takes multiples of {stride}. "
                    f"Set image_size={max(1, size // stride) * stride}."
                )

    def _set_rates(self, progress: float) -> None:
        factor = self.recipe.learning_rate(progress)
        for name, optimizer in self.recipe.optimizers.items():
            for group, rate in zip(optimizer.param_groups, self.rates[name], strict=True):
                group["lr"] = rate * factor
