"""A translating model as a network with one input, whose further channels are its mask or label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor, nn

from ganzoo.cards.card import Card
from ganzoo.contracts.engine import Signature
from ganzoo.inference.verification_samples import samples

if TYPE_CHECKING:
    from ganzoo.contracts.engine import Array

INPUTS = {"label", "mask"}  # what a plane can hold


class OneInput(nn.Module):
    """A generator as a function of one tensor: the image, then a plane for each of the task's other inputs.

    Args:
        generator: Takes (N, ``channels``, H, W), and then what ``inputs`` names.
        channels: Of the image.
        inputs: Names of `INPUTS`. A mask is 0 or 1; a label is the same number everywhere in its plane.
    """

    def __init__(self, generator: nn.Module, channels: int, inputs: tuple[str, ...]) -> None:
        super().__init__()
        self.generator, self.channels, self.inputs = generator, channels, inputs

    def forward(self, planes: Tensor) -> Tensor:
        """Return the generator's output for (N, ``channels`` + number of inputs, H, W)."""
        given = []
        for index, name in enumerate(self.inputs, self.channels):
            label = planes[:, index, 0, 0].round().long()
            given.append(label if name == "label" else planes[:, index : index + 1])
        output: Tensor = self.generator(planes[:, : self.channels], *given)
        return output


def planes(card: Card, signature: Signature) -> list[Array]:
    """Return inputs for `OneInput`: photographs of several sizes, with another label each, and a mask."""
    return [_with_planes(card, images, number) for number, images in enumerate(samples(signature))]


def _with_planes(card: Card, images: Array, number: int) -> Array:
    (count, _, height, width), parts = images.shape, [images]
    for name in card.does.inputs:
        plane = np.zeros((count, 1, height, width), np.float32)
        if name == "label":
            plane += number % max(1, len(card.classes))
        else:
            plane[:, :, height // 4 : height // 2, width // 4 : width // 2] = 1
            parts[0] = images * (1 - plane)
        parts.append(plane)
    return np.concatenate(parts, axis=1)
