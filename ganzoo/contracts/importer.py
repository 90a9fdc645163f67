"""What an importer must be: it reads the checkpoints of another code base."""

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
    """What an importer detected in a checkpoint.

    Attributes:
        source: Name of the code base.
        entry: The entry that builds this network here: "generator:resnet", say.
        options: Options of that entry, as names and shapes of the tensors show them.
        tensors: The weights, under the names that they have here.
        image_size: Side, in pixels, of the images on which it was most likely trained.
        undetermined: Options that the tensors do not show, each with its possible values. The first value is used
            unless the user sets another.
        notes: What can differ from the other code base's results, a sentence each.
        unbiased: True if convolutions without a bias tensor have no bias; otherwise such a file counts as damaged.
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
    """Base of importers: each knows the tensor names of one code base."""

    @abstractmethod
    def recognize(self, tensors: Tensors) -> DetectedCheckpoint | None:
        """Recognize a checkpoint by its tensors.

        Args:
            tensors: Name to tensor, as the file has them.

        Returns:
            What they are, or None if they come from something else. Raise nothing for unknown tensors.
        """
