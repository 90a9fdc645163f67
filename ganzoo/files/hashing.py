"""SHA-256 of files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ganzoo.files.regular import open_regular


def file_sha256(path: Path) -> str:
    """Return the 64 hex digits of a file's SHA-256. Raises OSError where it cannot be read."""
    digest = hashlib.sha256()
    with open_regular(path) as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
