"""Files or arrays of any channels and depth -> a data set, checked, and split into training and validation."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from ganzoo.data.class_folders import class_folders
from ganzoo.data.config import DataConfig
from ganzoo.data.datasets import Data
from ganzoo.data.objects import Objects, digest, rasters_of
from ganzoo.data.rasters import ranges
from ganzoo.data.rasters.frames import from_raster
from ganzoo.data.rasters.items import (
    Item,
    Stack,
    cut_panels,
    hold_in_memory,
    make_items,
    open_stack,
    size_in_memory,
    with_neighbors,
)
from ganzoo.data.rasters.options import RasterOptions
from ganzoo.data.rasters.ranges import RangeRules, Values
from ganzoo.data.rasters.regions import Regions
from ganzoo.data.rasters.sides import find_files, pair_up
from ganzoo.data.rasters.windows import UnpairedWindows, WindowDataset, WindowSet, fitting, grid
from ganzoo.data.splitting import split
from ganzoo.errors import DataError, OptionError
from ganzoo.image_io import raster_files
from ganzoo.image_io.tissue_frames import TISSUE
from ganzoo.rasters.channel import Channel
from ganzoo.rasters.raster import Raster

LARGEST_WINDOW = 256  # the default side, where the recipe has none
SIDES = ("input", "target")


@dataclass(frozen=True)
class RasterRequest:
    """What is to be opened.

    Attributes:
        sides: For each side its stacks: one, or (input, target), or (A, B).
        kind: "images", "labeled", "paired" or "unpaired".
        config: The recipe's options that concern data.
        options: Those of rasters.
        validation: Share of the groups that is held out.
        fingerprint: Identifies the data.
    """

    sides: tuple[list[Stack], ...]
    kind: str
    config: DataConfig
    options: RasterOptions
    validation: float
    fingerprint: dict[str, Any] = field(default_factory=dict)


def open_files(
    specs: Sequence[str], kind: str, config: DataConfig, options: RasterOptions, validation: float
) -> RasterRequest:
    """Find and open the files of one or two sides.

    Raises:
        DataError: There are none, or they cannot be read.
        OptionError: The options do not fit.
    """
    if kind == "clips":
        raise OptionError("The recipe trains on clips. Give a folder or a .zip of videos.")
    found = [find_files(spec, raster_files.suffixes()) for spec in specs]
    sides = [
        [open_stack(files, options, bands, words) for files in side]
        for side, bands, words in zip(
            found, (options.bands, options.target_bands), (options.read, _words_of_target(options, kind)), strict=False
        )
    ]
    if options.panels:
        sides = _panels(sides, kind, options)
    sides[0] = [with_neighbors(stack, options.z_neighbors) for stack in sides[0]]
    if kind == "unpaired" and len(sides) == 2:
        sides[1] = [with_neighbors(stack, options.z_neighbors) for stack in sides[1]]
    if kind == "paired" and len(specs) == 2:
        pairs = pair_up(*found)
        by_key = [{stack.key: stack for stack in side} for side in sides]
        sides = [[by_key[0][a.key] for a, _ in pairs], [by_key[1][b.key] for _, b in pairs]]
    needed = 2 if kind in ("paired", "unpaired") else 1
    if len(sides) != needed:
        what = "an input and a target: --input and --target, or --panels" if kind == "paired" else "two paths, A then B"
        raise OptionError(f"'{kind}' data needs {what if needed == 2 else 'one path'}.")
    paths = [path for side in found for files in side for path in files.paths]
    return RasterRequest(tuple(sides), kind, config, options, validation, _fingerprint(paths, specs))


def _words_of_target(options: RasterOptions, kind: str) -> str:
    """Return what is read of the second side only when asked: of pairs the input's tissue counts, not the target's."""
    words = raster_files.parse_words(options.read)
    if TISSUE in words and options.panels:
        raise OptionError(f"read='{TISSUE}' is for whole images. Cut the panels into files of their own.")
    return ",".join(sorted(words - {TISSUE} if kind == "paired" else words))


def _panels(sides: list[list[Stack]], kind: str, options: RasterOptions) -> list[list[Stack]]:
    """Return the panels of one side's files as one side, or as input and target."""
    count, inputs, targets = options.panel_numbers()
    if len(sides) != 1 or bool(targets) != (kind == "paired"):
        raise OptionError(
            f"panels='{options.panels}' does not fit: of one path it names the input's panels, and for pairs the "
            "target's after a colon, as 1:2-6."
        )
    return [[cut_panels(stack, count, numbers) for stack in sides[0]] for numbers in (inputs, targets) if numbers]


def _fingerprint(paths: Sequence[str], specs: Sequence[str]) -> dict[str, Any]:
    """Return what identifies files without reading them: their number, and a SHA-256 of their names and lengths."""
    listing = "\n".join(f"{os.path.getsize(path)} {PurePosixPath(path).name}" for path in paths if os.path.isfile(path))
    return {"pictures": len(paths), "sha256": hashlib.sha256(listing.encode(errors="surrogateescape")).hexdigest()}


def open_rasters(request: RasterRequest) -> Data:
    """Open the data set.

    Raises:
        DataError: Images are too small, of unlike channels, empty or constant.
        OptionError: An option is invalid, or does not fit the data.
    """
    pairs = request.kind == "paired"
    stacks = [list(zip(*request.sides, strict=True))] if pairs else [[(one,) for one in side] for side in request.sides]
    sets = [make_items(each, request.options) for each in stacks]
    channels = [_one_kind([stack for stack in side]) for side in request.sides]
    size = _window_size(sets, request)
    sets = [_large_enough(items, size, request) for items in sets]
    total = sum(size_in_memory(items) for items in sets)
    if total <= request.options.memory:
        sets = [hold_in_memory(items) for items in sets]
    return _build(request, sets, channels, size, total)


def _one_kind(stacks: Sequence[Stack]) -> tuple[Channel, ...]:
    """Return the channels of one side. Raises DataError where its images differ in channels or number type."""
    first = stacks[0]
    for stack in stacks:
        if len(stack.channels) != len(first.channels):
            raise DataError(
                f"{first.name} has {len(first.channels)} channels, {stack.name} has {len(stack.channels)}. "
                "Choose the same from all: --bands."
            )
        kinds = [tuple(str(layer.dtype) for layer in each.pages[0]) for each in (first, stack)]
        if kinds[0] != kinds[1]:
            raise DataError(
                f"{first.name} has values of {kinds[0][0]}, {stack.name} of {kinds[1][0]}. One set has one number "
                "type: convert the files, or train on each kind by itself."
            )
    return first.channels


def _window_size(sets: Sequence[Sequence[Item]], request: RasterRequest) -> int:
    """Return the side of windows: the recipe's, or the largest power of two that fits, up to 256."""
    if request.config.image_width:
        raise OptionError("Rasters are cut into square windows. Omit image_width.")
    if request.config.image_size:
        return request.config.image_size
    smallest = min(min(item.height, item.width) for items in sets for item in items)
    size = LARGEST_WINDOW
    while size > smallest and size > 1:
        size //= 2
    return size


def _large_enough(items: list[Item], size: int, request: RasterRequest) -> list[Item]:
    """Return the items that windows fit into. Raises DataError where whole images are too small."""
    small = [item for item in items if min(item.height, item.width) < size]
    fitting = [item for item in items if min(item.height, item.width) >= size]
    if small and (not request.options.block()[0] or not fitting):  # blocks at the edge are left out
        one = small[0]
        raise DataError(
            f"{one.name} has {one.width}x{one.height} pixels, fewer than a window of {size}x{size}. "
            f"Set a smaller image_size, or larger blocks."
        )
    return fitting


def split_items(items: Sequence[Item], request: RasterRequest) -> tuple[list[Item], list[Item]]:
    """Return the items to train on and those that are held out; a group is on one side only."""
    groups = list(dict.fromkeys(item.group for item in items))
    if request.validation and len(groups) < 2:
        raise DataError(
            f"validation={request.validation} needs at least two groups, and all images belong to '{groups[0]}'. Say "
            "what may be parted: --split-by page where pages are independent, or --split-by block:SIDE."
        )
    _, held_out = split(groups, request.validation)
    chosen = {groups[index] for index in held_out}
    return [item for item in items if item.group not in chosen], [item for item in items if item.group in chosen]


def _build(
    request: RasterRequest,
    sets: Sequence[list[Item]],
    channels: Sequence[tuple[Channel, ...]],
    size: int,
    total: int,
) -> Data:
    parts = [split_items(items, request) for items in sets]
    found = _measured(request, [train for train, _ in parts], channels)
    own = [
        ranges.of_images(items, [side.channels for side in (found if request.kind == "paired" else found[number:])])
        for number, items in enumerate(sets)
    ]
    windows, tiles = [], []
    for number, (train, held_out) in enumerate(parts):
        described = tuple(side.channels for side in (found if request.kind == "paired" else [found[number]]))
        windows.append(_random_windows(train, described, own[number], size, request))
        tiles.append(WindowSet(held_out, described, own[number], size, tiles=grid(held_out, size)))
    masked = any(value.invalid for side in found for value in side.values) or _any_missing(parts, found)
    held = any(len(each) for each in tiles)
    if request.kind == "unpaired":
        train_set: Any = UnpairedWindows(windows[0], windows[1], masked)
        validation: Any = UnpairedWindows(tiles[0], tiles[1], masked, shuffled=False) if held else None
        counts = {"a": len(windows[0].items), "b": len(windows[1].items)}
        classes: list[str] = []
    else:
        names = SIDES if request.kind == "paired" else ("image",)
        classes, labels = _classes(request, sets[0], [windows[0].items, tiles[0].items])
        train_set = WindowDataset(windows[0], names, masked, labels[0])
        validation = WindowDataset(tiles[0], names, masked, labels[1]) if held else None
        counts = {"pairs" if request.kind == "paired" else "images": len(windows[0].items)}
    return Data(
        train=train_set,
        validation=validation,
        image_size=size,
        channels=len(found[-1].channels),
        in_channels=len(found[0].channels),
        depth=8 * max(layer.dtype.itemsize for item in sets[0][:1] for side in item.sides for layer in side),
        counts=counts,
        held_out=[item.name for _, held_out in parts for item in held_out],
        fingerprint=request.fingerprint,
        classes=classes,
        notes=_notes(request, sets, found, size, total),
        input_channels=found[0].channels,
        output_channels=found[-1].channels,
        masked=masked,
    )


def _random_windows(
    items: Sequence[Item],
    channels: tuple[tuple[Channel, ...], ...],
    own: Mapping[str, Sequence[tuple[Channel, ...]]],
    size: int,
    request: RasterRequest,
) -> WindowSet:
    """Return windows to train on, cut out of regions where the items stay in their files."""
    windows = WindowSet(items, channels, own, size, request.config.flip)
    if windows.in_memory:
        return windows
    return replace(windows, regions=Regions.of(items, [fitting(item, size) for item in items], size))


def _any_missing(parts: Sequence[tuple[list[Item], list[Item]]], found: Sequence[_Side]) -> bool:
    """Tell whether a pixel of the held-out images is missing."""
    for number, side in enumerate(found):
        items, place = (parts[0][1], number) if len(parts) == 1 else (parts[number][1], 0)
        if any(value.invalid for value in ranges.measure(items, place, side.channels)):
            return True
    return False


@dataclass(frozen=True)
class _Side:
    """One side's channels with their ranges, and what was seen of them."""

    name: str
    channels: tuple[Channel, ...]
    values: list[Values]


def _measured(
    request: RasterRequest, train: Sequence[Sequence[Item]], channels: Sequence[tuple[Channel, ...]]
) -> list[_Side]:
    """Return the sides with ranges, measured on the training images."""
    names = list(SIDES[: len(channels)])
    sides = dict(zip(names, channels, strict=True))
    ranges.check_names(request.options.range, sides, "--range")
    ranges.check_names(request.options.transform, sides, "--transform")
    measured: list[_Side] = []
    for number, name in enumerate(names):
        items, place = (train[0], number) if request.kind == "paired" else (train[number], 0)
        is_output = len(names) == 1 or name == "target" or request.kind == "unpaired"
        rules = RangeRules(name, request.options.range, request.options.transform)
        transformed = rules.transformed(channels[number])
        partners = [0] if place and TISSUE in raster_files.parse_words(request.options.read) else []
        values = ranges.measure(items, place, transformed, partners)
        dtypes = [layer.dtype for layer in items[0].sides[place] for _ in range(layer.shape[0])]
        described = [
            _describe(rules, channel, dtype, value, measured)
            for channel, dtype, value in zip(transformed, dtypes, values, strict=True)
        ]
        if is_output and request.kind != "paired":  # generated, or translated in both directions
            described = [replace(channel, outside="clip") for channel in described]
        measured.append(_Side(name, tuple(described), values))
    return measured


def _describe(
    rules: RangeRules, channel: Channel, dtype: np.dtype[Any], values: Values, earlier: Sequence[_Side]
) -> Channel:
    """Return a channel with its range: its own, or that of an input channel."""
    source = rules.like(channel)
    if not source:
        return rules.described(channel, dtype, values)
    found = [one for side in earlier for one in side.channels if one.name == source]
    if not found:
        raise OptionError(f"range 'like:{source}' names no input channel.")
    return replace(
        channel, dtype=str(dtype), range=found[0].range, transform=found[0].transform, scope=f"like:{source}"
    )


def _classes(
    request: RasterRequest, items: Sequence[Item], parts: Sequence[Sequence[Item]]
) -> tuple[list[str], list[list[int] | None]]:
    """Return the classes that folders give, and the labels of each part's items."""
    files = [stack.key for stack in request.sides[0]]
    found = class_folders(files) if request.kind in ("images", "labeled") else None
    if found is None:
        if request.kind == "labeled":
            raise DataError("These images have no classes: the recipe needs them in at least two folders.")
        return [], [None, None]
    classes, labels = found
    by_file = dict(zip((stack.name for stack in request.sides[0]), labels, strict=True))
    return classes, [[by_file[item.file] for item in part] for part in parts]


def _notes(
    request: RasterRequest, sets: Sequence[Sequence[Item]], found: Sequence[_Side], size: int, total: int
) -> list[str]:
    """Return a sentence on each fact that the user may want to know."""
    count = sum(len(items) for items in sets)
    groups = len({item.group for items in sets for item in items})
    what = ("pair" if request.kind == "paired" else "image") + ("s" if count > 1 else "")
    where = "in memory" if total <= request.options.memory else f"read in windows: they take {total / 2**30:.1f} GiB"
    notes = [
        f"{count:,} {what} in {groups:,} group{'s' if groups > 1 else ''}, {where}. Windows of {size}x{size} at their "
        "own resolution: nothing is scaled, and enlarge has no effect."
    ]
    for side in found:
        name = "channel" if len(found) == 1 else side.name
        notes += [
            ranges.describe(channel, name, number, values)
            for number, (channel, values) in enumerate(zip(side.channels, side.values, strict=True), 1)
        ]
    return notes


def resolve(spec: str) -> str:
    """Return a side as run.json stores it: with absolute paths, so that a run resumes from anywhere."""
    parts = [part.strip() for part in spec.split(",")] if "=" in spec else [spec]
    resolved = []
    for part in parts:
        name, equals, path = part.rpartition("=") if "=" in spec else ("", "", part)
        resolved.append(f"{name}{equals}{Path(path).absolute()}")
    return ",".join(resolved)


def from_objects(
    sides: Sequence[Objects], kind: str, config: DataConfig, options: RasterOptions, validation: float
) -> RasterRequest:
    """Return the request for images that are no files, each a group of its own unless they say otherwise."""
    stacks = tuple([_stack(raster, index) for index, raster in enumerate(rasters_of(side))] for side in sides)
    return RasterRequest(stacks, kind, config, options, validation, fingerprint_of(sides))


def _stack(raster: Raster, index: int) -> Stack:
    name = raster.group or f"image {index}"
    return Stack(f"{index}", name, ((from_raster(raster),),), raster.channels)


def fingerprint_of(sides: Sequence[Objects]) -> dict[str, Any]:
    """Return what identifies images that are no files: their number, and a SHA-256 of all their values."""
    whole = hashlib.sha256()
    for side in sides:
        for index in range(len(side)):
            whole.update(digest(side.image(index)))
    return {"pictures": sum(map(len, sides)), "sha256": whole.hexdigest()}
