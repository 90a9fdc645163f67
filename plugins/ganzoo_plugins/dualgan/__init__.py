"""DualGAN: unpaired translation by two Wasserstein GANs in a loop (Yi, Zhang, Tan, Gong 2017, arXiv:1704.02510)."""

from __future__ import annotations

from dataclasses import dataclass

from ganzoo import Entry, TranslationConfig, hookimpl

PAPER = "arXiv:1704.02510"


@dataclass(frozen=True)
class DualGanConfig(TranslationConfig):
    """The paper's values: RMSProp 5e-5, 2 to 4 critic updates (``discriminator_steps``) for one of the generators.

    ``reconstruction_weight_a`` and ``_b`` (lambda U and V) are from 100 to 1000 in the paper, the smaller one on the
    side of natural images. ``weight_clip`` (c of algorithm 1) is from 0.01 to 0.1; 0 is none, as for another loss
    than the critics' own. ``beta2`` is RMSProp's decay, ``beta1`` its momentum.
    """

    image_size: int = 256
    learning_rate: float = 5e-5
    beta1: float = 0.0
    beta2: float = 0.9
    discriminator_steps: int = 3
    enlarge: float = 1.0
    flip: bool = True
    reconstruction_weight_a: float = 200.0
    reconstruction_weight_b: float = 200.0
    weight_clip: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.enlarge <= 8:
            raise ValueError(f"enlarge={self.enlarge} should be from 1 to 8")
        for name in ("reconstruction_weight_a", "reconstruction_weight_b", "weight_clip"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"{name}={getattr(self, name)} should be a number, 0 or above")


def build_recipe(config: DualGanConfig, parts):
    from .recipe import DualGanRecipe

    return DualGanRecipe(config, parts)


@hookimpl
def ganzoo_entries():
    return [
        Entry(
            kind="recipe",
            name="dualgan",
            config=DualGanConfig,
            build=build_recipe,
            data="unpaired",
            parts={
                "generator": "generator:unet",
                "discriminator": "discriminator:patchgan",
                "loss": "loss:wasserstein",
            },
            summary="Unpaired translation both ways, Wasserstein critics",
            paper=PAPER,
        ),
    ]
