"""spandrel's networks as generators: images in [-1, 1], clamped, of one contract."""

from __future__ import annotations

import importlib
import inspect
import sys
import warnings
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo import GanzooError

FACE_SIDES = {"GFPGAN": 512}  # pixels of the aligned faces that a network takes, and nothing else
# 1.3 to 1.8 times as fast on CPUs with channels last in memory
FASTER_LAST = ("Compact", "ESRGAN", "RCAN", "SwiftSRGAN")
NOISE = 15 / 255  # standard deviation of the noise to remove, of networks that take it as a channel: spandrel's choice


def registry() -> Any:
    """Return spandrel's registry of architectures. Raises GanzooError where spandrel is not installed."""
    try:
        from spandrel import MAIN_REGISTRY
    except ImportError as error:
        raise GanzooError(
            "This network is one of spandrel's, which is not installed: pip install 'ganzoo-core[restore]'."
        ) from error
    return MAIN_REGISTRY


def find_architecture(identifier: str) -> Any:
    """Return spandrel's architecture of that identifier."""
    support = registry().get(identifier)
    if support is None:
        known = ", ".join(sorted(str(each.architecture.id) for each in registry()))
        raise GanzooError(f"spandrel has no architecture '{identifier}'. It has: {known}.")
    return support.architecture


def find_class(architecture: Any, name: str) -> type[nn.Module]:
    """Return an architecture's network class by its name."""
    module = importlib.import_module(type(architecture).__module__)
    classes = [getattr(module, each) for each in module.__all__]
    known = {each.__name__: each for each in classes if inspect.isclass(each) and issubclass(each, nn.Module)}
    if name not in known:
        raise GanzooError(f"spandrel's {architecture.id} has no network '{name}'. It has: {', '.join(known)}.")
    return known[name]


def stored_hyperparameters(network: Any) -> dict[str, Any]:
    """Return the hyperparameters of one of spandrel's networks that differ from its defaults, as JSON can hold them.

    Raises:
        GanzooError: One is neither a number nor text.
    """
    defaults = _defaults(type(network))
    kept: dict[str, Any] = {}
    for name, value in network.hyperparameters.items():
        if name in defaults and (value is defaults[name] or _plain(value) == _plain(defaults[name])):
            continue
        plain = _plain(value)
        if plain is None and value is not None:
            raise GanzooError(f"{type(network).__name__}'s {name} is {type(value).__name__}, which no file can hold.")
        kept[name] = plain
    return kept


def _plain(value: Any) -> Any:
    """Return a value with lists for tuples; None for what JSON cannot hold."""
    if isinstance(value, (list, tuple)):
        plain = [_plain(each) for each in value]
        return None if any(each is None for each in plain) else plain
    return value if isinstance(value, (bool, int, float, str)) else None


def _defaults(kind: type[nn.Module]) -> dict[str, Any]:
    parameters = inspect.signature(kind.__init__).parameters.values()
    return {each.name: each.default for each in parameters if each.default is not each.empty}


def build(architecture: Any, name: str, hyperparameters: Mapping[str, Any]) -> nn.Module:
    """Return one of spandrel's networks with random weights; lists become tuples where the default is one."""
    kind = find_class(architecture, name)
    defaults = _defaults(kind)
    values = {
        key: tuple(value) if isinstance(value, list) and isinstance(defaults.get(key), tuple) else value
        for key, value in hyperparameters.items()
    }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of functions of torch that older networks call
            return kind(**values)
    except GanzooError:
        raise
    except (TypeError, ValueError, AssertionError, KeyError, IndexError, ZeroDivisionError) as error:
        raise GanzooError(
            f"spandrel's {architecture.id} cannot be built with {dict(hyperparameters)}: {_first_line(error)}."
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def describe(architecture: Any, tensors: Mapping[str, Tensor]) -> Any:
    """Return spandrel's descriptor of these tensors, with a network of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tensors that are copied to a device without values, for their sizes
        return architecture.load(dict(tensors))


Call = Callable[..., Tensor]


def with_noise_level(network: nn.Module, images: Tensor) -> Tensor:
    """Run a denoiser that takes the level of the noise as one more channel."""
    output: Tensor = network(torch.cat([images, images[:, :1] * 0 + NOISE], 1))
    return output


def call_of(descriptor: Any) -> Call:
    """Return how spandrel calls a network, with images (N, C, H, W) in [0, 1] and any N."""
    network = descriptor.model
    if descriptor.architecture.id == "DRUNet" or getattr(network, "mode", "") == "FDnCNN":
        return with_noise_level
    call: Call = descriptor._call_fn
    return call


class MergedConvolution(nn.Module):
    """One of SPAN's layers, of the same tensors, whose merged 3x3 convolution is stored in no parameter.

    SPAN assigns it anew in each call. A tracer that sees this leaves its own tensors in the network, and the next call
    ends the process.
    """

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.kind, self.has_relu, self.stride = type(layer), layer.has_relu, layer.stride
        self.sk, self.conv, self.eval_conv = layer.sk, layer.conv, layer.eval_conv

    def forward(self, features: Tensor) -> Tensor:
        """Convolve features (N, C, H, W)."""
        if self.training:
            trained: Tensor = self.kind.forward(self, features)
            return trained
        stored = SimpleNamespace(weight=SimpleNamespace(), bias=SimpleNamespace())
        own = [_traced(each) for each in self.conv]  # tracers do not follow .data either
        merged: Any = SimpleNamespace(conv=own, sk=_traced(self.sk), eval_conv=stored)
        self.kind.update_params(merged)
        output = F.conv2d(features, stored.weight.data, stored.bias.data, stride=self.stride, padding=1)
        return F.leaky_relu(output, negative_slope=0.05) if self.has_relu else output


def _traced(layer: Any) -> SimpleNamespace:
    """Return a stand-in of a convolution whose ``weight.data`` and ``bias.data`` are the parameters themselves."""
    return SimpleNamespace(weight=SimpleNamespace(data=layer.weight), bias=SimpleNamespace(data=layer.bias))


def merge_without_assignment(network: nn.Module) -> None:
    """Put a `MergedConvolution` in the place of each of SPAN's layers."""
    for parent in list(network.modules()):
        for name, layer in list(parent.named_children()):
            if hasattr(layer, "update_params") and hasattr(layer, "eval_conv"):
                setattr(parent, name, MergedConvolution(layer))


def join_windows(windows: Tensor, window: tuple[int, int], image: tuple[int, int]) -> Tensor:
    """Put windows (N rows columns, ..., C), of any number of images, together to images (N, H, W, C)."""
    (down, across), (height, width), channels = window, image, windows.shape[-1]
    tiles = windows.view(-1, height // down, width // across, down, across, channels)
    return tiles.permute(0, 1, 3, 2, 4, 5).contiguous().view(-1, height, width, channels)


def _window_reverse(windows: Tensor, window_size: Any, *size: Any) -> Tensor:
    window = (window_size, window_size) if isinstance(window_size, int) else window_size
    return join_windows(windows, window, size if len(size) == 2 else size[0])


def _windows2img(windows: Tensor, down: int, across: int, height: int, width: int) -> Tensor:
    return join_windows(windows, (down, across), (height, width))


def join_windows_of_any_number(network: nn.Module) -> None:
    """Let the modules of Python that a network's layers are from put windows together by `join_windows`.

    Their own functions divide to count the images. A tracer takes the result for a constant, and the exported network
    mixes up the channels of any other number of images. A function that spreads windows out, too, is left.
    """
    for module in {sys.modules[type(layer).__module__] for layer in network.modules()}:
        if not module.__name__.startswith("spandrel."):
            continue
        for name, function in (("window_reverse", _window_reverse), ("windows2img", _windows2img)):
            own = getattr(module, name, None)
            if own is not None and "dilation_rate" not in inspect.signature(own).parameters:
                setattr(module, name, function)


class Spandrel(nn.Module):
    """One of spandrel's networks, with what its descriptor says of it; the subclasses have a task each."""

    purposes: tuple[str, ...] = ()

    def __init__(self, architecture: str, network: str, hyperparameters: Mapping[str, Any]) -> None:
        super().__init__()
        found = find_architecture(architecture)
        descriptor = describe(found, build(found, network, hyperparameters).state_dict())
        self.in_channels, self.out_channels = descriptor.input_channels, descriptor.output_channels
        self.scale = descriptor.scale
        sizes = descriptor.size_requirements
        self.square = sizes.multiple_of if sizes.square else 0  # 0: images of any shape
        self.stride, self.least = (1, 0) if sizes.square else (sizes.multiple_of, sizes.minimum)
        self.face_side = FACE_SIDES.get(architecture, 0)
        self.identifier, self.call, self.network = architecture, call_of(descriptor), descriptor.model
        if architecture in FASTER_LAST:
            self.network.to(memory_format=torch.channels_last)
        merge_without_assignment(self.network)
        join_windows_of_any_number(self.network)
        if task_of(descriptor) is not type(self):
            raise GanzooError(
                f"spandrel's {architecture} with {dict(hyperparameters)} is for {descriptor.purpose} at scale "
                f"{self.scale}. Use the entry of that task."
            )

    def __getstate__(self) -> dict[str, Any]:
        """Return what `pickle` keeps: spandrel's call is a function without a name."""
        return {name: value for name, value in vars(self).items() if name != "call"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what `pickle` kept, and ask spandrel for its call again."""
        super().__setstate__(state)
        self.call = call_of(describe(find_architecture(self.identifier), self.network.state_dict()))

    def __deepcopy__(self, memo: dict[int, Any]) -> Spandrel:
        """Return a copy of its own layers with the same call."""
        from copy import deepcopy

        copy = type(self).__new__(type(self))
        memo[id(self)] = copy
        nn.Module.__init__(copy)
        for name, value in vars(self).items():
            copy.__dict__[name] = value if name == "call" else deepcopy(value, memo)
        return copy

    def _ranged(self, output: Tensor) -> Tensor:
        """Map [0, 1] to [-1, 1], clamped as spandrel does, but not while it is trained."""
        ranged = output * 2 - 1
        return ranged if self.training else ranged.clamp(-1, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Enlarge or restore images (N, in_channels, H, W) in [-1, 1]: (N, out_channels, scale H, scale W)."""
        if self.face_side and tuple(images.shape[-2:]) != (self.face_side,) * 2:
            raise GanzooError(
                f"{self.identifier} takes an aligned face of {self.face_side}x{self.face_side} pixels, not "
                f"{images.shape[-1]}x{images.shape[-2]}. Crop the face, and resize it to that."
            )
        if not self.square:
            return self._ranged(self.call(self.network, images * 0.5 + 0.5))
        height, width = images.shape[-2:]
        output = self._ranged(self.call(self.network, squared(images * 0.5 + 0.5, self.square)))
        return output[..., : height * self.scale, : width * self.scale]


def squared(images: Tensor, multiple: int) -> Tensor:
    """Reflect images (N, C, H, W) at the right and bottom into squares, and repeat the last pixel beyond that."""
    height, width = images.shape[-2:]
    side = -(-max(height, width) // multiple) * multiple
    down, across = min(side - height, height - 1), min(side - width, width - 1)
    reflected = F.pad(images, (0, across, 0, down), "reflect")
    return F.pad(reflected, (0, side - width - across, 0, side - height - down), "replicate")


class Enlarger(Spandrel):
    """A network that enlarges."""


class Restorer(Spandrel):
    """A network that restores at the image's size."""


class Inpainter(Spandrel):
    """A network that fills holes."""

    def forward(self, images: Tensor, masks: Tensor) -> Tensor:
        """Fill images (N, in_channels, H, W) in [-1, 1] where masks (N, 1, H, W) are 1."""
        return self._ranged(self.call(self.network, images * 0.5 + 0.5, masks))


def task_of(descriptor: Any) -> type[Spandrel]:
    """Return the generator for what a network of spandrel's does."""
    if descriptor.purpose == "Inpainting":
        return Inpainter
    return Enlarger if descriptor.scale > 1 else Restorer
