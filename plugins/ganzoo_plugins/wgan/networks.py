"""A critic without batch norm (arXiv:1704.00028, section 4)."""

from __future__ import annotations

from torch import Tensor, nn

MAX_WIDTH_FACTOR = 8


class Critic(nn.Module):
    """Strided 4x4 convolutions as in DCGAN, until the shorter side has 2 to 4 pixels, then one linear layer.

    A gradient penalty is meant for each image alone. Batch norm is therefore replaced by layer norm over (C, H, W),
    with a scale and shift for each channel (arXiv:1607.06450), except in the first layer, which has no norm in DCGAN
    either.
    """

    def __init__(
        self, image_size: int = 64, channels: int = 3, width: int = 64, norm: str = "layer", image_width: int = 0
    ) -> None:
        super().__init__()
        self.image_size, self.image_width, self.in_channels = image_size, image_width or image_size, channels
        layers: list[nn.Module] = []
        in_width, sides = channels, (self.image_size, self.image_width)
        while min(sides) > 4:
            out_width = min(2 * in_width, MAX_WIDTH_FACTOR * width) if layers else width
            normed = norm == "layer" and bool(layers)
            layers.append(nn.Conv2d(in_width, out_width, 4, 2, 1, bias=not normed))
            layers += [nn.GroupNorm(1, out_width)] if normed else []
            layers.append(nn.LeakyReLU(0.2, inplace=True))
            in_width, sides = out_width, (sides[0] // 2, sides[1] // 2)
        self.layers = nn.Sequential(*layers)
        self.linear = nn.Linear(in_width * sides[0] * sides[1], 1)
        self.apply(initialize)

    def forward(self, images: Tensor) -> Tensor:
        """Score images (N, channels, image_size, image_width) in [-1, 1]: unbounded values (N, 1), no sigmoid."""
        return self.linear(self.layers(images).flatten(1))


def initialize(module: nn.Module) -> None:
    """Draw weights as He et al. for this slope (arXiv:1502.01852), biases zero.

    The authors of WGAN-GP draw from a uniform distribution, by the mean of fan-in and fan-out.
    """
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.kaiming_normal_(module.weight, 0.2)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
