"""A complete new plugin package, written by `ganzoo new-plugin` for its author to change."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from string import Template

from ganzoo import catalog
from ganzoo.errors import OptionError, OutputError
from ganzoo.files.atomic import replacing

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
FILES = {  # path in the package -> template
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "${module}/__init__.py": "package.py",
    "${module}/networks.py": "networks.py",
    "tests/test_${word}.py": "test.py",
}


def create(name: str, folder: Path | None = None) -> list[Path]:
    """Write the package ganzoo-NAME with a generator NAME and its test.

    Args:
        name: in lower case with hyphens.
        folder: where to write, new or empty; by default ganzoo-NAME in the current folder.

    Returns:
        The files.

    Raises:
        OptionError: the name is not valid, or taken.
        OutputError: the folder cannot be written, or is not empty.
    """
    if not _NAME.fullmatch(name):
        raise OptionError(f"'{name}' is not a valid plugin name. Use lower case and hyphens, such as blue-moon.")
    if any(entry.name == name for entry in catalog.entries("generator")):
        origin = catalog.origin(f"generator:{name}")
        raise OptionError(f"{origin} already has a generator '{name}'. Choose another name.")
    target = Path(f"ganzoo-{name}") if folder is None else folder
    try:
        taken = target.exists() and (not target.is_dir() or any(target.iterdir()))
    except OSError as error:
        raise OutputError(f"{target} cannot be read: {error.strerror}. Choose another folder.") from error
    if taken:
        raise OutputError(f"{target} exists and is not an empty folder. Choose another one with -o FOLDER.")
    word = name.replace("-", "_")
    words = {
        "name": name,
        "package": f"ganzoo-{name}",
        "word": word,
        "module": f"ganzoo_{word}",
        "title": "".join(part.capitalize() for part in name.split("-")),
    }
    written = []
    for file, template in FILES.items():
        path = target / Template(file).substitute(words)
        text = (resources.files(__package__) / "templates" / f"{template}.template").read_text(encoding="utf-8")
        with replacing(path) as temporary:
            temporary.write_text(Template(text).substitute(words), encoding="utf-8")
        written.append(path)
    return written
