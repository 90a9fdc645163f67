"""CUT and FastCUT: unpaired translation by patchwise contrastive learning (Park et al. 2020, arXiv:2007.15651)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Ge

from ganzoo import (
    Check,
    Enlargement,
    Family,
    Fraction,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    TranslationConfig,
)

if TYPE_CHECKING:
    from .recipe import CUTRecipe as CUTRecipe

family = Family(__name__, paper="arXiv:2007.15651")
PARTS = {"generator": "generator:resnet", "discriminator": "discriminator:patchgan", "loss": "loss:least-squares"}


def split_layers(text: str) -> list[str]:
    """Return the names of modules, "input,layers.4" as two. Raises ValueError for an empty name, or one named twice."""
    names = text.split(",") if text else []
    if not all(names) or len(set(names)) < len(names):
        raise ValueError(f"layers='{text}' should name modules of the generator, each once, separated by commas")
    return names


@family.recipe("cut", ".recipe.CUTRecipe", data="unpaired", parts=PARTS)
@dataclass(frozen=True)
class CUTOptions(TranslationConfig):
    """Unpaired translation in one direction, by contrastive learning of patches.

    The training, with the paper's values (section 4.1, appendix C): CycleGAN's Adam and decay, no image pool. As in the
    authors' code, sizes change with a blur in both networks.

    Attributes:
        enlarge: Images are enlarged by this factor, then cropped at random.
        flip: Mirror images at random.
        nce_weight: lambda_X of equation 5.
        identity_weight: lambda_Y of equation 5.
        layers: Modules of the generator whose outputs are contrasted, from shallow to deep; "input" is the image
            itself. By default the paper's for generator:resnet: pixels, both convolutions before the residual blocks,
            and the first and the fifth residual block. That is "input,layers.4,layers.8,layers.12,layers.16", and
            without generator.antialias "input,layers.4,layers.7,layers.10,layers.14".
        patches: Number of positions drawn in every image and layer; each is contrasted with all others.
        temperature: tau of equation 3.
        head_width: Units of both layers of the projection heads.
        init: Initial weights of networks and heads: "xavier" is 0.02 times Glorot's, as in the authors' code, "normal"
            from N(0, 0.02).
        flip_equivariance: Mirror half of the generator's inputs, and the features of its outputs back.
        schedule: CycleGAN's decay over the second half.
    """

    image_size: NonNegativeInt = 256
    enlarge: Enlargement = 286 / 256
    flip: bool = True
    nce_weight: PositiveFloat = 1.0
    identity_weight: NonNegativeFloat = 1.0
    layers: Annotated[str, Check(split_layers)] = ""
    patches: Annotated[int, Ge(2)] = 256
    temperature: PositiveFloat = 0.07
    head_width: PositiveInt = 256
    init: Literal["xavier", "normal"] = "xavier"
    flip_equivariance: bool = False
    schedule: Literal["constant", "linear", "cosine"] = "linear"


@family.recipe("fastcut", ".recipe.CUTRecipe", data="unpaired", parts=PARTS)
@dataclass(frozen=True)
class FastCUTOptions(CUTOptions):
    """CUT without its identity loss: half the work in a step.

    As the recipe cut, with the paper's values for the fast variant: no identity loss, mirrored inputs, and a decay over
    the last quarter, as in 150 + 50 epochs.
    """

    nce_weight: PositiveFloat = 10.0
    identity_weight: NonNegativeFloat = 0.0
    flip_equivariance: bool = True
    decay_from: Fraction = 0.75


ganzoo_entries = family.entries
__getattr__ = family.public_name
