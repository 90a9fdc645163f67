"""GeoTIFF and COG: everything that georeferences an image comes back, and threads and processes read what is there."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from channel_models import bands, identity
from needs import require

from ganzoo.batch.rasters import Selection, translate_file
from ganzoo.errors import ImageError, OutputError
from ganzoo.image_io import raster_files
from ganzoo.inference.image_pass import Settings
from ganzoo.rasters.channel import Channel
from ganzoo.rasters.raster import Raster

rasterio = require("rasterio")
control = require("rasterio.control")
rpc = require("rasterio.rpc")
windows = require("rasterio.windows")
pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

TRANSFORM = (10, 1, 500_000, -1, -10, 4_600_000)
RPCS: dict[str, Any] = dict(
    height_off=30, height_scale=500, lat_off=40, lat_scale=0.1, long_off=-3, long_scale=0.2,
    line_off=20, line_scale=20, samp_off=30, samp_scale=30,
    line_num_coeff=[0.25] * 20, line_den_coeff=[1.0] + [0.0] * 19,
    samp_num_coeff=[0.5] * 20, samp_den_coeff=[1.0] + [0.0] * 19,
)  # fmt: skip


def values(count: int = 3, height: int = 40, width: int = 60, dtype: str = "uint16") -> np.ndarray:
    return (np.arange(count * height * width) % 251 + 1).reshape(count, height, width).astype(dtype)


def written(path: Path, pixels: np.ndarray, describe: Any = None, **profile: Any) -> Path:
    """Write a GeoTIFF in UTM with its reference library."""
    count, height, width = pixels.shape
    given = {"crs": "EPSG:32631", "transform": TRANSFORM, **profile}
    if given["transform"]:
        given["transform"] = rasterio.Affine(*given["transform"])
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(
            path, "w", driver="GTiff", count=count, height=height, width=width, dtype=pixels.dtype, **given
        ) as file,
    ):
        file.write(pixels)
        if describe is not None:
            describe(file)
    return path


def facts(path: Path) -> dict[str, Any]:
    """Return all that the reference library says of a file."""
    with rasterio.open(path) as file:
        spaces = [space for space in file.tag_namespaces() if space not in ("IMAGE_STRUCTURE", "DERIVED_SUBDATASETS")]
        return {
            "values": file.read().tolist(),
            "masks": file.read_masks().tolist(),
            "flags": file.mask_flag_enums,
            "dtype": file.dtypes,
            "crs": file.crs,
            "transform": file.transform,
            "nodata": str(file.nodata),
            "points": ([(one.row, one.col, one.x, one.y, one.z) for one in file.gcps[0]], file.gcps[1]),
            "rpcs": file.rpcs,
            "tags": [file.tags(band) for band in (0, *file.indexes)],
            "spaces": {space: file.tags(ns=space) for space in spaces},
            "band spaces": [{s: file.tags(b, ns=s) for s in file.tag_namespaces(b)} for b in file.indexes],
            "names": file.descriptions,
            "units": file.units,
            "scales": (file.scales, file.offsets),
            "colors": file.colorinterp,
        }


def described(file: Any) -> None:
    file.update_tags(PLATFORM="S2A", AREA_OR_POINT="Point")
    file.update_tags(ns="PROCESSING", LEVEL="2A")
    file.update_tags(2, WAVELENGTH="560")
    file.update_tags(2, ns="BANDS", GAIN="1.5")
    for number, name in enumerate(("B4", "B3", "B8"), 1):
        file.set_band_description(number, name)
        file.set_band_unit(number, "reflectance")
    file.scales, file.offsets = (0.0001, 0.0001, 0.5), (-0.1, 0.0, 3.0)
    file.colorinterp = [rasterio.enums.ColorInterp[name] for name in ("red", "green", "undefined")]


def with_points(file: Any) -> None:
    points = [
        control.GroundControlPoint(row, col, 3.0 + col / 60, 41.5 - row / 40, 7.0) for row in (0, 40) for col in (0, 60)
    ]
    file.gcps = (points, rasterio.CRS.from_epsg(4326))


def with_mask(file: Any) -> None:
    mask = np.ones((40, 60), bool)
    mask[5:9, 7:30] = False
    file.write_mask(mask)


def with_alpha(file: Any) -> None:
    file.colorinterp = [rasterio.enums.ColorInterp[name] for name in ("red", "green", "blue", "alpha")]
    alpha = np.full((40, 60), 255, np.uint8)
    alpha[:3] = 0
    file.write(alpha, 4)


CASES: dict[str, tuple[np.ndarray, Any, dict[str, Any]]] = {
    "words": (values(), described, {}),
    "points": (values(), with_points, {"crs": None, "transform": None}),
    "sensor model": (values(), lambda file: setattr(file, "rpcs", rpc.RPC(**RPCS)), {"crs": None, "transform": None}),
    "nodata": (values(), None, {"nodata": 7, "tiled": True, "blockxsize": 16, "blockysize": 32, "compress": "lzw"}),
    "nan": (values(1, dtype="float32"), None, {"nodata": float("nan"), "compress": "zstd"}),
    "float nodata": (values(2, dtype="float64"), None, {"nodata": 3, "interleave": "band"}),
    "mask": (values(), with_mask, {}),
    "mask of floats": (values(dtype="float32"), with_mask, {}),
    "full mask": (values(), lambda file: file.write_mask(True), {}),
    "alpha": (values(4, dtype="uint8"), with_alpha, {"photometric": "RGB"}),
    "classes": (values(1, dtype="uint8"), lambda file: file.write_colormap(1, {1: (9, 8, 7, 255)}), {}),
    "signed": (values(1, dtype="int16") - 100, None, {}),
    "eight signed": (values(1, dtype="int8"), None, {}),
    "large": (values(1, dtype="uint32") * 70_000, None, {}),
    "geographic": (values(1), None, {"crs": "EPSG:4326", "transform": (0.1, 0, 3, 0, -0.1, 41)}),
}  # fmt: skip


@pytest.mark.parametrize("suffix", [".tif", ".cog.tif"])
@pytest.mark.parametrize("case", CASES)
def test_a_copy_is_equal_in_values_type_and_every_word(case: str, suffix: str, tmp_path: Path) -> None:
    pixels, describe, profile = CASES[case]
    source, target = written(tmp_path / "in.tif", pixels, describe, **profile), tmp_path / f"out{suffix}"
    with raster_files.open_frames(source) as frames:
        assert frames[0].format == "geotiff"
        frames[0].save(target)
    before, after = facts(source), facts(target)
    assert {name: (before[name], after[name]) for name in before if str(before[name]) != str(after[name])} == {}
    with rasterio.open(target) as file:
        assert (file.tags(ns="IMAGE_STRUCTURE").get("LAYOUT") == "COG") == (suffix == ".cog.tif")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.tif", f"out{suffix}"]


def test_channels_have_the_bands_words(tmp_path: Path) -> None:
    path = written(tmp_path / "in.tif", values(), described)
    with raster_files.open_frames(path) as frames:
        raster, about = frames[0], frames.description
    assert [channel.name for channel in raster.channels] == ["B4", "B3", "B8"]
    assert [channel.unit for channel in raster.channels] == ["", "", ""], "stored numbers are not yet reflectances"
    assert about["coordinates"] == "EPSG:32631" and about["scale"] == "of each band"
    assert np.array_equal(np.asarray(raster.select("B8,1")), values()[[2, 0]])


def test_levels_are_those_in_the_file(tmp_path: Path) -> None:
    path = written(tmp_path / "in.tif", values(2, 64, 96), lambda f: f.build_overviews([2, 4]))
    with raster_files.open_frames(path) as frames, rasterio.open(path, overview_level=1) as smaller:
        assert frames[0].levels == ((64, 96), (32, 48), (16, 24))
        level = frames[0].at_level(2)
        assert np.array_equal(np.asarray(level), smaller.read())
        level.save(tmp_path / "small.tif")
        expected = smaller.transform
    with rasterio.open(tmp_path / "small.tif") as file:
        assert file.transform.almost_equals(expected) and file.crs == rasterio.CRS.from_epsg(32631)


def translated(model: Any, source: Path, target: Path, **selection: Any) -> list[str]:
    return translate_file(model, str(source), str(target), Selection(**selection), Settings())


def test_translation_keeps_the_place_and_gives_the_output_its_own_bands(tmp_path: Path) -> None:
    source = written(tmp_path / "in.tif", values(), described, nodata=9)
    model = identity(*bands(2, 65535.0, dtype="uint16"), outputs=(Channel("NDVI", range=(-1, 1), dtype="float32"),) * 2)
    translated(model, source, tmp_path / "out.cog.tif", bands="B8,B4")
    with rasterio.open(tmp_path / "out.cog.tif") as file:
        assert file.crs == rasterio.CRS.from_epsg(32631) and file.transform == rasterio.Affine(*TRANSFORM)
        assert file.descriptions == ("NDVI", "NDVI") and file.scales == (1.0, 1.0) and file.units == (None, None)
        assert file.tags()["PLATFORM"] == "S2A" and file.nodata == 9
        missing = (values()[2] == 9) | (values()[0] == 9)
        assert np.array_equal(file.read(1) == 9, missing)
        assert np.allclose(file.read(1)[~missing], values()[2][~missing] / 32767.5 - 1, atol=1e-6)


def test_a_band_without_a_description_keeps_its_number_as_its_name(tmp_path: Path) -> None:
    source = written(tmp_path / "in.tif", values(4, dtype="uint8"))
    channels = [Channel(name, range=(0, 255), dtype="uint8") for name in "42"]
    translate_file(identity(*channels), str(source), str(tmp_path / "out.tif"), Selection("4,2"), Settings())
    with raster_files.open_frames(tmp_path / "out.tif") as frames:
        assert [one.name for one in frames[0].channels] == ["4", "2"]
        assert np.array_equal(np.asarray(frames[0]), values(4, dtype="uint8")[[3, 1]])


def test_an_identity_passes_what_is_missing(tmp_path: Path) -> None:
    pixels = np.where(values(2) == 5, np.nan, values(2)).astype("float32")
    source = written(tmp_path / "in.tif", pixels, nodata=3)
    channels = [Channel(name, range=(0, 255), outside="keep", dtype="float32") for name in ("1", "2")]
    translated(identity(*channels), source, tmp_path / "out.tif")
    with rasterio.open(tmp_path / "out.tif") as file:
        assert np.allclose(file.read(), pixels, equal_nan=True, atol=1e-4)
        assert np.array_equal(file.read() == 3, pixels == 3)


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_an_identity_keeps_the_mask_of_its_input(dtype: str, tmp_path: Path) -> None:
    source = written(tmp_path / "in.tif", values(dtype=dtype), with_mask)
    channels = [Channel(name, range=(0, 65535), dtype=dtype, outside="keep") for name in "123"]
    translated(identity(*channels), source, tmp_path / "out.tif")
    before, after = facts(source), facts(tmp_path / "out.tif")
    assert after["masks"] == before["masks"] and after["flags"] == before["flags"]
    assert np.allclose(after["values"], before["values"], atol=0.01)


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
@pytest.mark.parametrize("kind", ["in.npz", "in.tif"])
def test_an_identity_keeps_the_mask_of_an_input_of_another_format(kind: str, dtype: str, tmp_path: Path) -> None:
    mask = np.ones((300, 60), bool)
    mask[40:290, 20:] = False
    source = tmp_path / kind
    Raster.from_array(values(2, 300, dtype=dtype), mask=mask).save(source)
    channels = [Channel(name, range=(0, 65535), dtype=dtype, outside="keep") for name in "12"]
    translate_file(identity(*channels), str(source), str(tmp_path / "out.cog.tif"), Selection(), Settings())
    with raster_files.open_frames(tmp_path / "out.cog.tif") as frames:
        assert np.array_equal(frames[0].mask, np.broadcast_to(mask, (2, 300, 60)))
        seen = np.asarray(frames[0])
    with raster_files.open_frames(source) as frames:
        assert np.allclose(seen, np.asarray(frames[0]), atol=0.01, equal_nan=True)


def test_an_output_without_a_missing_value_gets_a_mask(tmp_path: Path) -> None:
    raster = Raster.from_array(values(1, dtype="uint8"), mask=values(1) != 4)
    raster.save(tmp_path / "out.cog.tif")
    with rasterio.open(tmp_path / "out.cog.tif") as file:
        assert np.array_equal(file.read_masks(1) > 0, values(1)[0] != 4) and file.nodata is None


def test_windows_may_come_in_any_order(tmp_path: Path) -> None:
    pixels = values(2, 300, 280)
    source = written(tmp_path / "in.tif", pixels)
    with raster_files.open_frames(source) as frames:
        spec = raster_files.OutputSpec((2, 300, 280), "uint16", frames[0].channels, template=frames[0])
        with raster_files.find_writer(tmp_path / "out.tif", frames[0]).open(str(tmp_path / "out.tif"), spec) as file:
            for top in (200, 0, 100):
                for left in (140, 0):
                    file.write_window(top, left, pixels[:, top : top + 100, left : left + 140])
    assert facts(tmp_path / "out.tif")["values"] == pixels.tolist()


def _windows(count: int, seed: int) -> Iterator[tuple[slice, slice]]:
    random = np.random.default_rng(seed)
    for _ in range(count):
        top, left = random.integers(0, 200, 2)
        yield slice(int(top), int(top) + 56), slice(int(left), int(left) + 56)


def _wrong(raster: Raster, pixels: np.ndarray, seed: int) -> int:
    return sum(
        not np.array_equal(raster.window(rows, columns), pixels[:, rows, columns])
        for rows, columns in _windows(60, seed)
    )


_shared: list[Any] = []


def _wrong_in_child(seed: int) -> int:
    raster, pixels = _shared
    return _wrong(raster, pixels, seed)


@pytest.fixture
def busy_file(tmp_path: Path) -> tuple[Path, np.ndarray]:
    pixels = np.random.default_rng(0).integers(0, 60_000, (3, 256, 256)).astype("uint16")
    path = written(tmp_path / "in.tif", pixels, tiled=True, blockxsize=32, blockysize=32, compress="deflate")
    return path, pixels


def test_eight_threads_read_what_is_there(busy_file: tuple[Path, np.ndarray]) -> None:
    path, pixels = busy_file
    with raster_files.open_frames(path) as frames, ThreadPoolExecutor(8) as pool:
        raster = frames[0]
        assert sum(pool.map(lambda seed: _wrong(raster, pixels, seed), range(8))) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a fork is what is tested")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_four_forked_processes_read_what_is_there_after_their_parent_read(busy_file: tuple[Path, np.ndarray]) -> None:
    path, pixels = busy_file
    with raster_files.open_frames(path) as frames:
        _shared[:] = [frames[0], pixels]
        assert _wrong(frames[0], pixels, 99) == 0, "the parent's handle is open when it forks"
        with multiprocessing.get_context("fork").Pool(4) as pool:
            assert sum(pool.map(_wrong_in_child, range(8), chunksize=1)) == 0
        assert _wrong(frames[0], pixels, 98) == 0


def test_a_virtual_raster_is_not_opened(tmp_path: Path) -> None:
    secret = written(tmp_path / "secret.tif", values())
    text = f"""<VRTDataset rasterXSize="60" rasterYSize="40"><VRTRasterBand dataType="UInt16" band="1"><SimpleSource>
    <SourceFilename>{secret}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"""
    (tmp_path / "in.tif").write_text(text)
    with pytest.raises(ImageError, match=r"in\.tif is not an image of a supported kind"):
        raster_files.open_frames(tmp_path / "in.tif")
    honest = written(tmp_path / "honest.tif", values(1))
    (tmp_path / "honest.tif.ovr").write_text(text)
    with raster_files.open_frames(honest) as frames:
        assert len(frames[0].levels) == 1, "nothing next to the file is opened"


def test_a_mask_in_a_second_file_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "in.tif", values())
    (tmp_path / "in.tif.msk").write_bytes(path.read_bytes())
    with pytest.raises(ImageError, match=r"its mask in a second file, in\.tif\.msk, which is not read"):
        raster_files.open_frames(path)


def test_what_is_no_real_number_and_what_is_damaged_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "complex.tif", values(1).astype("complex64"))
    with pytest.raises(ImageError, match="has values of complex64"):
        raster_files.open_frames(path)
    path = written(tmp_path / "cut.tif", values(3, 200, 200), compress="deflate")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 :] = b"\0" * (len(data) - len(data) // 2)
    path.write_bytes(data)
    with pytest.raises(ImageError, match=r"cut\.tif cannot be read: "), raster_files.open_frames(path) as frames:
        np.asarray(frames[0])


def test_several_images_stay_with_the_other_reader(tmp_path: Path) -> None:
    tifffile = importlib.import_module("tifffile")
    with tifffile.TiffWriter(tmp_path / "in.tif") as file:
        for page in values(2):
            file.write(page, extratags=[(33550, "d", 3, (1.0, 1.0, 0.0), True)], metadata=None)
    assert raster_files.find_reader(tmp_path / "in.tif")[0] == "tifffile"


def test_what_a_geotiff_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="GeoTIFF has no float16"):
        Raster.from_array(values(1).astype("float16")).save(tmp_path / "out.cog.tif")
    assert not list(tmp_path.iterdir())


def test_the_database_of_another_program_does_no_harm(tmp_path: Path) -> None:
    path = written(tmp_path / "in.tif", values())
    code = (
        "import sys; from ganzoo.image_io import raster_files\n"
        "with raster_files.open_frames(sys.argv[1]) as frames: print(frames.description['coordinates'])"
    )
    (tmp_path / "proj.db").write_bytes(b"another program's")
    environment = {**os.environ, "PROJ_DATA": str(tmp_path), "PROJ_LIB": str(tmp_path), "GDAL_DATA": str(tmp_path)}
    result = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        env=environment | {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)},
        capture_output=True,
        text=True,
    )
    assert (result.stdout.strip(), result.returncode) == ("EPSG:32631", 0), result.stderr
