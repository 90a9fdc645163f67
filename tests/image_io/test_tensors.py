import errno
import io
import os
import struct
import subprocess
import sys
import threading
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from ganzoo.errors import ImageError, OutputError
from ganzoo.image_io import decoding, encoding, grids, image_paths, pil_images, resizing, tensors

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def encoded(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def noise(rng, *shape, dtype=np.uint8):
    return rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png16(pixels, key=b""):
    """A 16-bit PNG of (H, W, C), written without Pillow; odd rows use filter 1, whose bytes depend on their left."""
    height, width, channels = pixels.shape
    rows = b""
    for y, row in enumerate(pixels.astype(">u2").reshape(height, -1)):
        now = np.frombuffer(row.tobytes(), np.uint8)
        left = np.concatenate([np.zeros(2 * channels, np.uint8), now[: -2 * channels]])
        rows += bytes([y % 2]) + (now - left if y % 2 else now).tobytes()
    head = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    body = chunk(b"IHDR", head) + (chunk(b"tRNS", key) if key else b"") + chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


def tiff16(pixels, order, compressed, strips=1, orientation=1):
    """A 16-bit TIFF of (H, W, 3|4), written without Pillow."""
    height, width, channels = pixels.shape
    rows = height // strips
    data = [pixels[i * rows : (i + 1) * rows].astype(order + "u2").tobytes() for i in range(strips)]
    data = [zlib.compress(strip) for strip in data] if compressed else data
    bits_at = 8
    offsets = np.cumsum([bits_at + 2 * channels] + [len(strip) for strip in data]).tolist()
    lists_at = offsets.pop()
    lists = struct.pack(f"{order}{2 * strips}I", *offsets, *map(len, data))
    directory_at = lists_at + len(lists)
    tags = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, channels, bits_at),
        (259, 3, 1, 8 if compressed else 1),
        (262, 3, 1, 2),
        (273, 4, strips, lists_at if strips > 1 else offsets[0]),
        (274, 3, 1, orientation),
        (277, 3, 1, channels),
        (278, 4, 1, rows),
        (279, 4, strips, lists_at + 4 * strips if strips > 1 else len(data[0])),
    ] + ([(338, 3, 1, 2)] if channels == 4 else [])
    entries = b"".join(
        struct.pack(order + "HHI", tag, kind, count) + struct.pack(order + ("HH" if short else "I"), *value)
        for tag, kind, count, number in tags
        for short in [kind == 3 and count == 1]
        for value in [(number, 0) if short else (number,)]
    )
    head = struct.pack(order + "2sHI", b"II" if order == "<" else b"MM", 42, directory_at)
    bits = struct.pack(f"{order}{channels}H", *[16] * channels)
    directory = struct.pack(order + "H", len(tags)) + entries + bytes(4)
    return head + bits + b"".join(data) + lists + directory


# ---- reading: where from ---------------------------------------------------------------------------------------------


def test_every_source_gives_the_same(tmp_path, rng):
    array = noise(rng, 5, 7, 3)
    image = Image.fromarray(array)
    path = tmp_path / "a.png"
    image.save(path)
    data = path.read_bytes()
    with open(path, "rb") as file, open(path, "rb") as moved, Image.open(path) as lazy:
        moved.seek(0, os.SEEK_SET)
        for source in (str(path), path, image, lazy, file, moved, data, bytearray(data), io.BytesIO(data)):
            picture = decoding.read(source)
            assert picture.rgb.dtype == np.uint8
            assert np.array_equal(picture.rgb, array)
            assert picture.alpha is None and not picture.gray
    assert decoding.read(path).name == str(path)
    assert decoding.read(data).name == "The image"


def test_stream_without_seek(rng):
    array = noise(rng, 4, 4, 3)
    end, start = os.pipe()
    with open(start, "wb") as sink:
        sink.write(encoded(Image.fromarray(array)))
    with open(end, "rb") as pipe:
        assert np.array_equal(decoding.read(pipe).rgb, array)


def test_given_image_is_left_as_it_was():
    image = Image.new("P", (3, 2))
    before = image.tobytes(), dict(image.info), image.mode
    decoding.read(image)
    assert (image.tobytes(), dict(image.info), image.mode) == before


def test_content_decides_not_the_suffix(tmp_path):
    (tmp_path / "a.jpg").write_bytes(encoded(Image.new("RGB", (2, 2), RED)))
    assert decoding.read(tmp_path / "a.jpg").rgb[0, 0].tolist() == list(RED)


# ---- reading: modes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "color", "rgb", "alpha", "gray"),
    [
        ("1", 1, WHITE, None, True),
        ("1", 0, BLACK, None, True),
        ("L", 77, (77, 77, 77), None, True),
        ("LA", (77, 9), (77, 77, 77), 9, True),
        ("RGB", (1, 2, 3), (1, 2, 3), None, False),
        ("RGBA", (1, 2, 3, 4), (1, 2, 3), 4, False),
        ("RGBX", (1, 2, 3, 4), (1, 2, 3), None, False),
        ("CMYK", (255, 0, 0, 0), (0, 255, 255), None, False),
        ("CMYK", (0, 255, 255, 0), RED, None, False),
        ("CMYK", (0, 0, 0, 255), BLACK, None, False),
        ("CMYK", (0, 0, 0, 0), WHITE, None, False),
        ("YCbCr", (255, 128, 128), WHITE, None, False),
        ("YCbCr", (76, 85, 255), RED, None, False),
        ("YCbCr", (29, 255, 107), BLUE, None, False),
        ("HSV", (0, 255, 255), RED, None, False),
        ("HSV", (85, 255, 255), GREEN, None, False),
        ("LAB", (255, 128, 128), WHITE, None, False),
        ("LAB", (138, 209, 198), RED, None, False),  # CIE Lab of sRGB red: 54.3, 80.8, 69.9 (D50)
        ("I;16", 32768, (32768,) * 3, None, True),
        ("I;16B", 32768, (32768,) * 3, None, True),
        ("I", 40000, (40000,) * 3, None, True),
        ("I", 65535, (65535,) * 3, None, True),
        ("F", 0.25, (16384,) * 3, None, True),
        ("F", 1.0, (65535,) * 3, None, True),
        ("F", 0.0, (0,) * 3, None, True),
    ],
)
def test_mode(mode, color, rgb, alpha, gray):
    picture = decoding.read(Image.new(mode, (3, 2), color))
    assert picture.rgb.shape == (2, 3, 3)
    assert picture.rgb.dtype == (np.uint16 if mode[0] in "IF" else np.uint8)
    tolerance = {"YCbCr": 2, "LAB": 5}.get(mode, 0)  # 8 bits of Lab or YCbCr are coarser
    assert np.abs(picture.rgb.astype(int) - np.array(rgb)).max() <= tolerance
    assert picture.gray is gray
    if alpha is None:
        assert picture.alpha is None
    else:
        assert picture.alpha.shape == (2, 3) and (picture.alpha == alpha).all()


@pytest.mark.parametrize(
    ("mode", "pixel"), [("La", (50, 128)), ("RGBa", (50, 0, 0, 128))], ids=["premultiplied gray", "premultiplied RGB"]
)
def test_premultiplied_alpha_is_divided_out(mode, pixel):
    image = Image.frombytes(mode, (1, 1), bytes(pixel))
    picture = decoding.read(image)
    assert abs(int(picture.rgb[0, 0, 0]) - round(50 * 255 / 128)) <= 1
    assert picture.alpha[0, 0] == 128


def palette_image():
    image = Image.new("P", (3, 1))
    image.putpalette([*RED, *GREEN, *BLUE])
    image.putdata([0, 1, 2])
    return image


def test_palette():
    picture = decoding.read(encoded(palette_image()))
    assert picture.rgb[0].tolist() == [list(RED), list(GREEN), list(BLUE)]
    assert picture.alpha is None and not picture.gray


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_palette_with_one_transparent_entry(kind):
    picture = decoding.read(encoded(palette_image(), kind, transparency=1))
    assert picture.alpha.tolist() == [[255, 0, 255]]
    assert picture.rgb[0, [0, 2]].tolist() == [list(RED), list(BLUE)]


def test_palette_with_alpha_per_entry():
    picture = decoding.read(encoded(palette_image(), transparency=bytes([0, 100, 255])))
    assert picture.alpha.tolist() == [[0, 100, 255]]
    assert picture.rgb[0].tolist() == [list(RED), list(GREEN), list(BLUE)]


@pytest.mark.parametrize(("mode", "key"), [("1", 255), ("L", 255), ("RGB", WHITE)])
def test_png_that_names_one_color_transparent(mode, key):
    image = Image.new(mode, (2, 1), 0)
    image.putpixel((1, 0), key)
    picture = decoding.read(encoded(image, transparency=key))
    assert picture.alpha.tolist() == [[255, 0]]
    assert picture.gray is (mode != "RGB")


@pytest.mark.parametrize("color", [(0, 0, 0, 0), (0, 0, 0, 255), (255, 0, 0, 0), (0, 255, 255, 0)])
def test_cmyk_jpeg(color):
    """Pillow writes CMYK as Adobe does: inverted. Paper must not come out black."""
    ink = np.array(color) / 255
    expected = 255 * (1 - ink[:3]) * (1 - ink[3])
    picture = decoding.read(encoded(Image.new("CMYK", (16, 16), color), "JPEG", quality=100))
    assert np.abs(picture.rgb - expected).max() <= 3


# ---- reading: 16 bits ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png_of_16_bits_keeps_every_bit(tmp_path, rng, channels):
    pixels = noise(rng, 6, 5, channels, dtype=np.uint16)
    (tmp_path / "a.png").write_bytes(png16(pixels))
    for source in (tmp_path / "a.png", png16(pixels)):
        picture = decoding.read(source)
        colors = 1 if channels < 3 else 3
        assert picture.rgb.dtype == np.uint16 and picture.gray is (channels < 3)
        assert np.array_equal(picture.rgb, np.broadcast_to(pixels[..., :colors], (6, 5, 3)))
        if channels % 2:
            assert picture.alpha is None
        else:
            assert np.array_equal(picture.alpha, pixels[..., -1])


@pytest.mark.parametrize("channels", [1, 3])
def test_png_of_16_bits_that_names_one_color_transparent(rng, channels):
    pixels = noise(rng, 6, 5, channels, dtype=np.uint16)
    picture = decoding.read(png16(pixels, struct.pack(f">{channels}H", *pixels[2, 3].tolist())))
    assert picture.alpha[2, 3] == 0
    assert (picture.alpha == 65535).sum() == 29


@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
@pytest.mark.parametrize("compressed", [False, True], ids=["raw", "deflate"])
@pytest.mark.parametrize("strips", [1, 3])
@pytest.mark.parametrize("channels", [3, 4])
def test_tiff_of_16_bits_keeps_every_bit(tmp_path, rng, order, compressed, strips, channels):
    pixels = noise(rng, 6, 5, channels, dtype=np.uint16)
    data = tiff16(pixels, order, compressed, strips)
    (tmp_path / "a.tif").write_bytes(data)
    for source in (tmp_path / "a.tif", data):
        picture = decoding.read(source)
        assert picture.rgb.dtype == np.uint16
        assert np.array_equal(picture.rgb, pixels[..., :3])
        assert channels == 3 or np.array_equal(picture.alpha, pixels[..., 3])


def test_tiff_of_16_bits_is_turned_upright(rng):
    pixels = noise(rng, 6, 5, 3, dtype=np.uint16)
    assert np.array_equal(decoding.read(tiff16(pixels, "<", False, orientation=6)).rgb, np.rot90(pixels, -1))


@pytest.mark.parametrize(
    ("mode", "kind"), [("I;16", "PNG"), ("I;16B", "PNG"), ("I;16", "TIFF"), ("I;16B", "TIFF"), ("I", "TIFF")]
)
def test_gray_of_16_bits_through_pillow(mode, kind):
    data = encoded(Image.new(mode, (2, 2), 32768), kind)
    tensor = tensors.to_tensor(data)
    assert tensor.shape == (1, 3, 2, 2)
    assert torch.allclose(tensor, torch.full_like(tensor, 1 / 65535), atol=1e-7)


@pytest.mark.parametrize("value", [70000, -1, 2**31 - 1])
def test_integers_beyond_16_bits_are_refused(value):
    with pytest.raises(ImageError, match=r"Scale them to 0\.\.65535"):
        decoding.read(encoded(Image.new("I", (2, 2), value), "TIFF"))


@pytest.mark.parametrize("value", [-0.1, 1.5, 255.0, float("nan"), float("inf")])
def test_floats_beyond_one_are_refused(tmp_path, value):
    Image.new("F", (2, 2), value).save(tmp_path / "a.tiff")
    with pytest.raises(ImageError, match=r"a\.tiff has values from .* Scale them to 0\.\.1"):
        decoding.read(tmp_path / "a.tiff")


# ---- reading: orientation and animations -----------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_orientation_as_pillow(rng, orientation, kind):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(Image.fromarray(noise(rng, 4, 7, 3)), kind, exif=exif, **options)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))
    assert np.array_equal(decoding.read(data).rgb, expected)
    assert np.array_equal(decoding.read(Image.open(io.BytesIO(data))).rgb, expected)
    assert expected.shape[0] == (7 if orientation > 4 else 4)


def test_orientation_turns_alpha_too(rng):
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = noise(rng, 4, 7, 4)
    picture = decoding.read(encoded(Image.fromarray(pixels), exif=exif))
    assert np.array_equal(np.dstack([picture.rgb, picture.alpha]), np.rot90(pixels, -1))


def exif_block(*entries):
    """EXIF of (tag, kind, count, four bytes), little-endian, written without Pillow."""
    body = b"".join(struct.pack("<HHI4s", *entry) for entry in entries)
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(entries)) + body + bytes(4)


ON_ITS_SIDE = (0x0112, 3, 1, b"\6\0\0\0")
NO_RESOLUTION = (0x011A, 2, 1, bytes(4))  # an empty text instead of a number: Pillow 13 refuses such a JPEG
BEYOND = (0x010F, 2, 99, b"\xff\xff\0\0")  # a text that lies behind the end
INCHES = (0x0128, 3, 1, b"\2\0\0\0")


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0garbage",
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        exif_block(NO_RESOLUTION, INCHES),
        exif_block(BEYOND),
        exif_block(ON_ITS_SIDE)[:-10],
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_damaged_exif_counts_as_none(exif, kind):
    data = encoded(Image.new("RGB", (8, 4), RED), kind, exif=exif, quality=100)
    assert exif[6:] in data
    lazy = [] if kind == "JPEG" else [Image.open(io.BytesIO(data))]  # of a JPEG, opening it warns already
    for source in (data, *lazy):
        picture = decoding.read(source)
        assert picture.rgb.shape == (4, 8, 3)
        assert np.abs(picture.rgb.astype(int) - RED).max() <= 2


def test_orientation_is_kept_where_another_part_of_the_exif_is_damaged():
    data = encoded(Image.new("RGB", (8, 4)), "JPEG", exif=exif_block(BEYOND, ON_ITS_SIDE))
    assert decoding.read(data).rgb.shape == (8, 4, 3)


def test_animation_of_no_frames_gives_its_still():
    png = encoded(Image.new("RGB", (3, 2), RED))
    control = chunk(b"acTL", struct.pack(">II", 0, 0))  # Pillow warns of it
    assert (decoding.read(png[:33] + control + png[33:]).rgb == RED).all()


def test_warnings_of_pillow_are_held_back_for_threads_too_and_only_while_they_read():
    data = encoded(Image.new("RGB", (8, 4)), "JPEG", exif=exif_block(BEYOND))
    before = list(warnings.filters)
    shapes, threads = [], []
    for _ in range(8):
        threads.append(threading.Thread(target=lambda: shapes.extend(decoding.read(data).rgb.shape for _ in range(20))))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shapes == [(4, 8, 3)] * 160
    assert list(warnings.filters) == before
    with pytest.raises(UserWarning, match=r"corrupt EXIF|larger than file|Truncated File Read"):
        Image.open(io.BytesIO(data)).getexif()


def test_warnings_of_others_pass():
    class Warning_(io.BytesIO):
        def read(self, *size):
            warnings.warn("disk is nearly full", UserWarning, stacklevel=1)
            return super().read(*size)

    with pytest.warns(UserWarning, match="nearly full"):
        decoding.read(Warning_(encoded(Image.new("RGB", (2, 2)))))


@pytest.mark.parametrize("value", [0, 9, 4711])
def test_unknown_orientation_is_ignored(value):
    exif = Image.Exif()
    exif[0x0112] = value
    assert decoding.read(encoded(Image.new("RGB", (8, 4)), exif=exif)).rgb.shape == (4, 8, 3)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_animation_gives_its_first_frame(kind):
    frames = [Image.new("RGB", (4, 4), color) for color in (RED, GREEN, BLUE)]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert decoding.read(data).rgb[0, 0].tolist() == list(RED)


# ---- reading: bombs --------------------------------------------------------------------------------------------------


def test_image_above_the_limit(tmp_path):
    image = Image.new("RGB", (10, 11))
    image.save(tmp_path / "a.png")
    for source in (tmp_path / "a.png", image):
        with pytest.raises(ImageError, match="10x11 pixels, more than the limit of 109"):
            decoding.read(source, max_pixels=109)
        assert decoding.read(source, max_pixels=110).rgb.shape == (11, 10, 3)


@pytest.mark.parametrize("side", [13_000, 20_000, 2**31 - 1])
def test_bomb_is_refused_before_it_is_decoded(side):
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")
    limit = decoding.MAX_PIXELS if side > 13_000 else 1000
    with pytest.raises(ImageError, match=r"more than the limit|cannot be read"):
        decoding.read(data, max_pixels=limit)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "TIFF", "WEBP", "BMP", "JPEG"])
@pytest.mark.parametrize("pillow_limit", [10, 70, 200])
def test_limit_of_pillow_neither_warns_nor_counts_nor_changes(monkeypatch, kind, pillow_limit):
    data = encoded(Image.new("RGB", (10, 10)), kind)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", pillow_limit)
    assert decoding.read(data).rgb.shape == (10, 10, 3)
    with pytest.raises(ImageError):
        decoding.read(data[:30])
    assert pillow_limit == Image.MAX_IMAGE_PIXELS


def test_limit_of_pillow_comes_back_after_threads(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 7)
    data = encoded(Image.new("RGB", (20, 20)))
    shapes = []
    threads = [
        threading.Thread(target=lambda: shapes.extend(decoding.read(data).rgb.shape for _ in range(10)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shapes == [(20, 20, 3)] * 80
    assert Image.MAX_IMAGE_PIXELS == 7


# ---- reading: what is no picture -------------------------------------------------------------------------------------


def good(kind):
    pixels = noise(np.random.default_rng(1), 24, 24, 3)
    return encoded(Image.fromarray(pixels), kind)


PNG_START = b"\x89PNG\r\n\x1a\n"
MALFORMED = {
    "empty": b"",
    "one byte": b"\x89",
    "zeros": bytes(1000),
    "text": b"this is no picture\n" * 50,
    "utf-16": "no picture".encode("utf-16"),
    "html": b"<!doctype html><title>404</title>",
    "json": b'{"error": "not found"}',
    "lfs pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>',
    "pdf": b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n",
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n",
    "zip": b"PK\x03\x04" + bytes(100),
    "gzip": b"\x1f\x8b\x08" + bytes(50),
    "elf": b"\x7fELF" + bytes(100),
    "mp4": b"\0\0\0\x18ftypmp42" + bytes(100),
    "ppm": b"P6 1 1 255\n\1\2\3",
    "png signature": PNG_START,
    "png without data": PNG_START + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0)) + chunk(b"IEND", b""),
    "png of no size": PNG_START + chunk(b"IHDR", struct.pack(">IIBBBBB", 0, 0, 8, 2, 0, 0, 0)) + chunk(b"IEND", b""),
    "png of 3 bits": PNG_START + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 3, 2, 0, 0, 0)) + chunk(b"IEND", b""),
    "png, wrong checksum": good("PNG")[:30] + b"\0" + good("PNG")[31:],
    "png, broken stream": PNG_START
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0))
    + chunk(b"IDAT", b"not zlib")
    + chunk(b"IEND", b""),
    "png, huge chunk": PNG_START + b"\xff\xff\xff\xffIHDR" + bytes(30),
    "png of 16 bits, cut": png16(np.zeros((40, 40, 3), np.uint16))[:60],
    "tiff of 16 bits, cut": tiff16(np.zeros((40, 40, 3), np.uint16), "<", False)[:8] + bytes(30),
    "jpeg start": b"\xff\xd8",
    "jpeg, no scan": b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xd9",
    "jpeg, bad marker": b"\xff\xd8\xff\xff\xff\xff" + bytes(40),
    "gif header": b"GIF89a",
    "gif without frame": b"GIF89a\4\0\4\0\0\0\0;",
    "bmp header": b"BM" + bytes(52),
    "bmp of negative size": b"BM" + struct.pack("<IHHIIiiHHIIIIII", 60, 0, 0, 54, 40, -4, -4, 1, 24, 0, 0, 0, 0, 0, 0),
    "tiff header": b"II*\0",
    "tiff pointing nowhere": b"II*\0\xff\xff\xff\x7f",
    "tiff pointing at itself": b"II*\0\x08\0\0\0\0\0\x08\0\0\0",
    "tiff without tags": b"MM\0*\0\0\0\x08\0\0\0\0\0\0",
    "webp header": b"RIFF\xff\xff\xff\xffWEBPVP8 ",
    "webp of nonsense": b"RIFF\x24\0\0\0WEBPVP8L" + bytes(28),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed(tmp_path, case):
    path = tmp_path / "a.png"
    path.write_bytes(MALFORMED[case])
    for source in (path, MALFORMED[case]):
        with pytest.raises(ImageError, match=r"Convert it|Check that the file|Give an image|Make it smaller") as caught:
            decoding.read(source)
        assert str(caught.value).startswith(str(path) if source is path else "The image")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
@pytest.mark.parametrize("share", [0.001, 0.01, 0.1, 0.3, 0.5, 0.8, 0.95])
def test_truncated(kind, share):
    data = good(kind)
    with pytest.raises(ImageError):
        decoding.read(data[: int(len(data) * share)])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
def test_damage_anywhere_gives_a_image_or_an_image_error(kind, rng):
    data = encoded(Image.fromarray(noise(rng, 6, 6, 3)), kind)
    for _ in range(60):
        broken = np.frombuffer(data, np.uint8).copy()
        broken[rng.integers(0, min(len(broken), 400), 3)] = rng.integers(0, 256, 3)
        try:
            picture = decoding.read(broken.tobytes(), max_pixels=100_000)
        except ImageError:
            continue
        assert picture.rgb.ndim == 3 and picture.rgb.shape[2] == 3


def test_missing_file():
    with pytest.raises(ImageError, match=r"^No file nowhere/a\.png\. Check the path\.$"):
        decoding.read("nowhere/a.png")


def test_folder(tmp_path):
    with pytest.raises(ImageError, match="is a folder"):
        decoding.read(tmp_path)


@pytest.mark.parametrize("path", ["", "a\0b.png", "x" * 5000 + ".png"])
def test_impossible_path(path):
    with pytest.raises(ImageError):
        decoding.read(path)


@pytest.mark.parametrize("source", [None, 7, [], object(), np.zeros(3)])
def test_no_source_at_all(source):
    with pytest.raises(ImageError, match=r"is not an image\. Give a path"):
        decoding.read(source)


def test_file_opened_as_text():
    with pytest.raises(ImageError, match="opened as text"):
        decoding.read(io.StringIO("x"))


def test_closed_file():
    file = io.BytesIO(b"x")
    file.close()
    with pytest.raises(ImageError, match="closed file"):
        decoding.read(file)


def test_no_permission(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    (tmp_path / "a.png").write_bytes(good("PNG"))
    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(ImageError, match=r"a\.png cannot be read: Permission denied"):
        decoding.read(tmp_path / "a.png")


def test_not_enough_memory(monkeypatch):
    def exhaust(*_):
        raise MemoryError

    image = Image.new("RGB", (2, 2))
    monkeypatch.setattr(image, "convert", exhaust)
    with pytest.raises(ImageError, match="does not fit in memory"):
        decoding.read(image)


def test_image_without_pixels():
    with pytest.raises(ImageError, match="no pixels"):
        decoding.read(Image.new("RGB", (0, 5)))


# ---- to tensors ------------------------------------------------------------------------------------------------------


def test_import_needs_no_torch():
    modules = "ganzoo.image_io.tensors, ganzoo.image_io.resizing, ganzoo.image_io.grids"
    code = f"import sys, {modules}; sys.exit('torch' in sys.modules)"
    path = os.pathsep.join([str(Path(decoding.__file__).parents[2]), *filter(None, sys.path)])
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, check=True)


def test_shape_type_and_range(rng):
    tensor = tensors.to_tensor(Image.fromarray(noise(rng, 5, 7, 3)))
    assert tensor.shape == (1, 3, 5, 7) and tensor.dtype == torch.float32 and tensor.is_contiguous()
    assert tensor.min() >= -1 and tensor.max() <= 1


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([[0, 51, 255]], np.uint8), [-1, -0.6, 1]),
        (np.array([[0, 13107, 65535]], np.uint16), [-1, -0.6, 1]),
        (np.array([[0, 13107, 65535]], ">u2"), [-1, -0.6, 1]),
        (np.array([[0, 0.2, 1]], np.float64), [-1, -0.6, 1]),
        (np.array([[0, 0.25, 1]], np.float16), [-1, -0.5, 1]),
    ],
)
def test_array_values(array, expected):
    for channels in (1, 3):
        tensor = tensors.to_tensor(array, channels)
        assert tensor.shape == (1, channels, 1, 3)
        assert torch.allclose(tensor, torch.tensor(expected, dtype=torch.float32).expand_as(tensor), atol=1e-6)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_array_layout(rng, channels):
    array = noise(rng, 5, 7, channels)
    tensor = tensors.to_tensor(array)
    assert tensor.shape == (1, 3, 5, 7)
    assert tensor[0, 0, 2, 6] == array[2, 6, 0] / np.float32(127.5) - 1


def test_array_is_copied(rng):
    array = rng.random((4, 4, 3), np.float32)
    before = array.copy()
    tensors.to_tensor(array).zero_()
    assert np.array_equal(array, before)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([[-0.5, 0.5]]), r"from -0\.5 to 0\.5.*\[0, 1\].*x / 2 \+ 0\.5"),
        (np.array([[0, 200.0]]), r"from 0 to 200.*uint8"),
        (np.array([[np.nan, 0.5]]), "nan"),
        (np.zeros((3, 8, 8)), r"transpose\(1, 2, 0\)"),
        (np.zeros((8, 8, 2)), "is not an image"),
        (np.zeros((1, 8, 8, 3)), "is not an image"),
        (np.zeros((0, 8, 3)), "is not an image"),
        (np.zeros(8), "is not an image"),
        (np.zeros((8, 8), np.int64), "array of int64"),
        (np.zeros((8, 8), bool), "array of bool"),
        (np.zeros((8, 8), complex), "array of complex128"),
        (np.zeros((8, 8), object), "array of object"),
    ],
)
def test_wrong_array(array, message):
    with pytest.raises(ImageError, match=message):
        tensors.to_tensor(array)


def test_luma_as_pillow(rng):
    image = Image.fromarray(noise(rng, 16, 16, 3))
    tensor = tensors.to_tensor(image, channels=1)
    assert tensor.shape == (1, 1, 16, 16)
    levels = (tensor[0, 0].numpy() + 1) * 127.5
    assert np.abs(levels - np.asarray(image.convert("L"))).max() <= 0.51
    assert tensors.to_tensor(Image.new("RGB", (1, 1), WHITE), channels=1).item() == 1


def test_gray_source_keeps_its_values(rng):
    array = noise(rng, 8, 8)
    assert np.array_equal(tensors.to_array(tensors.to_tensor(Image.fromarray(array), channels=1)), array)
    repeated = tensors.to_array(tensors.to_tensor(Image.fromarray(array)))
    assert np.array_equal(repeated, np.dstack([array] * 3))


def test_image_and_path_agree(tmp_path, rng):
    Image.fromarray(noise(rng, 4, 5, 4)).save(tmp_path / "a.png")
    assert torch.equal(tensors.to_tensor(decoding.read(tmp_path / "a.png")), tensors.to_tensor(tmp_path / "a.png"))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_tensor_passes(dtype):
    tensor = (torch.rand(2, 3, 4, 5) * 2 - 1).to(dtype)
    assert torch.equal(tensors.to_tensor(tensor), tensor.float())
    assert torch.equal(tensors.to_tensor(tensor[0]), tensor[:1].float())
    assert tensors.to_tensor(tensor, channels=1).shape == (2, 1, 4, 5)
    assert tensors.to_tensor(tensor[:, :1]).shape == (2, 3, 4, 5)


def test_tensor_keeps_its_gradient():
    tensor = torch.zeros(1, 3, 2, 2, requires_grad=True)
    tensors.to_tensor(tensor, channels=1).sum().backward()
    assert tensor.grad[0, :, 0, 0].tolist() == pytest.approx([0.299, 0.587, 0.114])


def test_uint8_tensor_is_scaled(rng):
    array = noise(rng, 5, 7, 3)
    tensor = torch.from_numpy(array).permute(2, 0, 1)
    assert torch.equal(tensors.to_tensor(tensor), tensors.to_tensor(array))
    assert torch.equal(tensors.to_tensor(tensor[None]), tensors.to_tensor(array))


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (torch.full((3, 2, 2), 200.0), r"from 200 to 200.*\[-1, 1\]"),
        (torch.full((3, 2, 2), -1.01), r"from -1\.01"),
        (torch.full((3, 2, 2), float("nan")), "nan"),
        (torch.full((3, 2, 2), float("inf")), "inf"),
        (torch.zeros(2, 2), "is not an image"),
        (torch.zeros(2, 2, 3), r"permute\(2, 0, 1\)"),
        (torch.zeros(1, 4, 2, 2), "is not an image"),
        (torch.zeros(0, 3, 2, 2), "is not an image"),
        (torch.zeros(3, 2, 2, dtype=torch.int64), "int64"),
        (torch.zeros(3, 2, 2, dtype=torch.bool), "bool"),
        (torch.zeros(3, 2, 2, dtype=torch.complex64), "complex64"),
    ],
)
def test_wrong_tensor(tensor, message):
    with pytest.raises(ImageError, match=message):
        tensors.to_tensor(tensor)


def test_tensor_may_miss_the_range_by_rounding():
    assert tensors.to_tensor(torch.full((3, 2, 2), 1.0009)).max() > 1


@pytest.mark.parametrize("channels", [0, 2, 4])
def test_wrong_number_of_channels(channels):
    with pytest.raises(ImageError, match="Ask for 3"):
        tensors.to_tensor(np.zeros((2, 2), np.uint8), channels)


# ---- from tensors ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "bits"), [(np.uint8, 8), (np.uint16, 16)])
def test_round_trip_of_every_value(dtype, bits):
    array = np.arange(2**bits, dtype=dtype).reshape(16, -1)
    result = tensors.to_array(tensors.to_tensor(array, channels=1), bits)
    assert result.dtype == dtype
    assert np.array_equal(result, array)


def test_values_are_rounded_and_clamped():
    levels = torch.tensor([-3.0, 0.0, 0.49, 0.51, 254.4, 254.6, 255.0, 300.0])
    array = tensors.to_array((levels / 127.5 - 1).view(1, 1, 8))
    assert array.tolist() == [[0, 0, 0, 1, 254, 255, 255, 255]]


def test_array_shapes():
    assert tensors.to_array(torch.zeros(3, 4, 5)).shape == (4, 5, 3)
    assert tensors.to_array(torch.zeros(1, 3, 4, 5)).shape == (4, 5, 3)
    assert tensors.to_array(torch.zeros(1, 4, 5)).shape == (4, 5)
    assert tensors.to_array(torch.zeros(1, 1, 4, 5)).shape == (4, 5)
    assert tensors.to_array(torch.zeros(3, 1, 1).bfloat16().requires_grad_()).tolist() == [[[128, 128, 128]]]


@pytest.mark.parametrize(("value", "message"), [(float("nan"), "produced NaN"), (float("inf"), "infinite values")])
def test_broken_output(value, message):
    tensor = torch.zeros(3, 4, 4)
    tensor[1, 2, 3] = value
    with pytest.raises(ImageError, match=message):
        tensors.to_array(tensor)


@pytest.mark.parametrize(
    "tensor",
    [torch.zeros(2, 3, 4, 4), torch.zeros(4, 4), torch.zeros(2, 4, 4), torch.zeros(3, 4, 4, dtype=torch.uint8)],
)
def test_no_single_image(tensor):
    with pytest.raises(ImageError, match="not a single image"):
        tensors.to_array(tensor)


def test_wrong_bits():
    with pytest.raises(ImageError, match="8 or 16"):
        tensors.to_array(torch.zeros(3, 1, 1), bits=12)


def test_to_pil():
    red = torch.tensor([1.0, -1.0, -1.0]).view(3, 1, 1).expand(3, 4, 5)
    image = tensors.to_pil(red)
    assert image.mode == "RGB" and image.size == (5, 4) and image.getpixel((0, 0)) == RED
    assert tensors.to_pil(red[:1]).mode == "L"
    assert [pil.getpixel((0, 0)) for pil in tensors.to_pils(torch.stack([red, -red]))] == [RED, (0, 255, 255)]


# ---- sizes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_resize_keeps_type_and_range(dtype):
    edge = torch.ones(2, 3, 8, 8)
    edge[..., 4:] = -1
    resized = resizing.resize(edge.to(dtype), 19, 5)
    assert resized.shape == (2, 3, 19, 5) and resized.dtype == dtype
    assert resized.min() >= -1 and resized.max() <= 1


def test_resize_is_antialiased():
    stripes = torch.ones(1, 1, 8, 64)
    stripes[..., ::2] = -1
    assert resizing.resize(stripes, 8, 9)[..., 1:-1].abs().max() < 0.1


def test_resize_agrees_with_pillow(rng):
    image = Image.fromarray(noise(rng, 32, 40, 3))
    ours = tensors.to_array(resizing.resize(tensors.to_tensor(image), 13, 17)).astype(int)
    pillow = np.asarray(image.resize((17, 13), Image.Resampling.BICUBIC))
    assert np.abs(ours - pillow).max() <= 1


def test_resize_to_the_same_size():
    tensor = torch.rand(1, 3, 5, 6)
    assert torch.equal(resizing.resize(tensor, 5, 6), tensor)


@pytest.mark.parametrize("size", [(0, 5), (5, -1)])
def test_resize_to_nothing(size):
    with pytest.raises(ImageError, match="no pixels"):
        resizing.resize(torch.zeros(1, 3, 5, 6), *size)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 3), (8, 8), (9, 15), (17, 4)])
@pytest.mark.parametrize("multiple", [1, 4, 8, 32])
def test_pad_and_crop(size, multiple):
    tensor = torch.rand(2, 3, *size)
    sides = tuple(-(-side // multiple) * multiple for side in size)
    padded = resizing.pad(tensor, *sides)
    assert padded.shape == (2, 3, *sides)
    assert torch.equal(resizing.crop(padded, *size), tensor)


def test_pad_reflects():
    row = torch.tensor([1.0, 2.0, 3.0]).view(1, 1, 1, 3)
    padded = resizing.pad(row, 1, 8)
    assert padded[0, 0, 0].tolist() == [1, 2, 3, 2, 1, 2, 3, 2]
    large = torch.rand(1, 3, 13, 14)
    expected = torch.nn.functional.pad(large, (0, 2, 0, 3), mode="reflect")
    assert torch.equal(resizing.pad(large, 16, 16), expected)


def test_pad_to_less():
    with pytest.raises(ImageError, match="2 or more"):
        resizing.pad(torch.zeros(1, 3, 2, 2), 2, 1)


# ---- PIL images ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "value", "expected"), [(np.uint8, 77, 77), (np.uint16, 65535, 255), (np.uint16, 19789, 77)]
)
@pytest.mark.parametrize("size", [(4, 6), (2, 3)])
def test_with_alpha(dtype, value, expected, size):
    result = pil_images.with_alpha(Image.new("RGB", (6, 4), RED), np.full(size, value, dtype))
    assert result.mode == "RGBA" and result.size == (6, 4)
    assert result.getpixel((5, 3)) == (*RED, expected)


@pytest.mark.parametrize("alpha", [np.zeros((2, 2)), np.zeros((2, 2, 1), np.uint8), np.zeros((2, 2), np.int32)])
def test_with_wrong_alpha(alpha):
    with pytest.raises(ImageError, match="not an alpha channel"):
        pil_images.with_alpha(Image.new("RGB", (2, 2)), alpha)


@pytest.mark.parametrize(
    ("count", "columns", "size"),
    [(1, None, (9, 8)), (4, None, (16, 14)), (5, None, (23, 14)), (5, 5, (37, 8)), (2, 8, (16, 8))],
)
def test_grid_size(count, columns, size):
    assert grids.grid([Image.new("L", (5, 4))] * count, columns).size == size


def test_grid_places_row_by_row():
    sheet = grids.grid([Image.new("RGB", (3, 3), color) for color in (RED, GREEN, BLUE)], padding=1)
    assert sheet.mode == "RGB" and sheet.size == (9, 9)
    assert [sheet.getpixel(at) for at in ((2, 2), (6, 2), (2, 6), (6, 6), (0, 0))] == [
        RED,
        GREEN,
        BLUE,
        (64, 64, 64),
        (64, 64, 64),
    ]


def test_grid_modes():
    gray, color, clear = Image.new("L", (2, 2), 9), Image.new("RGB", (2, 2), RED), Image.new("RGBA", (2, 2))
    assert grids.grid([gray, gray]).mode == "L"
    sheet = grids.grid([gray, color, clear], columns=3, padding=0)
    assert [sheet.getpixel((x, 0)) for x in (0, 2, 4)] == [(9, 9, 9), RED, (64, 64, 64)]


@pytest.mark.parametrize(
    ("pictures", "options"),
    [
        ([], {}),
        ([Image.new("L", (2, 2)), Image.new("L", (2, 3))], {}),
        ([Image.new("L", (2, 2))], {"columns": 0}),
        ([Image.new("L", (2, 2))], {"padding": -1}),
    ],
)
def test_wrong_grid(pictures, options):
    with pytest.raises(ImageError):
        grids.grid(pictures, **options)


# ---- saving ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [*image_paths.SUFFIXES, ".PNG", ".Jpg"])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "1"])
def test_saved_is_readable(tmp_path, suffix, mode):
    path = tmp_path / "deep" / f"a{suffix}"
    encoding.save(Image.new("RGB", (6, 4), RED).convert(mode), path)
    assert decoding.read(path).rgb.shape == (4, 6, 3)
    assert [other.name for other in path.parent.iterdir()] == [path.name]


def kind_of(path):
    with Image.open(path) as image:
        return image.format


def test_saved_kind(tmp_path):
    kinds = {
        ".png": "PNG",
        ".jpg": "JPEG",
        ".jpeg": "JPEG",
        ".webp": "WEBP",
        ".bmp": "BMP",
        ".gif": "GIF",
        ".tif": "TIFF",
    }
    for suffix, kind in kinds.items():
        encoding.save(Image.new("RGB", (2, 2)), str(tmp_path / f"a{suffix}"))
        assert kind_of(tmp_path / f"a{suffix}") == kind
    encoding.save(Image.new("RGB", (2, 2)), tmp_path / "plain", format="png")
    assert kind_of(tmp_path / "plain") == "PNG"


def test_save_to_a_file():
    for name in ("png", "PNG", ".png"):
        buffer = io.BytesIO()
        encoding.save(Image.new("RGB", (2, 2), RED), buffer, name)
        assert decoding.read(buffer.getvalue()).rgb[0, 0].tolist() == list(RED)


def test_save_to_a_stream_without_seek():
    end, start = os.pipe()
    with open(start, "wb") as sink:
        encoding.save(Image.new("RGB", (2, 2), RED), sink, "tiff")
    with open(end, "rb") as pipe:
        assert decoding.read(pipe).rgb[0, 0].tolist() == list(RED)


@pytest.mark.parametrize("name", ["a.jpg", "a.bmp"])
def test_alpha_goes_on_white(tmp_path, name):
    half = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    encoding.save(half, tmp_path / name)
    picture = decoding.read(tmp_path / name)
    assert picture.alpha is None and (picture.rgb >= 254).all()


def test_jpeg_quality(tmp_path, rng):
    image = Image.fromarray(noise(rng, 16, 16, 3))
    encoding.save(image, tmp_path / "a.jpg")
    assert (tmp_path / "a.jpg").read_bytes() == encoded(image, "JPEG", quality=95)


@pytest.mark.parametrize("name", ["a.xyz", "a", "a.", ".png", "a.pdf", "a.eps"])
def test_unknown_suffix(tmp_path, name):
    with pytest.raises(OutputError, match=r"\.png \.jpg \.jpeg"):
        encoding.save(Image.new("L", (1, 1)), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_file_without_format():
    with pytest.raises(OutputError, match="does not name an image format"):
        encoding.save(Image.new("L", (1, 1)), io.BytesIO())


@pytest.mark.parametrize(("mode", "name"), [("F", "a.png"), ("HSV", "a.png"), ("I;16", "a.jpg")])
def test_mode_that_the_format_does_not_hold(tmp_path, mode, name):
    with pytest.raises(OutputError, match=f"Cannot write .*{name} as"):
        encoding.save(Image.new(mode, (2, 2)), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    encoding.save(Image.new("RGB", (2, 2), RED), path)

    def fill(self, data):
        with open(self, "wb") as file:
            file.write(data[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fill)
    with pytest.raises(OutputError, match=r"a\.png: No space left on device"):
        encoding.save(Image.new("RGB", (2, 2), BLUE), path)
    monkeypatch.undo()
    assert decoding.read(path).rgb[0, 0].tolist() == list(RED)
    assert [other.name for other in tmp_path.iterdir()] == ["a.png"]


def test_save_below_a_file(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="Cannot write"):
        encoding.save(Image.new("L", (1, 1)), tmp_path / "file" / "a.png")


@pytest.mark.parametrize("broken", ["closed", "text", "read only"])
def test_save_to_a_file_that_takes_no_bytes(broken, tmp_path):
    (tmp_path / "a").write_bytes(b"")
    with open(tmp_path / "a", "rb") as reader:
        file = {"closed": io.BytesIO(), "text": io.StringIO(), "read only": reader}[broken]
        if broken == "closed":
            file.close()
        with pytest.raises(OutputError, match="'wb'"):
            encoding.save(Image.new("L", (1, 1)), file, "png")


# ---- finding ---------------------------------------------------------------------------------------------------------


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def test_is_image_path():
    assert all(image_paths.is_image_path(f"a{suffix}") for suffix in image_paths.SUFFIXES)
    assert image_paths.is_image_path(Path("deep/A.JPEG"))
    assert not any(image_paths.is_image_path(name) for name in ("a", "a.txt", ".png", "a.png.txt", "png"))


def test_find(tmp_path):
    touch(tmp_path, "b.PNG", "a.jpg", "notes.txt", "sub/c.webp", "sub/deep/d.gif", ".hidden.png", "._a.jpg")
    touch(tmp_path, ".git/e.png", "__MACOSX/f.png", "sub/__MACOSX/g.png", "folder.png/h.tif")
    found = [path.relative_to(tmp_path).as_posix() for path in image_paths.find(tmp_path)]
    assert found == ["a.jpg", "b.PNG", "folder.png/h.tif", "sub/c.webp", "sub/deep/d.gif"]
    assert [path.name for path in image_paths.find(str(tmp_path), recursive=False)] == ["a.jpg", "b.PNG"]


def test_find_in_a_hidden_folder_that_was_asked_for(tmp_path):
    touch(tmp_path, ".cache/a.png")
    assert [path.name for path in image_paths.find(tmp_path / ".cache")] == ["a.png"]


def test_find_follows_links_but_not_for_ever(tmp_path):
    touch(tmp_path, "real/a.png", "data/own.png")
    (tmp_path / "data" / "linked").symlink_to(tmp_path / "real", target_is_directory=True)
    (tmp_path / "data" / "loop").symlink_to(tmp_path / "data", target_is_directory=True)
    (tmp_path / "real" / "up").symlink_to(tmp_path / "real", target_is_directory=True)
    assert [path.name for path in image_paths.find(tmp_path / "data")] == ["a.png", "own.png"]


def test_find_nothing(tmp_path):
    assert image_paths.find(tmp_path) == []


def test_find_without_folder(tmp_path):
    touch(tmp_path, "a.png")
    with pytest.raises(ImageError, match="does not exist"):
        image_paths.find(tmp_path / "nowhere")
    with pytest.raises(ImageError, match="is a file"):
        image_paths.find(tmp_path / "a.png")


def test_find_in_a_folder_that_cannot_be_listed(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(ImageError, match="cannot be listed: Permission denied"):
        image_paths.find(tmp_path)
