"""The training of AdaIN (Huang, Belongie 2017, arXiv:1703.06868)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ganzoo import Recipe, at_least_float32, mean_absolute_error
from ganzoo_plugins.style.colors import transfer_colors
from ganzoo_plugins.style.perception import (
    Perception,
    adapt,
    color_loss,
    content_loss,
    measure_style,
    moment_distance,
    style_loss,
    sum_losses,
    total_variation,
)


class AdaINRecipe(Recipe):
    """The generator minimizes content loss + style weight * style loss (equation 11), and three more losses.

    Photographs are ``a``, paintings ``b``. The content loss is equation 12: a feature map of the output is compared
    with AdaIN of the photograph's and the painting's maps. The style loss is equation 13, on means and deviations,
    where log(1 + d) is minimized as in the recipe for one style. Both use the part ``features`` as described in
    `perception`, where the paper uses its own encoder. The other losses are total variation, the identity loss (a
    photograph in its own style should not change, arXiv:1812.02342), which a trained encoder needs, and a color loss of
    our own.
    """

    def __init__(self, config, parts) -> None:
        self.config = config
        self.generator = parts.build("generator")
        self.perception = Perception(parts.build("features"), config.content_reduction)
        self.networks, self.exports = {"generator": self.generator}, {"": "generator"}
        self.optimizers = {"generator": self.adam(self.generator)}

    def learning_rate(self, progress: float) -> float:
        """Return the factor of the schedule, divided by 1 + ``lr_decay`` * steps that are done."""
        return super().learning_rate(progress) / (1 + self.config.lr_decay * self.step_state.step)

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Update the network once by content, style, color and identity losses."""
        outputs: dict[str, Tensor] = {}
        losses = self.losses(self.generator, batch["a"], batch["b"], outputs)
        self.update("generator", self.with_extra_losses(losses["total"], losses, batch, outputs))
        return losses

    def losses(
        self, generator: nn.Module, photos: Tensor, paintings: Tensor, outputs: dict[str, Tensor] | None = None
    ) -> dict[str, Tensor]:
        """Return the minimized ``total`` and its terms, computed in float32; put the images into ``outputs``."""
        self.perception.features.to(photos.device)
        output = at_least_float32(generator(photos, paintings))
        if outputs is not None:
            outputs["image"] = output
        identity = {}
        if self.config.identity_weight:
            half = photos[: -(-len(photos) // 2)]  # half of them are enough, and take half the time
            identity["identity"] = mean_absolute_error(generator(half, half), half)
        with torch.autocast(photos.device.type, enabled=False):
            return sum_losses(self.config, **self.perceptual_losses(output, photos, paintings), **identity)

    def perceptual_losses(self, output: Tensor, photos: Tensor, paintings: Tensor) -> dict[str, Tensor]:
        """Return all losses but the identity loss, for ``output`` generated from photographs and paintings."""
        with torch.no_grad():
            target = adapt(self.perception(photos).content, self.perception(paintings).content)
            style = measure_style(paintings, self.perception)
        features = self.perception(output)
        distances = [moment_distance(*each).log1p() for each in zip(features.style, style, strict=True)]
        return {
            "content": content_loss(features.content, target),
            "style": style_loss(distances),
            "color": color_loss(output, transfer_colors(photos, paintings)),
            "variation": total_variation(output),
        }

    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        """Return each photograph, its style and the stylized photograph, one after the other."""
        a, b = batch["a"], batch["b"]
        return torch.stack([a, b, networks["generator"](a, b).float()], 1).flatten(0, 1)

    def validate(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Return the minimized ``total`` and its terms on held-out photographs and paintings."""
        return {name: each.item() for name, each in self.losses(networks["generator"], batch["a"], batch["b"]).items()}
