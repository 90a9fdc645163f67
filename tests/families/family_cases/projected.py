"""Cases of the family projected."""

from __future__ import annotations

import math
from typing import Any

SMALL: dict[str, dict[str, Any]] = {"discriminator:projected": {"width": 4}}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("discriminator:projected", {"width": 4, "pixels": 0.0}),
    ("discriminator:projected", {"width": 4, "in_channels": 6}),
    ("discriminator:projected", {"width": 4, "in_channels": 1, "gray": True}),
]
WRONG: dict[str, dict[str, list[Any]]] = {
    "discriminator:projected": {"width": [1], "pixels": [-1.0, math.nan], "in_channels": [0]}
}
