"""Who shows a run's progress: the loop itself prints nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Reporter(Protocol):
    """Shows a run's progress to the user."""

    def start(self, first: int, steps: int, batch_size: int) -> None:
        """Begin after step ``first`` of ``steps``."""
        ...

    def step(self, step: int, losses: Mapping[str, float] | None) -> None:
        """Show that ``step`` is done; ``losses`` are given for logged steps only."""
        ...

    def note(self, text: str) -> None:
        """Show a message."""
        ...


class SilentReporter:
    """Shows nothing: the default in Python outside of notebooks, and in every process but the leading one."""

    def start(self, first: int, steps: int, batch_size: int) -> None:
        pass

    def step(self, step: int, losses: Mapping[str, float] | None) -> None:
        pass

    def note(self, text: str) -> None:
        pass
