"""LAPGAN's pyramid, generators and discriminators (arXiv:1506.05751, sections 2 and 3)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .sizes import level_sizes

EMPTY = 1e-3  # share of valid pixels below which a coarser one counts as missing


def downsample(images: Tensor) -> Tensor:
    """Blur by the filter [1, 3, 3, 1] / 8 and keep every other pixel: the paper's d, (N, C, H, W) to half the size."""
    size = (images.shape[2] // 2, images.shape[3] // 2)
    return F.interpolate(images, size=size, mode="bilinear", antialias=True)


def upsample(images: Tensor) -> Tensor:
    """Upsample to twice the size and smooth by the same filter: the paper's u."""
    return F.interpolate(images, scale_factor=2.0, mode="bilinear")


def valid_pyramid(valid: Tensor, levels: int) -> list[Tensor]:
    """Return where pixels of each level are valid, coarsest first: where any pixel below one is.

    Args:
        valid: (N, 1, H, W), 1 where pixels are valid, else 0.
        levels: How often the images are halved.
    """
    masks = [valid]
    for _ in range(levels):
        masks.append((downsample(masks[-1]) > EMPTY).to(valid.dtype))
    return masks[::-1]


def halve(images: Tensor, valid: Tensor | None = None) -> Tensor:
    """Return images of half the size, each pixel the mean of the valid ones below it; 0 where there is none."""
    smaller = downsample(images)
    if valid is None:
        return smaller
    share = downsample(valid)
    return torch.where(share > EMPTY, smaller / share.clamp_min(EMPTY), torch.zeros_like(smaller))


def pyramid(images: Tensor, levels: int, valid: Tensor | None = None) -> list[tuple[Tensor, Tensor]]:
    """Split images (N, C, H, W) into (low, high) for each level, coarsest first (section 2.2, equation 3).

    ``low`` is l_k = u(d(I_k)) and ``high`` is h_k = I_k - l_k, so that low + high is I_k. At the coarsest level
    ``low`` is 0 and ``high`` is the small image itself. Pixels that are not ``valid`` (N, 1, H, W), which are 0, do not
    darken those around them.
    """
    parts = []
    masks = [None] * (levels + 1) if valid is None else valid_pyramid(valid, levels)
    for level in range(levels):
        smaller = halve(images, masks[levels - level])
        low = upsample(smaller)
        parts.append((low, images - low))
        images = smaller
    return [(torch.zeros_like(images), images), *reversed(parts)]


def uniform(normal: Tensor) -> Tensor:
    """Map z from N(0, 1) to 2 Phi(z) - 1 with its distribution function Phi: uniform in [-1, 1], as in section 3."""
    return torch.erf(normal * 0.5**0.5)


class PyramidGenerator(nn.Module):
    """All levels as one generator, which samples by the recurrence of equation 5.

    The default has 2,668,089 parameters. Its latents are the noise of all levels, coarsest first: a vector for the
    coarsest, and a plane of its size, row by row, for each other level.
    """

    def __init__(
        self,
        image_size: int = 64,
        channels: int = 3,
        levels: int = 3,
        coarse_latent_dim: int = 100,
        hidden: int = 1200,
        width: int = 64,
        depth: int = 3,
        kernel_size: int = 7,
        norm: str = "none",
        image_width: int = 0,
    ) -> None:
        super().__init__()
        self.image_size, self.image_width, self.out_channels = image_size, image_width or image_size, channels
        self.sizes, self.widths = level_sizes(image_size, levels), level_sizes(self.image_width, levels)
        planes = list(zip(self.sizes, self.widths, strict=True))
        self.shapes = [(coarse_latent_dim,), *((1, *plane) for plane in planes[1:])]
        self.latent_dim = coarse_latent_dim + sum(high * wide for high, wide in planes[1:])
        self.coarse = DenseGenerator(*planes[0], channels, coarse_latent_dim, hidden)
        self.refine = nn.ModuleList(RefiningGenerator(channels, width, depth, kernel_size, norm) for _ in range(levels))

    def forward(self, latents: Tensor) -> Tensor:
        """Map latents (N, latent_dim) from N(0, 1) to images (N, channels, image_size, image_width) in [-1, 1].

        The sum of the levels can leave this range a little and is clamped.
        """
        first, *planes = self.noise(latents)
        images = self.coarse(first)
        for generator, plane in zip(self.refine, planes, strict=True):
            low = upsample(images)
            images = low + generator(plane, low)
        return images.clamp(-1, 1)

    def noise(self, latents: Tensor) -> list[Tensor]:
        """Split latents (N, latent_dim) from N(0, 1) into each level's noise, in [-1, 1]."""
        pieces = uniform(latents).split([torch.Size(shape).numel() for shape in self.shapes], 1)
        return [piece.reshape(-1, *shape) for piece, shape in zip(pieces, self.shapes, strict=True)]

    def generate_level(self, level: int, noise: Tensor, low: Tensor) -> Tensor:
        """Return l_k + h_k, where the level generates h_k from noise and l_k; at level 0 a small image from noise."""
        high = self.refine[level - 1](noise, low) if level else self.coarse(noise)
        return low + high.to(low.dtype)


class DenseGenerator(nn.Module):
    """G_K: two dense layers with ReLU (section 3.1), then tanh, which the paper does not state."""

    def __init__(self, image_size: int, image_width: int, channels: int, latent_dim: int, hidden: int) -> None:
        super().__init__()
        self.shape = (channels, image_size, image_width)
        self.layers = nn.Sequential(
            nn.Linear(latent_dim, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, channels * image_size * image_width),
        )
        self.apply(initialize)

    def forward(self, noise: Tensor) -> Tensor:
        """Map noise (N, latent_dim) to images (N, C, H, W) in [-1, 1]."""
        return torch.tanh(self.layers(noise)).unflatten(1, self.shape)


class RefiningGenerator(nn.Module):
    """G_k: convolutions from the low-pass image and a plane of noise to the band that is added to it.

    The last one is linear, and its weights start at a tenth, so that images start as their low-pass half.
    """

    def __init__(self, channels: int, width: int, depth: int, kernel_size: int, norm: str) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        in_width = channels + 1
        for _ in range(depth - 1):
            layers.append(nn.Conv2d(in_width, width, kernel_size, padding=kernel_size // 2, bias=norm == "none"))
            layers += [nn.BatchNorm2d(width)] if norm == "batch" else []
            layers.append(nn.ReLU())
            in_width = width
        last = nn.Conv2d(in_width, channels, kernel_size, padding=kernel_size // 2)
        self.layers = nn.Sequential(*layers, last)
        self.apply(initialize)
        with torch.no_grad():
            last.weight *= 0.1
        self.to(memory_format=torch.channels_last)

    def forward(self, noise: Tensor, low: Tensor) -> Tensor:
        """Return h_k (N, C, H, W), of any range, for noise (N, 1, H, W) in [-1, 1] and l_k (N, C, H, W)."""
        return self.layers(torch.cat([low, noise.to(low.dtype)], 1))


class DenseDiscriminator(nn.Module):
    """D_K: two dense layers with ReLU and dropout (section 3.1)."""

    def __init__(
        self, image_size: int = 8, channels: int = 3, hidden: int = 600, dropout: float = 0.5, image_width: int = 0
    ) -> None:
        super().__init__()
        self.image_size, self.image_width, self.in_channels = image_size, image_width or image_size, channels
        self.layers = nn.Sequential(
            nn.Linear(channels * self.image_size * self.image_width, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, 1),
        )
        self.apply(initialize)

    def forward(self, images: Tensor) -> Tensor:
        """Score images (N, channels, image_size, image_width) in [-1, 1]: logits (N, 1), no sigmoid."""
        return self.layers(images.flatten(1))


class ConvolutionalDiscriminator(nn.Module):
    """D_k: strided convolutions, dropout and one dense layer.

    Its input is the image of level k, l_k "explicitly added to h_k before the first convolution layer" (section 2.3).
    """

    def __init__(
        self,
        image_size: int = 64,
        channels: int = 3,
        width: int = 64,
        depth: int = 2,
        dropout: float = 0.5,
        image_width: int = 0,
    ) -> None:
        super().__init__()
        self.image_size, self.image_width, self.in_channels = image_size, image_width or image_size, channels
        layers: list[nn.Module] = []
        in_width, high, wide = channels, self.image_size, self.image_width
        for index in range(depth):
            layers += [nn.Conv2d(in_width, width << index, 5, 2, 2), nn.ReLU()]
            in_width, high, wide = width << index, (high + 1) // 2, (wide + 1) // 2
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(dropout), nn.Linear(in_width * high * wide, 1))
        self.apply(initialize)
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        """Score images (N, channels, image_size, image_width) in [-1, 1]: logits (N, 1), no sigmoid."""
        return self.layers(images)


def initialize(module: nn.Module) -> None:
    """Draw weights for ReLU (He et al. 2015, arXiv:1502.01852), biases zero; the paper does not state this."""
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
