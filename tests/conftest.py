"""Fixtures for every test: a clean catalog and registry, small models, real pictures made on the spot."""

from __future__ import annotations

import atexit
import gc
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from learning import Measures
from needs import enforce
from PIL import Image

# What the user has set for ganzoo, the Hub and terminals is no matter of the tests.
OWN = ("GANZOO_CHROMIUM", "GANZOO_WEB_RUNTIME", "GANZOO_MARGINS", "GANZOO_TEST_SEED")
TERMINAL = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE")
for _name in list(os.environ):
    if _name in TERMINAL or (_name.startswith(("GANZOO_", "HF_", "HUGGINGFACE_")) and _name not in OWN):
        del os.environ[_name]
if "TORCHINDUCTOR_CACHE_DIR" not in os.environ:  # not one that processes on other instruction sets write to, too
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = tempfile.mkdtemp(prefix="ganzoo-inductor-")  # pytest's workers get it too
    atexit.register(shutil.rmtree, os.environ["TORCHINDUCTOR_CACHE_DIR"], ignore_errors=True)
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["GANZOO_NOTICES"] = "off"
os.environ["GANZOO_ENGINE"] = "torch"  # where a test wants another, it says so
os.environ.setdefault("OMP_NUM_THREADS", "1")  # small networks: a second thread waits more than it works
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # where there are more, they sleep: spinning is slow under load

ROOT = Path(__file__).parent.parent


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Look for no garbage while tests are collected, nor later among these million objects, which stay."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark learning tests as slow, and those of training as such: the others say themselves what they are."""
    for item in items:
        if item.get_closest_marker("learning"):
            item.add_marker(pytest.mark.slow)
        if "tests/training/" in item.nodeid:
            item.add_marker(pytest.mark.training)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        enforce(mark)


@pytest.fixture
def fresh() -> Iterator[None]:
    """Forget what plugins, entries and cards were found, before and after a test that changes them."""
    from ganzoo import catalog
    from ganzoo.cards import registry

    catalog.refresh()
    registry.refresh()
    yield
    catalog.refresh()
    registry.refresh()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no command say how far it is, however slow the machine: what it prints does not depend on time."""
    monkeypatch.setattr("ganzoo.cli.progress.LINE_INTERVAL", 3600.0)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Keep torch to one thread: another number of them gives other last bits."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def double(one_thread: None) -> Iterator[None]:
    """Build, compute and draw in float64 on one thread.

    In float32 the last bits, which are each processor's own, decide within a hundred steps of a GAN what it learns. In
    float64 most trainings of this length reach the same to eight digits everywhere.
    """
    from exact import double_precision

    with double_precision():
        yield


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Let a test draw the same random numbers whichever tests ran before it in this process."""
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


@pytest.fixture(scope="session", autouse=True)
def onednn_of_torch_alone() -> None:
    """Let ONEDNN_MAX_CPU_ISA, with which `scripts/test-matrix` limits torch, not reach OpenVINO.

    OpenVINO obeys it in some places and asks the processor itself in others, and fails. torch reads it once.
    """
    if "ONEDNN_MAX_CPU_ISA" in os.environ:
        import torch

        torch.nn.functional.conv2d(torch.zeros(2, 16, 32, 32), torch.zeros(16, 16, 3, 3))
        del os.environ["ONEDNN_MAX_CPU_ISA"]


@pytest.fixture
def seed() -> int:
    """The seed of a test that trains something; see `learning`."""
    return int(os.environ.get("GANZOO_TEST_SEED", "0"))


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Measures:
    """Hold measures to limits: ``measured("mse", 0.1, limit=0.2, untrained=0.4)``; see `learning`."""
    return Measures(request.node.nodeid.rpartition("/")[2])


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A 60x44 JPEG with smooth colors."""
    path = tmp_path / "photo.jpg"
    picture(60, 44, seed=1).save(path, quality=95)
    return path


@pytest.fixture
def ganzoo_command() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command line in a process of its own: ``ganzoo_command("list", "--json", cwd=..., env=...)``."""

    def run(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
        given = {"capture_output": True, "text": True, "timeout": 300, **options}
        return subprocess.run([sys.executable, "-m", "ganzoo", *map(str, arguments)], **given)  # type: ignore[call-overload]

    return run


def picture(width: int, height: int, seed: int = 0) -> Image.Image:
    """Return an RGB picture with smooth gradients and a few blocks, different for each seed."""
    random = np.random.default_rng(seed)
    across, down = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    waves = [np.sin(6 * (across * random.normal() + down * random.normal() + random.random())) for _ in range(3)]
    pixels = (np.stack(waves, -1) * 100 + 128).astype(np.uint8)
    return Image.fromarray(pixels)


def script(name: str) -> ModuleType:
    """Return a file of scripts/ as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
