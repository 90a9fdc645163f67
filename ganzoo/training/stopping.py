"""Ctrl-C and SIGTERM, turned into an orderly stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class StopRequest:
    """Remembers the first signal that asked the run to stop; ``name`` is empty until one arrives."""

    def __init__(self) -> None:
        self.name = ""

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Remember SIGINT and SIGTERM within the block instead of acting on them; a second Ctrl-C acts at once.

        A second SIGTERM is ignored, since it does not mean impatience: torchrun passes on the SIGTERM that Slurm,
        systemd or a container has already sent to its workers, and sends another one when a worker has ended.

        Outside the main thread nothing changes: Python delivers signals to the main thread only.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        previous = {number: signal.signal(number, self._remember) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in previous.items():
                # None: the handler was not set from Python and cannot be restored
                signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _remember(self, number: int, frame: object) -> None:
        if self.name and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.name = self.name or signal.Signals(number).name
