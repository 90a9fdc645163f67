"""What the packages on the path offer under the entry-point group ``ganzoo``; nothing of it is imported here."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.errors import PluginError
from ganzoo.files.limits import TEXT
from ganzoo.files.regular import read_regular, require_regular
from ganzoo.files.terminal import one_line
from ganzoo.version import __version__

if TYPE_CHECKING:
    from importlib import metadata

GROUP = "ganzoo"


@dataclass(frozen=True)
class Candidate:
    """Something that may be a plugin. ``error``: why it cannot be loaded."""

    name: str
    distribution: str
    version: str
    load: Callable[[], Any]
    point: str = ""
    error: str = ""


def find() -> Iterable[Candidate]:
    """Return what the packages on the path offer; of two installations of one package, that which Python imports.

    importlib.metadata's own function stops at the first package whose metadata it cannot parse.
    """
    if not _may_have_third_party_plugins():
        return []
    from importlib import metadata

    found: dict[str, list[Candidate]] = {}
    for number, distribution in enumerate(metadata.distributions()):
        label = _label(distribution)
        name = re.sub("[-_.]+", "-", label).lower() or f"{number}"
        if name not in found:
            found[name] = list(candidates(distribution, label))
    return sorted((one for each in found.values() for one in each), key=lambda one: (one.name, one.point))


def candidates(distribution: metadata.Distribution, label: str) -> Iterator[Candidate]:
    """Yield the plugins that a package offers, or the one error for which they cannot be read."""
    try:
        folder = getattr(distribution, "_path", None)
        if isinstance(folder, Path) and (folder / "entry_points.txt").exists():
            TEXT.check(require_regular(folder / "entry_points.txt"), "its entry_points.txt", PluginError)
        points = list(distribution.entry_points.select(group=GROUP))
        unfit = _requirement_error(distribution) if points else ""
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a damaged file, or an importer's own metadata
        name = label or os.path.basename(str(getattr(distribution, "_path", "?")))
        yield Candidate(name, name, "", lambda: None, error=f"its entry points cannot be read: {one_line(error)}")
        return
    for point in points:
        version = _version(distribution) if label else ""
        yield Candidate(point.value, label or point.value, version, point.load, point.name, unfit)


def _label(distribution: metadata.Distribution) -> str:
    """Return a package's name, as far as its metadata can be read."""
    try:
        return str(distribution.metadata["Name"] or "")
    except Exception:  # an interrupted uninstall leaves entry points behind without a METADATA file
        return ""


def _version(distribution: metadata.Distribution) -> str:
    try:
        return str(distribution.version or "")
    except Exception:
        return ""


def _may_have_third_party_plugins() -> bool:
    """Tell whether some package on the path may name our group, by a look at the files.

    importlib.metadata knows for certain, but takes as long to import as click does, and most often there is none.
    Anything but a plain folder (an archive, an importer with metadata of its own) may name it.
    """
    if any(hasattr(finder, "find_distributions") and finder is not PathFinder for finder in sys.meta_path):
        return True
    return any(names_group(path or os.curdir) for path in sys.path)


def names_group(path: str) -> bool:
    """Tell whether a package in this folder may name our group; anything but a folder may."""
    if not os.path.isdir(path):
        return os.path.exists(path)
    section = f"[{GROUP}]".encode()
    for name in _list(path):
        if name.lower().endswith(("dist-info", "egg-info")):
            with contextlib.suppress(OSError, PluginError):
                if section in read_regular(os.path.join(path, name, "entry_points.txt"), TEXT, PluginError):
                    return True
    return False


def _list(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except OSError:  # importlib.metadata, too, finds nothing in a folder it may not read
        return []


def _requirement_error(distribution: metadata.Distribution) -> str:
    """Return why a package that requires another version of ganzoo-core is skipped; "" if it fits."""
    texts = [text for text in distribution.requires or [] if re.match(r"ganzoo[-_.]core\b", text, re.IGNORECASE)]
    if not texts:
        return ""
    from packaging.requirements import Requirement

    for requirement in map(Requirement, texts):
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if applies and not requirement.specifier.contains(__version__, prereleases=True):
            return f"made for ganzoo-core {requirement.specifier}, you have {__version__}: update one of them"
    return ""
