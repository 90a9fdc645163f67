"""The base of recipes that translate in both directions between two unpaired sets of images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from ganzoo.contracts.recipe import Parts
from ganzoo.losses.mean_absolute_error import mean_absolute_error
from ganzoo.recipes.recipe import Recipe
from ganzoo.recipes.sliced_wasserstein import sliced_wasserstein


class UnpairedRecipe(Recipe):
    """Base of recipes with two generators and two discriminators, on batches {"a": images, "b": images}.

    ``a2b`` translates a to b and ``b2a`` translates b to a; ``discriminator_a`` scores images of a, generated or
    real, and ``discriminator_b`` those of b. A subclass adds losses, optimizers and `step`.

    Args:
        config: Has ``image_size`` and ``channels``, which are suggested to the parts; ``in_channels``, if it has them
            and they are not 0, are those of a.
        parts: "generator" and "discriminator", each built twice.
        **generator_options: Further suggestions for the generators.
    """

    validation_batch = 32  # a distance between two sets needs many images of each

    def __init__(self, config: Any, parts: Parts, **generator_options: Any) -> None:
        self.config = config
        size, b = config.image_size, config.channels
        a = getattr(config, "in_channels", 0) or b
        self.a2b, self.b2a = (
            parts.build("generator", in_channels=inner, out_channels=outer, image_size=size, **generator_options)
            for inner, outer in ((a, b), (b, a))
        )
        self.discriminator_a, self.discriminator_b = (
            parts.build("discriminator", in_channels=channels, channels=channels, image_size=size)
            for channels in (a, b)
        )
        self.networks = {
            "a2b": self.a2b,
            "b2a": self.b2a,
            "discriminator_a": self.discriminator_a,
            "discriminator_b": self.discriminator_b,
        }
        self.exports, self.discriminators = {"": "a2b", "b2a": "b2a"}, {"": "discriminator_b", "b2a": "discriminator_a"}

    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        """Return an image of a, its translation, an image of b, its translation, and so on."""
        a, b = batch["a"], batch["b"]
        return self.side_by_side(a, networks["a2b"](a).float(), b, networks["b2a"](b).float())

    def validate(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Return how far translations are from the target domain, and from the input after translation back.

        Returns:
            ``distance``: the sliced Wasserstein distance (arXiv:1710.10196) times 1000, the mean of both directions.
            ``cycle_a``, ``cycle_b``: the mean absolute error after a cycle, in [0, 2].
        """
        a, b = batch["a"], batch["b"]
        a2b, b2a = networks["a2b"], networks["b2a"]
        fake_b = self.keep_valid(a2b(a).float(), batch.get("valid_a"))
        fake_a = self.keep_valid(b2a(b).float(), batch.get("valid_b"))
        distance = (sliced_wasserstein(fake_b, b) + sliced_wasserstein(fake_a, a)) / 2
        return {
            "distance": distance,
            "cycle_a": mean_absolute_error(b2a(fake_b), a, batch.get("valid_a")).item(),
            "cycle_b": mean_absolute_error(a2b(fake_a), b, batch.get("valid_b")).item(),
        }
