"""Checks what a server names, before the client makes a path of it, and limits how long it may say nothing.

The client takes an ETag and a commit for parts of a path in its cache: an absolute one would lead anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from huggingface_hub import get_session

from ganzoo.errors import HubError

SILENCE = 60.0  # seconds that a server may say nothing
_NAME = re.compile(r'(W/)?"?[\w+=.-]{0,200}"?', re.ASCII)
_HEADERS = ("etag", "x-linked-etag", "x-repo-commit", "x-xet-hash")


def check_headers(headers: Any) -> None:
    """Raise HubError where a header, of which the client makes a path, is no plain name."""
    for header in _HEADERS:
        value = headers.get(header)
        if value is not None and (not _NAME.fullmatch(value) or ".." in value):
            raise HubError(
                f"The Hub's answer has the {header} {value[:100]!r}, which is not a name. Nothing was written. Check "
                "HF_ENDPOINT: this is no Hub, or something changes its answers."
            )


@contextmanager
def checked_answers() -> Iterator[None]:
    """Check the headers of every answer in the block, and let a server say nothing for `SILENCE` seconds at most."""
    client = get_session()
    hooks, timeout = client.event_hooks, client.timeout

    def check(response: Any) -> None:
        check_headers(response.headers)

    client.event_hooks = {**hooks, "response": [*hooks.get("response", ()), check]}
    client.timeout = SILENCE
    try:
        yield
    finally:
        client.event_hooks, client.timeout = hooks, timeout
