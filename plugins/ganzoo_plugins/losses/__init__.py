"""Adversarial losses that belong to no one architecture; every recipe takes them: ``--part loss=hinge``."""

from __future__ import annotations

from dataclasses import dataclass

from ganzoo import Config, Entry, hookimpl


@dataclass(frozen=True)
class HingeConfig(Config):
    """The hinge loss has no options."""


@dataclass(frozen=True)
class WassersteinConfig(Config):
    """``penalty`` is the paper's lambda."""

    penalty: float = 10.0

    def __post_init__(self) -> None:
        if not 0 <= self.penalty < float("inf"):
            raise ValueError(f"penalty={self.penalty} should be a number, 0 or above")


def build_hinge(config: HingeConfig):
    from .losses import HingeLoss

    return HingeLoss()


def build_wasserstein(config: WassersteinConfig):
    from .losses import WassersteinGradientPenaltyLoss

    return WassersteinGradientPenaltyLoss(**vars(config))


@hookimpl
def ganzoo_entries():
    return [
        Entry(
            kind="loss",
            name="hinge",
            config=HingeConfig,
            build=build_hinge,
            summary="Hinge on the discriminator's logits",
            paper="arXiv:1705.02894",
        ),
        Entry(
            kind="loss",
            name="wgan-gp",
            config=WassersteinConfig,
            build=build_wasserstein,
            summary="Wasserstein distance with gradient penalty",
            paper="arXiv:1704.00028",
        ),
    ]
