"""Cases of timm's networks as discriminators."""

from __future__ import annotations

from typing import Any

import random_weights

_TINY = random_weights.TINY_TIMM.partition(".")[0]
SMALL: dict[str, dict[str, Any]] = {"discriminator:timm": {"model": _TINY}}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("discriminator:timm", {"model": _TINY, "in_channels": 5, "features_only": True}),
]
WRONG: dict[str, dict[str, list[Any]]] = {"discriminator:timm": {"in_channels": [0], "model": [""]}}
