"""The best step of a run so far, by a measure on held-out images: lower is better."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ganzoo.errors import OptionError
from ganzoo.files.atomic import replacing

FILE = "best.json"
FOLDER = "best"


@dataclass(frozen=True)
class Best:
    """The best step so far.

    Args:
        measure: the one the user named, or the recipe's first.
        step: 0 where nothing was measured yet.
        value: of the measure at that step.
    """

    measure: str = ""
    step: int = 0
    value: float = math.inf

    def after(self, step: int, measures: Mapping[str, float]) -> Best:
        """Return the better of this and a step's ``measures``. Raises OptionError for an unknown measure."""
        name = self.measure or next(iter(measures))
        if name not in measures:
            raise OptionError(
                f"best={name!r} is not measured. This recipe measures: {', '.join(measures)}. "
                "Metrics on features also work: fd-EXTRACTOR or kd-EXTRACTOR, for example fd-efficientnet-lite0."
            )
        return Best(name, step, measures[name]) if measures[name] < self.value else self

    def write(self, run: Path) -> None:
        """Write best.json, or remove it where nothing was measured."""
        if not self.step:
            (run / FILE).unlink(missing_ok=True)
            return
        with replacing(run / FILE) as temporary:
            temporary.write_text(json.dumps(asdict(self)) + "\n", encoding="utf-8")
