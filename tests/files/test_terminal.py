"""Text of other people cannot command a terminal."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from conftest import ROOT
from tiny_models import translator

from ganzoo.files.terminal import MAX_LENGTH, clean, clean_json


def test_escapes_are_shown_and_ordinary_text_stays() -> None:
    assert clean("\x1b[2Jgone\x07\x9b31m\r\x7f") == "\\x1b[2Jgone\\x07\\x9b31m\\r\\x7f"
    assert clean("a\u202eb\u200bc\ud800") == "a\\u202eb\\u200bc\\ud800"
    plain = "Zürich, 斑馬, 🦓 ↑\tx\ny"
    assert clean(plain) == plain


def test_a_megabyte_becomes_a_message() -> None:
    text = clean("x" * 10**6 + "end")
    assert len(text) < MAX_LENGTH + 100 and text.endswith("end") and "980,003 characters left out" in text


def test_json_keeps_its_meaning() -> None:
    value = {"text": "\x9b31m\u202e\x1b[2J Zürich\n"}
    cleaned = clean_json(json.dumps(value, ensure_ascii=False, indent=2))
    assert json.loads(cleaned) == value and clean(cleaned) == cleaned and "Zürich" in cleaned


def test_commands_print_through_one_door() -> None:
    own = [path for path in (ROOT / "ganzoo" / "cli").glob("*.py") if path.name != "echo.py"]
    assert own and [path.name for path in own if "click.echo(" in path.read_text(encoding="utf-8")] == []


def test_a_card_cannot_command_the_terminal(ganzoo_command: Callable[..., Any], tmp_path: Path) -> None:
    text = "\x1b[2J\x1b]0;title\x07 \x9b31m\u202e"
    translator(summary=text, limits=text, license=text).save(tmp_path / "m")
    for arguments in (("info",), ("info", "--json")):
        done = ganzoo_command(*arguments, f"dir:{tmp_path / 'm'}", env={**os.environ, "FORCE_COLOR": "1"})
        assert done.returncode == 0 and "title" in done.stdout
        printed = done.stdout.replace("\x1b[1m", "").replace("\x1b[0m", "")
        assert clean(printed, 10**9) == printed
    failed = ganzoo_command("info", f"dir:{text}")
    assert failed.returncode == 1 and clean(failed.stderr) == failed.stderr
