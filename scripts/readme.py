"""Bring the README's table of models, and its pictures, up to date with the registry and the weights.

python scripts/readme.py               the table
python scripts/readme.py --pictures    docs/pictures as well: what the bundled models make of the examples
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

import ganzoo
from ganzoo import images, registry
from ganzoo.files import replacing

ROOT = Path(__file__).parent.parent
START, END = "<!-- models, by scripts/readme.py -->\n", "<!-- end of models -->"


def table() -> str:
    """Return the table of the registry's models, in Markdown."""
    lines = [
        "| model | what | trained on | size | parameters | file | score | licence |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for card in registry.cards():
        score = f"{card.scores[0].metric} {card.scores[0].value:g}" if card.scores else ""
        facts = (
            f"`{card.name}`",
            card.summary,
            card.dataset.name,
            card.size,
            f"{card.parameters:,}",
            f"{card.weights.bytes / 1e6:.1f} MB",
            score,
            card.license,
        )
        lines.append(f"| {' | '.join(facts)} |")
    return "\n".join(lines) + "\n"


def write_table() -> None:
    """Put the table between its marks in README.md."""
    path = ROOT / "README.md"
    text = path.read_text(encoding="utf-8")
    before, rest = text.split(START)
    after = rest.partition(END)[2]
    with replacing(path) as temporary:
        temporary.write_text(before + START + table() + END + after, encoding="utf-8")


def write_pictures() -> None:
    """Make docs/pictures: an example and its translation side by side, and a grid of generated pictures."""
    folder = ROOT / "docs" / "pictures"
    beside("cyclegan/horse2zebra", "horses.jpg", folder / "zebra.jpg")
    beside("patchgan/facades", "facade-labels.png", folder / "facade.jpg")
    grid = images.grid(ganzoo.load("dcgan/fashion-mnist").generate(48, seed=1), columns=12)
    images.save(grid.resize((2 * grid.width, 2 * grid.height), Image.Resampling.NEAREST), folder / "clothes.png")


def beside(name: str, example: str, target: Path) -> None:
    """Write an example picture and what the model ``name`` makes of it, side by side."""
    before = Image.open(ROOT / "examples" / example).convert("RGB")
    after = ganzoo.load(name).translate(before)
    images.save(images.grid([before, after], columns=2), target)


if __name__ == "__main__":
    write_table()
    if "--pictures" in sys.argv:
        write_pictures()
