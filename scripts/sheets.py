"""Write docs/sheets/: the results of every translation model on twelve held-out images, good or bad.

    python scripts/sheets.py sets/                       (sets/ holds the datasets)
    python scripts/sheets.py sets/ 'cyclegan/*'

The twelve are not cherry-picked: they are spaced evenly over the sorted names. Each is followed by the model's result,
one for each label if it takes one, and by the ground truth if the dataset has pairs.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

import ganzoo
from ganzoo import catalog
from ganzoo.cards import registry
from ganzoo.cards.card import Card
from ganzoo.data.preprocessing import to_floats
from ganzoo.evaluation.samples.image_sources import open_domains, open_pairs, open_sides
from ganzoo.evaluation.samples.reading import Reading
from ganzoo.files.atomic import replacing
from ganzoo.image_io import tensors

ROOT = Path(__file__).parent.parent
COUNT, COLUMNS = 12, 3
CELL = 128  # pixels a side
GAP = 8  # between groups of an input and its results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, help="folder that holds the datasets")
    parser.add_argument("pattern", nargs="?", default="*")
    arguments = parser.parse_args()
    facts = json.loads((ROOT / "scripts" / "bundled.json").read_text(encoding="utf-8"))
    for card in registry.read_registry(ROOT / "registry.json"):
        calls = [call for call in facts.get(card.name, {}).get("evaluate", ()) if call["data"]]
        if calls and "image-to-image" in card.task and fnmatch.fnmatch(card.name, arguments.pattern):
            path = ROOT / "docs" / "sheets" / f"{card.name.replace('/', '-')}.jpg"
            path.parent.mkdir(exist_ok=True)
            with replacing(path) as temporary:
                sheet([list(row) for row in rows(card, calls, arguments.sets)]).save(temporary, "JPEG", quality=80)
            print(path.relative_to(ROOT))


def rows(card: Card, calls: list[dict[str, Any]], sets: Path) -> Iterator[Iterator[Image.Image]]:
    """Yield the images of each group: an input, its results and its ground truth."""
    call = calls[0]
    turned = card.training is not None and card.training.options.get("direction") == "right-to-left"
    side = call.get("inputs", "B" if turned else "A")
    reading = Reading(card.image_size, validation=call["validation"], inputs=side)
    paths = [str(sets / each) for each in call["data"]]
    truth = None
    if "label" in call:
        inputs = open_domains(paths, call["label"], reading)[0]
    elif card.training and catalog.find(f"recipe:{card.training.recipe}").data == "paired":
        inputs, truth = open_pairs(paths, reading)
    else:
        inputs = open_sides(paths, reading)[0]
    places = spread(len(inputs))
    model = ganzoo.load(card.name, "cpu", engine="torch")
    for place, pixels in zip(places, inputs.some(places), strict=True):
        conditioning = [{"label": each["label"]} for each in calls] if "label" in call else [{}]
        before = tensors.to_pil(to_floats(pixels))
        translated = (model.translate(before, **values) for values in conditioning)
        group = [before, *translated, *([tensors.to_pil(to_floats(truth.some([place])[0]))] if truth else [])]
        yield (each.convert("RGB").resize((CELL, CELL), Image.Resampling.LANCZOS) for each in group)


def spread(count: int) -> list[int]:
    """Return twelve evenly spaced indices below ``count``, or all of them if there are fewer."""
    chosen = min(COUNT, count)
    return [(2 * number + 1) * count // (2 * chosen) for number in range(chosen)]


def sheet(groups: list[list[Image.Image]]) -> Image.Image:
    """Arrange groups of images in columns with white gaps."""
    width, lines = len(groups[0]) * CELL, -(-len(groups) // COLUMNS)
    whole = Image.new("RGB", (COLUMNS * (width + GAP) - GAP, lines * (CELL + GAP) - GAP), "white")
    for number, group in enumerate(groups):
        line, column = divmod(number, COLUMNS)
        for place, one in enumerate(group):
            whole.paste(one, (column * (width + GAP) + place * CELL, line * (CELL + GAP)))
    return whole


if __name__ == "__main__":
    main()
