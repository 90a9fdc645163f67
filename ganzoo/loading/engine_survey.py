"""What each engine does for one model: what "auto" takes and why, and what was measured of every conversion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ganzoo.cards.card import Card
from ganzoo.inference import conversions, engine_selection
from ganzoo.inference.engine_selection import Choice
from ganzoo.loading.load import load


@dataclass(frozen=True)
class Row:
    """One engine in one number type, for one model.

    auto        "auto" takes it
    speed       times as fast as torch in float32, when it was converted on this machine; 0 where not measured
    difference  greatest one from torch in float32, in [-1, 1]; psnr the mean, in decibels
    note        why it is taken, or is not
    """

    engine: str
    dtype: str
    auto: bool
    speed: float
    difference: float
    psnr: float
    note: str


def survey(ref: str, device: str = "auto", *, token: str | None = None, log: Callable[[str], None]) -> list[Row]:
    """Return a row for every engine and number type; what "auto" takes is converted and measured if it was not yet.

    Raises what `ganzoo.load` does.
    """
    model = load(ref, device, token=token, log=log)
    taken = model.engine
    place = engine_selection.choose("auto", device)[0].device
    return [row for verdict in engine_selection.assess(place, None) for row in _rows(verdict, model.card, taken)]


def _rows(verdict: Choice | engine_selection.Verdict, card: Card, taken: str) -> Iterator[Row]:
    engine = verdict.engine
    for dtype in engine.dtypes:
        auto = verdict.name == taken and dtype == engine.dtypes[0]
        found = (
            None if engine.missing() or not engine.torch_free else conversions.find(card, verdict.name, engine, dtype)
        )
        if found is None:
            yield Row(verdict.name, dtype, auto, 0.0, 0.0, 0.0, _note(verdict, dtype, auto))
        elif found.facts.refused:
            yield Row(verdict.name, dtype, auto, 0.0, 0.0, 0.0, found.facts.refused)
        else:
            facts = found.facts
            note = f"taken: {verdict.why}" if auto else "converted"
            yield Row(verdict.name, dtype, auto, facts.speed, facts.difference, facts.psnr, note)


def _note(verdict: Choice | engine_selection.Verdict, dtype: str, auto: bool) -> str:
    if auto:
        return f"taken: {verdict.why}"
    if isinstance(verdict, engine_selection.Verdict):
        return verdict.why
    if dtype != verdict.engine.dtypes[0]:
        return f"with --dtype {dtype}"
    return "measured at its first use" if verdict.engine.torch_free else verdict.why
