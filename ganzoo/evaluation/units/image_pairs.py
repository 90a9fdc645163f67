"""Predictions and truths of whole images in file values, one image at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch

from ganzoo.data.rasters.items import Item
from ganzoo.errors import DataError
from ganzoo.loading.model import Model
from ganzoo.rasters.channel import Channel
from ganzoo.rasters.values import stack_to_network

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
LARGEST = 1024  # pixels on a side of what a network sees at once


@dataclass(frozen=True)
class RasterPair:
    """One image.

    Attributes:
        item: Where it comes from.
        inputs: (N, H, W) in file values, float64.
        predicted: (M, H, W) in the units of the output channels.
        true: The same shape.
        valid: Bool (H, W), where all channels of both sides are valid.
    """

    item: Item
    inputs: Array
    predicted: Array
    true: Array
    valid: Array


def read_item(item: Item, side: int, rows: slice, columns: slice) -> tuple[Array, Array]:
    """Return the values (C, h, w) of one side in file values, float64, and where all are valid, bool (h, w)."""
    parts, valid = [], np.ones((rows.stop - rows.start, columns.stop - columns.start), bool)
    for layer in item.sides[side]:
        values, mask = layer.read(rows, columns)
        parts.append(values.astype(np.float64))
        if mask is not None:
            valid &= mask.all(0)
    return np.concatenate(parts), valid


def predict(model: Model, item: Item, own: Sequence[tuple[Channel, ...]] = ()) -> RasterPair:
    """Translate an image tile by tile, each at most `LARGEST` pixels a side.

    Args:
        model: The model.
        item: The image.
        own: Channels of input and target, where their ranges are measured on each image; (): those of the card.

    Raises:
        DataError: Its channels are not those of the model.
    """
    first, last = own or (model.card.channels_in, model.card.channels_out)
    outer = (slice(item.top, item.top + item.height), slice(item.left, item.left + item.width))
    inputs, valid = read_item(item, 0, *outer)
    true, known = read_item(item, 1, *outer)
    for side, found, channels in (("input", inputs, first), ("target", true, last)):
        if len(found) != len(channels):
            raise DataError(
                f"{item.name}: its {side} has {len(found)} channels, and {model.card.name} has {len(channels)}. Choose "
                "them with --bands and --target-bands."
            )
    predicted = translate(model, inputs, valid, first, last)
    return RasterPair(item, inputs, predicted, true, valid & known & _all_valid(true, last))


def translate(model: Model, inputs: Array, valid: Array, first: Sequence[Channel], last: Sequence[Channel]) -> Array:
    """Return a translation (M, H, W) in the units of the channels ``last``, tile by tile.

    Args:
        model: The model.
        inputs: (N, H, W) in file values.
        valid: Bool (H, W); cleared where an input has no value under the transforms of ``first``.
        first: The input's channels.
        last: The output's.
    """
    height, width = valid.shape
    predicted = np.empty((len(last), height, width))
    for rows, columns in _tiles(height, width):
        floats, good = stack_to_network(inputs[:, rows, columns], first)
        floats[:, ~(good & valid[rows, columns])] = 0.0
        valid[rows, columns] &= good
        output = model(torch.from_numpy(floats)[None])[0].cpu().numpy()
        for index, channel in enumerate(last):
            predicted[index, rows, columns] = channel.from_network(output[index], "float64")[0]
    return predicted


def _all_valid(values: Array, channels: Sequence[Channel]) -> Array:
    found: Array = np.logical_and.reduce([one.valid(each) for one, each in zip(channels, values, strict=True)])
    return found


def _tiles(height: int, width: int) -> Iterator[tuple[slice, slice]]:
    for top in range(0, height, LARGEST):
        for left in range(0, width, LARGEST):
            yield slice(top, min(top + LARGEST, height)), slice(left, min(left + LARGEST, width))
