"""LSGAN's training: as the first GAN, with another loss (arXiv:1611.04076, section 4)."""

from __future__ import annotations

from ganzoo import LatentRecipe


class LSGANRecipe(LatentRecipe):
    """In each step one least-squares update of each network; the labels of the loss are options of the recipe."""

    latent_distribution = "uniform"  # as in DCGAN, whose settings section 4 takes over

    def __init__(self, config, parts) -> None:
        super().__init__(config, parts, a=config.a, b=config.b, c=config.c)
