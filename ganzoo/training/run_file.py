"""run.yaml: a run's settings for people, written into every run; ``ganzoo train run.yaml -o RUN`` repeats it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganzoo.data.shards import refuse_commands
from ganzoo.errors import OptionError
from ganzoo.files.atomic import replacing
from ganzoo.files.parsing import parse_yaml
from ganzoo.files.regular import read_text

FILE = "run.yaml"
SUFFIXES = (".yaml", ".yml")
_RECORDED = ("plugins",)  # what a run states and nobody chooses
_SECTIONS = ("options", "parts", "part_options", "start_from")
_NO_SETTINGS = ("output", "reporter")  # arguments of ganzoo.train that are none
_HEAD = "# The settings of a run. `ganzoo train run.yaml -o FOLDER` repeats it; options of the command line go first.\n"


def write(run: Path, settings: Any) -> None:
    """Write a run's settings. Raises OutputError."""
    import yaml

    values = {name: value for name, value in dataclasses.asdict(settings).items() if name not in _RECORDED}
    with replacing(run / FILE) as temporary:
        temporary.write_text(_HEAD + yaml.safe_dump(values, sort_keys=False, allow_unicode=True), encoding="utf-8")


def is_run_file(text: str) -> bool:
    """Tell whether an argument names a run file, by its suffix."""
    return text.endswith(SUFFIXES)


def read(path: Path) -> dict[str, Any]:
    """Return the settings in a run file. Raises OptionError that says what is wrong."""
    try:
        values = parse_yaml(read_text(path, OptionError))
    except OSError as error:
        raise OptionError(f"{path} cannot be read: {error.strerror or error}. Check the path.") from error
    except ValueError as error:
        if isinstance(error, OptionError):
            raise
        raise OptionError(f"{path} is not YAML: {error}. Fix it.") from error
    if not isinstance(values, dict) or not isinstance(values.get("recipe"), str):
        raise OptionError(f"{path} is not a run file: it names no recipe. Every run has one, {FILE}.")
    found = {str(name): value for name, value in values.items() if name not in _RECORDED}
    _check(path, found)
    return found


def _check(path: Path, values: Mapping[str, Any]) -> None:
    """Raise OptionError for what is no setting, and for sections and data of another shape."""
    if wrong := next((name for name in values if name in _NO_SETTINGS), None):
        raise OptionError(f"{path}: '{wrong}' is not a setting of a run. Remove it.")
    if wrong := next((name for name in _SECTIONS if not isinstance(values.get(name) or {}, dict)), None):
        raise OptionError(f"{path}: '{wrong}' holds no settings by name. Write one below it per line, as KEY: VALUE.")
    data = values.get("data") or []
    listed = data if isinstance(data, list) else [data]
    if not all(isinstance(side, str) for side in listed):
        raise OptionError(f"{path}: 'data' is not a path or a list of paths. Write it like data: photos/.")
    refuse_commands(listed, str(path))


def merged(values: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a file with those that were given besides; options and parts are merged one by one.

    A part that is chosen anew starts from its own defaults.
    """
    nested = ("options", "parts", "start_from")
    both = {name: {**dict(values.get(name) or {}), **dict(given.get(name) or {})} for name in nested}
    options = dict(values.get("part_options") or {})
    kept = {role: found for role, found in options.items() if role not in dict(given.get("parts") or {})}
    return {**values, **given, **both, "part_options": kept}
