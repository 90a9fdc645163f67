"""Measure the bundled models as scripts/bundled.json specifies, and write the scores and protocols to their cards.

    python scripts/score.py sets/                       (every model; sets/ holds the datasets)
    python scripts/score.py sets/ 'cyclegan/*'

`ganzoo eval --registry --data sets/` measures the scores on the cards again.
"""

from __future__ import annotations

import argparse
import dataclasses
import fnmatch
import json
from pathlib import Path
from typing import Any

from bundle import ROOT, write_card

import ganzoo
from ganzoo.cards import registry
from ganzoo.cards.protocol import Score, differences


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, help="folder that holds the datasets")
    parser.add_argument("pattern", nargs="?", default="*")
    arguments = parser.parse_args()
    facts = json.loads((ROOT / "scripts" / "bundled.json").read_text(encoding="utf-8"))
    for name in fnmatch.filter(facts, arguments.pattern):
        scores = [score for call in facts[name].get("evaluate", ()) for score in measure(name, call, arguments.sets)]
        card = next(card for card in registry.read_registry(ROOT / "registry.json") if card.name == name)
        write_card(dataclasses.replace(card, scores=tuple(scores)))
        before = {score.metric: score for score in card.scores}
        for score in scores:
            print(row(name, before.get(score.metric), score), flush=True)


def row(name: str, before: Score | None, now: Score) -> str:
    """Return a row of Markdown: model, metric, value before and now, and what the protocols differ in."""
    if before is None:
        return f"| `{name}` | {now.metric} | | {now.value:g} | new |"
    unlike = ", ".join(f"{key} {a} / {b}" for key, (a, b) in differences(before.protocol, now.protocol).items())
    return f"| `{name}` | {now.metric} | {before.value:g} | {now.value:g} | {unlike} |"


def measure(name: str, call: dict[str, Any], sets: Path) -> list[Score]:
    """Return the scores of one call of `ganzoo.evaluate`, rounded to five digits."""
    data = [sets / each for each in call["data"]]
    evaluation = ganzoo.evaluate(
        name, data, device="cpu", **{key: value for key, value in call.items() if key != "data"}
    )
    return [dataclasses.replace(one, **round_score(one)) for one in evaluation.scores]


def round_score(score: Score) -> dict[str, Any]:
    """Return value, bounds and baselines, rounded to five digits."""
    values = {"value": score.value, "low": score.low, "high": score.high}
    rounded: dict[str, Any] = {name: None if one is None else float(f"{one:.5g}") for name, one in values.items()}
    return {**rounded, "baselines": {name: float(f"{one:.5g}") for name, one in score.baselines.items()}}


if __name__ == "__main__":
    main()
