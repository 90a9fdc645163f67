"""The catalog knows code: (kind, name) -> Entry, out of every plugin."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from itertools import islice
from typing import TypeGuard

from ganzoo.catalog import discovery
from ganzoo.contracts.entry import DATA_KINDS, KINDS, Entry
from ganzoo.contracts.tasks import TASKS
from ganzoo.errors import DuplicateName, GanzooError, OptionError, PluginError, UnknownName, suggest
from ganzoo.files.terminal import clean, one_line, safe_repr

MAX_ENTRIES = 10_000  # of one plugin: a generator may never end
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def entries(kind: str | None = None) -> list[Entry]:
    """Return every entry, or those of one kind, sorted by kind and name."""
    return [entry for (entry_kind, _), entry in sorted(_table().items()) if kind in (None, entry_kind)]


def find(spec: str) -> Entry:
    """Return the entry that ``spec`` names, as "generator:resnet".

    Raises:
        OptionError: The spec is malformed.
        UnknownName: There is no such entry; with a suggestion.
        DuplicateName: Two plugins add it.
        PluginError: A plugin adds it, but in a way that breaks the contract.
    """
    kind, colon, name = spec.partition(":")
    if not colon or kind not in KINDS:
        raise OptionError(
            f"'{spec}' is not an entry. Write KIND:NAME with one of the kinds {', '.join(KINDS)}; "
            f"`ganzoo list --entries` shows them all."
        )
    entry = _table().get((kind, name))
    if entry is None:
        if refused := _announced().refused.get((kind, name)):
            raise refused.with_traceback(None)  # raised every time: each would make its traceback longer
        known = [entry.name for entry in entries(kind)]
        raise UnknownName(
            f"No {kind} is called '{name}'.{suggest(name, known)} `ganzoo list --entries` shows all {len(known)}."
        )
    return entry


def origin(spec: str) -> str:
    """Return the name of the plugin that supplies ``spec``."""
    entry = find(spec)
    return _origins()[(entry.kind, entry.name)]


def by_plugin() -> dict[str, list[Entry]]:
    """Return each plugin's entries, sorted. It warns of nothing: `refusals` says what is wrong."""
    collected, found = _collected(), dict[str, list[Entry]]()
    for key, entry in sorted(collected.table.items()):
        found.setdefault(collected.origins[key], []).append(entry)
    return found


def refusals() -> dict[str, GanzooError]:
    """Return the first reason for which something of a plugin is left out of the catalog, by the plugin's name.

    Of two third-party plugins that claim one name, neither gets it; of a third-party one and ganzoo's own, ganzoo's.
    """
    return dict(_collected().refusals)


def refresh() -> None:
    """Forget the table, and what plugins were found."""
    discovery.refresh()
    _collected.cache_clear()


def _table() -> dict[tuple[str, str], Entry]:
    return _announced().table


def _origins() -> dict[tuple[str, str], str]:
    return _announced().origins


_Key = tuple[str, str]  # kind and name


@dataclass
class _Collected:
    """``refused``: why nothing has a name that some plugin adds. ``messages``: what to tell, in order."""

    table: dict[_Key, Entry] = field(default_factory=dict)
    origins: dict[_Key, str] = field(default_factory=dict)
    refusals: dict[str, GanzooError] = field(default_factory=dict)
    refused: dict[_Key, GanzooError] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def add(self, plugin: str, entry: Entry) -> None:
        key = (entry.kind, entry.name)
        owner = self.origins.get(key)
        if owner is None:
            self.table[key], self.origins[key] = entry, plugin
            return
        if discovery.is_preferred(plugin) or discovery.is_preferred(owner):
            if discovery.is_preferred(plugin):
                self.table[key], self.origins[key] = entry, plugin
                self.refused.pop(key, None)
            return
        one, other = (discovery.described(name) for name in (owner, plugin))
        error = DuplicateName(
            f"Two plugins add the {entry.kind} '{entry.name}': {one} and {other}. Uninstall one, rename yours, "
            "or choose one with GANZOO_PREFER=NAME."
        )
        if not _is_built_in(owner):
            self.table.pop(key, None)
            self.refused[key] = error
            self.refuse(owner, error)
        self.refuse(plugin, error)

    def refuse(self, plugin: str, error: GanzooError) -> None:
        """Remember why something of a plugin is left out."""
        self.refusals.setdefault(plugin, error)
        self.messages.append(f"Skipped: {error}")


def _is_built_in(plugin: str) -> bool:
    return discovery.distribution_of(plugin) == "ganzoo-core"


def _announced() -> _Collected:
    """Return what was collected; what was left out is logged, once a process."""
    discovery.announce()
    collected = _collected()
    for message in collected.messages:
        discovery.warn_once(message)
    return collected


@cache
def _collected() -> _Collected:
    collected = _Collected()
    found = discovery.registered().hook.ganzoo_entries.get_hookimpls()
    # Built-in ones come first, so that no third-party plugin takes a name away from them.
    for implementation in sorted(found, key=lambda each: not _is_built_in(each.plugin_name)):
        plugin = implementation.plugin_name
        try:
            returned = _returned(plugin, implementation.function)
        except PluginError as error:
            collected.refuse(plugin, error)
            continue
        tasks = [each.name for each in returned if _is_entry(each) and type(each.kind) is str and each.kind == "task"]
        tasks = [name for name in tasks if type(name) is str]
        for entry in returned:
            _collect(collected, plugin, entry, tasks)
    return collected


def _collect(collected: _Collected, plugin: str, entry: object, tasks: Collection[str]) -> None:
    """Add an entry of a plugin, or refuse it alone."""
    try:
        _check(plugin, entry, tasks)
        collected.add(plugin, entry)  # type: ignore[arg-type]
    except PluginError as error:
        if _is_entry(entry) and type(entry.name) is str and type(entry.kind) is str:
            collected.refused.setdefault((entry.kind, entry.name), error)
        collected.refuse(plugin, error)


def _returned(plugin: str, hook: object) -> list[object]:
    """Return what a plugin's hook returns, not checked. Raises PluginError where it fails, or never ends."""
    try:
        returned = list(islice(hook(), MAX_ENTRIES + 1))  # type: ignore[operator]
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # third-party code may raise anything
        raise PluginError(
            f"The plugin {discovery.described(plugin)} failed in ganzoo_entries: {one_line(error)}. "
            "It should return a list of ganzoo.Entry; fix or uninstall it."
        ) from error
    if len(returned) > MAX_ENTRIES:
        raise PluginError(
            f"The plugin {discovery.described(plugin)} returned more than {MAX_ENTRIES} entries from ganzoo_entries."
            " Fix or uninstall it."
        )
    return returned


def _is_entry(entry: object) -> TypeGuard[Entry]:
    return issubclass(type(entry), Entry)  # isinstance asks the object, which may raise anything


def _check(plugin: str, entry: object, tasks: Collection[str]) -> None:
    """Refuse an entry that breaks the contract, naming plugin, entry and field."""
    if not _is_entry(entry):
        raise PluginError(
            f"The plugin {discovery.described(plugin)} returned {safe_repr(entry)} from ganzoo_entries, not a"
            " ganzoo.Entry. Fix or uninstall it."
        )
    try:
        complaint = next(complaints(entry, tasks), None)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # of an object that a plugin put into a field
        complaint = f"fields cannot be read: {one_line(error)}"
    if complaint:
        raise PluginError(
            f"The plugin {discovery.described(plugin)} adds {_spec(entry)}, whose {complaint}. Fix or uninstall it."
        )


def _spec(entry: Entry) -> str:
    try:
        return clean(entry.spec, 200)
    except BaseException:  # of an object that a plugin put into a field
        return "an entry"


def complaints(entry: Entry, tasks: Collection[str] = ()) -> Iterator[str]:
    """Yield what is wrong with an entry. Nothing is certain of its fields: a plugin may have put anything there.

    Args:
        entry: Of any kind, known or not.
        tasks: Names of tasks besides ganzoo's own.
    """
    own_tasks = [*TASKS, *(each for each in tasks if each not in TASKS)]
    if entry.kind not in KINDS:
        yield f"kind '{entry.kind}' is not one of {', '.join(KINDS)}"
    if not isinstance(entry.name, str) or not _NAME.fullmatch(entry.name):
        yield f"name {entry.name!r} is not lower case with hyphens, as 'my-gan'"
    if not callable(entry.build):
        yield "build cannot be called"
    if not isinstance(entry.summary, str) or len(entry.summary.splitlines()) != 1:
        yield "summary is not one line of text"
    if entry.kind == "generator" and entry.task not in own_tasks:
        yield f"task '{entry.task}' is not one of {', '.join(own_tasks)}"
    if entry.kind == "recipe" and entry.data not in DATA_KINDS:
        yield f"data '{entry.data}' is not one of {', '.join(DATA_KINDS)}"
    yield from _config_complaints(entry.config)
    yield from _parts_complaints(entry)


def _config_complaints(config: object) -> Iterator[str]:
    from ganzoo.contracts.config import Config  # with limits, which `ganzoo list` does not need

    if not isinstance(config, type) or not issubclass(config, Config):
        yield "config is not a subclass of ganzoo.Config"
    elif "__dataclass_fields__" not in vars(config):  # its options would silently be none
        yield f"config {config.__name__} lacks @dataclass(frozen=True)"
    else:
        for option in fields(config):
            if option.default is MISSING and option.default_factory is MISSING:
                yield f"option '{option.name}' has no default"


def _parts_complaints(entry: Entry) -> Iterator[str]:
    if not isinstance(entry.batch_size, int) or entry.batch_size < 1:
        yield f"batch_size {entry.batch_size!r} is not a whole number from 1 up"
    if not isinstance(entry.parts, Mapping):
        yield f"parts {entry.parts!r} are not a dict of role to entry"
    elif entry.parts and entry.kind != "recipe":
        yield "parts are for recipes only"
    else:
        for role, part in entry.parts.items():
            kind, _, name = str(part).partition(":")
            if kind not in KINDS or kind == "recipe" or not name:
                yield f"part '{role}' is {part!r}, not KIND:NAME as 'generator:resnet'"
