"""Entries for the adversarial losses of `ganzoo.losses`, for every recipe: ``--part loss=hinge``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Interval

from ganzoo import Entry, LossConfig, NonNegativeFloat, PositiveFloat, hookimpl


@dataclass(frozen=True)
class NonSaturatingConfig(LossConfig):
    """The non-saturating loss.

    Attributes:
        real_label: D's target for real images; below 1 is one-sided label smoothing (arXiv:1606.03498, section 3.4).
    """

    real_label: Annotated[float, Interval(gt=0, le=1)] = 1.0


@dataclass(frozen=True)
class LeastSquaresConfig(LossConfig):
    """The least-squares loss.

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


@dataclass(frozen=True)
class GradientPenaltyConfig(LossConfig):
    """The Wasserstein loss with gradient penalty.

    Attributes:
        penalty: Weight of the gradient penalty, lambda in the paper.
    """

    penalty: NonNegativeFloat = 10.0


def build_non_saturating(config: NonSaturatingConfig):
    from ganzoo.losses.non_saturating import NonSaturatingLoss

    return NonSaturatingLoss(config.real_label)


def build_least_squares(config: LeastSquaresConfig):
    from ganzoo.losses.least_squares import LeastSquaresLoss

    return LeastSquaresLoss(config.a, config.b, config.c, config.factor)


def build_hinge(config: LossConfig):
    from ganzoo.losses.hinge import HingeLoss

    return HingeLoss()


def build_wasserstein(config: LossConfig):
    from ganzoo.losses.wasserstein import WassersteinLoss

    return WassersteinLoss()


def build_gradient_penalty(config: GradientPenaltyConfig):
    from ganzoo.losses.wasserstein import WassersteinGradientPenaltyLoss

    return WassersteinGradientPenaltyLoss(config.penalty)


def build_relativistic(config: LossConfig):
    from ganzoo.losses.relativistic import RelativisticLoss

    return RelativisticLoss()


def build_relativistic_average(config: LossConfig):
    from ganzoo.losses.relativistic import RelativisticAverageLoss

    return RelativisticAverageLoss()


@hookimpl
def ganzoo_entries():
    return [
        Entry(
            kind="loss",
            name="non-saturating",
            config=NonSaturatingConfig,
            build=build_non_saturating,
            summary="Non-saturating cross entropy, the first GAN's",
            paper="arXiv:1406.2661",
        ),
        Entry(
            kind="loss",
            name="least-squares",
            config=LeastSquaresConfig,
            build=build_least_squares,
            summary="Least squares with labels a, b, c",
            paper="arXiv:1611.04076",
        ),
        Entry(
            kind="loss",
            name="hinge",
            config=LossConfig,
            build=build_hinge,
            summary="Hinge on the discriminator's logits",
            paper="arXiv:1705.02894",
        ),
        Entry(
            kind="loss",
            name="wasserstein",
            config=LossConfig,
            build=build_wasserstein,
            summary="Difference of means, for a critic of bounded slope",
            paper="arXiv:1701.07875",
        ),
        Entry(
            kind="loss",
            name="wgan-gp",
            config=GradientPenaltyConfig,
            build=build_gradient_penalty,
            summary="Wasserstein distance with gradient penalty",
            paper="arXiv:1704.00028",
        ),
        Entry(
            kind="loss",
            name="relativistic",
            config=LossConfig,
            build=build_relativistic,
            summary="How much more real a real image is than a generated one",
            paper="arXiv:1807.00734",
        ),
        Entry(
            kind="loss",
            name="relativistic-average",
            config=LossConfig,
            build=build_relativistic_average,
            summary="How much more real an image is than the mean of the other kind",
            paper="arXiv:1807.00734",
        ),
    ]
