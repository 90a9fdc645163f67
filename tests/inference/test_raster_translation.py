"""Rasters through networks: exact through the identity, in strips as whole, units and masks kept, bad input refused."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
import torch
from channel_models import Identity, Mix, bands, identity, model
from torch import nn

from ganzoo import Channel, Raster
from ganzoo.batch.jobs import Job, Work
from ganzoo.batch.rasters import Selection, chosen_frames, translate_file
from ganzoo.batch.run import do
from ganzoo.contracts.engine import Signature
from ganzoo.errors import ImageError, OptionError, OutputError
from ganzoo.exporting.export import metadata
from ganzoo.image_io.raster_files import open_frames
from ganzoo.inference.image_pass import Settings
from ganzoo.inference.raster_translation import MemoryFile, translate_raster
from ganzoo.inference.running import _in_units
from ganzoo.inference.verification_samples import samples
from ganzoo.weights import readme


def numbers(count=3, dtype="uint16", size=(40, 56), top=60_000):
    values = np.random.default_rng(0).integers(0, top, (count, *size))
    return values.astype(dtype)


@pytest.mark.parametrize("tiles", ["off", "exact", "blend"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16"])
def test_sixteen_bands_of_up_to_16_bits_pass_the_identity_exactly(dtype, tiles):
    limits = np.iinfo(dtype)
    values = numbers(16, dtype)
    values[:, 0, :2] = limits.min, limits.max
    channels = tuple(Channel(f"B{number}", range=(limits.min, limits.max)) for number in range(16))

    result = identity(*channels).translate(values, axes="CYX", tiles=tiles, max_memory=200_000_000)

    assert result.dtype == dtype and np.array_equal(np.asarray(result), values)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float16", 5e-4), ("float32", 2e-7), ("float64", 2e-7)])
def test_floats_pass_within_a_tolerance_and_nan_as_nan(dtype, tolerance):
    values = (np.random.default_rng(0).standard_normal((2, 40, 56)) * 50).astype(dtype)
    values[0, 3:6, 7:9] = np.nan
    channels = tuple(Channel(name, "K", (-300, 300), outside="keep") for name in "ab")

    back = np.asarray(identity(*channels).translate(values, axes="CYX"))

    assert back.dtype == dtype and np.array_equal(np.isnan(back), np.isnan(values))
    assert np.array_equal(back[1, 3:6, 7:9], values[1, 3:6, 7:9])  # beside a missing value: bit for bit
    assert np.nanmax(np.abs(back.astype(float) - values.astype(float))) <= 300 * tolerance


def test_strips_and_whole_give_the_same_values():
    network = Mix(3, 2)
    tiny = model(network, bands(3), (Channel("o", range=(-1, 1), outside="keep", dtype="float32"),) * 2)
    values = numbers(3, size=(300, 200))

    whole = np.asarray(tiny.translate(values, axes="CYX", tiles="off"))
    strips = np.asarray(tiny.translate(values, axes="CYX", tiles="exact", max_memory=6_000_000))

    assert whole.shape == (2, 300, 200) and whole.std() > 0.01
    assert np.abs(whole - strips).max() < 1e-5


def test_output_channels_have_their_own_type_unit_and_range():
    ct = (Channel("CT", "HU", (-1024, 3071), dtype="int16"), Channel("MR", range=(0, 4095), dtype="int16"))
    tiny = identity(*bands(2, 100), outputs=ct)
    values = np.stack([np.full((20, 20), 100), np.zeros((20, 20))]).astype("uint8")

    result = tiny.translate(values, axes="CYX")

    assert result.dtype == np.int16 and [channel.unit for channel in result.channels] == ["HU", ""]
    assert np.asarray(result)[:, 0, 0].tolist() == [3071, 0]


def test_a_file_becomes_a_file_of_its_kind_and_never_itself(tmp_path):
    values = numbers(2 * 3).reshape(2, 3, 40, 56)
    source, target = tmp_path / "in.ome.tif", tmp_path / "out.ome.tif"
    tifffile.imwrite(
        source, values, metadata={"axes": "ZCYX", "Channel": {"Name": ["B2", "B3", "B1"]}, "PhysicalSizeX": 0.5}
    )
    outputs = (Channel("sum", "W", (0, 65535)), *bands(2))
    tiny = identity(*bands(3), outputs=outputs)

    notes = translate_file(tiny, str(source), str(target), Selection(), Settings())

    with tifffile.TiffFile(target) as file, open_frames(target) as frames:
        assert file.series[0].axes == "ZCYX" and 'PhysicalSizeX="0.5"' in file.ome_metadata
        assert np.array_equal(file.asarray(), values[:, [2, 0, 1]])  # by name
        assert frames[0].channels[0] == Channel("sum", "W")
    assert notes == []
    before = source.read_bytes()
    with pytest.raises(OutputError, match="would replace its own input"):
        translate_file(tiny, str(source), str(source), Selection(), Settings())
    assert source.read_bytes() == before


def test_declared_missing_values_pass_bit_for_bit(tmp_path):
    values = numbers(3, "int16", top=1000)
    values[:, :5] = -9999
    values[1, 7, 7] = -9999
    source, target = tmp_path / "in.tif", tmp_path / "out.tif"
    options = {"photometric": "minisblack", "planarconfig": "separate", "metadata": None}
    tifffile.imwrite(source, values, extratags=[(42113, "s", 0, "-9999", True)], **options)
    darker = identity(*bands(3, 1000), outputs=bands(3, 500))

    notes = translate_file(darker, str(source), str(target), Selection(), Settings())
    one = identity(*bands(3, 1000), outputs=bands(3, 1000))
    changed = model(Mix(3, 2), one.card.input_channels, bands(2, 500))
    translate_file(changed, str(source), str(tmp_path / "two.tif"), Selection(), Settings())

    result, two = tifffile.imread(target), tifffile.imread(tmp_path / "two.tif")
    assert (result[:, :5] == -9999).all() and (result[:, 7, 7] == values[:, 7, 7]).all()
    assert np.abs(result[:, 8:] - values[:, 8:] / 2).max() < 0.51
    assert (two[:, :5] == -9999).all() and (two[:, 7, 7] == -9999).all() and (two[:, 8:] >= 0).all()
    assert notes == [f"{281 / 2240:.2%} of the pixels are not valid and pass unchanged."]


@pytest.mark.parametrize("name", ["out.tif", "out.ome.tif", "out.npz"])
def test_a_mask_of_its_own_passes_with_the_bands(name, tmp_path):
    values = numbers(2, top=1000)
    mask = np.ones(values.shape[1:], bool)
    mask[:5], mask[20:, 30:] = False, False
    source, target = tmp_path / "in.npz", tmp_path / name
    Raster.from_array(values, mask=mask).save(source)

    translate_file(identity(*bands(2, 1000)), str(source), str(target), Selection(), Settings())
    inside = identity(*bands(2, 1000)).translate(Raster.from_array(values, mask=mask, channels=bands(2, 1000)))

    with open_frames(target) as frames:
        assert np.array_equal(frames[0].mask, np.broadcast_to(mask, values.shape))
        kept = np.s_[:, mask] if "ome" in name else np.s_[:]  # there one value stands for all that is missing
        assert np.array_equal(np.asarray(frames[0])[kept], values[kept])
    assert np.array_equal(inside.mask, np.broadcast_to(mask, values.shape))
    assert np.array_equal(np.asarray(inside), values)


@pytest.mark.parametrize("kind", ["ome", "imagej"])
def test_the_declared_missing_value_is_declared_again_in_stacks(kind, tmp_path):
    values = numbers(6, top=1000).reshape(3, 2, 40, 56)
    values[:, :, :5] = 65_535
    source, target = tmp_path / "in.tif", tmp_path / "out.tif"
    words = {"axes": "ZCYX"}
    tag = (42113, 2, 6, "65535", True)
    tifffile.imwrite(source, values, **{kind: True}, metadata=words, photometric="minisblack", extratags=[tag])

    translate_file(identity(*bands(2, 1000)), str(source), str(target), Selection(), Settings())

    with open_frames(target) as frames, tifffile.TiffFile(target) as file:
        assert getattr(file, f"is_{kind}") and len(frames) == 3
        assert np.array_equal(file.asarray(), values)
        for frame in frames:
            assert not frame.mask[:, :5].any() and frame.mask[:, 5:].all()


def test_what_is_cut_is_told():
    tiny = identity(Channel("a", range=(0, 100), outside="keep"), outputs=(Channel("b", range=(0, 50)),))
    values = np.zeros((20, 20), np.uint8)
    values[:5] = 200
    network = tiny.raster_network()
    prepared = network.prepared(Raster.from_array(values, "YX", channels=(Channel("a"),)))

    spec = network.spec(prepared)
    file = MemoryFile(spec)
    report = translate_raster(prepared, network, Settings(), file, spec)

    assert np.asarray(file.raster())[0, 0, 0] == 50
    assert report.sentences() == ["25.00% of 'b' lay beyond its range and was cut."]


def test_a_range_of_each_image_is_measured_on_the_whole_of_it():
    each = Channel("a", scope="image", outside="keep")
    values = np.linspace(1000, 3000, 40 * 56).reshape(40, 56).astype("uint16")
    values[0] = 0

    def seen(array):
        return identity(each, outputs=(Channel("o", range=(-1, 1), outside="keep", dtype="float32"),)).translate(
            array, axes="YX"
        )

    assert np.asarray(seen(values))[0, 1:].max() == pytest.approx(1, abs=0.01)
    alone = np.asarray(seen(values[:20]))
    assert alone[0, 1:].max() == pytest.approx(1, abs=0.01)
    with pytest.raises(ImageError, match="channel 'a' is 7 everywhere"):
        seen(np.full((20, 20), 7, "uint16"))


def test_a_volume_is_measured_once(tmp_path):
    values = np.stack([np.full((20, 20), 10), np.full((20, 20), 30)]).astype("uint16")
    values[:, 0, 0] = 0, 40
    np.save(tmp_path / "in.npy", values)
    whole = Channel("a", scope="volume", outside="keep")
    tiny = identity(whole, outputs=(Channel("o", scope="like:a"),))

    translate_file(tiny, str(tmp_path / "in.npy"), str(tmp_path / "out.npy"), Selection(axes="ZYX"), Settings())

    assert np.array_equal(np.load(tmp_path / "out.npy")[:, 5, 5], [10, 30])


RGBN = tuple(Channel(name) for name in ("B2", "B3", "B4", "B8"))


@pytest.mark.parametrize(
    ("raster", "message"),
    [
        (Raster.from_array(numbers(2)), "has 2 channels .*takes 3 .B1, B2, B3.. Give a file that has all of them"),
        (Raster.from_array(numbers(4), channels=RGBN), "has 4 channels .B2, B3, B4, B8.*Choose them with --bands"),
        (Raster.from_array(numbers(3), channels=RGBN[:3]), "'B1' is missing. If they .* --bands 1,2,3"),
        (Raster.from_array(numbers(3, "uint8"), channels=bands(3)), "values of uint8, and tiny/channels takes uint16"),
        (Raster.from_array(numbers(3), channels=[Channel("B1", "K"), *bands(3)[1:]]), "in K, and .* in mK"),
        (Raster.from_array(numbers(3), mask=np.zeros((40, 56))), "has no valid pixel"),
    ],
)
def test_input_that_does_not_fit_is_refused(raster, message):
    inputs = (Channel("B1", "mK", (0, 9), dtype="uint16"), *bands(2, dtype="uint16")[:1], *bands(3)[2:])
    inputs = (inputs[0], Channel("B2", range=(0, 9)), Channel("B3", range=(0, 9)))

    with pytest.raises(ImageError, match=message):
        identity(*inputs).translate(raster)


def test_other_refusals():
    tiny = identity(*bands(2))
    values = numbers(2)
    with pytest.raises(OptionError, match="are not resized"):
        tiny.translate(values, size=512, axes="CYX")
    with pytest.raises(ImageError, match="does not say what its dimensions are"):
        tiny.translate(values)
    with pytest.raises(ImageError, match="A dict is not an image"):
        tiny.translate({})
    with pytest.raises(OptionError, match="values of float32 have none of their own"):
        identity(Channel("a"), Channel("b")).translate(values.astype("float32"), axes="CYX")


class Broken(Identity):
    def forward(self, images):
        return images * torch.nan


def test_a_broken_network_and_a_constant_channel_are_noticed(tmp_path):
    with pytest.raises(ImageError, match="The network produced NaN"):
        model(Broken(2), bands(2), bands(2)).translate(numbers(2), axes="CYX")

    values = numbers(2)
    values[1] = 7
    np.save(tmp_path / "in.npy", values)
    notes = translate_file(
        identity(*bands(2)), str(tmp_path / "in.npy"), str(tmp_path / "out.npy"), Selection(axes="CYX"), Settings()
    )
    assert notes == ["'B2' is 7 everywhere in the input."]
    assert np.array_equal(np.load(tmp_path / "out.npy"), values)


def test_frames_and_bands_are_chosen(tmp_path):
    values = numbers(5)
    tifffile.imwrite(tmp_path / "in.tif", values, photometric="minisblack", metadata=None)
    np.save(tmp_path / "in.npy", values)
    tiny = identity(Channel("x", range=(0, 65535)))

    translate_file(tiny, str(tmp_path / "in.tif"), str(tmp_path / "a.tif"), Selection(frames="2-3,5"), Settings())
    translate_file(
        tiny, str(tmp_path / "in.npy"), str(tmp_path / "b.npy"), Selection(bands="4", axes="CYX"), Settings()
    )

    assert np.array_equal(tifffile.imread(tmp_path / "a.tif"), values[[1, 2, 4]])
    assert np.array_equal(np.load(tmp_path / "b.npy").squeeze(), values[3])
    for text, message in [("6", "has 5 images, not frames 6"), ("3-2", "not frames 3-2"), ("x", "numbers from 1")]:
        with pytest.raises(OptionError, match=message):
            chosen_frames(text, 5, "in.tif")


class Twice(nn.Module):
    """Enlarges by repeating pixels."""

    stride, in_channels, out_channels, scale = 1, 2, 2, 2

    def forward(self, images):
        return images.repeat_interleave(2, 2).repeat_interleave(2, 3)


def test_super_resolution_enlarges_values_masks_and_pixel_size(tmp_path):
    values = (np.random.default_rng(0).random((2, 20, 24)) * 100).astype("float32")
    values[0, 3, 4] = np.nan
    source = tmp_path / "in.ome.tif"
    tifffile.imwrite(source, values, metadata={"axes": "CYX", "PhysicalSizeX": 1.0, "PhysicalSizeY": 1.0})
    tiny = model(Twice(), bands(2, 100), bands(2, 100), task="super-resolution", scale=2)

    translate_file(tiny, str(source), str(tmp_path / "out.ome.tif"), Selection(), Settings())

    with open_frames(tmp_path / "out.ome.tif") as frames:
        result = np.asarray(frames[0])
        assert result.shape == (2, 40, 48) and frames[0].metadata["pixel_size"] == (0.5, 0.5)
    assert np.isnan(result[:, 6:8, 8:10]).all() and np.isnan(result).sum() == 8
    assert np.nanmax(np.abs(result[:, ::2, ::2] - values)) < 1e-4


def test_info_and_export_tell_what_channels_mean():
    outputs = (Channel("CT", "HU", (-1000, 3000), dtype="int16"), Channel("VV", range=(1, 9), transform="db"))
    card = identity(Channel("T1", range=(0, 4095), outside="keep"), Channel("", scope="image"), outputs=outputs).card
    rows = dict(readme.facts(card))
    exported = metadata(card, Signature(2, 1))

    assert rows["input channels"] == "T1, 0:4095, kept beyond; unnamed, range of each image"
    assert rows["output channels"] == "CT in HU, int16, -1000:3000; VV, 1:9 db"
    assert readme.command(card).endswith("image.tif -o out.tif")
    assert "8 bits" not in exported["input"] + exported["output"]
    assert '"unit": "HU"' in exported["output_channels"] and '"range": [0.0, 4095.0]' in exported["input_channels"]
    assert _in_units(card, 1e-3) == " (2 HU of CT)"
    assert {one.shape[1] for one in samples(Signature(5, 1))} == {5}


def test_a_network_of_four_channels_is_no_photographer_without_a_word_on_its_card(tmp_path):
    """Imported checkpoints say nothing of channels: the range is that of an unsigned type."""
    plain = identity(Channel(""), *bands(3), input_channels=(), output_channels=())
    values = numbers(4)
    np.save(tmp_path / "in.npy", values)
    work = Work("dir:unused", selection=Selection(axes="CYX"))

    result = plain.translate(values, axes="CYX")
    outcome = do(work, plain, Job(str(tmp_path / "in.npy"), str(tmp_path / "out.npy")))

    assert plain.card.uses_rasters and not plain.card.has_channels and "4 channels" in plain.card.size
    assert np.array_equal(np.asarray(result), values)
    assert outcome.notes == ("tiny/channels says no range of its channels: 0:65535 of uint16 stands for -1:1.",)
    assert outcome.error == "" and np.array_equal(np.load(tmp_path / "out.npy"), values)
    picture = do(Work("dir:unused"), plain, Job(str(tmp_path / "in.npy"), str(tmp_path / "out.png")))
    assert "does not say what its dimensions are" in picture.error


def test_a_level_of_a_pyramid_is_translated_and_its_pixels_are_larger(tmp_path):
    values = numbers(2, size=(64, 96))
    words = {"axes": "CYX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5}
    with tifffile.TiffWriter(tmp_path / "in.ome.tif", ome=True) as file:
        file.write(values, subifds=2, metadata=words, tile=(16, 16))
        file.write(values[:, ::2, ::2], subfiletype=1, tile=(16, 16))
        file.write(values[:, ::4, ::4], subfiletype=1, tile=(16, 16))
    paths = str(tmp_path / "in.ome.tif"), str(tmp_path / "out.ome.tif")

    translate_file(identity(*bands(2)), *paths, Selection(level=1), Settings())

    with open_frames(paths[1]) as frames:
        assert np.array_equal(np.asarray(frames[0]), values[:, ::2, ::2])
        assert frames[0].metadata["pixel_size"] == (1.0, 1.0) and frames[0].levels[1] == (16, 24)
    with pytest.raises(ImageError, match="has no level 3: it has 3, the first is 0"):
        translate_file(identity(*bands(2)), *paths, Selection(level=3), Settings())


def test_panels_before_the_colon_are_translated(tmp_path):
    values = np.random.default_rng(2).integers(0, 65535, (20, 3 * 16)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "panels.tif", values)
    source, target = str(tmp_path / "panels.tif"), tmp_path / "out.tif"
    translate_file(identity(*bands(1)), source, str(target), Selection(panels="2:1,3"), Settings())
    assert np.array_equal(tifffile.imread(target), values[:, 16:32])
    translate_file(identity(*bands(2)), source, str(target), Selection(panels="3,1/3"), Settings())
    assert np.array_equal(tifffile.imread(target), np.stack([values[:, 32:], values[:, :16]], axis=-1))
    with pytest.raises(ImageError, match="48 pixels wide, which 5 panels do not divide"):
        translate_file(identity(*bands(1)), source, str(target), Selection(panels="1:2-5"), Settings())
    with pytest.raises(OptionError, match="as 1:2-6"):
        translate_file(identity(*bands(1)), source, str(target), Selection(panels="left"), Settings())


def test_a_file_without_units_is_said_to_be_taken_in_the_models(tmp_path):
    np.save(tmp_path / "in.npy", np.arange(400, dtype=np.uint16).reshape(20, 20))
    paths = str(tmp_path / "in.npy"), str(tmp_path / "out.npy")
    notes = translate_file(identity(*bands(1, unit="HU")), *paths, Selection(axes="YX"), Settings())
    assert notes == ["The file says no unit: its values are taken as HU, as the model's."]


def test_what_is_not_valid_is_said_to_be_missing_where_the_output_has_other_channels(tmp_path):
    values = np.ones((20, 20), np.float32)
    values[0], values[1] = np.nan, 2
    np.save(tmp_path / "in.npy", values)
    paths = str(tmp_path / "in.npy"), str(tmp_path / "out.npy")
    wanted = bands(1, 4.0, dtype="float32"), bands(2, 4.0, dtype="float32")
    notes = translate_file(model(Mix(1, 2), *wanted), *paths, Selection(axes="YX"), Settings())
    assert notes[-1] == "5.00% of the pixels are not valid and are missing in the output."
    assert np.isnan(np.load(tmp_path / "out.npy")[:, 0]).all()
