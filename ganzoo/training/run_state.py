"""How far a run is, and what a resumed run continues with besides networks and optimizers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ganzoo.training.best_step import Best
from ganzoo.training.collapse_detector import CollapseDetector


@dataclass
class RunState:
    """How far a run is.

    Args:
        best: the best step so far.
        collapse_detector: what it has seen of the run's numbers.
        seconds: training time, without samples and checkpoints.
        saved_step: the step of the newest checkpoint, 0 where there is none.
        stop_warning: the warning that stops the run; "" where there is none.
        interrupted: whether the run was stopped before its last step.
    """

    best: Best
    collapse_detector: CollapseDetector = field(default_factory=CollapseDetector)
    seconds: float = 0.0
    saved_step: int = 0
    stop_warning: str = ""
    interrupted: bool = False
    _logged_step: int = 0
    _logged_seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return what a checkpoint stores under "loop"."""
        return {"watch": self.collapse_detector.state(), "best": list(dataclasses.astuple(self.best))}

    def restore(self, checkpoint: Mapping[str, Any]) -> None:
        """Continue from a checkpoint's content. Early checkpoints have no "loop"."""
        self.seconds = checkpoint["seconds"]
        self._logged_step, self._logged_seconds = checkpoint["step"], self.seconds
        if stored := checkpoint.get("loop"):
            self.collapse_detector.load_state(stored["watch"])
            measure, step, value = stored["best"]
            if (type(measure), type(step)) != (str, int) or type(value) not in (int, float):
                raise TypeError(f"{stored['best']} is not a best step")
            best = Best(measure, step, value)
            if self.best.measure in ("", best.measure):  # another measure starts anew
                self.best = best

    def steps_per_second(self, step: int) -> float:
        """Return the speed since the last call."""
        steps, seconds = step - self._logged_step, max(self.seconds - self._logged_seconds, 1e-9)
        self._logged_step, self._logged_seconds = step, self.seconds
        return steps / seconds
