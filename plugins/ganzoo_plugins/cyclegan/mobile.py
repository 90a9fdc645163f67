"""CycleGAN's generator with separable convolutions and freely chosen widths: GAN Compression (arXiv:2003.08936)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from .networks import NORMS, PADS, Translator


class SeparableConv2d(nn.Sequential):
    """A depthwise 3x3 convolution, a norm, and a 1x1 convolution; no padding."""

    def __init__(self, inner: int, outer: int, norm: str = "instance") -> None:
        super().__init__(nn.Conv2d(inner, inner, 3, groups=inner), NORMS[norm](inner), nn.Conv2d(inner, outer, 1))


class MobileResidualBlock(nn.Module):
    """Two padded separable convolutions with ``inner`` channels between them, and a shortcut."""

    def __init__(self, channels: int, inner: int, padding: str, norm: str, separable_norm: str) -> None:
        super().__init__()
        pad, norm_layer = PADS[padding], NORMS[norm]
        self.layers = nn.Sequential(
            *(pad(1), SeparableConv2d(channels, inner, separable_norm), norm_layer(inner), nn.ReLU(inplace=True)),
            *(pad(1), SeparableConv2d(inner, channels, separable_norm), norm_layer(channels)),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return features (N, C, H, W) of the same shape: the input plus what the block changes."""
        return features + self.layers(features)


class MobileResnetGenerator(Translator):
    """ResnetGenerator with separable convolutions in its residual blocks.

    ``widths`` are the channels at 1/1, 1/2, 1/4, and again at 1/2 and 1/1 of the image's size; ``inner`` those in the
    middle of each residual block. Widths 16, 32, 128, 32, 16 and inner 64, 64, 64, then six times 128, have 356,867
    parameters: the network that GAN Compression found for horse2zebra.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        widths: Sequence[int],
        inner: Sequence[int],
        padding: str = "reflect",
        global_skip: bool = False,
        norm: str = "instance",
        separable_norm: str = "instance",
    ) -> None:
        norm_layer = NORMS[norm]
        first, *down = widths[:3]
        layers: list[nn.Module] = [nn.ReflectionPad2d(3), nn.Conv2d(in_channels, first, 7)]
        channels = first
        for width in down:  # (H, W) to (H/4, W/4)
            layers += [norm_layer(channels), nn.ReLU(inplace=True), nn.Conv2d(channels, width, 3, 2, padding=1)]
            channels = width
        layers += [norm_layer(channels), nn.ReLU(inplace=True)]
        layers += [MobileResidualBlock(channels, each, padding, norm, separable_norm) for each in inner]
        for width in widths[3:]:  # back to (H, W)
            layers.append(nn.ConvTranspose2d(channels, width, 3, 2, padding=1, output_padding=1))
            layers += [norm_layer(width), nn.ReLU(inplace=True)]
            channels = width
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(channels, out_channels, 7)]
        super().__init__(layers, in_channels, out_channels, global_skip)
