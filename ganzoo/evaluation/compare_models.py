"""`ganzoo.compare`: published and measured scores of several models side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.cards.protocol import Score
from ganzoo.errors import OptionError
from ganzoo.evaluation import compare as tables
from ganzoo.loading import load

if TYPE_CHECKING:
    from ganzoo.evaluation.samples.results import Evaluation


def compare(*models: str | Path | Evaluation, metrics: Sequence[str] = (), token: str | None = None) -> tables.Table:
    """Return the scores of several models as a table; only those measured under equal protocols share a row.

    Args:
        models: Two or more of: a reference, whose card has scores; a JSON file that `ganzoo eval -o` wrote; what
            `ganzoo.evaluate` returned.
        metrics: Names of metrics, "fd" for every "fd-..."; all by default.
        token: For private repositories on the Hub.

    Returns:
        A table with ``models`` and ``rows``; ``to_dict()`` gives plain values, and a notebook shows it.

    Raises:
        OptionError: There are fewer than two models, or one is given twice.
        ProtocolError: A metric was measured under different protocols; the message names every field that differs.
        UnknownName: No model has one of the metrics, or a model does not exist.
    """
    keys = [id(one) if hasattr(one, "scores") else str(one) for one in models]
    if len(models) < 2 or len(set(keys)) < len(keys):
        raise OptionError('Give two models or more, each once, e.g. "dcgan/fashion-mnist" and "mine.json".')
    found: dict[str, tuple[Score, ...]] = {}
    for source in models:
        if not isinstance(source, (str, Path)):
            found[_unused(source.model, found)] = tuple(source.scores)
        elif _is_file(str(source)):
            name, scores = tables.read(Path(source))
            taken = name in found or name in map(str, models)
            found[f"{name} ({source})" if taken else name] = scores
        else:
            found[str(source)] = load.info(str(source), token).scores
    return tables.compare(found, metrics)


def _unused(name: str, taken: dict[str, tuple[Score, ...]]) -> str:
    """Return a name that no column has yet."""
    number, unused = 1, name
    while unused in taken:
        number += 1
        unused = f"{name} ({number})"
    return unused


def _is_file(source: str) -> bool:
    return source.lower().endswith(".json") or Path(source).is_file()
