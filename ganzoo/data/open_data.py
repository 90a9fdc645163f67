"""A path and a recipe's wishes -> a data set, checked and split into training and validation."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo.contracts.config import Config
from ganzoo.data import idx, notes, shards, streams
from ganzoo.data.config import DataConfig
from ganzoo.data.datasets import Data, Images, Paired, Unpaired
from ganzoo.data.decode import PAIR_RATIO, Facts, Form, fit
from ganzoo.data.image_stores import MAX_BYTES, Pictures, open_stored_images, shrink, sides, subset
from ganzoo.data.layout import class_folders, pair_folders, pair_up, split
from ganzoo.data.sources import Combined, Paths, Source, fingerprint, image_names, in_folder, listed, open_sources
from ganzoo.errors import DataError, ImageError, OptionError
from ganzoo.image_io import decoding, image_paths


def open_data(path: Paths, kind: str, config: Config, validation: float = 0.0, memory: int = MAX_BYTES) -> Data:
    """Check a data set whole, and hold it in memory or, where it is too large, decode it when needed.

    path        a folder, a .zip, or shards; of "unpaired" (A, B) and "paired" (inputs, targets) perhaps two of these
    kind        "images", "labeled", "paired", "unpaired" or "clips": what the recipe's entry asks for
    config      the recipe's; what it has of the fields of `DataConfig` counts
    validation  the share of pictures kept out, chosen by their names: the same list every time, see `split`
    memory      bytes that decoded pictures may take; of more, every one is decoded once to check it, and again when
                it is needed
    Raises DataError that names what is missing or broken, OptionError for a wish that cannot be met.
    """
    data_config, paths = DataConfig.of(config), listed(path, kind)
    if any(shards.are_shards(each) for each in paths):
        if kind == "clips":
            raise OptionError("Shards hold pictures, and the recipe wants clips. Give a folder or a .zip of videos.")
        if kind not in ("images", "paired", "unpaired"):
            raise OptionError(f"Shards do not say how many classes there are, which '{kind}' data must. Give a folder.")
        return streams.open_stream(paths, kind, data_config, validation)
    opener = {
        "images": _open_images,
        "labeled": _open_labeled,
        "paired": _open_paired,
        "unpaired": _open_unpaired,
        "clips": _open_clips,
    }[kind]
    return opener(Opening(open_sources(paths), data_config, validation, memory))


@dataclass(frozen=True)
class Opening:
    """What is asked of a data set that is being opened."""

    source: Source
    data_config: DataConfig
    validation: float
    memory: int

    def form(self, size: int, pairs: bool = False) -> Form:
        """Return how pictures are stored that are trained on at ``size``."""
        stored = self.data_config.stored(size)
        return Form(stored, stored, self.data_config.channels, pairs)

    def size(self, names: list[str], pairs: bool = False) -> int:
        """Return the size to train on: the one asked for, or the shorter side of the first picture."""
        if self.data_config.image_size:
            return self.data_config.image_size
        width, height = first_size(self.source, names)
        return max(1, min(height, width // 2 if pairs else width))

    def notes(self, facts: list[Facts], pictures: Pictures, form: Form, size: int) -> list[str]:
        """Return the sentences that every kind of data has."""
        stored = Form(form.height, form.width, pictures.shape[1], form.pairs)
        said = notes.of_images(facts, stored, size)
        if not isinstance(pictures, Tensor):
            said.insert(1, notes.of_memory(len(pictures), stored, self.memory))
        others = sorted(set(self.source.names) - set(image_names(self.source)))
        return said + notes.of_other_files(others)


def _open_images(asked: Opening) -> Data:
    found = idx.find(asked.source)
    if found:
        return _open_idx(asked, found)
    names = image_names(asked.source)
    require(names, asked.source, "pictures")
    size = asked.size(names)
    form = asked.form(size)
    pictures, facts = open_stored_images(asked.source, names, form, asked.memory)
    classes, labels = class_folders(names) or ([], [])
    said = asked.notes(facts, pictures, form, size) + (notes.of_classes(classes, labels) if classes else [])
    return _images(asked, names, names, size, pictures, torch.tensor(labels) if classes else None, classes, said)


def _open_labeled(asked: Opening) -> Data:
    """Open pictures with their classes. Raises DataError where they have none."""
    data = _open_images(asked)
    if len(data.classes) < 2:
        raise DataError(
            f"{asked.source.path} has no classes: the recipe wants pictures in two folders or more, one a class, or "
            "IDX files with their labels."
        )
    return data


def _open_clips(asked: Opening) -> Data:
    from ganzoo.data.clips import open_clips  # it builds on this module

    return open_clips(asked)


def _open_idx(asked: Opening, found: tuple[str, str | None]) -> Data:
    raw, labels = idx.read(asked.source, found)
    size = asked.data_config.image_size or max(raw.shape[-2:])
    pictures = _framed(raw, size, asked, found[0])
    names = [f"{index}" for index in range(len(pictures))]
    classes = [] if labels is None else [f"{label}" for label in range(int(labels.max()) + 1)]
    frame = f", with a black frame to {size}x{size}" if size != raw.shape[-1] or size != raw.shape[-2] else ""
    said = [f"{len(raw):,} gray pictures of {raw.shape[-1]}x{raw.shape[-2]} in {found[0]}{frame}."]
    files = [name for name in found if name]
    return _images(asked, names, files, size, pictures, labels, classes, said)


def _images(
    asked: Opening,
    names: list[str],
    files: list[str],
    size: int,
    pictures: Pictures,
    labels: Tensor | None,
    classes: list[str],
    said: list[str],
) -> Data:
    kept, held = split(names, asked.validation)
    view, plain = asked.data_config.views(size)

    def part(indices: list[int]) -> tuple[Pictures, Tensor | None]:
        return subset(pictures, indices), None if labels is None else labels[indices]

    (shown, shown_labels), (hidden, hidden_labels) = part(kept), part(held)
    return Data(
        train=Images(shown, view, shown_labels),
        validation=Images(shrink(hidden, size), plain, hidden_labels) if held else None,
        image_size=size,
        channels=pictures.shape[1],
        counts={"images": len(kept)},
        held_out=[names[index] for index in held],
        fingerprint=fingerprint(asked.source, files, len(names)),
        classes=classes,
        notes=said,
    )


def _framed(pictures: Tensor, size: int, asked: Opening, name: str) -> Tensor:
    """Return IDX pictures (N, 1, H, W) as (N, C, size, size), with a black frame and gray in every channel."""
    height, width = pictures.shape[-2:]
    if size < max(height, width):
        raise OptionError(
            f"{name} has pictures of {width}x{height}, which image_size={size} would cut. "
            f"Set image_size={max(height, width)} or more: a larger one adds a black frame."
        )
    if len(pictures) * size * size > asked.memory:
        raise DataError(
            f"{len(pictures)} pictures of {size}x{size} take {len(pictures) * size * size / 2**30:.1f} GiB of memory, "
            f"over the limit of {asked.memory / 2**30:.1f}. Set a smaller image_size."
        )
    framed = fit(pictures, size)
    return framed.expand(-1, 3, -1, -1) if asked.data_config.channels == 3 else framed


def _open_paired(asked: Opening) -> Data:
    names = image_names(asked.source)
    require(names, asked.source, "pictures side by side (input and target in one file, twice as wide as high)")
    if isinstance(asked.source, Combined):
        found: tuple[list[str], list[str]] | None = two_sides(asked.source, names)
    else:
        width, height = first_size(asked.source, names)
        found = pair_folders(names) if width < PAIR_RATIO * height else None
    return _open_two_folders(asked, *found) if found else _open_side_by_side(asked, names)


def _open_side_by_side(asked: Opening, names: list[str]) -> Data:
    size = asked.size(names, pairs=True)
    form = asked.form(size, pairs=True)
    both, facts = open_stored_images(asked.source, names, form, asked.memory)
    kept, held = split(names, asked.validation)
    parts = [sides(subset(both, indices)) for indices in (kept, held)]
    return _pairs(asked, size, parts, both.shape[1], [[name] for name in names], asked.notes(facts, both, form, size))


def _open_two_folders(asked: Opening, inputs: list[str], targets: list[str]) -> Data:
    pairs = pair_up(inputs, targets)
    names = [pair[side] for side in (0, 1) for pair in pairs]
    size = asked.size(names)
    form, count = asked.form(size), len(pairs)
    both, facts = open_stored_images(asked.source, names, form, asked.memory)
    said = asked.notes(facts, both, form, size) + notes.of_unlike_pairs(
        list(zip(facts[:count], facts[count:], strict=True))
    )
    kept, held = split([each for each, _ in pairs], asked.validation)
    parts = [(subset(both, part), subset(both, [count + index for index in part])) for part in (kept, held)]
    return _pairs(asked, size, parts, both.shape[1], [list(pair) for pair in pairs], said)


def _pairs(
    asked: Opening,
    size: int,
    parts: list[tuple[Pictures, Pictures]],
    channels: int,
    files: list[list[str]],
    said: list[str],
) -> Data:
    """``parts``: inputs and targets to train on, and those kept out; ``files``: those of each pair, one or two."""
    kept, held = split([each[0] for each in files], asked.validation)
    step = -1 if asked.data_config.direction == "right-to-left" else 1
    (inputs, targets), (held_inputs, held_targets) = (part[::step] for part in parts)
    view, plain = asked.data_config.views(size)
    return Data(
        train=Paired(inputs, targets, view),
        validation=Paired(shrink(held_inputs, size), shrink(held_targets, size), plain) if held else None,
        image_size=size,
        channels=channels,
        counts={"pairs": len(kept)},
        held_out=[name for index in held for name in files[index]],
        fingerprint=fingerprint(asked.source, [name for each in files for name in each], len(files)),
        notes=said,
    )


def _open_unpaired(asked: Opening) -> Data:
    source, names = asked.source, image_names(asked.source)
    if isinstance(source, Combined):
        a, b = two_sides(source, names)
    else:
        a, b = (in_folder(names, f"train{side}") or in_folder(names, side) for side in "AB")
        for side, found in (("A", a), ("B", b)):
            require(
                found, source, f"pictures in a folder named train{side} (or {side})", "Or give two paths, A then B."
            )
    size = asked.size(a)
    form = asked.form(size)
    both, facts = open_stored_images(source, a + b, form, asked.memory)
    (kept_a, held_a), (kept_b, held_b) = split(a, asked.validation), split(b, asked.validation)

    def part(of_a: list[int], of_b: list[int]) -> tuple[Pictures, Pictures]:
        return subset(both, of_a), subset(both, [len(a) + index for index in of_b])

    (shown_a, shown_b), (hidden_a, hidden_b) = part(kept_a, kept_b), part(held_a, held_b)
    view, plain = asked.data_config.views(size)
    hidden = Unpaired(shrink(hidden_a, size), shrink(hidden_b, size), plain, shuffled=False) if held_a else None
    return Data(
        train=Unpaired(shown_a, shown_b, view),
        validation=hidden,
        image_size=size,
        channels=both.shape[1],
        counts={"a": len(kept_a), "b": len(kept_b)},
        held_out=[*(a[index] for index in held_a), *(b[index] for index in held_b)],
        fingerprint=fingerprint(source, a + b, len(a) + len(b)),
        notes=asked.notes(facts, both, form, size) + notes.of_images_elsewhere(names, a + b, "the folders of A and B"),
    )


def two_sides(source: Combined, names: list[str]) -> tuple[list[str], list[str]]:
    a, b = ([name for name in names if name.startswith(f"{side}/")] for side in "AB")
    for side, found in (("A", a), ("B", b)):
        require(found, source.sides[side], "pictures")
    return a, b


def require(names: list[str], source: Source, what: str, else_do: str = "") -> None:
    if not names:
        others = f"It has {len(source.names)} other files" if source.names else "It is empty"
        next_step = else_do or f"Pictures end in {' '.join(image_paths.SUFFIXES)}."
        raise DataError(f"{source.path} holds no {what}. {others}. {next_step}")


def first_size(source: Source, names: list[str]) -> tuple[int, int]:
    """Return (width, height) of the first picture that can be read; `open_stored_images` names those that cannot."""
    for name in names:
        try:
            height, width = decoding.read(source.read(name)).rgb.shape[:2]
        except (DataError, ImageError):
            continue
        return width, height
    return 1, 1
