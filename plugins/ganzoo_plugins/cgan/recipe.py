"""The conditional game (arXiv:1411.1784, equation 2): both networks take the class of each image.

    min over G, max over D:  E[log D(x|y)] + E[log(1 - D(G(z|y)|y))]

Two things differ from the paper: G minimizes -log D(G(z|y)|y) instead of log(1 - D), as in nearly all code (the part
``loss`` decides), and both are trained by Adam with DCGAN's values instead of momentum.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from ganzoo import GanzooError, LatentRecipe


class CGANRecipe(LatentRecipe):
    """Generated images have the classes of the batch, so that y is drawn from the data."""

    def __init__(self, config, parts) -> None:
        super().__init__(config, parts)
        if not getattr(self.discriminator, "conditional", False):
            raise GanzooError(
                f"{self.discriminator.architecture.entry} does not take the class, so the generator would not learn "
                "it. Use one that does, such as cgan or cgan-mlp, or the recipe acgan."
            )

    def conditions(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        """Return the labels (N,) of the batch, which both networks take."""
        return (batch["label"],)
