"""Images to evaluate, opened in place: split as training splits them, refused if they do not compare."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import picture
from evaluation_cases import arrays, lay
from PIL import Image

from ganzoo.data import idx
from ganzoo.data.splitting import split
from ganzoo.errors import DataError, OptionError
from ganzoo.evaluation import options
from ganzoo.evaluation.samples import image_sets
from ganzoo.evaluation.samples.image_sources import open_images, open_pairs, open_sides
from ganzoo.evaluation.samples.reading import Reading


def shown(image_set: image_sets.ImageSet, batch_size: int = 3) -> np.ndarray:
    return torch.cat(list(image_set.batches(batch_size))).numpy()


# ---- files -----------------------------------------------------------------------------------------------------------


def test_a_folder_is_read_as_it_is(tmp_path: Path) -> None:
    folder = lay(tmp_path / "outputs", 5)
    opened = open_images([str(folder)], Reading())
    assert (shown(opened)[:, 0] == arrays(folder)).all() and opened.resizing == "none, 16x16"
    assert (opened.sample.source, opened.sample.count, opened.sample.split) == ("outputs", 5, "all")
    assert [one.shape for one in opened.some([4, 0])] == [(1, 16, 16)] * 2


def test_a_zip_of_the_same_images_is_the_same_sample(tmp_path: Path) -> None:
    folder = lay(tmp_path / "outputs", 3)
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, f"deeper/{path.name}")
    one, other = (open_images([str(path)], Reading()) for path in (folder, tmp_path / "packed.zip"))
    assert one.sample.sha256 == other.sample.sha256 and one.key == other.key


@pytest.mark.parametrize("change", ["content", "name", "size", "resize"])
def test_another_content_name_size_or_filter_is_another_key(tmp_path: Path, change: str) -> None:
    folder = lay(tmp_path / "outputs", 3)
    before = open_images([str(folder)], Reading(size=8))
    if change == "content":
        picture(16, 16, seed=99).convert("L").save(folder / "001.png")
    if change == "name":
        (folder / "001.png").rename(folder / "0010.png")
    reading = {"size": Reading(size=12), "resize": Reading(size=8, resize="nearest")}.get(change, Reading(size=8))
    after = open_images([str(folder)], reading)
    assert after.key != before.key
    assert (after.sample.sha256 == before.sample.sha256) == (change in ("size", "resize"))


def test_the_resizing_is_stated_and_done(tmp_path: Path) -> None:
    folder = lay(tmp_path / "outputs", 2, size=32)
    nearest = open_images([str(folder)], Reading(size=16, resize="nearest"))
    assert nearest.resizing == "nearest, to cover 16x16, middle kept"
    expected = [np.asarray(Image.fromarray(one).resize((16, 16), Image.Resampling.NEAREST)) for one in arrays(folder)]
    assert (shown(nearest)[:, 0] == np.stack(expected)).all()
    smooth = open_images([str(folder)], Reading(size=16))
    assert smooth.resizing == "bicubic, antialiased, to cover 16x16, middle kept"
    assert (shown(smooth) != shown(nearest)).any()


def test_mixed_sizes_are_refused_unless_a_size_is_given(tmp_path: Path) -> None:
    folder = lay(lay(tmp_path / "outputs", 3), 2, size=20, first=3)
    with pytest.raises(DataError, match=r"have 2 sizes: 16x16 \(3\), 20x20 \(2\).*give a size for all, as --size 16"):
        open_images([str(folder)], Reading())
    assert shown(open_images([str(folder)], Reading(size=16))).shape == (5, 1, 16, 16)


def test_broken_files_are_all_named_at_once(tmp_path: Path) -> None:
    folder = lay(tmp_path / "outputs", 3)
    for name in ("a.png", "b.jpg"):
        (folder / name).write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"(?s)2 of 5 images in .*a\.png.*b\.jpg"):
        open_images([str(folder)], Reading())


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no images. It is empty"):
        open_images([str(tmp_path)], Reading())


def test_held_out_images_are_those_that_training_kept_out(tmp_path: Path) -> None:
    folder = lay(tmp_path / "outputs", 20)
    names = sorted(path.name for path in folder.iterdir())
    opened = open_images([str(folder)], Reading(validation=0.3))
    assert opened.names == [names[index] for index in split(names, 0.3)[1]]
    assert opened.sample.split == "held out 0.3" and 0 < opened.sample.count < 20


def test_images_over_the_memory_are_decoded_when_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = lay(tmp_path / "outputs", 5)
    in_memory = open_images([str(folder)], Reading())
    monkeypatch.setattr(image_sets, "MAX_BYTES", 100)
    left = open_images([str(folder)], Reading())
    assert not isinstance(left.images, torch.Tensor) and (shown(left)[:, :1] == shown(in_memory)).all()


def idx_file(path: Path, array: np.ndarray) -> None:
    head = bytes([0, 0, idx.UNSIGNED_BYTE, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    path.write_bytes(head + array.astype(np.uint8).tobytes())


def test_idx_files_have_a_test_and_a_train_part(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for part, count in (("train", 7), ("t10k", 4)):
        idx_file(tmp_path / f"{part}-images-idx3-ubyte", random.integers(0, 256, (count, 12, 12)))
        idx_file(tmp_path / f"{part}-labels-idx1-ubyte", np.arange(count) % 3)
    test, train = (open_images([str(tmp_path)], Reading(part=part)) for part in ("test", "train"))
    assert (test.sample.count, test.sample.split, train.sample.count) == (4, "test", 7)
    with pytest.raises(OptionError, match=r"of which training holds out nothing.*--part train"):
        open_images([str(tmp_path)], Reading(validation=0.2))
    assert open_images([str(tmp_path)], Reading(validation=0.2, part="train")).sample.count < 7
    framed = open_images([str(tmp_path)], Reading(size=16))
    assert shown(framed).shape == (4, 1, 16, 16) and framed.resizing == "black frame to 16 pixels"
    with pytest.raises(OptionError, match="which size=8 would crop"):
        open_images([str(tmp_path)], Reading(size=8))


# ---- pairs and sides -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inputs", ["A", "B"])
def test_pairs_side_by_side_are_cut(tmp_path: Path, inputs: str) -> None:
    whole = [np.asarray(picture(32, 16, seed=n)) for n in range(3)]
    for number, pixels in enumerate(whole):
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    input_images, truths = open_pairs([str(tmp_path)], Reading(inputs=inputs))
    left = np.stack([pixels[:, :16] for pixels in whole]).transpose(0, 3, 1, 2)
    assert ((shown(input_images) if inputs == "A" else shown(truths)) == left).all()
    assert input_images.sample.split == {"A": "left", "B": "right"}[inputs] and input_images.key != truths.key


def test_a_filter_that_there_is_not_is_refused_though_nothing_is_scaled() -> None:
    with pytest.raises(OptionError, match="resize='lanczos' is not valid: give one of bicubic, bilinear"):
        options.build_request([], [], {"resize": "lanczos"})


def test_pairs_in_two_folders_are_matched_by_name(tmp_path: Path) -> None:
    outputs, true = lay(tmp_path / "outputs", 3), lay(tmp_path / "true", 3, first=0, suffix=".bmp")
    input_images, truths = open_pairs([str(outputs), str(true)], Reading())
    assert (shown(input_images) == shown(truths)).all()
    assert (input_images.sample.source, truths.sample.source) == ("outputs", "true")
    (true / "001.bmp").unlink()
    with pytest.raises(DataError, match=r"1 image of 5 without a partner.*\n.*001"):
        open_pairs([str(outputs), str(true)], Reading())


def test_unpaired_sides_are_all_of_the_target_and_the_held_out_inputs(tmp_path: Path) -> None:
    lay(tmp_path / "trainA", 20)
    lay(tmp_path / "trainB", 5, first=50)
    input_images, targets = open_sides([str(tmp_path)], Reading(validation=0.3))
    names = [f"trainA/{n:03d}.png" for n in range(20)]
    assert input_images.names == [names[index] for index in split(names, 0.3)[1]]
    assert (targets.sample.count, targets.sample.split) == (5, "trainB")
    other, back = open_sides([str(tmp_path)], Reading(inputs="B"))
    assert (other.sample.split, back.sample.count) == ("trainB", 20)


def test_test_folders_go_before_training_ones(tmp_path: Path) -> None:
    for side in "AB":
        lay(tmp_path / f"train{side}", 3)
        lay(tmp_path / f"test{side}", 2, first=10)
    input_images, targets = open_sides([str(tmp_path)], Reading())
    assert (input_images.sample.split, input_images.sample.count, targets.sample.split) == ("testA", 2, "testB")


def test_a_missing_side_is_named(tmp_path: Path) -> None:
    shutil.copytree(lay(tmp_path / "x", 1), tmp_path / "data" / "trainA")
    with pytest.raises(DataError, match="holds no images in a folder testB, trainB or B"):
        open_sides([str(tmp_path / "data")], Reading())
