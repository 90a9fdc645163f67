"""DCGAN's training (arXiv:1511.06434, section 4) is the alternating one of the first GAN, with Adam: the core's."""

from __future__ import annotations

from ganzoo import LatentRecipe

__all__ = ["LatentRecipe"]
