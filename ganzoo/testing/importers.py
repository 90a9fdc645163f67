"""The contract of importers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch  # noqa: TID253 - testing importers needs torch, and nothing light imports this module

from ganzoo.catalog import options
from ganzoo.contracts.entry import Entry
from ganzoo.contracts.importer import Importer
from ganzoo.testing.expectations import require

# Tensors of no known code base; some have familiar names.
UNKNOWN: tuple[dict[str, tuple[int, ...]], ...] = (
    {},
    {"weight": (1,)},
    {"0.weight": (4, 3, 3, 3), "0.bias": (4,)},
    {"model.0.weight": (4,), "model.1.weight": (4, 4), "main.0.weight": (3,), "conv1.conv2d.weight": (2, 2)},
)


def check_importer(entry: Entry, values: Mapping[str, Any] | None = None) -> None:
    """Check that an importer returns None, and raises nothing, for tensors of no known code base.

    Args:
        entry: The importer's entry.
        values: Its options.

    Raises:
        AssertionError: Naming the entry and what is wrong.
    """
    importer = entry.build(options.parse(entry, values or {}))
    require(isinstance(importer, Importer), entry, f"builds {type(importer).__name__}, not a ganzoo.Importer")
    for shapes in UNKNOWN:
        found = importer.recognize({name: torch.zeros(shape) for name, shape in shapes.items()})
        require(found is None, entry, f"recognizes {list(shapes)}, which belongs to no code base")
