"""All random number generators in use: seeded, saved, restored."""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch


def seed_all(seed: int) -> None:
    """Seed Python's, NumPy's and torch's generators: a recipe may draw from any of them."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def random_state() -> dict[str, Any]:
    """Return the state of each generator as plain lists, numbers and tensors: Python's, NumPy's, torch's, the GPUs'."""
    state: Any = np.random.get_state(legacy=True)
    name, keys, position, has_gauss, cached = state
    return {
        "python": list(random.getstate()[1]),
        "python_gauss": random.getstate()[2],
        "numpy": [str(name), keys.tolist(), int(position), int(has_gauss), float(cached)],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "mps": [torch.mps.get_rng_state()] if torch.backends.mps.is_available() else [],
    }


def restore_random(state: Mapping[str, Any]) -> None:
    """Restore what `random_state` returned. Early checkpoints have no "mps" and no "python_gauss"."""
    random.setstate((3, tuple(state["python"]), state.get("python_gauss")))
    name, keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state((name, np.array(keys, dtype=np.uint32), position, has_gauss, cached))
    torch.set_rng_state(state["torch"].cpu())
    if state.get("mps") and torch.backends.mps.is_available():
        torch.mps.set_rng_state(state["mps"][0].cpu())
    if state["cuda"] and torch.cuda.is_available():
        if len(state["cuda"]) != torch.cuda.device_count():
            warnings.warn("the number of GPUs changed: their random numbers start anew", stacklevel=2)
        else:
            torch.cuda.set_rng_state_all([one.cpu() for one in state["cuda"]])


@contextmanager
def undisturbed() -> Iterator[None]:
    """Restore the random state of training after the block."""
    state = random_state()
    try:
        yield
    finally:
        restore_random(state)
