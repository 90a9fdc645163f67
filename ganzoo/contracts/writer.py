"""What a writer must be: it writes rasters to files of one format, a window at a time. The kind "writer"."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from ganzoo.contracts.engine import OptionalDependency

if TYPE_CHECKING:
    import numpy as np

    from ganzoo.rasters.channel import Channel
    from ganzoo.rasters.raster import Raster

    Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class OutputSpec:
    """What a file shall hold.

    Attributes:
        shape: (C, H, W) of every frame.
        dtype: Number type, in numpy's words.
        channels: What each channel means, C of them.
        frames: How many images.
        axis: The dimensions along which they lie; see `Frames.axis`.
        lengths: How many lie along each of them, where they are several; see `Frames.lengths`.
        template: The raster whose metadata it shall carry, where it is the writer's own format; None: no metadata.
        scale: How many times as high and wide as the template's file it is: pixels are so many times smaller.
    """

    shape: tuple[int, int, int]
    dtype: str
    channels: Sequence[Channel]
    frames: int = 1
    axis: str = ""
    template: Raster | None = None
    scale: float = 1
    lengths: Sequence[int] = ()

    @property
    def stack(self) -> Mapping[str, int]:
        """The dimensions along which images lie, T or Z or both, and their lengths; the last runs fastest.

        Those of another meaning count as depth. There are none of a single image.
        """
        if self.frames == 1:
            return {}
        if set(self.axis) <= set("TZ") and len(self.axis) == len(self.lengths) == 2:
            return dict(zip(self.axis, self.lengths, strict=True))
        return {self.axis if self.axis in ("T", "Z") else "Z": self.frames}


class OpenFile(ABC):
    """A file that is being written. Leaving its context after an error leaves nothing behind."""

    @abstractmethod
    def write_window(self, top: int, left: int, values: Array, valid: Array | None = None, frame: int = 0) -> None:
        """Write a part.

        Args:
            top: Row of its first pixel.
            left: Column of its first pixel.
            values: (C, h, w) of the file's number type.
            valid: Bool (h, w) or (C, h, w), False where there is no value; None: everywhere valid. Where the format has
                a mark for missing values, it is put there.
            frame: Of which image.

        Raises:
            OutputError: The disk is full, say.
        """

    def write_passing(self, top: int, left: int, values: Array, valid: Array, frame: int = 0) -> None:
        """Write a part whose missing pixels have the input's own values: they stay, as far as the format can mark them.

        A format without marks of its own writes them as they are.

        Args:
            top: Row of its first pixel.
            left: Column of its first pixel.
            values: (C, h, w) of the file's number type.
            valid: Bool (h, w), False where the input has no value.
            frame: Of which image.

        Raises:
            OutputError: Missing pixels could no longer be told from the others.
        """
        self.write_window(top, left, values, None, frame)

    @abstractmethod
    def close(self) -> None:
        """Complete the file: it appears under its name now, whole.

        Raises:
            OutputError: It cannot be written.
        """

    @abstractmethod
    def discard(self) -> None:
        """Drop what was written, without an error."""

    def __enter__(self) -> OpenFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()


class Writer(OptionalDependency, ABC):
    """Base of writers.

    Attributes:
        suffixes: Of the names of its files, lower case with the dot: the output's name says which writer writes it.
        formats: Of the readers whose metadata it can carry: ("tifffile",).
        folders: Whether it writes folders of files, whose names have no suffix, of such an input.
    """

    suffixes: ClassVar[tuple[str, ...]] = ()
    formats: ClassVar[tuple[str, ...]] = ()
    folders: ClassVar[bool] = False

    @abstractmethod
    def check(self, spec: OutputSpec) -> None:
        """Check that the format holds such an image without loss.

        Args:
            spec: Size, channels and number type of the image.

        Raises:
            OutputError: It does not; the message names a format that does.
        """

    @abstractmethod
    def open(self, path: str, spec: OutputSpec) -> OpenFile:
        """Begin a file.

        Args:
            path: Where it will be.
            spec: Size, channels and number type of the image.

        Raises:
            OutputError: It cannot be written there.
        """
