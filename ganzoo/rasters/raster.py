"""An image of any channels, read in windows: what readers return and writers take."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from ganzoo.errors import ImageError
from ganzoo.rasters.axes import to_cyx
from ganzoo.rasters.channel import Channel, default_channels, number_of

if TYPE_CHECKING:
    from PIL import Image

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
Span: TypeAlias = "slice | tuple[int, int] | None"


class PixelSource(Protocol):
    """Where a raster's pixels come from: a file, or an array."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of the full resolution."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """The number type of every channel."""
        ...

    @property
    def levels(self) -> tuple[tuple[int, int], ...]:
        """(H, W) of each level of a pyramid, the full resolution first."""
        ...

    @property
    def masked(self) -> bool:
        """Whether `read_mask` may return anything but None."""
        ...

    def read(self, rows: slice, columns: slice, channels: Sequence[int], level: int) -> Array:
        """Return a new array (channels, rows, columns) of one level; the spans lie within it, and have no steps."""
        ...

    def read_mask(self, rows: slice, columns: slice, channels: Sequence[int], level: int) -> Array | None:
        """Return bool of the same shape, True where the file says that a value is valid; None: everywhere."""
        ...


@dataclass(frozen=True)
class ArraySource:
    """The pixels of an array (C, H, W), with an optional mask of the same shape."""

    values: Array
    mask: Array | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        count, height, width = self.values.shape
        return count, height, width

    @property
    def dtype(self) -> np.dtype[Any]:
        """The array's."""
        return self.values.dtype

    @property
    def levels(self) -> tuple[tuple[int, int], ...]:
        """One."""
        return (self.shape[1:],)

    @property
    def masked(self) -> bool:
        """Whether there is a mask."""
        return self.mask is not None

    def read(self, rows: slice, columns: slice, channels: Sequence[int], level: int) -> Array:
        """Return a copy of a window."""
        return np.ascontiguousarray(self.values[list(channels), rows, columns])

    def read_mask(self, rows: slice, columns: slice, channels: Sequence[int], level: int) -> Array | None:
        """Return the mask's window."""
        return None if self.mask is None else self.mask[list(channels), rows, columns]


@dataclass(frozen=True)
class LevelSource:
    """A smaller level of another source, and those below it."""

    source: PixelSource
    level: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of the level."""
        return self.source.shape[0], *self.levels[0]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The source's."""
        return self.source.dtype

    @property
    def levels(self) -> tuple[tuple[int, int], ...]:
        """Those from this one on."""
        return self.source.levels[self.level :]

    @property
    def masked(self) -> bool:
        """The source's."""
        return self.source.masked

    @property
    def masked_by_file(self) -> bool:
        """The source's."""
        return bool(getattr(self.source, "masked_by_file", True))

    def read(self, rows: slice, columns: slice, channels: Sequence[int], level: int) -> Array:
        """Return a window."""
        return self.source.read(rows, columns, channels, self.level + level)

    def read_mask(self, rows: slice, columns: slice, channels: Sequence[int], level: int) -> Array | None:
        """Return the mask's window."""
        return self.source.read_mask(rows, columns, channels, self.level + level)


@dataclass(frozen=True, eq=False, repr=False)
class Raster:
    """An image (C, H, W) in its file's number type, read in windows, with the meaning of its channels.

    ``np.asarray(raster)`` reads all of it; `window` reads a part.

    Attributes:
        source: Where the pixels come from.
        channels: What each channel means, C of them.
        name: What messages call it.
        format: The reader that opened it, as "tifffile"; "" for an array.
        metadata: What must survive besides pixels: pixel size, OME-XML, georeference. Opaque to all but the reader
            and the writer of its format.
        group: What must not be split between training and test: images of one group belong together.
        selection: Which of the source's channels these are; None: all.
        zoom: Its pixels for one of the file's at full resolution: below 1 for a smaller level of a pyramid.
    """

    source: PixelSource
    channels: tuple[Channel, ...] = ()
    name: str = "The image"
    format: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    group: str = ""
    selection: tuple[int, ...] | None = None
    zoom: float = 1.0

    def __repr__(self) -> str:
        size = "x".join(map(str, self.shape))
        names = ", ".join(channel.name or str(number) for number, channel in enumerate(self.channels, 1))
        return f"<ganzoo.Raster {self.name}: {size} {self.dtype} ({names})>"

    def __post_init__(self) -> None:
        """Raises ImageError where the number of channels differs from that of the pixels."""
        count = self.source.shape[0] if self.selection is None else len(self.selection)
        if not self.channels:
            object.__setattr__(self, "channels", default_channels(count))
        if len(self.channels) != count:
            raise ImageError(f"{self.name} has {count} channels, and {len(self.channels)} are described.")

    @classmethod
    def from_array(
        cls,
        array: Any,
        axes: str = "CYX",
        channels: Sequence[Channel] = (),
        mask: Any = None,
        metadata: Mapping[str, Any] | None = None,
        name: str = "The array",
    ) -> Raster:
        """Make a raster of an array.

        Args:
            array: Integers or floats; NaN counts as missing. A masked array brings its mask.
            axes: One letter for each dimension: Y, X, and C or S (channels); others must be of length 1.
            channels: What each channel means.
            mask: Bool, True where a value is valid: of the array's shape, or (H, W) for all channels.
            metadata: See the class.
            name: What messages call it.

        Raises:
            ImageError: The axes do not fit, or the type is no number.
        """
        if isinstance(array, np.ma.MaskedArray):
            mask = ~np.ma.getmaskarray(array) if mask is None else mask
            array = array.data
        values = to_cyx(check_numbers(np.asarray(array), name), axes, name)
        if mask is not None:
            mask = np.asarray(mask, bool)
            same = mask.ndim == len(axes)
            mask = np.broadcast_to(to_cyx(mask, axes, "The mask") if same else mask, values.shape)
        return cls(ArraySource(values, mask), tuple(channels), name, metadata=metadata or {})

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        return len(self.channels), *self.source.shape[1:]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The number type of the values."""
        return self.source.dtype

    @property
    def levels(self) -> tuple[tuple[int, int], ...]:
        """(H, W) of each level of a pyramid, the full resolution first."""
        return self.source.levels

    @property
    def block(self) -> tuple[int, int]:
        """(height, width) of what the source decodes at once; (1, 1) where each pixel can be read by itself."""
        return block_of(self.source)

    @property
    def may_have_mask(self) -> bool:
        """Whether some value may be invalid, told without reading any: floats may be NaN."""
        return self.dtype.kind == "f" or self.source.masked

    @property
    def masked_by_file(self) -> bool:
        """Whether the file says which values are invalid, and not something that was looked for in its pixels."""
        return bool(getattr(self.source, "masked_by_file", True))

    @property
    def mask(self) -> Array | None:
        """Bool (C, H, W), True where a value is valid; None where all are."""
        return self.mask_window()

    def window(
        self, rows: Span = None, columns: Span = None, channels: Sequence[int] | None = None, level: int = 0
    ) -> Array:
        """Read a part.

        Args:
            rows: (first, last) or a slice without steps; None: all.
            columns: Likewise.
            channels: Indices of this raster's channels; None: all.
            level: Of the pyramid; 0 is the full resolution.

        Returns:
            A new array (channels, rows, columns) in the file's type and the machine's byte order.

        Raises:
            ImageError: The window lies outside, or the file is damaged there.
        """
        return self.source.read(*self._place(rows, columns, channels, level))

    def mask_window(
        self, rows: Span = None, columns: Span = None, channels: Sequence[int] | None = None, level: int = 0
    ) -> Array | None:
        """Return where values are valid. Invalid is what the file declares so (nodata, a mask), NaN and infinity.

        Args:
            rows: First row and the one after the last; None: all.
            columns: First column and the one after the last; None: all.
            channels: Numbers of channels; None: all.
            level: Of the image pyramid, 0 the largest.

        Returns:
            bool (channels, rows, columns), True for valid; None where all are.
        """
        place = self._place(rows, columns, channels, level)
        found = self.source.read_mask(*place)
        if self.dtype.kind != "f":
            return found
        finite = np.isfinite(self.source.read(*place))
        valid: Array = finite if found is None else found & finite
        return None if valid.all() else valid

    def _place(
        self, rows: Span, columns: Span, channels: Sequence[int] | None, level: int
    ) -> tuple[slice, slice, tuple[int, ...], int]:
        if not 0 <= level < len(self.levels):
            raise ImageError(f"{self.name} has no level {level}: it has {len(self.levels)}, the first is 0.")
        height, width = self.levels[level]
        indices = range(len(self.channels)) if channels is None else channels
        if not all(0 <= index < len(self.channels) for index in indices):
            raise ImageError(f"{self.name} has {len(self.channels)} channels, not channels {list(indices)}.")
        own = tuple(indices) if self.selection is None else tuple(self.selection[index] for index in indices)
        return _span(rows, height, self.name), _span(columns, width, self.name), own, level

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """Return all pixels (C, H, W), read now."""
        values = self.window()
        return values if dtype is None else values.astype(dtype, copy=False)

    def select(self, bands: str | Sequence[str | int]) -> Raster:
        """Return a raster of some channels, in this order; no pixel is read.

        Args:
            bands: Names, or numbers from 1: "B4,B3,B2", "4,3,2", or a list of them.

        Raises:
            OptionError: There is no such channel.
        """
        text = bands if isinstance(bands, str) else ",".join(map(str, bands))
        indices = number_of(text, self.channels)
        own = self.selection or tuple(range(self.source.shape[0]))
        return replace(
            self,
            channels=tuple(self.channels[index] for index in indices),
            selection=tuple(own[index] for index in indices),
        )

    def at_level(self, level: int) -> Raster:
        """Return one level of a pyramid as a raster of its own; 0 is the full resolution.

        Raises:
            ImageError: There is no such level.
        """
        if not 0 <= level < len(self.levels):
            raise ImageError(f"{self.name} has no level {level}: it has {len(self.levels)}, the first is 0.")
        if not level:
            return self
        zoom = self.zoom * self.levels[level][1] / self.levels[0][1]
        return replace(self, source=LevelSource(self.source, level), zoom=zoom)

    def described(self, channels: Sequence[Channel]) -> Raster:
        """Return the same pixels with other descriptions of their channels."""
        return replace(self, channels=tuple(channels))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the raster to a file, whose suffix says of which kind; see `ganzoo.image_io.raster_files.save`."""
        if not _savers:
            raise ImageError("No writer is loaded. Import ganzoo.Raster, which brings them.")
        _savers[-1](self, path)

    def to_pil(self) -> Image.Image:
        """Return 8-bit gray or RGB for people to look at.

        Of one channel, or of the first three, each stretched between its 1st and 99th percentile of valid values;
        8-bit values stay as they are, and invalid ones are black. For values use ``np.asarray``.
        """
        from ganzoo.rasters.composites import to_pil

        return to_pil(self)


def _span(given: Span, length: int, name: str) -> slice:
    if given is None:
        return slice(0, length)
    first, last = (given.start or 0, given.stop) if isinstance(given, slice) else given
    last = length if last is None else last
    step = given.step if isinstance(given, slice) else None
    if step not in (None, 1) or not 0 <= first < last <= length:
        raise ImageError(f"{name} has no window {first}:{last} on a side of {length} pixels.")
    return slice(int(first), int(last))


def check_numbers(array: Array, name: str) -> Array:
    """Return the array in the machine's byte order. Raises ImageError where its type is no number, or it is empty."""
    if array.dtype.kind == "b":
        array = array.astype(np.uint8)
    if array.dtype.kind not in "iuf" or array.dtype.itemsize > 8:
        raise ImageError(f"{name} has values of {array.dtype}. Give integers, or floats of 16 to 64 bits.")
    if not array.size:
        raise ImageError(f"{name} has no pixels: its shape is {array.shape}.")
    return array.astype(array.dtype.newbyteorder("="), copy=False)


Saver: TypeAlias = "Callable[[Raster, str | os.PathLike[str]], None]"
_savers: list[Saver] = []


def add_saver(saver: Saver) -> None:
    """Set what `Raster.save` calls. Writers lie above this folder, so they come down to it."""
    _savers.append(saver)


def block_of(source: PixelSource) -> tuple[int, int]:
    """Return (height, width) of what a source decodes at once; (1, 1) where it does not say."""
    high, wide = getattr(source, "block", (1, 1))
    return int(high), int(wide)
