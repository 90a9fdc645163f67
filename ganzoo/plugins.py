"""Finds plugins: the folders of ganzoo_plugins first, then every package with a ``ganzoo`` entry point.

Both go through `_register`. A plugin that cannot be imported is remembered in `problems()` and skipped, so that
one broken package never takes the others away; one that misuses the hooks is an error that names it.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pkgutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any

import pluggy

import ganzoo_plugins
from ganzoo import hookspecs
from ganzoo.errors import PluginError, suggest
from ganzoo.version import __version__

if TYPE_CHECKING:
    from importlib import metadata

GROUP = "ganzoo"
HOOKS = tuple(name for name in vars(hookspecs) if name.startswith("ganzoo_"))


@dataclass(frozen=True)
class Plugin:
    """A plugin that was found. ``error`` is empty when it was loaded.

    name          the module, as the entry point names it; the same in every message about the plugin
    distribution  the package it came with, which is what one installs
    """

    name: str
    distribution: str
    version: str
    error: str = ""


@dataclass
class _Found:
    manager: pluggy.PluginManager
    plugins: list[Plugin]


def manager() -> pluggy.PluginManager:
    """Return the plugin manager with everything registered; found once a process.

    Raises PluginError for a plugin that misuses a hook.
    """
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
    importlib.invalidate_caches()
    _found.cache_clear()


@cache
def _found() -> _Found:
    pm = pluggy.PluginManager("ganzoo")
    pm.add_hookspecs(hookspecs)
    found: list[Plugin] = []
    for name, distribution, version, load in (*_built_in(), *_entry_points()):
        plugin = Plugin(name, distribution, version, _register(pm, name, load))
        if plugin not in found:  # a package may name one module under two entry points
            found.append(plugin)
    _check_hooks(pm)
    return _Found(pm, found)


def _register(pm: pluggy.PluginManager, name: str, load: Callable[[], Any]) -> str:
    """Import and register one plugin; return why it could not be imported, or an empty string."""
    try:
        module = load()
    except (Exception, SystemExit) as error:  # a stranger's import may raise anything
        return one_line(error)
    if pm.is_registered(module):  # one module under two entry points is one plugin
        return ""
    for hook in HOOKS:
        if callable(getattr(module, hook, None)) and pm.parse_hookimpl_opts(module, hook) is None:
            raise PluginError(f"The plugin '{name}' has {hook} without @ganzoo.hookimpl above it. Add it there.")
    try:
        pm.register(module, name)
    except pluggy.PluginValidationError as error:
        raise PluginError(
            f"The plugin '{name}' misuses a hook: {' '.join(str(error).split())}."
            " ganzoo.hookspecs shows each hook's arguments; mend the plugin or uninstall it."
        ) from error
    return ""


def _check_hooks(pm: pluggy.PluginManager) -> None:
    """Refuse a hook that ganzoo does not have; pluggy's own ``check_pending`` would suggest nothing."""
    for hook in vars(pm.hook).values():
        if isinstance(hook, pluggy.HookCaller) and not hook.has_spec():
            for implementation in hook.get_hookimpls():
                if not implementation.optionalhook:
                    raise PluginError(
                        f"The plugin '{implementation.plugin_name}' implements '{hook.name}', which is no hook of"
                        f" ganzoo.{suggest(hook.name, HOOKS)} The hooks are: {', '.join(HOOKS)}."
                    )


def one_line(error: BaseException) -> str:
    """Return an error's type and text on one line, as a table or a longer message can hold it."""
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")


def _built_in() -> Iterator[tuple[str, str, str, Callable[[], Any]]]:
    for info in sorted(pkgutil.iter_modules(ganzoo_plugins.__path__), key=lambda info: info.name):
        path = f"{ganzoo_plugins.__name__}.{info.name}"
        yield path, "ganzoo-core", __version__, partial(importlib.import_module, path)


def _entry_points() -> Iterator[tuple[str, str, str, Callable[[], Any]]]:
    if not _may_have_strangers():
        return
    from importlib import metadata

    for point in sorted(metadata.entry_points(group=GROUP), key=lambda point: (point.value, point.name)):
        yield point.value, *_origin(point), point.load


def _origin(point: metadata.EntryPoint) -> tuple[str, str]:
    """Return name and version of the package that has an entry point, as far as its metadata can be read."""
    try:
        return point.dist.metadata["Name"] or point.value, point.dist.version or ""  # type: ignore[union-attr]
    except Exception:  # an interrupted uninstall leaves entry points behind without a METADATA file
        return point.value, ""


def _may_have_strangers() -> bool:
    """Tell whether some package on the path may name our group, by a look at the files.

    importlib.metadata knows for certain, but takes as long to import as click does, and most often there is none.
    What is no plain folder (an archive, an importer with metadata of its own) may always name it.
    """
    if any(hasattr(finder, "find_distributions") and finder is not PathFinder for finder in sys.meta_path):
        return True
    return any(_names_group(path or os.curdir) for path in sys.path)


def _names_group(path: str) -> bool:
    if not os.path.isdir(path):
        return os.path.exists(path)
    wanted = f"[{GROUP}]".encode()
    for name in _list(path):
        if name.lower().endswith(("dist-info", "egg-info")):
            with contextlib.suppress(OSError), open(os.path.join(path, name, "entry_points.txt"), "rb") as file:
                if wanted in file.read():
                    return True
    return False


def _list(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except OSError:  # importlib.metadata, too, finds nothing in a folder it may not read
        return []
