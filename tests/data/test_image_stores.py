"""Pictures in memory and in files, taken alike."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import torch
from conftest import picture

from ganzoo.data import image_stores
from ganzoo.data.image_stores import FileStore, in_threads, open_stored_images, shrink, split_sides, subset, take
from ganzoo.data.preprocessing import ImageSpec
from ganzoo.data.sources import open_source


def opened(folder: Path, spec: ImageSpec, memory: int) -> image_stores.Images:
    for index in range(5):
        picture(24, 12, index).convert("L" if spec.channels == 0 else "RGB").save(folder / f"{index}.png")
    source = open_source(folder)
    return open_stored_images(source, source.names, spec, memory)[0]


@pytest.mark.parametrize("channels", [0, 1, 3])
def test_the_limit_decides_between_memory_and_files(tmp_path: Path, channels: int) -> None:
    spec = ImageSpec(10, 10, channels)
    fits = 5 * (channels or 3) * 100
    held, disk = opened(tmp_path, spec, fits), opened(tmp_path, spec, fits - 1)
    assert isinstance(held, torch.Tensor) and isinstance(disk, FileStore)
    assert tuple(held.shape) == disk.shape == (5, channels or 1, 10, 10) and len(disk) == 5
    assert torch.equal(take(held, [4, 0, 4]), take(disk, [4, 0, 4]))
    assert take(disk, []).shape == (0, channels or 1, 10, 10)
    parts = [subset(each, [3, 1]) for each in (held, disk)]
    assert torch.equal(take(parts[0], [0, 1]), take(parts[1], [0, 1]))
    assert torch.equal(take(shrink(held, 6), [2]), take(shrink(disk, 6), [2]))


def test_both_halves_of_a_file_cost_one_decoding(tmp_path: Path, monkeypatch) -> None:
    disk = opened(tmp_path, ImageSpec(8, 8, 3, pairs=True), 0)
    assert isinstance(disk, FileStore)
    read = []
    monkeypatch.setattr(
        FileStore, "load", lambda self, indices, load=FileStore.load: read.append(indices) or load(self, indices)
    )
    left, right = split_sides(disk)
    assert left.shape == (5, 3, 8, 8)
    halves = [take(each, [1, 2]) for each in (left, right)]
    assert read == [[1, 2]]
    whole = take(disk, [1, 2])
    assert torch.equal(torch.cat(halves, -1), whole)
    halves[0].zero_()  # whoever takes pictures may overwrite them
    assert torch.equal(take(left, [1, 2]), whole[..., :8])


def test_images_that_lie_together_are_not_copied() -> None:
    stored = torch.zeros(6, 1, 2, 2, dtype=torch.uint8)
    part = subset(stored, [2, 3, 4])
    assert isinstance(part, torch.Tensor) and part.data_ptr() == stored[2].data_ptr() and len(part) == 3
    assert len(subset(stored, [])) == 0


def test_threads_keep_the_order_and_do_not_run_far_ahead() -> None:
    begun, lock = [], threading.Lock()

    def work(item: int) -> int:
        with lock:
            begun.append(item)
        return item * item

    results = in_threads(work, list(range(500)))
    assert [next(results) for _ in range(3)] == [0, 1, 4]
    assert len(begun) < 100
    assert list(results) == [item * item for item in range(3, 500)]
