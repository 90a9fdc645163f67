"""Update the README's table of models and its images from the registry and the weights.

python scripts/readme.py               update the table
python scripts/readme.py --pictures    also run the bundled models and write docs/pictures
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from PIL import Image

import ganzoo
from ganzoo.cards import registry
from ganzoo.cards.card import Card
from ganzoo.files.atomic import replacing
from ganzoo.gallery import examples, gallery_items, sheets
from ganzoo.image_io import encoding, grids

ROOT = Path(__file__).parent.parent
WIDTH = 360  # pixels, of a model's image; shown at half this width
START, END = "<!-- models, by scripts/readme.py -->\n", "<!-- end of models -->"


def table() -> str:
    """Return the table of the registry's models, in Markdown."""
    lines = [
        "| model | | what | paper | trained on | size | parameters | file | score | license |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for card in registry.cards():
        score = f"{card.scores[0].metric} {card.scores[0].value:g}" if card.scores else ""
        facts = (
            f"`{card.name}`",
            f'<img src="docs/pictures/models/{image_name(card)}" width="{WIDTH // 2}">',
            card.summary,
            card.paper.removeprefix("arXiv:"),
            card.dataset.name if card.dataset else "",
            card.size if card.parameters else "any",
            f"{card.parameters:,}",
            f"{card.weights.bytes / 1e6:.1f} MB" if card.weights else "none",
            score,
            card.license,
        )
        lines.append(f"| {' | '.join(facts)} |")
    return "\n".join(lines) + "\n"


def image_name(card: Card) -> str:
    """Return the file name of a model's image."""
    return f"{card.name.replace('/', '-')}.webp"


def write_table() -> None:
    """Write the table between its markers in README.md."""
    path = ROOT / "README.md"
    text = path.read_text(encoding="utf-8")
    before, rest = text.split(START)
    after = rest.partition(END)[2]
    with replacing(path) as temporary:
        temporary.write_text(before + START + table() + END + after, encoding="utf-8")


def write_images() -> None:
    """Write docs/pictures: a few large results, and a small image of every model."""
    folder = ROOT / "docs" / "pictures"
    facades = examples.parse_example(f"pix2pix/*={ROOT / 'examples' / 'facade-labels.png'}")
    for card in registry.cards():
        model = ganzoo.load(card.name, "cpu", engine="torch")
        item = gallery_items.build_item(model, examples.find(card, [facades]))
        frames = sheets.render(dataclasses.replace(item, cells=item.cells[: 1 if card.in_channels else 6]))
        small = [one.resize((WIDTH, max(1, one.height * WIDTH // one.width))) for one in frames]
        path = folder / "models" / image_name(card)
        path.parent.mkdir(exist_ok=True)
        small[0].save(path, quality=80, save_all=True, append_images=small[1:], duration=125, loop=0)
    write_before_after("cyclegan/horse2zebra", "horses.jpg", folder / "zebra.jpg", size=192)
    write_before_after("pix2pix/facades", "facade-labels.png", folder / "facade.jpg")
    grid = grids.grid(ganzoo.load("dcgan/fashion-mnist").generate(48, seed=1), columns=12)
    encoding.save(grid.resize((2 * grid.width, 2 * grid.height), Image.Resampling.NEAREST), folder / "clothes.png")


def write_before_after(name: str, example: str, target: Path, size: int | str = "auto") -> None:
    """Write an example and its translation by the model ``name`` at working size ``size``, side by side."""
    before = Image.open(ROOT / "examples" / example).convert("RGB")
    after = ganzoo.load(name).translate(before, size)
    encoding.save(grids.grid([before, after], columns=2), target)


if __name__ == "__main__":
    write_table()
    if "--pictures" in sys.argv:
        write_images()
