"""Distillation: a small network learns what a large one does (arXiv:2003.08936, arXiv:2103.03467)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ganzoo import Enlargement, Family, NonNegativeFloat, NonNegativeInt, TranslationConfig

if TYPE_CHECKING:
    from .recipe import DistillPairsRecipe as DistillPairsRecipe
    from .recipe import DistillRecipe as DistillRecipe

PARTS = {
    "generator": "generator:mobile-resnet",
    "discriminator": "discriminator:patchgan",
    "loss": "loss:least-squares",
}
family = Family(__name__, paper="arXiv:2003.08936")


@family.recipe("distill", ".recipe.DistillRecipe", data="unpaired", parts=PARTS, batch_size=4)
@dataclass(frozen=True)
class DistillOptions(TranslationConfig):
    """A small network learns a loaded one's translation, on two sets.

    The student's output should be the teacher's, its feature maps should tell the teacher's, and a discriminator should
    take its output for one of the images of B.

    Attributes:
        teacher: Reference of the model to learn from, such as cyclegan/horse2zebra.
        enlarge: Images are enlarged by this factor, then cropped at random.
        flip: Mirror images at random.
        fit_images: Before the first step, choose the student's weights layer by layer so that it computes what its
            teacher does on this many training images; 0: start at random. The student must be able to: an
            efficientnet-unet that is narrower than its teacher.
        output_weight: Weight of the mean absolute difference of both outputs.
        feature_weight: Weight of the squared differences of feature maps, each over the variance of the teacher's.
        adversarial_weight: Weight of the adversarial loss; 0 trains without a discriminator, as in arXiv:2103.03467.
        perceptual_weight: Weight of the same differences in the maps of a classifier that sees both outputs.
        perceptual_features: That classifier, an entry of the kind "features".
    """

    image_size: NonNegativeInt = 256
    teacher: str = ""
    enlarge: Enlargement = 286 / 256
    flip: bool = True
    fit_images: NonNegativeInt = 0
    output_weight: NonNegativeFloat = 10.0
    feature_weight: NonNegativeFloat = 1.0
    adversarial_weight: NonNegativeFloat = 1.0
    perceptual_weight: NonNegativeFloat = 0.0
    perceptual_features: str = "efficientnet-lite0"


@family.recipe("distill-pairs", ".recipe.DistillPairsRecipe", data="paired", parts=PARTS, batch_size=4)
@dataclass(frozen=True)
class DistillPairsOptions(DistillOptions):
    """A small network learns a loaded one's translation, on pairs.

    As the recipe distill, but real images are the targets of the same inputs, and the discriminator sees inputs too.

    Attributes:
        target_weight: Weight of the mean absolute difference to the target; 0: only the teacher's output counts.
    """

    target_weight: NonNegativeFloat = 0.0


ganzoo_entries = family.entries
__getattr__ = family.public_name
