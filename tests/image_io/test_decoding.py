"""What comes with the pixels: profiles, EXIF, colors as sRGB; limits; and memory."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import raw_files as raw
from odd_files import array, encoded, noise, photo
from PIL import ExifTags, Image, TiffImagePlugin
from raw_files import chunk

from ganzoo.errors import ImageError
from ganzoo.image_io import decoding
from ganzoo.image_io.decoding import read

KINDS = {"PNG": {}, "JPEG": {"quality": 95}, "WEBP": {"lossless": True}, "TIFF": {}}
SWAPPED = raw.rgb_profile(raw.SRGB[::-1])  # its red is blue
CYAN_IS_RED = raw.cmyk_profile({(1, 0, 0, 0): (138, 209, 198)})  # CIE Lab of sRGB red, of 8 bits


def exif_of(exif: bytes) -> dict[int, Any]:
    """Read a block with Pillow: its tags, and those of EXIF and GPS by their addresses' tags."""
    found = Image.Exif()
    found.load(exif)
    return {**dict(found), 34665: found.get_ifd(34665), 34853: found.get_ifd(34853)}


def full_exif() -> bytes:
    exif = Image.Exif()
    exif.update({271: "maker", 274: 6, 305: "program", 282: TiffImagePlugin.IFDRational(300), 513: 99})
    exif.get_ifd(34665).update({33434: TiffImagePlugin.IFDRational(1, 60), 36867: "2026:11:24 03:00:00"})
    exif.get_ifd(34665).update({37500: b"the camera's own", 40962: 4000, 40963: 3000, 37510: b"a comment"})
    exif.get_ifd(34853).update({1: "N", 2: (48.0, 12.0, 30.0)})
    return exif.tobytes()


def test_a_gif_is_read_whose_second_frame_is_damaged() -> None:
    frames = [Image.fromarray(levels).quantize() for levels in (noise(20, 24), noise(20, 24)[::-1])]
    whole = io.BytesIO()
    frames[0].save(whole, "GIF", save_all=True, append_images=frames[1:])
    first = read(whole.getvalue())
    assert first.more
    cuts = range(whole.tell() * 3 // 4, whole.tell() - 1)  # all of them in the second frame
    assert all(np.array_equal(read(whole.getvalue()[:cut]).rgb, first.rgb) for cut in cuts)


# ---- metadata --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_exif_without_what_no_longer_holds(kind: str) -> None:
    picture = read(encoded(photo(), kind, exif=full_exif(), **KINDS[kind]))
    assert picture.turned and picture.rgb.shape == (60, 44, 3)
    found = exif_of(picture.exif)
    assert {tag: found[tag] for tag in (271, 305, 282)} == {271: "maker", 305: "program", 282: 300}
    assert not {274, 513} & set(found)
    assert set(found[34665]) == {33434, 36867, 37510} and found[34665][37510] == b"a comment"
    assert found[34853] == {1: "N", 2: (48.0, 12.0, 30.0)}


@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_is_as_exact_as_it_was(order: str) -> None:
    picture = read(encoded(photo(), "PNG", exif=raw.exif((271, 2, b"maker\0"), (274, 3, 3), order=order)))
    assert picture.exif == raw.exif((271, 2, b"maker\0"), order=order)


def test_thumbnail_is_left_out() -> None:
    block = raw.exif((271, 2, b"maker\0"))
    place = len(block) - 6
    thumbnail = raw.directory([(513, 4, place + 30), (514, 4, 9)], start=place) + b"THUMBNAIL"
    linked = block[: 6 + 22] + struct.pack("<I", place) + block[6 + 26 :] + thumbnail
    assert Image.open(io.BytesIO(encoded(photo(), "PNG", exif=linked))).getexif().get_ifd(ExifTags.IFD.IFD1)
    assert read(encoded(photo(), "PNG", exif=linked)).exif == block


def test_tags_of_a_tiff_are_its_exif() -> None:
    exif = Image.Exif()
    exif.update({271: "maker", 315: "author", 306: "2026:11:24 03:00:00"})
    found = exif_of(read(encoded(photo(), "TIFF", exif=exif)).exif)
    assert (found[271], found[315], found[306]) == ("maker", "author", "2026:11:24 03:00:00")
    assert not {256, 257, 258, 259, 262, 273, 277, 278, 279} & set(found)


def test_exif_of_a_given_image() -> None:
    lazy = Image.open(io.BytesIO(encoded(photo(), "JPEG", exif=full_exif(), icc_profile=SWAPPED)))
    picture = read(lazy)
    assert picture.turned and exif_of(picture.exif)[271] == "maker" and picture.icc == SWAPPED
    odd = photo()
    odd.info.update(icc_profile="none", exif=7)
    assert (read(odd).icc, read(odd).exif) == (b"", b"")


def test_exif_that_imagemagick_wrote_as_text() -> None:
    text = b"\nexif\n      42\n" + raw.exif((271, 2, b"maker\0"), (274, 3, 6)).hex().encode()
    written = raw.png(array(photo()), extra=[chunk(b"tEXt", b"Raw profile type exif\0" + text)])
    picture = read(written)
    assert picture.turned and exif_of(picture.exif)[271] == "maker"


def test_orientation_in_xmp_counts_where_exif_has_none() -> None:
    text = b'<x tiff:Orientation="6"/>'
    plain = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + text)
    assert read(raw.png(array(photo()), extra=[plain])).rgb.shape == (60, 44, 3)
    upright = chunk(b"eXIf", raw.exif((274, 3, 1))[6:])
    assert read(raw.png(array(photo()), extra=[plain, upright])).rgb.shape == (44, 60, 3)


@pytest.mark.parametrize("kind", KINDS)
def test_profile_is_handed_on_and_numbers_stay(kind: str) -> None:
    picture = read(encoded(photo(), kind, icc_profile=SWAPPED, **KINDS[kind]))
    assert picture.icc == SWAPPED
    assert np.array_equal(picture.rgb, read(encoded(photo(), kind, **KINDS[kind])).rgb)
    assert read(encoded(photo(), kind, **KINDS[kind])).icc == b""


def test_profile_in_parts_of_a_jpeg() -> None:
    long = raw.profile(b"RGB ", {b"priv": b"text\0\0\0\0" + noise(150_000).tobytes()})
    data = encoded(photo(), "JPEG", icc_profile=long)
    assert data.count(b"ICC_PROFILE\0") == 3
    assert read(data).icc == long
    assert read(data.replace(b"ICC_PROFILE\0\2", b"ICC_PROFILE\0\1")).icc == b""


def test_profile_of_16_bits_is_kept_with_the_numbers() -> None:
    levels = noise(9, 7, 3, top=65536)
    for data in (
        raw.png(levels, 16, extra=[chunk(b"iCCP", b"a\0\0" + zlib.compress(SWAPPED))]),
        raw.tiff([levels.astype("<u2").tobytes()], 7, 9, {258: (258, 3, [16] * 3), 34675: (34675, 7, SWAPPED)}),
    ):
        for srgb in (False, True):
            picture = read(data, srgb=srgb)
            assert picture.icc == SWAPPED and np.array_equal(picture.rgb, levels)


# ---- colors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_srgb_converts(kind: str) -> None:
    picture = read(encoded(photo(), kind, icc_profile=SWAPPED, **KINDS[kind]), srgb=True)
    assert picture.icc == b""
    assert np.abs(picture.rgb[..., ::-1].astype(int) - array(photo())).max() <= 10  # the curves differ a little


def test_srgb_converts_a_given_image_in_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    image = photo()
    image.info["icc_profile"] = SWAPPED
    whole = read(image, srgb=True).rgb
    monkeypatch.setattr("ganzoo.image_io.readers.pixels.BAND", 200)
    assert np.array_equal(read(image, srgb=True).rgb, whole)
    assert np.array_equal(read(image).rgb, array(image))


def test_srgb_keeps_alpha_and_the_transparent_color() -> None:
    image = photo()
    image.putalpha(photo(mode="L"))
    picture = read(encoded(image, "PNG", icc_profile=SWAPPED), srgb=True)
    assert np.array_equal(picture.alpha, array(photo(mode="L"))[..., 0])
    levels = array(photo())
    key = chunk(b"tRNS", struct.pack(">3H", *levels[5, 5].tolist()))
    profile = chunk(b"iCCP", b"a\0\0" + zlib.compress(SWAPPED))
    for srgb in (False, True):
        alpha = read(raw.png(levels, extra=[profile, key]), srgb=srgb).alpha
        assert alpha is not None and np.array_equal(alpha == 0, (levels == levels[5, 5]).all(2))


@pytest.mark.parametrize("gamma", [1.0, 1.8, 3.0])
def test_srgb_converts_gray(gamma: float) -> None:
    data = encoded(photo(mode="L"), "PNG", icc_profile=raw.gray_profile(gamma))
    stored, made = read(data), read(data, srgb=True)
    assert stored.gray and made.gray and stored.icc and not made.icc
    light = (stored.rgb / 255) ** gamma
    expected = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055) * 255
    assert np.abs(made.rgb - expected).max() < 1


def test_gray_image_with_a_profile_of_colors() -> None:
    data = encoded(photo(mode="L"), "JPEG", icc_profile=raw.rgb_profile(gamma=1.0))
    assert read(data).gray and read(data).icc
    made = read(data, srgb=True)
    assert made.gray and made.rgb.mean() > read(data).rgb.mean() + 20


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_goes_through_its_profile_only_for_srgb(kind: str) -> None:
    data = encoded(Image.new("CMYK", (16, 16), (255, 0, 0, 0)), kind, icc_profile=CYAN_IS_RED)
    stored, made = read(data), read(data, srgb=True)
    assert stored.icc == made.icc == b""
    assert np.abs(stored.rgb[0, 0].astype(int) - (0, 255, 255)).max() <= 3
    assert np.abs(made.rgb[0, 0].astype(int) - (255, 0, 0)).max() <= 4


def test_srgb_itself_changes_nothing() -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encoded(photo(), "PNG", icc_profile=profile)
    assert np.array_equal(read(data, srgb=True).rgb, array(photo()))
    assert read(data).icc == profile and read(data, srgb=True).icc == b""


@pytest.mark.parametrize(
    "profile", [b"rubbish" * 50, SWAPPED[:300], CYAN_IS_RED, raw.gray_profile(3.0), SWAPPED.replace(b"TRC", b"XXX")]
)
def test_profile_that_is_damaged_or_of_other_colors_counts_as_none(profile: bytes) -> None:
    data = encoded(photo(), "PNG", icc_profile=profile)
    assert np.array_equal(read(data, srgb=True).rgb, array(photo()))
    assert read(data).icc in (b"", profile)
    assert np.array_equal(read(data).rgb, array(photo()))


# ---- limits and what is printed --------------------------------------------------------------------------------------


def test_limit_says_how_to_raise_it() -> None:
    with pytest.raises(
        ImageError, match=r"60x44 pixels.* limit of 99.*--max-pixels 2640, or max_pixels=2640 in Python"
    ):
        read(encoded(photo(), "PNG"), max_pixels=99)


def test_limit_can_be_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "MAX_PIXELS", 99)
    assert read(encoded(photo(), "PNG"), max_pixels=2640).rgb.shape == (44, 60, 3)


def test_libtiff_prints_nothing_while_we_read(capfd: pytest.CaptureFixture[str]) -> None:
    data = raw.tiff([b"\xff" * 400], 20, 12, {259: (259, 3, 5)})
    with pytest.raises(ImageError, match="its pixels are damaged"):
        read(data)
    assert capfd.readouterr().err == ""
    with pytest.raises(OSError, match="-2"):
        Image.open(io.BytesIO(data)).load()
    assert capfd.readouterr().err != ""


def test_name_that_would_break_the_line(tmp_path: Path) -> None:
    (tmp_path / "a\nb.png").write_bytes(b"rubbish")
    with pytest.raises(ImageError, match=r"a\\nb\.png is not a supported image file"):
        read(tmp_path / "a\nb.png")


def test_reason_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError("two\n lines. ")

    monkeypatch.setattr("ganzoo.image_io.readers.detection.read", fail)
    with pytest.raises(ImageError, match=r"^The image cannot be read: two lines\. Check"):
        read(b"x")
