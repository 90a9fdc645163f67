"""The LeCam regularizer, which keeps logits near moving averages of those of the other kind (arXiv:2104.03310)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from ganzoo.losses.precision import at_least_float32


class LeCam:
    """E |D(x) - a_F|**2 + E |D(G(z)) - a_R|**2, with anchors a_R and a_F (arXiv:2104.03310).

    The anchors are exponential moving averages of the mean logit of real and of generated images, one pair for each
    discriminator and scale. They start at the first means. They move once a micro-batch.

    Args:
        decay: Of the moving averages.
    """

    def __init__(self, decay: float = 0.99) -> None:
        self.decay = decay
        self.anchors: dict[str, list[float]] = {}

    def __call__(
        self,
        discriminator: Callable[[Tensor], Any],
        real_images: Tensor,
        fake_images: Tensor,
        name: str = "",
        average: Callable[[Iterable[Tensor]], None] | None = None,
        scales: str = "sum",
    ) -> Tensor:
        """Return the regularizer, a scalar, and move the anchors.

        Args:
            discriminator: Maps images to logits, or to a list of them, one a scale.
            real_images: (N, C, H, W) or (N, C, T, H, W).
            fake_images: The same shape.
            name: Of the discriminator, if there are several.
            average: Replaces tensors by their means over all processes.
            scales: "sum" or "mean" over scales.
        """
        pairs = list(zip(*(_scales(discriminator(images)) for images in (real_images, fake_images)), strict=True))
        values = [
            self._scale(f"{name}/{scale}", real, fake, average or (lambda _: None))
            for scale, (real, fake) in enumerate(pairs)
        ]
        total = sum(values[1:], values[0])
        return total if scales == "sum" else total / len(values)

    def _scale(self, key: str, real: Tensor, fake: Tensor, average: Callable[[Iterable[Tensor]], None]) -> Tensor:
        means = torch.stack([real.detach().mean(), fake.detach().mean()])
        average([means])
        now = means.tolist()
        before = self.anchors.get(key, now)
        anchors = [self.decay * old + (1 - self.decay) * new for old, new in zip(before, now, strict=True)]
        self.anchors[key] = anchors
        distance: Tensor = (real - anchors[1]).square().mean() + (fake - anchors[0]).square().mean()
        return distance

    def state(self) -> dict[str, Any]:
        """Return the anchors, which a resumed run continues with."""
        return {key: list(anchors) for key, anchors in self.anchors.items()}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Restore the anchors."""
        self.anchors = {key: list(anchors) for key, anchors in state.items()}


def _scales(logits: Any) -> list[Tensor]:
    return [at_least_float32(each) for each in (logits if isinstance(logits, (list, tuple)) else [logits])]
