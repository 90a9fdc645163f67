"""A complete new plugin package, written by `ganzoo new-plugin` for its author to change."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from string import Template

from ganzoo import catalog
from ganzoo.errors import OptionError, OutputError
from ganzoo.files.atomic import replacing

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
# Kind -> the modules of its code.
KINDS = {
    "generator": ("networks",),
    "loss": ("losses",),
    "recipe": ("recipe",),
    "metric": ("metrics",),
    "reader": ("reader",),
    "family": ("networks", "recipe"),
}
SMALL = {"recipe": ', {"image_size": 16}'}  # what makes an entry small in its test
USES = {
    "generator": (
        "ganzoo train dcgan images/ -o runs/${name} --part generator=${name} --set image_size=16 --set channels=1 "
        "--batch-size 32\nganzoo generate dir:runs/${name} -n 16 -o grid.png"
    ),
    "loss": "ganzoo train dcgan images/ -o runs/${name} --part loss=${name}",
    "recipe": "ganzoo train ${name} images/ -o runs/${name}",
    "metric": "ganzoo eval images:outputs/ --data images/ --metrics ${name}",
    "reader": "ganzoo inspect image.pgm",
    "family": "ganzoo train ${name} images/ -o runs/${name}\nganzoo generate dir:runs/${name} -n 16 -o grid.png",
}


def create(name: str, folder: Path | None = None, kind: str = "generator") -> list[Path]:
    """Write the package ganzoo-NAME with an entry NAME and its test.

    Args:
        name: in lower case with hyphens.
        folder: where to write, new or empty; by default ganzoo-NAME in the current folder.
        kind: one of `KINDS`; a family is a generator, a discriminator and their recipe.

    Returns:
        The files.

    Raises:
        OptionError: the name is not valid, or taken.
        OutputError: the folder cannot be written, or is not empty.
    """
    if not _NAME.fullmatch(name):
        raise OptionError(f"'{name}' is not a valid plugin name. Use lower case and hyphens, such as blue-moon.")
    _check_free(name, "generator" if kind == "family" else kind)
    target = Path(f"ganzoo-{name}") if folder is None else folder
    _check_empty(target)
    word = name.replace("-", "_")
    words = {
        "name": name,
        "kind": kind,
        "package": f"ganzoo-{name}",
        "word": word,
        "module": f"ganzoo_{word}",
        "title": "".join(part.capitalize() for part in name.split("-")),
        "small": SMALL.get(kind, ""),
    }
    words["use"] = Template(USES[kind]).substitute(words)
    return [_write(target / Template(file).substitute(words), template, words) for file, template in _files(kind)]


def _files(kind: str) -> Iterator[tuple[str, str]]:
    """Yield path in the package and template."""
    yield "pyproject.toml", "pyproject.toml"
    yield "README.md", "README.md"
    yield "${module}/__init__.py", f"{kind}.package.py"
    for module in KINDS[kind]:
        yield f"${{module}}/{module}.py", f"{kind}.{module}.py"
    yield "${module}/py.typed", "py.typed"
    yield "tests/test_${word}.py", "test.py"


def _write(path: Path, template: str, words: Mapping[str, str]) -> Path:
    text = (resources.files(__package__) / "templates" / f"{template}.template").read_text(encoding="utf-8")
    with replacing(path) as temporary:
        temporary.write_text(Template(text).substitute(words), encoding="utf-8")
    return path


def _check_free(name: str, kind: str) -> None:
    if any(entry.name == name for entry in catalog.entries(kind)):
        origin = catalog.origin(f"{kind}:{name}")
        raise OptionError(f"{origin} already has a {kind} '{name}'. Choose another name.")


def _check_empty(target: Path) -> None:
    try:
        taken = target.exists() and (not target.is_dir() or any(target.iterdir()))
    except OSError as error:
        raise OutputError(f"{target} cannot be read: {error.strerror}. Choose another folder.") from error
    if taken:
        raise OutputError(f"{target} exists and is not an empty folder. Choose another one with -o FOLDER.")
