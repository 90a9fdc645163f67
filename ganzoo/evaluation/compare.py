"""Scores of several models side by side: only those measured under equal protocols share a row.

Nothing here imports torch: `ganzoo compare` reads cards and JSON.
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
from ganzoo.files.regular import read_text


@dataclass(frozen=True)
class Row:
    """Scores of one metric by model, all measured under equal protocols; models without the metric are not in it.

    Attributes:
        metric: Its full name.
        scores: Model -> score.
        better: "higher" or "lower"; "" if unknown.
        best: The models with the best value; () if the direction is unknown, or only one model was measured.
        sure: No other model's interval overlaps the best one's.
    """

    metric: str
    scores: Mapping[str, Score]
    better: str
    best: tuple[str, ...]
    sure: bool

    @property
    def baselines(self) -> dict[str, float]:
        """Name -> value of what needs no model, as the first model that has it was measured with it."""
        return {
            name: value for score in reversed(list(self.scores.values())) for name, value in score.baselines.items()
        }

    @property
    def protocol(self) -> Protocol:
        """How the scores were measured; seeds, devices and versions are those of the first model."""
        return next(iter(self.scores.values())).protocol


@dataclass(frozen=True)
class Table:
    """Rows of metrics, columns of ``models``."""

    models: tuple[str, ...]
    rows: tuple[Row, ...]

    def _repr_html_(self) -> str:
        """Return what notebooks show: a table whose sure winners are bold."""
        from ganzoo.pages.rendering import render

        return str(render("notebook_comparison.html", table=self))

    def to_dict(self) -> dict[str, Any]:
        """Return the table as JSON stores it, every score with its protocol."""
        rows = [
            {
                "metric": row.metric,
                "better": row.better,
                "best": list(row.best),
                "sure": row.sure,
                "baselines": row.baselines,
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
    """Return the models' scores as a table of ``metrics``, or of all metrics.

    If a model has several scores of a metric, those with the same protocol as the other models' are taken.

    Raises:
        ProtocolError: a metric was measured under different protocols, with every field that differs, or a model
            shares no metric with any other.
        UnknownName: no model has one of the metrics.
    """
    requested = _expand(models, metrics)
    _require_shared(models, requested)
    rows: list[Row] = []
    unlike: dict[str, _Unlike] = {}
    for metric in requested:
        having = {name: [s for s in scores if s.metric == metric] for name, scores in models.items()}
        having = {name: scores for name, scores in having.items() if scores}
        comparable = list(_find_comparable(having))
        rows += [_build_row(metric, scores) for scores in comparable]
        if not comparable:
            unlike[metric] = _first_unlike(having)
    if unlike:
        raise ProtocolError(_explain(unlike, [row.metric for row in rows if len(row.scores) > 1]))
    return Table(tuple(models), tuple(rows))


def _expand(models: Mapping[str, Sequence[Score]], metrics: Sequence[str]) -> list[str]:
    """Return the full names of ``metrics`` in their order, or of all scores; "fd" stands for every "fd-..."."""
    known = list(dict.fromkeys(score.metric for scores in models.values() for score in scores))
    chosen: list[str] = []
    for name in metrics:
        matching = [metric for metric in known if metric == name or metric.startswith(f"{name}-")]
        if not matching:
            has = f"They have {', '.join(known)}." if known else "They have none: measure some with `ganzoo eval`."
            raise UnknownName(f"No score of these models is called '{name}'.{suggest(name, known)} {has}")
        chosen += matching
    return list(dict.fromkeys(chosen)) or known


def _require_shared(models: Mapping[str, Sequence[Score]], requested: Sequence[str]) -> None:
    """Raise ProtocolError for a model that has none of the metrics in common with any other."""
    every = {name: list(dict.fromkeys(score.metric for score in scores)) for name, scores in models.items()}
    for name, own in every.items():
        others = {metric for other, theirs in every.items() if other != name for metric in theirs}
        if others & set(own) & set(requested):
            continue
        rest = next(other for other in every if other != name) if len(every) == 2 else "any other"
        what = f"none of {', '.join(requested)}" if others & set(own) else "no metric"
        raise ProtocolError(
            f"{name} shares {what} with {rest}, so there is nothing to compare.\n"
            + "\n".join(f"  {model}: {', '.join(has) or 'no scores'}" for model, has in every.items())
            + "\nMeasure them with the same options: `ganzoo eval REF --data FOLDER --metrics NAMES -o FILE.json`."
        )


def _find_comparable(having: Mapping[str, Sequence[Score]]) -> Iterator[dict[str, Score]]:
    """Yield, for each of the first model's scores, the comparable scores of the others, if all have one."""
    first, *_ = having
    distinct: list[Score] = []
    for score in having[first]:
        if any(not differences(score.protocol, other.protocol) for other in distinct):
            continue  # the same measured again, with another seed
        distinct.append(score)
        row = {name: _find_equal(score, scores) for name, scores in having.items()}
        if all(row.values()):
            yield {name: found for name, found in row.items() if found}


def _find_equal(score: Score, scores: Sequence[Score]) -> Score | None:
    return next((other for other in scores if not differences(score.protocol, other.protocol)), None)


def _first_unlike(having: Mapping[str, Sequence[Score]]) -> _Unlike:
    """Return the first pair of models without a score in common, with the fewest fields that differ between two."""
    names = list(having)
    pairs = [(a, b) for n, a in enumerate(names) for b in names[n + 1 :]]
    one, other = next(
        (pair for pair in pairs if not any(_find_equal(s, having[pair[1]]) for s in having[pair[0]])), pairs[0]
    )
    found = (differences(a.protocol, b.protocol) for a in having[one] for b in having[other])
    return _Unlike((one, other), min((fields for fields in found if fields), key=len))


def _explain(unlike: Mapping[str, _Unlike], comparable: Sequence[str]) -> str:
    """Return the message: for each metric, or several with the same differences, every field with both values."""
    lines = ["Scores that were measured under different protocols cannot be compared."]
    reported: list[_Unlike] = []
    for one in unlike.values():
        if one in reported:
            continue
        reported.append(one)
        metrics = ", ".join(metric for metric, other in unlike.items() if other == one)
        lines.append(f"{metrics} of {one.models[0]} and of {one.models[1]} differ in")
        lines += [f"  {field}: {_show(a)} and {_show(b)}" for field, (a, b) in one.fields.items()]
    omit = f", or omit what differs: --metrics {','.join(dict.fromkeys(comparable))}" if comparable else ""
    return "\n".join([*lines, f"Measure both again with the same options of `ganzoo eval`{omit}."])


def _show(value: Any) -> str:
    """Return a protocol's value for people: a hash by its first digits."""
    if isinstance(value, str) and len(value) == 64 and " " not in value:
        return f"'{value[:12]}…'"
    return "nothing stated" if value in (None, "") else repr(value)


# ---- rows ------------------------------------------------------------------------------------------------------------


def _build_row(metric: str, scores: Mapping[str, Score]) -> Row:
    better = metric_direction.better(metric)
    best = _find_best(scores, better) if len(scores) > 1 else ()
    return Row(metric, scores, better, best, _is_sure(scores, best))


def _find_best(scores: Mapping[str, Score], better: str) -> tuple[str, ...]:
    values = {name: score.value for name, score in scores.items() if math.isfinite(score.value)}
    if not better or not values:
        return ()
    top = max(values.values()) if better == "higher" else min(values.values())
    return tuple(name for name, value in values.items() if value == top)


def _is_sure(scores: Mapping[str, Score], best: Sequence[str]) -> bool:
    """Return whether the intervals, if there are any, separate the best from the others."""
    ends = {name: score.bounds or (score.value, score.value) for name, score in scores.items()}
    first = [ends[name] for name in best]
    others = [each for name, each in ends.items() if name not in best]
    return not any(low <= end and start <= high for low, high in first for start, end in others)


# ---- reading ---------------------------------------------------------------------------------------------------------


def read(path: Path) -> tuple[str, tuple[Score, ...]]:
    """Return the model's name and its scores from a file that `ganzoo eval` wrote.

    Raises RegistryError that says what is wrong with the file.
    """
    try:
        content = json.loads(read_text(path, ProtocolError))
    except FileNotFoundError as error:
        raise RegistryError(f"{path} does not exist. Give a file that `ganzoo eval` wrote, or a model.") from error
    except OSError as error:
        raise RegistryError(
            f"{path} cannot be read: {error.strerror or error}. Give a file that `ganzoo eval` wrote."
        ) from error
    except (ValueError, RecursionError) as error:
        raise RegistryError(f"{path} is not valid JSON: {error}. Give a file that `ganzoo eval` wrote.") from error
    if not isinstance(content, dict) or not isinstance(content.get("scores"), list):
        raise RegistryError(
            f'{path} contains no evaluation, which is {{"model": ..., "data": ..., "scores": [...]}}. '
            "Write one with `ganzoo eval`."
        )
    if not isinstance(content.get("model"), str) or not content["model"]:
        raise RegistryError(
            f"{path}: 'model' must be the name of what was evaluated. Write the file with `ganzoo eval`."
        )
    scores = (score_from_dict(one, f"{path}: score {n}") for n, one in enumerate(content["scores"], 1))
    return content["model"], tuple(scores)
