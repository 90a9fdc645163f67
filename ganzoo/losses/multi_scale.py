"""Any adversarial loss, applied to multi-scale discriminators as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from ganzoo.errors import OptionError
from ganzoo.losses import offers
from ganzoo.losses.precision import at_least_float32
from ganzoo.losses.regularizer import regularize


class MultiScaleLoss:
    """A loss that also takes lists of logits, one tensor a scale, and returns the mean or the sum over scales.

    Logits in half precision are converted to float32 first, so that it stops at the networks. Every other attribute is
    the loss's own, to read and to set.

    Args:
        loss: A `ganzoo.Loss`, for one scale.
        scales: "mean" or "sum" over scales.
        name: The loss in messages, as "loss:hinge".
        recipe: The recipe in messages.
    """

    _own = ("loss", "scales", "name", "recipe")

    def __init__(self, loss: Any, scales: str = "sum", name: str = "this loss", recipe: str = "") -> None:
        self.loss, self.scales, self.name, self.recipe = loss, scales, name, recipe

    def __getattr__(self, name: str) -> Any:
        if name == "loss":  # while a copy is made, before it has one
            raise AttributeError(name)
        return getattr(self.loss, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._own or name.startswith("_"):
            object.__setattr__(self, name, value)
        else:
            setattr(self.loss, name, value)

    def discriminator(self, real_logits: Any, fake_logits: Any) -> Tensor:
        """Return what the discriminator minimizes."""
        return self._combined(self.loss.discriminator, real_logits, fake_logits)

    def generator(self, fake_logits: Any, real_logits: Any = None) -> Tensor:
        """Return what the generator minimizes.

        Args:
            fake_logits: Logits of generated images.
            real_logits: Logits of as many real images, or a function without arguments that computes them. It is called
                only for a loss whose generator's half takes ``real_logits``.

        Raises:
            OptionError: If the loss takes real logits and there are none.
        """
        if not offers.takes(self.loss.generator, "real_logits"):
            return self._combined(self.loss.generator, fake_logits)
        if real_logits is None:
            recipe = f"the recipe '{self.recipe}'" if self.recipe else "this recipe"
            raise OptionError(
                f"{self.name} compares generated images with real ones in the generator's half, and {recipe} has no "
                f"real logits there. Use another loss, such as --part loss=non-saturating."
            )
        real = real_logits() if callable(real_logits) else real_logits

        def half(fake: Tensor, real: Tensor) -> Tensor:
            value: Tensor = self.loss.generator(fake, real_logits=real)
            return value

        return self._combined(half, fake_logits, real)

    def regularizer(
        self, discriminator: Any, real_images: Tensor, fake_images: Tensor, uniform: Callable[..., Tensor] | None = None
    ) -> Tensor | float:
        """Return the regularizer of the loss, 0 if it has none; ``uniform`` draws its random numbers."""
        return regularize(self.loss, discriminator, real_images, fake_images, uniform, self.scales)

    def _combined(self, half: Callable[..., Tensor], *logits: Any) -> Tensor:
        if not isinstance(logits[0], (list, tuple)):
            return half(*map(at_least_float32, logits))
        per_scale = [half(*map(at_least_float32, scale)) for scale in zip(*logits, strict=True)]
        total = sum(per_scale[1:], per_scale[0])
        return total if self.scales == "sum" else total / len(per_scale)
