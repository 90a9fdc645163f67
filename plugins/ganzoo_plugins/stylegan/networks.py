"""StyleGAN 2's generator and discriminator (arXiv:1912.04958, figures 2 and 7; mapping: arXiv:1812.04948)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from ganzoo import at_least_float32

from .layers import EqualConv2d, EqualLinear, ModulatedConv2d, activate, double

MAPPING_RATE = 0.01  # of the mapping network's learning rate (arXiv:1812.04948, appendix C)
MEAN_DECAY = 0.995  # of the running mean of w
GROUP = 4  # images in a group of the minibatch standard deviation


def sizes(image_size: int) -> list[int]:
    """Return the resolutions 4, 8, ..., image_size."""
    return [4 << level for level in range(image_size.bit_length() - 2)]


def channels_at(size: int, image_size: int, width: int, widest: int) -> int:
    """Return the channels at resolution ``size``: ``width`` at the full one, doubled at each half, up to ``widest``."""
    return min(width * (image_size // size), widest)


class StyledLayer(nn.Module):
    """A modulated 3x3 convolution, noise of learned strength, bias and activation (arXiv:1912.04958, figure 2)."""

    def __init__(self, inputs: int, outputs: int, style: int, size: Sequence[int], doubles: bool) -> None:
        super().__init__()
        self.convolution = ModulatedConv2d(inputs, outputs, 3, style, doubles=doubles)
        self.bias = nn.Parameter(torch.zeros(outputs, 1, 1))
        self.strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("noise", torch.randn(1, 1, *size))

    def forward(self, features: Tensor, w: Tensor, noise: Tensor | None) -> Tensor:
        """Compute one layer; ``noise`` is (N, 1, *size), or None for the layer's constant noise."""
        noise = self.noise if noise is None else noise
        features = self.convolution(features, w)
        return activate(features + (self.strength * noise + self.bias).to(features.dtype))


class ToImage(nn.Module):
    """The contribution of a resolution to the image: a modulated 1x1 convolution without demodulation, and a bias."""

    def __init__(self, inputs: int, channels: int, style: int) -> None:
        super().__init__()
        self.convolution = ModulatedConv2d(inputs, channels, 1, style, demodulates=False)
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, features: Tensor, w: Tensor) -> Tensor:
        """Return what features (N, C, H, W) and w (N, D) add to the image, (N, channels, H, W)."""
        return at_least_float32(self.convolution(features, w) + self.bias)


class Mapping(nn.Module):
    """The mapping network: latents z, normalized to length sqrt(latent_dim), to w by ``depth`` linear layers."""

    def __init__(self, latent_dim: int, depth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(EqualLinear(latent_dim, latent_dim, MAPPING_RATE) for _ in range(depth))

    def forward(self, latents: Tensor) -> Tensor:
        """Return w (N, D) of latents z (N, D)."""
        features = latents * torch.rsqrt(latents.square().mean(1, keepdim=True) + 1e-8)
        for layer in self.layers:
            features = activate(layer(features))
        return at_least_float32(features)


class StyleGanGenerator(nn.Module):
    """A mapping network from latents to w, and a synthesis network from a learned constant, styled by w in each layer.

    ``layers_of_style`` layers take a w: 2 * log2(image_size) - 2, from 4x4 pixels on. In training mode the output is
    unbounded, as in the authors' code. In evaluation mode it is clamped to [-1, 1], and w is moved toward its mean by
    ``truncation`` (arXiv:1812.04948, appendix B).
    """

    def __init__(
        self,
        image_size: int = 32,
        channels: int = 3,
        latent_dim: int = 512,
        width: int = 64,
        widest: int = 512,
        depth: int = 8,
        truncation: float = 1.0,
        image_width: int = 0,
        mixing: float = 0.0,
    ) -> None:
        super().__init__()
        self.image_size, self.image_width = image_size, image_width or image_size
        self.out_channels, self.latent_dim = channels, latent_dim
        self.truncation, self.mixing = truncation, mixing
        self.mapping = Mapping(latent_dim, depth)
        self.register_buffer("mean", torch.zeros(latent_dim))
        in_width = channels_at(4, image_size, width, widest)
        self.constant = nn.Parameter(torch.randn(1, in_width, 4, 4 * self.image_width // image_size))
        self.layers, self.to_image = nn.ModuleList(), nn.ModuleList()
        for size in sizes(image_size):
            out_width = channels_at(size, image_size, width, widest)
            shape = (size, size * self.image_width // image_size)
            if size > 4:
                self.layers.append(StyledLayer(in_width, out_width, latent_dim, shape, doubles=True))
            self.layers.append(StyledLayer(out_width, out_width, latent_dim, shape, doubles=False))
            self.to_image.append(ToImage(out_width, channels, latent_dim))
            in_width = out_width
        self.layers_of_style = 2 * len(self.to_image)

    def forward(self, latents: Tensor) -> Tensor:
        """Map latents (N, latent_dim) from N(0, 1) to images (N, channels, image_size, image_width)."""
        styles = self.styles(self.mapping(latents))
        return self.render(self.mixed(latents, styles) if self.mixing and not self.training else styles)

    def mixed(self, latents: Tensor, styles: Tensor) -> Tensor:
        """Return styles (N, layers_of_style, latent_dim), ``mixing`` of them with a second latent's from some layer on.

        This is how training mixes (arXiv:1812.04948, section 3.1), but an image still depends on its latent alone: the
        second latent is the first one read backward, and two sums of it, uniform once mapped by their distribution
        function, decide which images are mixed and from which layer on.
        """
        other = self.styles(self.mapping(latents.flip(1)))
        index = torch.arange(self.latent_dim, device=latents.device)
        whether, where = (
            (1 + torch.erf((latents * (1 - 2 * (index // run % 2))).sum(1) / math.sqrt(2 * self.latent_dim))) / 2
            for run in (1, 2)  # signs that alternate, one by one and in pairs
        )
        layers = self.layers_of_style
        begin = torch.where(whether < self.mixing, 1 + (where * (layers - 1)).floor(), float(layers))
        second = torch.arange(layers, device=latents.device) >= begin[:, None]
        return torch.where(second[:, :, None], other, styles)

    def mix(self, first: Tensor, second: Tensor, at_layer: int) -> Tensor:
        """Mix styles of two latents (arXiv:1812.04948, section 3.1).

        Args:
            first: Latents (N, latent_dim) for the layers below ``at_layer``, which decide shapes.
            second: Latents (N, latent_dim) for the other layers, which decide details.
            at_layer: The first layer with styles of ``second``.

        Returns:
            Images (N, channels, image_size, image_width).
        """
        both = [self.styles(self.mapping(latents)) for latents in (first, second)]
        return self.render(torch.cat([both[0][:, :at_layer], both[1][:, at_layer:]], 1))

    def render(self, styles: Tensor) -> Tensor:
        """Synthesize images from styles: unbounded in training, truncated and clamped in evaluation mode."""
        if self.training:
            return self.synthesize(styles)
        return self.synthesize(self.mean + self.truncation * (styles - self.mean)).clamp(-1, 1)

    def styles(self, w: Tensor) -> Tensor:
        """Return w (N, latent_dim) once for each layer: (N, layers_of_style, latent_dim)."""
        return w[:, None].expand(-1, self.layers_of_style, -1)

    def synthesize(self, styles: Tensor, noise: Sequence[Tensor] | None = None) -> Tensor:
        """Synthesize unbounded images.

        Args:
            styles: (N, layers_of_style, latent_dim).
            noise: (N, 1, H, W) for each of ``noise_sizes``; None: the layers' constant noise.
        """
        ws, noises = list(styles.unbind(1)), list(noise or [None] * len(self.layers))
        features = self.constant.expand(styles.shape[0], -1, -1, -1)  # not len(): tracing would fix it
        features = self.layers[0](features, ws[0], noises[0])
        image = self.to_image[0](features, ws[1])
        for index in range(1, len(self.layers), 2):
            for layer in (index, index + 1):
                features = self.layers[layer](features, ws[layer], noises[layer])
            image = double(image) + self.to_image[(index + 1) // 2](features, ws[index + 2])
        return image

    @property
    def noise_sizes(self) -> list[tuple[int, int]]:
        """Height and width of the noises that `synthesize` takes."""
        return [(layer.noise.shape[-2], layer.noise.shape[-1]) for layer in self.layers]

    @torch.no_grad()
    def update_mean(self, mean: Tensor) -> None:
        """Move the running mean of w toward that of a batch, (latent_dim,)."""
        self.mean.lerp_(mean.to(self.mean), 1 - MEAN_DECAY)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut, (N, C, H, W) to (N, C', H/2, W/2) (arXiv:1912.04958, figure 7c)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = EqualConv2d(inputs, inputs, 3)
        self.second = EqualConv2d(inputs, outputs, 3, halves=True)
        self.shortcut = EqualConv2d(inputs, outputs, 1, halves=True, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """Return features (N, out, H/2, W/2)."""
        change = activate(self.second(activate(self.first(features))))
        return (change + self.shortcut(features)) / math.sqrt(2)


class GroupDeviation(nn.Module):
    """Minibatch standard deviation: a channel with the deviation in groups of 4 images (arXiv:1710.10196, section 3).

    If 4 does not divide the batch size, groups have 3, 2 or 1 images.
    """

    mixes_samples = True

    def forward(self, features: Tensor) -> Tensor:
        """Add a channel with the standard deviation within each group: (N, C + 1, H, W)."""
        count = len(features)
        group = next(size for size in range(GROUP, 0, -1) if count % size == 0)
        groups = at_least_float32(features).unflatten(0, (-1, group))
        variance = (groups - groups.mean(1, keepdim=True)).square().mean(1)  # Tensor.var is twelve times slower
        deviation = (variance + 1e-8).sqrt().mean((1, 2, 3)).repeat_interleave(group)
        added = deviation.to(features.dtype)[:, None, None, None].expand(-1, 1, *features.shape[2:])
        return torch.cat([features, added], 1)


class StyleGanDiscriminator(nn.Module):
    """Residual blocks down to 4x4 pixels, minibatch standard deviation, and two linear layers to one logit."""

    def __init__(
        self, image_size: int = 32, channels: int = 3, width: int = 64, widest: int = 512, image_width: int = 0
    ) -> None:
        super().__init__()
        self.image_size, self.image_width, self.in_channels = image_size, image_width or image_size, channels
        maps = [channels_at(size, image_size, width, widest) for size in reversed(sizes(image_size))]
        self.from_image = EqualConv2d(channels, maps[0], 1)
        self.blocks = nn.Sequential(*(ResidualBlock(in_width, out_width) for in_width, out_width in pairwise(maps)))
        self.deviation = GroupDeviation()
        self.last = EqualConv2d(maps[-1] + 1, maps[-1], 3)
        self.hidden = EqualLinear(maps[-1] * 16 * self.image_width // image_size, maps[-1])
        self.linear = EqualLinear(maps[-1], 1)

    def forward(self, images: Tensor) -> Tensor:
        """Score images (N, channels, image_size, image_width) in [-1, 1]: logits (N, 1), no sigmoid."""
        features = self.blocks(activate(self.from_image(images)))
        features = activate(self.last(self.deviation(features)))
        return self.linear(activate(self.hidden(features.flatten(1))))
