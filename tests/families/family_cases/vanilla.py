"""Cases of the family vanilla."""

from __future__ import annotations

from typing import Any

GOLDEN: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "vanilla": (
        "vanilla",
        {"generator": {"width": 4, "latent_dim": 6}, "discriminator": {"width": 4}},
        {"image_size": 8, "channels": 1},
    )
}
