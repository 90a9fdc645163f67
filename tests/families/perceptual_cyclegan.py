"""A CycleGAN whose translations also keep the features of their inputs: the example of docs/plugins."""

from ganzoo import Family, mean_absolute_error
from ganzoo_plugins.cyclegan import PARTS, CycleGANOptions, CycleGANRecipe


class PerceptualCycleGAN(CycleGANRecipe):
    def __init__(self, config, parts):
        super().__init__(config, parts)
        self.features = parts.build("features")

    def extra_losses(self, batch, outputs):
        features = self.features.to(batch["a"].device)
        return {"perceptual": sum(map(mean_absolute_error, features(outputs["fake_b"]), features(batch["a"])))}


family, features = Family(__name__), {"features": "features:efficientnet-lite0"}
family.recipe("perceptual", PerceptualCycleGAN, data="unpaired", parts={**PARTS, **features})(CycleGANOptions)
ganzoo_entries = family.entries
