"""What a reader must be: it opens files of one format as rasters. The kind "reader"."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar

from ganzoo.contracts.engine import OptionalDependency

if TYPE_CHECKING:
    from ganzoo.rasters.raster import Raster

HEAD = 512  # bytes of a file that `Reader.recognizes` is shown


class Frames(ABC):
    """The images in one file, each a lazy raster: pages, slices of a volume, points in time.

    Use it as a sequence, and close it, or use ``with``.
    """

    @abstractmethod
    def __len__(self) -> int:
        """Return how many there are, at least 1."""

    @abstractmethod
    def __getitem__(self, index: int) -> Raster:
        """Return one of them; no pixel is read yet. Raises IndexError, as sequences do."""

    def __iter__(self) -> Iterator[Raster]:
        return (self[index] for index in range(len(self)))

    @property
    def labels(self) -> Sequence[str]:
        """What each frame is, in words: "page 3", "Z 4, T 1". One empty text for a single image."""
        return [f"page {index + 1}" for index in range(len(self))] if len(self) > 1 else [""]

    @property
    def axis(self) -> str:
        """The dimensions along which the frames lie: "Z", "TZ", "page"; "" for a single image.

        Neighbors along Z are neighbors in space.
        """
        return "page" if len(self) > 1 else ""

    @property
    def lengths(self) -> Sequence[int]:
        """How many frames lie along each letter of `axis`, where those are several: (3, 5) of "TZ", Z running fastest.

        () where they lie along one dimension.
        """
        return ()

    @property
    def description(self) -> Mapping[str, str]:
        """What is known of the file and kept when it is translated, for people: {"pixel size": "0.25 x 0.25 µm"}."""
        return {}

    def tag(self, name: str) -> str:
        """Return the value of a tag of the file, "" where it has none; it may be private and is never shown.

        Args:
            name: In the words of the format: "PatientID".
        """
        return ""

    def close(self) -> None:
        """Close the file. Rasters of it cannot be read afterwards."""
        return

    def __enter__(self) -> Frames:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Reader(OptionalDependency, ABC):
    """Base of readers.

    Attributes:
        suffixes: Of file names in this format, lower case with the dot, to find files in folders. A file is never
            opened for its name: `recognizes` decides.
        precedence: Of two readers that recognize a file, the one with the higher number opens it.
        of_images: Whether the folders it opens hold files that are images on their own, as a series of scans does.
        words: What it reads only when asked (`--read`): word -> what it means, as {"lut": "values by a look-up table"}.
    """

    suffixes: ClassVar[tuple[str, ...]] = ()
    precedence: ClassVar[int] = 0
    of_images: ClassVar[bool] = False
    words: ClassVar[Mapping[str, str]] = {}

    @abstractmethod
    def recognizes(self, head: bytes, path: str) -> bool:
        """Tell whether this reader can open a file.

        Args:
            head: Its first `HEAD` bytes; b"" for a folder.
            path: Where it is, for formats that are folders; "" for a stream.
        """

    def asked(self, words: frozenset[str]) -> Reader:
        """Return the reader that reads what the user asks for.

        Args:
            words: Some of ``self.words``.
        """
        return self

    @abstractmethod
    def open(self, path: str, *, axes: str = "", max_pixels: int | None = None) -> Frames:
        """Open a file.

        Args:
            path: Of the file.
            axes: What its dimensions are, as "ZCYX", where it does not say so itself; "": what the file says.
            max_pixels: The most that may be decoded at once; None: the default.

        Returns:
            Its frames. Every frame has the same channels.

        Raises:
            ImageError: It is damaged, too large, or its dimensions are ambiguous.
            OptionError: The axes do not fit it.
        """
