"""A run's whole state on disk, so that a resumed run continues as if nothing had happened."""

from __future__ import annotations

import random
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ganzoo.errors import TrainingError
from ganzoo.files import replacing
from ganzoo.interfaces import Recipe

FOLDER = "checkpoints"


def save(run: Path, step: int, recipe: Recipe, averages: Mapping[str, nn.Module], seconds: float, keep: int) -> Path:
    """Write checkpoints/step-00001000.pt whole or not at all, then drop all but the ``keep`` newest."""
    path = run / FOLDER / f"step-{step:08d}.pt"
    state = {
        "step": step,
        "seconds": seconds,
        "networks": {name: network.state_dict() for name, network in recipe.networks.items()},
        "averages": {name: network.state_dict() for name, network in averages.items()},
        "optimizers": {name: optimizer.state_dict() for name, optimizer in recipe.optimizers.items()},
        "recipe": recipe.state(),
        "random": random_state(),
    }
    with replacing(path) as temporary:
        torch.save(state, temporary)
    for old in found(run)[:-keep]:
        old.unlink(missing_ok=True)
    return path


def found(run: Path) -> list[Path]:
    """Return the run's checkpoints, oldest first."""
    return sorted((run / FOLDER).glob("step-*.pt"))


def load_newest(run: Path, device: torch.device) -> tuple[dict[str, Any], list[str]]:
    """Return the newest checkpoint that can be read, and a message for each newer one that cannot.

    Raises TrainingError where there is none.
    """
    damaged: list[str] = []
    for path in reversed(found(run)):
        try:
            return torch.load(path, map_location=device, weights_only=True), damaged
        except Exception as error:  # zip, pickle and OS errors of many kinds, all meaning: not this one
            damaged.append(f"{path.name} is damaged ({type(error).__name__}); going back to the one before.")
    if damaged:
        raise TrainingError(f"No checkpoint in {run / FOLDER} can be read: {' '.join(damaged)} Start the run again.")
    raise TrainingError(f"{run} has no checkpoint yet. Start the run again, without --resume.")


def restore(state: Mapping[str, Any], recipe: Recipe, averages: Mapping[str, nn.Module]) -> None:
    """Put a checkpoint's state back into everything it came from."""
    for name, network in recipe.networks.items():
        network.load_state_dict(state["networks"][name])
    for name, network in averages.items():
        network.load_state_dict(state["averages"][name])
    for name, optimizer in recipe.optimizers.items():
        optimizer.load_state_dict(state["optimizers"][name])
    recipe.load_state(state["recipe"])
    restore_random(state["random"])


def random_state() -> dict[str, Any]:
    """Return the state of every random number generator in use: Python's, NumPy's, torch's, each GPU's."""
    state: Any = np.random.get_state(legacy=True)
    name, keys, position, has_gauss, cached = state
    return {
        "python": list(random.getstate()[1]),
        "numpy": [str(name), keys.tolist(), int(position), int(has_gauss), float(cached)],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def restore_random(state: Mapping[str, Any]) -> None:
    """Undo `random_state`."""
    random.setstate((3, tuple(state["python"]), None))
    name, keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state((name, np.array(keys, dtype=np.uint32), position, has_gauss, cached))
    torch.set_rng_state(state["torch"].cpu())
    if state["cuda"] and torch.cuda.is_available():
        if len(state["cuda"]) != torch.cuda.device_count():
            warnings.warn("another number of GPUs than before: their random numbers start anew", stacklevel=2)
        else:
            torch.cuda.set_rng_state_all([one.cpu() for one in state["cuda"]])
