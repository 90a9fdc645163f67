"""Measure spandrel's networks as ganzoo runs them, for the table of docs/guides/restore.md.

    python scripts/restoration_table.py                    every network, as rows of a Markdown table
    python scripts/restoration_table.py Compact ESRGAN     these alone
    python scripts/restoration_table.py --onnx             also whether ONNX Runtime computes the same; slow
    python scripts/restoration_table.py KBNet --with '{"num_blocks": [1, 1, 1, 1]}'    with other hyperparameters

Weights are random. Columns: the largest difference from spandrel's own call, of [0, 1]; how an image is tiled: "exact"
with the largest difference of strips from the whole, or "tiles" with that of overlapping ones; memory of 24 megapixels
out, as planned: in strips or in tiles, for a budget of 1.5 GB, and whole.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from restoration_cases import CASES

from ganzoo.contracts.engine import Signature
from ganzoo.errors import GanzooError
from ganzoo.inference.conversions import signature_of
from ganzoo.inference.image_pass import Network, tile_side
from ganzoo.inference.tiling.blending import blend
from ganzoo.inference.tiling.passes import plan_passes
from ganzoo.inference.tiling.peak_memory import peak_memory
from ganzoo.inference.tiling.strips import Strips
from ganzoo_plugins.restore import networks

PIXELS = 24_000_000  # of the output
BUDGET = 1_500_000_000  # bytes
TILE, OVERLAP = 96, 24  # pixels, of overlapping tiles


def measure(architecture: str, kind: str, hyperparameters: dict[str, Any], onnx: bool) -> list[str]:
    """Return a row of the table."""
    torch.manual_seed(0)
    found = networks.find_architecture(architecture)
    descriptor = networks.describe(found, networks.build(found, kind, hyperparameters).state_dict()).eval()
    task = networks.task_of(descriptor)
    stored = networks.stored_hyperparameters(descriptor.model)
    ours = task(architecture, kind, stored).eval().requires_grad_(False)
    ours.network.load_state_dict(descriptor.model.state_dict())
    height, width = sizes(ours)
    inputs = [torch.rand(1, ours.in_channels, height, width) * 2 - 1]
    if task is networks.Inpainter:
        inputs.append((torch.rand(1, 1, height, width) > 0.8).float())
    with torch.inference_mode():
        whole = ours(*inputs)
        theirs = descriptor(inputs[0] * 0.5 + 0.5, *inputs[1:]) * 2 - 1
    difference = f"{float((whole - theirs).abs().max()) / 2:.0e}"
    name = architecture if kind == architecture else f"{architecture} ({kind})"
    tiling, memory = tiled(ours, inputs, whole)
    return [name, str(ours.scale), difference, tiling, memory, *([runs_in_onnx(ours, inputs)] if onnx else [])]


def sizes(network: Any) -> tuple[int, int]:
    """Return a height and a width that the network takes, larger than a tile."""
    stride, least = network.stride, max(144, network.least)
    side = -(-least // stride) * stride
    return side, side if network.square else side + stride * max(1, 16 // stride)


def tiled(network: Any, inputs: list[torch.Tensor], whole: torch.Tensor) -> tuple[str, str]:
    """Return how the network is tiled, with the largest difference, and what memory 24 megapixels take."""
    height, width = inputs[0].shape[2:]
    result = torch.zeros_like(whole)

    def put(first: int, rows: Any) -> None:
        rows = torch.as_tensor(rows)
        result[:, :, first : first + rows.shape[2]] = rows

    side = round((PIXELS / network.scale**2) ** 0.5) // (4 * network.stride) * 4 * network.stride
    try:
        if len(inputs) > 1:
            raise GanzooError("takes a mask")
        strips = Strips(network)
        strips.run(lambda first, last: inputs[0][:, :, first:last], height, width, put, 10**9)
        return f"exact, {largest(result, whole)}", planned(strips, side, side)
    except GanzooError:
        if network.least > TILE:
            return "whole images only", "-"
    stride, channels = network.stride, inputs[0].shape[1]
    tile, overlap = (-(-one // stride) * stride for one in (TILE, OVERLAP))
    array = torch.cat(inputs, 1).numpy()

    def run(planes: Any) -> Any:
        with torch.inference_mode():
            images, masks = torch.from_numpy(planes).tensor_split([channels], 1)
            return network(images, *([masks] if len(inputs) > 1 else [])).numpy()

    blend(run, lambda first, last: array[:, :, first:last], height, width, put, tile, overlap, stride)
    return f"tiles, {largest(result, whole)}", tiles_memory(network, side, channels, len(inputs) > 1)


def tiles_memory(network: Any, side: int, channels: int, mask: bool) -> str:
    """Return the memory of one tile with the image and a row of tiles, and that of the whole image, in GB."""
    signature = Signature(channels, network.stride, least=network.least)

    def memory(height: int, width: int) -> int:
        return peak_memory(network, channels, height, width, mask)

    planned = Network(None, signature, network.out_channels, 0, False, memory, None, network.scale)  # type: ignore[arg-type]
    tile = tile_side(planned, BUDGET)
    values = (channels + mask) * side + network.out_channels * side * network.scale**2  # of a row, in and out
    taken = memory(tile, tile) + values * side + 4 * values * tile
    return f"{taken / 1e9:.1f} of {memory(side, side) / 1e9:.0f} GB, tiles of {tile}"


def planned(strips: Strips, height: int, width: int) -> str:
    """Return the planned memory of strips, and that of the whole image, in GB."""
    shapes = strips._shapes(height, width)
    whole = strips._graph.untiled_memory(shapes)
    plan, timelines = plan_passes(strips._graph, shapes, max(BUDGET, 0), "cpu")
    peak = max(held + one.peak for held, one in zip(plan.memory, timelines, strict=True))
    return f"{peak / 1e9:.1f} of {whole / 1e9:.0f} GB"


def largest(result: torch.Tensor, whole: torch.Tensor) -> str:
    return f"{float((result - whole).abs().max()) / 2:.0e}"


def runs_in_onnx(network: Any, inputs: list[torch.Tensor]) -> str:
    """Return whether ONNX Runtime computes the same to 1e-3, as ganzoo's engine requires."""
    from ganzoo_plugins.engines.onnx import load_session, write

    card = type("C", (), {"does": type("T", (), {"source": "image"}), "in_channels": network.in_channels})
    if len(inputs) > 1:
        return "no"
    try:
        with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
            path = Path(folder) / "x.onnx"
            write(network, signature_of(card, network), path, {})  # type: ignore[arg-type]
            difference = np.abs(load_session(path)(inputs[0].numpy()) - network(inputs[0]).numpy()).max()
        return "yes" if difference <= 1e-3 else "no"
    except Exception:  # exporters raise what they like
        return "no"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", help="architectures or classes; all by default")
    parser.add_argument("--onnx", action="store_true", help="a column more")
    parser.add_argument("--with", type=json.loads, default={}, dest="others", metavar="JSON", help="hyperparameters")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    heads = ["network", "scale", "from spandrel", "tiling", "24 megapixels", *(["ONNX"] if asked.onnx else [])]
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for architecture, kind, hyperparameters in CASES:
        if asked.networks and not {architecture, kind} & set(asked.networks):
            continue
        try:
            row = measure(architecture, kind, hyperparameters | asked.others, asked.onnx)
        except Exception as error:
            row = [architecture, f"{type(error).__name__}: {str(error).splitlines()[0][:160] if str(error) else ''}"]
        print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
