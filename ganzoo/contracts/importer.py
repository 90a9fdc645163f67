"""What an importer must be: it reads the checkpoints of another code base."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from ganzoo.contracts.engine import OptionalDependency

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
        reference: What the other code base itself computes, where it is here to be compared with. Its arguments and
            result are the network's. A network that differs from it is refused.
    """

    source: str
    entry: str
    options: Mapping[str, Any]
    tensors: Tensors
    image_size: int = 256
    undetermined: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    unbiased: bool = False
    reference: Callable[..., Tensor] | None = None


class Importer(OptionalDependency, ABC):
    """Base of importers: each knows the tensor names of one code base.

    Attributes:
        general: True if it knows many code bases and builds networks to recognize them: it is asked after all others,
            and for generators only.
    """

    general: ClassVar[bool] = False

    @abstractmethod
    def recognize(self, tensors: Tensors) -> DetectedCheckpoint | None:
        """Recognize a checkpoint by its tensors.

        Args:
            tensors: Name to tensor, as the file has them.

        Returns:
            What they are, or None if they come from something else. Raise nothing for unknown tensors.
        """
