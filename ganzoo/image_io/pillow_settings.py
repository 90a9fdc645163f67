"""Pillow's global settings while an image is read, safe for threads that read at the same time."""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import cast

from PIL import Image

from ganzoo.image_io.readers import libtiff

_lock = threading.Lock()
_readers = 0
_before: tuple[int | None, int | None] = (None, None)


@contextmanager
def lifted_limits() -> Iterator[None]:
    """Lift Pillow's global size limit, which warns and cannot be set per call; keep libtiff from printing its errors.

    The caller has a limit of its own. Threads may read at the same time; the last one restores both settings.
    """
    global _readers, _before
    with _lock:
        if _readers == 0:
            _before = Image.MAX_IMAGE_PIXELS, libtiff.set_error_printer(None)
            Image.MAX_IMAGE_PIXELS = None
        _readers += 1
    try:
        yield
    finally:
        with _lock:
            _readers -= 1
            if _readers == 0:
                Image.MAX_IMAGE_PIXELS = _before[0]
                libtiff.set_error_printer(_before[1])


# About damaged metadata, of which only the orientation matters here, and animations, whose first frame is read anyway.
_PILLOW_WARNINGS = ("ignore", None, UserWarning, re.compile(r"PIL\."), 0)


@contextmanager
def ignored_warnings() -> Iterator[None]:
    """Keep Pillow's warnings about a file from the user, and from becoming errors; other modules' warnings pass.

    `warnings.catch_warnings` swaps the whole list of filters, so threads that overlap leave it wrong for good. Each
    reader adds one entry, and removes one from the same list. Both are single steps, so the order of threads does not
    matter. An entry that ignores needs no reset of the caches, which is what `warnings.filterwarnings` is for.
    """
    filters = cast("list[object]", warnings.filters)
    filters.insert(0, _PILLOW_WARNINGS)
    try:
        yield
    finally:
        with suppress(ValueError):  # the filters were reset in the meantime
            filters.remove(_PILLOW_WARNINGS)
