"""DCGAN's training: as the first GAN, from uniform latents (arXiv:1511.06434, section 4)."""

from __future__ import annotations

from ganzoo import LatentRecipe


class DCGANRecipe(LatentRecipe):
    """In each step one update of each network, as in `LatentRecipe`."""

    latent_distribution = "uniform"  # "a 100 dimensional uniform distribution Z" (section 4.1, figure 1)
