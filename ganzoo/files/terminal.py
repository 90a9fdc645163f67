"""Text of other people, made safe for a terminal.

A card, a file's name or a server's answer may hold escape sequences, which a terminal obeys: they clear the screen,
change its title, or rewrite what was printed before.
"""

from __future__ import annotations

import re

MAX_LENGTH = 20_000  # characters of one message
# Control characters except tab and newline, the C1 controls, and what changes the direction of text or is invisible.
_UNSAFE = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u061c\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff\\ud800-\\udfff]"
)


def clean(text: str, length: int = MAX_LENGTH) -> str:
    """Return text whose control characters are written as escapes (\\\\x1b), with its middle left out if too long."""
    if len(text) > length:
        half = length // 2
        text = f"{text[:half]} ... {len(text) - length:,} characters left out ... {text[-half:]}"
    return _UNSAFE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def clean_json(text: str) -> str:
    """Return JSON text in which such characters are written as JSON writes them, \\\\u009b; its meaning stays."""
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def one_line(error: BaseException) -> str:
    """Return an error's type and text on one line, as a table or a longer message can hold it."""
    try:
        text = str(error)
    except BaseException:  # third-party code, too
        text = "its message cannot be shown"
    return clean(" ".join(f"{type(error).__name__}: {text}".split()).removesuffix(":"), 1000)


def safe_repr(value: object) -> str:
    """Return ``repr(value)``, shortened, of third-party code's objects."""
    try:
        return clean(repr(value), 200)
    except BaseException:
        return f"a {type(value).__name__}"
