"""Shards as training data: batches, broken samples, validation."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
import torch
from needs import require
from PIL import Image

from ganzoo.data.datasets import Data
from ganzoo.data.open_data import open_data
from ganzoo.data.splitting import hash_place
from ganzoo.data.streams import Plan
from ganzoo.errors import DataError, OptionError
from tests.data.test_open_data import Asked
from tests.data.test_shards import write_shard

require("webdataset")


def png(value: int, size: int = 8) -> bytes:
    content = io.BytesIO()
    Image.new("L", (size, size), value).save(content, "PNG")
    return content.getvalue()


def write_images(folder: Path, shards: int = 3, each: int = 8, broken: tuple[int, ...] = ()) -> Path:
    """Pictures whose gray is their number, and whose label is its last digit; those of ``broken`` are none."""
    for shard in range(shards):
        numbers = range(shard * each, (shard + 1) * each)
        samples = {
            f"{number:03}": {"png": b"x" if number in broken else png(number), "cls": f"{number % 10}".encode()}
            for number in numbers
        }
        write_shard(folder / f"{shard}.tar", samples)
    return folder


def grays(pictures: torch.Tensor) -> list[int]:
    return [round(float(value)) for value in (pictures[:, 0, 0, 0] + 1) * 127.5]


def steps(
    data: Data, first: int, count: int, batch_size: int = 4, **more
) -> tuple[list[dict[str, torch.Tensor]], list[str]]:
    """Return whole batches from step ``first`` on, and the notes."""
    notes: list[str] = []
    return list(islice(running(data, first, notes, batch_size, **more), count)), notes


def running(
    data: Data, first: int, notes: list[str], batch_size: int = 4, rank: int = 0, processes: int = 1
) -> Iterator:
    def random(step: int) -> torch.Generator:
        return torch.Generator().manual_seed(step)

    size = batch_size // processes
    plan = Plan(batch_size, [slice(rank * size, (rank + 1) * size)], 7, rank, processes, random)
    return (batches[0] for batches in data.train.steps(first, plan, notes.append))


def test_size_channels_and_labels_are_the_first_sample_s(tmp_path: Path) -> None:
    data = open_data(write_images(tmp_path), "images", Asked())
    assert (data.image_size, data.channels, data.counts, data.classes) == (8, 1, {"shards": 3}, [])
    assert data.fingerprint["shards"] == 3 and data.validation is None and not data.train.in_memory
    batch = data.train.batch([0, 3], torch.Generator())
    assert grays(batch["image"]) == batch["label"].tolist() == [0, 3]
    assert data.notes[0].startswith("The images of 3 shards are decoded as they come. They cannot be checked before")
    assert data.notes[1] == "The first sample is 8x8 pixels, taken whole."
    data = open_data(str(tmp_path / "{0..1}.tar"), "images", Asked(image_size=16, channels=3, enlarge=1.25))
    (batch,), _ = steps(data, 0, 1)
    assert batch["image"].shape == (4, 3, 16, 16) and data.counts == {"shards": 2}


def test_a_pass_has_every_image_once_with_its_label(tmp_path: Path) -> None:
    batches, notes = steps(open_data(write_images(tmp_path), "images", Asked()), 0, 6)
    found = [gray for batch in batches for gray in grays(batch["image"])]
    assert sorted(found) == list(range(24)) != found and notes == []
    assert [label for batch in batches for label in batch["label"].tolist()] == [gray % 10 for gray in found]


@pytest.mark.parametrize("first", [1, 5, 6, 17])
def test_any_step_is_found_again_even_among_broken_samples(tmp_path: Path, first: int) -> None:
    data = open_data(write_images(tmp_path, broken=(0, 4, 5, 6, 17)), "images", Asked(image_size=6, flip=True))
    straight, _ = steps(data, 0, first + 4)
    again, _ = steps(data, first, 4)
    for one, other in zip(straight[first:], again, strict=True):
        assert torch.equal(one["image"], other["image"]) and torch.equal(one["label"], other["label"])


def test_a_broken_sample_is_named_and_one_after_it_takes_its_place(tmp_path: Path) -> None:
    sound, _ = steps(open_data(write_images(tmp_path / "sound"), "images", Asked()), 0, 6)
    order = [gray for batch in sound for gray in grays(batch["image"])]
    bad = order[5]  # the second of the second batch: the first of the third comes in its place
    folder = write_images(tmp_path / "broken", broken=(bad,))
    batches, notes = steps(open_data(folder, "images", Asked()), 0, 6)
    assert [gray for batch in batches for gray in grays(batch["image"])] == [*order[:5], order[8], *order[6:]]
    name = f"{folder / str(bad // 8)}.tar: {bad:03}.png"
    assert len(notes) == 1 and notes[0].startswith(f"Left out: {name}: ") and "not a supported image" in notes[0]


def test_samples_without_what_is_needed_are_broken(tmp_path: Path) -> None:
    samples = {
        "1": {"png": png(1), "cls": b"1"},
        "2": {"png": png(2)},
        "3": {"png": png(3), "cls": b"three"},
        "4": {"json": b"{}", "cls": b"4"},
        "5": {"jpg": png(5), "png": png(5), "cls": b"5"},
    }
    write_shard(tmp_path / "a.tar", samples)
    (batch,), notes = steps(open_data(tmp_path, "images", Asked()), 0, 1, batch_size=5)
    assert grays(batch["image"]) == [1] * 5
    assert {note.split(": ")[2] for note in notes} == {"2", "3", "4", "5"}
    assert any("4: it has 0 files that could be its image, of ['json', 'cls']" in note for note in notes)
    assert any("3: it has no cls file with a number" in note for note in notes)


def test_only_broken_samples_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"No sample of .*0\.tar can be used\. .*: 007: .*not a supported image"):
        open_data(write_images(tmp_path, 1, broken=tuple(range(8))), "images", Asked())
    data = open_data(write_images(tmp_path / "more", 1), "images", Asked())
    write_images(tmp_path / "more", 1, broken=tuple(range(8)))
    with pytest.raises(DataError, match="More than 100 samples"):
        steps(data, 0, 1)


def test_shards_that_cannot_be_reached_say_why(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"No sample of pipe:exit 3 can be used\. The shard pipe:exit 3 breaks off"):
        open_data("pipe:exit 3", "images", Asked())
    write_shard(tmp_path / "a.tar", {})
    with pytest.raises(DataError, match=r"a\.tar can be used\. They are empty\."):
        open_data(tmp_path / "a.tar", "images", Asked())


@pytest.mark.parametrize("direction", ["left-to-right", "right-to-left"])
def test_pairs_are_the_input_and_the_target_of_a_sample(tmp_path: Path, direction: str) -> None:
    write_shard(tmp_path / "a.tar", {f"{n:02}": {"input.png": png(n), "target.png": png(n + 100)} for n in range(12)})
    data = open_data(tmp_path, "paired", Asked(image_size=6, flip=True, direction=direction), 0.3)
    (batch,), _ = steps(data, 0, 1)
    sign = 1 if direction == "left-to-right" else -1
    for found in (batch, data.validation.batch([0, 1], torch.Generator()), data.train.batch([0], torch.Generator())):
        inputs, targets = grays(found["input"]), grays(found["target"])
        assert [b - a for a, b in zip(inputs, targets, strict=True)] == [100 * sign] * len(inputs)


def test_two_sets_of_shards_are_unpaired(tmp_path: Path) -> None:
    write_shard(tmp_path / "a" / "0.tar", {f"{n}": {"png": png(n)} for n in range(5)})
    write_shard(tmp_path / "b" / "0.tar", {f"{n}": {"png": png(n + 100)} for n in range(7)})
    data = open_data([tmp_path / "a", tmp_path / "b"], "unpaired", Asked())
    batches, _ = steps(data, 0, 35, batch_size=1)
    pairs = [(grays(batch["a"])[0], grays(batch["b"])[0]) for batch in batches]
    assert {a for a, _ in pairs[:5]} == set(range(5)) and {b for _, b in pairs[:7]} == set(range(100, 107))
    assert len(set(pairs)) > 15  # partners change from pass to pass
    with pytest.raises(OptionError, match="two paths, A and B, not 1"):
        open_data(tmp_path / "a", "unpaired", Asked())
    (tmp_path / "c").mkdir()
    with pytest.raises(DataError, match=r"/c holds no shards\. Give a folder"):
        open_data([tmp_path / "a", tmp_path / "c"], "unpaired", Asked())


def test_processes_see_their_own_shards_and_too_many_are_refused(tmp_path: Path) -> None:
    data = open_data(write_images(tmp_path), "images", Asked())
    found = [steps(data, 0, 4, rank=rank, processes=2)[0] for rank in range(2)]
    seen = [{gray for batch in part for gray in grays(batch["image"])} for part in found]
    assert seen[1] == set(range(8, 16)) and seen[0] <= set(range(8)) | set(range(16, 24))
    data.train.check(3)
    with pytest.raises(OptionError, match=r"4 processes cannot share 3 shards.* Start at most 3"):
        data.train.check(4)


def test_held_out_samples_are_those_of_the_hash_and_never_trained_on(tmp_path: Path) -> None:
    data = open_data(write_images(tmp_path), "images", Asked(enlarge=1.5), 0.3)
    held = [f"{number:03}" for number in range(24) if hash_place(f"{number:03}") < 0.3]
    assert data.held_out == held and len(held) > 3
    assert grays(data.validation.batch(list(range(len(held))), torch.Generator())["image"]) == [
        int(key) for key in held
    ]
    batches, _ = steps(data, 0, 10)
    assert not {f"{gray:03}" for batch in batches for gray in grays(batch["image"])} & set(held)
    with pytest.raises(DataError, match=r"validation=1e-09 leaves 0 samples"):
        open_data(tmp_path, "images", Asked(), 1e-9)


def test_only_so_many_held_out_samples_are_kept(tmp_path: Path, monkeypatch) -> None:
    from ganzoo.data import open_shards

    monkeypatch.setattr(open_shards, "HELD_OUT", 2)
    monkeypatch.setattr(open_shards, "PREVIEW", 3)
    data = open_data(write_images(tmp_path), "images", Asked(), 0.3)
    assert len(data.validation) == len(data.held_out) == 2 and len(data.train) == 3
    assert "About 30.0% of the samples are held out, by their keys; of these, 2 are measured." in data.notes
