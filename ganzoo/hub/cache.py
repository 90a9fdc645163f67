"""Where the Hub's client keeps files, found without importing it: `ganzoo list` asks for every card."""

from __future__ import annotations

import os
from pathlib import Path

from ganzoo.errors import HubError
from ganzoo.files.regular import read_text


def find(repo_id: str, file: str, revision: str = "") -> Path | None:
    """Return the cached file of a model repository, or None. ``revision``: a commit, a branch or a tag; "" is main.

    Of a branch or a tag, what it meant when the client last asked. Files appear in the cache only when they are whole.
    """
    repository = _root() / f"models--{repo_id.replace('/', '--')}"
    reference = repository / "refs" / (revision or "main")
    commit = _commit(reference) or revision
    if not commit or "/" in commit or commit.startswith("."):  # an edited cache
        return None
    path = repository / "snapshots" / commit / file
    return path if os.path.isfile(path) else None  # Path.is_file() raises if the cache may not be read


def _commit(reference: Path) -> str:
    try:
        return read_text(reference, HubError, "replace").strip()
    except OSError:  # also HubError
        return ""


def _root() -> Path:
    """Return the cache folder, by the client's own environment variables (huggingface_hub/constants.py)."""
    cache = os.environ.get("XDG_CACHE_HOME", os.path.join("~", ".cache"))
    home = os.environ.get("HF_HOME", os.path.join(cache, "huggingface"))
    older = os.environ.get("HUGGINGFACE_HUB_CACHE", os.path.join(home, "hub"))
    path = os.environ.get("HF_HUB_CACHE", older)
    return Path(os.path.expandvars(os.path.expanduser(path)))
