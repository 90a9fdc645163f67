"""FastGAN's networks (arXiv:2101.04775, section 3): skip-layer excitation, and a discriminator that is an encoder."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

EXCITATION = 16  # a layer of 8x8 pixels excites one of 128x128
SMALLEST = 8  # pixels, where the discriminator's features end


def width_at(size: int, width: int) -> int:
    """Return the channels at a resolution, from ``width`` at 128x128: twice as many at half of it, up to 16 times."""
    return max(1, min(16 * width, 128 * width // size))


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1, padding: int = 0) -> nn.Module:
    """Build a convolution without bias, its weights divided by their largest singular value (arXiv:1802.05957)."""
    layer = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
    nn.init.normal_(layer.weight, 0.0, 0.02)
    return spectral_norm(layer)


class Noise(nn.Module):
    """Adds noise of a learned strength. It is drawn once and saved, so that an image depends on its latent alone."""

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__()
        self.strength = nn.Parameter(torch.zeros(1))
        self.noise: Tensor
        self.register_buffer("noise", torch.randn(1, 1, *size))

    def forward(self, features: Tensor) -> Tensor:
        """Return features of the same shape."""
        return features + self.strength * self.noise


def upsampling(inputs: int, outputs: int) -> nn.Sequential:
    """Build what doubles the resolution: nearest neighbors, a 3x3 convolution, batch norm and a gated linear unit."""
    return nn.Sequential(
        nn.Upsample(scale_factor=2),
        convolution(inputs, 2 * outputs, 3, padding=1),
        nn.BatchNorm2d(2 * outputs),
        nn.GLU(1),
    )


def noisy_upsampling(inputs: int, outputs: int, size: tuple[int, int]) -> nn.Sequential:
    """Build `upsampling` to ``size``, height and width, with noise, followed by a second convolution."""
    layers: list[nn.Module] = [nn.Upsample(scale_factor=2)]
    for channels in (inputs, outputs):
        layers += [
            convolution(channels, 2 * outputs, 3, padding=1),
            Noise(size),
            nn.BatchNorm2d(2 * outputs),
            nn.GLU(1),
        ]
    return nn.Sequential(*layers)


class Excitation(nn.Module):
    """Skip-layer excitation: a small feature map gates the channels of a large one (equation 1)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.AdaptiveAvgPool2d(4),
            convolution(inputs, outputs, 4),
            nn.LeakyReLU(0.1),
            convolution(outputs, outputs, 1),
            nn.Sigmoid(),
        )

    def forward(self, small: Tensor, large: Tensor) -> Tensor:
        """Return ``large`` (N, C, H, W), each channel times a number in (0, 1) that ``small`` decides."""
        return large * self.layers(small)


class FastGanGenerator(nn.Module):
    """4x4 pixels from a latent, doubled in each stage; those of 128 to 512 pixels are excited by ones of a 16th."""

    def __init__(
        self, image_size: int = 256, channels: int = 3, width: int = 64, latent_dim: int = 256, image_width: int = 0
    ) -> None:
        super().__init__()
        self.image_size, self.image_width = image_size, image_width or image_size
        self.out_channels, self.latent_dim = channels, latent_dim
        widest = width_at(4, width)
        base = (4, 4 * self.image_width // image_size)
        self.first = nn.ConvTranspose2d(latent_dim, 2 * widest, base, bias=False)
        nn.init.normal_(self.first.weight, 0.0, 0.02)
        self.first_norm = nn.Sequential(nn.BatchNorm2d(2 * widest), nn.GLU(1))
        self.stages, self.excitations = nn.ModuleDict(), nn.ModuleDict()
        inputs, size = widest, 8
        while size <= image_size:
            outputs = width_at(size, width)
            # Two convolutions and noise in every second stage, one convolution in the others, as in the authors' code.
            noisy = size in (8, 32, 128, 512)
            shape = (size, size * self.image_width // image_size)
            self.stages[str(size)] = noisy_upsampling(inputs, outputs, shape) if noisy else upsampling(inputs, outputs)
            if EXCITATION * 8 <= size <= EXCITATION * 32:
                self.excitations[str(size)] = Excitation(width_at(size // EXCITATION, width), outputs)
            inputs, size = outputs, 2 * size
        self.to_image = convolution(inputs, channels, 3, padding=1)

    def forward(self, latents: Tensor) -> Tensor:
        """Map latents (N, latent_dim) from N(0, 1) to images (N, channels, image_size, image_width) in [-1, 1]."""
        features = self.first_norm(self.first(latents[:, :, None, None]))
        maps: dict[int, Tensor] = {}
        for name, stage in self.stages.items():
            features, size = stage(features), int(name)
            if name in self.excitations:
                features = self.excitations[name](maps[size // EXCITATION], features)
            maps[size] = features
        return torch.tanh(self.to_image(features))


class Downsampling(nn.Module):
    """The mean of two ways to half the resolution: two convolutions, and a mean of 2x2 pixels with one convolution."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            convolution(inputs, outputs, 4, 2, 1),
            nn.BatchNorm2d(outputs),
            nn.LeakyReLU(0.2),
            convolution(outputs, outputs, 3, 1, 1),
            nn.BatchNorm2d(outputs),
            nn.LeakyReLU(0.2),
        )
        self.direct = nn.Sequential(
            nn.AvgPool2d(2), convolution(inputs, outputs, 1), nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2)
        )

    def forward(self, features: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C', H/2, W/2)."""
        return (self.main(features) + self.direct(features)) / 2


class FastGanDiscriminator(nn.Module):
    """Features of 16x16 and 8x8 pixels, and 5x5 logits from the latter; wider where images are."""

    def __init__(self, image_size: int = 256, channels: int = 3, width: int = 64, image_width: int = 0) -> None:
        super().__init__()
        self.image_size, self.image_width, self.in_channels = image_size, image_width or image_size, channels
        size = image_size // 2
        self.from_image = nn.Sequential(convolution(channels, width_at(size, width), 4, 2, 1), nn.LeakyReLU(0.2))
        self.stages = nn.ModuleList()
        while size > SMALLEST:
            self.stages.append(Downsampling(width_at(size, width), width_at(size // 2, width)))
            size //= 2
        self.encoded = width_at(16, width), width_at(8, width)
        last = self.encoded[1]
        self.logits = nn.Sequential(
            convolution(last, last, 1), nn.BatchNorm2d(last), nn.LeakyReLU(0.2), convolution(last, 1, 4)
        )

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return the features of 16x16 and of 8x8 pixels, (N, encoded[0], 16, 16) and (N, encoded[1], 8, 8)."""
        features = self.from_image(images)
        for stage in self.stages:
            before, features = features, stage(features)
        return before, features

    def forward(self, images: Tensor) -> Tensor:
        """Score images (N, channels, image_size, image_width) in [-1, 1]: logits (N, 1, 5, 5), no sigmoid."""
        return self.logits(self.encode(images)[1])


class Decoder(nn.Module):
    """Reconstructs images from features of 8x8 pixels, by one upsampling block for each doubling."""

    def __init__(self, inputs: int, channels: int, doublings: int, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for multiple in (4, 2, 2, 1)[4 - doublings :]:
            layers.append(upsampling(inputs, multiple * width))
            inputs = multiple * width
        self.layers = nn.Sequential(*layers, convolution(inputs, channels, 3, padding=1))

    def forward(self, features: Tensor) -> Tensor:
        """Map (N, C, 8, 8) to images (N, channels, H, W) in [-1, 1]."""
        return torch.tanh(self.layers(features))


def crop(maps: Tensor, corners: Tensor, size: tuple[int, int]) -> Tensor:
    """Return a part of each map.

    Args:
        maps: (N, C, H, W).
        corners: (N, 2) integers, the first row and column of each part.
        size: Height and width of the parts.
    """
    places, (height, width) = zip(maps, corners.tolist(), strict=True), size
    return torch.stack([each[:, row : row + height, column : column + width] for each, (row, column) in places])


def resize(images: Tensor, size: tuple[int, int]) -> Tensor:
    """Return images (N, C, *size), each pixel the mean of those it covers."""
    return F.interpolate(images, size=size, mode="area")
