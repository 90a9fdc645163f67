"""What files declare is believed only as far as they can hold it; metadata never reaches a decoder."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
import raw_files as raw
from odd_damage import whole
from odd_files import array, encoded, photo
from PIL import Image
from raw_files import chunk

from ganzoo.image_io.readers import detection, png
from ganzoo.image_io.readers.container import Container


def opened(data: bytes) -> Container:
    found = detection.read(io.BytesIO(data))
    assert found
    return found


@pytest.mark.parametrize("name", whole())
def test_size_of_every_kind(name: str) -> None:
    data = whole()[name]
    found = opened(data)
    assert (found.width, found.height) == Image.open(io.BytesIO(data)).size
    assert found.format == Image.open(io.BytesIO(data)).format
    found.check_length()


@pytest.mark.parametrize("data", [b"", b"RIFF\0\0\0\0WAVE", b"P6 1 1 255 ", b"\x89PNX", b"%!PS"])
def test_other_files(data: bytes) -> None:
    assert detection.read(io.BytesIO(data)) is None


def test_size_that_the_first_frame_of_a_gif_enlarges() -> None:
    found = opened(raw.gif(2, 2, (5, 6, 20, 10)))
    assert (found.width, found.height) == (25, 16)
    assert Image.open(io.BytesIO(raw.gif(2, 2, (5, 6, 20, 10)))).size == (25, 16)


def test_canvas_of_a_webp_counts() -> None:
    image = photo()
    frames = encoded(image, "WEBP", save_all=True, append_images=[image.rotate(180)])
    assert (opened(frames).width, opened(frames).height) == image.size


@pytest.mark.parametrize("missing", [1, 100])
@pytest.mark.parametrize("bits", [1, 8, 24, 32])
def test_a_bmp_needs_all_its_rows(bits: int, missing: int) -> None:
    size = (13 * bits + 31) // 32 * 4 * 70
    opened(raw.bmp(13, 70, bits, bytes(size))).check_length()
    with pytest.raises(ValueError, match=f"has {size + 54 - missing - 54} bytes") as caught:
        opened(raw.bmp(13, 70, bits, bytes(size - missing - 54))).check_length()
    assert str(size) in str(caught.value)


def test_the_smallest_honest_files_pass() -> None:
    """The same color 9 million times, by the hardest working packers."""
    black = Image.new("1", (3000, 3000))
    for kind, options in (
        ("PNG", {"compress_level": 9}),
        ("GIF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "tiff_adobe_deflate"}),
        ("TIFF", {"compression": "packbits"}),
    ):
        opened(encoded(black.convert("L"), kind, **options)).check_length()
    for options in ({"optimize": True}, {"progressive": True}, {"optimize": True, "subsampling": 2}):
        opened(encoded(black.convert("RGB"), "JPEG", quality=1, **options)).check_length()


def test_png_without_metadata_has_its_pixels_and_its_palette() -> None:
    image = photo().quantize(16)
    image.info["transparency"] = 3
    rich = encoded(image, "PNG", exif=raw.exif((271, 2, b"maker\0")), icc_profile=raw.rgb_profile(), dpi=(72, 72))
    bare = opened(rich).file
    bare.seek(0)
    bare = bare.read()
    assert {rich[i : i + 4] for i in _kinds(rich)} > {bare[i : i + 4] for i in _kinds(bare)}
    assert {bare[i : i + 4] for i in _kinds(bare)} == {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
    shown = [np.asarray(Image.open(io.BytesIO(data)).convert("RGBA")) for data in (rich, bare)]
    assert np.array_equal(*shown)


def _kinds(data: bytes) -> list[int]:
    places, place = [], 8
    while place < len(data):
        places.append(place + 4)
        place += 12 + struct.unpack_from(">I", data, place)[0]
    return places


def test_jpeg_without_metadata_has_its_pixels() -> None:
    exif = raw.exif((271, 2, b"maker\0"))
    for image in (photo(), photo(mode="CMYK"), photo(mode="L")):
        rich = encoded(image, "JPEG", exif=exif, icc_profile=raw.rgb_profile(), comment=b"a comment", quality=90)
        found = opened(rich)
        bare = Image.open(found.file)
        assert "exif" not in bare.info and "icc_profile" not in bare.info and "comment" not in bare.info
        assert np.array_equal(array(bare), array(Image.open(io.BytesIO(rich))))
        assert (found.exif, found.icc) == (exif[6:], raw.rgb_profile())


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_key_lies_in_the_range_of_the_decoded_levels(bits: int) -> None:
    levels = np.zeros((2, 2, 1), np.uint16)
    top = (1 << bits) - 1
    found = opened(raw.png(levels, bits, extra=[chunk(b"tRNS", struct.pack(">H", top))]))
    assert found.transparent_color == (65535 if bits == 16 else 255,)


@pytest.mark.parametrize("size", [1 << 20, png.MAX_METADATA + 1])
def test_profile_of_a_png_may_be_large_but_no_bomb(size: int) -> None:
    icc = raw.profile(b"RGB ", {b"priv": bytes(size)})
    packed = chunk(b"iCCP", b"a\0\0" + zlib.compress(icc, 9))
    assert opened(raw.png(array(photo()), extra=[packed])).icc == (icc if size < png.MAX_METADATA else b"")


def test_cut_off_profile_is_none() -> None:
    packed = chunk(b"iCCP", b"a\0\0" + zlib.compress(raw.rgb_profile())[:-20])
    assert opened(raw.png(array(photo()), extra=[packed])).icc == b""
