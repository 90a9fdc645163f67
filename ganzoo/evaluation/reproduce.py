"""Published scores, measured again according to their protocols: `ganzoo eval --registry`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.cards import protocol, registry
from ganzoo.cards.card import Card
from ganzoo.cards.protocol import Score
from ganzoo.errors import DataError, RegistryError, UnknownName, suggest
from ganzoo.evaluation import options
from ganzoo.evaluation.evaluate import evaluate
from ganzoo.evaluation.samples.features import Progress

TOLERANCE = 0.01  # of a value: what other hardware and other versions of the libraries may change


@dataclass(frozen=True)
class Reproduction:
    """One published score and the same score measured now.

    Attributes:
        model: Name of the model.
        published: The score on its card.
        now: The score measured now.
        unlike: Field -> published and present value, if the protocols do not compare (other images, other weights).
    """

    model: str
    published: Score
    now: Score
    unlike: dict[str, tuple[Any, Any]]

    @property
    def agrees(self) -> bool:
        """Whether the protocols compare, and the values differ by 1 % at most."""
        apart = abs(self.now.value - self.published.value)
        return not self.unlike and apart <= TOLERANCE * max(abs(self.published.value), 1e-9)


def reproduce(
    pattern: str,
    sets: Sequence[str],
    metrics: Sequence[str] = (),
    device: str = "auto",
    on_progress: Progress = lambda _: None,
    on_remaining: Progress = lambda _: None,
) -> Iterator[Reproduction]:
    """Measure the scores of all cards that match ``pattern`` again, and yield each with its published value.

    Args:
        pattern: Names of models, as "cyclegan/*".
        sets: Folders that contain the data sets, or the data sets themselves.
        metrics: Only these, by their full names.
        device: Where to compute.
        on_progress: Called with a number of images whenever that many are processed.
        on_remaining: Called with the number of images that are still expected of one model.

    Raises:
        UnknownName: no card matches, or none has scores.
        DataError: a data set is not found.
    """
    cards = [card for card in registry.cards(pattern) if _choose(card, metrics)]
    if not cards:
        hint = suggest(pattern, registry.list_models())
        raise UnknownName(f"No model that matches '{pattern}' has these scores.{hint} `ganzoo list` shows the models.")
    for card in cards:
        for scores in _group(_choose(card, metrics)):
            yield from _reproduce(card, scores, sets, device, on_progress, on_remaining)


def _choose(card: Card, metrics: Sequence[str]) -> list[Score]:
    return [score for score in card.scores if score.protocol.call and (not metrics or score.metric in metrics)]


def _group(scores: Sequence[Score]) -> list[list[Score]]:
    """Group the scores that one evaluation measures: their images and features are computed once for all."""
    groups: dict[str, list[Score]] = {}
    for score in scores:
        alike = {name: value for name, value in score.protocol.call.items() if name != "metrics"}
        groups.setdefault(json.dumps(alike, sort_keys=True), []).append(score)
    return list(groups.values())


def _reproduce(
    card: Card,
    scores: list[Score],
    sets: Sequence[str],
    device: str,
    on_progress: Progress,
    on_remaining: Progress,
) -> Iterator[Reproduction]:
    for score in scores:
        _check_call(score.protocol.call, card)
    call = {**scores[0].protocol.call, "metrics": [name for one in scores for name in one.protocol.call["metrics"]]}
    data, train = ([_find(name, sets, card) for name in call.pop(key, [])] for key in ("data", "train"))
    evaluation = evaluate(
        card.name, data, train=train, device=device, on_progress=on_progress, on_remaining=on_remaining, **call
    )
    now = {score.metric: score for score in evaluation.scores}
    for published in scores:
        score = now[published.metric]
        yield Reproduction(card.name, published, score, protocol.differences(published.protocol, score.protocol))


def _check_call(call: Mapping[str, Any], card: Card) -> None:
    """Raise RegistryError for a call with anything but options of measuring: a card is data that others wrote."""
    lists = [call.get(key, []) for key in ("data", "train", "metrics")]
    fits = all(isinstance(each, list) and all(isinstance(name, str) for name in each) for each in lists)
    wrong = sorted(set(call) - {"data", "metrics", *options.names()})
    if wrong or not fits or "metrics" not in call:
        reason = (
            f"has '{wrong[0]}', which is not an option of measuring" if wrong else "lists no metrics or data by name"
        )
        raise RegistryError(f"{card.name}: the call that its scores were measured by {reason}. Correct its registry.")


def _find(name: str, sets: Sequence[str], card: Card) -> str:
    """Return the path of a data set by the name of its file. Raises DataError."""
    for place in map(Path, sets):
        for path in (place / name, place):
            if path.name == name and path.exists():
                return str(path)
    origin = f" ({card.dataset.url})" if card.dataset and card.dataset.url else ""
    raise DataError(
        f"{card.name} was scored on '{name}'{origin}, which is not in {', '.join(sets) or 'any --data'}. "
        "Give the folder that contains it: --data FOLDER."
    )
