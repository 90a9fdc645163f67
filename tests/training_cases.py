"""Small real trainings: every built-in recipe with narrow networks on a few made pictures, in about a second."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from conftest import picture

import ganzoo
from ganzoo import LatentRecipe, catalog
from ganzoo.catalog import discovery

_LATENT = {"generator": {"width": 4}, "discriminator": {"width": 4}}
_PATCH = {"width": 4, "receptive_field": 16}

# Recipe -> (kind of data, settings): dropout, image pool, identity loss, averages, crops and flips are all in it.
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "dcgan": ("images", {"part_options": _LATENT, "batch_size": 3}),
    "lsgan": ("images", {"part_options": {**_LATENT, "generator": {"width": 4, "latent_dim": 8}}, "batch_size": 3}),
    "pix2pix": (
        "paired",
        {"options": {"image_size": 32}, "part_options": {"generator": {"width": 4}, "discriminator": _PATCH}},
    ),
    "cyclegan": (
        "unpaired",
        {
            "options": {"image_size": 16, "pool_size": 2, "identity_weight": 0.5},
            "part_options": {"generator": {"width": 4, "blocks": 1}, "discriminator": _PATCH},
        },
    ),
}


class Watcher:
    """A reporter that remembers, and sends this process a signal after the step ``stop_at``."""

    def __init__(self, stop_at: int = 0, number: int = signal.SIGTERM) -> None:
        self.stop_at, self.number = stop_at, number
        self.started: list[tuple[int, int]] = []
        self.steps: list[tuple[int, dict[str, float] | None]] = []
        self.notes: list[str] = []

    def start(self, first: int, steps: int, batch_size: int) -> None:
        self.started.append((first, steps))

    def step(self, step: int, losses: Mapping[str, float] | None) -> None:
        self.steps.append((step, dict(losses) if losses else None))
        if step == self.stop_at:
            os.kill(os.getpid(), self.number)

    def note(self, text: str) -> None:
        self.notes.append(text)


def make_data(folder: Path, kind: str) -> Path:
    """Write seven small pictures (pairs, or seven of each side) and return their folder."""
    path = folder / f"data-{kind}"
    if path.exists():
        return path
    places = {"images": [""], "paired": [""], "unpaired": ["trainA/", "trainB/"]}[kind]
    size = {"images": (16, 16), "paired": (64, 32), "unpaired": (20, 16)}[kind]
    for side, place in enumerate(places):
        (path / place).mkdir(parents=True)
        for index in range(7):
            picture(*size, seed=10 * side + index).save(path / place / f"{index}.png")
    return path


def train(case: str, folder: Path, name: str = "run", **more: Any) -> Path:
    """Train a case in ``folder`` / ``name``; ``recipe=...`` puts another recipe in place of the case's own."""
    kind, values = CASES[case]
    recipe = more.pop("recipe", case)
    basis = {"steps": 6, "ema_decay": 0.9, "validation": 0.3, "log_every": 2, "sample_every": 2, "device": "cpu"}
    return ganzoo.train(recipe, make_data(folder, kind), folder / name, **{**basis, **values, **more})


def add_recipe(kind: type[LatentRecipe]) -> None:
    """Add ``kind`` as the recipe of its name in lower case, as a plugin does; needs the fixture ``fresh``."""
    found = catalog.find("recipe:dcgan")
    catalog.refresh()
    entry = dataclasses.replace(found, name=kind.__name__.lower(), build=kind)
    plugin = SimpleNamespace(ganzoo_entries=ganzoo.hookimpl(lambda: [entry]))
    discovery.manager().register(plugin, f"a-test-s-{entry.name}")


def checkpoint(run: Path, step: int) -> dict[str, Any]:
    """Return a checkpoint's content, without the seconds, which differ."""
    state = torch.load(run / "checkpoints" / f"step-{step:08d}.pt", weights_only=True)
    del state["seconds"]
    return state


def lines(run: Path, name: str = "metrics.jsonl") -> list[dict[str, float]]:
    """Return a log's lines, without what differs in time; none where there is no such log."""
    if not (run / name).exists():
        return []
    read = [json.loads(line) for line in (run / name).read_text().splitlines()]
    return [
        {key: value for key, value in line.items() if key not in ("seconds", "pictures_per_second")} for line in read
    ]


def differences(a: Any, b: Any, where: str = "") -> list[str]:
    """Return the places in which two nested states differ by as much as a bit."""
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        return [] if a.dtype == b.dtype and torch.equal(a, b) else [where]
    if type(a) is not type(b):
        return [where]
    if isinstance(a, Mapping):
        if list(a) != list(b):
            return [f"{where}: other keys"]
        return [place for key in a for place in differences(a[key], b[key], f"{where}.{key}")]
    if isinstance(a, (list, tuple)):
        if len(a) != len(b):
            return [f"{where}: other length"]
        return [place for i in range(len(a)) for place in differences(a[i], b[i], f"{where}[{i}]")]
    return [] if a == b else [where]


def assert_same_run(one: Path, other: Path, step: int) -> None:
    """The whole state, the exported files and the logs."""
    assert differences(checkpoint(one, step), checkpoint(other, step)) == []
    files = sorted(path.relative_to(one) for path in one.rglob("*.safetensors"))
    assert files == sorted(path.relative_to(other) for path in other.rglob("*.safetensors")) and files
    assert all((one / file).read_bytes() == (other / file).read_bytes() for file in files)
    assert lines(one) == lines(other)
    assert lines(one, "validation.jsonl") == lines(other, "validation.jsonl")
