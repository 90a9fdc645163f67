"""An imported network is tried on a photograph: it must compute what its code base does, and keep to its task.

A file that was made for another range of values or another order of colors loads without any error, and its results
are wrong. What an enlarged or restored photograph shows is known, so such a file is found out here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.cards.card import Card
from ganzoo.errors import WeightsError
from ganzoo.image_io import arrays, decoding, resizing
from ganzoo.inference.conversions import signature_of
from ganzoo.inference.verification_samples import FOLDER

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ganzoo.contracts.engine import Array

PHOTOGRAPH = "astronaut.jpg"  # a face, and strong colors: orange, blue, white
SIDE = 64  # pixels
TOLERANCE = 1e-4  # between this network and its own code base, of values in [-1, 1]
LEAST_LIKENESS = 0.6  # correlation of brightness
LEAST_COLOR_LIKENESS = 0.3  # correlation of red minus blue
FARTHEST = 0.4  # mean difference of an enlarged photograph, of values in [-1, 1]


def verify(
    network: nn.Module, card: Card, reference: Callable[..., Tensor] | None, what: str, checked: bool = True
) -> None:
    """Run a photograph through an imported network.

    Args:
        network: In evaluation mode.
        card: Its card.
        reference: What its own code base computes, None where that is not here.
        what: The file, for messages.
        checked: Compare the result with the photograph, for tasks whose results resemble their input.

    Raises:
        WeightsError: The result is not that of the code base, or far from the photograph.
    """
    import torch

    task = card.does
    resembles = checked and (task.enlarges or task.own_size)
    if task.source != "image" or not (resembles or reference):
        return
    signature = signature_of(card, network)
    sides = [signature.padded(SIDE)] * 2
    photograph = resizing.resize_floats(_photograph(card.in_channels), *sides)
    inputs = [torch.from_numpy(photograph)[None]]
    if "mask" in task.inputs:
        mask = torch.zeros(1, 1, *sides)
        mask[..., sides[0] // 4 : sides[0] // 2, sides[1] // 4 : sides[1] // 2] = 1
        inputs = [inputs[0] * (1 - mask), mask]
    with torch.inference_mode():
        output = network(*inputs)
        if reference is not None:
            _compare(output, reference(*inputs), what)
    if resembles:
        _check_likeness(photograph, output[0].numpy(), card, what)


def _photograph(channels: int) -> Array:
    image = decoding.read(FOLDER / PHOTOGRAPH)
    colors = arrays.to_floats(image, 1 if channels == 1 else 3)
    return colors if channels in (1, 3) else np.concatenate([colors, np.ones_like(colors[:1]).repeat(channels - 3, 0)])


def _compare(output: Tensor, expected: Tensor, what: str) -> None:
    difference = float((output - expected).abs().max())
    if not difference <= TOLERANCE:  # NaN lands here too
        raise WeightsError(
            f"{what} cannot be rebuilt exactly: a photograph differs by {difference:.2g} of [-1, 1] from what its own "
            "code computes. Report the file's kind; use its own code until then."
        )


def _check_likeness(photograph: Array, output: Array, card: Card, what: str) -> None:
    channels, scale = min(len(photograph), len(output), 3), card.scale
    height, width = photograph.shape[1:]
    if output.shape[1:] != (height * scale, width * scale):
        raise WeightsError(
            f"{what} makes {output.shape[2]}x{output.shape[1]} of {width}x{height}, not {scale} times it."
        )
    small = output[:channels].reshape(channels, height, scale, width, scale).mean((2, 4))
    before = photograph[:channels]
    advice = "It may be made for another range of values or order of colors. `--no-check` imports it as it is."
    likeness = _correlation(before.mean(0), small.mean(0))
    if not likeness >= LEAST_LIKENESS:
        raise WeightsError(f"{what} turns a photograph into something else (correlation {likeness:.2f}). {advice}")
    if channels == 3 and (colors := _correlation(before[0] - before[2], small[0] - small[2])) < LEAST_COLOR_LIKENESS:
        raise WeightsError(f"{what} changes the colors of a photograph (correlation {colors:.2f}). {advice}")
    far = float(np.abs(before - small).mean())
    if task_keeps_brightness(card) and far > FARTHEST:
        raise WeightsError(f"{what} changes the brightness of a photograph by {far:.2f} of [-1, 1]. {advice}")


def task_keeps_brightness(card: Card) -> bool:
    """Tell whether results are as bright as their input; restoration may brighten what is dark."""
    return card.does.enlarges


def _correlation(one: Array, other: Array) -> float:
    one, other = one - one.mean(), other - other.mean()
    size = float(np.sqrt(np.square(one).sum() * np.square(other).sum()))
    return float((one * other).sum()) / size if size else 0.0
