"""The commands of a guide, run as they are printed, with networks made small."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from pathlib import Path

from click.testing import CliRunner
from conftest import ROOT

from ganzoo.cli.main import cli
from ganzoo.data.rasters import frames

SMALLER = ((r"--steps \d+", "--steps 2"), (r"width=\d+", "width=4"), (r"image_size=\d+", "image_size=32"))


def text(name: str) -> str:
    """Return a page of `docs/guides`."""
    return Path(ROOT, "docs", "guides", name).read_text(encoding="utf-8")


def sections(name: str) -> dict[str, str]:
    """Return the sections of a page by their titles."""
    return {part.partition("\n")[0]: part for part in text(name).split("\n## ")[1:]}


def commands(block: str, smaller: Iterable[tuple[str, str]] = SMALLER) -> list[str]:
    """Run each command of ganzoo in a block of a page, and return what they print."""
    printed = []
    for line in block.replace("\\\n", " ").splitlines():
        for pattern, small in smaller:
            line = re.sub(pattern, small, line)
        words = shlex.split(line, comments=True)
        if words and words[0] == "ganzoo":
            done = CliRunner().invoke(cli, words[1:], catch_exceptions=False)
            assert done.exit_code == 0, f"{line}: {done.output}"
            printed.append(done.output)
    return printed


def blocks(section: str, language: str = "sh") -> list[str]:
    """Return the blocks of a section in this language."""
    return re.findall(rf"```{language}\n(.*?)```", section, re.S)


def close_files() -> None:
    """Close the image files that a training in this process left open."""
    while frames._opened.files:
        frames._opened.files.popitem()[1].close()
