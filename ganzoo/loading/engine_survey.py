"""What each engine does for one model: what "auto" takes and why, and what was measured of every conversion."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from ganzoo.cards.card import Card
from ganzoo.contracts.engine import Engine
from ganzoo.inference import conversions, engine_selection, engine_timing
from ganzoo.inference.engine_selection import Choice
from ganzoo.inference.workload import KINDS
from ganzoo.loading.load import load


@dataclass(frozen=True)
class Row:
    """One engine in one number type, for one model.

    auto        kinds of work for which "auto" takes it, such as "image, folder"; "" for none
    start       seconds until it has started in a new process, 0 where not measured
    seconds     of an image at the size the model was trained at, 0 where not measured
    difference  greatest one from torch in float32, in [-1, 1]; psnr the mean, in decibels; 0 where not measured
    note        why it is taken, or is not
    """

    engine: str
    dtype: str
    auto: str
    start: float
    seconds: float
    difference: float
    psnr: float
    note: str


def survey(ref: str, device: str = "auto", *, token: str | None = None, log: Callable[[str], None]) -> list[Row]:
    """Return a row for every engine and number type; what "auto" weighs is converted and measured if it was not yet.

    Raises what `ganzoo.load` does.
    """
    engines: dict[str, str] = {}
    for kind, work in KINDS.items():
        model = load(ref, device, token=token, log=log, work=work)
        engines[kind] = model.engine  # measures what was not measured yet
    choices = engine_selection.choose("auto", device)
    taken: dict[str, list[str]] = {}
    for kind, work in KINDS.items():  # after that: what one kind of work had measured may be the best for another
        taken.setdefault(engine_timing.fastest_anew(choices, model.card, work) or engines[kind], []).append(kind)
    place = choices[0].device
    fitting = {choice.name for choice in engine_selection.fitting(choices, model.card.does)}
    rows: list[Row] = []
    for verdict in engine_selection.assess(place, None):
        if isinstance(verdict, Choice) and verdict.name not in fitting:
            verdict = engine_selection.Verdict(verdict.name, verdict.engine, _why_not(verdict.engine, model.card))
        rows += _rows(verdict, model.card, taken)
    if len(fitting) > 1:
        return rows
    return [replace(row, note=f"auto takes it for: {row.auto}") if row.auto else row for row in rows]


def _why_not(engine: Engine, card: Card) -> str:
    """Return why "auto" leaves an engine out of all it weighs: see `engine_selection.fitting`."""
    if card.does.inputs and (engine.torch_free or engine.selective):
        return f"takes one input, and this model takes {' and '.join(card.does.inputs)} as well"
    if engine.selective:
        return "for networks that take an image"
    return (
        "only when asked for: torch draws the latents, so it is there anyway"
        if card.does.source != "image"
        else "only when asked for"
    )


def _rows(verdict: Choice | engine_selection.Verdict, card: Card, taken: Mapping[str, list[str]]) -> Iterator[Row]:
    engine = verdict.engine
    for dtype in engine.dtypes:
        auto = ", ".join(taken.get(verdict.name, ())) if dtype == engine.dtypes[0] else ""
        found = None if engine.missing() else conversions.find(card, verdict.name, engine, dtype)
        timing = (
            engine_timing.known(verdict, card, KINDS["folder"])
            if isinstance(verdict, Choice) and dtype == verdict.dtype
            else None
        )
        start, seconds = (timing.start, timing.image) if timing else (0.0, 0.0)
        if found is not None and found.facts.refused:
            yield Row(verdict.name, dtype, auto, 0.0, 0.0, 0.0, 0.0, found.facts.refused)
        else:
            difference, psnr = (found.facts.difference, found.facts.psnr) if found else (0.0, 0.0)
            note = _note(verdict, dtype, auto, timing is not None or found is not None)
            yield Row(verdict.name, dtype, auto, start, seconds, difference, psnr, note)


def _note(verdict: Choice | engine_selection.Verdict, dtype: str, auto: str, measured: bool) -> str:
    if auto:
        return f"fastest for: {auto}"
    if isinstance(verdict, engine_selection.Verdict):
        return verdict.why
    if dtype != verdict.engine.dtypes[0]:
        return f"with --dtype {dtype}"
    return "slower here" if measured else f"not tried: {verdict.why}"
