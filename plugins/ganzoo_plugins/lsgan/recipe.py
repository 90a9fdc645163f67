"""LSGAN's training: the alternating one of the first GAN, down another loss (arXiv:1611.04076, section 4)."""

from __future__ import annotations

from ganzoo import LatentRecipe


class LsganRecipe(LatentRecipe):
    """One least-squares update of each network a step; the loss's labels are options of the recipe."""

    def __init__(self, config, parts) -> None:
        super().__init__(config, parts, a=config.a, b=config.b, c=config.c)
