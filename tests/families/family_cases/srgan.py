"""Cases of the family srgan."""

from __future__ import annotations

from typing import Any

SMALL: dict[str, dict[str, Any]] = {
    "generator:srresnet": {"width": 4, "blocks": 2, "kernel": 5},
    "discriminator:srgan": {"width": 2, "image_size": 32},
    "recipe:srresnet": {"image_size": 32},
    "recipe:srgan": {"image_size": 32},
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("generator:srresnet", {"width": 4, "blocks": 1, "norm": "none", "bicubic_skip": True, "kernel": 3}),
    ("generator:srresnet", {"width": 4, "blocks": 1, "scale": 2, "in_channels": 1, "kernel": 3}),
    ("generator:bicubic", {"channels": 1, "scale": 2}),
    ("discriminator:srgan", {"width": 2, "image_size": 24, "norm": "none"}),
    ("recipe:srgan", {"image_size": 32, "channels": 1, "mse_weight": 1.0, "reduction": 4}),
]
GOLDEN: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "srresnet": (
        "srresnet",
        {"generator": {"width": 4, "blocks": 2, "kernel": 5}},
        {"image_size": 32, "channels": 3},
    ),
    "srgan": (
        "srgan",
        {"generator": {"width": 4, "blocks": 2, "kernel": 5}, "discriminator": {"width": 4}},
        {"image_size": 32, "channels": 3, "mse_weight": 1.0},
    ),
}
# Values beyond an option's limits.
WRONG: dict[str, dict[str, list[Any]]] = {
    "discriminator:srgan": {"in_channels": [0], "width": [0], "norm": ["layer"]},
    "generator:bicubic": {"channels": [0], "scale": [0]},
    "generator:srresnet": {
        "in_channels": [0],
        "width": [0],
        "blocks": [-1],
        "scale": [3],
        "norm": ["layer"],
        "kernel": [2],
    },
    "recipe:srgan": {
        "enlarge": [0.5],
        "content_weight": [-1.0],
        "mse_weight": [-1.0],
        "adversarial_weight": [-1.0],
        "drop_from": [-0.1],
    },
    "recipe:srresnet": {"enlarge": [0.5]},
}
