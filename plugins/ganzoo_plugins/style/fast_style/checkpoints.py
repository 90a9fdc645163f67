"""Importer of checkpoints of fast_neural_style, from PyTorch's examples.

Its layers are the same as here, but images have values from 0 to 255 at both ends, and the output is clamped. The first
and the last convolution absorb the change of range, which is exact because borders are reflected.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from ganzoo import DetectedCheckpoint, Importer

HALF_RANGE = 127.5  # a value v in [-1, 1] is HALF_RANGE * (v + 1) there
BLOCK = re.compile(r"res(\d+)\.(conv[12]|in[12])\.(.+)")
LAYER = re.compile(r"(conv|in|deconv)(\d)\.(.+)")
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
WITHIN = {"conv1": 1, "in1": 2, "conv2": 5, "in2": 6}  # positions in a residual block
DOWN = {"conv1": 1, "in1": 2, "conv2": 5, "in2": 6, "conv3": 9, "in3": 10}
FIRST_BLOCK = 12
UP = {"deconv1": 2, "in4": 3, "deconv2": 7, "in5": 8, "deconv3": 11}  # positions after the blocks


class FastStyleImporter(Importer):
    """Detects width and number of blocks; drops the statistics of old instance norms, which were never used."""

    def recognize(self, tensors: Mapping[str, Tensor]) -> DetectedCheckpoint | None:
        """Return the generator that these tensors are, by the names of its layers; None for any others."""
        first, last = tensors.get("conv1.conv2d.weight"), tensors.get("deconv3.conv2d.weight")
        if first is None or last is None or first.dim() != 4:
            return None
        blocks = {int(found[1]) for name in tensors if (found := BLOCK.fullmatch(name))}
        named = {
            renamed(name, len(blocks)): tensor for name, tensor in tensors.items() if not name.endswith(STATISTICS)
        }
        absorb_range(named, "layers.1", f"layers.{FIRST_BLOCK + len(blocks) + UP['deconv3']}")
        return DetectedCheckpoint(
            source="fast_neural_style of PyTorch's examples",
            entry="generator:fast-style",
            options={"width": len(first), "blocks": len(blocks), "output": "clamp"},
            tensors=named,
        )


def renamed(name: str, blocks: int) -> str:
    """Return a tensor's name here, or the name unchanged if it is unknown."""
    if found := BLOCK.fullmatch(name):
        kind, rest = found[2], found[3].removeprefix("conv2d.")
        return f"layers.{FIRST_BLOCK + int(found[1]) - 1}.layers.{WITHIN[kind]}.{rest}"
    found = LAYER.fullmatch(name)
    layer = f"{found[1]}{found[2]}" if found else ""
    place = DOWN.get(layer, FIRST_BLOCK + blocks + UP[layer] if layer in UP else None)
    return name if place is None or found is None else f"layers.{place}.{found[3].removeprefix('conv2d.')}"


def absorb_range(tensors: dict[str, Tensor], first: str, last: str) -> None:
    """Change the first and last convolution to work on values in [-1, 1] instead of 0 to 255, computed in float64.

    Missing tensors are left out; the loader reports them.
    """
    weight, bias = (tensors.get(f"{first}.{each}") for each in ("weight", "bias"))
    if weight is not None and bias is not None:
        scaled = HALF_RANGE * weight.double()
        tensors[f"{first}.weight"] = scaled.to(weight.dtype)
        tensors[f"{first}.bias"] = (bias.double() + scaled.sum((1, 2, 3))).to(bias.dtype)
    weight, bias = (tensors.get(f"{last}.{each}") for each in ("weight", "bias"))
    if weight is not None and bias is not None:
        tensors[f"{last}.weight"] = (weight.double() / HALF_RANGE).to(weight.dtype)
        tensors[f"{last}.bias"] = (bias.double() / HALF_RANGE - 1).to(bias.dtype)
