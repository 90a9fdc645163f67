"""Files of any channels: recognized by content, read in windows, written back the same."""

from __future__ import annotations

import os

import numpy as np
import pytest
import tifffile
from PIL import Image

from ganzoo import Channel, Raster, catalog
from ganzoo.contracts.writer import OutputSpec
from ganzoo.errors import ImageError, OptionError, OutputError
from ganzoo.image_io import raster_files
from ganzoo.image_io.raster_files import open_frames
from ganzoo.testing import check_entry

SIZE = (37, 53)


def numbers(count=3, dtype="uint16", size=SIZE):
    values = (np.random.default_rng(0).standard_normal((count, *size)) * 100).astype(dtype)
    if values.dtype.kind == "f":
        values[:, 3:5, 7:9] = np.nan
    return values


def write(path, array, **options):
    tifffile.imwrite(path, array, **options)
    return path


@pytest.mark.parametrize("entry", [*catalog.entries("reader"), *catalog.entries("writer")], ids=lambda one: one.spec)
def test_every_reader_and_writer_keeps_its_contract(entry):
    check_entry(entry)


@pytest.mark.parametrize("suffix", [".tif", ".ome.tif", ".npy", ".npz"])
@pytest.mark.parametrize("count", [1, 3, 16])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "uint32", "float16", "float32", "float64"])
def test_what_is_saved_comes_back_the_same(dtype, count, suffix, tmp_path):
    values = numbers(count, dtype)
    channels = [Channel(f"B{number}", "K") for number in range(count)]
    path = tmp_path / f"image{suffix}"
    if (dtype, suffix) == ("float16", ".ome.tif"):
        with pytest.raises(OutputError, match=r"OME-TIFF has no float16. Write float32, or image.tif"):
            Raster.from_array(values, channels=channels).save(path)
        return

    Raster.from_array(values, channels=channels).save(path)
    with open_frames(path, axes="CYX" if suffix == ".npy" and count > 1 else "") as frames:
        (back,) = frames
        assert back.dtype == dtype and np.array_equal(np.asarray(back), values, equal_nan=dtype[0] == "f")
        assert (back.mask is None) == (dtype[0] != "f")
        if suffix != ".npy":
            assert [(one.name, one.unit) for one in back.channels] == [(one.name, one.unit) for one in channels]
    assert os.listdir(tmp_path) == [path.name]


STORED = {
    "contiguous": {"planarconfig": "contig"},
    "planar": {"planarconfig": "separate"},
    "tiles": {"tile": (16, 32), "planarconfig": "contig"},
    "planar tiles": {"tile": (32, 16), "planarconfig": "separate", "compression": "zlib", "predictor": 2},
    "lzw": {"compression": "lzw", "predictor": 2, "rowsperstrip": 5},
    "zstd": {"compression": "zstd", "rowsperstrip": 5},
    "big": {"bigtiff": True},
    "big-endian": {"byteorder": ">"},
}


@pytest.mark.parametrize("how", STORED)
@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_windows_equal_what_tifffile_reads(how, dtype, tmp_path):
    options = dict(STORED[how])
    values = numbers(5, dtype)
    if dtype == "float32" and "predictor" in options:
        options["predictor"] = 3
    planar = options.get("planarconfig") == "separate"
    file = {name: options.pop(name) for name in ("bigtiff", "byteorder") if name in options}
    array = values if planar else values.transpose(1, 2, 0)
    options.setdefault("planarconfig", "contig")
    path = write(tmp_path / "a.tif", array, photometric="minisblack", metadata=None, **options, **file)

    with open_frames(path) as frames:
        (raster,) = frames
        assert raster.shape == (5, *SIZE) and raster.dtype == dtype
        assert np.array_equal(np.asarray(raster), values, equal_nan=True)
        window = raster.window((11, 30), (9, 40), channels=[4, 1])
        assert np.array_equal(window, values[[4, 1], 11:30, 9:40], equal_nan=True)
        assert np.array_equal(raster.select("2").window((36, 37)), values[1:2, 36:], equal_nan=True)


def test_depth_and_time_are_frames_and_channels_are_channels(tmp_path):
    values = numbers(2 * 3 * 2).reshape(2, 3, 2, *SIZE)
    ome = write(tmp_path / "a.ome.tif", values, metadata={"axes": "TZCYX", "Channel": {"Name": ["DAPI", "GFP"]}})
    imagej = write(tmp_path / "a.tif", values, imagej=True, metadata={"axes": "TZCYX"})

    for path in (ome, imagej):
        with open_frames(path) as frames:
            assert len(frames) == 6 and frames.axis == "TZ" and frames.labels[4] == "T 2, Z 2"
            assert np.array_equal(np.asarray(frames[4]), values[1, 1])
    with open_frames(ome) as frames:
        assert [channel.name for channel in frames[0].channels] == ["DAPI", "GFP"]


def test_pages_are_frames_unless_axes_say_otherwise(tmp_path):
    values = numbers(4, "uint8")
    path = write(tmp_path / "a.tif", values, photometric="minisblack", metadata=None)

    with open_frames(path) as frames:
        assert len(frames) == 4 and frames.axis == "page" and frames[2].shape == (1, *SIZE)
        assert frames.labels[2] == "page 3" and {frame.group for frame in frames} == {str(path)}
    with open_frames(path, axes="CYX") as frames:
        assert len(frames) == 1 and np.array_equal(np.asarray(frames[0]), values)
    with pytest.raises(OptionError, match="puts them elsewhere"):
        open_frames(path, axes="YXC")


def test_dimensions_that_nothing_names_are_refused(tmp_path):
    path = write(tmp_path / "a.tif", numbers(6).reshape(2, 3, *SIZE), photometric="minisblack")
    array = tmp_path / "a.npy"
    np.save(array, numbers())

    with pytest.raises(ImageError, match=r"does not say what its dimensions are.*--axes"):
        open_frames(path)
    with open_frames(path, axes="ZCYX") as frames:
        assert len(frames) == 2 and frames[0].shape[0] == 3
    with pytest.raises(ImageError, match=r"shape \(3, 37, 53\) and does not say.*--axes CYX or --axes YXC"):
        open_frames(array)


def test_colors_are_stored_as_colors_in_ome_tiff(tmp_path):
    colors = tuple(Channel(name) for name in ("red", "green", "blue"))
    values = np.random.default_rng(0).integers(0, 256, (3, 20, 30), np.uint8)
    for count in (1, 2):
        path = tmp_path / f"{count}.ome.tif"
        spec = OutputSpec(values.shape, "uint8", colors, count, "Z" if count > 1 else "")
        with raster_files.find_writer(path).open(str(path), spec) as file:
            for frame in range(count):
                file.write_window(0, 0, values + np.uint8(frame), None, frame)
        with tifffile.TiffFile(path) as written, open_frames(path) as frames:
            assert written.series[0].axes == ("ZYXS" if count > 1 else "YXS")
            assert written.pages[0].photometric.name == "RGB"
            assert len(frames) == count and np.array_equal(np.asarray(frames[count - 1]), values + np.uint8(count - 1))
            assert [channel.name for channel in frames[0].channels] == ["red", "green", "blue"]


def test_a_large_ome_tiff_gets_levels_that_its_input_has_not(tmp_path):
    values = np.zeros((2, 6, 5000), np.uint16)
    values[:, :, ::7] = 900
    raster = Raster.from_array(values)
    raster.save(tmp_path / "a.ome.tif")
    raster.save(tmp_path / "a.tif")
    with tifffile.TiffFile(tmp_path / "a.ome.tif") as file:
        series = file.series[0]
        assert [level.shape[-2:] for level in series.levels] == [(6, 5000), (3, 2500), (1, 1250)]
        assert series.levels[0].pages[0].tile == (256, 256)
        assert np.array_equal(series.levels[1].asarray(), values[:, ::2, ::2])
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert len(file.series[0].levels) == 1
    Raster.from_array(values[:, :, :4096]).save(tmp_path / "b.ome.tif")
    with tifffile.TiffFile(tmp_path / "b.ome.tif") as file:
        assert len(file.series[0].levels) == 1


def test_levels_of_a_pyramid_are_read_and_written(tmp_path):
    values = numbers(2, size=(64, 96))
    path = tmp_path / "a.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as file:
        options = {"tile": (16, 16), "compression": "zlib"}
        file.write(values, subifds=2, metadata={"axes": "CYX"}, **options)
        file.write(values[:, ::2, ::2], subfiletype=1, **options)
        file.write(values[:, ::4, ::4], subfiletype=1, **options)

    with open_frames(path) as frames:
        assert frames[0].levels == ((64, 96), (32, 48), (16, 24))
        assert np.array_equal(frames[0].window((3, 9), level=2), values[:, ::4, ::4][:, 3:9])
        frames[0].save(tmp_path / "b.ome.tif")
    with open_frames(tmp_path / "b.ome.tif") as frames, tifffile.TiffFile(tmp_path / "b.ome.tif") as file:
        assert frames[0].levels == ((64, 96), (32, 48), (16, 24)) and file.pages[0].tile == (16, 16)
        assert np.array_equal(frames[0].window(level=1), values[:, ::2, ::2])


def test_white_can_be_zero(tmp_path):
    values = numbers(1)[0]
    path = write(tmp_path / "a.tif", values, photometric="miniswhite", metadata=None)

    with open_frames(path) as frames:
        assert np.array_equal(np.asarray(frames[0])[0], 65535 - values)


def test_a_declared_missing_value_is_a_mask_and_an_undeclared_zero_is_none(tmp_path):
    values = numbers(2, "int16")
    values[0, :4] = -9999
    tag = [(42113, "s", 0, "-9999", True)]
    path = write(tmp_path / "a.tif", values, photometric="minisblack", planarconfig="separate", metadata=None,
                 extratags=tag)  # fmt: skip
    plain = write(tmp_path / "b.tif", numbers(1, "uint8")[0], metadata=None)

    with open_frames(path) as frames:
        mask = frames[0].mask
        assert mask is not None and not mask[0, :4].any() and mask.sum() == mask.size - 4 * SIZE[1]
        frames[0].save(tmp_path / "c.tif")
    with open_frames(tmp_path / "c.tif") as frames:
        assert np.array_equal(frames[0].mask, mask) and np.array_equal(np.asarray(frames[0]), values)
    with open_frames(plain) as frames:
        assert frames[0].mask is None


def test_pixel_size_survives_and_72_dpi_is_none(tmp_path):
    ome = write(
        tmp_path / "a.ome.tif",
        numbers(2),
        metadata={"axes": "CYX", "PhysicalSizeX": 0.25, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": 0.5},
    )
    imagej = write(
        tmp_path / "a.tif", numbers(2), imagej=True, resolution=(4, 2), metadata={"axes": "CYX", "unit": "um"}
    )
    screen = write(tmp_path / "s.tif", numbers(1, "uint8")[0], resolution=(72, 72), resolutionunit=2, metadata=None)

    for path in (ome, imagej):
        with open_frames(path) as frames:
            assert frames[0].metadata["pixel_size"] == pytest.approx((0.25, 0.5))
            frames[0].save(tmp_path / f"again-{path.name}")
        with open_frames(tmp_path / f"again-{path.name}") as frames:
            assert frames[0].metadata["pixel_size"] == pytest.approx((0.25, 0.5))
            assert frames[0].metadata["kind"] == ("ome" if path is ome else "imagej")
    with open_frames(screen) as frames:
        assert "pixel_size" not in frames[0].metadata


def test_what_ome_says_of_the_acquisition_survives(tmp_path):
    path = write(tmp_path / "a.ome.tif", numbers(2), metadata={"axes": "CYX", "Description": "embryo 7"})
    xml = tifffile.tiffcomment(path)
    with_instrument = xml.replace(
        "<Image ", '<Instrument ID="Instrument:0"><Microscope Model="M7"/></Instrument><Image ', 1
    )
    tifffile.tiffcomment(path, with_instrument.encode())

    with open_frames(path) as frames:
        frames[0].select("2").save(tmp_path / "b.ome.tif")
    text = tifffile.tiffcomment(tmp_path / "b.ome.tif")

    assert 'Model="M7"' in text and "embryo 7" in text and 'SizeC="1"' in text
    assert text.index("Instrument ") < text.index("<Image ") and text.index("Description") < text.index("<Pixels")


def test_names_say_nothing_and_first_bytes_all(tmp_path):
    path = write(tmp_path / "a.png", numbers(3), photometric="minisblack", planarconfig="separate", metadata=None)
    (tmp_path / "a.tif").write_bytes(b"GIMP xcf")

    assert raster_files.find_reader(path)[0] == "tifffile"
    with pytest.raises(ImageError, match=r"a.tif is not an image of a supported kind"):
        open_frames(tmp_path / "a.tif")
    with pytest.raises(ImageError, match="No file"):
        open_frames(tmp_path / "b.tif")


def test_a_photograph_is_a_raster_too(tmp_path):
    colors = numbers(4, "uint8").transpose(1, 2, 0)
    Image.fromarray(colors).save(tmp_path / "a.png")

    with open_frames(tmp_path / "a.png") as frames:
        (raster,) = frames
        assert [channel.name for channel in raster.channels] == ["red", "green", "blue", "alpha"]
        raster.save(tmp_path / "b.png")
        raster.save(tmp_path / "b.tif")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "b.png")), colors)
    assert np.array_equal(tifffile.imread(tmp_path / "b.tif"), colors)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("a.png", numbers(3, "float32"), "cannot hold 3 channels of float32. Write .tif or .npy"),
        ("a.jpg", numbers(3, "uint16"), ".jpg has 8 bits a channel, the output 16"),
        ("a.tif", numbers(3, "int64"), "TIFF readers do not know int64"),
        ("a.xyz", numbers(3), "'.xyz' is not a known kind of image"),
    ],
)
def test_what_a_format_cannot_hold_is_refused(name, values, message, tmp_path):
    with pytest.raises(OutputError, match=message):
        Raster.from_array(values).save(tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_only_what_is_decoded_at_once_is_limited(tmp_path):
    path = write(tmp_path / "a.tif", numbers(1)[0], metadata=None, tile=(16, 16))
    whole = write(tmp_path / "b.tif", numbers(1)[0], metadata=None, compression="zlib", rowsperstrip=SIZE[0])

    with open_frames(path, max_pixels=300) as frames:
        assert frames[0].window((0, 16), (0, 16)).shape == (1, 16, 16)
        with pytest.raises(ImageError, match="53x37 pixels at once are more than the limit of 300"):
            frames[0].window()
    with (
        open_frames(whole, max_pixels=300) as frames,
        pytest.raises(ImageError, match=r"stores 53x37 pixels in one piece.*--max-pixels 1961"),
    ):
        frames[0].window((0, 1))


def test_archives_of_arrays_bring_channels_and_masks_and_no_code(tmp_path):
    values = numbers(2)
    mask = np.ones(values.shape, bool)
    mask[1, 3] = False
    Raster.from_array(values, channels=[Channel("VV", "dB"), Channel("VH", "dB")], mask=mask).save(tmp_path / "a.npz")
    np.save(tmp_path / "b.npy", np.array([{"a": 1}], object))
    np.savez(tmp_path / "c.npz", one=values, other=values)

    with open_frames(tmp_path / "a.npz") as frames:
        assert np.array_equal(frames[0].mask, mask) and frames[0].channels[1] == Channel("VH", "dB")
    with pytest.raises(ImageError, match=r"b.npy cannot be read"):
        open_frames(tmp_path / "b.npy")
    with pytest.raises(ImageError, match=r"should hold one array.*one, other"):
        open_frames(tmp_path / "c.npz")


@pytest.mark.parametrize("axes", ["YXC", "CYX", "ZYX", "ZCYX", "YX"])
def test_arrays_keep_the_order_of_their_dimensions(axes, tmp_path):
    lengths = {"Z": 2, "C": 3, "Y": 5, "X": 7}
    array = np.arange(np.prod([lengths[one] for one in axes])).reshape([lengths[one] for one in axes]).astype("u2")
    np.save(tmp_path / "a.npy", array)

    with open_frames(tmp_path / "a.npy", axes=axes) as frames:
        assert len(frames) == (2 if "Z" in axes else 1) and frames[0].shape == (3 if "C" in axes else 1, 5, 7)
        frames[0].save(tmp_path / "b.npy")
    if "Z" not in axes:
        assert np.array_equal(np.load(tmp_path / "b.npy"), array)


def test_damage_is_one_sentence(tmp_path):
    path = write(tmp_path / "a.tif", numbers(3), compression="zlib", metadata=None, photometric="minisblack")
    data = path.read_bytes()

    for length in (8, 60, len(data) // 2, len(data) - 100):
        (tmp_path / "cut.tif").write_bytes(data[:length])
        with pytest.raises(ImageError, match=r"cut.tif"), open_frames(tmp_path / "cut.tif") as frames:
            [np.asarray(frame) for frame in frames]
    noise = bytearray(data)
    noise[len(data) // 3 : len(data) // 3 + 200] = os.urandom(200)
    (tmp_path / "noise.tif").write_bytes(noise)
    try:
        with open_frames(tmp_path / "noise.tif") as frames:
            [np.asarray(frame) for frame in frames]
    except ImageError as error:
        assert len(str(error).splitlines()) == 1


def test_pipes_and_folders_are_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.tif")

    for path in (tmp_path / "pipe.tif", tmp_path):
        with pytest.raises(ImageError, match=r"named pipe|not an image of a supported kind"):
            open_frames(path)


@pytest.mark.parametrize("size", [SIZE, (300, 270)])
def test_a_mask_of_integers_is_a_page_of_bits(size, tmp_path, monkeypatch):
    monkeypatch.setattr("ganzoo.image_io.writers.tiff_writer.LARGE_PAGE", 50_000)
    values = numbers(3, size=size)
    mask = np.ones(size, bool)
    mask[3:9, 5:] = False
    channels = [Channel(name) for name in ("B1", "B2", "B3")]

    Raster.from_array(values, mask=mask, channels=channels).save(tmp_path / "a.tif")

    with open_frames(tmp_path / "a.tif") as frames, tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert len(frames) == 1 and np.array_equal(np.asarray(frames[0]), values)
        assert np.array_equal(frames[0].mask, np.broadcast_to(mask, values.shape))
        assert file.pages[-1].bitspersample == 1 and file.pages[-1].photometric == 4


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32"])
@pytest.mark.parametrize("memory", [1 << 26, 1])
def test_where_no_page_is_a_mask_a_value_that_no_valid_pixel_has_stands_for_missing(
    dtype, memory, tmp_path, monkeypatch
):
    monkeypatch.setattr("ganzoo.image_io.writers.spool.IN_MEMORY", memory)
    monkeypatch.setattr("ganzoo.image_io.writers.tiff_missing.BLOCK", 1000)
    values = np.random.default_rng(0).integers(0, 200, (2, *SIZE)).astype(dtype)
    values[0, 5, 5], values[1, 6, 6] = np.iinfo(dtype).min, np.iinfo(dtype).max
    mask = np.ones(SIZE, bool)
    mask[20:, 30:] = False

    Raster.from_array(values, mask=mask).save(tmp_path / "a.ome.tif")

    with open_frames(tmp_path / "a.ome.tif") as frames, tifffile.TiffFile(tmp_path / "a.ome.tif") as file:
        assert np.array_equal(frames[0].mask, np.broadcast_to(mask, values.shape))
        assert np.array_equal(np.asarray(frames[0])[:, mask], values[:, mask])
        assert file.is_ome and len({value for value in file.asarray()[:, ~mask].flat}) == 1


def test_a_mask_that_has_no_place_is_refused(tmp_path):
    values = np.tile(np.arange(256, dtype=np.uint8).reshape(1, 16, 16), (1, 2, 1))
    raster = Raster.from_array(values, mask=np.arange(32)[:, None].repeat(16, 1) > 3)

    with pytest.raises(OutputError, match=r"no place for missing values: its pixels leave no value of uint8 free"):
        raster.save(tmp_path / "a.ome.tif")
    assert os.listdir(tmp_path) == []


def test_a_size_that_a_header_only_claims_is_noticed_when_it_is_opened(tmp_path):
    data = bytearray(write(tmp_path / "a.tif", numbers(1)[0], metadata=None).read_bytes())
    for tag in (256, 257):  # width and height
        place = data.index(bytes([tag & 255, tag >> 8]), 8)
        data[place + 2 : place + 12] = bytes([4, 0, 1, 0, 0, 0]) + (1_000_000).to_bytes(4, "little")
    (tmp_path / "b.tif").write_bytes(data)
    np.savez(tmp_path / "c.npz", image=numbers(1)[0])

    with pytest.raises(ImageError, match=r"b.tif cannot be read: it is cut off"):
        open_frames(tmp_path / "b.tif")
    with pytest.raises(ImageError, match=r"the array 'image' declares \(37, 53\), more than can be unpacked at once"):
        open_frames(tmp_path / "c.npz", max_pixels=100)
