"""Options: a frozen dataclass for each entry, and those that recipes share.

Nothing here imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

AUGMENTATIONS = ("color", "translation", "cutout")  # of DiffAugment, arXiv:2006.10738


@dataclass(frozen=True)
class Config:
    """Base of the options of one entry: subclass it as a frozen dataclass, one typed field an option; itself: none.

    pydantic checks types and refuses unknown names when something is built. Limits belong in
    ``__post_init__``, as a ValueError that says what would be right.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}


@dataclass(frozen=True)
class RecipeConfig(Config):
    """The options that recipes share: Adam's, as DCGAN has them, and the pictures' size and channels.

    image_size, channels   0: taken from the data; so are ``classes`` and ``frames`` where a recipe has them
    schedule    of the learning rate: "constant"; "linear" or "cosine" (arXiv:1608.03983) to 0 from ``decay_from`` on
    decay_from  share of the run
    warmup      share of the run over which the learning rate rises to its full height (arXiv:1706.02677)
    clip_norm   largest norm of an update's gradient (arXiv:1211.5063); 0: any
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
        if self.channels not in (0, 1, 3):
            raise ValueError(f"channels={self.channels} should be 0, 1 or 3")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate={self.learning_rate} should be above 0")
        if not (0 <= self.beta1 < 1 and 0 <= self.beta2 < 1):
            raise ValueError(f"beta1={self.beta1} and beta2={self.beta2} should be from 0 up to, not including, 1")
        if not 0 <= self.decay_from <= 1:
            raise ValueError(f"decay_from={self.decay_from} should be a share of the run, from 0 to 1")
        if not 0 <= self.warmup < 1:
            raise ValueError(f"warmup={self.warmup} should be a share of the run, from 0 up to, not including, 1")
        if not 0 <= self.clip_norm < float("inf"):
            raise ValueError(f"clip_norm={self.clip_norm} should be a number, 0 or above")


@dataclass(frozen=True)
class AdversarialConfig(RecipeConfig):
    """What steadies a GAN's training; a recipe that has these options uses ``Recipe``'s tools of the same papers.

    discriminator_learning_rate  two time scales (TTUR, arXiv:1706.08500); 0: the same as ``learning_rate``
    discriminator_steps  updates of the discriminator for one of the generator (k of arXiv:1406.2661, algorithm 1)
    augment   of what discriminators see (DiffAugment, arXiv:2006.10738): "color,translation,cutout", or some of them
    r1        weight of the penalty on the discriminator's gradient at real pictures (arXiv:1801.04406); 0: none
    r1_every  steps from one penalty to the next, which is so many times as strong (arXiv:1912.04958, section 3.1)
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


def parse_policy(text: str) -> tuple[str, ...]:
    """Return the words of a policy such as "color,translation,cutout", in their order; "" means none.

    Raises ValueError for a word that is none of these, or that comes twice.
    """
    words = tuple(word.strip() for word in text.split(",")) if text.strip() else ()
    for place, word in enumerate(words):
        if word not in AUGMENTATIONS:
            raise ValueError(f"'{word}' is no augmentation: use {', '.join(AUGMENTATIONS)}, with commas between them")
        if word in words[:place]:
            raise ValueError(f"'{word}' comes twice in '{text}': name each augmentation once")
    return words
