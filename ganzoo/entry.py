"""What a plugin hands over: an `Entry` for each thing it adds, with a `Config` for its options.

Nothing here imports torch: `ganzoo list` reads entries, and only building one pays for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

KINDS = ("generator", "discriminator", "loss", "recipe")
TASKS = ("unconditional-image-generation", "image-to-image")
DATA_KINDS = ("images", "paired", "unpaired")


@dataclass(frozen=True)
class Config:
    """Base of the options of one entry: subclass it as a frozen dataclass, one typed field an option.

    pydantic checks types and refuses unknown names when something is built. Limits belong in
    ``__post_init__``, as a ValueError that says what would be right.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}


@dataclass(frozen=True)
class RecipeConfig(Config):
    """The options that recipes share: Adam's, as DCGAN has them, and the pictures' size and channels.

    ``image_size`` and ``channels`` of 0 are taken from the data. A subclass with limits of its own calls
    ``super().__post_init__()``.
    """

    image_size: int = 0
    channels: int = 0
    learning_rate: float = 2e-4
    beta1: float = 0.5
    beta2: float = 0.999

    def __post_init__(self) -> None:
        if self.image_size < 0:
            raise ValueError(f"image_size={self.image_size} should be at least 0")
        if self.channels not in (0, 1, 3):
            raise ValueError(f"channels={self.channels} should be 0, 1 or 3")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate={self.learning_rate} should be above 0")
        if not (0 <= self.beta1 < 1 and 0 <= self.beta2 < 1):
            raise ValueError(f"beta1={self.beta1} and beta2={self.beta2} should be from 0 up to, not including, 1")


@dataclass(frozen=True)
class Entry:
    """One generator, discriminator, loss or recipe.

    kind     one of `KINDS`
    name     lower case with hyphens, unique within its kind
    config   the dataclass of its options
    build    called with a config (a recipe's: with a config and its parts); imports torch inside
    summary  one line for `ganzoo list --entries` and the docs
    paper    where it is described, as ``arXiv:1511.06434``
    task     generators only: one of `TASKS`
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
