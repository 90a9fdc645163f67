"""Ship a run's generator with the package: its weights into a family's folder, its card into registry.json.

    python scripts/bundle.py runs/h2z cyclegan/horse2zebra --facts scripts/bundled.json
    python scripts/bundle.py runs/h2z/b2a cyclegan/zebra2horse --facts scripts/bundled.json

The facts that a run cannot know (data set's name and license, summary, limits) are kept in the JSON file, under the
model's name, with what `scripts/score.py` is to measure of it. Weights are stored in float16, unless --dtype says
float32; the card says so, and this script refuses to ship where that shows in test pictures.
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
LEAST_PSNR = 55.0  # dB, of pictures by the weights in the file: one 8-bit value in five off by one


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("name", help="family/variant")
    parser.add_argument("--dtype", default="float16", choices=["float16", "float32"], help="of the file")
    parser.add_argument("--facts", type=Path, default=ROOT / "scripts" / "bundled.json")
    given = parser.parse_args()
    facts = json.loads(given.facts.read_text(encoding="utf-8"))[given.name]
    model = ganzoo.load(f"dir:{given.run}", device="cpu", engine="torch")
    path, card = ship(model, given.name, facts, given.dtype)
    check_pixels(model, path, card)
    write_card(card)
    print(f"{given.name}: {path.relative_to(ROOT)}, {path.stat().st_size / 1e6:.2f} MB")


def ship(model: ganzoo.Model, name: str, facts: dict, dtype: str) -> tuple[Path, Card]:
    """Write the weights beside the family's code and return their path and the finished card."""
    package = catalog.origin(model.card.entry)
    if name.partition("/")[0] != package.rpartition(".")[2]:
        package = f"ganzoo_plugins.{name.partition('/')[0]}"
    inside = f"weights/{name.partition('/')[2]}.safetensors"
    path = ROOT / "plugins" / Path(*package.split(".")) / inside
    weights_file.write(path, model.generator.state_dict(), dtype)
    training = dataclasses.replace(model.card.training, **facts.get("training", {}))
    card = dataclasses.replace(
        model.card,
        name=name,
        plugin=discovery.distribution_of(package),
        training=training,
        weights=Weights(f"{package}:{inside}", weights_file.sha256(path), path.stat().st_size, dtype),
        dataset=DatasetInfo(**{"count": model.card.dataset.count, **facts["dataset"]}),
        discriminator={},
        scores=(),  # other weights have other scores: scripts/score.py measures them
        **{
            key: facts[key]
            for key in ("summary", "license", "limits", "paper", "inference", "image_size")
            if key in facts
        },
        **{key: tuple(facts[key]) for key in ("classes", "tried") if key in facts},
    )
    return path, card


def check_pixels(model: ganzoo.Model, path: Path, card: Card) -> None:
    """Refuse when float16 on disk shows: the same pictures from both, compared as 8-bit values."""
    torch.manual_seed(0)
    size = card.image_size
    if card.in_channels == 3:
        floats = (arrays.to_floats(decoding.read(each)) for each in sorted(PHOTOGRAPHS.glob("*.jpg")))
        inputs = torch.from_numpy(np.stack([resizing.resize_floats(each, size, size) for each in floats]))
    elif card.in_channels:
        inputs = torch.rand(1, card.in_channels, size, size) * 2 - 1
    else:
        inputs = torch.randn(16, card.latent_dim)
    beside = {
        "label": torch.arange(len(inputs)) % max(1, len(card.classes)),
        "mask": torch.zeros(len(inputs), 1, size, size),
        "style": torch.rand(1, 3, size, size) * 2 - 1,
    }
    beside["mask"][..., size // 4 : size // 2, size // 4 : size // 2] = 1
    given = {name: beside[name] for name in card.does.inputs}
    before = model(inputs, **given)
    weights_file.load_into(model.generator, weights_file.read(path), str(path))
    after = model(inputs, **given)
    levels = [np.stack([tensors.to_array(one).astype(int) for one in frames(made)]) for made in (before, after)]
    difference = np.abs(levels[0] - levels[1])
    share, most = (difference > 0).mean(), difference.max()
    psnr = 10 * np.log10(255**2 / max(np.square(difference).mean(), 1e-9))
    print(f"{card.weights.dtype} on disk: {share:.3%} of 8-bit values differ, by {most} at most; PSNR {psnr:.1f} dB")
    if psnr < LEAST_PSNR:
        path.unlink()
        raise SystemExit("float16 shows: ship these weights in float32, or train longer.")


def frames(made: torch.Tensor) -> torch.Tensor:
    """Return the frames of clips as pictures (N, C, H, W)."""
    return made.transpose(1, 2).flatten(0, 1) if made.ndim == 5 else made


def write_card(card: Card) -> None:
    """Put the card into registry.json, in place of one of the same name."""
    path = ROOT / "registry.json"
    cards = [one for one in registry.read_registry(path) if one.name != card.name] + [card]
    content = {"format": registry.FORMAT, "cards": [card_to_dict(c) for c in sorted(cards, key=_name)]}
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _name(card: Card) -> str:
    return card.name


if __name__ == "__main__":
    main()
