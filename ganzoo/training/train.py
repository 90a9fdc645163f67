"""Starts and resumes runs."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo import catalog
from ganzoo.catalog import compatibility
from ganzoo.data.objects import describe, is_object, open_sides
from ganzoo.data.rasters import choosing
from ganzoo.data.shards import refuse_commands
from ganzoo.errors import MissingPackage, OptionError, TrainingError
from ganzoo.recipes.distributed import Processes, joined
from ganzoo.training import checkpoint, loggers, logs, run_lock, validation_metric, worker_deaths
from ganzoo.training.loop import Loop
from ganzoo.training.notebook_reporter import default_reporter
from ganzoo.training.reporter import Reporter
from ganzoo.training.settings import FILE, Settings, parse_settings, read_settings, resolve_data, write_settings
from ganzoo.training.setup import choose_parts
from ganzoo.weights import model_folder

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ganzoo.training.run_options import RunOptions


def train(
    recipe: str,
    data: Any,
    output: str | Path,
    *,
    reporter: Reporter | None = None,
    **values: Unpack[RunOptions],
) -> Path:
    """Train a recipe and return the run's folder, which ``ganzoo.load("dir:FOLDER")`` loads.

    Under torchrun, all processes train one run together. A run in ``output`` that ended before its first checkpoint
    is replaced.

    Args:
        recipe: The recipe's name, for example "cyclegan".
        data: A folder, a .zip or shards, or two of them: A and B of an unpaired recipe, inputs and targets of a paired
            one. Files, patterns or {"input": ..., "target": ...} for images of any channels and depth. Or no paths: an
            array or tensor of images, a list of arrays or PIL images, a torch Dataset, a Hugging Face Dataset; see
            `ganzoo.data.objects.open_sides`.
        output: The run's folder.
        reporter: Shows the progress; by default live curves in a notebook, and nothing elsewhere.
        values: Fields of `ganzoo.training.settings.Settings`: steps, batch_size (by default the recipe's own), seed,
            device, precision, ...; ``options`` takes the keys of ``--set``: the recipe's own, and "ROLE.KEY" for those
            of a part, or is the recipe's config, such as ``ganzoo_plugins.cyclegan.CycleGANOptions(cycle_weight=5.0)``;
            ``part_options`` maps roles to dicts or configs; ``parts`` maps roles to entries. For images of any channels
            and depth also fields of `ganzoo.data.rasters.options.RasterOptions`: bands, range, split_by, ...

    Raises:
        OptionError, UnknownName, DataError: before anything is written.
        TrainingError: the folder already holds a run or a model, another process trains in it, the networks do not
            accept the images, a signal stops the run, or a loss is not finite.
    """
    worker_deaths.leave_if_imported()
    run, reporter = Path(output), reporter or default_reporter()
    objects = data if is_object(data) else None
    settings = new_settings(recipe, data, **values)
    _check_outside(run, settings)
    with joined() as processes:
        if processes.leads:
            run_lock.check_free(run)  # before data is read
        loop = Loop(run, settings, reporter, processes, objects=objects)
        with run_lock.locked(run) if processes.leads else nullcontext():
            if processes.leads:
                run_lock.check_free(run)  # again: reading the data took time
                if run_lock.clear(run):
                    reporter.note(f"{run} held a run without a checkpoint, which this one replaces.")
                write_settings(run, loop.setup.record(settings))
            loop.run(0)
    return run


def new_settings(recipe: str, data: Any, **values: Any) -> Settings:
    """Return the settings of a new run. Raises OptionError and UnknownName for wrong values."""
    entry = catalog.find(f"recipe:{recipe}")
    defaults = {"batch_size": entry.batch_size}
    paths: list[str] = [] if is_object(data) else [resolve_data(path) for path in _list_sides(data)]
    sources = (paths[0] if len(paths) == 1 else paths) or describe(open_sides(data, entry.data))
    given = {name: values.pop(name) for name in choosing.OPTIONS if name in values}
    if given or choosing.are_rasters(paths):
        values["raster_options"] = dataclasses.asdict(choosing.parse_options(given))
    settings = parse_settings({**defaults, **values, "recipe": recipe, "data": sources})
    choose_parts(settings)
    validation_metric.split(settings.best)  # raises for an unknown extractor before the data is read
    loggers.check(settings.loggers)
    if settings.tensorboard and importlib.util.find_spec("tensorboard") is None:
        raise MissingPackage.of("tensorboard=True", "TensorBoard", "tensorboard")
    return settings


def _list_sides(data: Any) -> list[str | Path]:
    """Return one path or several as a list, those of a mapping in the order input, target or a, b."""
    if isinstance(data, Mapping):
        return [data[name] for name in sorted(data, key=str)]
    return [data] if isinstance(data, (str, Path)) else list(data)


def _check_outside(run: Path, settings: Settings) -> None:
    """Raise OptionError where the run's sample sheets would become training images."""
    for source in [settings.data] if isinstance(settings.data, str) else settings.data:
        if run.resolve().is_relative_to(source):
            raise OptionError(f"The run's folder {run} lies within the data, {source}. Name one outside.")


def resume(run: str | Path, *, steps: int | None = None, reporter: Reporter | None = None, data: Any = None) -> Path:
    """Resume an interrupted run, or extend a finished one; return its folder.

    A run that was killed before its first checkpoint starts again.

    Args:
        run: The run's folder.
        steps: A new total of steps. The learning rate schedule spans all steps, so it gets longer from here on.
        reporter: Shows the progress; by default live curves in a notebook, and nothing elsewhere.
        data: The same data again, where the run began with an array, a list or a data set instead of paths.

    Raises:
        OptionError: the run needs ``data``.
        TrainingError: there is no run or no readable checkpoint, nothing is left to do, the data changed, or another
            process trains the run.
    """
    worker_deaths.leave_if_imported()
    folder, reporter = Path(run), reporter or default_reporter()
    settings = read_settings(folder)
    refuse_commands(settings.data, str(folder / FILE))
    specs = [spec for spec in (f"recipe:{settings.recipe}", *settings.parts.values()) if ":" in spec]
    compatibility.require_entries(str(folder), specs, settings.plugins)
    if steps is not None:
        settings = parse_settings({**dataclasses.asdict(settings), "steps": steps})
    with joined() as processes, run_lock.locked(folder) if processes.leads else nullcontext():
        _resume(folder, settings, reporter, processes, data)
    return folder


def _resume(folder: Path, settings: Settings, reporter: Reporter, processes: Processes, objects: Any) -> None:
    is_new = not checkpoint.find_checkpoints(folder)
    with compatibility.naming_plugins(settings.plugins):
        loop = Loop(folder, settings, reporter, processes, is_new, objects)
    content, first = _load_newest(folder, loop, processes), 0
    if content is not None:
        first = content["step"]
        is_done = first >= settings.steps
        checkpoint.check_data(content, loop.setup.data.fingerprint, folder)
        loop.restore(content)
        if is_done and processes.collect(loop.checkpoints.is_exported(first, loop.state))[0]:
            raise TrainingError(
                f"{folder} has done {first} steps of {settings.steps}. Set a larger --steps to continue from there."
            )
        if processes.leads and not is_done:
            reporter.note(f"{folder} continues after step {first:,} of {settings.steps:,}.")
    elif processes.leads:
        reporter.note(f"{folder} was stopped before its first checkpoint: it starts again.")
    if processes.leads:
        _clean_up(folder, settings, loop, first)
    if first < settings.steps:
        loop.run(first)
    elif processes.leads:
        reporter.note(f"{folder} was done but for its model, which is written now.")


def _clean_up(folder: Path, settings: Settings, loop: Loop, first: int) -> None:
    """Make the files of a run match its checkpoint of step ``first``: a kill may have come at any moment."""
    write_settings(folder, loop.setup.record(settings))
    logs.sweep(folder)
    logs.drop_after(folder, first)
    loop.state.best.write(folder)
    if first:
        loop.checkpoints.export(first, loop.state)


def _load_newest(folder: Path, loop: Loop, processes: Processes) -> dict[str, Any] | None:
    """Return the newest readable checkpoint, the same in every process; None where there is none yet."""
    content, device = None, loop.setup.machine.device
    if processes.leads and (checkpoint.find_checkpoints(folder) or (folder / model_folder.CONFIG).exists()):
        content, damaged = checkpoint.load_newest(folder, device)
        for message in checkpoint.set_aside(damaged):
            loop.logger.reporter.note(message)
    step = processes.broadcast(content["step"] if content else None)
    return content if processes.leads or step is None else checkpoint.load_step(folder, step, device)
