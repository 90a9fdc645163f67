"""Directories of tags, which TIFF files and EXIF blocks are made of. Source: TIFF 6.0, sections 2 and 8; BigTIFF.

A value stays as the bytes that it has in the file; `TYPES` says how many bytes each number has.
"""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, TypeAlias

# TIFF's field types: bytes of one value, and struct's letter where it is an integer.
TYPES = {
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
SHORT, LONG, BYTES = 3, 4, 7
OVERLAP = "its directory refers to more bytes than it has"

Value: TypeAlias = tuple[int, bytes]  # type and bytes
Values: TypeAlias = Mapping[int, Value]  # by tag


@dataclass(frozen=True)
class Directory:
    """One directory of a file: where the value of each tag lies. Values are read on demand.

    Attributes:
        file: Where the values are read from.
        order: struct's sign of the byte order.
        big: Whether addresses have 64 bits (BigTIFF).
        entries: Type, count and address by tag.
        length: Bytes of all values together: more than the file has only where they overlap.
    """

    file: IO[bytes]
    order: str
    big: bool
    entries: dict[int, tuple[int, int, int]]
    length: int

    def __contains__(self, tag: int) -> bool:
        return tag in self.entries

    def value(self, tag: int) -> Value:
        """Return the type and the bytes of a tag. Raises KeyError."""
        type_, count, address = self.entries[tag]
        self.file.seek(address)
        return type_, self.file.read(count * TYPES[type_][0])

    def numbers(self, tag: int, *default: int) -> tuple[int, ...]:
        """Return a tag's integers, or ``default`` where it is missing or has none."""
        if tag not in self.entries:
            return default
        type_, data = self.value(tag)
        size, letter = TYPES[type_]
        return struct.unpack(f"{self.order}{len(data) // size}{letter}", data) if letter else default

    def number(self, tag: int, default: int = 0) -> int:
        """Return a tag's first integer."""
        return self.numbers(tag, default)[0]

    def child(self, tag: int) -> Directory | None:
        """Return the directory at the address in a tag, or None."""
        address = self.number(tag)
        return _read_at(self.file, self.order, self.big, address) if address > 0 else None


def read(source: IO[bytes] | bytes) -> Directory:
    """Return the first directory of a TIFF file, or of an EXIF block without its first six bytes.

    Values that lie beyond the end, or have an unknown type, are left out.

    Raises:
        ValueError: There is no directory, or its values overlap so much that together they are longer than the file.
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
    directory = _read_at(file, order, big, address)
    if directory is None:
        raise ValueError("its directory lies beyond its end")
    if directory.length > file.seek(0, os.SEEK_END):
        raise ValueError(OVERLAP)
    return directory


def _read_at(file: IO[bytes], order: str, big: bool, address: int) -> Directory | None:
    end = file.seek(0, os.SEEK_END)
    count_format, entry_format = (order + "Q", order + "HHQ8s") if big else (order + "H", order + "HHI4s")
    start = address + struct.calcsize(count_format)
    if start > end:
        return None
    file.seek(address)
    (count,) = struct.unpack(count_format, file.read(start - address))
    size = struct.calcsize(entry_format)
    data = file.read(min(count * size, (end - start) // size * size))
    entries, total = {}, 0
    for index, (tag, type_, number, field) in enumerate(struct.iter_unpack(entry_format, data)):
        length = TYPES.get(type_, (0, ""))[0] * number
        place = start + (index + 1) * size - len(field)
        if length > len(field):
            (place,) = struct.unpack(order + ("Q" if big else "I"), field)
        if length and place + length <= end:
            entries[tag] = (type_, number, place)
            total += length
    return Directory(file, order, big, entries, total)


def write(order: str, values: Values, start: int, children: Mapping[int, Values] | None = None) -> bytes:
    """Return the bytes of a directory that will lie at ``start``, its values behind it, then ``children`` by tag."""
    children = children or {}
    pointers = {tag: (LONG, bytes(4)) for tag in children}
    rest = b""
    end = start + len(_pack(order, {**values, **pointers}, start))
    for tag, child in children.items():
        pointers[tag] = (LONG, struct.pack(order + "I", end + len(rest)))
        rest += _pack(order, child, end + len(rest))
    return _pack(order, {**values, **pointers}, start) + rest


def _pack(order: str, values: Values, start: int) -> bytes:
    entries, behind = b"", b""
    place = start + 2 + 12 * len(values) + 4
    for tag, (type_, data) in sorted(values.items()):
        field = data.ljust(4, b"\0")
        if len(data) > 4:
            field = struct.pack(order + "I", place + len(behind))
            behind += data + bytes(len(data) % 2)  # addresses are even
        entries += struct.pack(order + "HHI", tag, type_, len(data) // TYPES[type_][0]) + field
    return struct.pack(order + "H", len(values)) + entries + bytes(4) + behind
