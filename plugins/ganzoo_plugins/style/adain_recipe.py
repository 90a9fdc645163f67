"""Any style in one pass: AdaIN's training (Huang, Belongie 2017, arXiv:1703.06868)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ganzoo import Recipe

from .colors import colored
from .perception import (
    Perception,
    adapt,
    color_loss,
    content_loss,
    in_all,
    moment_distance,
    style_loss,
    style_of,
    total_variation,
)


class AdainRecipe(Recipe):
    """Generator: content loss + style weight * style loss (equation 11), and color, variation and identity losses.

    Photographs are ``a``, paintings ``b``. The content loss is equation 12: a map of what is made is compared with
    AdaIN of the photograph's and the painting's. The style loss is equation 13, on means and deviations, of which
    log(1 + d) counts, as in the recipe for one style. Both look through the part ``features`` as `perception` says,
    where the paper has its own encoder. What is made of a photograph with itself as its style should be itself (the
    first identity loss of arXiv:1812.02342), which an encoder that learns needs. The color loss is not the paper's.
    """

    def __init__(self, config, parts) -> None:
        self.config = config
        self.generator = parts.build("generator")
        self.perception = Perception(parts.build("features"), config.content_reduction)
        self.networks, self.exports = {"generator": self.generator}, {"": "generator"}
        self.optimizers = {"generator": self.adam(self.generator)}

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        losses = self.losses(self.generator, batch["a"], batch["b"])
        self.update("generator", losses["total"])
        return losses

    def losses(self, generator: nn.Module, photos: Tensor, paintings: Tensor) -> dict[str, Tensor]:
        """Return what is minimized, ``total``, and its parts, computed in float32."""
        self.perception.features.to(photos.device)
        made = generator(photos, paintings).float()
        more = {}
        if self.config.identity_weight:
            own = photos[: -(-len(photos) // 2)]  # half of them say enough, and take half the time
            more["identity"] = (generator(own, own).float() - own).abs().mean()
        with torch.autocast(photos.device.type, enabled=False):
            return in_all(self.config, **self.distances(made, photos, paintings), **more)

    def distances(self, made: Tensor, photos: Tensor, paintings: Tensor) -> dict[str, Tensor]:
        """Return the losses of what is made of photographs with paintings, but for the identity."""
        with torch.no_grad():
            wanted = adapt(self.perception(photos).content, self.perception(paintings).content)
            style = style_of(paintings, self.perception)
        seen = self.perception(made)
        distances = [moment_distance(*each).log1p() for each in zip(seen.style, style, strict=True)]
        return {
            "content": content_loss(seen.content, wanted),
            "style": style_loss(distances),
            "color": color_loss(made, colored(photos, paintings)),
            "variation": total_variation(made),
        }

    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        """Return each photograph, its style and what is made of the two, one after the other."""
        a, b = batch["a"], batch["b"]
        return torch.stack([a, b, networks["generator"](a, b).float()], 1).flatten(0, 1)

    def validate(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Return what is minimized, and its parts, on photographs and paintings that training never saw."""
        return {name: each.item() for name, each in self.losses(networks["generator"], batch["a"], batch["b"]).items()}
