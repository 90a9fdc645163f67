"""The chain of pages in a TIFF file, followed before a library does: it may lead back to a page before."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO

from ganzoo.errors import ImageError
from ganzoo.files.regular import open_regular

MAX_PAGES = 1_000_000
MAX_TAGS = 4096
SHORT = 3
SUBFILE_TYPE, REDUCED_OR_MASK = 254, 1 | 4


def check_chain(path: str) -> None:
    """Raise ImageError where the pages of a file form a circle, in which a reader would go round and round.

    Other damage is left to the reader, which has words for it.
    """
    with open_regular(path) as file:
        for _ in _walk(file, path):
            pass


def directories(path: str) -> Iterator[dict[int, int]]:
    """Yield the tags of each page: number of the tag -> the first number that its entry holds, or where its value lies.

    Raises:
        ImageError: The pages form a circle.
    """
    with open_regular(path) as file:
        yield from _pages(file, path)


def has_more_images(file: IO[bytes]) -> bool:
    """Return whether a page after the first is an image of its own: no smaller copy of another page, and no mask."""
    pages = _pages(file, "The file")
    try:
        next(pages, None)
        return any(not page.get(SUBFILE_TYPE, 0) & REDUCED_OR_MASK for page in pages)
    except ImageError:  # back at a page that was there before
        return False


def _pages(file: IO[bytes], name: str) -> Iterator[dict[int, int]]:
    for order, entry, value, tags in _walk(file, name):
        block = file.read(min(tags, MAX_TAGS) * entry)
        found = {}
        for start in range(0, len(block) - entry + 1, entry):
            tag, type_ = struct.unpack_from(f"{order}HH", block, start)
            kind = order + ("H" if type_ == SHORT else "I")
            found[tag] = struct.unpack_from(kind, block, start + entry - value)[0]
        yield found


def _walk(file: IO[bytes], name: str) -> Iterator[tuple[str, int, int, int]]:
    """Go to the first entry of each page; yield byte order, bytes of an entry and of its value, number of entries.

    Raises:
        ImageError: The pages form a circle.
    """
    file.seek(0)
    order, count, entry, link, position = _head(file.read(16))
    size, seen = struct.calcsize(link), set[int]()
    while position and len(seen) < MAX_PAGES:
        if position in seen:
            raise ImageError(f"{name} cannot be read: its pages form a circle. Check that the file is complete.")
        seen.add(position)
        file.seek(min(position, 2**62))
        tags = _number(file.read(struct.calcsize(count)), order + count)
        first = file.tell()
        yield order, entry, size, tags
        file.seek(first + min(tags * entry, 2**40))
        position = _number(file.read(size), order + link)


def _head(head: bytes) -> tuple[str, str, int, str, int]:
    """Return byte order, type of a count of entries, bytes of an entry, type of a link, and where the first page is."""
    order = "<" if head[:2] == b"II" else ">"
    big = head[2:4] in (b"\x2b\0", b"\0\x2b")
    count, entry, link, place = ("Q", 20, "Q", 8) if big else ("H", 12, "I", 4)
    return order, count, entry, link, _number(head[place : place + struct.calcsize(link)], order + link)


def _number(data: bytes, kind: str) -> int:
    """Return a number; 0, the end of the chain, where the file ends."""
    return int(struct.unpack(kind, data)[0]) if len(data) == struct.calcsize(kind) else 0
