"""Several models' scores side by side: only those that were measured alike stand in one row.

No torch here: `ganzoo compare` reads cards and JSON.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.cards import metric_direction
from ganzoo.cards.protocol import Protocol, Score, differences, score_from_dict
from ganzoo.errors import ProtocolError, RegistryError, UnknownName, suggest


@dataclass(frozen=True)
class Row:
    """A metric's scores by model, all measured alike; a model that lacks it has none here.

    better  "higher" or "lower", "" where that is not known
    best    the models with the best value; none where the direction is unknown, or where only one model was measured
    sure    no other model's interval reaches into the best one's
    """

    metric: str
    scores: Mapping[str, Score]
    better: str
    best: tuple[str, ...]
    sure: bool

    @property
    def protocol(self) -> Protocol:
        """How the row's scores were measured; seeds, devices and versions are the first model's."""
        return next(iter(self.scores.values())).protocol


@dataclass(frozen=True)
class Table:
    """Rows of metrics, columns of ``models``."""

    models: tuple[str, ...]
    rows: tuple[Row, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the table as JSON holds it, every score with its protocol."""
        rows = [
            {
                "metric": row.metric,
                "better": row.better,
                "best": list(row.best),
                "sure": row.sure,
                "scores": {model: score.to_dict() for model, score in row.scores.items()},
            }
            for row in self.rows
        ]
        return {"models": list(self.models), "metrics": rows}


@dataclass(frozen=True)
class _Unlike:
    """Two models whose scores of one metric do not compare, and field -> both values."""

    models: tuple[str, str]
    fields: Mapping[str, tuple[Any, Any]]


# ---- comparing -------------------------------------------------------------------------------------------------------


def compare(models: Mapping[str, Sequence[Score]], metrics: Sequence[str] = ()) -> Table:
    """Return the models' scores as a table of ``metrics``, or of all there are.

    A model may have several scores of a metric: those are taken that the other models have measured alike.
    Raises ProtocolError where a metric was measured under unlike protocols, with every field that differs, or where
    a model shares no metric with any other; UnknownName for a metric that no model has.
    """
    config = _asked(models, metrics)
    _require_shared(models, config)
    rows: list[Row] = []
    unlike: dict[str, _Unlike] = {}
    for metric in config:
        having = {name: [s for s in scores if s.metric == metric] for name, scores in models.items()}
        having = {name: scores for name, scores in having.items() if scores}
        alike = list(_alike(having))
        rows += [_row(metric, scores) for scores in alike]
        if not alike:
            unlike[metric] = _first_unlike(having)
    if unlike:
        raise ProtocolError(_explain(unlike, [row.metric for row in rows if len(row.scores) > 1]))
    return Table(tuple(models), tuple(rows))


def _asked(models: Mapping[str, Sequence[Score]], metrics: Sequence[str]) -> list[str]:
    """Return the table's metrics in the order asked, or else in that of the scores; "fd" stands for every "fd-..."."""
    known = list(dict.fromkeys(score.metric for scores in models.values() for score in scores))
    chosen: list[str] = []
    for name in metrics:
        meant = [metric for metric in known if metric == name or metric.startswith(f"{name}-")]
        if not meant:
            has = f"They have {', '.join(known)}." if known else "They have none: `ganzoo eval` measures some."
            raise UnknownName(f"No score of these models is called '{name}'.{suggest(name, known)} {has}")
        chosen += meant
    return list(dict.fromkeys(chosen)) or known


def _require_shared(models: Mapping[str, Sequence[Score]], config: Sequence[str]) -> None:
    """Raise ProtocolError for a model that has none of the metrics in common with any other."""
    every = {name: list(dict.fromkeys(score.metric for score in scores)) for name, scores in models.items()}
    for name, own in every.items():
        others = {metric for other, theirs in every.items() if other != name for metric in theirs}
        if others & set(own) & set(config):
            continue
        rest = next(other for other in every if other != name) if len(every) == 2 else "any other"
        what = f"none of {', '.join(config)}" if others & set(own) else "no metric"
        raise ProtocolError(
            f"{name} shares {what} with {rest}, so there is nothing to compare.\n"
            + "\n".join(f"  {model}: {', '.join(has) or 'no scores'}" for model, has in every.items())
            + "\nMeasure them with the same options: `ganzoo eval REF --data FOLDER --metrics NAMES -o FILE.json`."
        )


def _alike(having: Mapping[str, Sequence[Score]]) -> Iterator[dict[str, Score]]:
    """Yield, for each of the first model's scores, those of the others that compare with it, where all have one."""
    first, *_ = having
    kept: list[Score] = []
    for score in having[first]:
        if any(not differences(score.protocol, other.protocol) for other in kept):
            continue  # the same measured again, with another seed
        kept.append(score)
        row = {name: _like(score, scores) for name, scores in having.items()}
        if all(row.values()):
            yield {name: found for name, found in row.items() if found}


def _like(score: Score, scores: Sequence[Score]) -> Score | None:
    return next((other for other in scores if not differences(score.protocol, other.protocol)), None)


def _first_unlike(having: Mapping[str, Sequence[Score]]) -> _Unlike:
    """Return the first pair of models without a score in common, with the fewest fields that differ between two."""
    names = list(having)
    pairs = [(a, b) for n, a in enumerate(names) for b in names[n + 1 :]]
    one, other = next((pair for pair in pairs if not any(_like(s, having[pair[1]]) for s in having[pair[0]])), pairs[0])
    found = (differences(a.protocol, b.protocol) for a in having[one] for b in having[other])
    return _Unlike((one, other), min((fields for fields in found if fields), key=len))


def _explain(unlike: Mapping[str, _Unlike], alike: Sequence[str]) -> str:
    """Return the message: for each metric, or several that differ alike, every field with both values."""
    lines = ["Scores that were not measured alike do not compare."]
    reported: list[_Unlike] = []
    for one in unlike.values():
        if one in reported:
            continue
        reported.append(one)
        metrics = ", ".join(metric for metric, other in unlike.items() if other == one)
        lines.append(f"{metrics} of {one.models[0]} and of {one.models[1]} differ in")
        lines += [f"  {field}: {_said(a)} and {_said(b)}" for field, (a, b) in one.fields.items()]
    leave = f", or leave out what differs: --metrics {','.join(dict.fromkeys(alike))}" if alike else ""
    return "\n".join([*lines, f"Measure both again with the same options of `ganzoo eval`{leave}."])


def _said(value: Any) -> str:
    """Return a protocol's value for people: a hash by its first digits."""
    if isinstance(value, str) and len(value) == 64 and " " not in value:
        return f"'{value[:12]}…'"
    return "nothing stated" if value in (None, "") else repr(value)


# ---- rows ------------------------------------------------------------------------------------------------------------


def _row(metric: str, scores: Mapping[str, Score]) -> Row:
    better = metric_direction.better(metric)
    best = _best(scores, better) if len(scores) > 1 else ()
    return Row(metric, scores, better, best, _sure(scores, best))


def _best(scores: Mapping[str, Score], better: str) -> tuple[str, ...]:
    values = {name: score.value for name, score in scores.items() if math.isfinite(score.value)}
    if not better or not values:
        return ()
    top = max(values.values()) if better == "higher" else min(values.values())
    return tuple(name for name, value in values.items() if value == top)


def _sure(scores: Mapping[str, Score], best: Sequence[str]) -> bool:
    """Tell whether the intervals, where there are any, keep the best apart from the others."""
    first = [_bounds(scores[name]) for name in best]
    others = [_bounds(score) for name, score in scores.items() if name not in best]
    return not any(low <= end and start <= high for low, high in first for start, end in others)


def _bounds(score: Score) -> tuple[float, float]:
    low, high = score.low, score.high
    return score.value if low is None else low, score.value if high is None else high


# ---- reading ---------------------------------------------------------------------------------------------------------


def read(path: Path) -> tuple[str, tuple[Score, ...]]:
    """Return the model's name and its scores out of a file that `ganzoo eval` wrote.

    Raises RegistryError that says what is wrong with the file.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RegistryError(f"There is no file {path}. Give one that `ganzoo eval` wrote, or a model.") from error
    except OSError as error:
        raise RegistryError(
            f"{path} cannot be read: {error.strerror}. Give a file that `ganzoo eval` wrote."
        ) from error
    except (ValueError, RecursionError) as error:
        raise RegistryError(f"{path} is no JSON: {error}. Give a file that `ganzoo eval` wrote.") from error
    if not isinstance(content, dict) or not isinstance(content.get("scores"), list):
        raise RegistryError(
            f'{path} holds no evaluation, which is {{"model": ..., "data": ..., "scores": [...]}}. '
            "Write one by `ganzoo eval`."
        )
    if not isinstance(content.get("model"), str) or not content["model"]:
        raise RegistryError(f"{path}: 'model' should be the name of what was judged. Write the file by `ganzoo eval`.")
    scores = (score_from_dict(one, f"{path}: score {n}") for n, one in enumerate(content["scores"], 1))
    return content["model"], tuple(scores)
