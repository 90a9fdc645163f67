"""Directories of tags, which TIFF files and EXIF blocks are made of. Source: TIFF 6.0, sections 2 and 8; BigTIFF.

A value is kept as the bytes it has in the file; `KINDS` says of how many each number has.
"""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, TypeAlias

# Kind of value: bytes of one, and struct's letter where it is an integer.
KINDS = {
    1: (1, "B"),
    2: (1, ""),  # text
    3: (2, "H"),
    4: (4, "I"),
    5: (8, ""),  # fraction
    6: (1, "b"),
    7: (1, ""),  # anything
    8: (2, "h"),
    9: (4, "i"),
    10: (8, ""),  # fraction with sign
    11: (4, ""),  # floats
    12: (8, ""),
    13: (4, "I"),  # address of a directory
    16: (8, "Q"),
    17: (8, "q"),
    18: (8, "Q"),
}

Value: TypeAlias = tuple[int, bytes]  # kind and bytes
Values: TypeAlias = Mapping[int, Value]  # by tag


@dataclass(frozen=True)
class Directory:
    """One directory of a file: where the value of each tag lies. Values are read when they are asked for.

    ``order`` is struct's sign of the byte order; ``places`` has kind, count and address for each tag. ``length`` is
    how many bytes all values take together: more than the file has only where they overlap.
    """

    file: IO[bytes]
    order: str
    big: bool
    places: dict[int, tuple[int, int, int]]
    length: int

    def __contains__(self, tag: int) -> bool:
        return tag in self.places

    def value(self, tag: int) -> Value:
        """Return the kind and the bytes of a tag. Raises KeyError."""
        kind, count, place = self.places[tag]
        self.file.seek(place)
        return kind, self.file.read(count * KINDS[kind][0])

    def numbers(self, tag: int, *default: int) -> tuple[int, ...]:
        """Return a tag's integers, or ``default`` where it is missing or holds none."""
        if tag not in self.places:
            return default
        kind, data = self.value(tag)
        size, letter = KINDS[kind]
        return struct.unpack(f"{self.order}{len(data) // size}{letter}", data) if letter else default

    def number(self, tag: int, default: int = 0) -> int:
        """Return a tag's first integer."""
        return self.numbers(tag, default)[0]

    def child(self, tag: int) -> Directory | None:
        """Return the directory whose address a tag has, or None."""
        address = self.number(tag)
        return _at(self.file, self.order, self.big, address) if address > 0 else None


def read(source: IO[bytes] | bytes) -> Directory:
    """Return the first directory of a TIFF file, or of an EXIF block without its first six bytes.

    Values that lie beyond the end, or are of no known kind, are left out. Raises ValueError where it is none, or
    where its values overlap so much that they are more than the file.
    """
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    file.seek(0)
    head = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    version = head[2:4].strip(b"\0")
    if order is None or version not in (b"*", b"+") or len(head) < 8:
        raise ValueError("it has no TIFF header")
    big = version == b"+"
    (address,) = struct.unpack_from(order + ("Q" if big else "I"), head.ljust(16, b"\0"), 8 if big else 4)
    directory = _at(file, order, big, address)
    if directory is None:
        raise ValueError("its directory lies beyond its end")
    if directory.length > file.seek(0, os.SEEK_END):
        raise ValueError("its directory refers to more bytes than it has")
    return directory


def _at(file: IO[bytes], order: str, big: bool, address: int) -> Directory | None:
    end = file.seek(0, os.SEEK_END)
    count_format, entry_format = (order + "Q", order + "HHQ8s") if big else (order + "H", order + "HHI4s")
    start = address + struct.calcsize(count_format)
    if start > end:
        return None
    file.seek(address)
    (count,) = struct.unpack(count_format, file.read(start - address))
    size = struct.calcsize(entry_format)
    entries = file.read(min(count * size, (end - start) // size * size))
    places, total = {}, 0
    for index, (tag, kind, number, field) in enumerate(struct.iter_unpack(entry_format, entries)):
        length = KINDS.get(kind, (0, ""))[0] * number
        place = start + (index + 1) * size - len(field)
        if length > len(field):
            (place,) = struct.unpack(order + ("Q" if big else "I"), field)
        if length and place + length <= end:
            places[tag] = (kind, number, place)
            total += length
    return Directory(file, order, big, places, total)


def write(order: str, values: Values, start: int, children: Mapping[int, Values] | None = None) -> bytes:
    """Return a directory that will lie at ``start``, its values behind it, then ``children``, by the tag of each."""
    children = children or {}
    pointers = {tag: (4, bytes(4)) for tag in children}
    rest = b""
    end = start + len(_written(order, {**values, **pointers}, start))
    for tag, child in children.items():
        pointers[tag] = (4, struct.pack(order + "I", end + len(rest)))
        rest += _written(order, child, end + len(rest))
    return _written(order, {**values, **pointers}, start) + rest


def _written(order: str, values: Values, start: int) -> bytes:
    entries, behind = b"", b""
    place = start + 2 + 12 * len(values) + 4
    for tag, (kind, data) in sorted(values.items()):
        field = data.ljust(4, b"\0")
        if len(data) > 4:
            field = struct.pack(order + "I", place + len(behind))
            behind += data + bytes(len(data) % 2)  # addresses are even
        entries += struct.pack(order + "HHI", tag, kind, len(data) // KINDS[kind][0]) + field
    return struct.pack(order + "H", len(values)) + entries + bytes(4) + behind
