"""What people look at: composites with a stated choice and stretch, and error maps with a color bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from ganzoo.evaluation.samples.results import Example
from ganzoo.evaluation.units.image_pairs import RasterPair
from ganzoo.rasters.channel import Channel

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
PERCENTILES = (1.0, 99.0)
LARGEST = 512  # pixels on a side
BAR = 12  # pixels, the width of a color bar
LOW, HIGH = np.array([33, 102, 172]), np.array([178, 24, 43])  # blue and red; white stands for no error
LINE = 200  # dots that make a line
POINTS = 1500  # of a scatter plot


def example(pair: RasterPair, inputs: Sequence[Channel], outputs: Sequence[Channel]) -> Example:
    """Return input, output, truth and error of an image, with a caption that says what is shown and how."""
    shown, target, truth, valid = (_small(each) for each in (pair.inputs, pair.predicted, pair.true, pair.valid))
    chosen_in, chosen_out = (choice(len(each)) for each in (shown, truth))
    ends = [_ends(truth[index], valid) for index in chosen_out]
    error = np.where(valid, target[0] - truth[0], 0.0)
    bound = float(np.percentile(np.abs(error[valid]), PERCENTILES[1])) if valid.any() else 1.0
    unit = f" {outputs[0].unit}" if outputs[0].unit else ""
    images = {
        "input": _stretched(shown, chosen_in, [_ends(shown[index], valid) for index in chosen_in], valid),
        "output": _stretched(target, chosen_out, ends, valid),
        "truth": _stretched(truth, chosen_out, ends, valid),
        f"error of {name_of(outputs[0], 0)}": _error_map(error, bound or 1.0, valid),
    }
    spans = ", ".join(f"{low:.4g} to {high:.4g}" for low, high in ends)
    caption = (
        f"{pair.item.name}. Input {_names(inputs, chosen_in)}, output {_names(outputs, chosen_out)}, each from its 1st "
        f"to its 99th percentile ({spans}, the truth's). Error: blue -{bound:.3g}{unit}, white 0, red "
        f"+{bound:.3g}{unit}."
    )
    return Example(images, caption)


def unpaired_examples(
    shown: Sequence[tuple[str, Array, Array, Array]],
    others: Sequence[tuple[str, Array, Array]],
    inputs: Sequence[Channel],
    outputs: Sequence[Channel],
) -> list[Example]:
    """Return inputs and outputs next to images of the second set, which are of something else.

    Outputs and images of the second set have the same stretch: that of all the latter that are shown.

    Args:
        shown: Name, input (N, H, W), output (M, H, W), and where they are valid, bool (H, W).
        others: Name, image of the second set (M, H, W), and where it is valid.
        inputs: What the input's channels mean.
        outputs: What the output's channels mean.
    """
    chosen_in, chosen_out = (choice(len(each)) for each in (inputs, outputs))
    pooled = np.concatenate([values[:, valid] for _, values, valid in others], 1)
    ends = [_ends(pooled[index], np.ones(pooled.shape[1], bool)) for index in chosen_out]
    spans = ", ".join(f"{low:.4g} to {high:.4g}" for low, high in ends)
    found = []
    for number, (name, values, output, valid) in enumerate(shown):
        values, output, valid = (_small(each) for each in (values, output, valid))
        images = {
            "input": _stretched(values, chosen_in, [_ends(values[index], valid) for index in chosen_in], valid),
            "output": _stretched(output, chosen_out, ends, valid),
        }
        caption = f"{name}. Input {_names(inputs, chosen_in)}, output {_names(outputs, chosen_out)}"
        if number < len(others):
            other, real, known = others[number]
            images["second set, no pair"] = _stretched(_small(real), chosen_out, ends, _small(known))
            caption += f", {other}"
        stretch = f"each from its 1st to its 99th percentile ({spans}, those of the second set, for outputs too)."
        found.append(Example(images, f"{caption}, {stretch}"))
    return found


def _small(values: Array) -> Array:
    """Return every n-th pixel of (..., H, W), so that no side is longer than `LARGEST`."""
    step = max(1, -(-max(values.shape[-2:]) // LARGEST))
    return values[..., ::step, ::step]


def choice(count: int) -> list[int]:
    """Return which channels are red, green and blue: the first three, or the first as gray."""
    return [0, 1, 2] if count >= 3 else [0]


def name_of(channel: Channel, index: int) -> str:
    """Return what a channel is called: "channel 2" where it has no name."""
    return channel.name or f"channel {index + 1}"


def _names(channels: Sequence[Channel], chosen: Sequence[int]) -> str:
    return " ".join(name_of(channels[index], index) for index in chosen)


def _ends(values: Array, valid: Array) -> tuple[float, float]:
    if not valid.any():
        return 0.0, 1.0
    low, high = np.percentile(values[valid], PERCENTILES)
    return float(low), float(high if high > low else low + 1)


def _stretched(values: Array, chosen: Sequence[int], ends: Sequence[tuple[float, float]], valid: Array) -> Tensor:
    layers = [
        np.where(valid, ((values[index] - low) / (high - low)).clip(0, 1) * 255, 0)
        for index, (low, high) in zip(chosen, ends, strict=True)
    ]
    return torch.from_numpy(np.rint(np.stack(layers)).astype(np.uint8))


def _error_map(error: Array, bound: float, valid: Array) -> Tensor:
    """Return (3, H, W + bar): errors from blue over white to red, black where pixels are missing, and a color bar."""
    height = len(error)
    bar = np.linspace(1, -1, height)[:, None].repeat(BAR, 1)
    shares = np.concatenate([(error / bound).clip(-1, 1), np.zeros((height, 2)), bar], 1)
    known = np.concatenate([valid, np.zeros((height, 2), bool), np.ones(bar.shape, bool)], 1)
    ends = np.where(shares[..., None] < 0, LOW, HIGH)
    colors = 255 + np.abs(shares)[..., None] * (ends - 255)
    colors[~known] = 0
    return torch.from_numpy(np.rint(colors).astype(np.uint8).transpose(2, 0, 1).copy())


def scatter(pairs: Sequence[RasterPair], channel: int, seed: int = 0) -> list[tuple[float, float]]:
    """Return some (truth, prediction) of valid pixels of one channel."""
    random = np.random.default_rng(seed)
    truth = np.concatenate([pair.true[channel][pair.valid] for pair in pairs])
    predicted = np.concatenate([pair.predicted[channel][pair.valid] for pair in pairs])
    chosen = random.permutation(len(truth))[:POINTS]
    return [(float(truth[index]), float(predicted[index])) for index in chosen]


def bland_altman(
    pairs: Sequence[RasterPair], channel: int, unit: str = "", seed: int = 0
) -> dict[str, list[tuple[float, float]]]:
    """Return (mean, difference) of prediction and truth of some pixels, and lines at the bias and limits of agreement.

    The limits are 1.96 standard deviations around the bias (Bland and Altman, Lancet 1986).
    """
    points = np.array(scatter(pairs, channel, seed)).reshape(-1, 2)
    means, differences = points.mean(1), points[:, 1] - points[:, 0]
    bias, reach = float(differences.mean()), 1.96 * float(differences.std(ddof=min(1, len(points) - 1)))
    words = f" {unit}".rstrip()
    across = np.linspace(means.min(), means.max(), LINE)
    found = {"pixels": [(float(one), float(other)) for one, other in zip(means, differences, strict=True)]}
    found[f"bias {bias:.4g}{words}"] = [(float(one), bias) for one in across]
    limits = f"limits of agreement {bias - reach:.4g} to {bias + reach:.4g}{words}"
    found[limits] = [(float(one), bias + side) for one in across for side in (-reach, reach)]
    return found
