"""The two file values of each channel that stand for -1 and 1: given, or measured once over the training images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from ganzoo.data.rasters.items import Item
from ganzoo.errors import DataError, OptionError, suggest
from ganzoo.rasters.channel import POSITIVE, Channel

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
PERCENTILES = (0.1, 99.9)
SAMPLES = 4_000_000  # values of a channel from which percentiles are taken
PIXELS = 4_000_000  # read at once


@dataclass
class Values:
    """What was seen of one channel's valid values.

    Attributes:
        count: All of them.
        invalid: Pixels that are not valid.
        low: The smallest.
        high: The largest.
        sample: Some of them, evenly spaced, float64.
    """

    count: int
    invalid: int
    low: float
    high: float
    sample: Array


def measure(
    items: Sequence[Item], side: int, channels: Sequence[Channel], partners: Sequence[int] = ()
) -> list[Values]:
    """Read all pixels of one side once, and return what they are, channel by channel.

    Args:
        items: The training images.
        side: 0 for the input or the only one, 1 for the target.
        channels: Of that side, whose transforms say which values are valid.
        partners: Other sides that must be valid as well, as their files say.
    """
    total = sum(item.height * item.width for item in items)
    step = max(1, total // SAMPLES)
    found = [Values(0, 0, np.inf, -np.inf, np.empty(0)) for _ in channels]
    samples: list[list[Array]] = [[] for _ in channels]
    for item in items:
        for values, valid, first in _strips(item, side, partners):
            for index in range(len(values)):
                _add(
                    found[first + index],
                    samples[first + index],
                    values[index],
                    valid,
                    index,
                    channels[first + index],
                    step,
                )
    for one, parts in zip(found, samples, strict=True):
        one.sample = np.concatenate(parts).astype(np.float64) if parts else np.empty(0)
    return found


def _add(
    found: Values, samples: list[Array], values: Array, valid: Array | None, index: int, channel: Channel, step: int
) -> None:
    good = channel.valid(values)
    if valid is not None:
        good &= valid[index]
    kept = values[good]
    found.count += kept.size
    found.invalid += values.size - kept.size
    if kept.size:
        found.low, found.high = min(found.low, float(kept.min())), max(found.high, float(kept.max()))
        samples.append(kept[::step])


def _strips(item: Item, side: int, partners: Sequence[int]) -> Iterator[tuple[Array, Array | None, int]]:
    """Yield values and validity of a part of each layer, and the number of channels before that layer."""
    rows = max(1, PIXELS // item.width)
    first = 0
    for layer in item.sides[side]:
        for top in range(item.top, item.top + item.height, rows):
            bottom = min(top + rows, item.top + item.height)
            place = slice(top, bottom), slice(item.left, item.left + item.width)
            values, valid = layer.read(*place)
            for other in (one for partner in partners for one in item.sides[partner]):
                mask = other.read(*place)[1]
                if mask is not None:
                    good = np.broadcast_to(mask.all(0), values.shape)
                    valid = good if valid is None else valid & good
            yield values, valid, first
        first += layer.shape[0]


@dataclass(frozen=True)
class RangeRules:
    """The user's rules for ranges and transforms of one side.

    Attributes:
        side: "input" or "target".
        ranges: As `RasterOptions.range`.
        transforms: As `RasterOptions.transform`.
    """

    side: str
    ranges: Sequence[str]
    transforms: Sequence[str]

    def transformed(self, channels: Sequence[Channel]) -> tuple[Channel, ...]:
        """Return the channels with their transforms."""
        return tuple(
            replace(one, transform=self._rule(self.transforms, one.name) or one.transform, range=None)
            for one in channels
        )

    def described(self, channel: Channel, dtype: np.dtype[Any], values: Values) -> Channel:
        """Return a channel with its range.

        Raises:
            DataError: It has no valid values, or only one.
            OptionError: A rule is not valid.
        """
        is_input = self.side == "input"
        known = replace(channel, dtype=str(dtype), outside="keep" if is_input else "clip")
        rule = self._rule(self.ranges, channel.name)
        if rule in ("image", "volume"):
            if not is_input:
                raise OptionError(
                    f"range '{rule}' measures each {rule} again, and an output has no inverse then. Outputs take "
                    "LOW:HIGH, minmax, percentile:LOW:HIGH or like:INPUT."
                )
            return replace(known, scope=rule, range=self._measured(channel, dtype, values, ""))
        return replace(known, range=self._measured(channel, dtype, values, rule))

    def like(self, channel: Channel) -> str:
        """Return the name of the input channel whose range an output takes, "" where it has its own."""
        rule = self._rule(self.ranges, channel.name)
        return rule.removeprefix("like:") if rule.startswith("like:") else ""

    def _measured(self, channel: Channel, dtype: np.dtype[Any], values: Values, rule: str) -> tuple[float, float]:
        numbers = _numbers(rule)
        if len(numbers) == 2:
            return numbers[0], numbers[1]
        if not rule and dtype.itemsize == 1 and channel.transform not in POSITIVE:
            limits = np.iinfo(dtype)
            return float(limits.min), float(limits.max)
        if not values.count:
            why = f", or not above 0, which '{channel.transform}' needs" if channel.transform in POSITIVE else ""
            raise DataError(
                f"{channel} of the {self.side} has no valid values: all are missing{why}. Leave it out: --bands."
            )
        if values.low == values.high:
            raise DataError(
                f"{channel} of the {self.side} has the same value, {values.low:g}, everywhere. Leave it out with "
                f"--bands, or say what stands for -1 and 1: --range {channel.name or self.side}=LOW:HIGH."
            )
        if rule == "minmax":
            return values.low, values.high
        low, high = np.percentile(values.sample, _percentiles(rule))
        return (float(low), float(high)) if low < high else (values.low, values.high)

    def _rule(self, rules: Sequence[str], name: str) -> str:
        """Return the rule for a channel: the one that names it, else its side's, else the one for all; or ""."""
        own = {
            key: value for key, _, value in (rule.rpartition("=") if "=" in rule else ("", "", rule) for rule in rules)
        }
        return next(
            (own[key] for key in (f"{self.side}.{name}", name, self.side, "") if key in own and key is not None), ""
        )


def _numbers(rule: str) -> list[float]:
    try:
        return [float(part) for part in rule.split(":")]
    except ValueError:
        return []


def _percentiles(rule: str) -> tuple[float, float]:
    if not rule:
        return PERCENTILES
    word, _, rest = rule.partition(":")
    numbers = _numbers(rest)
    if word == "percentile" and len(numbers) == 2 and 0 <= numbers[0] < numbers[1] <= 100:
        return numbers[0], numbers[1]
    raise OptionError(
        f"range '{rule}' is not right. Give LOW:HIGH, minmax, percentile:LOW:HIGH, or one of them for a channel: "
        "B4=0:10000."
    )


def of_images(
    items: Sequence[Item], sides: Sequence[tuple[Channel, ...]]
) -> dict[str, tuple[tuple[Channel, ...], ...]]:
    """Return item name -> the channels of each side, where those of the first are measured on each image or volume.

    A target's channel that takes the range of an input channel takes it from the same image.

    Args:
        items: The images; blocks of one have the ranges of the whole.
        sides: Channels of the input, and of the target where there is one.
    """
    scopes = {channel.scope for channel in sides[0]} & {"image", "volume"}
    if not scopes:
        return {}
    measured: dict[tuple[str, object], list[Values]] = {}
    found: dict[str, tuple[tuple[Channel, ...], ...]] = {}
    for item in items:
        first = list(sides[0])
        for scope in scopes:
            alike = [item] if scope == "image" else [each for each in items if each.file == item.file]
            wholes = list({each.sides[0]: _whole(each) for each in alike}.values())
            key = (scope, item.sides[0] if scope == "image" else item.file)
            if key not in measured:
                measured[key] = measure(wholes, 0, sides[0])
            for index, channel in enumerate(sides[0]):
                if channel.scope == scope:
                    first[index] = replace(channel, range=_span(measured[key][index], channel, item.name))
        found[item.name] = (tuple(first), *(_like(side, first) for side in sides[1:]))
    return found


def _whole(item: Item) -> Item:
    """Return the image that a block belongs to."""
    _, height, width = item.sides[0][0].shape
    return replace(item, top=0, left=0, height=height, width=width)


def _span(values: Values, channel: Channel, name: str) -> tuple[float, float]:
    """Return the range of one image: percentiles as in translation. Raises DataError where all values are the same."""
    if values.count:
        low, high = (float(each) for each in np.percentile(values.sample, PERCENTILES))
        low, high = (low, high) if low < high else (values.low, values.high)
        if low < high:
            return low, high
    raise DataError(f"{name}: {channel} has no two different values, so no range can be measured on it.")


def _like(channels: tuple[Channel, ...], inputs: Sequence[Channel]) -> tuple[Channel, ...]:
    """Return channels with the ranges of the inputs that their scopes name."""
    by_name = {channel.name: channel for channel in inputs}
    sources = [by_name.get(channel.scope.removeprefix("like:"), channel) for channel in channels]
    return tuple(replace(channel, range=source.range) for channel, source in zip(channels, sources, strict=True))


def check_names(rules: Sequence[str], sides: Mapping[str, Sequence[Channel]], option: str) -> None:
    """Raise OptionError for a rule about a channel that there is not."""
    names = [channel.name for channels in sides.values() for channel in channels if channel.name]
    known = {*sides, *names, *(f"{side}.{channel.name}" for side, channels in sides.items() for channel in channels)}
    for rule in rules:
        key = rule.rpartition("=")[0]
        if key and key not in known:
            listing = ", ".join(dict.fromkeys(names)) or "nameless"
            raise OptionError(
                f"{option}: there is no channel '{key}'.{suggest(key, known)} The channels are: {listing}."
            )


def describe(channel: Channel, side: str, number: int, values: Values) -> str:
    """Return what a channel's range is, and what of its values lies beyond, as a sentence."""
    low, high = channel.range or (0.0, 0.0)
    name = f"{side} {number}" + (f" '{channel.name}'" if channel.name else "")
    unit = f" {channel.unit}" if channel.unit else ""
    how = "" if channel.transform == "linear" else f", {channel.transform}"
    text = f"{name}, {channel.dtype}{how}: {low:g} and {high:g}{unit} stand for -1 and 1"
    if channel.scope in ("image", "volume"):
        text = f"{name}, {channel.dtype}{how}: measured on each {channel.scope}"
    beyond = float(((values.sample < low) | (values.sample > high)).mean()) if values.sample.size else 0.0
    if beyond and channel.scope == "set":
        text += f"; {100 * beyond:.2g} % of values lie beyond, " + ("kept" if channel.outside == "keep" else "clipped")
    if values.invalid:
        share = values.invalid / max(1, values.invalid + values.count)
        text += f"; {100 * share:.2g} % are missing"
    return text + "."
