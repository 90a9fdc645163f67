"""Networks built from a text of layers (`grammar`), as the generators of other code bases are imported."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from ganzoo import InstanceNorm

from .grammar import Layer, parse

PADS = {"reflect": nn.ReflectionPad2d, "replicate": nn.ReplicationPad2d, "zero": nn.ZeroPad2d}
# The values of an image: (mean, half of the range), so that [-1, 1] is (value - mean) / half.
RANGES = {
    "symmetric": ([0.0], [1.0]),  # [-1, 1]
    "unit": ([0.5], [0.5]),  # [0, 1]
    "bytes": ([127.5], [127.5]),  # [0, 255]
    # [0, 1] minus ImageNet's mean, divided by its standard deviation, as torchvision's networks take images
    "imagenet": (
        [(0.5 - mean) / deviation for mean, deviation in ((0.485, 0.229), (0.456, 0.224), (0.406, 0.225))],
        [0.5 / deviation for deviation in (0.229, 0.224, 0.225)],
    ),
}


class Add(nn.Module):
    """The layers' result times ``factor``, plus the input, or plus the shortcut's result."""

    def __init__(self, layers: nn.Sequential, shortcut: nn.Sequential | None, factor: float) -> None:
        super().__init__()
        self.layers, self.shortcut, self.factor = layers, shortcut, factor

    def forward(self, features: Tensor) -> Tensor:
        """Return features (N, C, H, W) of the shape that both have."""
        change = self.layers(features)
        if self.factor != 1:
            change = change * self.factor
        return change + (features if self.shortcut is None else self.shortcut(features))


class Join(nn.Module):
    """The input and the layers' result, next to one another as channels."""

    def __init__(self, layers: nn.Sequential, last: bool) -> None:
        super().__init__()
        self.layers, self.last = layers, last

    def forward(self, features: Tensor) -> Tensor:
        """Return features (N, C + C', H, W)."""
        change = self.layers(features)
        return torch.cat([change, features] if self.last else [features, change], 1)


class Reshape(nn.Module):
    """Rows of features as small images."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, features: Tensor) -> Tensor:
        """Return (N, C, H, W) of (N, C H W)."""
        return features.reshape(-1, *self.shape)


def _convolution(layer: Layer) -> nn.Module:
    channels, out, kernel, stride, padding, groups = (layer.integers() + [1, 0, 1][len(layer.numbers) - 3 :])[:6]
    return nn.Conv2d(channels, out, kernel, stride, padding, groups=groups, bias="nobias" not in layer.words)


def _transposed(layer: Layer) -> nn.Module:
    channels, out, kernel, stride, padding, extra = (layer.integers() + [1, 0, 0][len(layer.numbers) - 3 :])[:6]
    return nn.ConvTranspose2d(channels, out, kernel, stride, padding, extra, bias="nobias" not in layer.words)


def _sides(layer: Layer) -> int | tuple[int, ...]:
    sides = layer.integers()
    return sides[0] if len(sides) == 1 else tuple(sides)


def _batch_norm(layer: Layer) -> nn.Module:
    kind = nn.BatchNorm1d if "flat" in layer.words else nn.BatchNorm2d
    return kind(int(layer.numbers[0]), *layer.numbers[1:])


def _bilinear(layer: Layer) -> nn.Module:
    return nn.Upsample(scale_factor=int(layer.numbers[0]), mode="bilinear", align_corners="aligned" in layer.words)


BUILD: dict[str, Callable[[Layer], nn.Module]] = {
    "conv": _convolution,
    "tconv": _transposed,
    "linear": lambda layer: nn.Linear(*layer.integers(), bias="nobias" not in layer.words),
    "reshape": lambda layer: Reshape(tuple(layer.integers())),
    "reflect": lambda layer: nn.ReflectionPad2d(_sides(layer)),  # type: ignore[arg-type]
    "zero": lambda layer: nn.ZeroPad2d(_sides(layer)),  # type: ignore[arg-type]
    "instance": lambda layer: InstanceNorm(*layer.integers()),
    "affine": lambda layer: nn.GroupNorm(*layer.integers() * 2),
    "batch": _batch_norm,
    "group": lambda layer: nn.GroupNorm(*layer.integers()),
    "relu": lambda layer: nn.ReLU(),
    "leaky": lambda layer: nn.LeakyReLU(layer.numbers[0]),
    "prelu": lambda layer: nn.PReLU(*layer.integers()),
    "tanh": lambda layer: nn.Tanh(),
    "sigmoid": lambda layer: nn.Sigmoid(),
    "nearest": lambda layer: nn.Upsample(scale_factor=int(layer.numbers[0])),
    "bilinear": _bilinear,
    "shuffle": lambda layer: nn.PixelShuffle(*layer.integers()),
}


def build_layers(layers: Iterable[Layer], padding: str = "reflect") -> nn.Sequential:
    """Build layers one after another; ``padding`` is what "pad" is."""
    return nn.Sequential(*(_build(layer, padding) for layer in layers))


def _build(layer: Layer, padding: str) -> nn.Module:
    if layer.name == "pad":
        return PADS[padding](*layer.integers())
    if layer.name not in ("add", "cat"):
        return BUILD[layer.name](layer)
    first, *rest = (build_layers(branch, padding) for branch in layer.branches)
    if layer.name == "cat":
        return Join(first, "last" in layer.words)
    return Add(first, rest[0] if rest else None, *(layer.numbers or (1.0,)))


class Scaling(nn.Module):
    """Images in [-1, 1] to another range of values, or back."""

    def __init__(self, values: str, back: bool) -> None:
        super().__init__()
        means, halves = (torch.tensor(each).view(1, -1, 1, 1) for each in RANGES[values])
        factors, shifts = (1 / halves, -means / halves) if back else (halves, means)
        self.register_buffer("factors", factors, persistent=False)
        self.register_buffer("shifts", shifts, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Return images (N, C, H, W) in the other range."""
        return images * self.factors + self.shifts


def scaling(values: str, back: bool = False) -> nn.Module:
    """Build what maps [-1, 1] to a range of `RANGES`, or ``back``."""
    return nn.Identity() if values == "symmetric" else Scaling(values, back)


class LayeredTranslator(nn.Module):
    """An image in, an image of the same size, or ``scale`` times it, out."""

    def __init__(
        self,
        layers: str,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        padding: str = "reflect",
        inputs: str = "symmetric",
        outputs: str = "symmetric",
        scale: int = 1,
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels, self.stride, self.scale = in_channels, out_channels, stride, scale
        self.before, self.after = scaling(inputs), scaling(outputs, back=True)
        self.layers = build_layers(parse(layers), padding)

    def forward(self, images: Tensor) -> Tensor:
        """Translate (N, in_channels, H, W) in [-1, 1] to (N, out_channels, scale H, scale W)."""
        output = self.after(self.layers(self.before(images)))
        return output if self.training else output.clamp(-1, 1)


class LayeredGenerator(nn.Module):
    """Latents in, an image out."""

    def __init__(
        self, layers: str, latent_dim: int, image_size: int, channels: int, outputs: str = "symmetric"
    ) -> None:
        super().__init__()
        self.latent_dim, self.image_size, self.out_channels = latent_dim, image_size, channels
        self.after = scaling(outputs, back=True)
        self.layers = build_layers(parse(layers))

    def forward(self, latents: Tensor) -> Tensor:
        """Map latents (N, latent_dim) from N(0, 1) to images (N, channels, image_size, image_size) in [-1, 1]."""
        return self.after(self.layers(latents))
