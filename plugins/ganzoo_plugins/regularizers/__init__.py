"""Entries for the regularizers of `ganzoo.losses`, for every adversarial recipe: ``--part regularizer=lecam``."""

from __future__ import annotations

from dataclasses import dataclass

from ganzoo import Entry, NonNegativeFloat, ProperFraction, RegularizerConfig, hookimpl


@dataclass(frozen=True)
class GradientConfig(RegularizerConfig):
    """A penalty on the discriminator's gradient, whose square counts half (arXiv:1801.04406).

    Attributes:
        weight: Gamma in the paper.
    """

    weight: NonNegativeFloat = 10.0


@dataclass(frozen=True)
class GradientPenaltyConfig(RegularizerConfig):
    """The penalty of WGAN-GP.

    Attributes:
        weight: Lambda in the paper.
    """

    weight: NonNegativeFloat = 10.0


@dataclass(frozen=True)
class LeCamConfig(RegularizerConfig):
    """Logits are kept near moving averages of those of the other kind.

    Attributes:
        weight: Lambda in the paper.
        decay: Of the moving averages.
    """

    weight: NonNegativeFloat = 0.3
    decay: ProperFraction = 0.99


def build_r1(config: GradientConfig):
    from ganzoo.losses.r1 import R1

    return R1()


def build_r2(config: GradientConfig):
    from ganzoo.losses.r1 import R2

    return R2()


def build_gradient_penalty(config: GradientPenaltyConfig):
    from ganzoo.losses.gradient_penalty import gradient_penalty

    return gradient_penalty


def build_lecam(config: LeCamConfig):
    from ganzoo.losses.lecam import LeCam

    return LeCam(config.decay)


@hookimpl
def ganzoo_entries():
    return [
        Entry(
            kind="regularizer",
            name="r1",
            config=GradientConfig,
            build=build_r1,
            summary="The discriminator's gradient at real images",
            paper="arXiv:1801.04406",
        ),
        Entry(
            kind="regularizer",
            name="r2",
            config=GradientConfig,
            build=build_r2,
            summary="The discriminator's gradient at generated images",
            paper="arXiv:1801.04406",
        ),
        Entry(
            kind="regularizer",
            name="gradient-penalty",
            config=GradientPenaltyConfig,
            build=build_gradient_penalty,
            summary="A gradient of norm 1 between real and generated images",
            paper="arXiv:1704.00028",
        ),
        Entry(
            kind="regularizer",
            name="lecam",
            config=LeCamConfig,
            build=build_lecam,
            summary="Logits near moving averages of the other kind's, for little data",
            paper="arXiv:2104.03310",
        ),
    ]
