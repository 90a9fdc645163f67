"""IDX files, the format of MNIST and Fashion-MNIST (yann.lecun.com/exdb/mnist), plain or gzipped."""

from __future__ import annotations

import gzip
import io
import math
import struct
import zlib

import numpy as np
import torch
from torch import Tensor

from ganzoo.data.sources import Source
from ganzoo.errors import DataError
from ganzoo.files.limits import FILE

UNSIGNED_BYTE = 0x08


def find(source: Source, part: str = "train") -> tuple[str, str | None] | None:
    """Return the names of the image file and the label file of ``part`` ("train" or "t10k"), or None."""
    images = [name for name in source.names if f"{part}-images" in name and "idx3" in name]
    labels = [name for name in source.names if f"{part}-labels" in name and "idx1" in name]
    return (images[0], labels[0] if labels else None) if images else None


def read(source: Source, names: tuple[str, str | None]) -> tuple[Tensor, Tensor | None]:
    """Return images (N, 1, H, W) and labels (N,) or None, uint8, for the names from `find`.

    Raises:
        DataError: A file is damaged or holds something else, or the two do not belong together.
    """
    images = parse(source.read(names[0]), names[0])
    if images.ndim != 3 or not images.numel():
        raise DataError(f"{names[0]} has the shape {tuple(images.shape)}, where images have (N, H, W).")
    if names[1] is None:
        return images[:, None], None
    labels = parse(source.read(names[1]), names[1])
    if labels.shape != images.shape[:1]:
        raise DataError(
            f"{names[0]} has {len(images)} images and {names[1]} {tuple(labels.shape)} labels. "
            "Give the two files of one data set."
        )
    return images[:, None], labels


def _unpacked(content: bytes, name: str) -> bytes:
    """Return what a gzip file holds; it is not unpacked any further than the limit."""
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
        raw = file.read(FILE.value + 1)
    FILE.check(len(raw), f"{name}, unpacked,", DataError)
    return raw


def parse(content: bytes, name: str) -> Tensor:
    """Return the uint8 tensor of an IDX file: (N, H, W) for images, (N,) for labels.

    Raises:
        DataError: The file is truncated, or does not hold unsigned bytes.
    """
    try:
        raw = _unpacked(content, name) if content[:2] == b"\x1f\x8b" else content
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{name} is a damaged gzip file ({error}). Copy or download it again.") from error
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] != UNSIGNED_BYTE or len(raw) < 4 + 4 * raw[3]:
        raise DataError(f"{name} is not an IDX file of unsigned bytes.")
    shape = struct.unpack(f">{raw[3]}I", raw[4 : 4 + 4 * raw[3]])
    found, stated = len(raw) - 4 - 4 * raw[3], math.prod(shape)
    if found != stated:
        problem = "it is truncated" if found < stated else "it is damaged"
        raise DataError(
            f"{name} holds {found} bytes where its header says {stated}: {problem}. Copy or download it again."
        )
    return torch.from_numpy(np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).copy()).reshape(shape)
