"""Pages of a TIFF that lead back to one before."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile

from ganzoo.errors import ImageError
from ganzoo.image_io import raster_files


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
