"""IDX files, the format of MNIST and Fashion-MNIST (yann.lecun.com/exdb/mnist), plain or gzipped."""

from __future__ import annotations

import gzip
import math
import struct
import zlib

import torch
from torch import Tensor

from ganzoo.data.sources import Source
from ganzoo.errors import DataError

UNSIGNED_BYTE = 0x08


def find(source: Source, part: str = "train") -> tuple[str, str | None] | None:
    """Return the names of the image file and the label file of ``part`` ("train" or "t10k"), or None."""
    images = [name for name in source.names if f"{part}-images" in name and "idx3" in name]
    labels = [name for name in source.names if f"{part}-labels" in name and "idx1" in name]
    return (images[0], labels[0] if labels else None) if images else None


def parse(content: bytes, name: str) -> Tensor:
    """Return the uint8 tensor of an IDX file, as (N, H, W) for images or (N,) for labels.

    Raises DataError when it is truncated or holds anything but unsigned bytes.
    """
    try:
        raw = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{name} is a damaged gzip file ({error}). Copy or download it again.") from error
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] != UNSIGNED_BYTE or len(raw) < 4 + 4 * raw[3]:
        raise DataError(f"{name} is no IDX file of unsigned bytes.")
    shape = struct.unpack(f">{raw[3]}I", raw[4 : 4 + 4 * raw[3]])
    body = raw[4 + 4 * raw[3] :]
    if len(body) != math.prod(shape):
        raise DataError(f"{name} holds {len(body)} bytes where its head says {math.prod(shape)}: it is truncated.")
    return torch.frombuffer(bytearray(body), dtype=torch.uint8).reshape(shape)
