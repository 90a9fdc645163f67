"""The network of fast_neural_style in PyTorch's examples, as its checkpoints name its tensors.

Its layers are ours, one for one, but its pictures have values from 0 to 255 at both ends, and what comes out is cut
off there. The first and the last convolution take up the change of range: borders are reflected, so it is exact.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from ganzoo import DetectedCheckpoint, Importer

HALF = 127.5  # a value v of ours, in [-1, 1], is HALF * (v + 1) there
BLOCK = re.compile(r"res(\d+)\.(conv[12]|in[12])\.(.+)")
LAYER = re.compile(r"(conv|in|deconv)(\d)\.(.+)")
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
WITHIN = {"conv1": 1, "in1": 2, "conv2": 5, "in2": 6}  # places in a residual block
DOWN = {"conv1": 1, "in1": 2, "conv2": 5, "in2": 6, "conv3": 9, "in3": 10}
FIRST_BLOCK = 12
UP = {"deconv1": 2, "in4": 3, "deconv2": 7, "in5": 8, "deconv3": 11}  # places after the blocks


class FastStyleImporter(Importer):
    """Tells width and number of blocks; statistics of old instance norms, which never counted, are left out."""

    def recognize(self, tensors: Mapping[str, Tensor]) -> DetectedCheckpoint | None:
        first, last = tensors.get("conv1.conv2d.weight"), tensors.get("deconv3.conv2d.weight")
        if first is None or last is None or first.dim() != 4:
            return None
        blocks = {int(found[1]) for name in tensors if (found := BLOCK.fullmatch(name))}
        named = {
            renamed(name, len(blocks)): tensor for name, tensor in tensors.items() if not name.endswith(STATISTICS)
        }
        into_our_range(named, "layers.1", f"layers.{FIRST_BLOCK + len(blocks) + UP['deconv3']}")
        return DetectedCheckpoint(
            source="fast_neural_style of PyTorch's examples",
            entry="generator:fast-style",
            options={"width": len(first), "blocks": len(blocks), "output": "clamp"},
            tensors=named,
        )


def renamed(name: str, blocks: int) -> str:
    """Return a tensor's name here, or its own where it has none."""
    if found := BLOCK.fullmatch(name):
        kind, rest = found[2], found[3].removeprefix("conv2d.")
        return f"layers.{FIRST_BLOCK + int(found[1]) - 1}.layers.{WITHIN[kind]}.{rest}"
    found = LAYER.fullmatch(name)
    layer = f"{found[1]}{found[2]}" if found else ""
    place = DOWN.get(layer, FIRST_BLOCK + blocks + UP[layer] if layer in UP else None)
    return name if place is None or found is None else f"layers.{place}.{found[3].removeprefix('conv2d.')}"


def into_our_range(tensors: dict[str, Tensor], first: str, last: str) -> None:
    """Let the first convolution take values in [-1, 1] for 0 to 255, and the last one give them; computed in float64.

    What is missing stays so: the loader names it.
    """
    weight, bias = (tensors.get(f"{first}.{each}") for each in ("weight", "bias"))
    if weight is not None and bias is not None:
        scaled = HALF * weight.double()
        tensors[f"{first}.weight"] = scaled.to(weight.dtype)
        tensors[f"{first}.bias"] = (bias.double() + scaled.sum((1, 2, 3))).to(bias.dtype)
    weight, bias = (tensors.get(f"{last}.{each}") for each in ("weight", "bias"))
    if weight is not None and bias is not None:
        tensors[f"{last}.weight"] = (weight.double() / HALF).to(weight.dtype)
        tensors[f"{last}.bias"] = (bias.double() / HALF - 1).to(bias.dtype)
