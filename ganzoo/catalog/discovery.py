"""Finds plugins: the folders of ganzoo_plugins first, then every package with a ``ganzoo`` entry point.

Both go through `_register`. A plugin that cannot be imported is remembered in `problems()` and skipped, so that
one broken package never takes the others away; one that misuses the hooks is an error that names it, kept until
`manager()` is asked for, so that `ganzoo plugins` can show it.
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
from ganzoo.contracts import hookspecs
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
    misuses: dict[str, PluginError]  # by the plugin's name


def manager() -> pluggy.PluginManager:
    """Return the plugin manager with everything registered; found once a process.

    Raises PluginError for a plugin that misuses a hook.
    """
    for misuse in misuses().values():
        raise misuse.with_traceback(None)  # raised every time: each would make its traceback longer
    return registered()


def registered() -> pluggy.PluginManager:
    """Return the plugin manager even where a plugin misuses a hook; for those who report that."""
    return _found().manager


def misuses() -> dict[str, PluginError]:
    """Return what `manager` raises for plugins that misuse a hook, by the plugin's name."""
    return dict(_found().misuses)


def plugins() -> list[Plugin]:
    """Return every plugin found, loaded or not, built-in ones first."""
    return list(_found().plugins)


def problems() -> list[Plugin]:
    """Return the plugins that could not be imported, each with its error."""
    return [plugin for plugin in plugins() if plugin.error]


def distribution_of(name: str) -> str:
    """Return the package that the plugin ``name`` came with, which is what one installs."""
    return next((plugin.distribution for plugin in plugins() if plugin.name == name), name)


def described(name: str) -> str:
    """Return the plugin ``name`` with its package as messages have it: "'my_nets' of my-gans"."""
    return _described(name, distribution_of(name))


def refresh() -> None:
    """Forget what was found: the next call looks again. For tests, and after installing a plugin."""
    importlib.invalidate_caches()
    _found.cache_clear()


@cache
def _found() -> _Found:
    pm = pluggy.PluginManager("ganzoo")
    pm.add_hookspecs(hookspecs)
    found: list[Plugin] = []
    misuses: dict[str, PluginError] = {}
    for name, distribution, version, load in (*_built_in(), *_entry_points()):
        module, error = _imported(load)
        if not error:
            try:
                _register(pm, name, distribution, module)
            except PluginError as misuse:
                misuses.setdefault(name, misuse)
        plugin = Plugin(name, distribution, version, error)
        if plugin not in found:  # a package may name one module under two entry points
            found.append(plugin)
    packages = {plugin.name: plugin.distribution for plugin in reversed(found)}
    for name, unknown in _unknown_hooks(pm, packages):
        misuses.setdefault(name, unknown)
    return _Found(pm, found, misuses)


def _imported(load: Callable[[], Any]) -> tuple[Any, str]:
    """Return the module and an empty string, or why it could not be imported."""
    try:
        return load(), ""
    except (Exception, SystemExit) as error:  # a third-party import may raise anything
        return None, one_line(error)


def _register(pm: pluggy.PluginManager, name: str, distribution: str, module: Any) -> None:
    """Register one plugin; raise PluginError where it misuses a hook that ganzoo has."""
    if pm.is_registered(module):  # one module under two entry points is one plugin
        return
    who = _described(name, distribution)
    for hook in HOOKS:
        if callable(getattr(module, hook, None)) and pm.parse_hookimpl_opts(module, hook) is None:
            raise PluginError(
                f"The plugin {who} has {hook} without @ganzoo.hookimpl above it. Add it there, or uninstall the plugin."
            )
    try:
        pm.register(module, name)
    except pluggy.PluginValidationError as error:
        raise PluginError(
            f"The plugin {who} misuses a hook: {' '.join(str(error).split())}."
            " ganzoo.contracts.hookspecs shows each hook's arguments; fix the plugin or uninstall it."
        ) from error


def _unknown_hooks(pm: pluggy.PluginManager, packages: dict[str, str]) -> Iterator[tuple[str, PluginError]]:
    """Yield plugin and error for hooks that ganzoo lacks; pluggy's own ``check_pending`` would suggest nothing."""
    for hook in vars(pm.hook).values():
        if isinstance(hook, pluggy.HookCaller) and not hook.has_spec():
            for implementation in hook.get_hookimpls():
                if not implementation.optionalhook:
                    name = implementation.plugin_name
                    who = _described(name, packages.get(name, name))
                    yield (
                        name,
                        PluginError(
                            f"The plugin {who} implements '{hook.name}', which is not a hook of"
                            f" ganzoo.{suggest(hook.name, HOOKS)} The hooks are: {', '.join(HOOKS)}."
                        ),
                    )


def _described(name: str, distribution: str) -> str:
    return f"'{name}'" if distribution == name else f"'{name}' of {distribution}"


def one_line(error: BaseException) -> str:
    """Return an error's type and text on one line, as a table or a longer message can hold it."""
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")


def _built_in() -> Iterator[tuple[str, str, str, Callable[[], Any]]]:
    for info in sorted(pkgutil.iter_modules(ganzoo_plugins.__path__), key=lambda info: info.name):
        path = f"{ganzoo_plugins.__name__}.{info.name}"
        yield path, "ganzoo-core", __version__, partial(importlib.import_module, path)


def _entry_points() -> Iterator[tuple[str, str, str, Callable[[], Any]]]:
    if not _may_have_third_party_plugins():
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


def _may_have_third_party_plugins() -> bool:
    """Tell whether some package on the path may name our group, by a look at the files.

    importlib.metadata knows for certain, but takes as long to import as click does, and most often there is none.
    Anything but a plain folder (an archive, an importer with metadata of its own) may name it.
    """
    if any(hasattr(finder, "find_distributions") and finder is not PathFinder for finder in sys.meta_path):
        return True
    return any(_names_group(path or os.curdir) for path in sys.path)


def _names_group(path: str) -> bool:
    if not os.path.isdir(path):
        return os.path.exists(path)
    section = f"[{GROUP}]".encode()
    for name in _list(path):
        if name.lower().endswith(("dist-info", "egg-info")):
            with contextlib.suppress(OSError), open(os.path.join(path, name, "entry_points.txt"), "rb") as file:
                if section in file.read():
                    return True
    return False


def _list(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except OSError:  # importlib.metadata, too, finds nothing in a folder it may not read
        return []
