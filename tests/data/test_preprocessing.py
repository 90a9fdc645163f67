"""Many image files -> one tensor of bytes."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import picture
from PIL import Image

from ganzoo.data import preprocessing
from ganzoo.data.image_stores import open_stored_images
from ganzoo.data.preprocessing import ImageSpec, cover, halves, pad_to_square, to_bytes, to_floats
from ganzoo.data.sources import open_source
from ganzoo.errors import DataError
from ganzoo.image_io import resizing


def decoded(folder: Path, height: int, width: int, channels: int = 0, **options: bool) -> torch.Tensor:
    source = open_source(folder)
    return open_stored_images(source, source.names, ImageSpec(height, width, channels, **options))[0]


def pixels(image: Image.Image) -> torch.Tensor:
    """(C, H, W) of the picture's own bytes."""
    array = np.asarray(image)
    return torch.from_numpy(array.copy()).reshape(*array.shape[:2], -1).permute(2, 0, 1)


def test_bytes_become_floats_exactly_and_come_back() -> None:
    every = torch.arange(256, dtype=torch.uint8)
    expected = np.arange(256, dtype=np.float32) / np.float32(127.5) - np.float32(1)
    assert np.array_equal(to_floats(every).numpy(), expected)
    assert to_floats(every)[0] == -1 and to_floats(every)[255] == 1
    assert torch.equal(to_bytes(to_floats(every)), every)


def test_floats_are_contiguous_whatever_the_bytes_were() -> None:
    expanded = torch.zeros(2, 1, 4, 4, dtype=torch.uint8).expand(-1, 3, -1, -1)
    assert to_floats(expanded).is_contiguous()
    assert to_floats(torch.zeros(2, 3, 4, 4, dtype=torch.uint8).to(memory_format=torch.channels_last)).is_contiguous()


def test_images_of_the_right_size_keep_every_byte_and_their_order(tmp_path: Path) -> None:
    made = {f"{name}.png": picture(12, 12, seed) for seed, name in enumerate("cab")}
    for name, image in made.items():
        image.save(tmp_path / name)
    found = decoded(tmp_path, 12, 12)
    assert torch.equal(found, torch.stack([pixels(made[name]) for name in ("a.png", "b.png", "c.png")]))


def test_larger_images_cover_and_keep_their_middle(tmp_path: Path) -> None:
    wide = picture(40, 10)
    wide.save(tmp_path / "wide.png")
    assert torch.equal(decoded(tmp_path, 10, 10)[0], pixels(wide)[:, :, 15:25])
    wide.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "wide.png")
    assert torch.equal(decoded(tmp_path, 10, 10)[0], pixels(wide.transpose(Image.Transpose.ROTATE_90))[:, 15:25])


@pytest.mark.parametrize("size", [(1, 1), (3, 1), (7, 13), (200, 31), (16, 17)])
def test_any_size_covers_without_a_border(tmp_path: Path, size: tuple[int, int]) -> None:
    Image.new("RGB", size, (10, 200, 30)).save(tmp_path / "x.png")
    found = decoded(tmp_path, 16, 16)
    assert torch.equal(found, torch.tensor([10, 200, 30], dtype=torch.uint8).view(1, 3, 1, 1).expand(1, 3, 16, 16))


@pytest.mark.parametrize("shape", [(1, 3, 1, 20_000), (1, 3, 20_000, 1)])
def test_a_very_long_image_does_not_fill_the_memory(shape: tuple[int, ...], monkeypatch) -> None:
    requested = []
    resize = resizing.resize
    monkeypatch.setattr(resizing, "resize", lambda x, h, w, *more: requested.append(h * w) or resize(x, h, w))
    assert cover(torch.zeros(shape), 64, 64).shape == (3, 64, 64)
    assert max(requested) <= 16 * 64 * 64


def test_gray_alone_is_one_channel_and_among_rgb_three(tmp_path: Path) -> None:
    gray = picture(8, 8).convert("L")
    gray.save(tmp_path / "a.png")
    assert torch.equal(decoded(tmp_path, 8, 8), pixels(gray)[None])
    assert decoded(tmp_path, 8, 8, channels=3).shape == (1, 3, 8, 8)
    color = picture(8, 8, seed=2)
    color.save(tmp_path / "b.png")
    assert torch.equal(decoded(tmp_path, 8, 8), torch.stack([pixels(gray).expand(3, -1, -1), pixels(color)]))
    luma = (np.asarray(color, np.float64) @ [0.299, 0.587, 0.114]).round()
    found = decoded(tmp_path, 8, 8, channels=1)
    assert found.shape == (2, 1, 8, 8) and np.abs(found[1, 0].numpy() - luma).max() <= 1


def test_exif_palette_alpha_and_16_bits_are_decoded(tmp_path: Path) -> None:
    image = picture(16, 16)
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned a quarter clockwise
    image.save(tmp_path / "a-exif.png", exif=exif)
    palette = image.convert("P", palette=Image.Palette.ADAPTIVE)
    palette.save(tmp_path / "b-palette.png")
    clear = image.copy()
    clear.putalpha(0)
    clear.save(tmp_path / "c-alpha.png")
    deep = np.arange(256, dtype=np.uint16).reshape(16, 16) * 257
    Image.fromarray(deep).save(tmp_path / "d-deep.png")
    found = decoded(tmp_path, 16, 16)
    assert torch.equal(found[0], pixels(image.transpose(Image.Transpose.ROTATE_270)))
    assert torch.equal(found[1], pixels(palette.convert("RGB")))
    assert torch.equal(found[2], pixels(image))
    assert np.array_equal(found[3].numpy(), np.broadcast_to((deep // 257).astype(np.uint8), (3, 16, 16)))


def test_halves_are_cut_before_they_are_scaled(tmp_path: Path) -> None:
    pair = Image.new("RGB", (96, 48), (0, 0, 0))
    pair.paste((255, 255, 255), (48, 0, 96, 48))
    pair.save(tmp_path / "pair.png")
    found = decoded(tmp_path, 20, 20, pairs=True)
    left, right = halves(found)
    assert found.shape == (1, 3, 20, 40)
    assert (left == 0).all() and (right == 255).all()  # scaled together, the seam would be gray


def test_an_odd_pair_leaves_its_middle_column_out(tmp_path: Path) -> None:
    image = picture(17, 8)
    image.save(tmp_path / "pair.png")
    found = decoded(tmp_path, 8, 8, pairs=True)[0]
    assert torch.equal(found, torch.cat([pixels(image)[:, :, :8], pixels(image)[:, :, 9:]], -1))


def test_a_single_image_is_no_pair(tmp_path: Path) -> None:
    picture(40, 20).save(tmp_path / "good.png")
    picture(32, 18).save(tmp_path / "single.png")
    with pytest.raises(DataError, match=r"1 of 2 images[^!]*single\.png: it is 32x18, too narrow for two images side"):
        decoded(tmp_path, 8, 8, pairs=True)


def damage(folder: Path) -> dict[str, str]:
    """Write broken files between good ones; return what the error should say of each."""
    folder.mkdir()
    for index in range(3):
        picture(20, 20, index).save(folder / f"good{index}.png")
    whole = io.BytesIO()
    picture(64, 64).save(whole, "JPEG")
    (folder / "cut.jpg").write_bytes(whole.getvalue()[:700])
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.gif").write_bytes(b"this is no picture")
    return {
        "cut.jpg": "cannot be read",
        "empty.png": "is not a supported image file",
        "text.gif": "is not a supported image",
    }


def test_every_broken_file_is_named_with_its_reason_in_one_error(tmp_path: Path) -> None:
    expected = damage(tmp_path / "data")
    with pytest.raises(DataError) as caught:
        decoded(tmp_path / "data", 8, 8)
    lines = str(caught.value).splitlines()
    assert lines[0].startswith(f"3 of 6 images in {tmp_path / 'data'} cannot be used. Fix or remove")
    assert len(lines) == 4
    for line, (name, reason) in zip(lines[1:], expected.items(), strict=True):
        assert line.strip().startswith(f"{name}: ") and reason in line


def test_damage_in_an_archive_is_named_like_damage_in_a_folder(tmp_path: Path) -> None:
    damage(tmp_path / "data")
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted((tmp_path / "data").iterdir()):
            archive.write(file, file.name)
        offset = archive.getinfo("good1.png").header_offset
    content = bytearray(path.read_bytes())
    content[offset + 100] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"4 of 6") as caught:
        decoded(path, 8, 8)
    assert all(f"  {name}: " in str(caught.value) for name in ("cut.jpg", "empty.png", "good1.png", "text.gif"))


def test_a_long_list_of_broken_files_is_cut_but_counted(tmp_path: Path) -> None:
    for index in range(25):
        (tmp_path / f"{index:02}.png").write_bytes(b"x")
    with pytest.raises(DataError, match="25 of 25") as caught:
        decoded(tmp_path, 8, 8)
    assert str(caught.value).splitlines()[-1].strip() == "and 5 more"


def test_an_error_that_is_no_image_s_fault_comes_through(tmp_path: Path, monkeypatch) -> None:
    picture(8, 8).save(tmp_path / "a.png")

    def fail(*_: object) -> None:
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr(resizing, "resize", fail)
    with pytest.raises(ZeroDivisionError, match="a fault of ours"):
        decoded(tmp_path, 16, 16)


def test_fit_frames_in_black_and_centers() -> None:
    image = torch.full((2, 1, 3, 2), 9, dtype=torch.uint8)
    framed = pad_to_square(image, 6)
    expected = torch.zeros(2, 1, 6, 6, dtype=torch.uint8)
    expected[:, :, 1:4, 2:4] = 9
    assert torch.equal(framed, expected)
    square = torch.ones(1, 1, 4, 4, dtype=torch.uint8)
    assert pad_to_square(square, 4) is square


@pytest.mark.parametrize("pairs", [False, True])
def test_far_too_large_images_are_averaged_first_to_the_same_eye(tmp_path: Path, pairs: bool, monkeypatch) -> None:
    picture(701, 333).resize((2804, 1332), Image.Resampling.NEAREST).save(tmp_path / "x.png")
    quick = decoded(tmp_path, 40, 40, pairs=pairs)
    monkeypatch.setattr(preprocessing, "REDUCE_FROM", 10**9)
    slow = decoded(tmp_path, 40, 40, pairs=pairs)
    assert quick.shape == slow.shape and not torch.equal(quick, slow)
    assert (quick.int() - slow.int()).abs().max() <= 3
