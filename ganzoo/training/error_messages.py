"""Errors of torch and of recipes, explained to the user who chose data and parts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType

import torch
from torch import Tensor, nn

from ganzoo.catalog.building import Architecture
from ganzoo.data.datasets import Data
from ganzoo.errors import GanzooError, OptionError, PluginError, TrainingError
from ganzoo.recipes.recipe import Recipe

# Subclasses of RuntimeError that have nothing to do with shapes; torch before 2.8 has no AcceleratorError.
_NOT_SHAPES = (
    GanzooError,
    torch.OutOfMemoryError,
    NotImplementedError,
    RecursionError,
    getattr(torch, "AcceleratorError", GanzooError),
)


def name_size(error: OptionError, size: int) -> OptionError:
    """Return ``error`` with a note that the image size came from the data, not from the user."""
    option = f"image_size={size}"
    explained = f"{option} (from the images; --set image_size=SIZE scales them)"
    return OptionError(str(error).replace(option, explained, 1))


def is_of_memory(error: Exception) -> bool:
    """Tell whether memory has run out; for main memory, torch has no class of its own."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or "can't allocate memory" in str(error)


@contextmanager
def of_memory(step: int, device: torch.device) -> Iterator[None]:
    """Turn a lack of memory in ``step`` into a TrainingError that says how to use less."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_of_memory(error):
            raise
        raise TrainingError(
            f"Step {step} does not fit in the memory of {device}. Set a larger --accumulate, which splits "
            "the batch into micro-batches, or a smaller batch_size or image_size."
        ) from error


@contextmanager
def of_first_step(recipe: Recipe, data: Data, batch_size: int) -> Iterator[None]:
    """Turn torch's errors for images that do not fit the networks into a TrainingError that says so."""
    try:
        yield
    except Exception as error:
        if isinstance(error, _NOT_SHAPES) or is_of_memory(error) or "CUDA" in str(error):
            raise
        shape = f"images of {data.image_width or data.image_size}x{data.image_size} with {data.channels} channels"
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        name, network = _raised_in(recipe, error.__traceback__)
        if not isinstance(error, (RuntimeError, ValueError)):
            if network is None:  # a fault in a recipe's own code: the trace says where
                raise
            entry = getattr(getattr(network, "architecture", None), "entry", type(network).__name__)
            raise PluginError(
                f"The network '{name}' ({entry}) fails on {shape}: {type(error).__name__}: {reason}. Fix its forward, "
                f"or choose another part with --part {name}=ENTRY."
            ) from error
        if network is None:
            failed = f"The first step failed on {shape}: {reason}."
        else:
            architecture = getattr(network, "architecture", None)
            what = f" ({architecture.entry})" if isinstance(architecture, Architecture) else ""
            failed = f"The network '{name}'{what} does not accept {shape}: {reason}."
        if found := re.search(r"expected input.* to have (\d+) channels, but got (\d+)", reason):
            raise TrainingError(
                f"{failed} It takes {found[1]} channels and gets {found[2]}. Set the recipe's channels, or "
                f"--set {name or 'ROLE'}.in_channels={found[2]}."
            ) from error
        larger = "image_size or batch_size" if batch_size == 1 else "image_size"
        raise TrainingError(
            f"{failed} Set a larger {larger}, or choose another part with --part ROLE=ENTRY, "
            "or other options of it with --set ROLE.KEY=VALUE."
        ) from error


def as_numbers(losses: object, recipe: str) -> dict[str, float]:
    """Return a step's named losses as numbers. Raises PluginError for anything but scalar tensors and numbers."""
    if not isinstance(losses, Mapping):
        raise PluginError(
            f"recipe:{recipe}: step returned {_type_name(losses)}. It should return its losses, name -> scalar."
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
        raise PluginError(f"{where} {_type_name(loss)}. A loss should be a scalar tensor or a number.") from None


def _type_name(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"


def _raised_in(recipe: Recipe, trace: TracebackType | None) -> tuple[str, nn.Module | None]:
    """Return name and module of the recipe's network in which an error was raised."""
    names = {id(network): name for name, network in recipe.networks.items()}
    while trace is not None:
        owner = trace.tb_frame.f_locals.get("self")
        if id(owner) in names:
            return names[id(owner)], owner
        trace = trace.tb_next
    return "", None
