"""CycleGAN with one more loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ganzoo import mean_absolute_error
from ganzoo_plugins.cyclegan import CycleGANRecipe


class PerceptualRecipe(CycleGANRecipe):
    """Adds the mean absolute difference of features between an image of a and its translation."""

    def __init__(self, config: Any, parts: Any) -> None:
        super().__init__(config, parts)
        self.features = parts.build("features")

    def extra_losses(self, batch: Mapping[str, Tensor], outputs: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """Return the perceptual loss, which counts more as the run proceeds."""
        features = self.features.to(batch["a"].device)
        pairs = zip(features(outputs["fake_b"]), features(batch["a"]), strict=True)
        return {"perceptual": self.progress * torch.stack([mean_absolute_error(*pair) for pair in pairs]).sum()}
