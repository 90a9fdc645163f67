"""A generator made of torch's own layers, for tiles, converters and exports, which know no others."""

from __future__ import annotations

from copy import deepcopy

from torch import nn
from torch.nn.utils import parametrize


def plain(generator: nn.Module) -> nn.Module:
    """Return a copy in evaluation mode whose layers are torch's wherever they say so.

    A layer of a plugin that computes what a layer of torch does, only faster, subclasses it and says
    ``same_as = nn.Conv2d``. Reparametrised layers (spectral norm) get the weights they have now.
    """
    copy = deepcopy(generator).eval()
    for layer in list(copy.modules()):
        if parametrize.is_parametrized(layer):
            _settle(layer)
        base = getattr(type(layer), "same_as", None)
        if base is not None:
            layer.__class__ = base
    return copy


def _settle(layer: nn.Module) -> None:
    """Make a layer's present weights ordinary ones; torch's own function for it would change the original's class."""
    weights = {name: getattr(layer, name).detach() for name in layer.parametrizations}  # type: ignore[union-attr]
    layer.__class__ = parametrize.type_before_parametrizations(layer)
    del layer.parametrizations
    for name, weight in weights.items():
        layer.register_parameter(name, nn.Parameter(weight, requires_grad=False))
