"""Which engine runs a model: the one asked for, or the best that is installed."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ganzoo import catalog
from ganzoo.contracts.engine import Engine
from ganzoo.contracts.tasks import Task
from ganzoo.errors import DeviceError, suggest

VARIABLE = "GANZOO_ENGINE"  # what "auto" means, where it is set


@dataclass(frozen=True)
class Choice:
    """An engine, the number type it computes in and the device; ``why`` in words."""

    name: str
    engine: Engine
    dtype: str
    device: str
    why: str


@dataclass(frozen=True)
class Verdict:
    """An engine that "auto" does not take, and why."""

    name: str
    engine: Engine
    why: str


def names() -> list[str]:
    """Return the names of all engines, the best first."""
    return [name for name, _ in _all()]


def check(name: str) -> None:
    """Raise DeviceError for an engine that does not exist."""
    if name != "auto" and name not in names():
        raise DeviceError(f"No engine is called '{name}'.{suggest(name, names())} Engines: auto, {', '.join(names())}.")


def choose(name: str = "auto", device: str = "auto", dtype: str | None = None) -> list[Choice]:
    """Return the engines to try: one, or for "auto" all that are installed, which `engine_timing` puts into order.

    torch is imported only where there may be a GPU, or one is asked for. Raises DeviceError where nothing that is
    installed does what is asked.
    """
    name = os.environ.get(VARIABLE, "auto") if name == "auto" else name
    check(name)
    place = _device(device)
    if name == "auto":
        found = [verdict for verdict in assess(place, dtype) if isinstance(verdict, Choice)]
        if not found:
            known = "; ".join(f"{one}: {', '.join(engine.dtypes)}" for one, engine in _all() if engine.rank)
            raise DeviceError(f"No engine that is installed computes in '{dtype}' on {place}. They do ({known}).")
        return found
    engine = dict(_all())[name]
    if wrong := _unfit(engine, place, dtype):
        raise DeviceError(f"The engine '{name}' cannot be used: {wrong}.")
    return [Choice(name, engine, dtype or engine.dtypes[0], place, "asked for")]


def fitting(choices: list[Choice], task: Task) -> list[Choice]:
    """Leave out what "auto" would not take for this task: latents are drawn by torch, so it is there anyway.

    Raises DeviceError where the one that is asked for does not run generators of this task.
    """
    if task.source == "image" and not task.inputs:
        return choices
    if len(choices) > 1:
        return [one for one in choices if not (one.engine.torch_free or one.engine.selective or one.engine.one_size)]
    engine = choices[0].engine
    if task.inputs and (engine.torch_free or engine.selective):
        raise DeviceError(
            f"The engine '{choices[0].name}' runs generators that take one input; for {task.name} they take "
            f"{' and '.join(task.inputs)} as well. Use the engine torch."
        )
    if engine.selective:
        raise DeviceError(f"The engine '{choices[0].name}' runs generators that take an image. Use the engine torch.")
    return choices


def assess(device: str, dtype: str | None) -> Iterator[Choice | Verdict]:
    """Say of every engine, the best first, whether "auto" takes it on this device in this dtype, and why."""
    for name, engine in _all():
        wrong = _unfit(engine, device, dtype) or ("" if engine.rank else "only when asked for")
        if engine.one_size and device != "cpu":
            wrong = wrong or "only when asked for"
        if wrong:
            yield Verdict(name, engine, wrong)
        else:
            why = "starts without torch" if engine.torch_free else "is always there"
            why = "for some networks" if engine.selective else why
            why = "for long videos" if engine.one_size else why
            yield Choice(name, engine, dtype or engine.dtypes[0], device, why)


def install_hint(engine: Any) -> str:
    """Return the command that installs what an engine or format lacks."""
    return f"pip install 'ganzoo-core[{engine.extra}]'" if engine.extra else f"pip install {' '.join(engine.missing())}"


def _unfit(engine: Engine, device: str, dtype: str | None) -> str:
    if missing := engine.missing():
        return f"{', '.join(missing)} not installed ({install_hint(engine)})"
    if device.partition(":")[0] not in engine.devices:
        return f"it runs on {', '.join(engine.devices)}, not on {device}"
    if dtype is not None and dtype not in engine.dtypes:
        return f"it computes in {', '.join(engine.dtypes)}, not in {dtype}"
    return ""


def _all() -> list[tuple[str, Engine]]:
    found = [(entry.name, entry.build(entry.config())) for entry in catalog.entries("engine")]
    return sorted(found, key=lambda one: -one[1].rank)


def _device(name: str) -> str:
    """Return "cpu", "cuda", "cuda:1" or "mps"; torch is asked only where there may be more than a CPU."""
    if name == "cpu" or (name == "auto" and not may_have_gpu()):
        return "cpu"
    from ganzoo.inference import devices

    return str(devices.choose(name))


def may_have_gpu() -> bool:
    """Tell, without torch, whether it is worth asking torch for a GPU."""
    return sys.platform == "darwin" or shutil.which("nvidia-smi") is not None or os.path.exists("/dev/kfd")
