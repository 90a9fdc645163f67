"""Bounded queues between threads."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
AHEAD = 3  # frames that wait before the translation, and after it


class Stopped(BaseException):
    """Another thread failed; its error says why."""


class BoundedQueue(Generic[T]):
    """Items that one thread produces and another consumes, in order; at most AHEAD wait."""

    def __init__(self) -> None:
        self._waiting: deque[T] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self._error: BaseException | None = None

    def put(self, item: T) -> None:
        """Wait for room. Raises the error with which the queue was ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or len(self._waiting) < AHEAD)
            self.check()
            self._waiting.append(item)
            self._changed.notify_all()

    def __iter__(self) -> Iterator[T]:
        """Wait for each item; stop after the last. Raises the error with which the queue was ended."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._ended or self._waiting)
                self.check()
                if not self._waiting:
                    return
                item = self._waiting.popleft()
                self._changed.notify_all()
            yield item

    def end(self, error: BaseException | None = None) -> None:
        """Let nothing more in; with an error, nothing out either. The first error counts."""
        with self._changed:
            self._ended, self._error = True, self._error or error
            self._changed.notify_all()

    def check(self) -> None:
        """Raise the error with which the queue was ended, if any."""
        if self._error:
            raise self._error

    def fill(self, items: Iterator[T]) -> None:
        """Put all items; the consumer gets the error that producing them raises."""
        try:
            for item in items:
                self.put(item)
            self.end()
        except BaseException as error:
            self.end(error)

    def drain(self, consume: Callable[[Iterator[T]], None]) -> None:
        """Take all items; the producer gets the error that consuming them raises."""
        try:
            consume(iter(self))
        except BaseException as error:
            self.end(error)
