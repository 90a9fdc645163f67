"""Trains the published weights, tiny/shapes, and writes their card: python make_weights.py

Takes about ten seconds on one core. Run it with this package installed in editable mode (pip install -e .).
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import ganzoo

PACKAGE = Path(__file__).parent / "ganzoo_tiny"
WEIGHTS = "weights/shapes.safetensors"
COUNT, STEPS, BATCH, SEED = 512, 3000, 64, 0


def draw(random: np.random.Generator) -> np.ndarray:
    """Return one white disc or square on black, (16, 16) uint8, with soft edges."""
    down, across = np.mgrid[:16, :16] + 0.5
    x, y = np.abs(across - random.uniform(6, 10)), np.abs(down - random.uniform(6, 10))
    distance = np.hypot(x, y) if random.random() < 0.5 else np.maximum(x, y)
    return (np.clip(random.uniform(3, 5) - distance + 0.5, 0, 1) * 255).astype(np.uint8)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        pictures, run, small = Path(folder, "drawn-shapes"), Path(folder, "shapes"), Path(folder, "small")
        pictures.mkdir()
        random = np.random.default_rng(SEED)
        for number in range(COUNT):
            Image.fromarray(draw(random)).save(pictures / f"{number:03d}.png")
        ganzoo.train("tiny", pictures, run, steps=STEPS, batch_size=BATCH, seed=SEED, ema_decay=0.99, device="cpu")

        model = ganzoo.load(f"dir:{run}", device="cpu")
        half = dataclasses.replace(model.card.weights, dtype="float16")  # half the bytes, no visible difference
        model.card = dataclasses.replace(model.card, weights=half)
        card = model.save(small)
        (PACKAGE / WEIGHTS).parent.mkdir(exist_ok=True)
        (PACKAGE / WEIGHTS).write_bytes((small / "model.safetensors").read_bytes())
    publish(card)


def publish(card: ganzoo.Card) -> None:
    """Write registry.json: what the run knows of itself, and what only its author knows."""
    card = dataclasses.replace(
        card,
        name="tiny/shapes",
        summary="White discs and squares on black",
        license="MIT",
        limits="A demonstration of the plugin format: 16x16, and shapes are often between disc and square.",
        weights=dataclasses.replace(card.weights, file=WEIGHTS),
        dataset=dataclasses.replace(card.dataset, license="MIT (drawn by make_weights.py)"),
    )
    registry = {"format": 1, "cards": [dataclasses.asdict(card)]}
    (PACKAGE / "registry.json").write_text(json.dumps(registry, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
