"""A channel: what the numbers of one layer of an image mean, and how a network sees them.

Importing it imports no numpy: `ganzoo list` reads cards, which have channels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from ganzoo.errors import OptionError, suggest

if TYPE_CHECKING:
    import numpy as np

    Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

TRANSFORMS = ("linear", "log", "db", "asinh")
SCOPES = ("set", "volume", "image")
OUTSIDE = ("clip", "keep")
POSITIVE = ("log", "db")  # transforms that only numbers above 0 have
FULL_RANGES = {"uint8": (0.0, 255.0), "uint16": (0.0, 65535.0)}


@dataclass(frozen=True)
class Channel:
    """One channel of an image.

    Attributes:
        name: As in the file or on the card: "DAPI", "B4", "CT"; "" where it has none.
        unit: Of the file's values, such as "HU"; "" where they have none.
        range: The two file values that stand for -1 and 1 in the network; None where they are not known.
        transform: Between file values and the network: "linear", "log" (natural), "db" (10 log10) or "asinh".
        scope: On what the range was, or is, measured: "set" (once, over the training images), "volume" or "image"
            (again for each, always on the whole of it). "like:NAME", for an output: the range of that input channel.
        outside: What happens to values beyond the range: "clip", or "keep".
        dtype: The file's number type, in numpy's words; None: as the input's.
    """

    name: str = ""
    unit: str = ""
    range: tuple[float, float] | None = None
    transform: str = "linear"
    scope: str = "set"
    outside: str = "clip"
    dtype: str | None = None

    def __post_init__(self) -> None:
        """Raises OptionError for a word that is not one of those above, and for a range that has no width."""
        self._check_word("transform", TRANSFORMS)
        if not (self.scope.startswith("like:") and self.scope != "like:"):
            self._check_word("scope", SCOPES)
        self._check_word("outside", OUTSIDE)
        if self.range is not None:
            low, high = (float(value) for value in self.range)
            if not (math.isfinite(low) and math.isfinite(high) and low != high):
                raise OptionError(f"{self} cannot have the range {low:g}:{high:g}. Give two different finite values.")
            if self.transform in POSITIVE and min(low, high) <= 0:
                raise OptionError(
                    f"{self} cannot have the range {low:g}:{high:g} under the transform '{self.transform}'. "
                    "Both values should be above 0."
                )
            object.__setattr__(self, "range", (low, high))

    def __str__(self) -> str:
        return f"The channel '{self.name}'" if self.name else "The channel"

    def _check_word(self, field: str, known: tuple[str, ...]) -> None:
        word = getattr(self, field)
        if word not in known:
            raise OptionError(
                f"{self} has the {field} '{word}', which is not one of {', '.join(known)}.{suggest(str(word), known)}"
            )

    def to_network(self, values: Array) -> Array:
        """Map file values to what the network sees.

        Args:
            values: Of any shape and number type. NaN, and under "log" and "db" values of 0 and below, become NaN.

        Returns:
            Float32 of the same shape, in [-1, 1]; beyond it where ``outside`` is "keep".

        Raises:
            OptionError: The range is not known.
        """
        from ganzoo.rasters import values as conversion

        return conversion.to_network(values, self)

    def from_network(self, array: Array, dtype: Any = None) -> tuple[Array, float]:
        """Map what the network returns to file values.

        Args:
            array: Floats of any shape; -1 and 1 stand for the range.
            dtype: Number type of the result; None: the channel's own. Integers are rounded, and stop at the ends of
                their type: they never wrap.

        Returns:
            The values, and the share of them that was cut at the range ("clip") or at the ends of the type.

        Raises:
            ImageError: An integer type is asked for, and the array has NaN.
            OptionError: The range is not known.
        """
        from ganzoo.rasters import values as conversion

        return conversion.from_network(array, self, dtype)

    def valid(self, values: Array) -> Array:
        """Return where file values mean something under this channel: finite, and above 0 under "log" and "db"."""
        from ganzoo.rasters import values as conversion

        return conversion.valid(values, self)

    def with_full_range(self, dtype: Any) -> Channel:
        """Return this channel with a range: its own, or all of an 8- or 16-bit unsigned type.

        Raises:
            OptionError: It has no range, and the type has none that could stand for it.
        """
        if self.range is not None:
            return self
        kind = str(self.dtype or dtype)
        if kind not in FULL_RANGES:
            raise OptionError(
                f"{self} has no range, and values of {kind} have none of their own. Give the two values that stand "
                f"for -1 and 1: --range {self.name or 'NAME'}=LOW:HIGH."
            )
        low, high = FULL_RANGES[kind]
        return replace(self, range=(max(low, 1.0), high) if self.transform in POSITIVE else (low, high))

    @property
    def description(self) -> str:
        """The channel in a few words: "CT in HU, int16, -1024:3071"."""
        words = [f"{self.name or 'unnamed'} in {self.unit}" if self.unit else self.name or "unnamed"]
        words += [self.dtype or ""]
        if self.range:
            words += [
                f"{self.range[0]:g}:{self.range[1]:g}" + ("" if self.transform == "linear" else f" {self.transform}")
            ]
        elif self.scope != "set":
            words += [self.scope if self.scope.startswith("like:") else f"range of each {self.scope}"]
        words += ["kept beyond" if self.range and self.outside == "keep" else ""]
        return ", ".join(word for word in words if word)

    def to_dict(self) -> dict[str, Any]:
        """Return the channel as JSON holds it, without the fields that have their default."""
        defaults = asdict(Channel())
        values = {name: value for name, value in asdict(self).items() if value != defaults[name]}
        return values | ({"range": list(self.range)} if self.range else {})

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Channel:
        """Return the channel that ``values``, from JSON, describe.

        Raises:
            OptionError: A field is unknown or has a wrong value.
        """
        if not isinstance(values, Mapping):
            raise OptionError(f"A channel should be a JSON object, not {type(values).__name__}.")
        known = [field.name for field in fields(cls)]
        for name, value in values.items():
            if name not in known:
                raise OptionError(f"A channel has no field '{name}'.{suggest(str(name), known)}")
            if name == "range":
                _check_range(value)
            elif not (isinstance(value, str) or (name == "dtype" and value is None)):
                raise OptionError(f"A channel's {name} should be text, not {value!r}.")
        span = values.get("range")
        return cls(**{**values, "range": None if span is None else tuple(span)})


def _check_range(value: object) -> None:
    pair = list(value) if isinstance(value, (list, tuple)) else []
    numbers = [one for one in pair if isinstance(one, (int, float)) and not isinstance(one, bool)]
    if value is not None and len(numbers) != 2:
        raise OptionError(f"A channel's range should be a list of two numbers, not {value!r}.")


def default_channels(count: int) -> tuple[Channel, ...]:
    """Return the channels of an ordinary 8-bit image: gray, RGB, or RGBA; nameless ones for other counts."""
    names = {1: ("gray",), 3: ("red", "green", "blue"), 4: ("red", "green", "blue", "alpha")}.get(count, ("",) * count)
    return tuple(Channel(name) for name in names)


def number_of(bands: str, channels: tuple[Channel, ...]) -> list[int]:
    """Return the indices that a list such as "B4,B3,B2" or "4,3,2" names; numbers count from 1.

    Raises:
        OptionError: There is no such channel, or a name stands for two.
    """
    return [_index(one.strip(), channels) for one in bands.split(",")]


def _index(band: str, channels: tuple[Channel, ...]) -> int:
    names = [channel.name for channel in channels]
    if names.count(band) == 1:
        return names.index(band)
    if band and names.count(band) > 1:
        raise OptionError(f"{names.count(band)} channels are called '{band}'. Give numbers from 1 to {len(names)}.")
    if band.isdecimal() and 1 <= int(band) <= len(names):
        return int(band) - 1
    listing = ", ".join(name or str(number) for number, name in enumerate(names, 1))
    raise OptionError(f"There is no channel '{band}'.{suggest(band, names)} The channels are: {listing}.")
