"""Options: a frozen dataclass for each entry, and the options that recipes share. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from ganzoo.contracts.limits import (
    Check,
    Fraction,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ProperFraction,
)

# The first three are DiffAugment's (arXiv:2006.10738), the others are from ADA's pixel blitting (arXiv:2006.06676).
AUGMENTATIONS = ("color", "translation", "cutout", "flip", "rotation")


def parse_policy(text: str) -> tuple[str, ...]:
    """Split an augmentation policy such as "color,translation,cutout" into its words, in order; "" has none.

    Raises:
        ValueError: For an unknown word, or one that occurs twice.
    """
    words = tuple(word.strip() for word in text.split(",")) if text.strip() else ()
    for index, word in enumerate(words):
        if word not in AUGMENTATIONS:
            raise ValueError(f"'{word}' is not an augmentation: use {', '.join(AUGMENTATIONS)}, separated by commas")
        if word in words[:index]:
            raise ValueError(f"'{word}' occurs twice in '{text}': name each augmentation once")
    return words


@dataclass(frozen=True)
class Config:
    """Base of the options of one entry; used itself, it has none.

    Subclass it as a frozen dataclass with a typed field and a default for each option, so that it survives JSON. Types,
    limits and unknown names are checked when something is built. Annotate limits, as ``width: PositiveInt = 64`` or
    ``Annotated[int, annotated_types.Interval(ge=1, le=6)]``. What concerns several options is for ``__post_init__``:
    raise a ValueError that says what is allowed. `ganzoo info KIND:NAME` shows limits and docstring to users.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "allow_inf_nan": False}


@dataclass(frozen=True)
class RecipeConfig(Config):
    """The options that recipes share: image size and channels, and Adam with the values of DCGAN.

    A recipe with ``classes`` or ``frames`` has 0 as their default too, which takes them from the data.

    Attributes:
        image_size: Side of the images in pixels; 0: taken from the data.
        channels: Channels of the images: 1 for gray, 3 for RGB, any number of other data; 0: taken from the data.
        learning_rate: Adam's learning rate.
        beta1: Adam's decay of the mean of gradients.
        beta2: Adam's decay of the mean of squared gradients.
        schedule: Learning-rate schedule: "constant", or "linear" or "cosine" (arXiv:1608.03983) to 0.
        decay_from: Fraction of the run after which "linear" and "cosine" decay.
        warmup: Fraction of the run over which the learning rate rises to its full value (arXiv:1706.02677).
        clip_norm: Largest norm of an update's gradient (arXiv:1211.5063); 0: no limit.
    """

    image_size: NonNegativeInt = 0
    channels: NonNegativeInt = 0
    learning_rate: PositiveFloat = 2e-4
    beta1: ProperFraction = 0.5
    beta2: ProperFraction = 0.999
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    decay_from: Fraction = 0.5
    warmup: ProperFraction = 0.0
    clip_norm: NonNegativeFloat = 0.0


@dataclass(frozen=True)
class AdversarialConfig(RecipeConfig):
    """Options that stabilize the training of a GAN.

    A recipe with these options must follow them; `ganzoo.Recipe` has a method for each, and
    `ganzoo.testing.check_recipe` checks it.

    Attributes:
        discriminator_learning_rate: Learning rate of discriminators (two time scales, TTUR, arXiv:1706.08500); 0: the
            same as ``learning_rate``. See `ganzoo.Recipe.adam`.
        discriminator_steps: Updates of the discriminator for each update of the generator (k in arXiv:1406.2661,
            algorithm 1). See `ganzoo.Recipe.is_generator_step`.
        augment: Augmentation of all images that discriminators see: some of "color,translation,cutout" (DiffAugment,
            arXiv:2006.10738) and "flip,rotation", of quarter turns (arXiv:2006.06676), separated by commas. See
            `ganzoo.Recipe.augment`.
        r1: Weight gamma of the penalty on the discriminator's gradient at real images (arXiv:1801.04406); 0: none. See
            `ganzoo.Recipe.penalty`.
        r1_every: Steps between two such penalties, each this many times as strong (arXiv:1912.04958, section 3.1).
    """

    discriminator_learning_rate: NonNegativeFloat = 0.0
    discriminator_steps: PositiveInt = 1
    augment: Annotated[str, Check(parse_policy)] = ""
    r1: NonNegativeFloat = 0.0
    r1_every: PositiveInt = 1


def check_height(image_size: int, image_width: int) -> None:
    """Raise ValueError where there is a width without a height."""
    if image_width and not image_size:
        raise ValueError(f"image_width={image_width} needs the height: set image_size as well")


@dataclass(frozen=True)
class LatentConfig(AdversarialConfig):
    """Options of recipes that generate images from latents, which `ganzoo.LatentRecipe` follows.

    Attributes:
        augment_target: Augment as often as keeps the discriminator's confidence in real images at this value (ADA,
            arXiv:2006.06676, where it is 0.6); 0: augment always.
        image_width: Width of the images in pixels, if ``image_size`` is their height only; 0: square images.
    """

    augment_target: ProperFraction = 0.0
    image_width: NonNegativeInt = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        check_height(self.image_size, self.image_width)
        if self.augment_target and not self.augment.strip():
            raise ValueError("augment_target needs augmentations: set augment=flip,rotation,translation,color")


@dataclass(frozen=True)
class TranslationConfig(AdversarialConfig):
    """Options of recipes whose inputs and outputs may have unlike channels; ``channels`` are those of the outputs.

    Attributes:
        in_channels: Channels of the inputs, or of A in unpaired data; 0: taken from the data, else as ``channels``.
    """

    in_channels: NonNegativeInt = 0

    @property
    def input_channels(self) -> int:
        """Channels of the inputs; never 0 where ``channels`` is not."""
        return self.in_channels or self.channels


@dataclass(frozen=True)
class LossConfig(Config):
    """The option that adversarial losses share.

    Attributes:
        scales: How the losses of a discriminator with several scales are combined: their sum, as in the papers
            (arXiv:1711.11585, equation 2; arXiv:2111.01007, equation 4), or their mean.
    """

    scales: Literal["mean", "sum"] = "sum"


@dataclass(frozen=True)
class RegularizerConfig(Config):
    """The options that regularizers share. Core applies them: a regularizer returns its bare value.

    Attributes:
        weight: Factor on the value; 0: it is not computed.
        every: Steps between two computations, each this many times as strong (arXiv:1912.04958, section 3.1).
    """

    weight: NonNegativeFloat = 1.0
    every: PositiveInt = 1
