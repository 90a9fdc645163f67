"""Cases of the family style."""

from __future__ import annotations

import math
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
    ("generator:fast-style", {"width": 4, "blocks": 0, "output": "clamp"}),
    ("generator:adain", {"width": 4, "depth": 3, "strength": 0.5}),
    ("recipe:adain", {"image_size": 32, "identity_weight": 0.0, "variation_weight": 0.0}),
]
WRONG: dict[str, dict[str, list[Any]]] = {
    "generator:gatys": {
        "steps": [0, 1.5],
        "style_weight": [-1.0, math.nan],
        "variation_weight": [-0.1, math.inf],
        "content_reduction": [0],
        "style_scale": [0.0, 11.0, math.nan],
        "start": ["style"],
        "seed": [-1],
    },
    "generator:fast-style": {"width": [0], "blocks": [-1], "output": ["sigmoid"]},
    "generator:adain": {"width": [0], "depth": [0, 5], "strength": [-0.1, 1.1, math.nan]},
    "recipe:fast-style": {
        "channels": [1],
        "style_weight": [-1.0],
        "variation_weight": [math.nan],
        "color_weight": [-1.0],
        "content_reduction": [0],
        "enlarge": [0.5, 9.0],
    },
    "recipe:adain": {
        "channels": [1],
        "style_weight": [-1.0],
        "variation_weight": [math.inf],
        "color_weight": [-1.0],
        "identity_weight": [-1.0, math.nan],
        "content_reduction": [0],
        "enlarge": [0.5, 9.0],
    },
}
GOLDEN: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "fast-style": (
        "fast-style",
        {"generator": {"width": 4, "blocks": 1}},
        {"channels": 3, "image_size": 32, "style": STYLE},
    ),
    "adain": ("adain", {"generator": {"width": 4, "depth": 2}}, {"channels": 3, "image_size": 32}),
}
