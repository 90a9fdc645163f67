"""A limit on the time that a request computes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ganzoo.errors import OptionError

SECONDS = 120.0


@contextmanager
def time_limit(seconds: float) -> Iterator[Callable[..., None]]:
    """Stop the torch modules of this process after ``seconds``, each when it begins.

    Yields:
        A function that raises once the time is over, for work that is not done by modules.

    Raises:
        OptionError: From within the block.
    """
    from torch.nn.modules import module

    end = time.monotonic() + seconds

    def check(*_: Any) -> None:
        if time.monotonic() > end:
            raise OptionError(
                f"This takes longer than the limit of {seconds:g} s. Choose a smaller size or number of images; "
                "`ganzoo demo --time-limit SECONDS` raises the limit."
            )

    handle = module.register_module_forward_pre_hook(check)
    try:
        yield check
    finally:
        handle.remove()
