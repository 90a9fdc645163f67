"""The images of a data set: which frames make up each of them, and the group that is never parted."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ganzoo.data.rasters.frames import Frame, HeldFrame, StoredFrame, hold, opened
from ganzoo.data.rasters.options import TAG, RasterOptions
from ganzoo.data.rasters.sides import Files
from ganzoo.errors import DataError, OptionError
from ganzoo.rasters.channel import Channel
from ganzoo.rasters.panels import panel_channel

Layers = tuple[Frame, ...]  # of one image, its channels one after the other


@dataclass(frozen=True)
class Stack:
    """What one file, or several with parts of the same images, holds.

    Attributes:
        key: By which it is matched with the other side.
        name: For messages and groups, the first file's name.
        pages: The layers of each image.
        channels: Of every image.
    """

    key: str
    name: str
    pages: tuple[Layers, ...]
    channels: tuple[Channel, ...]


@dataclass(frozen=True)
class Item:
    """An image, or a block of one: what windows are cut out of.

    Attributes:
        name: "cells.tif, page 2".
        group: What is never parted between training and held-out images.
        file: The name of its file, its volume.
        sides: The layers of its input and its target, or of the only side.
        top: First row that counts.
        left: First column.
        height: Rows.
        width: Columns.
    """

    name: str
    group: str
    file: str
    sides: tuple[Layers, ...]
    top: int
    left: int
    height: int
    width: int


def open_stack(files: Files, options: RasterOptions, bands: str, words: str) -> Stack:
    """Open the files of one stack; no pixel is read.

    Args:
        files: Of one image.
        options: Of the data set.
        bands: Channels that count.
        words: What is read only when asked.

    Raises:
        DataError: A file cannot be read, or its parts have unlike numbers of frames.
        OptionError: There are no such bands.
    """
    counts = [len(opened(path, options.axes, words)) for path in files.paths]
    if len(set(counts)) > 1:
        found = ", ".join(f"{Path(path).name} {count}" for path, count in zip(files.paths, counts, strict=True))
        raise DataError(f"Files of one image have unlike numbers of pages: {found}.")
    own_bands = bands if not any(files.names) else ""
    pages = tuple(
        tuple(StoredFrame(path, number, options.axes, own_bands, words=words) for path in files.paths)
        for number in range(counts[0])
    )
    channels: list[Channel] = []
    for name, frame in zip(files.names, pages[0], strict=True):
        own = frame.channels
        numbers = [f"{name}{index + 1}" for index in range(len(own))] if len(own) > 1 else [name]
        channels += [replace(one, name=new) if name else one for one, new in zip(own, numbers, strict=True)]
    return Stack(files.key, Path(files.paths[0]).name, pages, tuple(channels))


def cut_panels(stack: Stack, count: int, panels: Sequence[int]) -> Stack:
    """Return the images that lie side by side in each page as its channels.

    Args:
        stack: Its pages have one layer each.
        count: Panels in a page.
        panels: The indices of those to take.
    """
    pages, names = [], []
    for (frame,) in stack.pages:
        width = frame.shape[2]
        if not isinstance(frame, StoredFrame) or width % count:
            raise DataError(f"{stack.name} is {width} pixels wide, which {count} panels do not divide.")
        side = width // count
        pages.append(tuple(replace(frame, left=panel * side, width=side) for panel in panels))
    for panel in panels:
        names += [panel_channel(channel, panel) for channel in stack.channels]
    return replace(stack, pages=tuple(pages), channels=tuple(names))


def with_neighbors(stack: Stack, neighbors: int) -> Stack:
    """Return the stack with the pages around each one as channels as well; at its ends the last page is repeated."""
    if not neighbors:
        return stack
    last = len(stack.pages) - 1
    reach = range(-neighbors, neighbors + 1)
    pages = [
        tuple(layer for offset in reach for layer in stack.pages[min(max(number + offset, 0), last)])
        for number in range(len(stack.pages))
    ]
    channels = [
        replace(channel, name=f"{channel.name}{offset:+d}" if offset else channel.name)
        for offset in reach
        for channel in stack.channels
    ]
    return replace(stack, pages=tuple(pages), channels=tuple(channels))


def make_items(stacks: Sequence[tuple[Stack, ...]], options: RasterOptions) -> list[Item]:
    """Return the images of stacks, each alone or as (input, target), with their groups.

    Raises:
        DataError: The two of a pair differ in pages or size.
    """
    items: list[Item] = []
    for sides in stacks:
        counts = {len(side.pages) for side in sides}
        if len(counts) > 1:
            found = " and ".join(f"{side.name} has {len(side.pages)}" for side in sides)
            raise DataError(f"Partners have unlike numbers of pages: {found}.")
        for number in range(counts.pop()):
            items += _split_blocks(_make_item(sides, number, options), options)
    return items


def _make_item(sides: tuple[Stack, ...], number: int, options: RasterOptions) -> Item:
    first = sides[0]
    name = f"{first.name}, page {number + 1}" if len(first.pages) > 1 else first.name
    sizes = {side.name: layer.shape[1:] for side in sides for layer in side.pages[number]}
    if len(set(sizes.values())) > 1:
        found = ", ".join(f"{file} {width}x{height}" for file, (height, width) in sizes.items())
        raise DataError(f"{name}: its parts are of unlike sizes, {found}. They should be aligned.")
    height, width = next(iter(sizes.values()))
    if options.split_by.startswith(TAG):
        group = group_of_tag(first.pages[number][0], options.split_by.removeprefix(TAG))
    else:
        group = find_group(name, first.name, options.split_by)
    return Item(name, group, first.name, tuple(side.pages[number] for side in sides), 0, 0, height, width)


def group_of_tag(frame: Frame, tag: str) -> str:
    """Return the group of an image by a tag of its file: a digest, since a tag may name a patient.

    Raises:
        OptionError: The file has no such tag.
    """
    value = frame.file().tag(tag) if isinstance(frame, StoredFrame) else ""
    if not value:
        name = frame.path if isinstance(frame, StoredFrame) else "An image"
        raise OptionError(f"split_by='{TAG}{tag}': {name} has no tag '{tag}'. All files should have it.")
    return f"{tag} {hashlib.sha256(value.encode()).hexdigest()[:12]}"


def find_group(name: str, file: str, split_by: str) -> str:
    """Return the group of an image: its file, its page, or what a regular expression finds in its file's name."""
    if split_by in ("", "file"):
        return file
    if split_by == "page" or split_by.startswith("block"):
        return name
    found = re.search(split_by, file)
    if found is None:
        raise OptionError(f"split_by='{split_by}' does not match '{file}'. It should match the name of every file.")
    return found.group(1) if found.groups() else found.group()


def _split_blocks(item: Item, options: RasterOptions) -> Iterator[Item]:
    """Yield the blocks of an image, with gaps between them, each a group of its own; or the image itself."""
    side, gap = options.block()
    if not side:
        yield item
        return
    for row in range(max(1, (item.height + gap) // (side + gap))):
        for column in range(max(1, (item.width + gap) // (side + gap))):
            top, left = row * (side + gap), column * (side + gap)
            height, width = min(side, item.height - top), min(side, item.width - left)
            name = f"{item.name}, block {row + 1}.{column + 1}"
            yield replace(item, name=name, group=name, top=top, left=left, height=height, width=width)


def size_in_memory(items: Sequence[Item]) -> int:
    """Return the bytes of all pixels, each counted once."""
    frames = {layer for item in items for layers in item.sides for layer in layers}
    total = 0
    for frame in frames:
        count, height, width = frame.shape
        total += count * height * width * frame.dtype.itemsize
    return total


def hold_in_memory(items: Sequence[Item]) -> list[Item]:
    """Return the items with their pixels in memory, each frame read once."""
    held: dict[Frame, HeldFrame] = {}

    def holding(frame: Frame) -> Frame:
        if isinstance(frame, HeldFrame):
            return frame
        if frame not in held:
            held[frame] = hold(frame)
        return held[frame]

    return [replace(item, sides=tuple(tuple(map(holding, layers)) for layers in item.sides)) for item in items]
