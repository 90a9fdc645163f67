"""Features: streamed, cached by content, prefetched; precision and extractor are in their name."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from evaluation_cases import Grid, GridExtractor, arrays, grid_features, lay
from torch import Tensor

from ganzoo.cards.protocol import Sample
from ganzoo.errors import DataError
from ganzoo.evaluation.samples import features as module
from ganzoo.evaluation.samples.features import FeatureExtractor, prefetch
from ganzoo.evaluation.samples.image_sources import open_images
from ganzoo.evaluation.samples.reading import Reading

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def features(**changes: Any) -> FeatureExtractor:
    return FeatureExtractor(GridExtractor(Grid()), CPU, **{"batch_size": 3, **changes})  # type: ignore[arg-type]


def test_features_are_the_extractors_in_the_images_order(tmp_path: Path) -> None:
    folder = lay(tmp_path / "real", 7)
    seen: list[int] = []
    outputs = features(on_progress=seen.append).extract(open_images([str(folder)], Reading()))
    assert outputs.dtype == np.float32 and np.abs(outputs - grid_features(arrays(folder))).max() < 1e-6
    assert seen == [3, 3, 1]


def test_images_in_files_are_looked_at_once(tmp_path: Path, cache: Path) -> None:
    folder = lay(tmp_path / "real", 5)
    first = features().extract(open_images([str(folder)], Reading()))
    again = features()
    assert (again.extract(open_images([str(folder)], Reading())) == first).all() and again.network.calls == 0
    (cached,) = (cache / "features").iterdir()
    assert cached.suffix == ".npy" and (np.load(cached) == first).all()


@pytest.mark.parametrize("change", ["content", "size", "extractor", "weights", "precision", "off"])
def test_whatever_changes_the_features_makes_them_anew(tmp_path: Path, change: str) -> None:
    folder, reading = lay(tmp_path / "real", 5), Reading()
    features().extract(open_images([str(folder)], reading))
    if change == "content":
        lay(folder, 1, first=0).joinpath("000.png").write_bytes((folder / "001.png").read_bytes())
    if change == "size":
        reading = Reading(size=8)
    precision = "bfloat16" if change == "precision" else "float32"
    extractor = GridExtractor(Grid(cells=2 if change == "extractor" else 4))
    if change == "weights":
        extractor.weights_sha256 = "cd" * 32
    again = FeatureExtractor(extractor, CPU, precision, cache=change != "off")  # type: ignore[arg-type]
    again.extract(open_images([str(folder)], reading))
    assert extractor.calls == 5


def test_a_failure_leaves_nothing_in_the_cache(tmp_path: Path, cache: Path) -> None:
    folder = lay(tmp_path / "real", 5)
    broken = features()
    broken.network.scale.fill_(torch.nan)
    with pytest.raises(DataError, match="grid-4 gave features that are NaN or infinite"):
        broken.extract(open_images([str(folder)], Reading()))
    assert not list((cache / "features").iterdir())


def test_half_precision_has_a_name_of_its_own() -> None:
    assert (features().label, features(precision="bfloat16").label) == ("grid-4", "grid-4-bf16")
    assert features(precision="bfloat16").network.scale.dtype == torch.bfloat16


def test_logits_need_a_classifier_and_are_its_own(tmp_path: Path) -> None:
    outputs = features()
    found = outputs.extract(open_images([str(lay(tmp_path / "real", 5))], Reading()))
    assert np.allclose(outputs.logits(found)[:, 0], found.mean(1) - 0.5, atol=1e-6)
    outputs.network = torch.nn.Identity()
    outputs.network.label = "nameless"
    with pytest.raises(DataError, match="nameless has no classes"):
        outputs.logits(found)


@dataclass
class Many:
    """Fifty thousand small images that are never all there, nor all counted."""

    sample: Sample
    key: str = ""
    outputs: int = 0

    def batches(self, batch_size: int) -> Iterator[Tensor]:
        for first in range(0, self.sample.count, batch_size):
            self.outputs += batch_size
            yield torch.full((min(batch_size, self.sample.count - first), 1, 4, 4), first % 255, dtype=torch.uint8)

    def some(self, indices: list[int]) -> list[Tensor]:
        raise AssertionError


def test_many_features_lie_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IN_MEMORY", 100_000)
    outputs = features(batch_size=1000).extract(Many(Sample("generated", 50_000)))
    assert isinstance(outputs, np.memmap) and outputs.shape == (50_000, 16)
    assert outputs[49_999, 0] == pytest.approx(49_000 % 255 / 255)


def test_the_next_batch_is_made_while_the_last_is_worked_on() -> None:
    outputs, waiting = threading.Event(), threading.Event()

    def batches() -> Iterator[Tensor]:
        yield torch.zeros(1)
        outputs.set()
        waiting.wait(10)
        yield torch.ones(1)

    found = prefetch(batches())
    next(found)
    assert outputs.wait(10), "the second batch is begun though nobody asked for it yet"
    waiting.set()
    assert next(found) == 1 and next(found, None) is None


def test_what_fails_in_the_thread_fails_here() -> None:
    def batches() -> Iterator[Tensor]:
        yield torch.zeros(1)
        raise DataError("one.png: it cannot be read any more")

    with pytest.raises(DataError, match="any more"):
        list(prefetch(batches()))
