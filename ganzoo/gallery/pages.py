"""The gallery's page: a card for each model, grouped by task. It needs no files other than its images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from ganzoo.cards import metric_direction
from ganzoo.cards.card import Card
from ganzoo.cards.licenses import allowed
from ganzoo.cards.protocol import Score
from ganzoo.catalog import tasks
from ganzoo.files.regular import open_regular
from ganzoo.reports import html
from ganzoo.version import __version__
from ganzoo.weights import readme

TITLE = "ganzoo gallery"
SCORES = 4  # shown on a card without a click
_ARROWS = {"higher": "↑", "lower": "↓", "": ""}


@dataclass(frozen=True)
class GalleryImage:
    """A sheet stored next to the page.

    Attributes:
        source: its path relative to the page.
        width, height: in pixels.
        columns, rows: headings above the columns and to the left of the rows.
        note: shown below it.
    """

    source: str
    width: int
    height: int
    columns: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class PageEntry:
    """A model on the page. Without an image, ``error`` says why; "" means that its weights are not on this machine."""

    card: Card
    image: GalleryImage | None = None
    error: str = ""


def write(path: Path, models: Sequence[PageEntry]) -> Path:
    """Write the page atomically and return its path. Raises OutputError."""
    by_task = {task: [one for one in models if one.card.task == task] for task in tasks.names()}
    by_task = {task: entries for task, entries in by_task.items() if entries}
    return html.write(path, TITLE, [_head(by_task), _cards(by_task), _foot()], _STYLE)


def is_gallery(path: Path) -> bool:
    """Return whether a file is a gallery's page."""
    try:
        with open_regular(path) as file:
            return f"<title>{TITLE}</title>".encode() in file.read(1000)
    except OSError:
        return False


def _head(by_task: dict[str, list[PageEntry]]) -> str:
    count = sum(map(len, by_task.values()))
    links = "".join(
        f'<a href="#{task}">{_title(task)} <small>{len(entries)}</small></a>' for task, entries in by_task.items()
    )
    models = "1 model" if count == 1 else f"{count} models"
    note = f"{models}, run by ganzoo {escape(__version__)}. No image is retouched."
    return f'<header><h1>{TITLE}</h1><p class="note">{note}</p><nav>{links}</nav></header>'


def _foot() -> str:
    text = (
        "Scores are comparable only if their protocols match: metric, extractor, images, counts. The license notes are "
        "summaries; only the license text is binding."
    )
    return f'<footer class="note">{text}</footer>'


def _cards(by_task: dict[str, list[PageEntry]]) -> str:
    """Return all models on one grid, grouped by task; the first of each task carries its name as the anchor."""
    cards = []
    for task, (first, *rest) in by_task.items():
        cards += [f'<div id="{task}">{_card(first)}</div>', *(f"<div>{_card(one)}</div>" for one in rest)]
    return f'<main class="cards">{"".join(cards)}</main>'


def _title(task: str) -> str:
    words = task.replace("image-to-image", "image to image").replace("class-conditional", "class conditional")
    return escape(words.replace("-", " ").capitalize())


# ---- a card ----------------------------------------------------------------------------------------------------------


def _card(entry: PageEntry) -> str:
    card = entry.card
    parts = [
        _figure(entry),
        f'<p class="task">{_title(card.task)}</p>',
        f"<h2>{escape(card.name)}</h2>",
        f"<p>{escape(card.summary)}</p>" if card.summary else "",
        f'<p class="chips">{"".join(f"<span>{escape(text)}</span>" for text in _chips(card))}</p>',
        _call(card),
        _scores(card.scores),
        _licenses(card),
        f'<p class="note"><b>Limits.</b> {escape(card.limits)}</p>' if card.limits else "",
        f"<details><summary>Full model card</summary>{html.pairs(dict(readme.facts(card)))}</details>",
    ]
    return f'<article id="{escape(card.name)}">{"".join(parts)}</article>'


def _figure(entry: PageEntry) -> str:
    if entry.image is None:
        return f'<div class="missing">{_missing(entry)}</div>'
    image = entry.image
    heads = "".join(f"<span>{escape(name)}</span>" for name in image.columns)
    heads = f'<div class="heads">{heads}</div>' if heads else ""
    names = "".join(f"<span>{escape(name)}</span>" for name in image.rows)
    names = f'<div class="names">{names}</div>' if names else ""
    alt = f"Images by {entry.card.name}" + (f": {', '.join(image.columns or image.rows)}" if heads or names else "")
    img = (
        f'<img src="{escape(image.source)}" width="{image.width}" height="{image.height}" alt="{escape(alt)}" '
        'loading="lazy">'
    )
    note = f"<figcaption>{escape(image.note)}</figcaption>" if image.note else ""
    return f'<figure>{heads}<div class="sheet">{names}<a href="{escape(image.source)}">{img}</a></div>{note}</figure>'


def _missing(entry: PageEntry) -> str:
    if entry.error:
        return f"<b>No image</b><br>{escape(entry.error)}"
    size = f" ({_size(entry.card)})" if entry.card.weights else ""
    return f"<b>No image</b><br>Its weights are not on this machine. <code>--download</code> downloads them{size}."


def _chips(card: Card) -> Iterator[str]:
    yield f"{card.size}" + (f", enlarges {card.scale} times" if card.scale > 1 else "")
    yield f"{card.parameters:,} parameters" if card.parameters else "no learned parameters"
    if card.weights:
        yield _size(card)
    yield card.entry.partition(":")[2] + (f", {card.paper}" if card.paper else "")
    if card.dataset:
        yield card.dataset.name + (f", {card.dataset.count:,} images" if card.dataset.count else "")


def _size(card: Card) -> str:
    return f"{card.weights.bytes / 1e6:.1f} MB" if card.weights else ""


def _call(card: Card) -> str:
    """Return the command that runs a model; lines break between words only."""
    words = (f"<span>{escape(word)}</span>" for word in readme.command(card).split(" "))
    return f"<pre><code>{' '.join(words)}</code></pre>"


def _licenses(card: Card) -> str:
    rows = {"Weights": card.license}
    if card.dataset:
        rows["Data"] = card.dataset.license
    lines = (f"<dt>{name}</dt><dd>{escape(text)}{_uses(text)}</dd>" for name, text in rows.items())
    return f'<dl class="licenses">{"".join(lines)}</dl>'


def _uses(license: str) -> str:
    uses = allowed(license)
    return f"<small>{escape(uses)}</small>" if uses else ""


def _scores(scores: Sequence[Score]) -> str:
    """Return the first scores; a click shows the others and the protocols, once per group measured alike."""
    if not scores:
        return ""
    groups: dict[str, list[Score]] = {}
    for score in scores:
        groups.setdefault(score.protocol.conditions, []).append(score)
    protocols = "".join(
        f"<dt>{escape(', '.join(map(_describe, group)))}</dt><dd>{escape(conditions)}</dd>"
        for conditions, group in groups.items()
    )
    first, rest = ("".join(map(_score, some)) for some in (scores[:SCORES], scores[SCORES:]))
    others = f"<ul>{rest}</ul>" if rest else ""
    summary = f"{len(scores) - SCORES} more, and how they were measured" if rest else "How they were measured"
    return (
        f'<div class="scores-of"><ul>{first}</ul>'
        f"<details><summary>{summary}</summary>{others}<dl>{protocols}</dl></details></div>"
    )


def _describe(score: Score) -> str:
    return f"{score.metric} ({score.protocol.numbers})" if score.protocol.numbers else score.metric


def _score(score: Score) -> str:
    better = metric_direction.better(score.metric)
    arrow = f' <span class="arrow" title="{better} is better">{_ARROWS[better]}</span>' if better else ""
    bounds = "" if score.low is None or score.high is None else f"{score.low:.4g} to {score.high:.4g}"
    title = f' title="{bounds}"' if bounds else ""
    return f"<li><span><b{title}>{score.value:.4g}</b>{arrow}</span><small>{escape(score.metric)}</small></li>"


_STYLE = """
body { max-width: 96rem; }
nav { display: flex; flex-wrap: wrap; gap: .5rem; margin: 1rem 0 0; }
nav a { padding: .3rem .8rem; border: 1px solid var(--line); border-radius: 99px; background: var(--paper);
  color: inherit; text-decoration: none; } nav a:hover, nav a:focus { border-color: var(--c0); }
nav small { color: var(--dim); }
.cards { display: grid; margin-top: 1.75rem; gap: 1.25rem; align-items: start;
  grid-template-columns: repeat(auto-fill, minmax(min(24rem, 100%), 1fr)); }
article { padding: 1rem; background: var(--paper); border: 1px solid var(--line); border-radius: 12px; min-width: 0; }
article > * { margin: .6rem 0 0; } article > :first-child { margin-top: 0; }
article h2 { margin: 0; overflow-wrap: anywhere; }
article .task { color: var(--c0); font-size: .8rem; } article p { overflow-wrap: anywhere; }
article figure img { display: block; width: 100%; height: auto; }
.sheet { display: flex; gap: .5rem; } .sheet a { flex: 1 1 0; min-width: 0; }
.heads, .names { display: grid; color: var(--dim); font-size: .8rem; }
.heads { grid-auto-flow: column; grid-auto-columns: minmax(0, 1fr); text-align: center; margin-bottom: .25rem; }
.names { grid-auto-rows: minmax(0, 1fr); align-items: center; text-align: right; max-width: 7rem; }
.heads span, .names span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
article figcaption { margin-top: .4rem; }
.missing { padding: 2.5rem 1rem; border: 1px dashed var(--line); border-radius: 8px; color: var(--dim);
  text-align: center; overflow-wrap: anywhere; }
.chips { display: flex; flex-wrap: wrap; gap: .35rem; }
.chips span { padding: .05rem .55rem; border: 1px solid var(--line); border-radius: 99px; font-size: .8rem;
  color: var(--dim); }
pre { padding: .6rem .75rem; border-radius: 8px; background: var(--back); overflow-x: auto; white-space: pre-wrap;
  overflow-wrap: anywhere; } code { font: .82rem/1.45 ui-monospace, monospace; }
code span, .missing code { white-space: nowrap; }
article > .note { margin-top: .6rem; } article dl { margin: 0; } article .licenses { margin-top: .7rem; }
.scores-of ul { margin: 0 0 .3rem; padding: 0; list-style: none; }
.scores-of li { display: grid; grid-template-columns: 6rem 1fr; align-items: baseline; margin: 0; line-height: 1.4; }
.scores-of details ul { margin-top: .3rem; }
.scores-of b { font-variant-numeric: tabular-nums; } .scores-of small, .licenses small { color: var(--dim);
  font-size: .8rem; overflow-wrap: anywhere; }
.scores-of dl { display: block; font-size: .8rem; } .scores-of dd { margin: 0 0 .4rem; font-size: .8rem;
  overflow-wrap: anywhere; } .scores-of dt { margin-top: .3rem; overflow-wrap: anywhere; }
.licenses { display: grid; grid-template-columns: max-content 1fr; gap: .2rem .75rem; }
.licenses dd { font-size: .9rem; overflow-wrap: anywhere; } .licenses small { display: block; }
article details th { width: 8rem; } body > footer.note { margin-top: 2.5rem; }
"""
