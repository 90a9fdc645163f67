"""The contract of networks of feature maps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch  # noqa: TID253 - whoever tests networks needs torch, and nothing light imports this module
from torch import Tensor, nn  # noqa: TID253

from ganzoo.catalog import options
from ganzoo.contracts.entry import Entry
from ganzoo.contracts.feature_maps import Features
from ganzoo.testing.expectations import SEED, pictures, require

SHAPES = ((2, 1, 64, 64), (2, 3, 96, 64))


def check_features(entry: Entry, values: Mapping[str, Any] | None = None) -> None:
    """Check maps: of the stated channels and sizes, each picture's own; frozen; gradients reach the pictures."""
    with torch.random.fork_rng(devices=[]):
        network = _built(entry, values or {}, SEED)
        for name in Features.__annotations__:
            require(hasattr(network, name), entry, f"has no attribute {name}")
        known = bool(re.fullmatch("[0-9a-f]{64}", str(network.weights_sha256)))
        require(known, entry, f"has weights_sha256 {network.weights_sha256!r}, not 64 hex digits")
        frozen = not any(parameter.requires_grad for parameter in network.parameters())
        require(frozen, entry, "has parameters that learn: call requires_grad_(False)")
        network.train()
        require(not network.training, entry, "goes into training mode: its train() should stay in evaluation mode")
        for shape in SHAPES:
            _check_maps(entry, network, pictures(*shape))
        _check_alone(entry, network, pictures(*SHAPES[1]))
        again = _built(entry, values or {}, SEED + 1)
        same = all(map(torch.equal, network(pictures(*SHAPES[1])), again(pictures(*SHAPES[1]))))
        require(same, entry, "has other weights when it is built again")


def _built(entry: Entry, values: Mapping[str, Any], seed: int) -> Any:
    torch.manual_seed(seed)
    network = entry.build(options.parse(entry, values))
    require(isinstance(network, nn.Module), entry, f"builds {type(network).__name__}, not a torch.nn.Module")
    return network


def _check_maps(entry: Entry, network: Any, images: Tensor) -> None:
    images.requires_grad_(True)
    maps = network(images)
    count = len(network.channels)
    require(
        isinstance(maps, list) and len(maps) == count, entry, f"returns no list of {count} maps, as its channels say"
    )
    require(len(network.reductions) == count, entry, f"has {len(network.reductions)} reductions for {count} maps")
    for made, channels, reduction in zip(maps, network.channels, network.reductions, strict=True):
        wanted = (len(images), channels, *(-(-side // reduction) for side in images.shape[2:]))
        require(made.shape == wanted, entry, f"returns a map {tuple(made.shape)}, not {wanted}")
        require(made.dtype == torch.float32 and bool(made.isfinite().all()), entry, "returns maps that are no numbers")
        (gradient,) = torch.autograd.grad(made.square().mean(), images, retain_graph=True)
        require(bool(gradient.any()), entry, "lets no gradient reach the pictures")


def _check_alone(entry: Entry, network: Any, images: Tensor) -> None:
    forward_batched = network(images)
    for place, one in enumerate(images[:, None]):
        for whole, alone in zip(forward_batched, network(one), strict=True):
            off = (whole[place] - alone[0]).norm() / alone.norm().clamp(min=1e-6)
            require(off.item() < 1e-4, entry, "makes one picture's maps depend on the others")
