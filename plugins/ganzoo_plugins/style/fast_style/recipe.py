"""A network for one style, trained by perceptual losses (Johnson, Alahi, Fei-Fei 2016, arXiv:1603.08155)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ganzoo import GanzooError, Recipe, at_least_float32
from ganzoo.image_io import tensors
from ganzoo_plugins.style.colors import transfer_colors
from ganzoo_plugins.style.perception import (
    Perception,
    Statistics,
    color_loss,
    content_loss,
    gram_distance,
    measure_style,
    style_loss,
    sum_losses,
    total_variation,
)
from ganzoo_plugins.style.pyramid import resize


class FastStyleRecipe(Recipe):
    """The generator minimizes a weighted sum of content, style and color losses and total variation (section 3.2).

    The losses are those of `perception`, which says how they differ from the paper's. The statistics of the style image
    are computed once, at the size of the photographs. The target of the content loss is the photograph in the colors of
    the style. For each map's style distance d, log(1 + d) is minimized, so that photographs with very different colors
    do not outweigh the rest. The color loss is not in the paper.
    """

    def __init__(self, config, parts) -> None:
        self.config = config
        self.generator = parts.build("generator")
        self.perception = Perception(parts.build("features"), config.content_reduction)
        self.style = read_style(config.style, config.image_size)
        self.style_target = self.measure_style()
        self.networks, self.exports = {"generator": self.generator}, {"": "generator"}
        self.optimizers = {"generator": self.adam(self.generator)}

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Update the network once by content, style and color losses."""
        outputs: dict[str, Tensor] = {}
        losses = self.losses(self.generator, batch["image"], outputs)
        self.update("generator", self.with_extra_losses(losses["total"], losses, batch, outputs))
        return losses

    def losses(
        self, generator: nn.Module, photos: Tensor, outputs: dict[str, Tensor] | None = None
    ) -> dict[str, Tensor]:
        """Return the minimized ``total`` and its terms, computed in float32; put the images into ``outputs``."""
        self.move_style(photos.device)
        output = at_least_float32(generator(photos))
        if outputs is not None:
            outputs["image"] = output
        with torch.autocast(photos.device.type, enabled=False):
            return self.perceptual_losses(output, transfer_colors(photos, self.style))

    def perceptual_losses(self, output: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Return the losses of ``output``; ``target`` are the photographs in the style's colors, both (N, 3, H, W)."""
        with torch.no_grad():
            content = self.perception(target).content
        features = self.perception(output)
        distances = [gram_distance(*each).log1p() for each in zip(features.style, self.style_target, strict=True)]
        return sum_losses(
            self.config,
            content=content_loss(features.content, content),
            style=style_loss(distances),
            color=color_loss(output, target),
            variation=total_variation(output),
        )

    def move_style(self, device: torch.device) -> None:
        """Move the features, the style and its statistics to the photographs' device."""
        if self.style.device != device:
            self.perception.features.to(device)
            self.style = self.style.to(device)
            self.style_target = self.measure_style()

    @torch.no_grad()
    def measure_style(self) -> list[Statistics]:
        """Return the statistics of the style image in each feature map."""
        return measure_style(self.style, self.perception)

    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        """Return each photograph followed by its stylized version."""
        photos = batch["image"]
        return torch.stack([photos, networks["generator"](photos).float()], 1).flatten(0, 1)

    def validate(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Return the minimized ``total`` and its terms on held-out photographs."""
        return {name: each.item() for name, each in self.losses(networks["generator"], batch["image"]).items()}


def read_style(path: str, size: int) -> Tensor:
    """Read the style image as (1, 3, h, w) in [-1, 1], its shorter side ``size`` pixels."""
    if not path:
        raise GanzooError(
            "style='' is not an image. Set style to the path of the image whose style to learn: style=painting.jpg."
        )
    image = tensors.to_tensor(path, 3).to(torch.get_default_dtype())  # the losses are computed in it
    factor = size / min(image.shape[2:])
    return resize(image, [max(1, round(side * factor)) for side in image.shape[2:]])
