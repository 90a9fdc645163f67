"""Adaptive discriminator augmentation (ADA, arXiv:2006.06676): how often images are augmented follows overfitting.

Where a discriminator overfits, it tells training images from generated ones with ever more confidence. Then more images
are augmented.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor

from ganzoo.errors import OptionError
from ganzoo.losses.logits import Logits, mean_per_image

EVERY = 4  # steps between two adjustments (section 3.1)
IMAGES = 500_000  # over which the probability can rise from 0 to 1 (section 3.1)


class AdaptiveAugmentation:
    """The probability p of augmentations, which moves so that r_t = E sign(D(x) - boundary) stays at its target.

    Args:
        target: Of r_t, in (0, 1): 0.6 in the paper.
        boundary: The logit at which the loss takes an image for neither real nor generated.

    Attributes:
        probability: p, in [0, 1].
    """

    def __init__(self, target: float, boundary: float = 0.0) -> None:
        self.target, self.boundary = target, boundary
        self.probability = 0.0
        self.signs: list[float] = []

    def observe(self, real_logits: Logits, average: Callable[[Iterable[Tensor]], None]) -> None:
        """Note how confident the discriminator is of a batch of real images; ``average`` is over all processes."""
        sign = (mean_per_image(real_logits).detach().float() - self.boundary).sign().mean()
        average([sign])
        self.signs.append(sign.item())

    def adjust(self, images: int) -> None:
        """Move p by one increment, up if r_t since the last adjustment is above its target.

        Args:
            images: Real images that were seen since the last adjustment.
        """
        overfitting = sum(self.signs) / len(self.signs)
        direction = (overfitting > self.target) - (overfitting < self.target)
        self.probability = min(1.0, max(0.0, self.probability + direction * images / IMAGES))
        self.signs = []

    def state(self) -> dict[str, Any]:
        """Return what a resumed run needs."""
        return {"probability": self.probability, "signs": list(self.signs)}

    def load_state(self, state: dict[str, Any]) -> None:
        """Restore what `state` returned."""
        self.probability, self.signs = state["probability"], list(state["signs"])


class ObservedLoss:
    """A loss that also shows the logits of real images to ``observe``; every other attribute is the loss's own."""

    def __init__(self, loss: Any, observe: Callable[[Logits], None]) -> None:
        self.loss, self.observe = loss, observe

    def __getattr__(self, name: str) -> Any:
        if name == "loss":  # while a copy is made, before it has one
            raise AttributeError(name)
        return getattr(self.loss, name)

    def discriminator(self, real_logits: Any, fake_logits: Any) -> Tensor:
        """Return what the discriminator minimizes."""
        self.observe(real_logits)
        value: Tensor = self.loss.discriminator(real_logits, fake_logits)
        return value


def decision_boundary(loss: Any) -> float:
    """Return the logit at which a loss takes an image for neither real nor generated.

    Raises:
        OptionError: If the loss has none, as those that compare images with one another.
    """
    boundary = getattr(loss, "decision_boundary", None)
    if boundary is None:
        raise OptionError(
            f"augment_target follows the logits of real images, and {getattr(loss, 'name', 'this loss')} has no "
            "boundary between real and generated. Use --part loss=non-saturating, hinge or least-squares."
        )
    return float(boundary)
