"""Update the tables of models in README.md and docs, and their images, from the registry and the weights.

python scripts/readme.py               update the tables
python scripts/readme.py --pictures    also run the bundled models and write docs/pictures
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

import ganzoo
from ganzoo.cards import registry
from ganzoo.cards.card import Card
from ganzoo.cards.protocol import Score
from ganzoo.cli.output import direction_arrow
from ganzoo.evaluation import floors
from ganzoo.files.atomic import replacing
from ganzoo.gallery import gallery_items, sheets
from ganzoo.image_io import encoding, grids
from ganzoo.loading import example_inputs

ROOT = Path(__file__).parent.parent
WIDTH = 360  # pixels, of a model's image; shown at half this width
START, END = "<!-- models, by scripts/readme.py -->\n", "<!-- end of models -->"


def table() -> str:
    """Return the table of all models, in Markdown, for docs/models.md."""
    lines = ["| model | | grade | facts |", "|---|---|---|---|"]
    for card in registry.cards():
        facts = (
            f"`{card.name}`<br>{card.summary}",
            image(card, "pictures"),
            f"**{card.grade}**: {card.grade_reason}",
            "<br>".join(facts_of(card)),
        )
        lines.append(f"| {' | '.join(facts)} |")
    return "\n".join(lines) + "\n"


def facts_of(card: Card) -> Iterator[str]:
    """Yield what it was trained on, its size, license, paper and first score."""
    if card.dataset:
        yield f"on {card.dataset.name}"
    if card.parameters:
        yield f"{card.size}, {card.parameters:,} parameters, {file_size(card)}"
    if card.scores:
        yield first_score(card)
    yield card.license
    if card.paper:
        yield card.paper


def recommended_table() -> str:
    """Return the table of the models that are worth using, in Markdown, for README.md."""
    lines = [
        "| model | | what it does, and how well | score; without the model | file | license |",
        "|---|---|---|---|---|---|",
    ]
    for card in registry.cards():
        if card.grade == "recommended":
            what = f"{card.summary}. {card.grade_reason}"
            score = first_score(card)
            facts = (f"`{card.name}`", image(card, "docs/pictures"), what, score, file_size(card), card.license)
            lines.append(f"| {' | '.join(facts)} |")
    return "\n".join(lines) + "\n"


def scores_table() -> str:
    """Return the table of all scores with what needs no model, in Markdown, for docs/families/scores.md."""
    lines = [
        "| model | metric | images | score | 95 % | without the model | real images |",
        "|---|---|---|---|---|---|---|",
    ]
    for card in registry.cards():
        for score in card.scores:
            without = {name: value for name, value in score.baselines.items() if name != floors.NAME}
            facts = (
                f"`{card.name}`",
                f"{score.metric}{direction_arrow(score.metric)}",
                f"{score.protocol.generated.count:,}",
                f"{score.value:.4g}",
                interval(score),
                ", ".join(f"{name} {value:.4g}" for name, value in without.items()),
                f"{score.baselines[floors.NAME]:.4g}" if floors.NAME in score.baselines else "",
            )
            lines.append(f"| {' | '.join(facts)} |")
        if not card.scores:
            lines.append(f"| `{card.name}` | none | | | | | |")
    return "\n".join(lines) + "\n"


def first_score(card: Card) -> str:
    """Return the first score of a card, and in brackets what needs no model."""
    if not card.scores:
        return ""
    score = card.scores[0]
    without = f"; {score.compared}" if score.baselines else ""
    return f"{score.metric} {score.value:.4g}{direction_arrow(score.metric)}{without}"


def interval(score: Score) -> str:
    """Return the ends of a score's 95 % interval."""
    return "" if score.bounds is None else "{:.4g} to {:.4g}".format(*score.bounds)


def image(card: Card, folder: str) -> str:
    """Return the image of a model that lies below ``folder``, in HTML."""
    return f'<img src="{folder}/models/{image_name(card)}" width="{WIDTH // 2}">'


def file_size(card: Card) -> str:
    """Return the size of a model's weights."""
    return card.weights.size if card.weights else "none"


def image_name(card: Card) -> str:
    """Return the file name of a model's image."""
    return f"{card.name.replace('/', '-')}.webp"


def write_tables() -> None:
    """Write each table between its markers."""
    for path, content in tables().items():
        text = path.read_text(encoding="utf-8")
        before, rest = text.split(START)
        after = rest.partition(END)[2]
        with replacing(path) as temporary:
            temporary.write_text(before + START + content + END + after, encoding="utf-8")


def tables() -> dict[Path, str]:
    """Return the files that have a table, each with its table."""
    return {
        ROOT / "README.md": recommended_table(),
        ROOT / "docs" / "models.md": table(),
        ROOT / "docs" / "families" / "scores.md": scores_table(),
    }


def write_images() -> None:
    """Write docs/pictures: a few large results, and a small image of every model."""
    folder = ROOT / "docs" / "pictures"
    for card in registry.cards():
        model = ganzoo.load(card.name, "cpu", engine="torch")
        item = gallery_items.build_item(model, example_inputs.find(card))
        frames = sheets.render(dataclasses.replace(item, cells=item.cells[: 1 if card.in_channels else 6]))
        small = [one.resize((WIDTH, max(1, one.height * WIDTH // one.width))) for one in frames]
        path = folder / "models" / image_name(card)
        path.parent.mkdir(exist_ok=True)
        small[0].save(path, quality=80, save_all=True, append_images=small[1:], duration=125, loop=0)
    write_before_after("cyclegan/horse2zebra", "two-horses.jpg", folder / "zebra.jpg", size=160)
    grid = grids.grid(ganzoo.load("dcgan/fashion-mnist").generate(48, seed=1), columns=12)
    encoding.save(grid.resize((2 * grid.width, 2 * grid.height), Image.Resampling.NEAREST), folder / "clothes.png")


def write_before_after(name: str, example: str, target: Path, size: int | str = "auto") -> None:
    """Write an example and its translation by the model ``name`` at working size ``size``, side by side."""
    before = Image.open(ROOT / "examples" / example).convert("RGB")
    after = ganzoo.load(name).translate(before, size)
    encoding.save(grids.grid([before, after], columns=2), target)


if __name__ == "__main__":
    write_tables()
    if "--pictures" in sys.argv:
        write_images()
