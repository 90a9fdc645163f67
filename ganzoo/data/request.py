"""What is asked of a data set while it is opened, and what opening each kind of data needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from torch import Tensor

from ganzoo.data import descriptions
from ganzoo.data.config import DataConfig
from ganzoo.data.duplicates import label_contents, remove_duplicates
from ganzoo.data.image_stores import Images
from ganzoo.data.preprocessing import ImageInfo, ImageSpec
from ganzoo.data.sources import Combined, Source, image_names
from ganzoo.data.splitting import split
from ganzoo.errors import DataError, ImageError
from ganzoo.image_io import decoding, image_paths


@dataclass(frozen=True)
class DataRequest:
    """A source, and how it is to be opened.

    Attributes:
        source: The files.
        config: The recipe's options that concern data.
        validation: Share of the files that is held out.
        memory: Bytes that decoded images may take; larger sets are decoded when needed.
        keep_duplicates: Split files of equal content as if they differed, as runs of before did.
    """

    source: Source
    config: DataConfig
    validation: float
    memory: int
    keep_duplicates: bool = False

    def spec(self, size: int, pairs: bool = False) -> ImageSpec:
        """Return how images are stored that are trained on at ``size``."""
        return ImageSpec(*self.config.stored_sides(size), self.config.channels, pairs)

    def size(self, names: list[str], pairs: bool = False) -> int:
        """Return the training size: the requested one, or the shorter side of the first image."""
        if self.config.image_size:
            return self.config.image_size
        width, height = first_size(self.source, names)
        return max(1, min(height, width // 2 if pairs else width))

    def split(self, *files: list[str], contents: list[str] | None = None) -> tuple[list[int], list[int]]:
        """Return the indices to train on and those to hold out, of which none repeats another's content.

        Args:
            files: Names of the items' files; of items of two files, as pairs, two lists. The first are split by.
            contents: What distinguishes the items; None: the bytes of their files.

        Raises:
            DataError: Nothing is left to hold out.
        """
        train, held_out = split(files[0], self.validation)
        if not held_out or self.keep_duplicates:
            return train, held_out
        labels: Sequence[Hashable] = contents or list(
            zip(*(label_contents(self.source, each) for each in files), strict=True)
        )
        kept = remove_duplicates(train, held_out, labels)
        if not kept[1]:
            raise DataError(
                f"Every image of {self.source.path} that validation={self.validation:g} would hold out has the content "
                "of one that is trained on. Remove the duplicates, or hold out more."
            )
        return kept

    def notes(self, infos: list[ImageInfo], images: Images, spec: ImageSpec, size: int) -> list[str]:
        """Return the sentences that are common to all kinds of images."""
        stored = ImageSpec(spec.height, spec.width, images.shape[1], spec.pairs)
        notes = descriptions.describe_images(infos, stored, size, self.config.image_width)
        if not isinstance(images, Tensor):
            notes.insert(1, descriptions.describe_memory(len(images), stored, self.memory))
        others = sorted(set(self.source.names) - set(image_names(self.source)))
        return notes + descriptions.describe_other_files(others) + self.source.notes


def first_size(source: Source, names: list[str]) -> tuple[int, int]:
    """Return (width, height) of the first image that can be read; `open_stored_images` names those that cannot."""
    for name in names:
        try:
            height, width = decoding.read(source.read(name)).rgb.shape[:2]
        except (DataError, ImageError):
            continue
        return width, height
    return 1, 1


def require(names: list[str], source: Source, what: str, next_step: str = "") -> None:
    """Raise DataError where there are no ``names``: the source lacks ``what``."""
    if not names:
        found = f"It has {len(source.names)} other files{_endings(source.names)}" if source.names else "It is empty"
        next_step = next_step or f"Images end in {' '.join(image_paths.SUFFIXES)}."
        raise DataError(f"{source.path} holds no {what}. {found}. {next_step}")


def _endings(names: list[str]) -> str:
    """Return the endings of files in brackets, the most frequent first; "" where they have none."""
    counts = Counter(PurePosixPath(name.removesuffix(".gz")).suffix.lower() for name in names)
    counts.pop("", None)
    return f" ({', '.join(ending for ending, _ in counts.most_common(5))})" if counts else ""


def split_combined(source: Combined, names: list[str]) -> tuple[list[str], list[str]]:
    """Return the names of either side. Raises DataError where one has none."""
    a, b = ([name for name in names if name.startswith(f"{side}/")] for side in "AB")
    for side, found in (("A", a), ("B", b)):
        require(found, source.sides[side], "images")
    return a, b
