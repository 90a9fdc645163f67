"""What an importer says of a checkpoint: its layers as text, and where they are in the file."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from torch import Tensor

from ganzoo import DetectedCheckpoint, Importer
from ganzoo.errors import WeightsError

from .matching import match, modules_of

Modules = Mapping[str, Mapping[str, Tensor]]


@dataclass(frozen=True)
class Description:
    """A network of another code base.

    Attributes:
        layers: Its text.
        options: Further options of the entry.
        order: The names of its layers in the file, in the order of the text; None: as the file has them.
        image_size: Side of the images of its training, in pixels.
        undetermined: As in `DetectedCheckpoint`.
        notes: As there.
        unused: Layers of the file that its code does not use.
    """

    layers: str
    options: Mapping[str, Any]
    order: tuple[str, ...] | None = None
    image_size: int = 256
    undetermined: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()


class LayeredImporter(Importer):
    """Base of importers that describe a network as layers.

    Attributes:
        source: Name of the code base.
        entry: The entry that builds the network.
    """

    source: ClassVar[str]
    entry: ClassVar[str] = "generator:layered"

    @abstractmethod
    def describe(self, modules: Modules) -> Description | None:
        """Describe a checkpoint by its layers' tensors.

        Args:
            modules: Name of a layer to its tensors, as `modules_of` returns them.

        Returns:
            The network, or None where the names or shapes are those of something else.
        """

    def recognize(self, tensors: Mapping[str, Tensor]) -> DetectedCheckpoint | None:
        """Return the network that these tensors are, every one of them used; None for any others."""
        modules = modules_of(tensors)
        try:
            found = self.describe(modules)
        except (KeyError, IndexError, ValueError):  # a layer that is not there, or of other dimensions
            return None
        if found is None:
            return None
        used = {name: leaves for name, leaves in modules.items() if name not in found.unused}
        try:
            matched = match(found.layers, used, found.order)
        except WeightsError as error:
            raise WeightsError(
                f"The file looks like {self.source}, but {error}. It is damaged, or a variant."
            ) from error
        return DetectedCheckpoint(
            source=self.source,
            entry=self.entry,
            options={"layers": found.layers, **found.options},
            tensors=matched,
            image_size=found.image_size,
            undetermined=found.undetermined,
            notes=found.notes,
        )


class Several(Importer):
    """Asks several importers, one after another.

    Attributes:
        importers: Their classes.
    """

    importers: ClassVar[tuple[type[Importer], ...]]

    def recognize(self, tensors: Mapping[str, Tensor]) -> DetectedCheckpoint | None:
        """Return what the first of them returns that recognizes these tensors."""
        for importer in self.importers:
            if (found := importer().recognize(tensors)) is not None:
                return found
        return None


def numbered(modules: Modules, pattern: str) -> list[int]:
    """Return the numbers for which ``pattern`` names a layer, as "down{}.model.0", from the first one on."""
    first = next((number for number in (0, 1, 2) if pattern.format(number) in modules), None)
    if first is None:
        return []
    numbers = [first]
    while pattern.format(numbers[-1] + 1) in modules:
        numbers.append(numbers[-1] + 1)
    return numbers


def sizes(modules: Modules, name: str) -> tuple[int, int]:
    """Return a convolution's channels in and out. Raises KeyError or ValueError where it is none."""
    out, channels, _, _ = modules[name]["weight"].shape
    return channels, out
