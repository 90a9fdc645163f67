"""Small real models for tests: a translator and a maker of pictures, with cards, as objects and as folders."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

from ganzoo.cards.card import Card, DatasetInfo, TrainingInfo
from ganzoo.cards.protocol import Protocol, Sample, Score
from ganzoo.catalog import building
from ganzoo.loading.model import Model

RESNET = {"width": 4, "blocks": 1}
DCGAN = {"image_size": 16, "width": 4, "channels": 1, "latent_dim": 8}


def score(metric: str, value: float, **protocol: Any) -> Score:
    """A score of 64 generated pictures against 64 real ones."""
    facts: dict[str, Any] = {
        "metric": metric,
        "library": "torch-fidelity 0.4.0",
        "generated": Sample("generated", 64, seed=0),
        "real": Sample("horses", 64, "test", "ab" * 32),
        "extractor": "inception",
        "extractor_sha256": "67" * 32,
        "resizing": "none, 64x64; bilinear to 299x299",
    }
    return Score(metric, value, Protocol(**{**facts, **protocol}))


def translator(seed: int = 0, **card: Any) -> Model:
    """A ResNet generator of width 4, trained at "64" pixels."""
    torch.manual_seed(seed)
    generator = building.build("generator:resnet", **RESNET)
    facts: dict[str, Any] = {
        "name": "tiny/translator",
        "entry": "generator:resnet",
        "task": "image-to-image",
        "image_size": 64,
        "in_channels": 3,
        "out_channels": 3,
        "options": RESNET,
        "license": "mit",
        "plugin": "ganzoo-core",
        "paper": "arXiv:1703.10593",
        "dataset": DatasetInfo("Tiny Horses", split="train", count=3, license="cc-by-4.0"),
        "training": TrainingInfo("cyclegan", steps=3, batch_size=1, seconds=61, hardware="cpu", precision="fp32"),
        "scores": (score("kid", 0.25),),
    }
    return Model(generator, Card(**{**facts, **card}), torch.device("cpu"))


def maker(seed: int = 0, **card: Any) -> Model:
    """A DCGAN generator of gray 16x16 pictures, with batch statistics that are not the initial ones."""
    torch.manual_seed(seed)
    generator = building.build("generator:dcgan", **DCGAN)
    with torch.no_grad():
        generator.train()(torch.randn(32, 8))
    facts: dict[str, Any] = {
        "name": "tiny/maker",
        "entry": "generator:dcgan",
        "task": "unconditional-image-generation",
        "image_size": 16,
        "out_channels": 1,
        "latent_dim": 8,
        "options": DCGAN,
        "license": "mit",
    }
    return Model(generator, Card(**{**facts, **card}), torch.device("cpu"))


def inpainter(seed: int = 0) -> Model:
    """A context encoder of width 4 for 64x64 pictures."""
    torch.manual_seed(seed)
    options = {"width": 4, "levels": 3}
    card = Card(
        "tiny/inpainter", "generator:context-encoder", "image-inpainting", 64, 3, in_channels=3, options=options
    )
    return Model(building.build(card.entry, **options), card)


def clip_maker(seed: int = 0) -> Model:
    """A DVD-GAN generator of gray 16x16 clips of 3 frames."""
    torch.manual_seed(seed)
    options = {"frames": 3, "image_size": 16, "channels": 1, "width": 4, "latent_dim": 4, "classes": 2}
    facts = {"latent_dim": 4, "frames": 3, "classes": ("sneaker", "bag"), "options": options}
    card = Card("tiny/clips", "generator:dvdgan", "class-conditional-video-generation", 16, 1, **facts)
    return Model(building.build(card.entry, **options), card)


def write_registry(path: Path, *cards: Card) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"format": 1, "cards": [dataclasses.asdict(card) for card in cards]}))
    return path


def publish(root: Path, *cards: Card) -> dict[str, str]:
    """Make a throw-away plugin below ``root`` that has these cards; return an environment in which it is found."""
    module, info = root / "tinyzoo", root / "tinyzoo-1.0.dist-info"
    write_registry(module / "registry.json", *cards)
    (module / "__init__.py").write_text(
        "from pathlib import Path\nfrom ganzoo import hookimpl\n\n"
        "@hookimpl\ndef ganzoo_cards():\n    return Path(__file__).with_name('registry.json')\n"
    )
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tinyzoo\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[ganzoo]\ntiny = tinyzoo\n")
    return {**os.environ, "PYTHONPATH": str(root)}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run_python(code: str, *arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, **options)
