"""The best step of a run so far, by a measure on held-out pictures: lower is better."""

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
    """``measure`` as the user named it, or the recipe's first; step 0: nothing was measured yet."""

    measure: str = ""
    step: int = 0
    value: float = math.inf

    def after(self, step: int, measures: Mapping[str, float]) -> Best:
        """Return the best of this and a step's ``measures``. Raises OptionError for a measure that is none of them."""
        name = self.measure or next(iter(measures))
        if name not in measures:
            raise OptionError(
                f"best={name!r} is not measured. This recipe measures: {', '.join(measures)}. "
                "Metrics on features go as well: fd-EXTRACTOR or kd-EXTRACTOR, as fd-efficientnet-lite0."
            )
        return Best(name, step, measures[name]) if measures[name] < self.value else self

    def write(self, run: Path) -> None:
        """Write best.json, or remove it where nothing was measured."""
        if not self.step:
            (run / FILE).unlink(missing_ok=True)
            return
        with replacing(run / FILE) as temporary:
            temporary.write_text(json.dumps(asdict(self)) + "\n", encoding="utf-8")
