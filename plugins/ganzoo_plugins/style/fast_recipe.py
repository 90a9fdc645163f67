"""One style into one network, by perceptual losses (Johnson, Alahi, Fei-Fei 2016, arXiv:1603.08155)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ganzoo import GanzooError, Recipe
from ganzoo.image_io import images

from .colors import colored
from .perception import (
    Perception,
    Statistics,
    color_loss,
    content_loss,
    gram_distance,
    in_all,
    style_loss,
    style_of,
    total_variation,
)
from .pyramid import resized


class FastStyleRecipe(Recipe):
    """Generator: the sum of content, style and color losses and total variation, with weights (section 3.2).

    The losses are those of `perception`, which says how they differ from the paper's; the style picture's statistics
    are found once, at the size of the photographs. What content is compared with is the photograph in its colors. Of
    each map's distance d, log(1 + d) counts, lest photographs of other colors than the style's outweigh the rest. The
    color loss is not the paper's.
    """

    def __init__(self, config, parts) -> None:
        self.config = config
        self.generator = parts.build("generator")
        self.perception = Perception(parts.build("features"), config.content_reduction)
        self.style = read_style(config.style, config.image_size)
        self.target = self.found()
        self.networks, self.exports = {"generator": self.generator}, {"": "generator"}
        self.optimizers = {"generator": self.adam(self.generator)}

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        losses = self.losses(self.generator, batch["image"])
        self.update("generator", losses["total"])
        return losses

    def losses(self, generator: nn.Module, photos: Tensor) -> dict[str, Tensor]:
        """Return what is minimized, ``total``, and its parts, computed in float32."""
        self.move(photos.device)
        made = generator(photos).float()
        with torch.autocast(photos.device.type, enabled=False):
            return self.distances(made, colored(photos, self.style))

    def distances(self, made: Tensor, wanted: Tensor) -> dict[str, Tensor]:
        """Return the losses of ``made``, where ``wanted`` are the photographs in the style's colors."""
        with torch.no_grad():
            content = self.perception(wanted).content
        seen = self.perception(made)
        distances = [gram_distance(*each).log1p() for each in zip(seen.style, self.target, strict=True)]
        return in_all(
            self.config,
            content=content_loss(seen.content, content),
            style=style_loss(distances),
            color=color_loss(made, wanted),
            variation=total_variation(made),
        )

    def move(self, device: torch.device) -> None:
        """Take what is compared with to where the photographs are."""
        if self.style.device != device:
            self.perception.features.to(device)
            self.style = self.style.to(device)
            self.target = self.found()

    @torch.no_grad()
    def found(self) -> list[Statistics]:
        """Return what the style picture is matched in."""
        return style_of(self.style, self.perception)

    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        """Return each photograph and what is made of it, one after the other."""
        photos = batch["image"]
        return torch.stack([photos, networks["generator"](photos).float()], 1).flatten(0, 1)

    def validate(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Return what is minimized, and its content and style parts, on photographs that training never saw."""
        return {name: each.item() for name, each in self.losses(networks["generator"], batch["image"]).items()}


def read_style(path: str, size: int) -> Tensor:
    """Return the style picture as (1, 3, h, w) in [-1, 1], its shorter side ``size`` pixels. Raises GanzooError."""
    if not path:
        raise GanzooError("style='' is no picture: set style to the path of the one to paint like, style=painting.jpg.")
    picture = images.to_tensor(path, 3)
    factor = size / min(picture.shape[2:])
    return resized(picture, [max(1, round(side * factor)) for side in picture.shape[2:]])
