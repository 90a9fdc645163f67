"""What a test needs of the machine: where that is missing it is skipped, but in CI, which should have all, it fails.

CI services set the environment variable CI; a test that is skipped there is one that nobody runs.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from typing import Any, NoReturn

import pytest


def missing(what: str) -> NoReturn:
    """Skip the test, or the module, that lacks ``what``; fail it in CI."""
    if os.environ.get("CI", "").lower() in ("", "0", "false"):
        pytest.skip(what, allow_module_level=True)
    pytest.fail(f"CI lacks what this test needs: {what}", pytrace=False)


def needs(present: object, otherwise: str) -> pytest.MarkDecorator:
    """Return a mark for tests that run only where something is ``present``; ``otherwise`` says what is missing."""
    return pytest.mark.needs(bool(present), otherwise)


def enforce(mark: pytest.Mark) -> None:
    """Skip or fail the test that has this mark, made by `needs`, if what it needs is missing."""
    present, otherwise = mark.args
    if not present:
        missing(otherwise)


class _ImportedWhenUsed:
    """A stand-in for a module that takes long to import, so that collecting tests does not wait for it."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # pytest asks each object of a module whether it is a fixture
            raise AttributeError(name)
        return getattr(importlib.import_module(self._module), name)


def require(module: str) -> Any:
    """Need a package, or a module of it, for a whole module or within a test; it is imported when it is used."""
    if importlib.util.find_spec(module.partition(".")[0]) is None:
        missing(f"{module} is not installed")
    return _ImportedWhenUsed(module)
