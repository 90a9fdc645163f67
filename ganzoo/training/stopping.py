"""Ctrl-C and SIGTERM, turned into an orderly stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class StopRequest:
    """Remembers the first signal that asked the run to stop; ``name`` is empty until then."""

    def __init__(self) -> None:
        self.name = ""

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Within the block the first SIGINT or SIGTERM is only remembered; a second one acts at once.

        Outside the main thread nothing is changed: Python delivers signals there alone.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        previous = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in previous.items():
                # None: a handler that was not set from Python, and cannot be put back
                signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _ask(self, number: int, frame: object) -> None:
        if self.name:
            raise KeyboardInterrupt
        self.name = signal.Signals(number).name
