"""Pictures -> files, those of `picturefiles.deepfiles` too: bits, alpha, gray, metadata, and memory."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import raw_files as raw
import tifffile
from needs import needs
from odd_files import array, encoded, noise, photo
from PIL import Image

from ganzoo.errors import OutputError
from ganzoo.image_io import encoding
from ganzoo.image_io.decoding import Array, DecodedImage, read
from ganzoo.image_io.encoding import save_decoded

EXIF = raw.exif((271, 2, b"maker\0"), (305, 2, b"program\0"))
KINDS = ("png", "jpg", "webp", "tif", "bmp", "gif")


def picture(
    bits: int = 8, gray: bool = False, alpha: bool = False, icc: bytes = b"", exif: bytes = b""
) -> DecodedImage:
    """Noise of 13x9 pixels."""
    colors = noise(9, 13, 1 if gray else 3, top=1 << bits)
    transparent = noise(9, 13, top=1 << bits) if alpha else None
    return DecodedImage(colors.repeat(3, axis=2) if gray else colors, transparent, gray, "noise", icc=icc, exif=exif)


def saved(given: DecodedImage, kind: str, **options: bool) -> bytes:
    file = io.BytesIO()
    save_decoded(given, file, kind, **options)
    return file.getvalue()


def channels(given: DecodedImage, as_gray: bool = False) -> Array:
    colors = given.rgb[..., :1] if as_gray else given.rgb
    return np.squeeze(colors if given.alpha is None else np.dstack([colors, given.alpha]))


# ---- pixels ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["png", "tif"])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("gray", [False, True])
@pytest.mark.parametrize("alpha", [False, True])
def test_png_and_tiff_keep_every_bit(kind: str, bits: int, gray: bool, alpha: bool) -> None:
    given = picture(bits, gray, alpha)
    found = read(saved(given, kind))
    assert found.rgb.dtype == given.rgb.dtype and np.array_equal(found.rgb, given.rgb)
    assert (found.alpha is None) if given.alpha is None else np.array_equal(found.alpha, given.alpha)
    as_colors = (kind, bits, gray, alpha) == ("tif", 16, True, True)  # Pillow opens no such TIFF
    assert found.gray == (gray and not as_colors)


@pytest.mark.parametrize("kind", ["png", "tif"])
@pytest.mark.parametrize("gray", [False, True])
@pytest.mark.parametrize("alpha", [False, True])
def test_files_of_16_bits_are_read_by_others(tmp_path: Path, kind: str, gray: bool, alpha: bool) -> None:
    import skimage.io

    given = picture(16, gray, alpha)
    save_decoded(given, tmp_path / f"a.{kind}")
    with Image.open(tmp_path / f"a.{kind}") as image:
        image.load()
        assert image.size == (13, 9)
        if image.mode != "I;16":  # Pillow's own high bytes
            shown = np.asarray(image.convert("RGBA" if alpha else "RGB"))
            assert np.array_equal(shown, channels(given) >> 8)
    if kind == "tif":
        expected = channels(given, gray and not alpha)
        assert np.array_equal(tifffile.imread(tmp_path / "a.tif"), expected)
        assert np.array_equal(skimage.io.imread(tmp_path / "a.tif"), expected)
    else:
        shown = skimage.io.imread(tmp_path / "a.png")
        deep = shown.dtype == np.uint16
        assert np.array_equal(shown[..., :3] if shown.ndim == 3 else shown, _seen(given, deep)[..., : shown.shape[-1]])


def _seen(given: DecodedImage, deep: bool) -> Array:
    levels = given.rgb if deep else (given.rgb >> 8).astype(np.uint8)
    return levels[..., 0] if deep and given.gray else levels


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (700, 300)])
@pytest.mark.parametrize("kind", ["png", "tif"])
def test_16_bits_of_any_size(size: tuple[int, int], kind: str) -> None:
    rgb = noise(*size, 3, top=65536)
    assert np.array_equal(read(saved(DecodedImage(rgb, None, False, "noise"), kind)).rgb, rgb)


def test_16_bits_are_rounded_for_other_kinds() -> None:
    levels = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    found = read(saved(DecodedImage(levels[..., None].repeat(3, 2), levels, True, "levels"), "webp")).alpha
    assert np.array_equal(found, (levels.astype(int) + 128) // 257)


@pytest.mark.parametrize("kind", ["jpg", "bmp", "png", "tif"])
@pytest.mark.parametrize("alpha", [False, True])
def test_gray_is_written_as_gray(kind: str, alpha: bool) -> None:
    assert Image.open(io.BytesIO(saved(picture(gray=True, alpha=alpha), kind))).mode in ("L", "LA")


@pytest.mark.parametrize("kind", KINDS)
def test_alpha_is_kept_where_it_can_be(kind: str) -> None:
    half = photo()
    half.putalpha(Image.new("L", half.size))
    half.paste(photo(), (0, 0))
    half.paste(0, (0, 0, 30, 44))
    given = DecodedImage(array(half)[..., :3], array(half)[..., 3], False, "half")
    found = read(saved(given, kind))
    if kind in ("jpg", "bmp"):
        assert found.alpha is None and found.rgb[20, 5].min() >= 250
    else:
        assert np.array_equal(found.alpha, given.alpha)


def test_8_bits_are_written_as_save_does() -> None:
    given = read(encoded(photo(), "PNG"))
    for kind in ("jpg", "webp", "bmp", "gif"):
        file = io.BytesIO()
        encoding.save(photo(), file, kind)
        assert saved(given, kind) == file.getvalue()


# ---- metadata --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bits", [8, 16])
def test_metadata_on_request(kind: str, bits: int) -> None:
    given = picture(bits, icc=raw.rgb_profile(), exif=EXIF)
    found = read(saved(given, kind, keep_metadata=True))
    holds = kind not in ("bmp", "gif")
    assert (found.icc, found.exif) == ((given.icc, given.exif) if holds else (b"", b""))
    plain = saved(given, kind)
    assert (read(plain).icc, read(plain).exif) == (given.icc if holds else b"", b"")
    assert read(saved(picture(bits), kind)).icc == b""


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [8, 16])
def test_exif_becomes_tags_of_a_tiff_in_its_byte_order(order: str, bits: int) -> None:
    child = raw.directory([(36867, 2, b"2026:11:24 03:00:00\0")], order, 44)
    block = raw.exif((271, 2, b"maker\0"), (34665, 4, 44), order=order)
    data = saved(picture(bits, exif=block + child), "tif", keep_metadata=True)
    assert data[:2] == (b"II" if order == "<" else b"MM")
    image = Image.open(io.BytesIO(data))
    assert image.getexif()[271] == "maker"
    assert image.getexif().get_ifd(34665) == {36867: "2026:11:24 03:00:00"}
    assert np.array_equal(tifffile.imread(io.BytesIO(data)), picture(bits).rgb)
    assert np.array_equal(read(data).rgb, picture(bits).rgb)


@pytest.mark.parametrize("kind", ["png", "jpg", "tif"])
def test_profile_goes_with_channels_that_it_describes(kind: str) -> None:
    gray, colors = raw.gray_profile(1.8), raw.rgb_profile()
    found = read(saved(picture(gray=True, icc=gray), kind, keep_metadata=True))
    assert found.gray and found.icc == gray
    found = read(saved(picture(gray=False, icc=gray), kind, keep_metadata=True))
    assert not found.gray and found.icc == b""
    found = read(saved(picture(gray=True, icc=colors), kind, keep_metadata=True))
    assert not found.gray and found.icc == colors


def test_exif_too_long_for_a_jpeg_is_no_silent_loss(tmp_path: Path) -> None:
    long = raw.exif((305, 2, b"x" * 70_000 + b"\0"))
    with pytest.raises(OutputError, match=r"a\.jpg as JPEG: EXIF data is too long"):
        save_decoded(picture(exif=long), tmp_path / "a.jpg", keep_metadata=True)
    assert list(tmp_path.iterdir()) == []
    save_decoded(picture(exif=long), tmp_path / "a.png", keep_metadata=True)
    assert read(tmp_path / "a.png").exif == long


# ---- files -----------------------------------------------------------------------------------------------------------


def test_a_path_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "deep" / "a.png"
    save_decoded(picture(16), path)
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("ganzoo.image_io.writers.png.write", fail)
    with pytest.raises(OutputError, match=r"Cannot write .*a\.png as PNG"):
        save_decoded(picture(16), path)
    assert path.read_bytes() == before and [one.name for one in path.parent.iterdir()] == ["a.png"]


@pytest.mark.parametrize("bits", [8, 16])
def test_wrong_targets(tmp_path: Path, bits: int) -> None:
    with pytest.raises(OutputError, match=r"'\.xyz' is not an image format"):
        save_decoded(picture(bits), tmp_path / "a.xyz")
    with pytest.raises(OutputError, match="'wb'"):
        save_decoded(picture(bits), io.StringIO(), "png")  # type: ignore[arg-type]
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(OutputError, match="it is a folder"):
        save_decoded(picture(bits), tmp_path / "folder.png")


@pytest.mark.parametrize("size", [(17_000, 1), (1, 70_000)])
def test_size_beyond_the_kind(tmp_path: Path, size: tuple[int, int]) -> None:
    name = "a.webp" if size[1] == 1 else "a.jpg"
    with pytest.raises(OutputError, match=f"{name} as .* Choose PNG, or a smaller size"):
        save_decoded(DecodedImage(np.zeros((*size, 3), np.uint8), None, False, "long"), tmp_path / name)


def test_floats_are_refused() -> None:
    with pytest.raises(OutputError, match="float32 cannot be written"):
        save_decoded(DecodedImage(np.zeros((2, 2, 3), np.float32), None, False, "floats"), io.BytesIO(), "png")


MEMORY = """
import io, numpy as np
from ganzoo.image_io import decoding, encoding
def status(name):
    return [int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(name)][0] * 1024
rows = np.arange(2400 * 3600, dtype=np.uint32).reshape(2400, 3600, 1) * np.array([1, 7, 11], np.uint32)
file = io.BytesIO()
encoding.save_decoded(decoding.DecodedImage((rows >> 12).astype(np.uint8), None, False, "x"), file, "{kind}")
del rows
before = status("VmRSS")
open("/proc/self/clear_refs", "w").write("5")
picture = decoding.read(file.getvalue())
encoding.save_decoded(picture, io.BytesIO(), "{kind}")
print((status("VmHWM") - before) / picture.rgb.nbytes)
"""


@needs(os.path.exists("/proc/self/clear_refs"), "only Linux tells and forgets the peak")
@pytest.mark.parametrize("kind", ["png", "tif", "jpg"])
def test_reading_and_writing_take_less_than_four_times_the_array(kind: str) -> None:
    done = subprocess.run([sys.executable, "-c", MEMORY.format(kind=kind)], capture_output=True, text=True, check=True)
    assert 1 < float(done.stdout) < 4
