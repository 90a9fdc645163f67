"""SRResNet and its discriminator (arXiv:1609.04802, figure 4), and bicubic enlargement."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

TAPS = 2  # pixels on either side that bicubic interpolation uses


def make_norm(kind: str, channels: int) -> nn.Module:
    """Build ``kind``: "batch" or "none"."""
    return nn.BatchNorm2d(channels) if kind == "batch" else nn.Identity()


def convolution(channels: int, out: int, kernel: int, norm: str = "none", stride: int = 1) -> nn.Conv2d:
    """Build a convolution that preserves the size; before batch norm it needs no bias."""
    return nn.Conv2d(channels, out, kernel, stride, kernel // 2, bias=norm != "batch")


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with PReLU between them, and a shortcut (figure 4); (N, C, H, W) to (N, C, H, W).

    Without norm the second one starts at a tenth, so that many blocks start close to the identity (arXiv:1809.00219,
    3.1).
    """

    def __init__(self, channels: int, norm: str) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            convolution(channels, channels, 3, norm),
            make_norm(norm, channels),
            nn.PReLU(channels),
            convolution(channels, channels, 3, norm),
            make_norm(norm, channels),
        )
        if norm == "none":
            with torch.no_grad():
                self.layers[3].weight *= 0.1

    def forward(self, features: Tensor) -> Tensor:
        """Return features (N, C, H, W) of the same shape: the input plus what the block changes."""
        return features + self.layers(features)


class SRResNet(nn.Module):
    """k9, ``blocks`` residual blocks, a shortcut around them, a pixel shuffle for every doubling, k9 (figure 4).

    Width 64 with 16 blocks is the paper's (1,548,547 parameters). PReLU has a slope for every channel. The paper
    states no final activation: outputs are unbounded in training and clamped to [-1, 1] in evaluation mode. Initial
    weights are torch's; with ``bicubic_skip`` the last layer starts at zero, and the network as bicubic enlargement.
    """

    stride = 1

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        width: int = 64,
        blocks: int = 16,
        scale: int = 4,
        norm: str = "batch",
        kernel: int = 9,
        bicubic_skip: bool = False,
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels, self.scale = in_channels, out_channels, scale
        self.head = nn.Sequential(convolution(in_channels, width, kernel), nn.PReLU(width))
        self.body = nn.Sequential(
            *(ResidualBlock(width, norm) for _ in range(blocks)),
            convolution(width, width, 3, norm),
            make_norm(norm, width),
        )
        tail: list[nn.Module] = []
        for _ in range(scale.bit_length() - 1):  # each doubles the size
            tail += [convolution(width, 4 * width, 3), nn.PixelShuffle(2), nn.PReLU(width)]
        self.tail = nn.Sequential(*tail, convolution(width, out_channels, kernel))
        self.skip = Enlargement(in_channels, scale) if bicubic_skip else None
        if bicubic_skip:
            nn.init.zeros_(self.tail[-1].weight)
            nn.init.zeros_(self.tail[-1].bias)

    def forward(self, images: Tensor) -> Tensor:
        """Enlarge (N, in_channels, H, W) in [-1, 1] to (N, out_channels, scale H, scale W)."""
        features = self.head(images)
        enlarged = self.tail(features + self.body(features))
        if self.skip is not None:
            enlarged = enlarged + self.skip(images)
        return enlarged if self.training else enlarged.clamp(-1, 1)


class Enlargement(nn.Module):
    """Bicubic interpolation (Keys 1981, a = -1/2, as in Pillow and MATLAB), as a convolution and a pixel shuffle.

    Border pixels are repeated beyond the edge. Pillow uses fewer pixels there, so that values differ within two pixels
    of the input's edge. (N, C, H, W) to (N, C, scale H, scale W), not clamped, without parameters.
    """

    def __init__(self, channels: int, scale: int) -> None:
        super().__init__()
        self.channels = channels
        self.border = nn.ReplicationPad2d(TAPS)
        self.register_buffer("kernel", bicubic_kernel(scale).repeat(channels, 1, 1, 1), persistent=False)
        self.shuffle = nn.PixelShuffle(scale)

    def forward(self, images: Tensor) -> Tensor:
        """Enlarge images (N, C, H, W) by the factor, bicubically: (N, C, f * H, f * W)."""
        return self.shuffle(F.conv2d(self.border(images), self.kernel, groups=self.channels))


def bicubic_kernel(scale: int) -> Tensor:
    """Return (scale**2, 1, 5, 5): for each position within an enlarged pixel, the weights of the pixels around it."""
    positions = (torch.arange(scale, dtype=torch.float64) + 0.5) / scale - 0.5
    distance = (positions[:, None] - torch.arange(-TAPS, TAPS + 1)).abs()
    near = 1.5 * distance**3 - 2.5 * distance**2 + 1
    beyond = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
    weights = torch.where(distance <= 1, near, torch.where(distance < 2, beyond, torch.zeros_like(distance)))
    return torch.einsum("ik,jl->ijkl", weights, weights).reshape(-1, 1, 2 * TAPS + 1, 2 * TAPS + 1).float()


class Bicubic(nn.Module):
    """`Enlargement` as a generator, a baseline for others."""

    stride = 1

    def __init__(self, channels: int = 3, scale: int = 4) -> None:
        super().__init__()
        self.in_channels = self.out_channels = channels
        self.scale = scale
        self.enlargement = Enlargement(channels, scale)

    def forward(self, images: Tensor) -> Tensor:
        """Enlarge (N, channels, H, W) in [-1, 1] to (N, channels, scale H, scale W) in [-1, 1]."""
        return self.enlargement(images).clamp(-1, 1)


class SrganDiscriminator(nn.Module):
    """k3 convolutions of w, w, 2w, 2w, 4w, 4w, 8w, 8w channels, every second of stride 2, then two dense layers.

    LeakyReLU 0.2 throughout, batch norm from the second convolution on; the dense layer has 16 w units, 1024 in the
    paper (figure 4). It takes images of ``image_size`` only.
    """

    def __init__(self, in_channels: int = 3, image_size: int = 96, width: int = 64, norm: str = "batch") -> None:
        super().__init__()
        self.in_channels, self.image_size = in_channels, image_size
        layers: list[nn.Module] = [convolution(in_channels, width, 3), nn.LeakyReLU(0.2)]
        channels = width
        for index in range(1, 8):
            out, stride = width * 2 ** (index // 2), 1 + index % 2
            layers += [convolution(channels, out, 3, norm, stride), make_norm(norm, out), nn.LeakyReLU(0.2)]
            channels = out
        side = -(-image_size // 16)
        dense = [nn.Linear(channels * side**2, 16 * width), nn.LeakyReLU(0.2), nn.Linear(16 * width, 1)]
        self.layers = nn.Sequential(*layers, nn.Flatten(), *dense)

    def forward(self, images: Tensor) -> Tensor:
        """Score (N, in_channels, image_size, image_size) in [-1, 1]; returns logits (N, 1), no sigmoid."""
        return self.layers(images)
