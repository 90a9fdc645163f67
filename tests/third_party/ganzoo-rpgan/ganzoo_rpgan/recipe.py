"""The training of RpGAN; loss and penalties are parts."""

from __future__ import annotations

import math

from ganzoo import LatentRecipe


class RpGANRecipe(LatentRecipe):
    """In each step one update of each network, at a learning rate that falls as a cosine."""

    def learning_rate(self, progress: float) -> float:
        """Return a factor that falls from 1 to ``final_rate``."""
        final: float = self.config.final_rate
        return final + (1 - final) * (1 + math.cos(math.pi * progress)) / 2
