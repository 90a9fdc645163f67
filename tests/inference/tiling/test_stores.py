"""Results that wait in memory and in files."""

from __future__ import annotations

import os
import resource
import signal
import tempfile
from pathlib import Path

import pytest
import torch

from ganzoo.errors import OutputError
from ganzoo.inference.tiling.graphs import Shape
from ganzoo.inference.tiling.stores import Stores, check_room

SHAPE = Shape(3, 10, 7, torch.float32)


@pytest.mark.parametrize("kind", ["memory", "file"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_store_gives_back_what_it_got(kind: str, dtype: torch.dtype) -> None:
    rows = torch.randn(1, 3, 10, 7).to(dtype)
    with Stores() as stores:
        stores.open(4, Shape(3, 10, 7, dtype), kind)
        stores[4].write(0, rows[:, :, :6].contiguous(memory_format=torch.channels_last))
        stores[4].write(6, rows[:, :, 6:])
        read = stores[4].read(3, 9)
        assert torch.equal(read, rows[:, :, 3:9]) and read.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_a_result_takes_the_place_of_another(kind: str) -> None:
    with Stores() as stores:
        stores.open(1, SHAPE, kind)
        stores[1].write(0, torch.zeros(1, 3, 10, 7))
        stores.open(2, SHAPE, kind, over=1)
        stores[2].write(0, torch.ones(1, 3, 4, 7))
        stores.drop(1)
        assert stores[2].read(0, 10).sum() == 4 * 7 * 3


def test_files_have_no_names_are_used_again_and_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = open_files()
    with pytest.raises(KeyboardInterrupt), Stores() as stores:
        stores.open(1, SHAPE, "file")
        stores[1].write(0, torch.zeros(1, 3, 10, 7))
        stores.drop(1)
        stores.open(2, SHAPE, "file")
        assert len(open_files() - before) == 1 and list(tmp_path.iterdir()) == []
        raise KeyboardInterrupt
    assert open_files() == before


def open_files() -> set[str]:
    return {name for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}")}


def test_a_full_disk_is_reported_with_what_to_do() -> None:
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with Stores() as stores:
        stores.open(1, Shape(3, 1000, 100, torch.float32), "file")
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limit[1]))
        try:
            with pytest.raises(OutputError, match=r"temporary files in .*: File too large\. Set TMPDIR.*--max-memory"):
                stores[1].write(0, torch.zeros(1, 3, 1000, 100))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
            signal.signal(signal.SIGXFSZ, handler)


def test_too_little_room_is_reported_before_the_work() -> None:
    check_room(1000)
    with pytest.raises(OutputError, match=r"GB are free, 1000000\.0 GB are needed"):
        check_room(10**15)
