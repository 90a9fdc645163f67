"""Files of equal content: those that a split must keep on one side."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Hashable, Sequence

from torch import Tensor

from ganzoo.data.sources import Source


def label_contents(source: Source, names: Sequence[str]) -> list[str]:
    """Return a label for each file: equal ones for files of equal bytes. Only files of one length are read."""
    sizes = [source.size(name) for name in names]
    often = Counter(sizes)
    return [
        hashlib.sha256(source.read(name)).hexdigest() if often[size] > 1 else f"{size} bytes"
        for name, size in zip(names, sizes, strict=True)
    ]


def label_images(images: Tensor) -> list[str]:
    """Return a label for each of (N, ...) uint8 images: equal ones for equal images."""
    return [hashlib.sha256(image.contiguous().numpy()).hexdigest() for image in images]


def remove_duplicates(
    train: Sequence[int], held_out: Sequence[int], contents: Sequence[Hashable]
) -> tuple[list[int], list[int]]:
    """Return indices without those that repeat the content of another.

    Content that occurs on both sides stays where it is trained on: what is held out was never seen in training, by
    models of earlier versions either.

    Args:
        train: Indices of what is trained on.
        held_out: Indices of what is not.
        contents: The content of each index.
    """
    seen: set[Hashable] = set()
    kept: list[list[int]] = []
    for side in (train, held_out):
        kept.append([])
        for index in side:
            if contents[index] not in seen:
                seen.add(contents[index])
                kept[-1].append(index)
    return kept[0], kept[1]
