"""Opening a data set as a recipe wants it, and splitting it by names."""

from __future__ import annotations

import gzip
import pickle
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import picture
from PIL import Image

from ganzoo import Config
from ganzoo.data.datasets import Dataset
from ganzoo.data.open_data import open_data
from ganzoo.errors import DataError, OptionError
from tests.data.test_sources import idx_bytes


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
def test_a_folder_of_images_takes_size_and_channels_from_the_first(tmp_path: Path, config: Config) -> None:
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


def test_enlarged_images_are_cropped_in_training_and_whole_in_validation(tmp_path: Path) -> None:
    for index in range(8):
        Image.new("RGB", (20, 20), (index * 20, 0, 0)).save(tmp_path / f"{index}.png")
    data = open_data(tmp_path, "images", Asked(image_size=16, enlarge=1.25, flip=True), 0.4)
    assert data.train.images.shape[-1] == 20 and data.train.augmentation.size == 16 and data.train.augmentation.flip
    assert data.validation.images.shape[-1] == 16 and not data.validation.augmentation.flip
    reds = (everything(data.validation, "image")[:, 0] + 1) * 127.5
    expected = torch.tensor([int(name[0]) * 20.0 for name in data.held_out])
    assert torch.allclose(reds, expected.view(-1, 1, 1).expand_as(reds), atol=0.01)


@pytest.mark.parametrize("channels", [0, 1, 3])
def test_channels_asked_are_channels_given(tmp_path: Path, channels: int) -> None:
    for index in range(3):
        picture(8, 8, index).convert("L").save(tmp_path / f"{index}.png")
    data = open_data(tmp_path, "images", Asked(channels=channels))
    assert data.channels == everything(data.train, "image").shape[1] == (channels or 1)


def test_no_image_and_wrong_options_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no images\. It is empty"):
        open_data(tmp_path, "images", Asked())
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(DataError, match=r"holds no images\. It has 1 other files"):
        open_data(tmp_path, "images", Asked())
    with pytest.raises(OptionError, match="is not valid for 8-bit images: give"):
        open_data(tmp_path, "images", Asked(channels=2))
    for wrong in ({"image_size": -1}, {"enlarge": 0.5}, {"enlarge": float("nan")}):
        with pytest.raises(OptionError, match=rf"^{next(iter(wrong))}=(-1|0.5|nan) should be .*\. The default is"):
            open_data(tmp_path, "images", Asked(**wrong))


def test_a_broken_first_image_is_named_among_the_others(tmp_path: Path) -> None:
    write_pictures(tmp_path, ["b.png"])
    (tmp_path / "a.png").write_bytes(b"x")
    (tmp_path / "c.png").write_bytes(b"x")
    with pytest.raises(DataError, match=r"2 of 3[^!]*a\.png: [^!]*c\.png: "):
        open_data(tmp_path, "images", Asked())


CLASSES = ["cat/1.png", "cat/sub/2.png", "dog/3.png", "dog/4.png", "ape/5.png"]


@pytest.mark.parametrize("names", [CLASSES, [f"data/train/{name}" for name in CLASSES]])
def test_folders_on_top_are_classes(tmp_path: Path, names: list[str]) -> None:
    folder = write_pictures(tmp_path / "set", names)
    for path in (folder, zipped(folder)):
        data = open_data(path, "images", Asked())
        assert data.classes == ["ape", "cat", "dog"]
        batch = data.train.batch([0, 1, 2, 3, 4], torch.Generator())
        assert batch["label"].tolist() == [0, 1, 1, 2, 2] and batch["label"].dtype == torch.int64
        assert "3 classes by folder: ape (1), cat (2), dog (2)." in data.notes


def test_held_out_images_keep_their_labels(tmp_path: Path) -> None:
    for index in range(20):
        path = tmp_path / f"{'ab'[index % 2]}" / f"{index}.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("L", (8, 8), index % 2 * 200 + index).save(path)
    data = open_data(tmp_path, "images", Asked(), 0.3)
    for part in (data.train, data.validation):
        batch = part.batch(list(range(len(part))), torch.Generator())
        assert torch.equal(batch["label"], (batch["image"][:, 0, 0, 0] > 0).long())


@pytest.mark.parametrize("names", [["cat/1.png", "2.png"], ["cat/1.png", "cat/2.png"], ["1.png", "2.png"]])
def test_images_that_no_folders_divide_have_no_labels(tmp_path: Path, names: list[str]) -> None:
    data = open_data(write_pictures(tmp_path, names), "images", Asked())
    assert data.classes == [] and "label" not in data.train.batch([0], torch.Generator())


def test_two_paths_are_refused_for_images_and_three_for_all(tmp_path: Path) -> None:
    a = write_pictures(tmp_path / "a", ["1.png"])
    with pytest.raises(OptionError, match=r"'images' data is one path, not 2: '.*/a', '.*/a'\. Give one path\."):
        open_data([a, a], "images", Asked())
    for kind in ("paired", "unpaired"):
        with pytest.raises(OptionError, match=r"one path, or two.*not 3"):
            open_data([a, a, a], kind, Asked())
    with pytest.raises(OptionError, match="not 0: none"):
        open_data([], "unpaired", Asked())


# ---- IDX -------------------------------------------------------------------------------------------------------------


def write_idx(folder: Path, count: int = 20, shape: tuple[int, int] = (6, 6), packed: bool = True) -> np.ndarray:
    folder.mkdir(exist_ok=True)
    array = np.random.default_rng(0).integers(0, 256, (count, *shape), dtype=np.uint8)
    pack, end = (gzip.compress, ".gz") if packed else (bytes, "")
    (folder / f"train-images-idx3-ubyte{end}").write_bytes(pack(idx_bytes(array)))
    (folder / f"train-labels-idx1-ubyte{end}").write_bytes(pack(idx_bytes(np.arange(count, dtype=np.uint8))))
    return array


@pytest.mark.parametrize("packed", [True, False])
def test_idx_images_and_labels_are_split_together(tmp_path: Path, packed: bool) -> None:
    array = write_idx(tmp_path, packed=packed)
    data = open_data(tmp_path, "images", Asked(), 0.3)
    kept, held = data.train, data.validation
    assert data.image_size == 6 and data.channels == 1 and data.counts == {"images": len(kept)}
    assert len(kept) + len(held) == 20 and len(held) == len(data.held_out)
    assert data.classes == [f"{number}" for number in range(20)]
    assert held.labels.tolist() == [int(name) for name in data.held_out]
    for part in (kept, held):
        assert np.array_equal(part.images[:, 0].numpy(), array[part.labels.long().numpy()])


def test_idx_images_are_framed_and_made_rgb(tmp_path: Path) -> None:
    array = write_idx(tmp_path, shape=(6, 4))
    data = open_data(tmp_path, "images", Asked(image_size=8, channels=3))
    batch = everything(data.train, "image")
    assert batch.shape == (20, 3, 8, 8) and batch.is_contiguous() and data.channels == 3
    expected = np.pad(array, ((0, 0), (1, 1), (2, 2)))
    assert all(np.array_equal(((batch[:, c] + 1) * 127.5).round().numpy(), expected) for c in range(3))


def test_idx_images_are_not_cut_and_not_too_many(tmp_path: Path) -> None:
    write_idx(tmp_path)
    with pytest.raises(OptionError, match=r"6x6, which image_size=5 would cut\. Set image_size=6"):
        open_data(tmp_path, "images", Asked(image_size=5))
    assert len(open_data(tmp_path, "images", Asked(), memory=20 * 36).train) == 20
    with pytest.raises(DataError, match="over the limit"):
        open_data(tmp_path, "images", Asked(image_size=7), memory=20 * 36)


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
    with pytest.raises(DataError, match="too narrow for two images side by side"):
        open_data(write_pictures(tmp_path / "single", ["a.png"]), "paired", Asked(image_size=8))


def write_sides(folder: Path, first: str, second: str, size: tuple[int, int] = (16, 16)) -> Path:
    """Pairs 0.., of which the second of each is a hundred lighter."""
    for index in range(6):
        for side, more, suffix in ((first, 0, "png"), (second, 100, "bmp")):
            (folder / side).mkdir(parents=True, exist_ok=True)
            Image.new("L", size, index + more).save(folder / side / f"{index}.{suffix}")
    return folder


PAIR_FOLDERS = [("input", "target"), ("A", "B"), ("trainA", "trainB"), ("x/Inputs", "x/Targets")]


@pytest.mark.parametrize("direction", ["left-to-right", "right-to-left"])
@pytest.mark.parametrize("folders", [*PAIR_FOLDERS, None])
def test_pairs_come_from_two_folders_of_equal_names(tmp_path: Path, folders, direction: str) -> None:
    first, second = folders or ("before", "after")
    write_sides(tmp_path, first, second)
    path = tmp_path if folders else [tmp_path / first, tmp_path / second]
    data = open_data(path, "paired", Asked(image_size=16, direction=direction), 0.3)
    sign = 1 if direction == "left-to-right" else -1
    assert data.counts["pairs"] + len(data.validation) == 6 and data.channels == 1
    assert len(data.held_out) == 2 * len(data.validation)
    for part in (data.train, data.validation):
        inputs, targets = (everything(part, name) for name in ("input", "target"))
        assert torch.allclose((targets - inputs) * 127.5, torch.tensor(100.0 * sign), atol=0.01)
    shown = ((everything(data.validation, "input") + 1) * 127.5).round()[:, 0, 0, 0] % 100
    assert shown.tolist() == [int(Path(name).stem) for name in data.held_out[::2]]


def test_images_without_a_partner_are_named_in_one_error(tmp_path: Path) -> None:
    write_sides(tmp_path, "input", "target")
    (tmp_path / "input" / "3.png").unlink()
    (tmp_path / "target" / "5.bmp").unlink()
    with pytest.raises(DataError, match=r"2 images of 10 without a partner") as caught:
        open_data(tmp_path, "paired", Asked())
    assert [line.strip() for line in str(caught.value).splitlines()[1:]] == ["input/5.png", "target/3.bmp"]
    (tmp_path / "input" / "1.jpg").write_bytes(b"x")
    with pytest.raises(DataError, match=r"2 images differ only in their suffix: input/1\.jpg, input/1\.png"):
        open_data(tmp_path, "paired", Asked())


def test_wide_images_are_side_by_side_whatever_their_folders(tmp_path: Path) -> None:
    write_sides(tmp_path, "A", "B", size=(32, 16))
    assert open_data(tmp_path, "paired", Asked()).counts == {"pairs": 12}


def test_folders_that_do_not_say_which_holds_the_inputs_are_refused(tmp_path: Path) -> None:
    write_sides(tmp_path, "maps", "photos")
    with pytest.raises(DataError, match=r"'maps' and 'photos' holds the inputs\. Name them input and target"):
        open_data(tmp_path, "paired", Asked())


def test_pairs_of_other_proportions_are_noted(tmp_path: Path) -> None:
    write_sides(tmp_path, "A", "B")
    Image.new("L", (16, 20)).save(tmp_path / "B" / "4.bmp")
    notes = open_data(tmp_path, "paired", Asked()).notes
    assert any(note.startswith("1 pair has images of different aspect ratios") for note in notes)
    assert any("A/4.png (16x16) and B/4.bmp (16x20)" in note for note in notes)


# ---- unpaired --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folders", [("x/y/trainA", "x/y/trainB"), ("trainA", "trainB"), ("A", "B"), ("s/A", "t/B")])
def test_the_two_sides_are_found(tmp_path: Path, folders: tuple[str, str]) -> None:
    a, b = folders
    write_pictures(tmp_path, [f"{a}/1.png", f"{a}/2.png", f"{b}/1.png", "x/testA/9.png", "0.png"])
    data = open_data(tmp_path, "unpaired", Asked())
    assert (data.counts, data.image_size, data.channels) == ({"a": 2, "b": 1}, 12, 3)


def test_each_side_keeps_its_own_images_out(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "h2z", [f"train{side}/{n}.png" for side in "AB" for n in range(10)])
    data = open_data(zipped(folder), "unpaired", Asked(enlarge=1.25), 0.3)
    held = [[name for name in data.held_out if f"h2z/train{side}/" in name] for side in "AB"]
    assert held[0] and held[1] and len(held[0]) + len(held[1]) == len(data.held_out)
    assert data.counts == {"a": 10 - len(held[0]), "b": 10 - len(held[1])}
    assert len(data.validation.a) == len(held[0]) and not data.validation.shuffled and data.train.shuffled


def test_a_gray_side_is_made_rgb_for_the_other(tmp_path: Path) -> None:
    write_pictures(tmp_path, ["trainB/1.png"])
    (tmp_path / "trainA").mkdir()
    picture(12, 12).convert("L").save(tmp_path / "trainA" / "1.png")
    data = open_data(tmp_path, "unpaired", Asked())
    assert data.channels == 3 and data.train.batch([0], torch.Generator())["a"].shape == (1, 3, 12, 12)


def test_a_missing_side_is_named(tmp_path: Path) -> None:
    write_pictures(tmp_path, ["trainA/1.png"])
    with pytest.raises(DataError, match=r"no images in a folder named trainB \(or B\)"):
        open_data(tmp_path, "unpaired", Asked())


def test_the_two_sides_may_be_two_paths(tmp_path: Path) -> None:
    a = write_pictures(tmp_path / "horses", [f"{index}.png" for index in range(5)])
    b = zipped(write_pictures(tmp_path / "zebras", [f"deep/{index}.png" for index in range(4)]))
    data = open_data((a, str(b)), "unpaired", Asked(), 0.3)
    assert data.counts == {"a": 5 - len(data.validation.a), "b": 4 - len(data.validation.b)}
    assert {name[:2] for name in data.held_out} == {"A/", "B/"}
    (b.parent / "empty").mkdir()
    with pytest.raises(DataError, match=r"empty holds no images"):
        open_data((a, b.parent / "empty"), "unpaired", Asked())


def test_images_outside_the_two_sides_are_noted(tmp_path: Path) -> None:
    write_pictures(tmp_path, ["trainA/1.png", "trainB/1.png", "testA/9.png"])
    notes = open_data(tmp_path, "unpaired", Asked()).notes
    assert "1 image lies outside the folders of A and B and was ignored: testA/9.png." in notes


# ---- larger than the memory ------------------------------------------------------------------------------------------


def same(one: Dataset, other: Dataset) -> bool:
    """Whether two data sets give the same batches, whole and in shares."""
    count = len(one)
    indices = [(3 * index) % count for index in range(2 * count)]
    for own in (slice(None), slice(2, 4)):
        batches = [part.batch(indices, torch.Generator().manual_seed(3), own) for part in (one, other)]
        if any(not torch.equal(batches[0][name], batches[1][name]) for name in batches[0]):
            return False
    return True


@pytest.mark.parametrize("kind", ["images", "paired", "folders", "unpaired"])
@pytest.mark.parametrize("packed", [False, True])
def test_images_on_disk_give_the_batches_of_images_in_memory(tmp_path: Path, kind: str, packed: bool) -> None:
    places = {"images": ["x/", "y/"], "paired": [""], "folders": ["input/", "target/"], "unpaired": ["A/", "B/"]}[kind]
    names = [f"{place}{index}.png" for place in places for index in range(6)]
    path = write_pictures(tmp_path / "set", names, (60, 30) if kind == "paired" else (30, 25))
    path = zipped(path) if packed else path
    expected = "paired" if kind == "folders" else kind
    config = Asked(image_size=16, enlarge=1.25, flip=True, direction="right-to-left")
    held = open_data(path, expected, config, 0.3)
    disk = open_data(path, expected, config, 0.3, memory=20 * 20)
    disk = pickle.loads(pickle.dumps(disk))  # as it goes to workers that are not forked
    assert held.train.in_memory and not disk.train.in_memory and not disk.validation.in_memory
    assert same(held.train, disk.train) and same(held.validation, disk.validation)
    assert held.held_out == disk.held_out and held.fingerprint == disk.fingerprint and held.channels == disk.channels
    assert not any("on disk" in note for note in held.notes)
    assert any("over the limit of 400 bytes: they stay on disk" in note for note in disk.notes)


def test_a_set_on_disk_is_checked_before_it_is_used(tmp_path: Path) -> None:
    write_pictures(tmp_path, [f"{index}.png" for index in range(4)])
    (tmp_path / "2.png").write_bytes(b"x")
    with pytest.raises(DataError, match=r"1 of 4 images[^!]*2\.png"):
        open_data(tmp_path, "images", Asked(image_size=8), memory=1)
    write_pictures(tmp_path, ["2.png"])
    data = open_data(tmp_path, "images", Asked(image_size=8), memory=1)
    (tmp_path / "2.png").unlink()
    assert data.train.batch([0, 1, 3], torch.Generator())["image"].shape == (3, 3, 8, 8)
    with pytest.raises(DataError, match=r"2\.png: it cannot be read"):
        data.train.batch([2], torch.Generator())


# ---- what real folders hold ------------------------------------------------------------------------------------------


def write_anything(folder: Path) -> list[str]:
    """Write what is found in folders of pictures; return the names of the broken ones."""
    write_pictures(folder, [f"good{index}.png" for index in range(4)], (40, 30))
    picture(40, 30).convert("L").save(folder / "gray.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    picture(40, 30).save(folder / "turned.jpg", exif=exif)
    Image.new("RGB", (1, 1), (9, 9, 9)).save(folder / "one.png")
    Image.new("RGB", (3, 5), (9, 9, 9)).save(folder / "tiny.png")
    Image.new("RGB", (6000, 4000), (200, 10, 10)).save(folder / "huge.jpg", quality=30)
    Image.new("CMYK", (40, 30)).save(folder / "cmyk.jpg")
    Image.fromarray(np.zeros((30, 40), np.uint16)).save(folder / "deep.png")
    clear = picture(40, 30)
    clear.putalpha(3)
    clear.save(folder / "clear.png")
    picture(40, 30).convert("P").save(folder / "palette.gif")
    (folder / "readme.txt").write_text("no picture")
    whole = (folder / "turned.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.png").write_bytes(b"")
    (folder / "page.jpg").write_bytes(b"<html>not found</html>")
    return ["cut.jpg", "empty.png", "page.jpg"]


def test_a_folder_of_everything_is_refused_by_name_then_described_by_name(tmp_path: Path) -> None:
    broken = write_anything(tmp_path)
    with pytest.raises(DataError, match="3 of 16 images") as caught:
        open_data(tmp_path, "images", Asked(image_size=16))
    assert [line.strip().split(":")[0] for line in str(caught.value).splitlines()[1:]] == broken
    for name in broken:
        (tmp_path / name).unlink()
    data = open_data(tmp_path, "images", Asked(image_size=16, enlarge=1.25))
    assert everything(data.train, "image").shape == (13, 3, 16, 16)
    assert data.notes == [
        "13 images: 1x1 to 6000x4000 pixels, scaled to cover 20x20 (center crop), then cropped to 16x16 at random.",
        "2 images are gray and become RGB: deep.png, gray.png.",
        "1 image is turned upright, as its EXIF says: turned.jpg.",
        "1 image has 16 bits a channel, which become 8: deep.png.",
        "1 image has CMYK colors, which become RGB: cmyk.jpg.",
        "1 image has a palette, which becomes RGB: palette.gif.",
        "1 image has transparency, which is left out: clear.png.",
        "2 images are smaller than 20x20 and are enlarged: one.png (1x1), tiny.png (3x5).",
        "1 other file without an image suffix was ignored: readme.txt.",
    ]


# ---- pictures that must have classes ---------------------------------------------------------------------------------


def test_labeled_images_are_class_folders(tmp_path: Path) -> None:
    write_pictures(tmp_path, ["cat/1.png", "cat/2.png", "dog/1.png"])
    data = open_data(tmp_path, "labeled", Asked())
    assert data.classes == ["cat", "dog"]
    assert data.train.batch([0, 2], torch.Generator())["label"].tolist() == [0, 1]


def test_images_without_classes_are_refused_where_classes_are_wanted(tmp_path: Path) -> None:
    write_pictures(tmp_path, ["1.png", "2.png"])
    with pytest.raises(DataError, match="has no classes: the recipe needs images in at least two folders"):
        open_data(tmp_path, "labeled", Asked())


def test_shards_are_refused_where_classes_are_wanted(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="Shards do not say how many classes"):
        open_data(tmp_path / "shards-{0..3}.tar", "labeled", Asked())
