"""The one way in which commands print: text of other people cannot command the terminal."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import click

from ganzoo.files.terminal import clean, clean_json

_STYLE = re.compile("(\x1b\\[[012]m)")  # bold, dim, and their end: what `click.style` adds for ganzoo's own headings


def echo(text: object = "", err: bool = False) -> None:
    """Print a line of text on stdout or stderr; control characters are shown as escapes, \\\\x1b."""
    parts = _STYLE.split(str(text))
    click.echo("".join(part if _STYLE.fullmatch(part) else clean(part, sys.maxsize) for part in parts), err=err)


def echo_error(message: str) -> None:
    """Print an error's message on stderr, shortened if it is very long."""
    click.echo(clean(message), err=True)


def echo_json(value: Any) -> None:
    """Print JSON, indented."""
    click.echo(clean_json(json.dumps(value, indent=2, ensure_ascii=False)))
