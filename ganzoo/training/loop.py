"""Steps, checkpoints, samples, logs. What a step does is the recipe's business."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from timm.utils import ModelEmaV3
from torch import Tensor, nn

from ganzoo import catalog, devices, images, options, plugins
from ganzoo.building import ChosenParts
from ganzoo.data.datasets import Data, Dataset, open_data
from ganzoo.entry import Config, Entry
from ganzoo.errors import GanzooError, TrainingError
from ganzoo.files import replacing
from ganzoo.interfaces import Recipe
from ganzoo.training import checkpoint, settings
from ganzoo.training.export import export
from ganzoo.training.order import Order
from ganzoo.training.settings import Settings

SAMPLES = 8  # pictures in a sample sheet for translation
GENERATED_SAMPLES = 64


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

    values   fields of `ganzoo.training.settings.Settings`: steps, batch_size, seed, device, precision, ...,
             with ``options`` (the recipe's), ``parts`` (role -> entry) and ``part_options`` (role -> options)
    Raises OptionError, UnknownName, DataError before anything is written, TrainingError when the folder holds a run
    already, or a loss stops being a number.
    """
    run = Path(output)
    if (run / settings.FILE).exists():
        raise TrainingError(f"{run} holds a run already. Go on with it by --resume {run}, or name another folder.")
    if run.exists() and not run.is_dir():
        raise TrainingError(f"{run} is a file. Name a folder for the run.")
    asked = settings.parse({**values, "recipe": recipe, "data": str(Path(data).resolve())})
    loop = Loop(run, asked, reporter or Silent())
    settings.write(run, asked)
    loop.run(0)
    return run


def resume(run: str | Path, *, steps: int | None = None, reporter: Reporter | None = None) -> Path:
    """Go on with an interrupted run, or on to more ``steps``; return its folder.

    Raises TrainingError where there is no run or no checkpoint that can be read.
    """
    folder = Path(run)
    asked = settings.read(folder)
    if steps is not None:
        asked = settings.parse({**dataclasses.asdict(asked), "steps": steps})
    reporter = reporter or Silent()
    loop = Loop(folder, asked, reporter)
    state, damaged = checkpoint.load_newest(folder, loop.device)
    for message in damaged:
        reporter.note(message)
    checkpoint.restore(state, loop.recipe, loop.averages)
    if state["step"] >= asked.steps:
        raise TrainingError(
            f"{folder} has done all its {asked.steps} steps. Give a larger --steps to go on from {state['step']}."
        )
    settings.write(folder, asked)
    loop.drop_lines_after(state["step"])
    loop.seconds = state["seconds"]
    loop.run(state["step"])
    return folder


def make_recipe(entry: Entry, config: Config, asked: Settings) -> Recipe:
    """Build the recipe's networks and optimisers with weights from the run's seed."""
    parts = ChosenParts(entry, asked.parts, asked.part_options)
    torch.manual_seed(asked.seed)
    built: Recipe = entry.build(config, parts)
    return built


def open_recipe_data(entry: Entry, asked: Settings) -> tuple[Config, Data]:
    """Read the data and return it with the recipe's config, sizes of 0 filled in from the data."""
    config = options.parse(entry, asked.options)
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
        entry = catalog.find(f"recipe:{asked.recipe}")
        ChosenParts(entry, asked.parts, asked.part_options)  # wrong options are an error before data is read
        config, self.data = open_recipe_data(entry, asked)
        self.recipe = make_recipe(entry, config, asked)
        for network in self.recipe.networks.values():
            network.to(self.device)
        self.averages = self._averages()
        self.rates = {name: [group["lr"] for group in o.param_groups] for name, o in self.recipe.optimizers.items()}
        self.order = Order(len(self.data.train), asked.batch_size, asked.seed)
        self.seconds = 0.0
        self.stop_signal = ""

    def run(self, first: int) -> None:
        """Do the steps from ``first`` to the end; leave a checkpoint whatever happens."""
        hooks = plugins.manager().hook
        hooks.ganzoo_train_start(run=self.folder, settings=dataclasses.asdict(self.settings))
        self._write_held_out()
        self.reporter.start(first, self.settings.steps)
        reason = "failed"
        step = first
        try:
            with self._signals():
                for step in range(first + 1, self.settings.steps + 1):
                    self._one_step(step)
                    if self.stop_signal and step < self.settings.steps:
                        self._save(step)
                        reason = "interrupted"
                        raise TrainingError(
                            f"Stopped by {self.stop_signal} after step {step}; nothing is lost. "
                            f"Go on with: ganzoo train --resume {self.folder}"
                        )
            reason = "finished"
        except GanzooError:
            raise
        except Exception as error:
            reason = f"failed: {type(error).__name__}: {error}"
            raise
        finally:
            hooks.ganzoo_train_end(run=self.folder, step=step, reason=reason)

    def _one_step(self, step: int) -> None:
        asked, started = self.settings, time.monotonic()
        self._set_rates((step - 1) / asked.steps)
        batch = self._batch(self.data.train, self.order.indices(step - 1), self.order.random(step - 1))
        with self._precision():
            losses = self.recipe.step(batch)
        for name, average in self.averages.items():
            average.update(self.recipe.networks[name], step)
        self.seconds += time.monotonic() - started
        logged = None
        if step % asked.log_every == 0 or step in (1, asked.steps):
            logged = self._log(step, losses)
        self.reporter.step(step, logged)
        if step % asked.sample_every == 0 or step in (1, asked.steps):
            self._sample(step)
        if step % asked.checkpoint_every == 0 or step == asked.steps:
            self._save(step)

    def _log(self, step: int, losses: Mapping[str, Tensor]) -> dict[str, float]:
        values = {name: float(loss.detach()) for name, loss in losses.items()}
        bad = [name for name, value in values.items() if not math.isfinite(value)]
        if bad:
            raise TrainingError(
                f"The loss '{bad[0]}' is {values[bad[0]]} at step {step}. The last checkpoint is whole: resume from "
                "it with a lower learning_rate, or start again in fp32."
            )
        line = {"step": step, "seconds": round(self.seconds, 3), **values}
        with (self.folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        plugins.manager().hook.ganzoo_train_step(run=self.folder, step=step, losses=values)
        return values

    def _sample(self, step: int) -> None:
        """Write samples/step-00001000.png and, where pictures are held out, validation measures."""
        dataset = self.data.validation or self.data.train
        translates = any("in_channels" in vars(self.recipe.networks[name]) for name in self.recipe.exports.values())
        count = min(SAMPLES if translates else GENERATED_SAMPLES, len(dataset))
        batch = self._batch(dataset, list(range(count)), torch.Generator().manual_seed(0))
        with self._inference() as networks, self._precision():
            sheet = images.to_pils(self.recipe.sample(networks, batch).float())
            measures = self._validate(networks)
        columns = (len(sheet) // count) * max(1, round(math.sqrt(count) / (2 if translates else 1)))
        images.save(images.grid(sheet, columns), self.folder / "samples" / f"step-{step:08d}.png")
        if measures:
            with (self.folder / "validation.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps({"step": step, **measures}) + "\n")
            self.reporter.note(f"step {step}: " + ", ".join(f"{k} {v:.4g}" for k, v in measures.items()))

    def _validate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """Return the mean over all held-out pictures of each of the recipe's measures."""
        if self.data.validation is None:
            return {}
        totals: dict[str, float] = {}
        every = range(len(self.data.validation))
        for indices in _chunks(every, SAMPLES):
            batch = self._batch(self.data.validation, list(indices), torch.Generator().manual_seed(0))
            for name, value in self.recipe.validate(networks, batch).items():
                totals[name] = totals.get(name, 0.0) + value * len(indices)
        return {name: total / len(every) for name, total in totals.items()}

    def _save(self, step: int) -> None:
        path = checkpoint.save(self.folder, step, self.recipe, self.averages, self.seconds, self.settings.keep)
        with self._inference() as networks:
            export(self.folder, self.recipe, networks, self.settings, self.data, step, self.seconds, self.device)
        plugins.manager().hook.ganzoo_train_checkpoint(run=self.folder, step=step, checkpoint=path)

    @contextlib.contextmanager
    def _inference(self) -> Iterator[Mapping[str, nn.Module]]:
        """Yield the networks to use: averaged where there is an average, in inference mode, without gradients.

        What is drawn at random within leaves training's own random numbers as they were.
        """
        chosen = {name: self._best(name) for name in self.recipe.networks}
        modes = {name: network.training for name, network in chosen.items()}
        state = checkpoint.random_state()
        for network in chosen.values():
            network.eval()
        try:
            with torch.no_grad():
                yield chosen
        finally:
            for name, network in chosen.items():
                network.train(modes[name])
            checkpoint.restore_random(state)

    def _best(self, name: str) -> nn.Module:
        average = self.averages.get(name)
        return average.module if average is not None else self.recipe.networks[name]

    def _averages(self) -> dict[str, ModelEmaV3]:
        if not self.settings.ema_decay:
            return {}
        return {
            name: ModelEmaV3(self.recipe.networks[name], decay=self.settings.ema_decay, use_warmup=True)
            for name in self.recipe.exports.values()
        }

    def _batch(self, dataset: Dataset, indices: list[int], random: torch.Generator) -> dict[str, Tensor]:
        return {name: tensor.to(self.device) for name, tensor in dataset.batch(indices, random).items()}

    def _precision(self) -> contextlib.AbstractContextManager[Any]:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.precision == "bf16")

    def _set_rates(self, progress: float) -> None:
        factor = self.recipe.learning_rate(progress)
        for name, optimizer in self.recipe.optimizers.items():
            for group, rate in zip(optimizer.param_groups, self.rates[name], strict=True):
                group["lr"] = rate * factor

    def _write_held_out(self) -> None:
        if self.data.held_out:
            with replacing(self.folder / "validation.txt") as temporary:
                temporary.write_text("\n".join(self.data.held_out) + "\n", encoding="utf-8")

    def drop_lines_after(self, step: int) -> None:
        """Remove log lines of steps after the checkpoint: they will be done, and logged, again."""
        for name in ("metrics.jsonl", "validation.jsonl"):
            path = self.folder / name
            if path.exists():
                lines = path.read_text(encoding="utf-8").splitlines()
                kept = [line for line in lines if _step_of(line) <= step]
                with replacing(path) as temporary:
                    temporary.write_text("".join(line + "\n" for line in kept), encoding="utf-8")

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Turn the first Ctrl-C or SIGTERM into an orderly stop after the step; a second Ctrl-C acts at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def ask(number: int, frame: object) -> None:
            if self.stop_signal:
                raise KeyboardInterrupt
            self.stop_signal = signal.Signals(number).name

        previous = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)


def _chunks(every: range, size: int) -> Iterator[range]:
    for first in range(0, len(every), size):
        yield every[first : first + size]


def _step_of(line: str) -> float:
    """Return the step of a log line; a line cut off by a crash counts as later than any."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return math.inf
