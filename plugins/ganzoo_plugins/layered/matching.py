"""Tensors of a file put into a network of layers, by their order and shapes: all of them, and nothing is left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from ganzoo.errors import WeightsError

from .grammar import parse
from .networks import build_layers

COUNTED = "num_batches_tracked"


def modules_of(tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """Return the tensors of each layer, in the file's order: "model.1" -> "weight", "bias", ..."""
    found: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        module, _, leaf = name.rpartition(".")
        found.setdefault(module, {})[leaf] = tensor
    return {name: _without_spectral_norm(leaves) for name, leaves in found.items()}


def _without_spectral_norm(leaves: dict[str, Tensor]) -> dict[str, Tensor]:
    """Divide a weight by its largest singular value, as the stored vectors give it (arXiv:1802.05957)."""
    weight, left, right = (leaves.get(f"weight_{each}") for each in ("orig", "u", "v"))
    if weight is None or left is None or right is None:
        return leaves
    rows = weight.flatten(1)
    if left.shape != rows.shape[:1] or right.shape != rows.shape[1:]:
        return leaves
    norm = torch.dot(left, rows @ right)
    others = {name: each for name, each in leaves.items() if not name.startswith("weight_")}
    return {"weight": weight / norm, **others}


def match(
    layers: str, modules: Mapping[str, Mapping[str, Tensor]], order: Iterable[str] | None = None
) -> dict[str, Tensor]:
    """Return the tensors of ``modules`` under the names of a `networks` network of these layers.

    Args:
        layers: The network's text.
        modules: By `modules_of`.
        order: Their names in the order of the layers; by default the file's.

    Raises:
        WeightsError: A layer has no tensors, tensors are left over, or shapes differ.
    """
    with torch.device("meta"):
        network = build_layers(parse(layers))
    targets = [(name, _shapes(module)) for name, module in network.named_modules() if _shapes(module)]
    names = list(modules) if order is None else list(order)
    if len(names) != len(targets) or set(names) != set(modules):
        left = [name for name in modules if name not in names] or names[len(targets) :]
        raise WeightsError(
            f"it has tensors for {len(modules)} layers where {len(targets)} are expected"
            f"{f', among others {left[0]}' if left else ''}"
        )
    matched: dict[str, Tensor] = {}
    for name, (target, shapes) in zip(names, targets, strict=True):
        own = {leaf: tuple(tensor.shape) for leaf, tensor in modules[name].items() if leaf != COUNTED}
        expected = {leaf: shape for leaf, shape in shapes.items() if leaf != COUNTED}
        if own != expected:
            raise WeightsError(f"{name} has {_listed(own)} where {_listed(expected)} are expected")
        matched |= {f"layers.{target}.{leaf}": tensor for leaf, tensor in modules[name].items() if leaf in shapes}
    return matched


def _shapes(module: nn.Module) -> dict[str, tuple[int, ...]]:
    own = [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
    return {name: tuple(tensor.shape) for name, tensor in own}


def _listed(shapes: Mapping[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{leaf} {'x'.join(map(str, shape))}" for leaf, shape in shapes.items()) or "nothing"
