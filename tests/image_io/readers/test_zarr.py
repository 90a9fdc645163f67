"""OME-Zarr: windows of levels are read, and a copy has the same values, dimensions, pixel size and channels."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from channel_models import bands, identity
from click.testing import CliRunner
from needs import require

from ganzoo.batch.rasters import Selection, translate_file
from ganzoo.cli.main import cli
from ganzoo.contracts.writer import OutputSpec
from ganzoo.data.rasters.sides import find_files
from ganzoo.errors import ImageError, MissingPackage, OutputError
from ganzoo.image_io import raster_files
from ganzoo.image_io.readers.zarr_reader import ZarrReader
from ganzoo.inference.image_pass import Settings
from ganzoo.rasters.channel import Channel
from ganzoo.rasters.raster import Raster

require("zarr")
UNITS = {"t": "second", "z": "micrometer", "y": "micrometer", "x": "micrometer"}


def open_group(path: str, **options: Any) -> Any:
    """Return zarr's own view of a folder; zarr takes half a second to import."""
    return importlib.import_module("zarr").open_group(path, **options)


def values(shape: tuple[int, ...], dtype: str = "uint16") -> np.ndarray:
    return (np.arange(np.prod(shape)) % 60_000).reshape(shape).astype(dtype)


def written(path: Path, pixels: np.ndarray, axes: str, version: int = 2, levels: int = 1, **extra: Any) -> Path:
    """Write an image with zarr and JSON alone."""
    group = open_group(str(path), mode="w", zarr_format=version)
    datasets = []
    for level in range(levels):
        part = pixels[..., :: 2**level, :: 2**level]
        keys = {"name": "v2" if version == 2 else "default", "separator": "/"}
        chunks = (*(1,) * (part.ndim - 2), 16, 24)
        group.create_array(str(level), data=part, chunks=chunks, chunk_key_encoding=keys)
        sizes = [{"z": 2.0, "y": 0.5 * 2**level, "x": 0.25 * 2**level}.get(letter, 1.0) for letter in axes]
        datasets.append({"path": str(level), "coordinateTransformations": [{"type": "scale", "scale": sizes}]})
    described = [
        {"name": letter, "type": "space", **({"unit": UNITS[letter]} if letter in UNITS else {})} for letter in axes
    ]
    words = {"multiscales": [{"name": "cells", "axes": described, "datasets": datasets}], **extra}
    group.attrs.update({"ome": {"version": "0.5", **words}, "mine": 7} if version == 3 else {**words, "mine": 7})
    return path


def copy(source: Path, target: Path) -> None:
    with raster_files.open_frames(source) as frames:
        first = frames[0]
        lengths = frames.lengths
        spec = OutputSpec(
            first.shape, str(first.dtype), first.channels, len(frames), frames.axis, first, lengths=lengths
        )
        writer = raster_files.find_writer(target, first)
        writer.check(spec)
        with writer.open(str(target), spec) as file:
            for number, raster in enumerate(frames):
                file.write_window(0, 0, np.asarray(raster), None, number)


def facts(path: Path) -> dict[str, Any]:
    group = open_group(str(path), mode="r")
    words = group.attrs.asdict()
    words = words.get("ome", words)
    image = words["multiscales"][0]
    return {
        "format": group.metadata.zarr_format,
        "axes": image["axes"],
        "name": image.get("name"),
        "datasets": image["datasets"],
        "omero": words.get("omero"),
        "mine": group.attrs.get("mine"),
        "arrays": [(group[one["path"]].shape, str(group[one["path"]].dtype)) for one in image["datasets"]],
        "chunks": group[image["datasets"][0]["path"]].chunks,
        "values": group[image["datasets"][0]["path"]][...].tolist(),
    }


OMERO = {"omero": {"channels": [{"label": "DAPI", "color": "0000FF"}, {"label": "GFP", "color": "00FF00"}]}}


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize(
    ("axes", "shape", "extra"),
    [
        ("yx", (40, 64), {}),
        ("cyx", (2, 40, 64), OMERO),
        ("zyx", (3, 40, 64), {}),
        ("tczyx", (2, 2, 3, 40, 64), OMERO),
        ("tczyx", (1, 1, 1, 40, 64), {}),
        ("tyx", (3, 40, 64), {}),
    ],
)
def test_a_copy_is_equal(axes: str, shape: tuple[int, ...], extra: Any, version: int, tmp_path: Path) -> None:
    source = written(tmp_path / "in.ome.zarr", values(shape), axes, version, levels=2, **extra)
    copy(source, tmp_path / "out.ome.zarr")
    before, after = facts(source), facts(tmp_path / "out.ome.zarr")
    assert {name: (before[name], after[name]) for name in before if before[name] != after[name]} == {}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.ome.zarr", "out.ome.zarr"]


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "uint32", "int64", "float16", "float32", "float64"])
def test_every_type_comes_back(dtype: str, tmp_path: Path) -> None:
    pixels = values((2, 20, 30), "uint8" if dtype.endswith("8") else "uint16").astype(dtype)
    Raster.from_array(pixels).save(tmp_path / "out.zarr")
    with raster_files.open_frames(tmp_path / "out.zarr") as frames:
        assert frames[0].dtype == dtype and np.array_equal(np.asarray(frames[0]), pixels)


def test_frames_channels_levels_and_windows_are_those_in_the_file(tmp_path: Path) -> None:
    pixels = values((2, 2, 3, 40, 64))
    source = written(tmp_path / "in.ome.zarr", pixels, "tczyx", levels=2, **OMERO)
    with raster_files.open_frames(source) as frames:
        assert (len(frames), frames.axis, frames.labels[4]) == (6, "TZ", "T 2, Z 2")
        raster = frames[4]
        assert [channel.name for channel in raster.channels] == ["DAPI", "GFP"]
        assert np.array_equal(raster.window((3, 21), (30, 50)), pixels[1, :, 1, 3:21, 30:50])
        assert np.array_equal(np.asarray(raster.at_level(1).select("GFP")), pixels[1, 1:, 1, ::2, ::2])
        assert frames.description["pixel size"] == "0.25 x 0.5 x 2 micrometer"


def test_a_translation_has_the_models_channels_and_a_pyramid(tmp_path: Path) -> None:
    source = written(tmp_path / "in.ome.zarr", values((2, 600, 700)), "cyx", **OMERO)
    outputs = (Channel("dose", "Gy", (0, 1), dtype="float32"), Channel("dose 2", "Gy", (0, 1), dtype="float32"))
    arguments = (str(source), str(tmp_path / "out.ome.zarr"), Selection(), Settings())
    translate_file(identity(*bands(2, 65535), outputs=outputs), *arguments)
    with raster_files.open_frames(tmp_path / "out.ome.zarr") as frames:
        assert [channel.name for channel in frames[0].channels] == ["dose", "dose 2"]
        assert frames[0].channels[0].unit == "Gy" and frames[0].levels == ((600, 700),), "as many levels as the input"
        assert np.allclose(np.asarray(frames[0]), values((2, 600, 700)) / 65535, atol=1e-6)
    Raster.from_array(values((1, 600, 700))).save(tmp_path / "new.ome.zarr")
    with raster_files.open_frames(tmp_path / "new.ome.zarr") as frames:
        assert frames[0].levels == ((600, 700), (300, 350), (150, 175))


def test_commands_take_the_folder_as_one_image(tmp_path: Path) -> None:
    source = written(tmp_path / "in.ome.zarr", values((2, 40, 64)), "cyx", **OMERO)
    done = CliRunner().invoke(cli, ["inspect", str(source), "--json"])
    assert done.exit_code == 0, done.output
    assert [channel["name"] for channel in json.loads(done.output)[0]["channels"]] == ["DAPI", "GFP"]
    found = find_files(str(source), raster_files.suffixes())
    assert [each.paths for each in found] == [(str(source),)]
    assert len(find_files(str(tmp_path / "*.zarr"), raster_files.suffixes())) == 1


def test_what_is_no_image_or_leaves_its_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_group(str(tmp_path / "plain.zarr"), mode="w")
    with pytest.raises(ImageError, match="is not an image of a supported kind"):
        raster_files.open_frames(tmp_path / "plain.zarr")
    source = written(tmp_path / "in.zarr", values((40, 64)), "yx")
    attributes = json.loads((source / ".zattrs").read_text())
    attributes["multiscales"][0]["datasets"][0]["path"] = "../plain.zarr"
    (source / ".zattrs").write_text(json.dumps(attributes))
    with pytest.raises(ImageError, match="refers to arrays outside of itself"):
        raster_files.open_frames(source)
    attributes["multiscales"] = [{}]
    (source / ".zattrs").write_text(json.dumps(attributes))
    with pytest.raises(ImageError, match="does not describe an OME-Zarr image"):
        raster_files.open_frames(source)
    with pytest.raises(OutputError, match=r"in\.zarr: it exists already"):
        Raster.from_array(values((1, 9, 9))).save(source)
    monkeypatch.setattr(ZarrReader, "packages", ("no_zarr_here",))
    with pytest.raises(MissingPackage, match=r"ganzoo-core\[zarr\]"):
        raster_files.open_frames(source)


def test_a_damaged_chunk_is_one_error(tmp_path: Path) -> None:
    source = written(tmp_path / "in.zarr", values((40, 64)), "yx")
    chunk = next(path for path in (source / "0").rglob("*") if path.is_file() and not path.name.startswith("."))
    chunk.write_bytes(b"broken")
    with raster_files.open_frames(source) as frames, pytest.raises(ImageError, match="cannot be read"):
        np.asarray(frames[0])


@pytest.mark.parametrize("place", ["filters", "compressor"])
def test_pixels_behind_pickle_are_refused_before_anything_is_decoded(tmp_path: Path, place: str) -> None:
    path = written(tmp_path / "x.ome.zarr", values((6, 8)), "yx")
    file = path / "0" / ".zarray"
    codec = {"id": "pickle"}
    file.write_text(json.dumps({**json.loads(file.read_text()), place: [codec] if place == "filters" else codec}))
    with pytest.raises(ImageError, match="is stored by pickle, which runs code, and is not read"):
        raster_files.open_frames(path)


def test_attributes_nested_too_deeply_are_no_image(tmp_path: Path) -> None:
    path = written(tmp_path / "x.ome.zarr", values((6, 8)), "yx")
    (path / ".zattrs").write_text("[" * 100_000)
    with pytest.raises(ImageError):
        raster_files.open_frames(path)
