"""What recipes train on: images, pairs, or two unpaired sets, held decoded in memory.

Every random choice (crop, flip, partner) is drawn from the generator that the caller hands in, so a batch is a
function of its indices and that generator's seed: a resumed run sees what an uninterrupted one would.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from ganzoo.data import idx
from ganzoo.data.decode import cover, decode_all, fit, to_floats
from ganzoo.data.sources import Source, image_names, in_folder, open_source
from ganzoo.entry import Config
from ganzoo.errors import DataError


class Dataset(Protocol):
    """Training or validation pictures."""

    def __len__(self) -> int: ...

    def batch(self, indices: list[int], random: torch.Generator) -> dict[str, Tensor]:
        """Return tensors (len(indices), C, H, W) in [-1, 1] by name, augmented with ``random``."""
        ...


@dataclass
class Data:
    """A data set, split: what is trained on, what is kept out, and the facts a recipe and a card need."""

    train: Dataset
    validation: Dataset | None
    image_size: int
    channels: int
    counts: dict[str, int]
    held_out: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class View:
    """How a stored picture becomes a training picture: a crop of ``size``, and perhaps mirrored."""

    size: int
    flip: bool

    def draw(self, stored: int, count: int, random: torch.Generator) -> list[tuple[int, int, bool]]:
        """Return (top, left, mirrored) for ``count`` pictures stored with ``stored`` pixels a side."""
        room = stored - self.size + 1
        places = torch.randint(room, (count, 2), generator=random).tolist()
        mirrored = (torch.rand(count, generator=random) < 0.5).tolist() if self.flip else [False] * count
        return [(top, left, mirror) for (top, left), mirror in zip(places, mirrored, strict=True)]

    def apply(self, pictures: Tensor, indices: list[int], drawn: list[tuple[int, int, bool]]) -> Tensor:
        """Return (N, C, size, size) float32 in [-1, 1]."""
        if pictures.shape[-1] == self.size and not any(mirror for _, _, mirror in drawn):
            return to_floats(pictures[indices])
        out = []
        for index, (top, left, mirror) in zip(indices, drawn, strict=True):
            crop = pictures[index, :, top : top + self.size, left : left + self.size]
            out.append(crop.flip(-1) if mirror else crop)
        return to_floats(torch.stack(out))


@dataclass
class Images:
    """Single pictures, (N, C, S, S) uint8; batches have "image" and, where known, "label" (N,)."""

    pictures: Tensor
    view: View
    labels: Tensor | None = None

    def __len__(self) -> int:
        return len(self.pictures)

    def batch(self, indices: list[int], random: torch.Generator) -> dict[str, Tensor]:
        drawn = self.view.draw(self.pictures.shape[-1], len(indices), random)
        out = {"image": self.view.apply(self.pictures, indices, drawn)}
        if self.labels is not None:
            out["label"] = self.labels[indices].long()
        return out


@dataclass
class Paired:
    """Pictures in pairs; batches have "input" and "target", cropped and mirrored alike."""

    inputs: Tensor
    targets: Tensor
    view: View

    def __len__(self) -> int:
        return len(self.inputs)

    def batch(self, indices: list[int], random: torch.Generator) -> dict[str, Tensor]:
        drawn = self.view.draw(self.inputs.shape[-1], len(indices), random)
        return {
            "input": self.view.apply(self.inputs, indices, drawn),
            "target": self.view.apply(self.targets, indices, drawn),
        }


@dataclass
class Unpaired:
    """Two sets without correspondence; batches have "a", in order, and "b", drawn at random."""

    a: Tensor
    b: Tensor
    view: View

    def __len__(self) -> int:
        return max(len(self.a), len(self.b))

    def batch(self, indices: list[int], random: torch.Generator) -> dict[str, Tensor]:
        wrapped = [index % len(self.a) for index in indices]
        partners = torch.randint(len(self.b), (len(indices),), generator=random).tolist()
        return {
            "a": self.view.apply(self.a, wrapped, self.view.draw(self.a.shape[-1], len(indices), random)),
            "b": self.view.apply(self.b, partners, self.view.draw(self.b.shape[-1], len(indices), random)),
        }


def open_data(path: Path | str, kind: str, config: Config, validation: float = 0.0) -> Data:
    """Read a data set whole into memory.

    kind        "images", "paired" or "unpaired": what the recipe's entry asks for
    config      the recipe's; its image_size, channels, enlarge, flip and direction count, where it has them
    validation  the share of pictures kept out, chosen by a hash of each file's name: the same list every time
    Raises DataError that names what is missing or broken.
    """
    source = open_source(Path(path))
    return {"images": _open_images, "paired": _open_paired, "unpaired": _open_unpaired}[kind](
        source, vars(config), validation
    )


def _open_images(source: Source, options: Mapping[str, Any], validation: float) -> Data:
    found = idx.find(source)
    if found:
        return _open_idx(source, found, options, validation)
    names = image_names(source)
    _require(names, source, "pictures")
    size = options.get("image_size") or _common_size(source, names)
    stored = _stored_size(size, options)
    pictures = decode_all(source, names, stored, stored, options.get("channels") or 0)
    kept, held = split(names, validation)
    view, plain = View(size, bool(options.get("flip"))), View(size, False)
    return Data(
        Images(pictures[kept], view),
        Images(_middle(pictures[held], size), plain) if held else None,
        size,
        pictures.shape[1],
        {"images": len(kept)},
        [names[i] for i in held],
    )


def _open_idx(source: Source, found: tuple[str, str | None], options: Mapping[str, Any], validation: float) -> Data:
    pictures = idx.parse(source.read(found[0]), found[0])[:, None]
    labels = idx.parse(source.read(found[1]), found[1]) if found[1] else None
    if labels is not None and len(labels) != len(pictures):
        raise DataError(f"{found[0]} has {len(pictures)} pictures and {found[1]} {len(labels)} labels.")
    size = options.get("image_size") or pictures.shape[-1]
    if size < pictures.shape[-1]:
        raise DataError(
            f"{found[0]} has {pictures.shape[-1]}x{pictures.shape[-1]} pictures: image_size={size} is less."
        )
    pictures = fit(pictures, size)
    if options.get("channels") == 3:
        pictures = pictures.expand(-1, 3, -1, -1)
    names = [f"{index}" for index in range(len(pictures))]
    kept, held = split(names, validation)
    view, plain = View(size, bool(options.get("flip"))), View(size, False)
    return Data(
        Images(pictures[kept], view, labels[kept] if labels is not None else None),
        Images(pictures[held], plain, labels[held] if labels is not None else None) if held else None,
        size,
        pictures.shape[1],
        {"images": len(kept)},
        [names[i] for i in held],
    )


def _open_paired(source: Source, options: Mapping[str, Any], validation: float) -> Data:
    names = image_names(source)
    _require(names, source, "side-by-side pictures (input and target in one file, twice as wide as high)")
    size = options.get("image_size") or 256
    stored = _stored_size(size, options)
    both = decode_all(source, names, stored, 2 * stored, options.get("channels") or 3)
    left, right = both[..., :stored], both[..., stored:]
    if options.get("direction") == "right-to-left":
        left, right = right, left
    kept, held = split(names, validation)
    view, plain = View(size, bool(options.get("flip"))), View(size, False)
    return Data(
        Paired(left[kept], right[kept], view),
        Paired(_middle(left[held], size), _middle(right[held], size), plain) if held else None,
        size,
        both.shape[1],
        {"pairs": len(kept)},
        [names[i] for i in held],
    )


def _open_unpaired(source: Source, options: Mapping[str, Any], validation: float) -> Data:
    names = image_names(source)
    sides = {side: in_folder(names, f"train{side}") or in_folder(names, side) for side in "AB"}
    for side, found in sides.items():
        _require(found, source, f"pictures in a folder named train{side}")
    size = options.get("image_size") or 256
    stored = _stored_size(size, options)
    channels = options.get("channels") or 3
    pictures = {side: decode_all(source, found, stored, stored, channels) for side, found in sides.items()}
    parts = {side: split(found, validation) for side, found in sides.items()}
    view, plain = View(size, bool(options.get("flip"))), View(size, False)
    held = {side: _middle(pictures[side][parts[side][1]], size) for side in "AB"}
    return Data(
        Unpaired(pictures["A"][parts["A"][0]], pictures["B"][parts["B"][0]], view),
        Unpaired(held["A"], held["B"], plain) if len(held["A"]) and len(held["B"]) else None,
        size,
        channels,
        {"a": len(parts["A"][0]), "b": len(parts["B"][0])},
        [sides[side][i] for side in "AB" for i in parts[side][1]],
    )


def split(names: list[str], share: float) -> tuple[list[int], list[int]]:
    """Return the indices to train on and those to keep out, by a hash of each name's last part.

    A name keeps its side whatever other files come or go.
    """
    if not 0 <= share < 1:
        raise DataError(f"validation={share} is no share: give a number from 0 up to, not including, 1.")
    held = [int(hashlib.sha256(name.rsplit("/", 1)[-1].encode()).hexdigest()[:8], 16) / 2**32 < share for name in names]
    kept = [index for index, out in enumerate(held) if not out]
    if not kept:
        raise DataError(f"validation={share} leaves no picture to train on, out of {len(names)}.")
    return kept, [index for index, out in enumerate(held) if out]


def _require(names: list[str], source: Source, what: str) -> None:
    if not names:
        raise DataError(f"{source.path} holds no {what}. It has {len(source.names)} files of other kinds.")


def _stored_size(size: int, options: Mapping[str, Any]) -> int:
    return max(size, round(size * options.get("enlarge", 1.0)))


def _common_size(source: Source, names: list[str]) -> int:
    """Return the side of the first picture, for recipes that take the size from the data."""
    from ganzoo import images

    first = images.to_tensor(images.read(source.read(names[0])))
    size: int = min(first.shape[-2:])
    return size


def _middle(pictures: Tensor, size: int) -> Tensor:
    """Return (N, C, size, size): stored pictures scaled back, whole, for validation."""
    if not len(pictures) or pictures.shape[-1] == size:
        return pictures
    return torch.stack([cover(to_floats(one)[None], size, size) for one in pictures])
