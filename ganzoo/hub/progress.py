"""The progress of uploads and downloads, as the client shows it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from huggingface_hub import constants
from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars


@contextmanager
def quiet_when_piped() -> Iterator[None]:
    """Keep the client's progress bars off a standard error that is not a terminal: they would fill a log."""
    if sys.stderr.isatty() or are_progress_bars_disabled() or constants.HF_HUB_DISABLE_PROGRESS_BARS is False:
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()
