"""Show what every translation model makes of twelve pictures that training kept out, good or bad, as docs/sheets/.

    python scripts/sheets.py sets/                       (sets/ holds the data sets)
    python scripts/sheets.py sets/ 'cyclegan/*'

Which twelve is not chosen by eye: they are spread evenly over the names. Each is followed by what the model makes of
it, for each label where it takes one, and of a pair by its true counterpart.
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
from ganzoo.data.decode import to_floats
from ganzoo.evaluation.image_sources import open_domains, open_pairs, open_sides
from ganzoo.evaluation.reading import Reading
from ganzoo.files.atomic import replacing
from ganzoo.image_io import tensors

ROOT = Path(__file__).parent.parent
COUNT, COLUMNS = 12, 3
CELL = 128  # pixels a side
GAP = 8  # between inputs with what is made of them


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, help="the folder that holds the data sets")
    parser.add_argument("pattern", nargs="?", default="*")
    given = parser.parse_args()
    facts = json.loads((ROOT / "scripts" / "bundled.json").read_text(encoding="utf-8"))
    for card in registry.read_registry(ROOT / "registry.json"):
        calls = [call for call in facts.get(card.name, {}).get("evaluate", ()) if call["data"]]
        if calls and "image-to-image" in card.task and fnmatch.fnmatch(card.name, given.pattern):
            path = ROOT / "docs" / "sheets" / f"{card.name.replace('/', '-')}.jpg"
            path.parent.mkdir(exist_ok=True)
            with replacing(path) as temporary:
                sheet([list(row) for row in rows(card, calls, given.sets)]).save(temporary, "JPEG", quality=80)
            print(path.relative_to(ROOT))


def rows(card: Card, calls: list[dict[str, Any]], sets: Path) -> Iterator[Iterator[Image.Image]]:
    """Yield for each of the twelve inputs the pictures that belong to it."""
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
    for place, given in zip(places, inputs.some(places), strict=True):
        beside = [{"label": each["label"]} for each in calls] if "label" in call else [{}]
        before = tensors.to_pil(to_floats(given))
        made = (model.translate(before, **more) for more in beside)
        shown = [before, *made, *([tensors.to_pil(to_floats(truth.some([place])[0]))] if truth else [])]
        yield (each.convert("RGB").resize((CELL, CELL), Image.Resampling.LANCZOS) for each in shown)


def spread(count: int) -> list[int]:
    """Return twelve places among ``count``, as far from one another as can be; all of them where there are fewer."""
    shown = min(COUNT, count)
    return [(2 * number + 1) * count // (2 * shown) for number in range(shown)]


def sheet(groups: list[list[Image.Image]]) -> Image.Image:
    """Lay groups of pictures out in columns, a little white between them."""
    width, lines = len(groups[0]) * CELL, -(-len(groups) // COLUMNS)
    whole = Image.new("RGB", (COLUMNS * (width + GAP) - GAP, lines * (CELL + GAP) - GAP), "white")
    for number, group in enumerate(groups):
        line, column = divmod(number, COLUMNS)
        for place, one in enumerate(group):
            whole.paste(one, (column * (width + GAP) + place * CELL, line * (CELL + GAP)))
    return whole


if __name__ == "__main__":
    main()
