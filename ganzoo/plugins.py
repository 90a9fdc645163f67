"""Finds plugins: the folders of ganzoo_plugins first, then every package with a ``ganzoo`` entry point.

Both go through `_register`. A plugin that cannot be imported is remembered in `problems()` and skipped, so that
one broken package never takes the others away; one that misuses the hooks is an error that names it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from importlib import metadata
from typing import Any

import pluggy

import ganzoo_plugins
from ganzoo import hookspecs
from ganzoo.errors import PluginError, suggest
from ganzoo.version import __version__

GROUP = "ganzoo"


@dataclass(frozen=True)
class Plugin:
    """A plugin that was found. ``error`` is empty when it was loaded."""

    name: str
    distribution: str
    version: str
    error: str = ""


@dataclass
class _Found:
    manager: pluggy.PluginManager
    plugins: list[Plugin]


def manager() -> pluggy.PluginManager:
    """Return the plugin manager with everything registered; found once a process."""
    return _found().manager


def plugins() -> list[Plugin]:
    """Return every plugin found, loaded or not, built-in ones first."""
    return list(_found().plugins)


def problems() -> list[Plugin]:
    """Return the plugins that could not be imported, each with its error."""
    return [plugin for plugin in plugins() if plugin.error]


def distribution_of(name: str) -> str:
    """Return the package that the plugin ``name`` came with, which is what one installs."""
    return next((plugin.distribution for plugin in plugins() if plugin.name == name), name)


def refresh() -> None:
    """Forget what was found: the next call looks again. For tests, and after installing a plugin."""
    _found.cache_clear()


@cache
def _found() -> _Found:
    pm = pluggy.PluginManager("ganzoo")
    pm.add_hookspecs(hookspecs)
    found: list[Plugin] = []
    for name, distribution, version, load in (*_built_in(), *_entry_points()):
        error = _register(pm, f"{distribution}:{name}" if pm.has_plugin(name) else name, load)
        found.append(Plugin(name, distribution, version, error))
    _check_hooks(pm)
    return _Found(pm, found)


def _register(pm: pluggy.PluginManager, name: str, load: Callable[[], Any]) -> str:
    """Import and register one plugin; return why it could not be, or an empty string."""
    try:
        module = load()
    except (Exception, SystemExit) as error:  # a stranger's import may raise anything
        return f"{type(error).__name__}: {error}".strip()
    if pm.is_registered(module):  # one module under two entry points is one plugin
        return ""
    try:
        pm.register(module, name)
    except pluggy.PluginValidationError as error:
        raise PluginError(f"The plugin '{name}' misuses a hook: {_first_line(error)}") from error
    return ""


def _check_hooks(pm: pluggy.PluginManager) -> None:
    known = [name for name in vars(hookspecs) if name.startswith("ganzoo_")]
    for hook in vars(pm.hook).values():
        if isinstance(hook, pluggy.HookCaller) and not hook.has_spec():
            for implementation in hook.get_hookimpls():
                if not implementation.optionalhook:
                    raise PluginError(
                        f"The plugin '{implementation.plugin_name}' implements '{hook.name}', which is no hook of"
                        f" ganzoo.{suggest(hook.name, known)} The hooks are {', '.join(known)}."
                    )


def _built_in() -> Iterator[tuple[str, str, str, Callable[[], Any]]]:
    for info in sorted(pkgutil.iter_modules(ganzoo_plugins.__path__), key=lambda info: info.name):
        path = f"{ganzoo_plugins.__name__}.{info.name}"
        yield path, "ganzoo-core", __version__, partial(importlib.import_module, path)


def _entry_points() -> Iterator[tuple[str, str, str, Callable[[], Any]]]:
    for point in sorted(metadata.entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        distribution = point.dist
        name = distribution.metadata["Name"] if distribution else point.value
        yield point.value, name, distribution.version if distribution else "", point.load


def _first_line(error: BaseException) -> str:
    return " ".join(str(error).split())
