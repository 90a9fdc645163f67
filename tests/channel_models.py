"""Small generators of any channels: the identity, and a convolution whose output can be computed by hand."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from ganzoo import Card, Channel, Model


class Identity(nn.Module):
    """Returns its input."""

    stride = 1

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.in_channels = self.out_channels = channels
        self.layer = nn.Identity()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.layer(images)


class Mix(nn.Module):
    """A convolution of 3x3, which strips can run."""

    stride = 1

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.in_channels, self.out_channels = inputs, outputs
        torch.manual_seed(0)
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(inputs, 8, 3),
            nn.InstanceNorm2d(8),
            nn.ReLU(),
            nn.Conv2d(8, outputs, 1),
            nn.Tanh(),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.layers(images)


def bands(count: int, top: float = 65535.0, **fields: Any) -> tuple[Channel, ...]:
    """Return channels B1, B2, ... whose values run from 0 to ``top``."""
    return tuple(Channel(f"B{number}", range=(0, top), **fields) for number in range(1, count + 1))


def identity(*channels: Channel, outputs: tuple[Channel, ...] = (), **card: Any) -> Model:
    """Return a model that returns its input, of these channels."""
    return model(Identity(len(channels)), channels, outputs or channels, **card)


def model(network: nn.Module, inputs: tuple[Channel, ...], outputs: tuple[Channel, ...], **card: Any) -> Model:
    """Return a model with these channels on its card."""
    facts: dict[str, Any] = {
        "name": "tiny/channels",
        "entry": "generator:resnet",
        "task": "image-to-image",
        "image_size": 64,
        "in_channels": len(inputs),
        "out_channels": len(outputs),
        "input_channels": inputs,
        "output_channels": outputs,
    }
    return Model(network, Card(**{**facts, **card}), torch.device("cpu"))
