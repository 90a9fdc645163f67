"""The training of arXiv:1610.09585, section 3.

Its two sums are

    L_S = E[log P(S = real | X_real)] + E[log P(S = fake | X_fake)]    (equation 2)
    L_C = E[log P(C = c | X_real)] + E[log P(C = c | X_fake)]          (equation 3)

D maximizes L_S + L_C, G maximizes L_C - L_S; only the second term of L_C depends on G. As in nearly all code, G's half
of L_S is -log P(S = real | X_fake), which has the same fixed point (the part ``loss`` decides). Some code leaves
X_fake out of D's L_C; here it is included, as in the paper.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo import GanzooError, LatentRecipe, at_least_float32


class ACGANRecipe(LatentRecipe):
    """Generated images have the classes of the batch, so that p_c is that of the data."""

    def __init__(self, config, parts) -> None:
        super().__init__(config, parts)
        if not hasattr(self.discriminator, "classified"):
            raise GanzooError(
                f"{self.discriminator.architecture.entry} does not predict classes, so the generator would not learn "
                "them. Use one that does, such as acgan, or the recipe cgan."
            )

    def conditions(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        """Return the labels (N,) of the batch, which the generator takes."""
        return (batch["label"],)

    def discriminator_loss(self, real: Tensor, fake: Tensor, *conditions: Tensor) -> Tensor:
        """Return -L_S (by the part ``loss``), penalties, and -L_C."""
        (real_logits, real_classes), (fake_logits, fake_classes) = map(self.discriminator.classified, (real, fake))
        source = self.loss.discriminator(real_logits, fake_logits) + self.penalty(self.discriminator, real, fake)
        return source + self.class_loss(real_classes, *conditions) + self.class_loss(fake_classes, *conditions)

    def generator_loss(self, fake: Tensor, *conditions: Tensor) -> Tensor:
        """Return the generator's half of -L_S, and -L_C."""
        logits, classes = self.discriminator.classified(fake)
        loss: Tensor = self.loss.generator(logits, self.real_logits())
        return loss + self.class_loss(classes, *conditions)

    def real_logits(self, *conditions: Tensor) -> Callable[[], Tensor] | None:
        """Return a function that scores the real images of this step; None if they are unknown."""
        if (images := self.real_images) is None:
            return None
        return lambda: self.discriminator.classified(self.augment(images))[0]

    def class_loss(self, class_logits: Tensor, labels: Tensor) -> Tensor:
        """Return the mean of -log P(C = c | X) over images, times ``class_weight``."""
        return self.config.class_weight * F.cross_entropy(at_least_float32(class_logits), labels)

    def validate(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Return the distance of `LatentRecipe`, and the fraction of held-out images that D classifies wrongly."""
        classes = networks["discriminator"].classified(batch["image"])[1]
        wrong = (classes.argmax(1) != batch["label"]).float().mean().item()
        return {**super().validate(networks, batch), "class_error": wrong}
