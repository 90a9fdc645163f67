"""Opening a data set as a recipe wants it, and splitting it by names."""

from __future__ import annotations

import gzip
import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import picture
from PIL import Image
from test_data_sources import idx_bytes

from ganzoo import Config
from ganzoo.data import decode
from ganzoo.data.opening import open_data, split
from ganzoo.errors import DataError, OptionError


@dataclass(frozen=True)
class Asked(Config):
    image_size: int = 0
    channels: int = 0
    enlarge: float = 1.0
    flip: bool = False
    direction: str = "left-to-right"
    learning_rate: float = 0.1  # no business of the data's


@dataclass(frozen=True)
class Nothing(Config):
    """A recipe without any option of its own."""


def write_pictures(folder: Path, names: list[str], size: tuple[int, int] = (12, 12)) -> Path:
    for seed, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        picture(*size, seed).save(folder / name)
    return folder


def zipped(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in folder.rglob("*.png"):
            archive.write(file, file.relative_to(folder.parent))
    return path


def everything(dataset, name: str) -> torch.Tensor:
    return dataset.batch(list(range(len(dataset))), torch.Generator().manual_seed(0))[name]


# ---- images ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [Asked(), Nothing()])
def test_a_folder_of_pictures_takes_size_and_channels_from_the_first(tmp_path: Path, config: Config) -> None:
    write_pictures(tmp_path, ["b.png"], (30, 30))
    write_pictures(tmp_path, ["sub/a.png"], (9, 9))
    write_pictures(tmp_path, ["a.png"], (20, 16))
    data = open_data(tmp_path, "images", config)
    assert (data.image_size, data.channels, data.counts) == (16, 3, {"images": 3})
    assert data.validation is None and data.held_out == []
    assert everything(data.train, "image").shape == (3, 3, 16, 16)


def test_a_zip_gives_what_its_folder_gives(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "data", [f"{name}.png" for name in "abcdef"])
    plain, packed = (open_data(path, "images", Asked(), 0.4) for path in (folder, zipped(folder)))
    assert torch.equal(everything(plain.train, "image"), everything(packed.train, "image"))
    assert torch.equal(everything(plain.validation, "image"), everything(packed.validation, "image"))
    assert [f"data/{name}" for name in plain.held_out] == packed.held_out


def test_enlarged_pictures_are_cropped_in_training_and_whole_in_validation(tmp_path: Path) -> None:
    for index in range(8):
        Image.new("RGB", (20, 20), (index * 20, 0, 0)).save(tmp_path / f"{index}.png")
    data = open_data(tmp_path, "images", Asked(image_size=16, enlarge=1.25, flip=True), 0.4)
    assert data.train.pictures.shape[-1] == 20 and data.train.view.size == 16 and data.train.view.flip
    assert data.validation.pictures.shape[-1] == 16 and not data.validation.view.flip
    reds = (everything(data.validation, "image")[:, 0] + 1) * 127.5
    expected = torch.tensor([int(name[0]) * 20.0 for name in data.held_out])
    assert torch.allclose(reds, expected.view(-1, 1, 1).expand_as(reds), atol=0.01)


@pytest.mark.parametrize("channels", [0, 1, 3])
def test_channels_asked_are_channels_given(tmp_path: Path, channels: int) -> None:
    for index in range(3):
        picture(8, 8, index).convert("L").save(tmp_path / f"{index}.png")
    data = open_data(tmp_path, "images", Asked(channels=channels))
    assert data.channels == everything(data.train, "image").shape[1] == (channels or 1)


def test_no_picture_and_wrong_wishes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no pictures\. It is empty"):
        open_data(tmp_path, "images", Asked())
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(DataError, match=r"holds no pictures\. It has 1 other files"):
        open_data(tmp_path, "images", Asked())
    for wrong in (Asked(channels=2), Asked(image_size=-1), Asked(enlarge=0.5), Asked(enlarge=float("nan"))):
        with pytest.raises(OptionError, match="is not right: give"):
            open_data(tmp_path, "images", wrong)


def test_a_broken_first_picture_is_named_among_the_others(tmp_path: Path) -> None:
    write_pictures(tmp_path, ["b.png"])
    (tmp_path / "a.png").write_bytes(b"x")
    (tmp_path / "c.png").write_bytes(b"x")
    with pytest.raises(DataError, match=r"2 of 3[^!]*a\.png: [^!]*c\.png: "):
        open_data(tmp_path, "images", Asked())


# ---- IDX -------------------------------------------------------------------------------------------------------------


def write_idx(folder: Path, count: int = 20, shape: tuple[int, int] = (6, 6), packed: bool = True) -> np.ndarray:
    folder.mkdir(exist_ok=True)
    array = np.random.default_rng(0).integers(0, 256, (count, *shape), dtype=np.uint8)
    pack, end = (gzip.compress, ".gz") if packed else (bytes, "")
    (folder / f"train-images-idx3-ubyte{end}").write_bytes(pack(idx_bytes(array)))
    (folder / f"train-labels-idx1-ubyte{end}").write_bytes(pack(idx_bytes(np.arange(count, dtype=np.uint8))))
    return array


@pytest.mark.parametrize("packed", [True, False])
def test_idx_pictures_and_labels_are_split_together(tmp_path: Path, packed: bool) -> None:
    array = write_idx(tmp_path, packed=packed)
    data = open_data(tmp_path, "images", Asked(), 0.3)
    kept, held = data.train, data.validation
    assert data.image_size == 6 and data.channels == 1 and data.counts == {"images": len(kept)}
    assert len(kept) + len(held) == 20 and len(held) == len(data.held_out)
    assert held.labels.tolist() == [int(name) for name in data.held_out]
    for part in (kept, held):
        assert np.array_equal(part.pictures[:, 0].numpy(), array[part.labels.long().numpy()])


def test_idx_pictures_are_framed_and_made_rgb(tmp_path: Path) -> None:
    array = write_idx(tmp_path, shape=(6, 4))
    data = open_data(tmp_path, "images", Asked(image_size=8, channels=3))
    batch = everything(data.train, "image")
    assert batch.shape == (20, 3, 8, 8) and batch.is_contiguous() and data.channels == 3
    expected = np.pad(array, ((0, 0), (1, 1), (2, 2)))
    assert all(np.array_equal(((batch[:, c] + 1) * 127.5).round().numpy(), expected) for c in range(3))


def test_idx_pictures_are_not_cut_and_not_too_many(tmp_path: Path, monkeypatch) -> None:
    write_idx(tmp_path)
    with pytest.raises(OptionError, match=r"6x6, which image_size=5 would cut\. Set image_size=6"):
        open_data(tmp_path, "images", Asked(image_size=5))
    monkeypatch.setattr(decode, "MAX_BYTES", 20 * 36)
    assert len(open_data(tmp_path, "images", Asked()).train) == 20
    with pytest.raises(DataError, match="over the limit"):
        open_data(tmp_path, "images", Asked(image_size=7))


# ---- pairs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["left-to-right", "right-to-left"])
def test_the_direction_says_which_half_is_the_input(tmp_path: Path, direction: str) -> None:
    pair = Image.new("RGB", (32, 16), (255, 0, 0))
    pair.paste((0, 0, 255), (16, 0, 32, 16))
    pair.save(tmp_path / "p.png")
    data = open_data(tmp_path, "paired", Asked(direction=direction))
    red, blue = ("input", "target") if direction == "left-to-right" else ("target", "input")
    batch = data.train.batch([0], torch.Generator())
    assert (data.image_size, data.channels, data.counts) == (16, 3, {"pairs": 1})
    assert batch[red].unique().tolist() == [-1, 1] and batch[red][0, 0].min() == 1
    assert batch[blue][0, 2].min() == 1


def test_held_out_pairs_stay_pairs(tmp_path: Path) -> None:
    for index in range(12):
        pair = Image.new("L", (32, 16), index)
        pair.paste(index + 100, (16, 0, 32, 16))
        pair.save(tmp_path / f"{index:02}.png")
    data = open_data(tmp_path, "paired", Asked(image_size=16, enlarge=1.25), 0.3)
    assert data.channels == 1
    inputs, targets = (everything(data.validation, name) for name in ("input", "target"))
    assert inputs.shape[-1] == 16
    assert ((inputs[:, 0, 8, 8] + 1) * 127.5).round().tolist() == [int(name[:2]) for name in data.held_out]
    assert torch.allclose((targets - inputs) * 127.5, torch.tensor(100.0), atol=0.01)


def test_paired_recipes_say_what_they_need(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="twice as wide as high"):
        open_data(tmp_path / "empty", "paired", Asked())
    with pytest.raises(DataError, match="no two pictures side by side"):
        open_data(write_pictures(tmp_path / "single", ["a.png"]), "paired", Asked(image_size=8))


# ---- unpaired --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folders", [("x/y/trainA", "x/y/trainB"), ("trainA", "trainB"), ("A", "B"), ("s/A", "t/B")])
def test_the_two_sides_are_found(tmp_path: Path, folders: tuple[str, str]) -> None:
    a, b = folders
    write_pictures(tmp_path, [f"{a}/1.png", f"{a}/2.png", f"{b}/1.png", "x/testA/9.png", "0.png"])
    data = open_data(tmp_path, "unpaired", Asked())
    assert (data.counts, data.image_size, data.channels) == ({"a": 2, "b": 1}, 12, 3)


def test_each_side_keeps_its_own_pictures_out(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "h2z", [f"train{side}/{n}.png" for side in "AB" for n in range(10)])
    data = open_data(zipped(folder), "unpaired", Asked(enlarge=1.25), 0.3)
    held = [[name for name in data.held_out if f"h2z/train{side}/" in name] for side in "AB"]
    assert held[0] and held[1] and len(held[0]) + len(held[1]) == len(data.held_out)
    assert data.counts == {"a": 10 - len(held[0]), "b": 10 - len(held[1])}
    assert len(data.validation.a) == len(held[0]) and not data.validation.shuffled and data.train.shuffled


def test_a_grey_side_is_made_rgb_for_the_other(tmp_path: Path) -> None:
    write_pictures(tmp_path, ["trainB/1.png"])
    (tmp_path / "trainA").mkdir()
    picture(12, 12).convert("L").save(tmp_path / "trainA" / "1.png")
    data = open_data(tmp_path, "unpaired", Asked())
    assert data.channels == 3 and data.train.batch([0], torch.Generator())["a"].shape == (1, 3, 12, 12)


def test_a_missing_side_is_named(tmp_path: Path) -> None:
    write_pictures(tmp_path, ["trainA/1.png"])
    with pytest.raises(DataError, match=r"no pictures in a folder named trainB \(or B\)"):
        open_data(tmp_path, "unpaired", Asked())


# ---- split -----------------------------------------------------------------------------------------------------------

NAMES = [f"some/folder/{number:05}.jpg" for number in range(4000)]


def held_names(names: list[str], share: float) -> set[str]:
    return {names[index] for index in split(names, share)[1]}


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_the_share_is_respected_and_nothing_is_lost(share: float) -> None:
    kept, held = split(NAMES, share)
    assert sorted(kept + held) == list(range(4000))
    assert abs(len(held) - 4000 * share) < 5 * (4000 * share * (1 - share)) ** 0.5


def test_the_rule_is_the_hash_of_the_last_part() -> None:
    """Written out, since runs that are resumed depend on it."""
    digests = [int(hashlib.sha256(name.split("/")[-1].encode()).hexdigest(), 16) / 2**256 for name in NAMES]
    assert held_names(NAMES, 0.2) == {name for name, place in zip(NAMES, digests, strict=True) if place < 0.2}


def test_a_name_keeps_its_side_when_others_come_go_or_the_folder_moves() -> None:
    held = held_names(NAMES, 0.1)
    assert held_names(NAMES[::3], 0.1) == held & set(NAMES[::3])
    assert held_names([*reversed(NAMES), "new/picture.jpg"], 0.1) - {"new/picture.jpg"} == held
    moved = [name.replace("some/folder", "elsewhere") for name in NAMES]
    assert held_names(moved, 0.1) == {name.replace("some/folder", "elsewhere") for name in held}


def test_a_larger_share_holds_out_what_a_smaller_one_did() -> None:
    assert held_names(NAMES, 0.1) < held_names(NAMES, 0.2)


def test_one_name_in_many_folders_is_split_by_the_folders() -> None:
    names = [f"scene{number}/rgb.png" for number in range(1000)]
    assert 100 < len(held_names(names, 0.15)) < 200


@pytest.mark.parametrize("share", [1e-9, 0.5, 0.999999])
@pytest.mark.parametrize("count", [2, 3, 10])
def test_neither_side_is_ever_empty(share: float, count: int) -> None:
    kept, held = split([f"{number}.png" for number in range(count)], share)
    assert kept and held and sorted(kept + held) == list(range(count))


def test_no_share_holds_nothing_out_and_a_wrong_one_is_refused() -> None:
    assert split(["a", "b"], 0) == ([0, 1], [])
    with pytest.raises(DataError, match="needs two pictures at least, and there is 1"):
        split(["a"], 0.5)
    for share in (1.0, -0.1, float("nan")):
        with pytest.raises(DataError, match="is no share"):
            split(["a", "b"], share)


def test_names_that_are_no_utf8_are_split_too() -> None:
    assert len(split(["bad\udcff.png", "b.png"], 0.5)[1]) == 1
