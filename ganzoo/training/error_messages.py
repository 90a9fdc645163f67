"""Errors of torch, and of recipes, in the words of the person who chose pictures and parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType

import torch
from torch import Tensor, nn

from ganzoo.catalog.building import Architecture
from ganzoo.data.datasets import Data
from ganzoo.errors import GanzooError, OptionError, PluginError, TrainingError
from ganzoo.recipes.recipe import Recipe

# Subclasses of RuntimeError that say nothing of shapes; torch before 2.8 has no AcceleratorError.
_OTHERS = (
    GanzooError,
    torch.OutOfMemoryError,
    NotImplementedError,
    RecursionError,
    getattr(torch, "AcceleratorError", GanzooError),
)


def name_size(error: OptionError, size: int) -> OptionError:
    """Return ``error`` with a word on where the image size came from, which the user never typed."""
    typed = f"image_size={size}"
    said = f"{typed} (from the pictures; --set image_size=SIZE scales them)"
    return OptionError(str(error).replace(typed, said, 1))


@contextmanager
def of_memory(step: int, device: torch.device) -> Iterator[None]:
    """Turn a lack of memory in ``step`` into a TrainingError that says what takes less."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise TrainingError(
            f"Step {step} does not fit in the memory of {device}. Set a larger --accumulate, which works "
            "through the batch in parts, or a smaller batch_size or image_size."
        ) from error


@contextmanager
def of_first_step(recipe: Recipe, data: Data, batch_size: int) -> Iterator[None]:
    """Turn what torch raises for pictures that do not suit the networks into a TrainingError that says so."""
    try:
        yield
    except (RuntimeError, ValueError) as error:
        if isinstance(error, _OTHERS) or "CUDA" in str(error):
            raise
        pictures = f"pictures of {data.image_size}x{data.image_size} with {data.channels} channels"
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        name, network = _raised_in(recipe, error.__traceback__)
        if network is None:
            failed = f"The first step failed on {pictures}: {reason}."
        else:
            architecture = getattr(network, "architecture", None)
            what = f" ({architecture.entry})" if isinstance(architecture, Architecture) else ""
            failed = f"The network '{name}'{what} does not take {pictures}: {reason}."
        larger = "image_size or batch_size" if batch_size == 1 else "image_size"
        raise TrainingError(
            f"{failed} Set a larger {larger}, or choose another part with --part ROLE=ENTRY, "
            "or other options of it with --set ROLE.KEY=VALUE."
        ) from error


def as_numbers(losses: object, recipe: str) -> dict[str, float]:
    """Return a step's named losses, scalar tensors or numbers, as numbers. Raises PluginError for anything else."""
    if not isinstance(losses, Mapping):
        raise PluginError(
            f"recipe:{recipe}: step returned {_kind(losses)}. It should return its losses, name -> scalar."
        )
    return {str(name): _number(loss, f"recipe:{recipe}: step returned as '{name}'") for name, loss in losses.items()}


def _number(loss: object, where: str) -> float:
    if isinstance(loss, Tensor) and loss.numel() == 1:
        return float(loss.detach())
    if isinstance(loss, Tensor):
        raise PluginError(f"{where} a tensor of shape {tuple(loss.shape)}. A loss should be a scalar: take its mean.")
    try:
        return float(loss)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise PluginError(f"{where} {_kind(loss)}. A loss should be a scalar tensor or a number.") from None


def _kind(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"


def _raised_in(recipe: Recipe, trace: TracebackType | None) -> tuple[str, nn.Module | None]:
    """Return the recipe's network in whose call an error was raised, and its name."""
    names = {id(network): name for name, network in recipe.networks.items()}
    while trace is not None:
        owner = trace.tb_frame.f_locals.get("self")
        if id(owner) in names:
            return names[id(owner)], owner
        trace = trace.tb_next
    return "", None
