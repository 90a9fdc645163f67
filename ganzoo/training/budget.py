"""Widths of a network that fit a budget of multiply-adds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from ganzoo import catalog
from ganzoo.catalog import building, options
from ganzoo.contracts.entry import Entry
from ganzoo.errors import OptionError
from ganzoo.layers.multiply_adds import count_multiply_adds

WIDTHS = ("width", "widths", "inner")  # options that say how many channels layers have
MULTIPLE = 2  # of channels
SCALES = range(1, 257)  # 64ths of the default widths


def fit(spec: str, given: Mapping[str, Any], budget: int, size: int) -> dict[str, Any]:
    """Return the options of the widest network of an entry that needs at most ``budget`` multiply-adds for an image.

    All widths that are not given are the entry's own, scaled by the same factor, in even numbers of channels.

    Args:
        spec: An entry of translation, as "generator:mobile-resnet".
        given: Options that stay as they are.
        budget: In multiply-adds of convolutions and matrix products.
        size: Side of the image in pixels.

    Raises:
        OptionError: The entry has no widths to choose, or even the narrowest network needs more.
    """
    entry = catalog.find(spec)
    free = {name: getattr(entry.config(), name) for name in WIDTHS if name in set(options.names(entry)) - set(given)}
    if not free:
        raise OptionError(f"{spec} has no widths that --macs could choose. Omit --macs, or choose another network.")

    def scaled(scale: int) -> dict[str, Any]:
        return {**given, **{name: _scaled(value, scale / 64) for name, value in free.items()}}

    low, high = SCALES[0], SCALES[-1]
    least = multiply_adds(entry, scaled(low), size)
    if least > budget:
        raise OptionError(
            f"{spec} needs at least {least / 1e9:.3g} G multiply-adds for {size}x{size} pixels, more than the budget "
            f"of {budget / 1e9:.3g} G. Allow more, or choose another network."
        )
    while low < high:  # more channels are never fewer multiply-adds
        middle = (low + high + 1) // 2
        if multiply_adds(entry, scaled(middle), size) <= budget:
            low = middle
        else:
            high = middle - 1
    return scaled(low)


def multiply_adds(entry: Entry, values: Mapping[str, Any], size: int) -> int:
    """Return the multiply-adds of a network for one image of ``size`` x ``size`` pixels, without computing it."""
    with torch.device("meta"):
        network = building.build(entry.spec, **values)
        return count_multiply_adds(network, torch.zeros(1, network.in_channels, size, size))


def _scaled(value: int | str, factor: float) -> int | str:
    """Return a width, or widths separated by commas, times a factor."""
    if isinstance(value, str):
        return ",".join(str(_scaled(int(each), factor)) for each in value.split(","))
    return max(MULTIPLE, MULTIPLE * round(value * factor / MULTIPLE))


def parse(text: str) -> int:
    """Return a number of multiply-adds: "1.0G", "350M" or "1e9". Raises OptionError."""
    units = {"K": 1e3, "M": 1e6, "G": 1e9}
    unit = units.get(text[-1:].upper(), 1.0)
    try:
        number = float(text[:-1] if unit > 1 else text) * unit
    except ValueError:
        number = 0.0
    if not 1 <= number < 1e18:
        raise OptionError(f"'{text}' is not a number of multiply-adds. Write it like 1.0G or 350M.")
    return round(number)
