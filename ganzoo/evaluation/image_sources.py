"""Paths -> pictures to judge, or to judge by: checked whole, of one size, named by a hash of their contents."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ganzoo.cards.protocol import Sample
from ganzoo.data import idx
from ganzoo.data.decode import PAIR_RATIO, Facts, Form, fit
from ganzoo.data.image_stores import Pictures, open_stored_images, sides, subset
from ganzoo.data.layout import class_folders, pair_folders, pair_up, some, split
from ganzoo.data.opening import first_size, require, two_sides
from ganzoo.data.sources import Combined, Source, image_names, in_folder, listed, open_sources
from ganzoo.errors import DataError, OptionError, suggest
from ganzoo.evaluation import samples
from ganzoo.evaluation.samples import Stored
from ganzoo.image_io import images


@dataclass(frozen=True)
class Reading:
    """How pictures are read: the same for all that are compared.

    size        they cover size x size pixels, middles kept; 0: as they are, all of one size
    filter      one of `ganzoo.image_io.images.FILTERS`
    channels    1, 3, or 0: gray when all are
    validation  take only the share of the names that training with the same share kept out; 0: all
    part        of IDX files: "test" or "train"
    inputs      the side that is translated: "A" or "B", or the left or the right of a pair; "": A
    """

    size: int = 0
    filter: str = "bicubic"
    channels: int = 0
    validation: float = 0.0
    part: str = "test"
    inputs: str = ""

    def __post_init__(self) -> None:
        if self.filter not in images.FILTERS:
            raise OptionError(f"resize={self.filter!r} is not right: give one of {', '.join(images.FILTERS)}.")
        if self.part not in ("test", "train"):
            raise OptionError(f"part={self.part!r} is not right: IDX files have 'test' and 'train'.")
        if self.inputs not in ("", "A", "B"):
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
    kept = [names[index] for index in _kept(names, reading)]
    return _stored(source, kept, reading, _split(reading))


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
    return both[::-1] if reading.inputs == "B" else both


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
    one, other = ("B", "A") if reading.inputs == "B" else ("A", "B")
    inputs = [found[one][index] for index in _kept(found[one], reading)]
    given = _stored(source, inputs, reading, f"{_place(inputs)}{_split(reading, ', ')}")
    targets = _stored(source, found[other], reading, _place(found[other]))
    return given, targets


def open_domains(paths: Sequence[str], name: str, reading: Reading) -> tuple[Stored, Stored]:
    """Open class folders: the other classes' pictures, of which ``validation`` takes a share, and all of ``name``."""
    source = open_sources(listed(list(paths), "labeled"))
    names = image_names(source)
    require(names, source, "pictures in folders, one a class")
    classes, labels = class_folders(names) or ([], [])
    if name not in classes:
        found = f"Its folders are: {some(classes)}." if classes else "It has no folders of classes."
        raise DataError(f"{source.path} has no folder '{name}' to judge by.{suggest(name, classes)} {found}")
    kept = [index for index in _kept(names, reading) if classes[labels[index]] != name]
    if not kept:
        raise DataError(f"validation={reading.validation} keeps no picture of other classes than '{name}' out.")
    of_class = [each for each, label in zip(names, labels, strict=True) if classes[label] == name]
    given = _stored(source, [names[index] for index in kept], reading, f"all but {name}{_split(reading, ', ')}")
    return given, _stored(source, of_class, reading, name)


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
    pictures, facts = open_stored_images(source, names, form, samples.HELD_BYTES)
    _require_one_size(facts, reading, source)
    digest, resizing = content_hash(source, names), reading.words(form, facts)
    sample = Sample(source.path.name, len(names), part, digest)
    return Stored(sample, pictures, _key(digest, resizing, pictures), resizing, names)


def _side_by_side(source: Source, names: list[str], reading: Reading) -> tuple[Stored, Stored]:
    kept = [names[index] for index in _kept(names, reading)]
    form = reading.form(*first_size(source, kept), pairs=True)
    both, facts = open_stored_images(source, kept, form, samples.HELD_BYTES)
    _require_one_size(facts, reading, source)
    digest, resizing = content_hash(source, kept), reading.words(form, facts)
    left, right = sides(both)

    def side(pictures: Pictures, name: str) -> Stored:
        sample = Sample(source.path.name, len(kept), f"{name}{_split(reading, ', ')}", digest)
        return Stored(sample, pictures, _key(digest, resizing, pictures, name), resizing, kept)

    return side(left, "left"), side(right, "right")


def _two_folders(source: Source, inputs: list[str], targets: list[str], reading: Reading) -> tuple[Stored, Stored]:
    pairs = pair_up(inputs, targets)
    kept = [pairs[index] for index in _kept([each for each, _ in pairs], reading)]
    first, second = (_stored(source, [pair[k] for pair in kept], reading, _split(reading)) for k in (0, 1))
    if isinstance(source, Combined):  # each side has a name of its own
        for side, stored in zip("AB", (first, second), strict=True):
            stored.sample = replace(stored.sample, source=source.sides[side].path.name)
    if first.pictures.shape[-2:] != second.pictures.shape[-2:]:
        raise DataError(f"The inputs in {source.path} have another size than the targets. Give a size to scale all to.")
    return first, second


def _open_idx(source: Source, found: tuple[str, str | None], reading: Reading) -> Stored:
    if reading.validation and reading.part == "test":
        raise OptionError(
            f"{found[0]} is the test part, of which training keeps nothing out. Leave validation away, or give "
            "part='train' (--part train) for what was kept out of the training part."
        )
    pictures, _ = idx.read(source, found)
    own = max(pictures.shape[-2:])
    if reading.size and reading.size < own:
        raise OptionError(f"{found[0]} has pictures of {own} pixels, which size={reading.size} would cut.")
    framed = fit(pictures, reading.size or own)
    names = [str(index) for index in range(len(framed))]
    kept = _kept(names, reading)
    digest, part = content_hash(source, [name for name in found if name]), reading.part + _split(reading, ", ")
    resizing = f"none, {own}x{own}" if framed.shape[-1] == own else f"black frame to {framed.shape[-1]} pixels"
    chosen, sample = subset(framed, kept), Sample(source.path.name, len(kept), part, digest)
    return Stored(sample, chosen, _key(digest, resizing + part, chosen), resizing, [names[index] for index in kept])


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


def content_hash(source: Source, names: list[str]) -> str:
    """Return the SHA-256 of the files' names and contents; the folders above them do not count."""
    whole = hashlib.sha256()
    for name in names:
        content = hashlib.sha256(source.read(name)).hexdigest()
        whole.update(f"{name.rpartition('/')[2]} {content}\n".encode(errors="surrogateescape"))
    return whole.hexdigest()


def _key(digest: str, resizing: str, pictures: Pictures, side: str = "") -> str:
    return hashlib.sha256(f"{digest} {resizing} {tuple(pictures.shape)} {side}".encode()).hexdigest()
