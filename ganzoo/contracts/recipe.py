"""What a recipe is given: its parts, and which step is being done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


class Parts(Protocol):
    """The parts of a recipe, chosen by its entry and the user, still to be built."""

    def build(self, role: str, **suggestions: Any) -> Any:
        """Build the part for ``role``.

        A suggestion is used where the part has such an option and the user has not set it. Suggest a fact under
        every name that networks have for it (``channels``, ``in_channels``): a user may choose any of them.
        """
        ...


@dataclass(frozen=True)
class StepState:
    """Which step is being done, and which share of its batch is at hand; the loop says so before every share.

    step    how many steps were done before
    part    the batch is worked through in ``parts`` parts, and this is the one at hand, counted from 0
    random  torch's CPU generator, a function of the run's seed and the step, the same for every share of the batch;
            None: torch's global one
    """

    step: int = 0
    micro_batch: int = 0
    micro_batches: int = 1
    random: Any = None
