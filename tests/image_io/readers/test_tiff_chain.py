"""Pages of a TIFF that lead back to one before."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile

from ganzoo.errors import ImageError
from ganzoo.image_io import decoding, raster_files


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("big", [False, True])
def test_pages_in_a_circle_are_refused_and_a_chain_is_read(tmp_path: Path, order: str, big: bool) -> None:
    path = tmp_path / "x.tif"
    pages = np.arange(5 * 8 * 9, dtype=np.uint16).reshape(5, 8, 9)
    with tifffile.TiffWriter(path, bigtiff=big, byteorder=order) as writer:  # type: ignore[arg-type]
        for page in pages:
            writer.write(page, metadata=None)
    with raster_files.open_frames(path) as frames:
        assert len(frames) == 5
    with tifffile.TiffFile(path) as file:
        first, last = file.pages[0].offset, file.pages[-1].offset
    content = bytearray(path.read_bytes())
    size, entry, link = (8, 20, "Q") if big else (2, 12, "I")
    (tags,) = struct.unpack(order + ("Q" if big else "H"), content[last : last + size])
    end = last + size + tags * entry
    content[end : end + struct.calcsize(link)] = struct.pack(order + link, first)
    path.write_bytes(content)
    with pytest.raises(ImageError, match="its pages form a circle"):
        raster_files.open_frames(path)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize(("kind", "more"), [(0, True), (2, True), (1, False), (4, False)])
def test_overviews_and_masks_are_no_further_images(kind: int, more: bool, dtype: str) -> None:
    """Type 2 is a page of several, 4 a mask."""
    content = io.BytesIO()
    with tifffile.TiffWriter(content) as writer:
        writer.write(np.zeros((8, 9), dtype), metadata=None)
        for side in (4, 2):
            page = np.zeros((side, side), bool if kind == 4 else dtype)
            writer.write(page, metadata=None, photometric="minisblack", subfiletype=kind)
    assert decoding.read(content.getvalue()).more == more
    with tifffile.TiffWriter(content := io.BytesIO()) as writer:
        writer.write(np.zeros((8, 9), dtype), metadata=None)
    assert not decoding.read(content.getvalue()).more
