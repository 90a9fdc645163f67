"""A generator of torch's own layers only, for exact strips, converters and exports, which know no others."""

from __future__ import annotations

from copy import deepcopy

from torch import nn
from torch.nn.utils import parametrize


def replace_custom_layers(generator: nn.Module) -> nn.Module:
    """Return a copy in evaluation mode with torch's layers in place of custom ones that compute the same.

    Such a layer, a faster convolution say, subclasses torch's and declares ``same_as = nn.Conv2d``. Parametrized
    layers (spectral norm) keep their present weights as ordinary ones.
    """
    copy = deepcopy(generator).eval()
    for layer in list(copy.modules()):
        if parametrize.is_parametrized(layer):
            _remove_parametrization(layer)
        base = getattr(type(layer), "same_as", None)
        if base is not None:
            layer.__class__ = base
        if base is nn.InstanceNorm2d:  # by the statistics of the image, whatever it kept in training
            layer.track_running_stats = False  # type: ignore[assignment]
            layer.running_mean = layer.running_var = layer.num_batches_tracked = None  # type: ignore[assignment]
    return copy


def _remove_parametrization(layer: nn.Module) -> None:
    """Make a layer's present weights ordinary ones; torch's own function for it would change the original's class."""
    weights = {name: getattr(layer, name).detach() for name in layer.parametrizations}  # type: ignore[union-attr]
    layer.__class__ = parametrize.type_before_parametrizations(layer)
    del layer.parametrizations
    for name, weight in weights.items():
        layer.register_parameter(name, nn.Parameter(weight, requires_grad=False))
