"""How long each engine takes on this machine: measured once for a model and size, and remembered.

"auto" takes the engine that finishes a piece of work first: the time until it has started, and the time of all images.
Engines compete only once they were found right: a conversion was compared with the generator before. One that is not
in the cache competes only where comparing it takes less than half a minute, or less than the work itself. Where no
number type was asked for, all of them compute in float32.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import math
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.cards.card import Card
from ganzoo.contracts.engine import Runner, Signature, thread_count
from ganzoo.errors import GanzooError, OutputError
from ganzoo.files.atomic import replacing
from ganzoo.files.cache import cache_folder
from ganzoo.files.parsing import is_number, parse_json
from ganzoo.files.regular import read_text
from ganzoo.inference import conversions
from ganzoo.inference.engine_selection import Choice
from ganzoo.inference.workload import Workload

if TYPE_CHECKING:
    from ganzoo.contracts.engine import Array

FORMAT = 3
PASSES = 3  # of each engine, after one that warms up; the fastest counts: whatever else ran only made it slower
LARGEST = 1024  # side in pixels of a measurement
SMALLEST = 64  # side in pixels of the image by which it is known whether a larger one is slow
SLOW = 2.0  # seconds: a pass that would take longer is measured on a smaller image
COMPARED = 300_000  # pixels that a new conversion and its original compute each until it is known to be right, about
PATIENCE = 30.0  # seconds for that, if the work itself takes less

Measure = Callable[[Choice, int], "Timing | None"]


@dataclass(frozen=True)
class Timing:
    """Seconds until an engine has started in a new process, and seconds of an image."""

    start: float
    image: float

    def of(self, work: Workload, done: float = 0.0) -> float:
        """Return the seconds of a piece of work; ``done``: those of the start that have passed already."""
        return work.images * self.image + max(0.0, self.start - done)


@dataclass
class Speeds:
    """What was measured on this machine: a file in the cache, which another machine's does not replace.

    Attributes:
        engines: Key of an engine, model and size -> its timing.
        imports: Package -> seconds of its import in a new process.
    """

    engines: dict[str, Timing] = field(default_factory=dict)
    imports: dict[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls) -> Speeds:
        """Return what the cache has; nothing where it has none, or it cannot be read."""
        try:
            content = parse_json(read_text(_file(), OutputError))
            engines, imports = content["engines"].items(), content["imports"].items()
            timings = {key: Timing(value["start"], value["image"]) for key, value in engines}
        except (OSError, ValueError, TypeError, KeyError, AttributeError, IndexError, GanzooError):
            return cls()
        return cls(
            {key: timing for key, timing in timings.items() if _is_time(timing.start) and _is_time(timing.image)},
            {package: seconds for package, seconds in imports if _is_time(seconds)},
        )

    @classmethod
    def add(cls, key: str, timing: Timing) -> None:
        """Remember the timing of an engine."""
        speeds = cls.read()
        speeds.engines[key] = timing
        speeds.write()

    def write(self) -> None:
        """Write it to the cache; without a cache that can be written, it is measured again next time."""
        try:
            _file().parent.mkdir(parents=True, exist_ok=True)
            with replacing(_file()) as temporary:
                temporary.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        except (OSError, GanzooError):
            pass


def fastest_first(choices: Sequence[Choice], card: Card, work: Workload, measure: Measure) -> list[Choice]:
    """Return the choices, that which finishes ``work`` first in front; those that refuse the model come last.

    Args:
        choices: Engines, as `engine_selection.choose` returns them.
        card: The model's.
        work: What it will do.
        measure: Times an engine on images of a side in pixels; returns None where the engine refuses the model.
    """
    if len(choices) < 2:
        return list(choices)
    weighed = [choice for choice in choices if not choice.engine.one_size]
    if choices[0].device != "cpu" or choices[0].dtype != "float32" or (card.weights is None and card.parameters):
        return weighed
    found, side = Speeds.read().engines, measured_side(card, work)
    costs: dict[str, float] = {}
    quickest = math.inf  # seconds of an image, of the engines that convert nothing
    for choice in sorted(choices, key=lambda choice: (choice.engine.one_size, choice.engine.torch_free)):
        if choice.engine.one_size and not _may_pay(work, costs):
            continue
        key = _key(choice, card, side)
        timing = found.get(key)
        if choice.engine.torch_free and not _may_convert(choice, card, work, quickest, side):
            continue
        if timing is None and (timing := measure(choice, side)) is not None:
            Speeds.add(key, timing)
        costs[choice.name] = timing.of(work, _seconds_done(choice)) if timing else math.inf
        if timing and not choice.engine.torch_free:
            quickest = min(quickest, timing.image)
    return sorted([choice for choice in choices if choice.name in costs], key=lambda choice: costs[choice.name])


def fastest_anew(choices: Sequence[Choice], card: Card, work: Workload) -> str:
    """Return the name of the engine that finishes ``work`` first in a new process; "" where none was measured."""
    timings = {choice.name: known(choice, card, work) for choice in choices}
    costs = {name: timing.of(work) for name, timing in timings.items() if timing}
    return min(costs, key=lambda name: costs[name], default="")


def known(choice: Choice, card: Card, work: Workload) -> Timing | None:
    """Return what was measured of an engine, None where nothing was."""
    return Speeds.read().engines.get(_key(choice, card, measured_side(card, work)))


def measured_side(card: Card, work: Workload) -> int:
    """Return the side of the images by which ``work`` is measured: its working size, 1024 pixels at most."""
    return min(work.side or card.image_size or 256, LARGEST)


def time_runner(run: Runner, signature: Signature, side: int, *, shrink: bool = True) -> tuple[float, float]:
    """Return how many seconds longer the first image takes than a later one, and the seconds of a later one.

    Args:
        run: The engine's.
        signature: The generator's.
        side: Of the image, about, in pixels.
        shrink: Measure on a smaller image where this one takes longer than `SLOW`, and count pixels.
    """
    used, start = _quick_side(run, signature, side) if shrink else (side, 0.0)
    image = _noise(signature, used)
    first = conversions.seconds(run, image)
    later = min(conversions.seconds(run, image) for _ in range(PASSES))
    return start + max(0.0, first - later), later * (max(side, used) / used) ** 2


def _quick_side(run: Runner, signature: Signature, side: int) -> tuple[int, float]:
    """Halve ``side`` until an image takes `SLOW` seconds at most, by what a small one takes.

    Returns:
        The side, and how many seconds longer the first small image took than the second.
    """
    small = signature.padded(min(side, SMALLEST))
    image = _noise(signature, small)
    first = conversions.seconds(run, image)
    seconds = conversions.seconds(run, image)
    while side > small and seconds * (side / small) ** 2 > SLOW:
        side //= 2
    return max(side, small), max(0.0, first - seconds)


def _noise(signature: Signature, side: int) -> Array:
    """Return an image (1, C, H, W) in [-1, 1] of about ``side`` pixels that the generator takes."""
    multiple = max(signature.smallest, round(side / signature.stride) * signature.stride)
    shape = (1, signature.channels, multiple, multiple)
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)


def import_seconds(packages: Sequence[str]) -> float:
    """Return the seconds that importing these takes in a new process, measured once on this machine."""
    speeds = Speeds.read()
    for package in packages:
        if package not in speeds.imports:
            command = f"import time; began = time.perf_counter(); import {package}; print(time.perf_counter() - began)"
            done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, timeout=120)
            speeds.imports[package] = float(done.stdout) if done.returncode == 0 else 0.0
            speeds.write()
    return sum(speeds.imports[package] for package in packages)


def _is_time(value: object) -> bool:
    return is_number(value) and value >= 0


def _seconds_done(choice: Choice) -> float:
    """Return the seconds of an engine's start that this process does not need: those of an import that was made."""
    imported = not choice.engine.torch_free and _torch_is_imported()
    return Speeds.read().imports.get("torch", 0.0) if imported else 0.0


def _torch_is_imported() -> bool:
    return "torch" in sys.modules


def _may_pay(work: Workload, costs: Mapping[str, float]) -> bool:
    """Return whether an engine that is slow for the first image of a size may pay: much work, all of one size."""
    return work.same_size and min(costs.values(), default=math.inf) > work.worth_compiling


def _may_convert(choice: Choice, card: Card, work: Workload, quickest: float, side: int) -> bool:
    """Return whether there is a conversion, or one pays that is not there yet.

    Args:
        choice: An engine that needs one.
        card: The model's.
        work: What it will do.
        quickest: Seconds of an image by the fastest engine that needs none; infinite where none runs.
        side: Of the image, about.
    """
    if math.isinf(quickest) or conversions.find(card, choice.name, choice.engine, choice.dtype) is not None:
        return True
    comparison = 2 * COMPARED * quickest / side**2
    certain = work.images if work.certain else 1
    return comparison <= max(PATIENCE, certain * quickest)


def _key(choice: Choice, card: Card, side: int) -> str:
    torch = "" if choice.engine.torch_free else importlib.metadata.version("torch")
    return f"{conversions.place(card, choice.name, choice.engine, choice.dtype).name}{torch}-{side}"


def _file() -> Path:
    machine = f"{platform.node()}-{_processor()}-{os.cpu_count()}-{thread_count()}"
    return cache_folder() / "engines" / f"speeds-{hashlib.sha256(machine.encode()).hexdigest()[:12]}-{FORMAT}.json"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next((line for line in lines if line.startswith("model name")), platform.processor())
    except OSError:
        return platform.processor()
