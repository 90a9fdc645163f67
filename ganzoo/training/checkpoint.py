"""A run's whole state on disk, so that a resumed run continues exactly."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeGuard

import torch
from torch import Tensor, nn

from ganzoo.catalog import former_names
from ganzoo.errors import GanzooError, OutputError, PluginError, TrainingError
from ganzoo.files.archives import refusal_of_torch_zip
from ganzoo.files.atomic import replacing
from ganzoo.recipes.distributed import ALONE, Processes
from ganzoo.recipes.recipe import Recipe
from ganzoo.training import optimizer_state
from ganzoo.training.randomness import random_state, restore_random

FOLDER = "checkpoints"
_MISFITS = (KeyError, ValueError, TypeError, RuntimeError, AttributeError, IndexError, OverflowError)
_KEYS = {"step", "seconds", "networks", "averages", "optimizers", "recipe", "random"}


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
    """Write checkpoints/step-00001000.pt whole or not at all, then delete all but the newest and the best.

    Args:
        run: the run's folder.
        step: how many steps are done.
        recipe: its networks, optimizers and own state are saved.
        averages: averaged networks by name.
        seconds: training time so far.
        keep: how many of the newest checkpoints to keep.
        data: the fingerprint of the training data, for `check_data`.
        random: the random state of every process; by default this one's.
        loop: the loop's own state: plain numbers, text, lists and dicts.
        best: a step whose checkpoint is never deleted.

    Raises:
        OutputError: there is no space.
        PluginError: the recipe's state could not be read back.
    """
    path = checkpoint_path(run, step)
    state = {
        "step": step,
        "seconds": seconds,
        "networks": {name: network.state_dict() for name, network in recipe.networks.items()},
        "averages": {name: network.state_dict() for name, network in averages.items()},
        "optimizers": {name: optimizer.state_dict() for name, optimizer in recipe.optimizers.items()},
        "recipe": recipe.state(),
        "regularizers": {role: regularizer.state() for role, regularizer in recipe.regularizers.items()},
        "scalers": {name: scaler.state_dict() for name, scaler in recipe.scalers.items()},
        "random": random or [random_state()],
        "loop": dict(loop or {}),
        "data": dict(data or {}),
    }
    _check_plain(state["recipe"], type(recipe).__name__)
    _write(path, state)
    for old in find_checkpoints(run)[:-keep]:
        if old != checkpoint_path(run, best):
            old.unlink(missing_ok=True)
    return path


def _write(path: Path, state: Mapping[str, Any]) -> None:
    with replacing(path) as temporary:
        try:
            torch.save(state, temporary)
        except RuntimeError as error:  # torch's zip writer hides the errno of a full disk
            reason = str(error).splitlines()[0]
            raise OutputError(
                f"Cannot write {path}: {reason}. Choose a folder that is writable and has space."
            ) from error


def checkpoint_path(run: Path, step: int) -> Path:
    """Return the path of a step's checkpoint."""
    return run / FOLDER / f"step-{step:08d}.pt"


def find_checkpoints(run: Path) -> list[Path]:
    """Return the run's checkpoints, oldest first."""
    return sorted((run / FOLDER).glob("step-*.pt"))


def load_newest(run: Path, device: torch.device) -> tuple[dict[str, Any], list[Path]]:
    """Return the newest readable checkpoint, and the damaged ones that are newer.

    Raises:
        TrainingError: none can be read.
    """
    damaged: list[Path] = []
    for path in reversed(find_checkpoints(run)):
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
        if refusal_of_torch_zip(path):
            return None
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:  # torch.load compares no checksum: changed weights would go unnoticed
                return None
        state = torch.load(path, map_location=device, weights_only=True)
    except Exception:  # zip, pickle and OS errors of many kinds, all meaning that it is damaged
        return None
    return state if _is_checkpoint(state) else None


def _is_checkpoint(state: object) -> TypeGuard[dict[str, Any]]:
    """Tell whether a file's content has the parts of a checkpoint, each of its type. Early ones lack some."""
    if not isinstance(state, dict) or not state.keys() >= _KEYS:
        return False
    dicts = ("networks", "averages", "optimizers", "scalers", "loop", "data")
    random = state["random"]
    return (
        type(state["step"]) is int
        and state["step"] >= 0
        and type(state["seconds"]) in (int, float)
        and all(isinstance(state.get(name, {}), Mapping) for name in dicts)
        and (isinstance(random, Mapping) or (isinstance(random, list) and all(isinstance(r, Mapping) for r in random)))
    )


@contextmanager
def fitting(step: int) -> Iterator[None]:
    """Turn the errors of a checkpoint's content that has other types or shapes into a TrainingError that says so."""
    try:
        yield
    except GanzooError:
        raise
    except _MISFITS as error:
        reason = " ".join(str(error).split())
        raise TrainingError(
            f"The checkpoint of step {step} does not fit what run.json describes ({reason[:300]}). "
            "Undo what was changed since: run.json, or the version of a plugin."
        ) from error


def load_step(run: Path, step: int, device: torch.device) -> dict[str, Any]:
    """Return the checkpoint of one step, which another process has already read. Raises TrainingError."""
    path = checkpoint_path(run, step)
    state = _read(path, device)
    if state is None:
        raise TrainingError(f"{path} cannot be read by every process. Check the disk they share.")
    return state


def set_aside(damaged: list[Path]) -> list[str]:
    """Rename damaged checkpoints, so that they do not count among the newest to keep; return a message for each."""
    messages = []
    for path in damaged:
        renamed = path.replace(path.with_name(f"{path.name}.damaged"))
        messages.append(f"{path.name} is damaged and now called {renamed.name}; going back to the one before.")
    return messages


def restore(
    state: Mapping[str, Any],
    name: str,
    recipe: Recipe,
    averages: Mapping[str, nn.Module],
    processes: Processes = ALONE,
) -> None:
    """Put a checkpoint's state back into everything it came from; each process gets its own random state.

    A process that did not exist then keeps its current random state.

    Args:
        state: a checkpoint's content, that of an older version too.
        name: the recipe's.
        recipe: takes networks, optimizers, scalers and its own state back.
        averages: the averaged networks.
        processes: those that train the run together.

    Raises:
        TrainingError: the state does not fit, for example after an edit of run.json or with another plugin version.
    """
    with fitting(state["step"]):
        networks, averaged = (former_names.networks(name, state[key]) for key in ("networks", "averages"))
        for key, network in recipe.networks.items():
            network.load_state_dict(networks[key])
        for key, network in averages.items():
            network.load_state_dict(averaged[key])
        for key, optimizer in recipe.optimizers.items():
            optimizer_state.restore(optimizer, state["optimizers"][key])
        for key, scaler in recipe.scalers.items():
            scaler.load_state_dict(state["scalers"][key])
        recipe.load_state(state["recipe"])
        for role, regularizer in recipe.regularizers.items():
            regularizer.load_state(state.get("regularizers", {}).get(role, {}))
        random = random_states(state)
        if processes.rank < len(random):
            restore_random(random[processes.rank])


def random_states(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the random state of each process. Early checkpoints have that of a single process."""
    random = state["random"]
    return [random] if isinstance(random, Mapping) else random


def check_data(state: Mapping[str, Any], now: Mapping[str, Any], run: Path) -> None:
    """Raise TrainingError where the data differ from those that the checkpoint was trained on.

    Early checkpoints have no fingerprint and resume with any data.
    """
    then = state.get("data")
    if not then or then == now:
        return
    with fitting(state["step"]):
        changed = _describe_change(then, now)
    raise TrainingError(f"The data of {run} changed: {changed}. Put the data back, or start a new run.")


def _describe_change(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    key, unit = ("shards", "shards") if "shards" in then and "shards" in now else ("pictures", "images")
    counts = f"{then[key]} {unit} then, {now[key]} now"
    if then[key] == now[key]:
        counts = f"{now[key]} {unit} then and now, but their names or sizes differ"
    return counts


def _check_plain(value: object, recipe: str) -> None:
    """Refuse what `torch.load(weights_only=True)` would refuse, before the checkpoint is written."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            _check_plain(key, recipe)
            _check_plain(item, recipe)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _check_plain(item, recipe)
    elif type(value) not in (int, float, str, bool, type(None)) and not isinstance(value, Tensor):
        raise PluginError(
            f"{recipe}.state() returns a {type(value).__name__}, which a checkpoint cannot hold. "
            "It should return tensors, numbers, text, lists and dicts only."
        )
