"""A path and a recipe's wishes -> a data set, decoded and split into training and validation."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ganzoo import images
from ganzoo.data import idx
from ganzoo.data.datasets import Data, Images, Paired, Unpaired, View
from ganzoo.data.decode import check_memory, cover, decode_all, fit, halves, to_floats
from ganzoo.data.sources import Source, fingerprint, image_names, in_folder, open_source
from ganzoo.entry import Config
from ganzoo.errors import DataError, ImageError, OptionError


@dataclass(frozen=True)
class Wishes:
    """What a recipe's config says of its data, with defaults for a config that does not say.

    image_size  side of a training picture; 0: the first picture's shorter side
    channels    1, 3, or 0: 1 when every picture is grey, else 3
    enlarge     pictures are stored this much larger, then cropped at random
    flip        mirror one half of them
    direction   of pairs: "left-to-right", or "right-to-left" for the input on the right
    """

    image_size: int = 0
    channels: int = 0
    enlarge: float = 1.0
    flip: bool = False
    direction: str = "left-to-right"

    def __post_init__(self) -> None:
        if self.image_size < 0:
            raise OptionError(f"image_size={self.image_size} is not right: give pixels, or 0 for the data's own size.")
        if self.channels not in (0, 1, 3):
            raise OptionError(f"channels={self.channels} is not right: give 1 (grey), 3 (RGB), or 0 for the data's.")
        if not 1 <= self.enlarge <= 8:
            raise OptionError(f"enlarge={self.enlarge} is not right: give a factor from 1 to 8.")

    def stored(self, size: int) -> int:
        """Return the side that pictures are kept at, to be cropped to ``size``."""
        return max(size, round(size * self.enlarge))

    def views(self, size: int) -> tuple[View, View]:
        """Return how training sees a picture, and how validation does."""
        return View(size, self.flip), View(size, False)


def open_data(path: Path | str, kind: str, config: Config, validation: float = 0.0) -> Data:
    """Read a data set whole into memory.

    kind        "images", "paired" or "unpaired": what the recipe's entry asks for
    config      the recipe's; what it has of the fields of `Wishes` counts
    validation  the share of pictures kept out, chosen by their names: the same list every time, see `split`
    Raises DataError that names what is missing or broken, OptionError for a wish that cannot be met.
    """
    wishes = Wishes(**{name: value for name, value in vars(config).items() if name in Wishes.__dataclass_fields__})
    source = open_source(Path(path))
    return {"images": _open_images, "paired": _open_paired, "unpaired": _open_unpaired}[kind](
        source, wishes, validation
    )


def split(names: list[str], share: float) -> tuple[list[int], list[int]]:
    """Return the indices to train on and those to keep out, by a hash of each name's last part.

    So a name keeps its side whatever other files come or go, and wherever the folder lies; only a name that occurs
    in several folders counts with its whole path. A share above 0 leaves at least one name on either side.
    Raises DataError where that cannot be.
    """
    if not 0 <= share < 1:
        raise DataError(f"validation={share} is no share: give a number from 0 up to, not including, 1.")
    everything = range(len(names))
    if not share:
        return list(everything), []
    if len(names) < 2:
        raise DataError(f"validation={share} needs two pictures at least, and there is {len(names)}.")
    last = [name.rsplit("/", 1)[-1] for name in names]
    often = Counter(last)
    places = [_place(name if often[part] > 1 else part) for name, part in zip(names, last, strict=True)]
    held = {index for index in everything if places[index] < share}
    if not held:
        held = {min(everything, key=places.__getitem__)}
    if len(held) == len(names):
        held.remove(max(everything, key=places.__getitem__))
    return [index for index in everything if index not in held], sorted(held)


def _place(name: str) -> float:
    """Return a number in [0, 1) that only ``name`` decides."""
    return int(hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:8], 16) / 2**32


def _open_images(source: Source, wishes: Wishes, validation: float) -> Data:
    labels = None
    found = idx.find(source)
    if found:
        pictures, labels = idx.read(source, found)
        size = wishes.image_size or max(pictures.shape[-2:])
        pictures = _framed(pictures, size, wishes, found[0])
        names = [f"{index}" for index in range(len(pictures))]
        files = [name for name in found if name]
    else:
        names = files = image_names(source)
        _require(names, source, "pictures")
        size = wishes.image_size or _first_size(source, names)
        pictures = decode_all(source, names, wishes.stored(size), wishes.stored(size), wishes.channels)
    kept, held = split(names, validation)
    view, plain = wishes.views(size)
    return Data(
        train=Images(_take(pictures, kept), view, None if labels is None else _take(labels, kept)),
        validation=Images(_middle(pictures[held], size), plain, None if labels is None else labels[held])
        if held
        else None,
        image_size=size,
        channels=pictures.shape[1],
        counts={"images": len(kept)},
        held_out=[names[index] for index in held],
        fingerprint=fingerprint(source, files, len(names)),
    )


def _framed(pictures: Tensor, size: int, wishes: Wishes, name: str) -> Tensor:
    """Return IDX pictures (N, 1, H, W) as (N, C, size, size), with a black frame and grey in every channel."""
    height, width = pictures.shape[-2:]
    if size < max(height, width):
        raise OptionError(
            f"{name} has pictures of {width}x{height}, which image_size={size} would cut. "
            f"Set image_size={max(height, width)} or more: a larger one adds a black frame."
        )
    check_memory(len(pictures), wishes.channels or 1, size, size)
    framed = fit(pictures, size)
    return framed.expand(-1, 3, -1, -1) if wishes.channels == 3 else framed


def _open_paired(source: Source, wishes: Wishes, validation: float) -> Data:
    names = image_names(source)
    _require(names, source, "pictures side by side (input and target in one file, twice as wide as high)")
    size = wishes.image_size or _first_size(source, names, pairs=True)
    stored = wishes.stored(size)
    both = decode_all(source, names, stored, stored, wishes.channels, pairs=True)
    inputs, targets = halves(both)
    if wishes.direction == "right-to-left":
        inputs, targets = targets, inputs
    kept, held = split(names, validation)
    view, plain = wishes.views(size)
    return Data(
        train=Paired(_take(inputs, kept), _take(targets, kept), view),
        validation=Paired(_middle(inputs[held], size), _middle(targets[held], size), plain) if held else None,
        image_size=size,
        channels=both.shape[1],
        counts={"pairs": len(kept)},
        held_out=[names[index] for index in held],
        fingerprint=fingerprint(source, names, len(names)),
    )


def _open_unpaired(source: Source, wishes: Wishes, validation: float) -> Data:
    names = image_names(source)
    sides = {side: in_folder(names, f"train{side}") or in_folder(names, side) for side in "AB"}
    for side, found in sides.items():
        _require(found, source, f"pictures in a folder named train{side} (or {side})")
    size = wishes.image_size or _first_size(source, sides["A"])
    stored = wishes.stored(size)
    decoded = [decode_all(source, found, stored, stored, wishes.channels) for found in sides.values()]
    channels = max(pictures.shape[1] for pictures in decoded)
    a, b = (pictures.expand(-1, channels, -1, -1) for pictures in decoded)
    (kept_a, held_a), (kept_b, held_b) = (split(found, validation) for found in sides.values())
    view, plain = wishes.views(size)
    return Data(
        train=Unpaired(_take(a, kept_a), _take(b, kept_b), view),
        validation=Unpaired(_middle(a[held_a], size), _middle(b[held_b], size), plain, shuffled=False)
        if held_a
        else None,
        image_size=size,
        channels=channels,
        counts={"a": len(kept_a), "b": len(kept_b)},
        held_out=[*(sides["A"][index] for index in held_a), *(sides["B"][index] for index in held_b)],
        fingerprint=fingerprint(source, sides["A"] + sides["B"], len(a) + len(b)),
    )


def _require(names: list[str], source: Source, what: str) -> None:
    if not names:
        others = f"It has {len(source.names)} other files" if source.names else "It is empty"
        raise DataError(f"{source.path} holds no {what}. {others}. Pictures end in {' '.join(images.SUFFIXES)}.")


def _first_size(source: Source, names: list[str], pairs: bool = False) -> int:
    """Return the shorter side of the first picture that can be read; `decode_all` names those that cannot."""
    for name in names:
        try:
            height, width = images.read(source.read(name)).rgb.shape[:2]
        except (DataError, ImageError):
            continue
        shorter: int = max(1, min(height, width // 2 if pairs else width))
        return shorter
    return 1


def _take(tensor: Tensor, indices: list[int]) -> Tensor:
    """Return the rows of ``indices``, without a copy where these are all."""
    return tensor if len(indices) == len(tensor) else tensor[indices]


def _middle(pictures: Tensor, size: int) -> Tensor:
    """Return (N, C, size, size): stored pictures scaled back, whole, for validation."""
    if pictures.shape[-1] == size:
        return pictures
    return torch.stack([cover(to_floats(one)[None], size, size) for one in pictures])
