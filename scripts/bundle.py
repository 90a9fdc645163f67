"""Ship a run's generator with the package: its weights into a family's folder, its card into registry.json.

    python scripts/bundle.py runs/h2z cyclegan/horse2zebra --facts scripts/bundled.json
    python scripts/bundle.py runs/h2z/b2a cyclegan/zebra2horse --facts scripts/bundled.json

The JSON file holds, under the model's name, what a run cannot know (name and license of the data set, summary, grade,
limits) and which scores `scripts/score.py` measures. Weights are stored in float16 unless you pass --dtype float32. It
stops if float16 visibly changes test images.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

import numpy as np
import torch

import ganzoo
from ganzoo import catalog
from ganzoo.cards import registry
from ganzoo.cards.card import Card, DatasetInfo, Weights, card_to_dict
from ganzoo.catalog import discovery
from ganzoo.files.atomic import replacing
from ganzoo.image_io import arrays, decoding, resizing, tensors
from ganzoo.inference.verification_samples import FOLDER as PHOTOGRAPHS
from ganzoo.weights import weights_file

ROOT = Path(__file__).parent.parent
MIN_PSNR = 55.0  # dB, between images from the original and the stored weights: one 8-bit value in five off by one


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("name", help="family/variant")
    parser.add_argument(
        "--dtype", default="float16", choices=["float16", "float32"], help="data type of the weights file"
    )
    parser.add_argument("--facts", type=Path, default=ROOT / "scripts" / "bundled.json")
    arguments = parser.parse_args()
    facts = json.loads(arguments.facts.read_text(encoding="utf-8"))[arguments.name]
    model = ganzoo.load(f"dir:{arguments.run}", device="cpu", engine="torch")
    path, card = ship(model, arguments.name, facts, arguments.dtype)
    check_pixels(model, path, card)
    write_card(card)
    print(f"{arguments.name}: {path.relative_to(ROOT)}, {path.stat().st_size / 1e6:.2f} MB")


def ship(model: ganzoo.Model, name: str, facts: dict, dtype: str) -> tuple[Path, Card]:
    """Write the weights into the family's package. Return their path and the finished card."""
    package = catalog.origin(model.card.entry)
    if name.partition("/")[0] != package.rpartition(".")[2]:
        package = f"ganzoo_plugins.{name.partition('/')[0]}"
    relative = f"weights/{name.partition('/')[2]}.safetensors"
    path = ROOT / "plugins" / Path(*package.split(".")) / relative
    weights_file.write(path, model.generator.state_dict(), dtype)
    training = dataclasses.replace(model.card.training, **facts.get("training", {}))
    card = dataclasses.replace(
        model.card,
        name=name,
        plugin=discovery.distribution_of(package),
        training=training,
        weights=Weights(f"{package}:{relative}", weights_file.sha256(path), path.stat().st_size, dtype),
        dataset=DatasetInfo(**{"count": model.card.dataset.count, **facts["dataset"]}),
        discriminator={},
        scores=(),  # scores of other weights do not apply: scripts/score.py measures them
        **{
            key: facts[key]
            for key in ("summary", "license", "grade", "grade_reason", "limits", "paper", "inference", "image_size")
            if key in facts
        },
        **{key: tuple(facts[key]) for key in ("classes", "tried") if key in facts},
    )
    return path, card


def check_pixels(model: ganzoo.Model, path: Path, card: Card) -> None:
    """Stop if float16 on disk visibly changes images: compare 8-bit images from both weights."""
    torch.manual_seed(0)
    size = card.image_size
    if card.in_channels == 3:
        floats = (arrays.to_floats(decoding.read(path)) for path in sorted(PHOTOGRAPHS.glob("*.jpg")))
        inputs = torch.from_numpy(np.stack([resizing.resize_floats(each, size, size) for each in floats]))
    elif card.in_channels:
        inputs = torch.rand(1, card.in_channels, size, size) * 2 - 1
    else:
        inputs = torch.randn(16, card.latent_dim)
    conditioning = {
        "label": torch.arange(len(inputs)) % max(1, len(card.classes)),
        "mask": torch.zeros(len(inputs), 1, size, size),
        "style": torch.rand(1, 3, size, size) * 2 - 1,
    }
    conditioning["mask"][..., size // 4 : size // 2, size // 4 : size // 2] = 1
    conditioning = {name: conditioning[name] for name in card.does.inputs}
    before = model(inputs, **conditioning)
    weights_file.load_into(model.generator, weights_file.read(path), str(path))
    after = model(inputs, **conditioning)
    levels = [np.stack([tensors.to_array(one).astype(int) for one in frames(output)]) for output in (before, after)]
    difference = np.abs(levels[0] - levels[1])
    share, most = (difference > 0).mean(), difference.max()
    psnr = 10 * np.log10(255**2 / max(np.square(difference).mean(), 1e-9))
    print(f"{card.weights.dtype} on disk: {share:.3%} of 8-bit values differ, by {most} at most; PSNR {psnr:.1f} dB")
    if psnr < MIN_PSNR:
        path.unlink()
        raise SystemExit("float16 changes the images visibly. Store these weights in float32, or train longer.")


def frames(output: torch.Tensor) -> torch.Tensor:
    """Return images as they are, and clips as their frames: (N, C, H, W)."""
    return output.transpose(1, 2).flatten(0, 1) if output.ndim == 5 else output


def write_card(card: Card) -> None:
    """Write the card to registry.json; it replaces a card of the same name."""
    path = ROOT / "registry.json"
    cards = [one for one in registry.read_registry(path) if one.name != card.name] + [card]
    content = {"format": registry.FORMAT, "cards": [card_to_dict(c) for c in sorted(cards, key=lambda c: c.name)]}
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
