"""Entries for the adversarial losses of `ganzoo.losses`, for every recipe: ``--part loss=hinge``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Interval

from ganzoo import Family, LossConfig, NonNegativeFloat, PositiveFloat

family = Family(__name__)


@family.entry("loss", "non-saturating", "ganzoo.losses.non_saturating.NonSaturatingLoss", paper="arXiv:1406.2661")
@dataclass(frozen=True)
class NonSaturatingConfig(LossConfig):
    """Non-saturating cross entropy, the first GAN's.

    Attributes:
        real_label: D's target for real images; below 1 is one-sided label smoothing (arXiv:1606.03498, section 3.4).
    """

    real_label: Annotated[float, Interval(gt=0, le=1)] = 1.0


@family.entry("loss", "least-squares", "ganzoo.losses.least_squares.LeastSquaresLoss", paper="arXiv:1611.04076")
@dataclass(frozen=True)
class LeastSquaresConfig(LossConfig):
    """Least squares with labels a, b, c.

    Attributes:
        a: D's label for generated images.
        b: D's label for real images.
        c: The label that G wants D to give to generated images.
        factor: The factor before every square.
    """

    a: float = 0.0
    b: float = 1.0
    c: float = 1.0
    factor: PositiveFloat = 0.5


@family.entry("loss", "wgan-gp", "ganzoo.losses.wasserstein.WassersteinGradientPenaltyLoss", paper="arXiv:1704.00028")
@dataclass(frozen=True)
class GradientPenaltyConfig(LossConfig):
    """Wasserstein distance with gradient penalty.

    Attributes:
        penalty: Weight of the gradient penalty, lambda in the paper.
    """

    penalty: NonNegativeFloat = 10.0


family.entry(
    "loss",
    "hinge",
    "ganzoo.losses.hinge.HingeLoss",
    summary="Hinge on the discriminator's logits",
    paper="arXiv:1705.02894",
)(LossConfig)
family.entry(
    "loss",
    "wasserstein",
    "ganzoo.losses.wasserstein.WassersteinLoss",
    summary="Difference of means, for a critic of bounded slope",
    paper="arXiv:1701.07875",
)(LossConfig)
family.entry(
    "loss",
    "relativistic",
    "ganzoo.losses.relativistic.RelativisticLoss",
    summary="How much more real a real image is than a generated one",
    paper="arXiv:1807.00734",
)(LossConfig)
family.entry(
    "loss",
    "relativistic-average",
    "ganzoo.losses.relativistic.RelativisticAverageLoss",
    summary="How much more real an image is than the mean of the other kind",
    paper="arXiv:1807.00734",
)(LossConfig)

ganzoo_entries = family.entries
