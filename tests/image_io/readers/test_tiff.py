"""TIFF of more than 8 bits a channel, in layouts that another library writes, and in those that none does."""

from __future__ import annotations

import io
from itertools import product

import numpy as np
import pytest
import raw_files as raw
import tifffile
from needs import missing
from odd_files import encoded, noise
from PIL import Image

from ganzoo.errors import ImageError
from ganzoo.image_io.decoding import read

TYPES = ("u2", "u4", "i2", "i4", "f2", "f4", "f8")


def levels(name: str, channels: int) -> np.ndarray:
    """Numbers that a picture may have, as (37, 53, channels)."""
    found = noise(37, 53, channels, top=65536)
    return (found / 65535).astype(name) if name[0] == "f" else (found // (1 + (name == "i2"))).astype(name)


def expected(numbers: np.ndarray) -> np.ndarray:
    if numbers.dtype.kind != "f":
        return numbers.astype(np.uint16)
    return np.round(numbers.astype("f4" if numbers.dtype == np.float16 else numbers.dtype) * 65535.0).astype(np.uint16)


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_layouts(name: str, channels: int) -> None:
    numbers = levels(name, channels)
    given, known = np.squeeze(numbers), expected(numbers)
    for planes, packing, order, tile, big in product(
        ("contig", "separate"), (None, "zlib"), "<>", (None, (16, 32)), (False, True)
    ):
        if channels == 1 and planes == "separate":
            continue
        file = io.BytesIO()
        tifffile.imwrite(
            file,
            given.transpose(2, 0, 1) if planes == "separate" else given,
            photometric="rgb" if channels > 1 else "minisblack",
            planarconfig=planes if channels > 1 else None,
            compression=packing,
            byteorder=order,
            tile=tile,
            bigtiff=big,
            rowsperstrip=None if tile else 7,
            extrasamples=["unassalpha"] if channels == 4 else None,
        )
        picture = read(file.getvalue())
        shown = known[..., :3] if channels > 1 else known.repeat(3, axis=2)
        assert np.array_equal(picture.rgb, shown), (planes, packing, order, tile, big)
        assert channels < 4 or np.array_equal(picture.alpha, known[..., 3])


@pytest.mark.parametrize("packing", ["tiff_lzw", "tiff_adobe_deflate", "packbits", "lzma", "zstd"])
def test_packings_of_pillow(packing: str) -> None:
    known = noise(40, 30, top=65536)
    try:
        data = encoded(Image.fromarray(known), "TIFF", compression=packing)
    except (OSError, ValueError, KeyError) as error:
        missing(f"this Pillow does not write it: {error}")
    assert np.array_equal(read(data).rgb[..., 0], known)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("size", [2, 4])
def test_differences_of_integers(order: str, size: int) -> None:
    """Predictor 2: each sample is the difference to the one on its left."""
    known = noise(6, 8, 3, top=65536)
    rows = known.astype(f"{order}u{size}")
    rows[:, 1:] -= known[:, :-1].astype(rows.dtype)
    tags = {258: (258, 3, [8 * size] * 3), 259: (259, 3, 32773), 317: (317, 3, 2)}
    assert np.array_equal(read(raw.tiff([packbits(rows)], 8, 6, tags, order)).rgb, known)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("name", ["f2", "f4", "f8"])
def test_differences_of_floats(order: str, name: str) -> None:
    """Predictor 3: bytes by significance, the highest first, then differences to the bytes on the left."""
    numbers = levels(name, 3)[:6, :8]
    size = numbers.itemsize
    bytes_ = numbers.astype(">" + name).view(np.uint8).reshape(6, 24, size).swapaxes(1, 2).reshape(6, -1)
    differences = bytes_.copy()
    differences[:, 3:] -= bytes_[:, :-3]
    tags = {258: (258, 3, [8 * size] * 3), 259: (259, 3, 32773), 317: (317, 3, 3), 339: (339, 3, [3] * 3)}
    assert np.array_equal(read(raw.tiff([packbits(differences)], 8, 6, tags, order)).rgb, expected(numbers))


def packbits(rows: np.ndarray) -> bytes:
    """PackBits that packs nothing: a count before each byte."""
    return b"".join(b"\0" + bytes([value]) for value in rows.tobytes())


@pytest.mark.parametrize("bits", range(9, 16))
def test_odd_numbers_of_bits_fill_the_range(bits: int) -> None:
    given = noise(5, 7, 3, top=1 << bits)
    given[0, 0], given[0, 1] = 0, (1 << bits) - 1
    data = raw.tiff([raw.packed(given, bits).tobytes()], 7, 5, {258: (258, 3, [bits] * 3)})
    found = read(data).rgb
    assert np.array_equal(found, np.round(given / ((1 << bits) - 1) * 65535))
    assert found[0, 0, 0] == 0 and found[0, 1, 0] == 65535


def test_premultiplied_alpha_is_divided_out() -> None:
    given = np.array([[[100, 200, 300, 600], [0, 0, 0, 0], [60000, 9, 9, 65535]]], np.uint16)
    tags = {258: (258, 3, [16] * 4), 277: (277, 3, 4), 338: (338, 3, 1)}
    picture = read(raw.tiff([given.tobytes()], 3, 1, tags))
    assert np.abs(picture.rgb[0].astype(int) - [[10922, 21845, 32768], [0, 0, 0], [60000, 9, 9]]).max() <= 1
    assert picture.alpha is not None and picture.alpha[0].tolist() == [600, 0, 65535]


@pytest.mark.parametrize("extra", [(0,), (0, 0)])
def test_other_samples_are_left_out(extra: tuple[int, ...]) -> None:
    given = noise(4, 5, 3 + len(extra), top=65536)
    tags = {258: (258, 3, [16] * given.shape[2]), 277: (277, 3, given.shape[2]), 338: (338, 3, extra)}
    picture = read(raw.tiff([given.tobytes()], 5, 4, tags))
    assert picture.alpha is None and np.array_equal(picture.rgb, given[..., :3])


def test_upright() -> None:
    given = noise(4, 6, 3, top=65536)
    tags = {258: (258, 3, [16] * 3), 274: (274, 3, 6)}
    picture = read(raw.tiff([given.tobytes()], 6, 4, tags))
    assert picture.turned and np.array_equal(picture.rgb, np.rot90(given, -1))


def test_a_large_strip_is_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    given = noise(50, 6, 3, top=65536)
    monkeypatch.setattr("ganzoo.image_io.readers.tiff_segments.PART", 100)
    assert np.array_equal(read(raw.tiff([given.tobytes()], 6, 50, {258: (258, 3, [16] * 3)})).rgb, given)


@pytest.mark.parametrize(
    "change", [{262: (262, 3, 5), 277: (277, 3, 4)}, {339: (339, 3, [6] * 3)}, {258: (258, 3, 24)}]
)
def test_rarer_kinds_are_no_garbage(change: dict[int, raw.Tag]) -> None:
    data = raw.tiff([bytes(4000)], 10, 8, {258: (258, 3, [32] * 3)} | change)
    with pytest.raises(ImageError, match="rare variant of TIFF"):
        read(data)
