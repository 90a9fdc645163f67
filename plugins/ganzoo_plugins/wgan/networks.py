"""A critic without batch norm (arXiv:1704.00028, section 4)."""

from __future__ import annotations

from torch import Tensor, nn

WIDEST = 8  # in units of `width`


class Critic(nn.Module):
    """Strided 4x4 convolutions as DCGAN's, down to 2 to 4 pixels, then one linear layer.

    A gradient penalty is meant for each picture alone, so layer norm, over (C, H, W) with a scale and shift a channel
    (arXiv:1607.06450), takes batch norm's place; not on the first layer, which has none in DCGAN either.
    """

    def __init__(self, image_size: int = 64, channels: int = 3, width: int = 64, norm: str = "layer") -> None:
        super().__init__()
        self.image_size, self.in_channels = image_size, channels
        layers: list[nn.Module] = []
        now, side = channels, image_size
        while side > 4:
            after = min(2 * now, WIDEST * width) if layers else width
            normed = norm == "layer" and bool(layers)
            layers.append(nn.Conv2d(now, after, 4, 2, 1, bias=not normed))
            layers += [nn.GroupNorm(1, after)] if normed else []
            layers.append(nn.LeakyReLU(0.2, inplace=True))
            now, side = after, side // 2
        self.layers = nn.Sequential(*layers)
        self.linear = nn.Linear(now * side**2, 1)
        self.apply(initialize)

    def forward(self, images: Tensor) -> Tensor:
        """Value images (N, channels, image_size, image_size) in [-1, 1]: (N, 1), of any size, no sigmoid."""
        return self.linear(self.layers(images).flatten(1))


def initialize(module: nn.Module) -> None:
    """Draw weights as He et al. do for this slope (arXiv:1502.01852), as the authors of WGAN-GP; biases zero."""
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.kaiming_normal_(module.weight, 0.2)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
