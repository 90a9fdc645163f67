"""TIFF: the size, profile and XMP of its first image. Source: TIFF 6.0; BigTIFF."""

from __future__ import annotations

import os
from typing import IO

from ganzoo.image_io.readers import metadata, tag_directories, tiff, tiff_chain
from ganzoo.image_io.readers.container import NO_IMAGE, Container

INTEROPERABILITY = 0xA005


def read(file: IO[bytes]) -> Container:
    tags = tag_directories.read(file)
    for tag in (metadata.EXIF_TAGS, metadata.GPS_TAGS, INTEROPERABILITY):  # Pillow reads what these point to
        child = tags.child(tag)
        if child and child.length > file.seek(0, os.SEEK_END):
            raise ValueError(tag_directories.OVERLAP)
    if tiff.WIDTH not in tags or tiff.HEIGHT not in tags:
        raise ValueError(NO_IMAGE)
    width, height = tags.number(tiff.WIDTH), tags.number(tiff.HEIGHT)
    icc, xmp = (tags.value(tag)[1] if tag in tags else b"" for tag in (metadata.ICC, metadata.XMP))
    more = tiff_chain.has_more_images(file)
    return Container("TIFF", width, height, tiff.min_bytes(tags), file, icc, b"", xmp, tags, more=more)
