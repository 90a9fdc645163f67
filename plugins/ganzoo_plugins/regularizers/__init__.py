"""Entries for the regularizers of `ganzoo.losses`, for every adversarial recipe: ``--part regularizer=lecam``."""

from __future__ import annotations

from dataclasses import dataclass

from ganzoo import Family, NonNegativeFloat, ProperFraction, RegularizerConfig

family = Family(__name__)


@dataclass(frozen=True)
class GradientConfig(RegularizerConfig):
    """A penalty on the discriminator's gradient, whose square counts half (arXiv:1801.04406).

    Attributes:
        weight: Gamma in the paper.
    """

    weight: NonNegativeFloat = 10.0


def build_gradient_penalty(config: GradientPenaltyConfig):
    """Return the function itself, which has no options."""
    from ganzoo.losses.gradient_penalty import gradient_penalty

    return gradient_penalty


@family.entry("regularizer", "gradient-penalty", build_gradient_penalty, paper="arXiv:1704.00028")
@dataclass(frozen=True)
class GradientPenaltyConfig(RegularizerConfig):
    """A gradient of norm 1 between real and generated images.

    Attributes:
        weight: Lambda in the paper.
    """

    weight: NonNegativeFloat = 10.0


@family.entry("regularizer", "lecam", "ganzoo.losses.lecam.LeCam", paper="arXiv:2104.03310")
@dataclass(frozen=True)
class LeCamConfig(RegularizerConfig):
    """Logits near moving averages of the other kind's, for little data.

    Logits are kept near moving averages of those of the other kind.

    Attributes:
        weight: Lambda in the paper.
        decay: Of the moving averages.
    """

    weight: NonNegativeFloat = 0.3
    decay: ProperFraction = 0.99


family.entry(
    "regularizer",
    "r1",
    "ganzoo.losses.r1.R1",
    summary="The discriminator's gradient at real images",
    paper="arXiv:1801.04406",
)(GradientConfig)
family.entry(
    "regularizer",
    "r2",
    "ganzoo.losses.r1.R2",
    summary="The discriminator's gradient at generated images",
    paper="arXiv:1801.04406",
)(GradientConfig)

ganzoo_entries = family.entries
