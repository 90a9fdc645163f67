"""The folder for files that ganzoo can create or fetch again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return GANZOO_CACHE, or the folder ganzoo in the user's cache: for files that can be created or fetched again."""
    default = os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.join("~", ".cache")), "ganzoo")
    return Path(os.environ.get("GANZOO_CACHE", default)).expanduser()
