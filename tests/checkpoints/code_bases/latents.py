"""Networks from latents to images of several code bases."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import Code, conv, leaky


def pytorch_gan_dcgan(root: str = "conv_blocks", latents: int = 7, side: int = 4, wide: int = 6) -> Code:
    narrow = wide // 2
    layers: dict[str, nn.Module] = {
        "l1.0": nn.Linear(latents, wide * side**2),
        f"{root}.0": nn.BatchNorm2d(wide),
        f"{root}.2": conv(wide, wide),
        f"{root}.3": nn.BatchNorm2d(wide, 0.8),
        f"{root}.6": conv(wide, narrow),
        f"{root}.7": nn.BatchNorm2d(narrow, 0.8),
        f"{root}.9": conv(narrow, 1),
    }

    def run(call: Any, values: Tensor) -> Tensor:
        features = call(f"{root}.0", call("l1.0", values).view(-1, wide, side, side))
        for place in (2, 6):
            large = F.interpolate(features, scale_factor=2)
            features = leaky(call(f"{root}.{place + 1}", call(f"{root}.{place}", large)))
        return torch.tanh(call(f"{root}.9", features))

    return Code(layers, run)


def pytorch_gan_perceptron(latents: int = 7, shape: tuple[int, ...] = (1, 6, 6)) -> Code:
    layers: dict[str, nn.Module] = {"model.0": nn.Linear(latents, 5)}
    for place, (units, out) in zip((2, 5, 8), ((5, 8), (8, 10), (10, 12)), strict=True):
        layers |= {f"model.{place}": nn.Linear(units, out), f"model.{place + 1}": nn.BatchNorm1d(out, 0.8)}
    layers["model.11"] = nn.Linear(12, math.prod(shape))

    def run(call: Any, values: Tensor) -> Tensor:
        features = leaky(call("model.0", values))
        for place in (2, 5, 8):
            features = leaky(call(f"model.{place + 1}", call(f"model.{place}", features)))
        return torch.tanh(call("model.11", features)).view(-1, *shape)

    return Code(layers, run)


def transposed(
    names: Callable[[int], tuple[str, str]],
    act: Callable[[Tensor], Tensor],
    normed: bool = True,
    last_bias: bool = True,
) -> Code:
    """A DCGAN of four transposed convolutions."""
    widths, layers = (7, 12, 6, 3), dict[str, nn.Module]()
    for place, (channels, out) in enumerate(zip(widths, (*widths[1:], 3), strict=True)):
        last = place == len(widths) - 1
        bias = last_bias if last else not normed
        layers[names(place)[0]] = nn.ConvTranspose2d(channels, out, 4, *((2, 1) if place else (1, 0)), bias=bias)
        if normed and not last:
            layers[names(place)[1]] = nn.BatchNorm2d(out)

    def run(call: Any, values: Tensor) -> Tensor:
        features = values[:, :, None, None]
        for place in range(len(widths)):
            features = call(names(place)[0], features)
            if place < len(widths) - 1:
                features = act(call(names(place)[1], features) if normed else features)
        return torch.tanh(features)

    return Code(layers, run)


def zoo_names(place: int) -> tuple[str, str]:
    return ("formatLayer", "main.convTranspose1", "main.convTranspose2", "main.outlayer")[
        place
    ], f"main.batchNorm{place}"


def torchgan_names(place: int) -> tuple[str, str]:
    return f"model.{place}.0", f"model.{place}.1"


def studiogan(spectral: bool = False, latents: int = 7) -> Code:
    widths = (8, 6, 4)

    def made(layer: nn.Module) -> nn.Module:
        return nn.utils.spectral_norm(layer, eps=1e-6) if spectral else layer

    layers: dict[str, nn.Module] = {"linear0": made(nn.Linear(latents, widths[0] * 16))}
    for index, (channels, out) in enumerate(itertools.pairwise(widths)):
        layers |= {
            f"blocks.{index}.0.bn1": nn.BatchNorm2d(channels, 1e-4),
            f"blocks.{index}.0.bn2": nn.BatchNorm2d(out, 1e-4),
            f"blocks.{index}.0.conv2d0": made(conv(channels, out, 1)),
            f"blocks.{index}.0.conv2d1": made(conv(channels, out)),
            f"blocks.{index}.0.conv2d2": made(conv(out, out)),
        }
    layers |= {"bn4": nn.BatchNorm2d(widths[-1], 1e-4), "conv2d5": made(conv(widths[-1], 3))}

    def run(call: Any, values: Tensor) -> Tensor:
        features = call("linear0", values).view(-1, widths[0], 4, 4)
        for index in range(len(widths) - 1):
            name = f"blocks.{index}.0"
            large = F.interpolate(torch.relu(call(f"{name}.bn1", features)), scale_factor=2)
            inner = call(f"{name}.conv2d2", torch.relu(call(f"{name}.bn2", call(f"{name}.conv2d1", large))))
            features = inner + call(f"{name}.conv2d0", F.interpolate(features, scale_factor=2))
        return torch.tanh(call("conv2d5", torch.relu(call("bn4", features))))

    return Code(layers, run)
