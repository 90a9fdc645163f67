"""The contract of networks of feature maps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch  # noqa: TID253 - testing networks needs torch, and nothing light imports this module
from torch import Tensor, nn  # noqa: TID253

from ganzoo.catalog import options
from ganzoo.contracts.entry import Entry
from ganzoo.contracts.feature_maps import Features
from ganzoo.testing.expectations import SEED, random_images, require

SHAPES = ((2, 1, 64, 64), (2, 3, 96, 64))


def check_features(entry: Entry, values: Mapping[str, Any] | None = None) -> None:
    """Check a network of feature maps.

    Maps have the stated channels and sizes and depend on their own image only. The network is frozen, and gradients
    reach the images.

    Args:
        entry: The entry of the features.
        values: Its options.

    Raises:
        AssertionError: Naming the entry and what is wrong.
    """
    with torch.random.fork_rng(devices=[]):
        network = _built(entry, values or {}, SEED)
        for name in Features.__annotations__:
            require(hasattr(network, name), entry, f"has no attribute {name}")
        known = bool(re.fullmatch("[0-9a-f]{64}", str(network.weights_sha256)))
        require(known, entry, f"has weights_sha256 {network.weights_sha256!r}, not 64 hex digits")
        frozen = not any(parameter.requires_grad for parameter in network.parameters())
        require(frozen, entry, "has trainable parameters: call requires_grad_(False)")
        network.train()
        require(not network.training, entry, "goes into training mode: its train() should stay in evaluation mode")
        for shape in SHAPES:
            _check_maps(entry, network, random_images(*shape))
        _check_alone(entry, network, random_images(*SHAPES[1]))
        again = _built(entry, values or {}, SEED + 1)
        same = all(map(torch.equal, network(random_images(*SHAPES[1])), again(random_images(*SHAPES[1]))))
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
        isinstance(maps, list) and len(maps) == count,
        entry,
        f"does not return a list of {count} maps, one for each of its channels",
    )
    require(len(network.reductions) == count, entry, f"has {len(network.reductions)} reductions for {count} maps")
    for features, channels, reduction in zip(maps, network.channels, network.reductions, strict=True):
        expected = (len(images), channels, *(-(-side // reduction) for side in images.shape[2:]))
        require(features.shape == expected, entry, f"returns a map {tuple(features.shape)}, not {expected}")
        require(
            features.dtype == torch.float32 and bool(features.isfinite().all()),
            entry,
            "returns maps that are not finite float32",
        )
        (gradient,) = torch.autograd.grad(features.square().mean(), images, retain_graph=True)
        require(bool(gradient.any()), entry, "lets no gradient reach the images")


def _check_alone(entry: Entry, network: Any, images: Tensor) -> None:
    maps = network(images)
    for index, one in enumerate(images[:, None]):
        for whole, alone in zip(maps, network(one), strict=True):
            off = (whole[index] - alone[0]).norm() / alone.norm().clamp(min=1e-6)
            require(off.item() < 1e-4, entry, "makes one image's maps depend on the others")
