"""A small extractor as a plugin's, and sets of images, for the tests of the evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from conftest import picture
from PIL import Image
from torch import Tensor, nn

import ganzoo
from ganzoo import Config, Entry, catalog
from ganzoo.catalog import discovery


@dataclass(frozen=True)
class Grid(Config):
    cells: int = 4
    classes: bool = False


class GridExtractor(nn.Module):
    """Mean brightness of cells, and two classes: "bright" and "dark"."""

    def __init__(self, config: Grid) -> None:
        super().__init__()
        self.cells, self.feature_dim = config.cells, config.cells**2
        self.label, self.resizing = f"grid-{config.cells}", f"area to {config.cells}x{config.cells}"
        self.weights_sha256 = "ab" * 32
        self.classes = ("bright", "dark") if config.classes else ()
        self.scale = nn.Parameter(torch.ones(()))
        self.calls = 0

    def forward(self, images: Tensor) -> Tensor:
        self.calls += len(images)
        gray = (images.to(self.scale.dtype) / 255 * self.scale).mean(1, keepdim=True)
        return F.adaptive_avg_pool2d(gray.float(), self.cells).flatten(1)

    def logits(self, features: Tensor) -> Tensor:
        bright = features.float().mean(1) - 0.5
        return torch.stack([bright, -bright], 1)


def add_extractor() -> None:
    """Add "extractor:grid", as a plugin does; needs the fixture ``fresh``."""
    catalog.refresh()
    entry = Entry(kind="extractor", name="grid", config=Grid, build=GridExtractor, summary="Means of cells")
    discovery.manager().register(SimpleNamespace(ganzoo_entries=ganzoo.hookimpl(lambda: [entry])), "a-test-s-grid")


def lay(folder: Path, count: int, size: int = 16, first: int = 0, gray: bool = True, suffix: str = ".png") -> Path:
    """Write ``count`` smooth images of another seed each."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        image = picture(size, size, seed=number)
        (image.convert("L") if gray else image).save(folder / f"{number:03d}{suffix}")
    return folder


def arrays(folder: Path) -> np.ndarray:
    """Return the images of a folder by name, (N, H, W) or (N, H, W, 3) uint8."""
    return np.stack([np.asarray(Image.open(path)) for path in sorted(folder.iterdir())])


def grid_features(pictures: np.ndarray, cells: int = 4) -> np.ndarray:
    """Return what the extractor makes of (N, H, W) uint8, written another way."""
    count, height, width = pictures.shape
    parts: Any = pictures.reshape(count, cells, height // cells, cells, width // cells) / 255
    return np.asarray(parts.mean((2, 4)).reshape(count, -1))
