"""A generator as an engine's own file: converted once, compared with the original, and kept in the cache.

A conversion is a folder with what the engine wrote and conversion.json. Its name holds the weights' SHA-256 and a
digest of all else it depends on: options, engine, its version, ganzoo's. Reading one imports no torch.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.cards.card import Card
from ganzoo.contracts.engine import Engine, Runner, Signature
from ganzoo.errors import DeviceError, GanzooError, MeasuredDifference, OutputError, UnsuitedNetwork, WeightsError
from ganzoo.files.cache import cache_folder
from ganzoo.files.regular import read_text
from ganzoo.inference.verification_samples import samples
from ganzoo.version import __version__

if TYPE_CHECKING:
    from torch import nn

    from ganzoo.contracts.engine import Array

FACTS = "conversion.json"
LEFTOVER = 3600.0  # seconds, after which an unfinished folder counts as left behind
FORMAT = 2
# What a conversion must keep to: in float32 a greatest difference on [-1, 1], else a least PSNR in decibels.
TOLERANCE = 1e-3
TURNS, LONG = 5, 5.0  # in which two networks are timed; after so many seconds there is no further one
LEAST_PSNR = {"bfloat16": 35.0, "float16": 40.0, "int8": 24.0}


@dataclass(frozen=True)
class Facts:
    """What is known of a conversion.

    stride, least, global_skip   of the generator, as `Model` uses them
    memory       bytes per pixel of an image that is translated whole; 0 where unknown
    difference   greatest one from the generator in float32, on the four photographs, in [-1, 1]
    psnr         mean of theirs, in decibels
    speed        times as fast as the generator in float32, both timed in turns on this machine
    calibration  what an int8 conversion was calibrated by, as a hash
    refused      why this cannot be had, instead of all that
    """

    stride: int = 1
    least: int = 0
    global_skip: bool = False
    memory: float = 0.0
    difference: float = 0.0
    psnr: float = 0.0
    speed: float = 0.0
    calibration: str = ""
    refused: str = ""


@dataclass(frozen=True)
class Conversion:
    """A folder in the cache, and its facts."""

    folder: Path
    facts: Facts


def place(card: Card, name: str, engine: Engine, dtype: str) -> Path:
    """Return the folder of a conversion, whether it is there or not."""
    if card.weights is None and card.parameters:
        raise WeightsError(f"{card.name} has no weights to convert: its card names no file.")
    depends = [FORMAT, __version__, card.entry, card.plugin, card.options, engine.version()]
    digest = hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()
    known = card.weights.sha256[:32] if card.weights else "without-weights"
    return _home() / f"{known}-{name}-{dtype}-{digest[:16]}"


def _home() -> Path:
    return cache_folder() / "engines"


@contextmanager
def _folder() -> Iterator[Path]:
    """Yield a new folder next to the conversions, which is removed afterwards unless it was moved."""
    try:
        _home().mkdir(parents=True, exist_ok=True)
        _sweep()
        work = Path(tempfile.mkdtemp(prefix=f".making-{os.getpid()}-", dir=_home()))
    except OSError as error:
        raise OutputError(
            f"Cannot write to {_home()}: {error.strerror}. Set GANZOO_CACHE to a folder, or use --engine torch."
        ) from error
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _sweep() -> None:
    """Remove folders that killed processes left behind: an hour old, and of no process of this machine."""
    for path in [*_home().glob(".making-*"), *_home().glob(".old-*")]:
        process = path.name.split("-")[1]
        with suppress(OSError, OverflowError):
            if time.time() - path.stat().st_mtime > LEFTOVER and not (process.isdigit() and _is_alive(int(process))):
                shutil.rmtree(path, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def find(card: Card, name: str, engine: Engine, dtype: str) -> Conversion | None:
    """Return the conversion in the cache, which may be a refusal, or None."""
    folder = place(card, name, engine, dtype)
    try:
        return Conversion(folder, Facts(**json.loads(read_text(folder / FACTS, OutputError))))
    except (OSError, ValueError, TypeError, RecursionError):  # not there, or not whole
        return None


def make(
    card: Card, generator: nn.Module, name: str, engine: Engine, dtype: str, calibration: Sequence[Array] = ()
) -> Conversion:
    """Convert a float32 generator on the CPU, compare the result with it, and keep it.

    calibration   inputs (1, C, H, W) for int8
    Raises DeviceError where the engine cannot take the generator, or computes something else; UnsuitedNetwork where
    another try would not help.
    """
    with _folder() as work:
        facts = _convert(card, generator, engine, dtype, calibration, work, name)
        return _keep(work, place(card, name, engine, dtype), facts)


def refuse(card: Card, name: str, engine: Engine, dtype: str, reason: str) -> None:
    """Remember that a conversion cannot be had, so that "auto" does not try again."""
    with _folder() as work:
        _keep(work, place(card, name, engine, dtype), Facts(refused=reason))


def fingerprint(calibration: Sequence[Array]) -> str:
    """Return a hash of calibration images, "" for none."""
    digest = hashlib.sha256()
    for image in calibration:
        digest.update(image.tobytes())
    return digest.hexdigest()[:16] if calibration else ""


def signature_of(card: Card, generator: nn.Module) -> Signature:
    """Return what a generator takes."""
    if card.does.source == "image":
        stride, least = (int(getattr(generator, name, default)) for name, default in (("stride", 1), ("least", 0)))
        return Signature(card.in_channels, stride, least=least)
    return Signature(latent_dim=card.latent_dim)


def _convert(
    card: Card,
    generator: nn.Module,
    engine: Engine,
    dtype: str,
    calibration: Sequence[Array],
    folder: Path,
    name: str,
) -> Facts:
    from ganzoo.layers.replace_custom_layers import replace_custom_layers

    signature = signature_of(card, generator)
    copy = replace_custom_layers(generator)
    try:
        engine.convert(copy, signature, folder, dtype, calibration)
        run = engine.open(folder, dtype)
        inputs = samples(signature)
        difference, psnr = compare(original(generator), run, inputs)
        speed = relative_speed(original(generator), run, inputs[0])
    except GanzooError:
        raise
    except (OSError, MemoryError) as error:  # says nothing about the engine
        raise OutputError(
            f"{card.name} was not converted for {name}: {error}. Free some space, and try again."
        ) from error
    except Exception as error:  # converters raise whatever they like
        refusal = f"{name} cannot run {card.name} in {dtype}: {reason(error)}. Use --engine torch."
        raise UnsuitedNetwork(refusal) if _is_lasting(error) else DeviceError(refusal) from error
    check(difference, psnr, dtype, f"{name} in {dtype} computes something else than {card.name}")
    return Facts(
        stride=signature.stride,
        least=signature.least,
        global_skip=bool(getattr(generator, "global_skip", False)),
        memory=memory_per_pixel(generator),
        difference=difference,
        psnr=psnr,
        speed=speed,
        calibration=fingerprint(calibration),
    )


def _is_lasting(error: Exception) -> bool:
    """Return whether another try fails as well: a network is not exported, or the file does not take a size."""
    where, text = type(error).__module__, str(error).lower()
    return where.startswith(("torch.onnx", "onnxruntime")) and "memory" not in text and "alloc" not in text


def reason(error: Exception) -> str:
    """Return what a converter says, which may be a page with colors for a terminal, as the start of a sentence."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
    first = re.split(r"\.\s|\.?\n", f"{text}\n", maxsplit=1)[0]
    return f"{type(error).__name__}: {first[:200]}" if first else type(error).__name__


def original(generator: nn.Module) -> Runner:
    """Return what runs the generator itself."""
    import torch

    def run(array: Array) -> Array:
        with torch.inference_mode():
            output: Array = generator(torch.from_numpy(array)).numpy()
        return output

    return run


def compare(
    one: Runner, other: Runner, inputs: Sequence[Array], on_progress: Callable[[float], None] = lambda share: None
) -> tuple[float, float]:
    """Return the greatest difference, and the mean PSNR in decibels.

    on_progress   is called with the share that is done, by size of the inputs
    """
    differences, errors, done, total = [], [], 0, sum(given.size for given in inputs)
    for given in inputs:
        a, b = one(given), other(given)
        differences.append(float(np.abs(a - b).max()))
        errors.append(float(np.square(a.astype(np.float64) - b).mean()))
        done += given.size
        on_progress(done / total)
    psnr = float(np.mean([10 * np.log10(4 / max(error, 1e-12)) for error in errors]))
    return max(differences), round(psnr, 2)


def relative_speed(one: Runner, other: Runner, given: Array) -> float:
    """Return how many times as fast ``other`` is, timed in turns on one input."""
    times: list[tuple[float, float]] = []
    began = time.perf_counter()
    while not times or (len(times) < TURNS and time.perf_counter() - began < LONG):
        times.append((seconds(one, given), seconds(other, given)))
    theirs, ours = map(min, zip(*times, strict=True))  # whatever else ran only made it slower
    return round(float(theirs / ours), 2)


def check(difference: float, psnr: float, dtype: str, what: str) -> None:
    """Raise DeviceError where a result is too far from the generator's."""
    if dtype == "float32" and not difference <= TOLERANCE:  # NaN lands here too
        raise MeasuredDifference(
            f"{what}: values differ by up to {difference:.2g}, more than {TOLERANCE}. Use --engine torch."
        )
    least = LEAST_PSNR.get(dtype, 0.0)
    if not psnr >= least:
        raise MeasuredDifference(
            f"{what}: PSNR {psnr:.1f} dB, less than {least:.0f}. Use another dtype, or --engine torch."
        )


def memory_per_pixel(generator: nn.Module) -> float:
    """Return the bytes per pixel of an image that is translated whole, 0 where unknown."""
    from ganzoo.inference.tiling.strips import Strips

    side = 4096
    try:
        return Strips(generator).memory(side, side) / side**2
    except GanzooError:
        return 0.0


def seconds(run: Runner, given: Array) -> float:
    """Return how long a network takes for one input."""
    began = time.perf_counter()
    run(given)
    return time.perf_counter() - began


def _keep(work: Path, target: Path, facts: Facts) -> Conversion:
    """Move a finished folder to its place; of two processes that converted the same, either's is kept."""
    try:
        return _move(work, target, facts)
    except OSError as error:
        raise OutputError(f"{target} cannot be written: {error.strerror or error}. Free some space.") from error


def _move(work: Path, target: Path, facts: Facts) -> Conversion:
    (work / FACTS).write_text(json.dumps(asdict(facts), indent=2), encoding="utf-8")
    if target.exists():  # an older calibration, a refusal, or another process's
        aside = Path(tempfile.mkdtemp(prefix=f".old-{os.getpid()}-", dir=target.parent))
        os.replace(target, aside / "it")
        shutil.rmtree(aside, ignore_errors=True)
    os.replace(work, target)
    return Conversion(target, facts)
