"""Batches in order: shares of processes and micro-batches, workers that die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from needs import require
from torch.utils.data import dataloader

from ganzoo.data.datasets import Augmentation, Data, ImageDataset
from ganzoo.data.open_data import open_data
from ganzoo.errors import DataError, OptionError, TrainingError
from ganzoo.training import batches as module
from ganzoo.training import worker_deaths
from ganzoo.training.batches import Batches, split_batch
from ganzoo.training.data_order import Order
from tests.data.test_open_data import Asked, write_pictures
from tests.data.test_streams import write_images


def stored(count: int = 23) -> ImageDataset:
    random = torch.Generator().manual_seed(0)
    pictures = torch.randint(0, 256, (count, 1, 9, 9), dtype=torch.uint8, generator=random)
    return ImageDataset(pictures, Augmentation(8, flip=True), torch.arange(count))


def whole(train, step: int, batch_size: int = 12, seed: int = 5) -> dict[str, torch.Tensor]:
    order = Order(len(train), batch_size, seed)
    return train.batch(order.indices(step), order.random(step))


def equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(("parts", "processes"), [(1, 1), (3, 1), (1, 4), (3, 2), (2, 6)])
def test_shares_make_up_the_batch_of_one_process(parts: int, processes: int) -> None:
    train = stored()
    every = [
        Batches(train, batch_size=12, micro_batches=parts, seed=5, rank=r, processes=processes)
        for r in range(processes)
    ]
    for step in (0, 1, 40):
        micro = [[each.get(step)[part] for each in every] for part in range(parts)]
        joined = {name: torch.cat([one[name] for part in micro for one in part]) for name in ("image", "label")}
        assert equal(joined, whole(train, step))


def test_a_batch_that_cannot_be_cut_evenly_is_refused() -> None:
    assert split_batch(12, 2, 1, 3) == [slice(2, 4), slice(8, 10)]
    with pytest.raises(
        OptionError, match=r"batch_size=10 cannot be split evenly: 2 processes with 3 .* batch_size=6 or 12"
    ):
        Batches(stored(), batch_size=10, micro_batches=3, processes=2)
    with pytest.raises(OptionError, match="Set batch_size=4:"):
        Batches(stored(), batch_size=1, micro_batches=2, processes=2)


@pytest.fixture
def on_disk(tmp_path: Path) -> tuple[Data, Data]:
    """The same pictures in memory and on disk."""
    write_pictures(tmp_path, [f"{index:02}.png" for index in range(23)])
    config = Asked(image_size=8, enlarge=1.25, flip=True)
    return open_data(tmp_path, "images", config), open_data(tmp_path, "images", config, memory=1)


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_workers_change_no_image_and_no_random_number(on_disk: tuple[Data, Data], workers: int) -> None:
    held, disk = on_disk
    state = torch.get_rng_state()
    batches = Batches(disk.train, batch_size=12, seed=5, workers=workers)
    try:
        for step in (7, 8, 9, 2):  # as after a resume, and then somewhere else
            assert equal(batches.get(step)[0], whole(held.train, step))
    finally:
        batches.close()
    assert torch.equal(torch.get_rng_state(), state)


def processes_of(batches: Batches) -> list[int]:
    return [process.pid for process in batches._processes]


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_killed_worker_is_replaced_and_nothing_else_changes(on_disk: tuple[Data, Data]) -> None:
    held, disk = on_disk
    notes: list[str] = []
    batches = Batches(disk.train, batch_size=12, seed=5, workers=2, log=notes.append)
    before = signal.getsignal(signal.SIGCHLD)
    for step in range(6):
        if step in (2, 3):
            os.kill(processes_of(batches)[step % 2], signal.SIGKILL)
            time.sleep(0.2)  # an error of torch's own would come here
        assert equal(batches.get(step)[0], whole(held.train, step))
    assert len(notes) == 2 and notes[0].endswith("died; another one continues from step 3.")
    assert signal.getsignal(signal.SIGCHLD) == before
    last = processes_of(batches)
    batches.close()
    assert len(last) == 2 and not any(is_alive(process) for process in last)


class Fatal(ImageDataset):
    """A data set whose decoding kills whatever process does it, as a lack of memory does."""

    in_memory = False

    def batch(self, *_: object) -> dict[str, torch.Tensor]:
        os.kill(os.getpid(), signal.SIGKILL)
        return {}


def test_workers_that_always_die_are_given_up(monkeypatch) -> None:
    monkeypatch.setattr(module, "DEATHS", 1)
    waiting = dataloader._MultiProcessingDataLoaderIter._try_get_data
    monkeypatch.setattr(waiting, "__defaults__", (0.1,))  # seconds between looks at the workers, in place of 5
    notes: list[str] = []
    pictures = stored()
    batches = Batches(Fatal(pictures.images, pictures.augmentation), batch_size=4, workers=1, log=notes.append)
    with pytest.raises(TrainingError, match="died 2 times in a row at step 1: "):
        batches.get(0)
    assert len(notes) == 1


# A script that trains without a main guard, on a system where new processes import it.
SCRIPT = """
import sys
import ganzoo
from ganzoo.training import batches
from ganzoo.data import open_data

batches.START_METHOD = "spawn"
open_data.open_data.__defaults__ = (0.0, 1)  # nothing is held in memory
ganzoo.train("dcgan", sys.argv[1], sys.argv[2], steps=1, workers=1, options={"image_size": 16})
"""


def test_a_script_without_a_main_guard_is_told_of_it(tmp_path: Path) -> None:
    write_pictures(tmp_path / "images", ["a.png", "b.png"])
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, tmp_path / "script.py", tmp_path / "images", tmp_path / "run"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert "TrainingError: The script that trains has no main guard: each process that decodes" in done.stderr
    assert "memory for them" not in done.stderr


@pytest.mark.parametrize(
    ("codes", "words"), [([-9, None], "too little memory"), ([1, -15], "exit code 1: above is what they printed")]
)
def test_what_workers_died_of_is_told_by_their_exit_codes(codes: list[int | None], words: str) -> None:
    assert words in str(worker_deaths.explain(codes, 4, 7))
    assert worker_deaths.unguarded(codes) is None


@pytest.mark.parametrize("workers", [0, 1])
def test_a_file_that_has_gone_is_named(tmp_path: Path, workers: int) -> None:
    write_pictures(tmp_path, ["a.png", "b.png"])
    data = open_data(tmp_path, "images", Asked(), memory=1)
    (tmp_path / "b.png").unlink()
    batches = Batches(data.train, batch_size=2, workers=workers)
    with pytest.raises(DataError, match=r"^b\.png: it cannot be read"):
        batches.get(0)


def test_workers_do_not_mind_ctrl_c(on_disk: tuple[Data, Data]) -> None:
    held, disk = on_disk
    notes: list[str] = []
    batches = Batches(disk.train, batch_size=12, seed=5, workers=1, log=notes.append)
    batches.get(0)
    os.kill(processes_of(batches)[0], signal.SIGINT)
    time.sleep(0.1)
    assert equal(batches.get(1)[0], whole(held.train, 1)) and notes == []
    batches.close()


def test_only_what_is_not_in_memory_gets_workers(on_disk: tuple[Data, Data], monkeypatch) -> None:
    held, disk = on_disk
    for cores, workers in ((1, 1), (2, 1), (4, 3), (64, 3)):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        assert Batches(disk.train, batch_size=1).workers == workers
        assert Batches(held.train, batch_size=1).workers == 0
    assert Batches(held.train, batch_size=1, workers=3).workers == 0


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_streams_resume_exactly_and_a_killed_reader_is_replaced(tmp_path: Path, workers: int) -> None:
    require("webdataset")
    data = open_data(write_images(tmp_path, broken=(3, 11)), "images", Asked(image_size=6, flip=True))
    straight = Batches(data.train, batch_size=4, micro_batches=2, seed=5, workers=0)
    expected = [straight.get(step) for step in range(12)]
    notes: list[str] = []
    batches = Batches(data.train, batch_size=4, micro_batches=2, seed=5, workers=workers, log=notes.append)
    for step in range(4, 12):
        if step == 7 and workers:
            os.kill(processes_of(batches)[0], signal.SIGKILL)
        found = batches.get(step)
        assert len(found) == 2 and all(map(equal, found, expected[step]))
    batches.close()
    assert sum(note.startswith("Left out: ") for note in notes) == 2
    assert sum("died" in note for note in notes) == bool(workers)


def test_processes_of_a_stream_need_a_shard_each(tmp_path: Path) -> None:
    require("webdataset")
    data = open_data(write_images(tmp_path), "images", Asked())
    Batches(data.train, batch_size=12, processes=3)
    with pytest.raises(OptionError, match="4 processes cannot share 3 shards"):
        Batches(data.train, batch_size=12, processes=4)


def test_many_notes_are_counted() -> None:
    logged: list[str] = []
    note = module._Notes(logged.append)
    for number in range(1200):
        for _ in range(2):  # passes
            note(f"Left out: {number}")
    assert logged[:20] == [f"Left out: {number}" for number in range(20)]
    assert [text.split(" That makes ")[1].split(" ")[0] for text in logged[20:]] == ["21", "100", "1,000"]
