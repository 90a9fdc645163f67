"""The parts that a recipe under test is given: the chosen ones, which also note what the recipe does with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor  # noqa: TID253 - whoever tests networks needs torch, and nothing light imports this module

from ganzoo.catalog.building import ChosenParts
from ganzoo.contracts.entry import Entry
from ganzoo.errors import suggest
from ganzoo.losses.multi_scale import MultiScaleLoss
from ganzoo.testing.expectations import require


class RecordingParts(ChosenParts):
    """Refuses a role that the entry does not declare, and knows which losses were asked for their regularizer."""

    def __init__(self, entry: Entry, chosen: Mapping[str, str], part_options: Mapping[str, Mapping[str, Any]]) -> None:
        super().__init__(entry, chosen, part_options)
        self.entry = entry
        self.asked: set[str] = set()

    def build(self, role: str, **suggestions: Any) -> Any:
        declared = ", ".join(self.specs) or "none"
        require(
            role in self.specs,
            self.entry,
            f"builds the part '{role}', which its entry does not declare.{suggest(role, self.specs)} "
            f'Declared: {declared}. Add "{role}": "KIND:NAME" to parts of its Entry.',
        )
        built = super().build(role, **suggestions)
        return WatchedLoss(built, role, self.asked) if isinstance(built, MultiScaleLoss) else built

    def require_regularizers(self) -> None:
        """Refuse a recipe that trains without the regularizer of a loss such as loss:wgan-gp, silently."""
        for role, spec in self.specs.items():
            require(
                role in self.asked or not spec.startswith("loss:"),
                self.entry,
                f"ignores the regularizer of its part '{role}', the gradient penalty of wgan-gp say: add "
                f"self.{role}.regularizer(discriminator, real, fake) to the discriminator's loss",
            )


class WatchedLoss(MultiScaleLoss):
    """What `ChosenParts` built for ``role``, which it adds to ``asked`` when its regularizer is called."""

    def __init__(self, built: MultiScaleLoss, role: str, asked: set[str]) -> None:
        super().__init__(built.loss)
        self._role, self._asked = role, asked

    def regularizer(
        self, discriminator: Any, real_images: Tensor, fake_images: Tensor, uniform: Callable[..., Tensor] | None = None
    ) -> Tensor | float:
        self._asked.add(self._role)
        return super().regularizer(discriminator, real_images, fake_images, uniform)
