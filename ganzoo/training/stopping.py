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
        """Within the block SIGINT and SIGTERM are only remembered, but for a second Ctrl-C, which acts at once.

        A second SIGTERM comes from no impatient person: torchrun passes on the one that Slurm, systemd or a container
        has sent to its workers as well, and sends one to all that are left when a worker has ended.

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
        if self.name and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.name = self.name or signal.Signals(number).name
