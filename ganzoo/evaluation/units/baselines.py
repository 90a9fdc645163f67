"""What a model should be better than: a copy of the input, the mean of the targets, linear regression."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np

from ganzoo.errors import DataError, OptionError, suggest
from ganzoo.rasters.channel import Channel

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
Pair: TypeAlias = "tuple[Array, Array, Array]"  # input (N, H, W) and truth (M, H, W) in file values, valid (H, W)
NAMES = ("linear", "copy", "mean")
NEIGHBOR = re.compile(r"[+-]\d+$")  # ends the name of a channel that is a neighboring page


class Baseline(Protocol):
    """A prediction without a network."""

    @property
    def what(self) -> str:
        """What it is, in words."""
        ...

    def predict(self, inputs: Array) -> Array:
        """Return (M, H, W) in file values for (N, H, W)."""
        ...


@dataclass(frozen=True)
class Copy:
    """Input channels as they are.

    Attributes:
        sources: The input channel that stands for each output channel.
        what: In words.
    """

    sources: tuple[int, ...]
    what: str

    def predict(self, inputs: Array) -> Array:
        """Return the chosen channels."""
        return inputs[list(self.sources)]


@dataclass(frozen=True)
class Linear:
    """A linear function of all input channels at the same pixel; without any, the mean.

    Attributes:
        weights: (M, N).
        offsets: (M,).
        what: In words.
    """

    weights: Array
    offsets: Array
    what: str

    def predict(self, inputs: Array) -> Array:
        """Return the function's values."""
        chosen = inputs[: self.weights.shape[1]].astype(np.float64)
        if not len(chosen):
            return np.broadcast_to(self.offsets[:, None, None], (len(self.offsets), *inputs.shape[1:]))
        predicted: Array = np.tensordot(self.weights, chosen, 1) + self.offsets[:, None, None]
        return predicted


def fit(name: str, pairs: Iterable[Pair], inputs: Sequence[Channel], outputs: Sequence[Channel], on: str) -> Baseline:
    """Return a baseline.

    Args:
        name: One of `NAMES`.
        pairs: Images to fit it on.
        inputs: The input's channels.
        outputs: Those of the target.
        on: What the images are, in words.

    Raises:
        OptionError: There is no such baseline.
        DataError: There is nothing to fit it on.
    """
    if name not in NAMES:
        raise OptionError(f"There is no baseline '{name}'.{suggest(name, NAMES)} They are: {', '.join(NAMES)}.")
    if name == "copy":
        return _copy(inputs, outputs)
    return _fit_linear(pairs, len(inputs) if name == "linear" else 0, len(outputs), f"{name}, fitted on {on}")


def _copy(inputs: Sequence[Channel], outputs: Sequence[Channel]) -> Copy:
    names = [channel.name for channel in inputs]
    own = [index for index, name in enumerate(names) if not NEIGHBOR.search(name)] or list(range(len(names)))
    sources = [
        names.index(channel.name) if channel.name and channel.name in names else own[min(number, len(own) - 1)]
        for number, channel in enumerate(outputs)
    ]
    listing = ", ".join(f"{source + 1}" for source in sources)
    return Copy(tuple(sources), f"copy of input channel {listing}, value for value")


def _fit_linear(pairs: Iterable[Pair], inner: int, outer: int, what: str) -> Linear:
    """Fit by least squares over all valid pixels, from sums of products in float64 about the first image's means."""
    center: Array | None = None
    products, sums, count = np.zeros((inner + outer, inner + outer)), np.zeros(inner + outer), 0
    for inputs, truth, valid in pairs:
        values = np.concatenate([inputs[:inner, valid], truth[:, valid]]).astype(np.float64)
        if not values.shape[1]:
            continue
        center = values.mean(1) if center is None else center
        values -= center[:, None]
        products += values @ values.T
        sums += values.sum(1)
        count += values.shape[1]
    if center is None:
        raise DataError("The baseline has no valid pixel to be fitted on.")
    means = sums / count
    covariance = products / count - np.outer(means, means)
    weights = np.linalg.lstsq(covariance[:inner, :inner], covariance[:inner, inner:], rcond=None)[0].T
    means = means + center
    return Linear(weights, means[inner:] - weights @ means[:inner], what)
