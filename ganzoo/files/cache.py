"""Where ganzoo keeps what it can make or fetch again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return where ganzoo keeps what it can make or fetch again: GANZOO_CACHE, or ganzoo in the user's cache."""
    usual = os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.join("~", ".cache")), "ganzoo")
    return Path(os.environ.get("GANZOO_CACHE", usual)).expanduser()
