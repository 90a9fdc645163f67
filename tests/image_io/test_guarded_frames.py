"""A third party's reader may raise anything at any moment: one sentence names the file, and nothing else is lost."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from conftest import picture

import ganzoo
from ganzoo import catalog
from ganzoo.catalog import discovery
from ganzoo.contracts.reader import Frames, Reader
from ganzoo.errors import ImageError
from ganzoo.image_io import raster_files
from ganzoo.rasters.raster import ArraySource, Raster

pytestmark = pytest.mark.usefixtures("fresh")


class LateSource(ArraySource):
    def read(self, *_: Any) -> Any:
        raise KeyError("pixels")


class Odd(Reader):
    """Opens files that begin with ODD and a word that says where it fails."""

    suffixes = (".odd",)
    precedence = 99

    def recognizes(self, head: bytes, path: str) -> bool:
        if head.startswith(b"ODD recognizes"):
            raise IndexError("recognizes")
        return head.startswith(b"ODD")

    def open(self, path: str, *, axes: str = "", max_pixels: int | None = None) -> Frames:
        return OddFrames(Path(path).read_text().split()[1])


class OddFrames(Frames):
    def __init__(self, where: str) -> None:
        self.where = where
        if where == "open":
            raise ZeroDivisionError("open")

    def __len__(self) -> int:
        if self.where == "len":
            raise TypeError("len")
        return 1

    def __getitem__(self, index: int) -> Raster:
        if self.where == "getitem":
            raise AttributeError("getitem")
        raster = Raster.from_array(np.zeros((1, 4, 5), np.uint8), "CYX")
        return replace(raster, source=LateSource(np.zeros((1, 4, 5), np.uint8))) if self.where == "pixels" else raster

    @property
    def description(self) -> dict[str, str]:
        raise RuntimeError("description")


def add(build: Any) -> None:
    found = replace(catalog.find("reader:numpy"), name="odd", build=build)
    catalog.refresh()
    discovery.manager().register(SimpleNamespace(ganzoo_entries=ganzoo.hookimpl(lambda: [found])), "odd-plugin")


@pytest.mark.parametrize("where", ["open", "len", "getitem", "pixels", "description"])
def test_an_error_of_a_reader_names_the_file(tmp_path: Path, where: str) -> None:
    add(lambda config: Odd())
    path = tmp_path / "x.odd"
    path.write_text(f"ODD {where}")
    expected = rf"x\.odd.* cannot be read: '?{where}'?\. Check that"
    with pytest.raises(ImageError, match=expected), raster_files.open_frames(path) as frames:
        np.asarray(frames[0])
        _ = frames.description


@pytest.mark.parametrize("fails", ["when it is built", "when it looks at a file"])
def test_a_reader_that_fails_takes_no_other_away(tmp_path: Path, fails: str, caplog: pytest.LogCaptureFixture) -> None:
    def build(config: object) -> Odd:
        if fails == "when it is built":
            raise ImportError("no module named odd_format")
        return Odd()

    add(build)
    picture(5, 4).save(tmp_path / "x.png")
    (tmp_path / "x.odd").write_text("ODD recognizes")
    with caplog.at_level(logging.WARNING, "ganzoo"):
        for _ in range(2):
            assert raster_files.open_frames(tmp_path / "x.png")[0].shape == (3, 4, 5)
            with pytest.raises(ImageError, match="is not an image of a supported kind"):
                raster_files.find_reader(tmp_path / "x.odd")
    (record,) = caplog.records
    assert record.message.startswith("Skipped reader:odd of odd-plugin: I")
