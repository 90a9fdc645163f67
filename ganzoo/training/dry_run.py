"""Tries a run out: what it would read and build, how long it would take, how much memory it needs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ganzoo.inference import devices
from ganzoo.recipes.distributed import ALONE
from ganzoo.training import environment, error_messages
from ganzoo.training.batches import Batches
from ganzoo.training.settings import Settings
from ganzoo.training.setup import RunSetup, set_up
from ganzoo.training.step_estimate import IMAGES, StepEstimate, check_memory, estimate_step
from ganzoo.training.train import new_settings
from ganzoo.training.updater import Updater

STEPS = 4  # the first one warms up and does not count
LONGEST = 60.0  # seconds that trying the steps may take; beyond that they are estimated


@dataclass(frozen=True)
class DryRun:
    """What a run would do, found by its first few steps.

    Args:
        settings: the run's.
        hardware: the device, in words.
        counts: of the training data, see `ganzoo.data.datasets.Data`; so are classes and notes.
        held_out: how many images are held out.
        classes: names of the labels.
        notes: on the data.
        batch: name of a tensor -> its shape, of one process's micro-batch.
        parameters: network -> number of parameters, as on a model's card: frozen ones count.
        step_seconds: measured time of a step.
        total_seconds: the same times all steps, without samples and checkpoints.
        memory: peak of the bytes in use during these steps, data included; 0 where unknown.
        estimated: whether time and memory are those of a few images, multiplied: the steps would take too long.
    """

    settings: Settings
    hardware: str
    counts: dict[str, int]
    held_out: int
    classes: list[str]
    notes: list[str]
    batch: dict[str, tuple[int, ...]]
    parameters: dict[str, int]
    step_seconds: float
    total_seconds: float
    memory: int
    estimated: bool = False


def dry_run(
    recipe: str,
    data: str | Path | Sequence[str | Path],
    *,
    on_progress: Callable[[float], None] = lambda share: None,
    **values: Any,
) -> DryRun:
    """Do a few steps of what `ganzoo.train` would do, without writing anything. Raises what it would raise.

    ``on_progress`` is called with the share of the steps that is done.
    """
    settings = new_settings(recipe, data, **values)
    setup = set_up(settings, ALONE)
    found, estimated = _try_steps(setup, settings, on_progress)
    return DryRun(
        settings=settings,
        hardware=devices.describe(setup.machine.device),
        counts=setup.data.counts,
        held_out=len(setup.data.held_out),
        classes=setup.data.classes,
        notes=setup.data.notes,
        batch=found.shapes,
        parameters={
            name: sum(p.numel() for p in network.parameters()) for name, network in setup.recipe.networks.items()
        },
        step_seconds=found.seconds,
        total_seconds=found.seconds * settings.steps,
        memory=environment.peak_memory(setup.machine.device) + found.memory,
        estimated=estimated,
    )


def _try_steps(setup: RunSetup, settings: Settings, on_progress: Callable[[float], None]) -> tuple[StepEstimate, bool]:
    """Return what a step takes, and whether that is an estimate: large batches are tried where they fit."""
    batches = Batches(
        setup.data.train,
        batch_size=settings.batch_size,
        micro_batches=settings.accumulate,
        seed=settings.seed,
        workers=settings.workers or None,
    )
    updater = Updater(setup, settings, averages={})
    try:
        if settings.batch_size > IMAGES * settings.accumulate:
            estimate = estimate_step(setup, settings, updater)
            check_memory(estimate, settings, setup.machine.device)
            if estimate.seconds * STEPS > LONGEST:
                return estimate, True
        return _measure(batches, updater, on_progress), False
    finally:
        batches.close()


def _measure(batches: Batches, updater: Updater, on_progress: Callable[[float], None]) -> StepEstimate:
    """Return the shapes of a micro-batch, and the seconds of a step: the median of all but the first."""
    device, times = updater.machine.device, list[float]()
    for step in range(1, STEPS + 1):
        started = time.monotonic()
        micro_batches = batches.get(step - 1)
        with error_messages.of_memory(step, device):
            updater.update(step, micro_batches)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.monotonic() - started)
        on_progress(step / STEPS)
    shapes = {name: tuple(tensor.shape) for name, tensor in micro_batches[-1].items()}
    return StepEstimate(shapes, statistics.median(times[1:]), 0)
