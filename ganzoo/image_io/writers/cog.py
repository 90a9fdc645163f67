"""A tiled GeoTIFF -> a cloud-optimized one, with the tags of every namespace.

GDAL's driver for COG can only copy, and copies either the tags of bands or those of other namespaces than its own.
Where a file has both, room for the first is left in its XML, and filled afterwards in place, so that the layout stays.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from ganzoo.errors import OutputError
from ganzoo.image_io.readers.geo_handles import library
from ganzoo.image_io.readers.tiff_metadata import GDAL_METADATA

ROOM = "GANZOO_ROOM"
FILLER = "x"


class BandTags:
    """The tags of bands that the driver would lose, as GDAL's XML has them; empty where it loses none."""

    def __init__(self, bands: Sequence[Mapping[str, Any]], tags: Mapping[str, Any]) -> None:
        self.other_spaces = any(space for one in (tags, *(band["tags"] for band in bands)) for space in one)
        items = [
            f'<Item name={quoteattr(key)} sample="{number}">{escape(text)}</Item>\n'
            for number, band in enumerate(bands)
            for key, text in band["tags"].get("", {}).items()
        ]
        self._text = "".join(items).encode() if self.other_spaces else b""

    def leave_room(self, dataset: Any) -> None:
        """Put a placeholder into the file that will be copied."""
        if self._text:
            dataset.update_tags(**{ROOM: FILLER * len(self._text)})

    def fill(self, path: Path) -> None:
        """Put the tags where the placeholder is."""
        if not self._text:
            return
        import tifffile

        placeholder = f'<Item name="{ROOM}">{FILLER * len(self._text)}</Item>'.encode()
        with tifffile.TiffFile(path) as file:
            tag = file.pages.first.tags[GDAL_METADATA]
            place, length = int(tag.valueoffset), int(tag.count)
        with path.open("r+b") as stream:
            stream.seek(place)
            words = stream.read(length)
            if words.count(placeholder) != 1:
                raise OutputError(f"{path} cannot get the tags of its bands. Write a .tif that is not a .cog.tif.")
            stream.seek(place + words.index(placeholder))
            stream.write(self._text.ljust(len(placeholder)))


def optimize(path: Path, tags: BandTags, **storage: Any) -> None:
    """Replace a closed tiled GeoTIFF by a COG of the same content."""
    target = path.with_name(f"{path.name}.cog")
    space = {"copy_src_mdd": "YES"} if tags.other_spaces else {}
    try:
        library().shutil.copy(str(path), str(target), driver="COG", strict=False, **storage, **space)
        tags.fill(target)
        os.replace(target, path)
    finally:
        target.unlink(missing_ok=True)
