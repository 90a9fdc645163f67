"""The parts of a recipe under test, which record how the recipe uses them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor  # noqa: TID253 - testing networks needs torch, and nothing light imports this module

from ganzoo.catalog.building import ChosenParts
from ganzoo.contracts.entry import Entry
from ganzoo.errors import suggest
from ganzoo.losses.multi_scale import MultiScaleLoss
from ganzoo.testing.expectations import require


class RecordingParts(ChosenParts):
    """Parts that refuse undeclared roles and record whose regularizers were called."""

    def __init__(self, entry: Entry, chosen: Mapping[str, str], part_options: Mapping[str, Mapping[str, Any]]) -> None:
        super().__init__(entry, chosen, part_options)
        self.entry = entry
        self.regularized: set[str] = set()

    def build(self, role: str, **suggestions: Any) -> Any:
        """Build the part as the catalog does. Raises AssertionError for a role that the entry does not declare."""
        declared = ", ".join(self.specs) or "none"
        require(
            role in self.specs,
            self.entry,
            f"builds the part '{role}', which its entry does not declare.{suggest(role, self.specs)} "
            f'Declared: {declared}. Add "{role}": "KIND:NAME" to parts of its Entry.',
        )
        built = super().build(role, **suggestions)
        return RecordingLoss(built, role, self.regularized) if isinstance(built, MultiScaleLoss) else built

    def require_regularizers(self) -> None:
        """Refuse a recipe that silently trains without the regularizer of a loss such as loss:wgan-gp."""
        for role, spec in self.specs.items():
            require(
                role in self.regularized or not spec.startswith("loss:"),
                self.entry,
                f"ignores the regularizer of its part '{role}', such as the gradient penalty of wgan-gp: add "
                f"self.{role}.regularizer(discriminator, real, fake) to the discriminator's loss",
            )


class RecordingLoss(MultiScaleLoss):
    """A loss that adds its role to ``regularized`` when its regularizer is called."""

    def __init__(self, built: MultiScaleLoss, role: str, regularized: set[str]) -> None:
        super().__init__(built.loss, built.scales, built.name, built.recipe)
        self._role, self._regularized = role, regularized

    def regularizer(
        self, discriminator: Any, real_images: Tensor, fake_images: Tensor, uniform: Callable[..., Tensor] | None = None
    ) -> Tensor | float:
        """Return the loss's regularizer, and note that it was asked for."""
        self._regularized.add(self._role)
        return super().regularizer(discriminator, real_images, fake_images, uniform)
