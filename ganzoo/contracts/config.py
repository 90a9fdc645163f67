"""Options: a frozen dataclass for each entry, and the options that recipes share. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

AUGMENTATIONS = ("color", "translation", "cutout")  # of DiffAugment, arXiv:2006.10738


@dataclass(frozen=True)
class Config:
    """Base of the options of one entry; used itself, it has none.

    Subclass it as a frozen dataclass with a typed field and a default for each option, so that it survives JSON. Types
    and unknown names are checked when something is built. Check limits in ``__post_init__``: raise a ValueError that
    says what is allowed, as "width=0 should be at least 1". `ganzoo info KIND:NAME` shows the docstring to users.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}


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

    # A subclass with limits of its own calls super().__post_init__().

    image_size: int = 0
    channels: int = 0
    learning_rate: float = 2e-4
    beta1: float = 0.5
    beta2: float = 0.999
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    decay_from: float = 0.5
    warmup: float = 0.0
    clip_norm: float = 0.0

    def __post_init__(self) -> None:
        if self.image_size < 0:
            raise ValueError(f"image_size={self.image_size} should be at least 0")
        if self.channels < 0:
            raise ValueError(f"channels={self.channels} should be at least 0")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate={self.learning_rate} should be above 0")
        if not (0 <= self.beta1 < 1 and 0 <= self.beta2 < 1):
            raise ValueError(f"beta1={self.beta1} and beta2={self.beta2} should be from 0 up to, not including, 1")
        if not 0 <= self.decay_from <= 1:
            raise ValueError(f"decay_from={self.decay_from} should be a fraction of the run, from 0 to 1")
        if not 0 <= self.warmup < 1:
            raise ValueError(f"warmup={self.warmup} should be a fraction of the run, from 0 up to, not including, 1")
        if not 0 <= self.clip_norm < float("inf"):
            raise ValueError(f"clip_norm={self.clip_norm} should be a number, 0 or above")


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
        augment: Augmentation of all images that discriminators see (DiffAugment, arXiv:2006.10738): some of
            "color,translation,cutout", separated by commas. See `ganzoo.Recipe.augment`.
        r1: Weight gamma of the penalty on the discriminator's gradient at real images (arXiv:1801.04406); 0: none. See
            `ganzoo.Recipe.penalty`.
        r1_every: Steps between two such penalties, each this many times as strong (arXiv:1912.04958, section 3.1).
    """

    discriminator_learning_rate: float = 0.0
    discriminator_steps: int = 1
    augment: str = ""
    r1: float = 0.0
    r1_every: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("discriminator_learning_rate", "r1"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"{name}={getattr(self, name)} should be a number, 0 or above")
        for name in ("discriminator_steps", "r1_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} should be at least 1")
        parse_policy(self.augment)


@dataclass(frozen=True)
class TranslationConfig(AdversarialConfig):
    """Options of recipes whose inputs and outputs may have unlike channels; ``channels`` are those of the outputs.

    Attributes:
        in_channels: Channels of the inputs, or of A in unpaired data; 0: taken from the data, else as ``channels``.
    """

    in_channels: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.in_channels < 0:
            raise ValueError(f"in_channels={self.in_channels} should be at least 0")

    @property
    def input_channels(self) -> int:
        """Channels of the inputs; never 0 where ``channels`` is not."""
        return self.in_channels or self.channels


@dataclass(frozen=True)
class LossConfig(Config):
    """The option that adversarial losses share.

    Attributes:
        scales: How the losses of a discriminator with several scales are combined. Where a paper sums them, its recipe
            suggests "sum": ``parts.build("loss", scales="sum")``.
    """

    scales: Literal["mean", "sum"] = "mean"


@dataclass(frozen=True)
class RegularizerConfig(Config):
    """The options that regularizers share. Core applies them: a regularizer returns its bare value.

    Attributes:
        weight: Factor on the value; 0: it is not computed.
        every: Steps between two computations, each this many times as strong (arXiv:1912.04958, section 3.1).
    """

    weight: float = 1.0
    every: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.weight < float("inf"):
            raise ValueError(f"weight={self.weight} should be a number, 0 or above")
        if self.every < 1:
            raise ValueError(f"every={self.every} should be at least 1")


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
