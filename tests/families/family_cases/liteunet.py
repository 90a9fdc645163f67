"""Cases of the family liteunet."""

from __future__ import annotations

from typing import Any

SMALL: dict[str, dict[str, Any]] = {"generator:efficientnet-unet": {"width": 4, "blocks": 0}}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("generator:efficientnet-unet", {"width": 4, "blocks": 2, "trained": True}),
    ("generator:efficientnet-unet", {"width": 4, "in_channels": 1, "global_skip": False}),
    ("generator:efficientnet-unet", {"width": 4, "levels": 4, "norm": "batch"}),
]
WRONG: dict[str, dict[str, list[Any]]] = {
    "generator:efficientnet-unet": {
        "width": [0, 5],
        "blocks": [-1],
        "in_channels": [0],
        "out_channels": [1],
        "levels": [3, 6],
    }
}
