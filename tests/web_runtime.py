"""The npm package that runs networks in browsers, for tests: GANZOO_WEB_RUNTIME, or what the cache holds of it."""

from __future__ import annotations

import os
from pathlib import Path

from needs import needs

from ganzoo.exporting.web import runtime


def _find() -> Path | None:
    named = os.environ.get("GANZOO_WEB_RUNTIME")
    folder = Path(named) if named else runtime.cached()
    return folder if folder.is_dir() else None


FOLDER = _find()
web_runtime = needs(
    FOLDER, f"no {runtime.PACKAGE} {runtime.VERSION}: GANZOO_WEB_RUNTIME is the folder that npm pack and tar gave"
)
