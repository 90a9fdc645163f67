"""Pairs of an input and a target, side by side in one file or in two folders -> a data set."""

from __future__ import annotations

from ganzoo.data import descriptions
from ganzoo.data.datasets import Data, PairedDataset
from ganzoo.data.image_stores import Images, open_stored_images, shrink, split_sides, subset
from ganzoo.data.pairs import pair_folders, pair_up
from ganzoo.data.preprocessing import PAIR_RATIO
from ganzoo.data.request import DataRequest, first_size, require, split_combined
from ganzoo.data.sources import Combined, fingerprint, image_names


def open_pairs(request: DataRequest) -> Data:
    """Open pairs. Raises DataError, OptionError."""
    names = image_names(request.source)
    require(names, request.source, "images side by side (input and target in one file, twice as wide as high)")
    if isinstance(request.source, Combined):
        folders: tuple[list[str], list[str]] | None = split_combined(request.source, names)
    else:
        width, height = first_size(request.source, names)
        folders = pair_folders(names) if width < PAIR_RATIO * height else None
    return _open_two_folders(request, *folders) if folders else _open_side_by_side(request, names)


def _open_side_by_side(request: DataRequest, names: list[str]) -> Data:
    size = request.size(names, pairs=True)
    spec = request.spec(size, pairs=True)
    both, infos = open_stored_images(request.source, names, spec, request.memory)
    chosen = request.split(names)
    sides = [split_sides(subset(both, indices)) for indices in chosen]
    notes = request.notes(infos, both, spec, size)
    return _build(request, size, sides, both.shape[1], [[name] for name in names], chosen, notes)


def _open_two_folders(request: DataRequest, inputs: list[str], targets: list[str]) -> Data:
    pairs = pair_up(inputs, targets)
    names = [pair[side] for side in (0, 1) for pair in pairs]
    size = request.size(names)
    spec, count = request.spec(size), len(pairs)
    both, infos = open_stored_images(request.source, names, spec, request.memory)
    pairs_of_infos = list(zip(infos[:count], infos[count:], strict=True))
    notes = request.notes(infos, both, spec, size) + descriptions.describe_unlike_pairs(pairs_of_infos)
    chosen = request.split(names[:count], names[count:])
    sides = [(subset(both, part), subset(both, [count + index for index in part])) for part in chosen]
    return _build(request, size, sides, both.shape[1], [list(pair) for pair in pairs], chosen, notes)


def _build(
    request: DataRequest,
    size: int,
    sides: list[tuple[Images, Images]],
    channels: int,
    files: list[list[str]],
    chosen: tuple[list[int], list[int]],
    notes: list[str],
) -> Data:
    """Build the data set.

    Args:
        sides: The left and the right images to train on, and those that are held out.
        files: Those of each pair, one or two.
        chosen: The pairs to train on, and those that are held out.
    """
    train, held_out = chosen
    step = -1 if request.config.direction == "right-to-left" else 1
    (inputs, targets), (held_out_inputs, held_out_targets) = (part[::step] for part in sides)
    augmentation, none = request.config.augmentations(size)
    validation = None
    if held_out:
        validation = PairedDataset(shrink(held_out_inputs, size), shrink(held_out_targets, size), none)
    return Data(
        train=PairedDataset(inputs, targets, augmentation),
        validation=validation,
        image_size=size,
        channels=channels,
        counts={"pairs": len(train)},
        held_out=[name for index in held_out for name in files[index]],
        fingerprint=fingerprint(request.source, [name for each in files for name in each], len(files)),
        notes=notes + descriptions.describe_duplicates(len(files) - len(train) - len(held_out)),
    )
