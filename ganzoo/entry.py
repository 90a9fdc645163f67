"""What a plugin hands over: an `Entry` for each thing it adds, with a `Config` for its options.

Nothing here imports torch: `ganzoo list` reads entries, and only building one pays for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from ganzoo.augmentation import parse_policy

KINDS = ("generator", "discriminator", "loss", "recipe", "extractor", "features", "engine", "format", "importer")
DATA_KINDS = ("images", "labelled", "paired", "unpaired", "clips")


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


@dataclass(frozen=True)
class Entry:
    """One generator, discriminator, loss, recipe, or another of `KINDS`.

    kind     one of `KINDS`
    name     lower case with hyphens, unique within its kind
    config   the dataclass of its options
    build    called with a config (a recipe's: with a config and its parts); imports torch inside
    summary  one line for `ganzoo list --entries` and the docs
    paper    where it is described, as ``arXiv:1511.06434``
    task     generators only: one of `ganzoo.tasks.TASKS`
    data     recipes only: what they train on, one of `DATA_KINDS`
    batch_size   recipes only: pictures a step where the user does not say
    parts    recipes only: role -> entry, as ``{"generator": "generator:resnet"}``; a user swaps one with --part
    """

    kind: str
    name: str
    config: type[Config]
    build: Callable[..., Any]
    summary: str
    paper: str = ""
    task: str = ""
    data: str = ""
    batch_size: int = 1
    parts: Mapping[str, str] = field(default_factory=dict)

    @property
    def spec(self) -> str:
        """``kind:name``, as `ganzoo.build` takes it."""
        return f"{self.kind}:{self.name}"
