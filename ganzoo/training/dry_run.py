"""A run tried out: what it would read, what its networks are, how long it takes, how much memory; nothing is kept."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ganzoo.contracts.recipe import StepState
from ganzoo.inference import devices
from ganzoo.recipes.distributed import ALONE
from ganzoo.training import environment, error_messages
from ganzoo.training.batches import Batches
from ganzoo.training.data_order import draws
from ganzoo.training.settings import Settings
from ganzoo.training.setup import RunSetup, set_up
from ganzoo.training.train import ask

STEPS = 4  # the first one warms up, and does not count


@dataclass(frozen=True)
class DryRun:
    """What a run would do, found out by its first few steps.

    counts, held_out, classes, notes   of the data, see `ganzoo.data.datasets.Data`
    batch       name of a tensor -> its shape, of one part of one process's batch
    parameters  network -> how many numbers it learns
    step_seconds, total_seconds   measured, and times all steps; samples and checkpoints come on top
    memory      most bytes in use during these steps, this process's data included
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


def dry_run(recipe: str, data: str | Path | Sequence[str | Path], **values: Any) -> DryRun:
    """Do what `ganzoo.train` would, for a few steps, without writing anything. Raises what it would raise."""
    asked = ask(recipe, data, **values)
    setup = set_up(asked, ALONE)
    shapes, seconds = _try(setup, asked)
    found = setup.data
    return DryRun(
        settings=asked,
        hardware=devices.describe(setup.machine.device),
        counts=found.counts,
        held_out=len(found.held_out),
        classes=found.classes,
        notes=found.notes,
        batch=shapes,
        parameters={
            name: sum(p.numel() for p in network.parameters() if p.requires_grad)
            for name, network in setup.recipe.networks.items()
        },
        step_seconds=seconds,
        total_seconds=seconds * asked.steps,
        memory=environment.peak_memory(setup.machine.device),
    )


def _try(setup: RunSetup, asked: Settings) -> tuple[dict[str, tuple[int, ...]], float]:
    """Return the shapes of a batch, and the seconds of a step: the median of all but the first."""
    recipe, machine = setup.recipe, setup.machine
    batches = Batches(
        setup.data.train,
        batch_size=asked.batch_size,
        micro_batches=asked.accumulate,
        seed=asked.seed,
        workers=asked.workers or None,
    )
    times, shapes = [], {}
    try:
        for step in range(STEPS):
            began = time.monotonic()
            parts = batches.get(step)
            for part, batch in enumerate(parts):
                recipe.step_state = StepState(step, part, len(parts), draws(asked.seed, step))
                shapes = {name: tuple(tensor.shape) for name, tensor in batch.items()}
                guard = error_messages.of_first_step(recipe, setup.data, asked.batch_size)
                with error_messages.of_memory(step + 1, machine.device), guard, machine.autocast():
                    recipe.step(machine.place(batch))
            if machine.device.type == "cuda":
                torch.cuda.synchronize(machine.device)
            times.append(time.monotonic() - began)
    finally:
        batches.close()
    return shapes, statistics.median(times[1:])
