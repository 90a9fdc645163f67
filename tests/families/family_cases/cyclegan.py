"""Cases of the family cyclegan."""

from __future__ import annotations

from typing import Any

SMALL: dict[str, dict[str, Any]] = {
    "generator:resnet": {"width": 4, "blocks": 2},
    "generator:mobile-resnet": {"widths": "4,4,8,4,4", "inner": "8", "blocks": 2},
    "recipe:cyclegan": {"image_size": 32},
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("generator:resnet", {"width": 4, "blocks": 1, "global_skip": True}),
    ("generator:resnet", {"width": 4, "blocks": 1, "norm": "batch", "dropout": True, "in_channels": 1}),
    ("generator:resnet", {"width": 4, "blocks": 1, "padding": "zero", "antialias": True}),
    ("generator:mobile-resnet", {"widths": "3,4,5,6,7", "inner": "8,9", "blocks": 2, "padding": "zero"}),
    ("generator:mobile-resnet", {"widths": "4,4,4,4,4", "blocks": 0, "in_channels": 1, "out_channels": 3}),
    ("generator:mobile-resnet", {"widths": "4,4,4,4,4", "blocks": 1, "inner": "4", "global_skip": True}),
    (
        "generator:mobile-resnet",
        {"widths": "4,4,4,4,4", "blocks": 1, "inner": "4", "norm": "batch", "separable_norm": "batch"},
    ),
    ("recipe:cyclegan", {"image_size": 32, "channels": 1, "identity_weight": 0.5, "pool_size": 1}),
]
GOLDEN: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "cyclegan": (
        "cyclegan",
        {"generator": {"width": 4, "blocks": 1}, "discriminator": {"width": 4, "receptive_field": 16}},
        {"image_size": 16, "channels": 3, "identity_weight": 0.5, "pool_size": 1},
    )
}
WRONG: dict[str, dict[str, list[Any]]] = {
    "generator:mobile-resnet": {
        "widths": ["16,32,128,32", "16,32,128,32,0", "a,b"],
        "inner": ["64,64", "-1", ""],
        "blocks": [-1],
        "out_channels": [0],
    }
}
