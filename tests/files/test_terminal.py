"""Text of other people cannot command a terminal."""

from __future__ import annotations

from ganzoo.files.terminal import MAX_LENGTH, clean


def test_escapes_are_shown_and_ordinary_text_stays() -> None:
    assert clean("\x1b[2Jgone\x07\x9b31m\r\x7f") == "\\x1b[2Jgone\\x07\\x9b31m\\r\\x7f"
    assert clean("a\u202eb\u200bc\ud800") == "a\\u202eb\\u200bc\\ud800"
    plain = "Zürich, 斑馬, 🦓 ↑\tx\ny"
    assert clean(plain) == plain


def test_a_megabyte_becomes_a_message() -> None:
    text = clean("x" * 10**6 + "end")
    assert len(text) < MAX_LENGTH + 100 and text.endswith("end") and "980,003 characters left out" in text
