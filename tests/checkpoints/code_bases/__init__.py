"""Generators of other code bases, written from their descriptions, under the names that their files have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn


class Code(nn.Module):
    """A network by a table of its layers, under the names that its code gives them, and a function that runs them."""

    def __init__(self, layers: dict[str, nn.Module], run: Callable[[Callable[..., Tensor], Tensor], Tensor]) -> None:
        super().__init__()
        for name, layer in layers.items():
            owner: nn.Module = self
            *path, leaf = name.split(".")
            for part in path:
                if part not in dict(owner.named_children()):
                    owner.add_module(part, nn.Module())
                owner = owner.get_submodule(part)
            owner.add_module(leaf, layer)
        self.run = run

    def forward(self, values: Tensor) -> Tensor:
        """Run the layers: ``run`` calls them by their names."""
        return self.run(lambda name, features: self.get_submodule(name)(features), values)


def conv(channels: int, out: int, kernel: int = 3, stride: int = 1, bias: bool = True, **rest: Any) -> nn.Conv2d:
    return nn.Conv2d(channels, out, kernel, stride, rest.pop("padding", kernel // 2), bias=bias, **rest)


def leaky(features: Tensor, slope: float = 0.2) -> Tensor:
    return F.leaky_relu(features, slope)
