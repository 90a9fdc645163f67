"""Which channels of a raster a model takes, and in which range: matched by name, checked by number, unit and depth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ganzoo.errors import ImageError
from ganzoo.rasters.channel import Channel
from ganzoo.rasters.raster import Array, Raster
from ganzoo.rasters.values import valid

ROWS = 1 << 22  # values that are looked at at once
PERCENTILES = (0.1, 99.9)
SAMPLE = 1 << 22  # values of a channel, evenly spread, of which percentiles are taken


def fitting(
    raster: Raster,
    wanted: Sequence[Channel],
    model: str,
    volume: Sequence[Raster] = (),
    by_position: bool = False,
    known: Sequence[Channel] = (),
) -> Raster:
    """Return the raster's channels in the model's order, described as the model's.

    Where all of the model's names are in the file, names decide; otherwise the number must be the same.

    Args:
        raster: What was read.
        wanted: What the model takes.
        model: Its name, for messages.
        volume: All images of the file, as they were read: ranges with the scope "volume" are measured on them.
        by_position: The channels are in the model's order already.
        known: Channels whose ranges with the scope "volume" were measured before.

    Raises:
        ImageError: There are fewer, more, or others; or a unit or depth differs.
    """
    chosen = _chosen(raster, wanted, model, by_position)
    for own, channel in zip(chosen.channels, wanted, strict=True):
        if own.unit and channel.unit and own.unit != channel.unit:
            raise ImageError(
                f"{raster.name}: '{own.name}' is in {own.unit}, and {model} takes '{channel.name}' in {channel.unit}. "
                "Convert the values first."
            )
        _check_depth(chosen, channel, model)
    others = [_chosen(one, wanted, model, by_position) for one in volume] if not known else []
    return chosen.described(
        [
            known[index] if known and channel.scope == "volume" else _with_range(chosen, index, channel, others)
            for index, channel in enumerate(wanted)
        ]
    )


def _chosen(raster: Raster, wanted: Sequence[Channel], model: str, by_position: bool) -> Raster:
    """Return the channels that the model takes, in its order."""
    found = None if by_position else _by_name(raster, wanted)
    if found is not None:
        return found
    _check_count(raster, wanted, model, by_position)
    return raster


def _by_name(raster: Raster, wanted: Sequence[Channel]) -> Raster | None:
    names, own = [channel.name for channel in wanted], [channel.name for channel in raster.channels]
    if not all(names) or len(set(names)) < len(names) or any(own.count(name) != 1 for name in names):
        return None
    return raster.select([own.index(name) + 1 for name in names])


def _check_count(raster: Raster, wanted: Sequence[Channel], model: str, by_position: bool) -> None:
    own, names = [channel.name for channel in raster.channels], [channel.name for channel in wanted]
    shared = [name for name in names if name and name in own]
    missing = [name for name in names if name and name not in own]
    if len(own) == len(names) and (by_position or not shared or not missing):
        return
    listing = ", ".join(name or str(number) for number, name in enumerate(names, 1))
    there = ", ".join(name or str(number) for number, name in enumerate(own, 1))
    if len(own) == len(names):
        raise ImageError(
            f"{raster.name} has the channels {there}, and {model} takes {listing}: '{missing[0]}' is missing. If they "
            "are the same under another name, give their numbers: --bands "
            f"{','.join(str(number + 1) for number in range(len(own)))}."
        )
    count = f"{len(own)} channel{'s' if len(own) > 1 else ''} ({there})"
    raise ImageError(
        f"{raster.name} has {count}, and {model} takes {len(names)} ({listing}). "
        + ("Choose them with --bands." if len(own) > len(names) else "Give a file that has all of them.")
    )


def _check_depth(raster: Raster, channel: Channel, model: str) -> None:
    """Refuse unsigned integers of another size: their numbers mean something else."""
    if channel.dtype is None:
        return
    own, trained = raster.dtype, np.dtype(channel.dtype)
    if own.kind == trained.kind == "u" and own.itemsize != trained.itemsize:
        span = f" in {channel.range[0]:g}:{channel.range[1]:g}" if channel.range else ""
        raise ImageError(
            f"{raster.name} has values of {own}, and {model} takes {trained}{span}. Convert the values first."
        )


def _with_range(raster: Raster, index: int, channel: Channel, volume: Sequence[Raster]) -> Channel:
    """Return a channel with its range: the model's, or what this image has where the model measures each."""
    if channel.scope in ("image", "volume"):
        images = volume if channel.scope == "volume" and volume else [raster]
        return replace(channel, range=measured(images, index, channel))
    return channel.with_full_range(raster.dtype)


def measured(images: Sequence[Raster], index: int, channel: Channel) -> tuple[float, float]:
    """Return the 0.1 and 99.9 percentiles of the valid values of a whole channel, in all images together.

    Of large ones, of every n-th pixel along both sides.

    Raises:
        ImageError: There are no valid values, or only one.
    """
    pixels = sum(image.shape[1] * image.shape[2] for image in images)
    step = max(1, int(np.ceil(np.sqrt(pixels / SAMPLE))))
    values = np.concatenate([part for image in images for part in valid_values(image, index, channel, step)])
    name = f"{images[0].name}: channel '{channel.name or index + 1}'"
    if not values.size:
        raise ImageError(f"{name} has no valid values.")
    low, high = (float(one) for one in np.percentile(values.astype(np.float64), PERCENTILES))
    if low == high:
        low, high = float(values.min()), float(values.max())
    if low == high:
        raise ImageError(f"{name} is {low:g} everywhere, so no range can be measured on it.")
    return low, high


def valid_values(raster: Raster, index: int, channel: Channel, step: int = 1) -> Iterator[Array]:
    """Yield the valid values of one channel, band by band, of every ``step``-th pixel along both sides."""
    _, height, width = raster.shape
    band = max(step, ROWS // width // step * step)
    for top in range(0, height, band):
        rows = (top, min(top + band, height))
        values = raster.window(rows, channels=[index])[0][::step, ::step]
        good = valid(values, channel)
        mask = raster.mask_window(rows, channels=[index])
        if mask is not None:
            good &= mask[0][::step, ::step]
        yield values[good]


def of_output(channels: Sequence[Channel], inputs: Raster) -> tuple[Channel, ...]:
    """Return the output's channels with ranges and number types.

    Raises:
        OptionError: A range is not known.
        ImageError: One is that of an input channel which is not there.
    """
    return tuple(_output(channel, inputs) for channel in channels)


def _output(channel: Channel, inputs: Raster) -> Channel:
    dtype = channel.dtype or str(inputs.dtype)
    if channel.scope.startswith("like:"):
        name = channel.scope.removeprefix("like:")
        source = next((one for one in inputs.channels if one.name == name), None)
        if source is None:
            raise ImageError(f"The output '{channel.name}' has the range of '{name}', which is not an input.")
        return replace(channel, range=source.range, transform=source.transform, dtype=dtype)
    return replace(channel, dtype=dtype).with_full_range(dtype)
