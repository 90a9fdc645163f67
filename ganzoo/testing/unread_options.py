"""Options that nothing reads: fields that occur nowhere in the plugin's code, and that core does not apply."""

from __future__ import annotations

import ast
import dataclasses
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ganzoo.contracts.config import LatentConfig, LossConfig, RegularizerConfig, TranslationConfig
from ganzoo.contracts.entry import Entry
from ganzoo.contracts.family import ImportedWhenBuilt
from ganzoo.data.config import DataConfig

# The options that core reads wherever they are declared.
APPLIED = {
    field.name
    for config in (LatentConfig, TranslationConfig, LossConfig, RegularizerConfig, DataConfig)
    for field in dataclasses.fields(config)
} | {"classes"}


def find(entry: Entry) -> list[str]:
    """Return the options of an entry that nothing reads.

    An option is read where the package that declares it, or the function that builds the entry, uses its name: as an
    attribute, a parameter that is read, a keyword, a text, or the end of a formatted one. What cannot be looked up
    counts as read.
    """
    names = [field.name for field in dataclasses.fields(entry.config) if field.name not in APPLIED]
    if not names:
        return []
    used: set[str] = set()
    for owner in _owners(entry):
        try:
            file = inspect.getsourcefile(owner)
        except (TypeError, OSError):  # built in, or typed into a notebook
            file = None
        if file is None:
            return []
        used |= _used_in(Path(file))
    endings = tuple(name[1:] for name in used if name.startswith("*"))
    return [name for name in names if name not in used and not (endings and name.endswith(endings))]


def _owners(entry: Entry) -> Iterator[type]:
    """Yield the classes of the options, and what is built from them."""
    yield from (each for each in entry.config.__mro__ if dataclasses.is_dataclass(each))
    if isinstance(entry.build, ImportedWhenBuilt):
        yield entry.build.target()


@cache
def _used_in(file: Path) -> frozenset[str]:
    """Return every name that is used in a file, and in the whole plugin if it is part of a package."""
    used: set[str] = set()
    for path in _files(file):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            used |= set(_names(node))
    return frozenset(used)


def _files(file: Path) -> list[Path]:
    """Return a module's file, or all files of the plugin whose package it is in."""
    folder = file.parent
    if not (folder / "__init__.py").is_file():
        return [file]
    while (folder.parent / "__init__.py").is_file() and folder.parent.name not in ("ganzoo", "ganzoo_plugins"):
        folder = folder.parent
    return sorted(folder.rglob("*.py"))


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.keyword) and node.arg:
        yield node.arg
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        yield from _parameters_read(node)
    elif isinstance(node, ast.JoinedStr):  # of getattr(config, f"{loss}_weight")
        ends = [part.value for part in node.values[1:] if isinstance(part, ast.Constant)]
        yield from ("*" + end for end in ends if isinstance(end, str) and "_" in end)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def _parameters_read(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Iterator[str]:
    """Yield the parameters that a function's body reads: a constructor may take an option and do nothing with it."""
    body = function.body if isinstance(function.body, list) else [function.body]
    inner = [node for statement in body for node in ast.walk(statement)]
    read = {node.id for node in inner if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    arguments = function.args
    for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        if each.arg in read:
            yield each.arg
