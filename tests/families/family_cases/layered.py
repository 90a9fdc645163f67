"""Cases of the family layered: networks as text."""

from __future__ import annotations

from typing import Any

WORDS: list[Any] = [
    "",
    "conv(3,3,1.5)",
    "pad(9999999)",
    "conv(3,3)",
    "wings(3)",
    "add[ relu",
    "] relu",
    "add[ ]",
    "cat[ relu | relu ]",
    "conv(3,x,3)",
    4,
]
SMALL: dict[str, dict[str, Any]] = {
    "generator:layered": {"layers": "pad(1) conv(3,4,3) affine(4) relu conv(4,3,1) tanh"},
    "generator:layered-enlarger": {"layers": "conv(3,12,3,1,1) shuffle(2) tanh"},
    "generator:layered-latents": {"layers": "linear(4,64) tanh reshape(1,8,8)", "latent_dim": 4, "image_size": 8},
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("generator:layered", {"inputs": "imagenet", "outputs": "imagenet", "layers": "conv(3,3,3,1,1)"}),
    (
        "generator:layered",
        {"inputs": "bytes", "outputs": "unit", "padding": "zero", "layers": "pad(1) conv(3,3,3) sigmoid"},
    ),
]
RANGED: list[Any] = ["wide", 3]
WRONG: dict[str, dict[str, list[Any]]] = {
    **{
        entry: {
            "layers": WORDS,
            "in_channels": [0],
            "out_channels": [0],
            "stride": [0],
            "padding": ["none"],
            "inputs": RANGED,
            "outputs": RANGED,
        }
        for entry in ("generator:layered", "generator:layered-enlarger")
    },
    "generator:layered-latents": {
        "layers": WORDS,
        "latent_dim": [0],
        "image_size": [0],
        "channels": [0],
        "outputs": ["imagenet"],
    },
}
WRONG["generator:layered-enlarger"]["scale"] = [0]
