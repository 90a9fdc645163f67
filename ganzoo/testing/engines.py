"""The contract of engines and file formats: they compute what the generator computes."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch  # noqa: TID253 - testing networks needs torch, and nothing light imports this module
from torch import Tensor, nn  # noqa: TID253

from ganzoo.catalog import options
from ganzoo.contracts.engine import Engine, Format, OptionalDependency, Runner, Signature
from ganzoo.contracts.entry import Entry
from ganzoo.errors import UnsuitedNetwork
from ganzoo.testing.expectations import SEED, require

SHAPES = ((1, 3, 16, 24), (2, 3, 40, 20))
SIDE = 32  # of the only size of images that some formats take
# Largest difference to torch in float32 on a small network, by dtype.
TOLERANCES = {"float32": 1e-4, "float16": 0.02, "bfloat16": 0.1, "int8": 0.4}


def check_engine(entry: Entry, values: Mapping[str, Any] | None = None) -> None:
    """Check an engine on the CPU at two sizes: a torch-free one in each of its dtypes, any other in its first.

    One that is ``selective`` may refuse the small network.

    Args:
        entry: The engine's entry.
        values: Its options.

    Raises:
        AssertionError: Naming the entry and what is wrong.
    """
    engine = entry.build(options.parse(entry, values or {}))
    require(isinstance(engine, Engine), entry, f"builds {type(engine).__name__}, not a ganzoo.Engine")
    _require_packages(entry, engine)
    known = bool(engine.dtypes) and set(engine.dtypes) <= set(TOLERANCES)
    require(known, entry, f"has dtypes {engine.dtypes}, not some of {tuple(TOLERANCES)}")
    require(bool(engine.devices), entry, "has no devices")
    if "cpu" not in engine.devices:
        return
    for dtype in engine.dtypes if engine.torch_free else engine.dtypes[:1]:
        with tempfile.TemporaryDirectory() as folder:
            try:
                run = _converted(engine, dtype, Path(folder)) if engine.torch_free else _attached(engine, dtype)
            except UnsuitedNetwork as error:
                require(engine.selective, entry, f"refuses a network, and is not selective: {error}")
                continue
            _check_results(entry, run, dtype)


def check_format(entry: Entry, values: Mapping[str, Any] | None = None) -> None:
    """Check that an exported file gives the generator's results at two sizes, or its one, also after it was moved.

    Args:
        entry: The format's entry.
        values: Its options.

    Raises:
        AssertionError: Naming the entry and what is wrong.
    """
    built = entry.build(options.parse(entry, values or {}))
    require(isinstance(built, Format), entry, f"builds {type(built).__name__}, not a ganzoo.Format")
    _require_packages(entry, built)
    require(built.suffix.startswith("."), entry, f"has the suffix {built.suffix!r}, not one like '.onnx'")
    with tempfile.TemporaryDirectory() as folder:
        written, moved = Path(folder, "written"), Path(folder, "moved")
        written.mkdir()
        metadata = {"name": "tiny/model", "image_size": str(SIDE)}
        built.write(build_generator(), Signature(channels=3, stride=2), written / f"model{built.suffix}", metadata)
        written.rename(moved)
        shapes = [(1, 3, SIDE, SIDE)] if built.fixed_size else SHAPES
        _check_results(entry, built.open(moved / f"model{built.suffix}"), "float32", shapes)


def build_generator() -> nn.Module:
    """Build a small generator of layers that are hard to convert: reflection, norms, a transposed convolution."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        layers = (
            nn.ReflectionPad2d(1),
            nn.Conv2d(3, 6, 3, stride=2),
            nn.InstanceNorm2d(6),
            nn.LeakyReLU(0.2),
            nn.ConvTranspose2d(6, 3, 4, stride=2, padding=1),
            nn.Tanh(),
        )
        return nn.Sequential(*layers).eval().requires_grad_(False)


def _require_packages(entry: Entry, built: OptionalDependency) -> None:
    require(not built.missing(), entry, f"needs {', '.join(built.missing())}: install them to check it")


def _converted(engine: Engine, dtype: str, folder: Path) -> Runner:
    images = [np.clip(_random_image(SHAPES[0], seed), -1, 1) for seed in range(4)] if dtype == "int8" else []
    engine.convert(build_generator(), Signature(channels=3, stride=2), folder, dtype, images)
    return engine.open(folder, dtype)


def _attached(engine: Engine, dtype: str) -> Runner:
    number_type: torch.dtype = getattr(torch, dtype)
    run = engine.attach(build_generator().to(number_type))

    def on_arrays(array: Any) -> Any:
        with torch.inference_mode():
            return run(torch.from_numpy(array).to(number_type)).float().numpy()

    return on_arrays


def _check_results(entry: Entry, run: Runner, dtype: str, shapes: Sequence[tuple[int, ...]] = SHAPES) -> None:
    for shape in shapes:
        inputs = _random_image(shape, seed=9)
        outputs = run(inputs.copy())
        expected: Tensor = build_generator()(torch.from_numpy(inputs))
        right = (
            isinstance(outputs, np.ndarray) and outputs.dtype == np.float32 and outputs.shape == tuple(expected.shape)
        )
        require(right, entry, f"returns {type(outputs).__name__}, not a float32 array of {tuple(expected.shape)}")
        off = float(np.abs(outputs - expected.numpy()).max())
        require(off <= TOLERANCES[dtype], entry, f"is off by {off:.2g} in {dtype} at {shape}")


def _random_image(shape: tuple[int, ...], seed: int) -> Any:
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)
