"""StarGAN's networks (arXiv:1711.09020, appendix 7.2, tables 4 and 5); initial weights are PyTorch's."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo import at_least_float32

from .sizes import halvings


def instance_norm(channels: int) -> nn.Module:
    """Build instance norm with a learned scale and shift: group norm with one group a channel."""
    return nn.GroupNorm(channels, channels)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut; (N, C, H, W) to (N, C, H, W)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            instance_norm(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            instance_norm(channels),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return features (N, C, H, W) of the same shape: the input plus what the block changes."""
        return features + self.layers(features)


class StarGanGenerator(nn.Module):
    """Translates an image to a domain.

    The domain enters as one plane for each class, 1 for the target and 0 for others, next to the image's channels
    (section 3.2).
    8,430,528 parameters at width 64 with 5 classes on RGB. Heights and widths must be multiples of 4.
    """

    stride = 4

    def __init__(
        self, channels: int = 3, classes: int = 5, width: int = 64, blocks: int = 6, global_skip: bool = False
    ) -> None:
        super().__init__()
        self.in_channels = self.out_channels = channels
        self.classes, self.global_skip = classes, global_skip
        layers: list[nn.Module] = [
            nn.Conv2d(channels + classes, width, 7, padding=3, bias=False),
            instance_norm(width),
            nn.ReLU(inplace=True),
        ]
        for in_width in (width, 2 * width):  # (H, W) to (H/4, W/4)
            layers += [
                nn.Conv2d(in_width, 2 * in_width, 4, stride=2, padding=1, bias=False),
                instance_norm(2 * in_width),
                nn.ReLU(inplace=True),
            ]
        layers += [ResidualBlock(4 * width) for _ in range(blocks)]
        for in_width in (4 * width, 2 * width):  # back to (H, W)
            layers += [
                nn.ConvTranspose2d(in_width, in_width // 2, 4, stride=2, padding=1, bias=False),
                instance_norm(in_width // 2),
                nn.ReLU(inplace=True),
            ]
        layers.append(nn.Conv2d(width, channels, 7, padding=3, bias=False))
        self.layers = nn.Sequential(*layers)
        if global_skip:  # start close to the identity
            nn.init.normal_(self.layers[-1].weight, 0.0, 1e-4)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Translate images.

        Args:
            images: (N, channels, H, W) in [-1, 1].
            labels: Target domains (N,), int64 in [0, classes).

        Returns:
            (N, channels, H, W) in [-1, 1].
        """
        planes = F.one_hot(labels, self.classes).to(images.dtype)[:, :, None, None]
        planes = planes.expand(-1, -1, images.shape[2], images.shape[3])
        change = self.layers(torch.cat([images, planes], 1))
        if self.global_skip:  # a change of 0 gives the input; 0.98 keeps atanh of white finite
            change = at_least_float32(change) + torch.atanh(0.98 * at_least_float32(images))
        return torch.tanh(change)


class StarGanDiscriminator(nn.Module):
    """Strided convolutions without norms and two heads: a score for each patch, and the domain.

    44,762,048 parameters at width 64 with 5 classes on RGB of 128x128. The second head sees the whole image, so that
    only images of ``image_size`` work. Smaller images have fewer convolutions; the paper's six are for 128.
    """

    def __init__(self, channels: int = 3, classes: int = 5, width: int = 64, image_size: int = 128) -> None:
        super().__init__()
        self.in_channels, self.classes, self.image_size = channels, classes, image_size
        depth = halvings(image_size)
        layers: list[nn.Module] = []
        in_width = channels
        for index in range(depth):
            layers += [nn.Conv2d(in_width, width * 2**index, 4, stride=2, padding=1), nn.LeakyReLU(0.01)]
            in_width = width * 2**index
        self.layers = nn.Sequential(*layers)
        self.source = nn.Conv2d(in_width, 1, 3, padding=1, bias=False)
        self.domain = nn.Conv2d(in_width, classes, image_size // 2**depth, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        """Score patches of (N, channels, S, S) in [-1, 1]: logits (N, 1, S/64, S/64), no sigmoid."""
        return self.source(self.layers(images))

    def classified(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits of patches, and those of domains (N, classes)."""
        features = self.layers(images)
        return self.source(features), self.domain(features).flatten(1)
