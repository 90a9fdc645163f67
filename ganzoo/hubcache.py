"""Where the Hub's client keeps files, told without importing it: `ganzoo list` asks this for every card."""

from __future__ import annotations

import os
from pathlib import Path


def find(repo_id: str, file: str, revision: str = "") -> Path | None:
    """Return the cached file of a model repository, or None. ``revision``: a commit, a branch or a tag; "" is main."""
    repository = _root() / f"models--{repo_id.replace('/', '--')}"
    reference = repository / "refs" / (revision or "main")
    commit = reference.read_text(encoding="utf-8").strip() if reference.is_file() else revision
    path = repository / "snapshots" / commit / file
    return path if commit and path.is_file() else None


def _root() -> Path:
    """Return the cache folder, by the client's own environment variables."""
    if "HF_HUB_CACHE" in os.environ:
        return Path(os.environ["HF_HUB_CACHE"]).expanduser()
    if "HF_HOME" in os.environ:
        return Path(os.environ["HF_HOME"]).expanduser() / "hub"
    return Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "huggingface" / "hub"
