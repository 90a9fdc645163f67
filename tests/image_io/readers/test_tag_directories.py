"""Directories of tags: read as they were written, and never more than the file has."""

from __future__ import annotations

import io
import struct

import pytest
import raw_files as raw

from ganzoo.image_io.readers import metadata, tag_directories


@pytest.mark.parametrize("order", ["<", ">"])
def test_written_is_what_is_read(order: str) -> None:
    values = {271: (2, b"maker\0"), 256: (4, struct.pack(order + "I", 7)), 258: (3, struct.pack(order + "3H", 1, 2, 3))}
    children = {34665: {36867: (2, b"yesterday\0")}, 34853: {1: (2, b"N\0")}}
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    found = tag_directories.read(head + tag_directories.write(order, values, 8, children))
    assert {tag: found.value(tag) for tag in values} == values
    assert set(found.entries) == {*values, *children}
    for tag, child in children.items():
        below = found.child(tag)
        assert below and {one: below.value(one) for one in below.entries} == child
    assert (found.number(256), found.numbers(258), found.numbers(271, 5), found.number(9, 4)) == (7, (1, 2, 3), (5,), 4)


@pytest.mark.parametrize("order", ["<", ">"])
def test_big_tiff(order: str) -> None:
    head = (b"II+\0" if order == "<" else b"MM\0+") + struct.pack(order + "HHQ", 8, 0, 16)
    entry = struct.pack(order + "HHQQ", 273, 16, 2, 16 + 8 + 20 + 8)
    data = head + struct.pack(order + "Q", 1) + entry + bytes(8) + struct.pack(order + "QQ", 5, 1 << 40)
    assert tag_directories.read(data).numbers(273) == (5, 1 << 40)


def test_what_lies_beyond_the_end_is_left_out() -> None:
    data = raw.exif((271, 2, b"a long name\0"), (274, 3, 6), (305, 2, b"another long name\0"))[6:]
    assert set(tag_directories.read(data[:-4]).entries) == {271, 274}
    assert set(tag_directories.read(data[:34]).entries) == {
        274
    }  # of the first the value is missing, of the third the tag


def test_no_directories() -> None:
    for data in (b"", b"II*\0", b"XX*\0\x08\0\0\0\0\0", b"II-\0\x08\0\0\0\0\0", b"II*\0\xff\0\0\0"):
        with pytest.raises(ValueError, match=r"header|beyond"):
            tag_directories.read(data)


def test_values_that_overlap_are_refused() -> None:
    lies = b"".join(struct.pack("<HHII", tag, 7, 500, 8) for tag in range(50))
    with pytest.raises(ValueError, match="more bytes than it has"):
        tag_directories.read(b"II*\0\x08\0\0\0\x32\0" + lies + bytes(4))


def test_directory_without_end_is_read_as_far_as_it_goes() -> None:
    file = io.BytesIO(b"II*\0\x08\0\0\0\xff\xff" + struct.pack("<HHII", 274, 3, 1, 6))
    assert tag_directories.read(file).number(274) == 6


@pytest.mark.parametrize("address", [8, 2**32 - 1, 0])
def test_children_that_are_none(address: int) -> None:
    block = raw.exif((271, 2, b"maker\0"), (34665, 4, address))
    found = metadata.parse_exif(block)
    assert found
    made = metadata.upright_exif(found)
    assert made.startswith(b"Exif\0\0II*\0") and b"maker\0" in made and len(made) < 100
