"""Cases of the family style."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ganzoo.inference

STYLE = str(Path(ganzoo.inference.__file__).parent / "photographs/coffee.jpg")

SMALL: dict[str, dict[str, Any]] = {
    "generator:gatys": {"steps": 3},
    "generator:fast-style": {"width": 4, "blocks": 1},
    "generator:adain": {"width": 4, "depth": 2},
    "recipe:fast-style": {"image_size": 32, "style": STYLE},
    "recipe:adain": {"image_size": 32},
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("generator:gatys", {"steps": 2, "start": "noise", "seed": 3, "style_scale": 0.5, "content_reduction": 4}),
    ("generator:fast-style", {"width": 4, "blocks": 2, "global_skip": True}),
    ("generator:adain", {"width": 4, "depth": 3, "strength": 0.5}),
    ("recipe:adain", {"image_size": 32, "identity_weight": 0.0, "variation_weight": 0.0}),
]
GOLDEN: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "fast-style": (
        "fast-style",
        {"generator": {"width": 4, "blocks": 1}},
        {"channels": 3, "image_size": 32, "style": STYLE},
    ),
    "adain": ("adain", {"generator": {"width": 4, "depth": 2}}, {"channels": 3, "image_size": 32}),
}
