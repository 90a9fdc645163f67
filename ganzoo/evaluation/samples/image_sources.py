"""Paths -> stored images: all checked, all of one size, identified by a hash of their contents."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from ganzoo.cards.protocol import Sample
from ganzoo.data import idx
from ganzoo.data.class_folders import class_folders
from ganzoo.data.config import DataConfig
from ganzoo.data.duplicates import label_contents, label_images, remove_duplicates
from ganzoo.data.image_stores import Images, open_stored_images, split_sides, subset
from ganzoo.data.listing import some
from ganzoo.data.pairs import pair_folders, pair_up
from ganzoo.data.preprocessing import PAIR_RATIO, ImageInfo, pad_to_sides, pad_to_square
from ganzoo.data.request import DataRequest, first_size, require, split_combined
from ganzoo.data.sources import Combined, Source, image_names, in_folder, list_paths, open_sources
from ganzoo.data.splitting import split
from ganzoo.errors import DataError, OptionError, suggest
from ganzoo.evaluation.samples import image_sets
from ganzoo.evaluation.samples.image_sets import StoredImages
from ganzoo.evaluation.samples.reading import Reading


def open_images(paths: Sequence[str], reading: Reading) -> StoredImages:
    """Open a folder, a .zip, or a folder of IDX files, and check every image.

    Raises DataError that names the missing or damaged files, or that the sizes differ and ``reading`` has none.
    """
    source = open_sources(list_paths(list(paths), "images"))
    found = idx.find(source, reading.idx_part)
    if found:
        return _open_idx(source, found, reading)
    names = image_names(source)
    require(names, source, "images")
    chosen = [names[index] for index in _choose(source, reading, names)]
    return _store(source, chosen, reading, _describe_split(reading))


def open_pairs(paths: Sequence[str], reading: Reading) -> tuple[StoredImages, StoredImages]:
    """Open pairs, side by side or in two folders: the inputs and their targets."""
    source = open_sources(list_paths(list(paths), "paired"))
    names = image_names(source)
    require(names, source, "images side by side (input and target in one file, twice as wide as high)")
    if isinstance(source, Combined):
        found: tuple[list[str], list[str]] | None = split_combined(source, names)
    else:
        width, height = first_size(source, names)
        found = pair_folders(names) if width < PAIR_RATIO * height else None
    both = _open_two_folders(source, *found, reading) if found else _open_side_by_side(source, names, reading)
    return both[::-1] if reading.inputs == "B" else both


def open_sides(paths: Sequence[str], reading: Reading) -> tuple[StoredImages, StoredImages]:
    """Open two unpaired sets: the inputs, of which ``validation`` takes a share, and all of the other side.

    With a ``validation`` share, each content counts once on both sides.
    """
    source = open_sources(list_paths(list(paths), "unpaired"))
    names = image_names(source)
    if isinstance(source, Combined):
        found = dict(zip("AB", split_combined(source, names), strict=True))
    else:
        found = {side: _find_side(names, side) for side in "AB"}
        for side, files in found.items():
            require(files, source, f"images in a folder test{side}, train{side} or {side}", "Or give two paths.")
    one, other = ("B", "A") if reading.inputs == "B" else ("A", "B")
    chosen = [found[one][index] for index in _choose(source, reading, found[one])]
    inputs = _store(source, chosen, reading, f"{_folder_name(chosen)}{_describe_split(reading, ', ')}")
    return inputs, _store_all(source, found[other], reading, _folder_name(found[other]))


def open_domains(paths: Sequence[str], name: str, reading: Reading) -> tuple[StoredImages, StoredImages]:
    """Open class folders: the images of all other classes (or a ``validation`` share), and all of ``name``."""
    source = open_sources(list_paths(list(paths), "labeled"))
    names = image_names(source)
    require(names, source, "images in one folder for each class")
    classes, labels = class_folders(names) or ([], [])
    if name not in classes:
        found = f"Its folders are: {some(classes)}." if classes else "It has no class folders."
        raise DataError(f"{source.path} has no folder '{name}' to compare with.{suggest(name, classes)} {found}")
    others = [names[index] for index in _choose(source, reading, names) if classes[labels[index]] != name]
    if not others:
        raise DataError(f"validation={reading.validation} holds out no image of the classes other than '{name}'.")
    targets = [each for each, label in zip(names, labels, strict=True) if classes[label] == name]
    inputs = _store(source, others, reading, f"all but {name}{_describe_split(reading, ', ')}")
    return inputs, _store_all(source, targets, reading, name)


def content_hash(names: list[str], contents: list[str]) -> str:
    """Return the SHA-256 of the files' names and contents; the folders above them do not count."""
    whole = hashlib.sha256()
    for name, content in zip(names, contents, strict=True):
        whole.update(f"{name.rpartition('/')[2]} {content}\n".encode(errors="surrogateescape"))
    return whole.hexdigest()


def hash_files(source: Source, names: list[str]) -> list[str]:
    """Return the SHA-256 of each file's content."""
    return [hashlib.sha256(source.read(name)).hexdigest() for name in names]


# ---- which files -----------------------------------------------------------------------------------------------------


def _find_side(names: list[str], side: str) -> list[str]:
    """Return the files of one side: of the first folder among testA, trainA and A that exists."""
    return next(filter(None, (in_folder(names, f"{place}{side}") for place in ("test", "train", ""))), [])


def _folder_name(names: list[str]) -> str:
    return names[0].rpartition("/")[0].rpartition("/")[2] or "all"


def _choose(source: Source, reading: Reading, *files: list[str]) -> list[int]:
    """Return the indices to take, of items of one or two files: all, or those that training held out."""
    if not reading.validation:
        return list(range(len(files[0])))
    return DataRequest(source, DataConfig(), reading.validation, image_sets.MAX_BYTES).split(*files)[1]


def _describe_split(reading: Reading, before: str = "") -> str:
    held_out = f"{before}held out {reading.validation:g}"
    return held_out if reading.validation else ("" if before else "all")


# ---- files -> stored images ------------------------------------------------------------------------------------------


def _store(source: Source, names: list[str], reading: Reading, split_name: str) -> StoredImages:
    spec = reading.spec(*first_size(source, names))
    images, infos = open_stored_images(source, names, spec, image_sets.MAX_BYTES)
    _require_one_size(infos, reading, source)
    contents, resizing = hash_files(source, names), reading.describe(spec, infos)
    digest = content_hash(names, contents)
    sample = Sample(source.path.name, len(names), split_name, digest)
    return StoredImages(sample, images, _key(digest, resizing, images), resizing, names, contents)


def _store_all(source: Source, names: list[str], reading: Reading, split_name: str) -> StoredImages:
    """Return all images; where others are held out, of each content one."""
    if not reading.validation:
        return _store(source, names, reading, split_name)
    kept, _ = remove_duplicates(range(len(names)), (), label_contents(source, names))
    unique = "" if len(kept) == len(names) else ", without duplicates"
    return _store(source, [names[index] for index in kept], reading, f"{split_name}{unique}")


def _open_side_by_side(source: Source, names: list[str], reading: Reading) -> tuple[StoredImages, StoredImages]:
    chosen = [names[index] for index in _choose(source, reading, names)]
    spec = reading.spec(*first_size(source, chosen), pairs=True)
    both, infos = open_stored_images(source, chosen, spec, image_sets.MAX_BYTES)
    _require_one_size(infos, reading, source)
    contents, resizing = hash_files(source, chosen), reading.describe(spec, infos)
    digest = content_hash(chosen, contents)
    left, right = split_sides(both)

    def store(images: Images, name: str) -> StoredImages:
        sample = Sample(source.path.name, len(chosen), f"{name}{_describe_split(reading, ', ')}", digest)
        return StoredImages(sample, images, _key(digest, resizing, images, name), resizing, chosen, contents)

    return store(left, "left"), store(right, "right")


def _open_two_folders(
    source: Source, inputs: list[str], targets: list[str], reading: Reading
) -> tuple[StoredImages, StoredImages]:
    pairs = pair_up(inputs, targets)
    chosen = [pairs[index] for index in _choose(source, reading, *map(list, zip(*pairs, strict=True)))]
    split_name = _describe_split(reading)
    first, second = (_store(source, [pair[k] for pair in chosen], reading, split_name) for k in (0, 1))
    if isinstance(source, Combined):  # each side has its own name
        for side, stored in zip("AB", (first, second), strict=True):
            stored.sample = replace(stored.sample, source=source.sides[side].path.name)
    if first.images.shape[-2:] != second.images.shape[-2:]:
        raise DataError(f"The inputs in {source.path} have a different size than the targets. Give a size for all.")
    return first, second


def _framed(images: Tensor, reading: Reading, name: str) -> Tensor:
    """Return IDX images with a black frame to a size that is not square."""
    height, width = images.shape[-2:]
    if height > reading.size or width > reading.width:
        raise OptionError(f"{name} has images of {width}x{height}, which {reading.width}x{reading.size} would crop.")
    return pad_to_sides(images, reading.size, reading.width)


def _open_idx(source: Source, found: tuple[str, str | None], reading: Reading) -> StoredImages:
    if reading.validation and reading.part == "test":
        raise OptionError(
            f"{found[0]} is the test part, of which training holds out nothing. Omit validation, or give "
            "part='train' (--part train) for the share of the training part that was held out."
        )
    images, _ = idx.read(source, found)
    own = max(images.shape[-2:])
    if reading.width:
        framed = _framed(images, reading, found[0])
    elif reading.size and reading.size < own:
        raise OptionError(f"{found[0]} has images of {own} pixels, which size={reading.size} would crop.")
    else:
        framed = pad_to_square(images, reading.size or own)
    names = [str(index) for index in range(len(framed))]
    indices = split(names, reading.validation)[1] if reading.validation else list(range(len(names)))
    split_name = reading.part + _describe_split(reading, ", ")
    files = [name for name in found if name]
    digest = content_hash(files, hash_files(source, files))
    high, wide = framed.shape[-2:]
    to = f"{wide}" if high == wide else f"{wide}x{high}"
    resizing = f"none, {own}x{own}" if high == wide == own else f"black frame to {to} pixels"
    chosen, sample = subset(framed, indices), Sample(source.path.name, len(indices), split_name, digest)
    key = _key(digest, resizing + split_name, chosen)
    contents = label_images(chosen) if isinstance(chosen, Tensor) else []
    return StoredImages(sample, chosen, key, resizing, [names[index] for index in indices], contents)


def _require_one_size(infos: Sequence[ImageInfo], reading: Reading, source: Source) -> None:
    sizes = Counter((each.width, each.height) for each in infos)
    if reading.size or len(sizes) == 1:
        return
    common = ", ".join(f"{width}x{height} ({count:,})" for (width, height), count in sizes.most_common(3))
    (width, height), _ = sizes.most_common(1)[0]
    raise DataError(
        f"The images in {source.path} have {len(sizes)} sizes: {common}{' and others' if len(sizes) > 3 else ''}. "
        f"Scores depend on how images are scaled: give a size for all, as --size {min(width, height)}."
    )


def _key(digest: str, resizing: str, images: Images, side: str = "") -> str:
    return hashlib.sha256(f"{digest} {resizing} {tuple(images.shape)} {side}".encode()).hexdigest()
