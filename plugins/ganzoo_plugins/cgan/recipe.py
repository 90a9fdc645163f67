"""The conditional game (arXiv:1411.1784, equation 2): both networks are told the class of each picture.

    min over G, max over D:  E[log D(x|y)] + E[log(1 - D(G(z|y)|y))]

Two things differ from the paper: G minimizes -log D(G(z|y)|y) in place of log(1 - D), as nearly all code does (the
choice is the part ``loss``), and both learn by Adam with DCGAN's numbers where the paper has momentum.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from ganzoo import GanzooError, LatentRecipe


class CganRecipe(LatentRecipe):
    """Real and made pictures of a step have the same classes: those of the batch, so y is drawn from the data."""

    def __init__(self, config, parts) -> None:
        super().__init__(config, parts)
        if not getattr(self.discriminator, "conditional", False):
            raise GanzooError(
                f"{self.discriminator.architecture.entry} is not told the class, and would teach the generator none. "
                "Take one that is, as cgan or cgan-mlp, or the recipe acgan."
            )

    def conditions(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        return (batch["label"],)
