"""What an importer of other code bases' checkpoints must be."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from torch import Tensor


Tensors: TypeAlias = "Mapping[str, Tensor]"


@dataclass(frozen=True)
class DetectedCheckpoint:
    """What an importer found in a checkpoint.

    source      the code base, in words
    entry       what builds it here, "generator:resnet" or "discriminator:patchgan"
    options     of that entry, as names and shapes of the tensors show them
    tensors     under the names they have here
    image_size  the side of the pictures it was most likely trained on
    unsaid      options that the checkpoint does not show -> what they may be; the first is taken, the user may set
                another
    notes       what may differ from the other code base's use of it, a sentence each
    unbiased    convolutions without a bias are meant to have none; else a missing bias is a damaged file
    """

    source: str
    entry: str
    options: Mapping[str, Any]
    tensors: Tensors
    image_size: int = 256
    undetermined: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    unbiased: bool = False


class Importer(ABC):
    """Base of entries of the kind "importer": knows one code base's names of tensors."""

    @abstractmethod
    def recognize(self, tensors: Tensors) -> DetectedCheckpoint | None:
        """Return what these tensors are, or None where they are something else."""
