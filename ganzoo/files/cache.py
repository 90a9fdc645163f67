"""The folder for files that ganzoo can create or fetch again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder for files that can be created or fetched again.

    GANZOO_CACHE, else ganzoo in XDG_CACHE_HOME, else the system's place for caches (`platformdirs`). Before, that was
    ~/.cache/ganzoo everywhere: where such a folder exists and no other, it stays in use.
    """
    if named := os.environ.get("GANZOO_CACHE"):
        return Path(named).expanduser()
    if home := os.environ.get("XDG_CACHE_HOME"):
        return Path(home).expanduser() / "ganzoo"
    import platformdirs

    usual, former = platformdirs.user_cache_path("ganzoo", appauthor=False), Path("~/.cache/ganzoo").expanduser()
    return former if former.is_dir() and not usual.is_dir() else usual
