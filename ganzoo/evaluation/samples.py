"""Pictures to judge, or to judge by: files in place, or what a model makes; in batches, with what a protocol says."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Protocol

import torch
from torch import Tensor

from ganzoo.data import idx
from ganzoo.data.decode import PAIR_RATIO, Facts, Form, fit, to_bytes, to_floats
from ganzoo.data.layout import class_folders, pair_folders, pair_up, split
from ganzoo.data.opening import first_size, require, two_sides
from ganzoo.data.pictures import Pictures, open_pictures, sides, subset, take
from ganzoo.data.sources import Combined, Source, image_names, in_folder, listed, open_sources
from ganzoo.errors import DataError, OptionError
from ganzoo.model import Model
from ganzoo.protocol import Sample

HELD_BYTES = 512 * 2**20  # decoded pictures up to this are kept in memory; of more, each batch is decoded when needed


class Shown(Protocol):
    """Pictures in an order that never changes.

    sample  what a protocol says of them
    key     a hash that changes with any of the pictures; "" for those that are made anew every time
    """

    sample: Sample
    key: str

    def batches(self, at_once: int) -> Iterator[Tensor]:
        """Yield all pictures, (N, C, H, W) uint8, up to ``at_once`` at a time."""
        ...

    def some(self, indices: list[int]) -> list[Tensor]:
        """Return the chosen pictures, (C, H, W) uint8."""
        ...


@dataclass(frozen=True)
class Reading:
    """How pictures are read: the same for all that are compared.

    size        they cover size x size pixels, middles kept; 0: as they are, all of one size
    filter      one of `ganzoo.images.FILTERS`
    channels    1, 3, or 0: grey when all are
    validation  take only the share of the names that training with the same share kept out; 0: all
    part        of IDX files: "test" or "train"
    inputs      the side that is translated: "A" or "B", or the left or the right of a pair
    """

    size: int = 0
    filter: str = "bicubic"
    channels: int = 0
    validation: float = 0.0
    part: str = "test"
    inputs: str = "A"

    def __post_init__(self) -> None:
        if self.part not in ("test", "train"):
            raise OptionError(f"part={self.part!r} is not right: IDX files have 'test' and 'train'.")
        if self.inputs not in ("A", "B"):
            raise OptionError(f"inputs={self.inputs!r} is not right: give 'A' (or the left of a pair) or 'B'.")

    def form(self, width: int, height: int, pairs: bool = False) -> Form:
        """Return the form of pictures whose own size is (width, height)."""
        if pairs:
            width //= 2
        height, width = (self.size, self.size) if self.size else (height, width)
        return Form(height, width, self.channels, pairs, self.filter)

    def words(self, form: Form, facts: Sequence[Facts]) -> str:
        """Return what happened to the pictures, as a protocol's ``resizing`` says it."""
        full = form.width * (2 if form.pairs else 1)
        if all((each.width, each.height) == (full, form.height) for each in facts):
            return f"none, {form.width}x{form.height}"
        smooth = "" if form.filter == "nearest" else ", antialiased"
        return f"{form.filter}{smooth}, to cover {form.width}x{form.height}, middle kept"


@dataclass
class Stored:
    """Pictures that are there already.

    resizing  what happened to them, in words
    labels, classes   where folders or IDX files tell
    """

    sample: Sample
    pictures: Pictures
    key: str
    resizing: str
    names: list[str] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.pictures)

    def batches(self, at_once: int) -> Iterator[Tensor]:
        for first in range(0, len(self), at_once):
            yield take(self.pictures, list(range(first, min(first + at_once, len(self)))))

    def some(self, indices: list[int]) -> list[Tensor]:
        return list(take(self.pictures, indices))


class Made(ABC):
    """Pictures that a model makes: once, where they are few enough to be kept."""

    model: Model
    sample: Sample
    key = ""
    _kept: Tensor | None = None

    def batches(self, at_once: int) -> Iterator[Tensor]:
        if self._kept is not None:
            yield from torch.split(self._kept, at_once)
            return
        made: list[Tensor] = []
        for batch in self.make(at_once):
            if batch[0].numel() * self.sample.count <= HELD_BYTES:
                made.append(batch)
            yield batch
        self._kept = torch.cat(made) if made else None

    def some(self, indices: list[int]) -> list[Tensor]:
        return self.make_some(indices) if self._kept is None else [self._kept[index] for index in indices]

    @abstractmethod
    def make(self, at_once: int) -> Iterator[Tensor]:
        """Yield all pictures, (N, C, H, W) uint8."""

    @abstractmethod
    def make_some(self, indices: list[int]) -> list[Tensor]:
        """Return the chosen pictures."""


@dataclass
class Generated(Made):
    """Pictures that a model makes from latents: those that ``model.generate(count, seed)`` returns."""

    model: Model
    sample: Sample

    def make(self, at_once: int) -> Iterator[Tensor]:
        latents = self._latents()
        for first in range(0, self.sample.count, at_once):
            yield self._pictures(list(islice(latents, min(at_once, self.sample.count - first))))

    def make_some(self, indices: list[int]) -> list[Tensor]:
        wanted = set(indices)
        latents = islice(self._latents(), max(indices, default=-1) + 1)
        made = {index: self._pictures([one])[0] for index, one in enumerate(latents) if index in wanted}
        return [made[index] for index in indices]

    def _latents(self) -> Iterator[Tensor]:
        random = torch.Generator().manual_seed(self.sample.seed or 0)
        while True:
            yield torch.randn(self.model.card.latent_dim, generator=random)

    def _pictures(self, latents: list[Tensor]) -> Tensor:
        return to_bytes(self.model(torch.stack(latents))).cpu()


@dataclass
class Translated(Made):
    """Other pictures as a model translates them, at the size they have."""

    model: Model
    inputs: Shown
    sample: Sample

    def make(self, at_once: int) -> Iterator[Tensor]:
        for batch in self.inputs.batches(at_once):
            yield through(self.model, batch)

    def make_some(self, indices: list[int]) -> list[Tensor]:
        return [through(self.model, one[None])[0] for one in self.inputs.some(indices)]


def generated(model: Model, count: int, seed: int) -> Generated:
    """Return ``count`` pictures that a model makes from latents. Raises OptionError for a wrong count or seed."""
    if count < 1 or not 0 <= seed < 2**63:
        raise OptionError(f"number={count} and seed={seed} are not right: at least 1, and from 0 to 2**63 - 1.")
    return Generated(model, Sample("generated", count, seed=seed))


def translated(model: Model, inputs: Shown) -> Translated:
    """Return what a model makes of each of ``inputs``."""
    given = inputs.sample
    return Translated(model, inputs, replace(given, source=f"translated {given.source}"))


# ---- opening ---------------------------------------------------------------------------------------------------------


def open_images(paths: Sequence[str], reading: Reading) -> Stored:
    """Open a folder, a .zip, or a folder of IDX files, and check every picture.

    Raises DataError that names what is missing or broken, and where sizes differ and ``reading`` has none.
    """
    source = open_sources(listed(list(paths), "images"))
    found = idx.find(source, {"test": "t10k", "train": "train"}[reading.part])
    if found:
        return _open_idx(source, found, reading)
    names = image_names(source)
    require(names, source, "pictures")
    classes, labels = class_folders(names) or ([], [])
    kept = _kept(names, reading)
    stored = _stored(source, [names[index] for index in kept], reading, _split(reading))
    stored.classes, stored.labels = classes, [labels[index] for index in kept] if labels else []
    return stored


def open_pairs(paths: Sequence[str], reading: Reading) -> tuple[Stored, Stored]:
    """Open pairs, side by side or in two folders: the inputs, and what each should become."""
    source = open_sources(listed(list(paths), "paired"))
    names = image_names(source)
    require(names, source, "pictures side by side (input and target in one file, twice as wide as high)")
    if isinstance(source, Combined):
        found: tuple[list[str], list[str]] | None = two_sides(source, names)
    else:
        width, height = first_size(source, names)
        found = pair_folders(names) if width < PAIR_RATIO * height else None
    both = _two_folders(source, *found, reading) if found else _side_by_side(source, names, reading)
    return both if reading.inputs == "A" else both[::-1]


def open_sides(paths: Sequence[str], reading: Reading) -> tuple[Stored, Stored]:
    """Open two unpaired sets: the inputs, of which ``validation`` takes a share, and all of the other side."""
    source = open_sources(listed(list(paths), "unpaired"))
    names = image_names(source)
    if isinstance(source, Combined):
        found = dict(zip("AB", two_sides(source, names), strict=True))
    else:
        found = {side: _side(names, side) for side in "AB"}
        for side, of_it in found.items():
            require(of_it, source, f"pictures in a folder test{side}, train{side} or {side}", "Or give two paths.")
    other = {"A": "B", "B": "A"}[reading.inputs]
    inputs = [found[reading.inputs][index] for index in _kept(found[reading.inputs], reading)]
    given = _stored(source, inputs, reading, f"{_place(inputs)}{_split(reading, ', ')}")
    targets = _stored(source, found[other], reading, _place(found[other]))
    return given, targets


def _side(names: list[str], side: str) -> list[str]:
    """Return the pictures of one side: the first of testA, trainA, A that there is."""
    return next(filter(None, (in_folder(names, f"{place}{side}") for place in ("test", "train", ""))), [])


def _place(names: list[str]) -> str:
    return names[0].rpartition("/")[0].rpartition("/")[2] or "all"


def _kept(names: list[str], reading: Reading) -> list[int]:
    """Return the indices to take: all, or those that training kept out."""
    return split(names, reading.validation)[1] if reading.validation else list(range(len(names)))


def _split(reading: Reading, before: str = "") -> str:
    held = f"{before}held out {reading.validation:g}"
    return held if reading.validation else ("" if before else "all")


def _stored(source: Source, names: list[str], reading: Reading, part: str) -> Stored:
    form = reading.form(*first_size(source, names))
    pictures, facts = open_pictures(source, names, form, HELD_BYTES)
    _require_one_size(facts, reading, source)
    digest, resizing = _digest(source, names), reading.words(form, facts)
    sample = Sample(source.path.name, len(names), part, digest)
    return Stored(sample, pictures, _key(digest, resizing, pictures), resizing, names)


def _side_by_side(source: Source, names: list[str], reading: Reading) -> tuple[Stored, Stored]:
    kept = [names[index] for index in _kept(names, reading)]
    form = reading.form(*first_size(source, kept), pairs=True)
    both, facts = open_pictures(source, kept, form, HELD_BYTES)
    _require_one_size(facts, reading, source)
    digest, resizing = _digest(source, kept), reading.words(form, facts)
    left, right = sides(both)

    def side(pictures: Pictures, name: str) -> Stored:
        sample = Sample(source.path.name, len(kept), f"{name}{_split(reading, ', ')}", digest)
        return Stored(sample, pictures, _key(digest, resizing, pictures, name), resizing, kept)

    return side(left, "left"), side(right, "right")


def _two_folders(source: Source, inputs: list[str], targets: list[str], reading: Reading) -> tuple[Stored, Stored]:
    pairs = pair_up(inputs, targets)
    kept = [pairs[index] for index in _kept([each for each, _ in pairs], reading)]
    first, second = (_stored(source, [pair[k] for pair in kept], reading, _split(reading)) for k in (0, 1))
    if first.pictures.shape[-2:] != second.pictures.shape[-2:]:
        raise DataError(f"The inputs in {source.path} have another size than the targets. Give a size to scale all to.")
    return first, second


def _open_idx(source: Source, found: tuple[str, str | None], reading: Reading) -> Stored:
    pictures, labels = idx.read(source, found)
    own = max(pictures.shape[-2:])
    if reading.size and reading.size < own:
        raise OptionError(f"{found[0]} has pictures of {own} pixels, which size={reading.size} would cut.")
    framed = fit(pictures, reading.size or own)
    names = [str(index) for index in range(len(framed))]
    kept = _kept(names, reading)
    digest = _digest(source, [name for name in found if name])
    resizing = f"none, {own}x{own}" if framed.shape[-1] == own else f"black frame to {framed.shape[-1]} pixels"
    part = reading.part + _split(reading, ", ")
    chosen = subset(framed, kept)
    stored = Stored(
        Sample(source.path.name, len(kept), part, digest), chosen, _key(digest, resizing + part, chosen), resizing
    )
    stored.names = [names[index] for index in kept]
    if labels is not None:
        stored.labels = [int(labels[index]) for index in kept]
        stored.classes = [str(label) for label in range(int(labels.max()) + 1)]
    return stored


def _require_one_size(facts: Sequence[Facts], reading: Reading, source: Source) -> None:
    sizes = Counter((each.width, each.height) for each in facts)
    if reading.size or len(sizes) == 1:
        return
    shown = ", ".join(f"{width}x{height} ({count:,})" for (width, height), count in sizes.most_common(3))
    (width, height), _ = sizes.most_common(1)[0]
    raise DataError(
        f"The pictures in {source.path} have {len(sizes)} sizes: {shown}{' and others' if len(sizes) > 3 else ''}. "
        f"Scores depend on how they are scaled: give a size for all, as --size {min(width, height)}."
    )


def _digest(source: Source, names: list[str]) -> str:
    """Return the SHA-256 of the files' names and contents; the folders above them do not count."""
    whole = hashlib.sha256()
    for name in names:
        content = hashlib.sha256(source.read(name)).hexdigest()
        whole.update(f"{name.rpartition('/')[2]} {content}\n".encode(errors="surrogateescape"))
    return whole.hexdigest()


def _key(digest: str, resizing: str, pictures: Pictures, side: str = "") -> str:
    return hashlib.sha256(f"{digest} {resizing} {tuple(pictures.shape)} {side}".encode()).hexdigest()


def through(model: Model, pictures: Tensor) -> Tensor:
    """Return what a model makes of pictures (N, C, H, W) uint8, in 8 bits too."""
    return to_bytes(model(to_floats(with_channels(pictures, model.card.in_channels)))).cpu()


def with_channels(batch: Tensor, channels: int) -> Tensor:
    """Return uint8 pictures with the channels that a network takes."""
    if batch.shape[1] == channels:
        return batch
    return batch.expand(-1, 3, -1, -1) if channels == 3 else to_bytes(_luma(to_floats(batch)))


def _luma(batch: Tensor) -> Tensor:
    from ganzoo.images import LUMA

    weights = torch.tensor(LUMA).view(1, 3, 1, 1)
    return (batch * weights).sum(1, keepdim=True)
