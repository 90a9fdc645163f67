"""A card in a dozen lines: what `ganzoo info` shows unless it is asked for everything."""

from __future__ import annotations

import re

from ganzoo.cards.card import Card
from ganzoo.cli import output
from ganzoo.weights.readme import allowed_use, duration

SCORES = 2  # shown at most, of those that were measured first
LIMITS = 1  # sentences


def rows(card: Card) -> list[tuple[str, str]]:
    """Return the (name, value) rows of a card that help to decide whether to use it."""
    lines = [
        ("grade", f"{card.grade}. {card.grade_reason}" if card.grade else ""),
        ("task", card.task),
        ("labels", ", ".join(card.classes)),
        ("network", _network(card)),
        ("takes", "; ".join(channel.description for channel in card.input_channels)),
        ("returns", "; ".join(channel.description for channel in card.output_channels)),
        ("trained", _training(card)),
        ("license", f"{card.license}; {allowed_use(card)}"),
        ("paper", card.paper),
        ("scores", _scores(card)),
        ("limits", _first_sentences(card.limits, LIMITS)),
    ]
    return [(name, value) for name, value in lines if value]


def _network(card: Card) -> str:
    size = f"{card.size}, " if card.parameters or card.weights else ""
    count = f", {output.short_count(card.parameters)} parameters" if card.parameters else ""
    return f"{size}{card.entry}{count}" + (f", {card.weights.size}" if card.weights else "")


def _training(card: Card) -> str:
    data = f" on {card.dataset.name}" if card.dataset else ""
    if not (card.training and card.training.recipe):
        return data.removeprefix(" ")
    steps = f"{card.training.steps:,} steps of {card.training.batch_size}"
    return f"by {card.training.recipe}{data}, {steps}, {duration(card.training.seconds)}"


def _scores(card: Card) -> str:
    shown = [
        f"{score.metric} {score.value:.4g}{output.direction_arrow(score.metric)}"
        + (f" ({score.compared})" if score.baselines else "")
        for score in card.scores[:SCORES]
    ]
    more = f"; {len(card.scores) - SCORES} more with --verbose" if len(card.scores) > SCORES else ""
    return ", ".join(shown) + more


def _first_sentences(text: str, count: int) -> str:
    sentences = re.split(r"(?<=[.!?]) +(?=[A-Z])", text)
    more = " More with --verbose." if len(sentences) > count else ""
    return " ".join(sentences[:count]) + more
