"""A run's whole state on disk, so that a resumed run continues as if nothing had happened."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.errors import OutputError, PluginError, TrainingError
from ganzoo.files.atomic import replacing
from ganzoo.recipes.distributed import ALONE, Processes
from ganzoo.recipes.recipe import Recipe
from ganzoo.training.randomness import random_state, restore_random

FOLDER = "checkpoints"
_PARTS = {"step", "seconds", "networks", "averages", "optimizers", "recipe", "random"}


def save(
    run: Path,
    step: int,
    recipe: Recipe,
    averages: Mapping[str, nn.Module],
    seconds: float,
    keep: int,
    data: Mapping[str, Any] | None = None,
    *,
    random: list[dict[str, Any]] | None = None,
    loop: Mapping[str, Any] | None = None,
    best: int = 0,
) -> Path:
    """Write checkpoints/step-00001000.pt whole or not at all, then drop all but the ``keep`` newest and the ``best``.

    data    the fingerprint of what is trained on, for `check_data`
    random  the state of the random numbers of every process; this one's if not given
    loop    what the loop itself goes on with: plain numbers, text, lists and dicts
    best    the step whose checkpoint is kept in any case
    Raises OutputError where there is no space, PluginError where the recipe's state could not be read back.
    """
    path = path_of(run, step)
    state = {
        "step": step,
        "seconds": seconds,
        "networks": {name: network.state_dict() for name, network in recipe.networks.items()},
        "averages": {name: network.state_dict() for name, network in averages.items()},
        "optimizers": {name: optimizer.state_dict() for name, optimizer in recipe.optimizers.items()},
        "recipe": recipe.state(),
        "scalers": {name: scaler.state_dict() for name, scaler in recipe.scalers.items()},
        "random": random or [random_state()],
        "loop": dict(loop or {}),
        "data": dict(data or {}),
    }
    _check_plain(state["recipe"], type(recipe).__name__)
    with replacing(path) as temporary:
        try:
            torch.save(state, temporary)
        except RuntimeError as error:  # torch's zip writer hides the errno of a full disk
            reason = str(error).splitlines()[0]
            raise OutputError(
                f"Cannot write {path}: {reason}. Choose a folder that is writable and has space."
            ) from error
    for old in found(run)[:-keep]:
        if old != path_of(run, best):
            old.unlink(missing_ok=True)
    return path


def path_of(run: Path, step: int) -> Path:
    """Return where the checkpoint of a step is."""
    return run / FOLDER / f"step-{step:08d}.pt"


def found(run: Path) -> list[Path]:
    """Return the run's checkpoints, oldest first."""
    return sorted((run / FOLDER).glob("step-*.pt"))


def load_newest(run: Path, device: torch.device) -> tuple[dict[str, Any], list[Path]]:
    """Return the newest checkpoint that can be read, and the newer ones that cannot.

    Raises TrainingError where there is none.
    """
    damaged: list[Path] = []
    for path in reversed(found(run)):
        state = _read(path, device)
        if state is not None:
            return state, damaged
        damaged.append(path)
    if damaged:
        names = ", ".join(path.name for path in damaged)
        raise TrainingError(
            f"No checkpoint in {run / FOLDER} can be read: {names} are damaged. Start the run again in another folder."
        )
    raise TrainingError(f"{run} has no checkpoint. Start the run again in another folder.")


def _read(path: Path, device: torch.device) -> dict[str, Any] | None:
    """Return a checkpoint's content, or None where it is damaged or something else."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:  # torch.load compares no checksum: changed weights would go unnoticed
                return None
        state = torch.load(path, map_location=device, weights_only=True)
    except Exception:  # zip, pickle and OS errors of many kinds, all meaning: not this one
        return None
    return state if isinstance(state, dict) and state.keys() >= _PARTS else None


def load_step(run: Path, step: int, device: torch.device) -> dict[str, Any]:
    """Return the checkpoint of one step, which another process has read before. Raises TrainingError."""
    state = _read(path_of(run, step), device)
    if state is None:
        raise TrainingError(f"{path_of(run, step)} cannot be read by every process. Check the disk they share.")
    return state


def set_aside(damaged: list[Path]) -> list[str]:
    """Rename checkpoints that cannot be read, lest they count among the newest to keep; return a message for each."""
    messages = []
    for path in damaged:
        aside = path.replace(path.with_name(f"{path.name}.damaged"))
        messages.append(f"{path.name} is damaged and now called {aside.name}; going back to the one before.")
    return messages


def restore(
    state: Mapping[str, Any], recipe: Recipe, averages: Mapping[str, nn.Module], processes: Processes = ALONE
) -> None:
    """Put a checkpoint's state back into everything it came from; each process gets its own random numbers.

    A process that was not there before keeps those it has.

    Raises TrainingError where it does not fit, as after an edit of run.json or with another plugin's version.
    """
    try:
        for name, network in recipe.networks.items():
            network.load_state_dict(state["networks"][name])
        for name, network in averages.items():
            network.load_state_dict(state["averages"][name])
        for name, optimizer in recipe.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        for name, scaler in recipe.scalers.items():
            scaler.load_state_dict(state["scalers"][name])
        recipe.load_state(state["recipe"])
    except (KeyError, ValueError, TypeError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise TrainingError(
            f"The checkpoint of step {state['step']} does not fit what run.json describes ({reason[:300]}). "
            "Undo what was changed since: run.json, or the version of a plugin."
        ) from error
    random = of_processes(state)
    if processes.rank < len(random):
        restore_random(random[processes.rank])


def of_processes(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the state of each process's random numbers. Early checkpoints have the one of a process alone."""
    random = state["random"]
    return [random] if isinstance(random, Mapping) else random


def check_data(state: Mapping[str, Any], now: Mapping[str, Any], run: Path) -> None:
    """Raise TrainingError where the data are not those that the checkpoint was trained on.

    Early checkpoints have no fingerprint, and go on with whatever is there.
    """
    then = state.get("data")
    if not then or then == now:
        return
    what = "shards" if "shards" in then and "shards" in now else "pictures"
    counts = f"{then[what]} {what} then, {now[what]} now"
    if then[what] == now[what]:
        counts = f"{now[what]} {what} then and now, but of other names or sizes"
    raise TrainingError(f"The data of {run} changed: {counts}. Put the data back, or start a new run.")


def _check_plain(value: object, recipe: str) -> None:
    """Refuse what `torch.load(weights_only=True)` would, while there is still a run to save."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            _check_plain(key, recipe)
            _check_plain(item, recipe)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _check_plain(item, recipe)
    elif type(value) not in (int, float, str, bool, type(None)) and not isinstance(value, Tensor):
        raise PluginError(
            f"{recipe}.state() holds a {type(value).__name__}, which no checkpoint can hold. "
            "It should return tensors, numbers, text, lists and dicts only."
        )
