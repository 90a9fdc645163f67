"""Cases of the extractors."""

from __future__ import annotations

from typing import Any

import random_weights

SMALL: dict[str, dict[str, Any]] = {
    "extractor:timm": {"model": random_weights.TINY_TIMM},
    "features:timm": {"model": random_weights.TINY_TIMM},
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("extractor:timm", {"model": random_weights.TINY_TIMM, "layer": 1}),
    ("extractor:efficientnet-lite0", {"size": 48}),
]
# Values beyond an option's limits.
WRONG: dict[str, dict[str, list[Any]]] = {"features:timm": {"model": [""]}}
