"""Third-party packages made on the spot: a module and the dist-info folder that pip would write beside it."""

from __future__ import annotations

import textwrap
from pathlib import Path

# An entry that may be added to, or spoiled: ENTRY.format(name="mine").
ENTRY = """
from ganzoo import Config, Entry, hookimpl

@hookimpl
def ganzoo_entries():
    return [Entry(kind="loss", name="{name}", config=Config, build=object, summary="A loss")]
"""


def install(folder: Path, module: str, source: str, package: str = "", points: dict[str, str] | None = None) -> None:
    """Lay the package into ``folder``, for sys.path or PYTHONPATH: ``module``.py, and its metadata, version 1.2.

    package  the distribution's name: the module's by default
    points   entry points of the group ganzoo: one to ``module`` by default
    """
    package = package or module.replace("_", "-")
    (folder / f"{module}.py").write_text(textwrap.dedent(source), encoding="utf-8")
    announce(folder, package, points or {package: module})


def announce(folder: Path, package: str, points: dict[str, str]) -> None:
    """Write the metadata of ``package``, version 1.2, whose modules lie in ``folder`` already."""
    info = folder / f"{package.replace('-', '_')}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n", encoding="utf-8")
    lines = [f"{name} = {value}" for name, value in points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[ganzoo]", *lines, ""]), encoding="utf-8")
