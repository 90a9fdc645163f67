"""Starts a run, or goes on with one."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from ganzoo import catalog
from ganzoo.errors import MissingPackage, OptionError, TrainingError
from ganzoo.recipes.distributed import Processes, joined
from ganzoo.training import checkpoint, logs, run_lock, settings, validation_metric
from ganzoo.training.loop import Loop, Reporter, Silent
from ganzoo.training.settings import Settings
from ganzoo.training.setup import choose_parts
from ganzoo.weights import model_folder


def train(
    recipe: str,
    data: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    reporter: Reporter | None = None,
    **values: Any,
) -> Path:
    """Train ``recipe`` on ``data`` and return the run's folder, which `ganzoo.load("dir:...")` loads.

    data     a folder, a .zip or shards, or two of them: A and B of an unpaired recipe, inputs and targets of a paired
    values   fields of `ganzoo.training.settings.Settings`: steps, batch_size (the recipe's own if not given), seed,
             device, precision, ...,
             with ``options`` (the recipe's), ``parts`` (role -> entry) and ``part_options`` (role -> options)
    Under torchrun, all its processes train one run together.
    A run in ``output`` that ended before its first checkpoint gives way to this one.
    Raises OptionError, UnknownName, DataError before anything is written, TrainingError when the folder holds a run
    or a model already, another process trains in it, the networks do not take the pictures, a signal stops the run,
    or a loss stops being a number.
    """
    run, reporter = Path(output), reporter or Silent()
    asked = ask(recipe, data, **values)
    _check_outside(run, asked)
    with joined() as processes:
        if processes.leads:
            run_lock.check_free(run)  # before data is read
        loop = Loop(run, asked, reporter, processes)
        with run_lock.locked(run) if processes.leads else nullcontext():
            if processes.leads:
                run_lock.check_free(run)  # again: reading the data took its time
                if run_lock.clear(run):
                    reporter.note(f"{run} held a run without a checkpoint, which this one replaces.")
                settings.write(run, asked)
            loop.run(0)
    return run


def _check_outside(run: Path, asked: Settings) -> None:
    """Raise OptionError where the run's sample sheets would become training pictures."""
    for place in [asked.data] if isinstance(asked.data, str) else asked.data:
        if run.resolve().is_relative_to(place):
            raise OptionError(f"The run's folder {run} lies within the data, {place}. Name one outside.")


def ask(recipe: str, data: str | Path | Sequence[str | Path], **values: Any) -> Settings:
    """Return the settings of a new run. Raises OptionError and UnknownName for a wrong one, of recipe or part too."""
    usual = {"batch_size": catalog.find(f"recipe:{recipe}").batch_size}
    paths = [data] if isinstance(data, (str, Path)) else list(data)
    places = [settings.place(path) for path in paths]
    asked = settings.parse({**usual, **values, "recipe": recipe, "data": places[0] if len(places) == 1 else places})
    choose_parts(asked)
    validation_metric.split(asked.best)  # a wrong name shall not wait for the data
    if asked.tensorboard and importlib.util.find_spec("tensorboard") is None:
        raise MissingPackage.of("tensorboard=True", "TensorBoard", "tensorboard")
    return asked


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
    with joined() as processes, run_lock.locked(folder) if processes.leads else nullcontext():
        _go_on(folder, asked, reporter, processes)
    return folder


def _go_on(folder: Path, asked: Settings, reporter: Reporter, processes: Processes) -> None:
    loop = Loop(folder, asked, reporter, processes, begins=not checkpoint.found(folder))
    state, first = _newest(folder, loop, processes), 0
    if state is not None:
        first = state["step"]
        if first >= asked.steps:
            raise TrainingError(
                f"{folder} has done {first} steps of {asked.steps}. Give a larger --steps to go on from there."
            )
        checkpoint.check_data(state, loop.data.fingerprint, folder)
        loop.restore(state)
    elif processes.leads:
        reporter.note(f"{folder} was stopped before its first checkpoint: it starts again.")
    if processes.leads:
        settings.write(folder, asked)
        logs.sweep(folder)
        logs.drop_after(folder, first)
        loop.best.write(folder)
        if first:
            loop.export(first)  # a kill may have come after its checkpoint and before these
    loop.run(first)


def _newest(folder: Path, loop: Loop, processes: Processes) -> dict[str, Any] | None:
    """Return the newest checkpoint that can be read, the same in every process; None where there was none yet."""
    state = None
    if processes.leads and (checkpoint.found(folder) or (folder / model_folder.CONFIG).exists()):
        state, damaged = checkpoint.load_newest(folder, loop.device)
        for message in checkpoint.set_aside(damaged):
            loop.reporter.note(message)
    step = processes.broadcast(state["step"] if state else None)
    return state if processes.leads or step is None else checkpoint.load_step(folder, step, loop.device)
