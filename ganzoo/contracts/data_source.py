"""What a data source must be: it opens images that lie in no folder of files. The kind "data"."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from ganzoo.contracts.engine import OptionalDependency


class DataSource(OptionalDependency, ABC):
    """Base of data sources: `ganzoo train dcgan NAME:LOCATION` calls the one of that name.

    Attributes:
        example: A location that can be opened everywhere without a network, for `ganzoo.testing.check_entry`.
        kinds: The kinds of data that it has: some of "images", "labeled", "paired", "unpaired".
    """

    example: ClassVar[str] = ""
    kinds: ClassVar[tuple[str, ...]] = ("images",)

    @abstractmethod
    def open(self, location: str, kind: str) -> Any:
        """Open a data set.

        Args:
            location: What the user wrote after the colon.
            kind: One of ``kinds``: what the recipe trains on.

        Returns:
            What `ganzoo.train` takes besides paths: a sequence of arrays, PIL images or rasters, a torch Dataset; for
            "labeled" with pairs (image, label) as elements; for "paired" and "unpaired" {"input": ..., "target": ...}
            or {"a": ..., "b": ...}. The same for the same location: a resumed run compares all values.

        Raises:
            DataError: There is no such data set.
        """
