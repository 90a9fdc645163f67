"""The parts of a page: escaped, embedded, small."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from conftest import picture
from opened_page import Page
from PIL import Image

from ganzoo.errors import OutputError
from ganzoo.reports import html

EVIL = "<script>x</script>&\"'{}"


def noise(side: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8))


def test_parts_are_escaped_and_well_formed(tmp_path: Path) -> None:
    sections = [
        html.section(EVIL, html.table([EVIL], [["<b>bold</b>"]], "plain")),
        *html.facts("Facts", {EVIL: EVIL}),
        html.alarms(EVIL, ["item"]),
        html.embed(picture(8, 8), 10_000, (8,)).img(EVIL, shown=160),
    ]
    opened = Page(html.write(tmp_path / "page.html", EVIL, sections))
    assert opened.needs_nothing_else() and "<script" not in opened.source
    assert opened.text.count(EVIL) == 1 + 2 + 2 + 1  # title, section and its table, facts, alarms
    assert [values["alt"] for tag, values in opened.tags if tag == "img"] == [EVIL]


def test_a_page_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "page.html").mkdir()
    with pytest.raises(OutputError, match="it is a folder"):
        html.write(tmp_path / "page.html", "title", [])


def test_small_images_stay_as_they_are_and_large_ones_become_small() -> None:
    tiny = picture(28, 28, seed=3)
    unchanged = html.embed(tiny, 30_000, (256, 128))
    assert unchanged.kind == "png" and np.array_equal(
        np.asarray(Image.open(io.BytesIO(unchanged.content))), np.asarray(tiny)
    )
    reduced = html.embed(noise(700), 30_000, (256, 192, 128))
    assert reduced.kind == "jpeg" and len(reduced.content) <= 30_000
    assert Image.open(io.BytesIO(reduced.content)).width == reduced.width in (192, 128)


def test_only_what_is_smaller_than_shown_is_enlarged_without_blur() -> None:
    tiny = html.embed(picture(28, 28), 30_000, (256,))
    assert 'class="pixels"' in tiny.img("x", shown=160) and "pixels" not in tiny.img("x", shown=28)
    source = tiny.img("x", shown=28).partition("base64,")[2].partition('"')[0]
    assert base64.b64decode(source) == tiny.content


def test_nested_values_are_named_by_their_path() -> None:
    values = {"a": 1, "b": {"c": "x", "d": {"e": [1, 2]}, "f": None}, "g": "", "h": 0}
    assert dict(html.flatten(values)) == {"a": "1", "b.c": "x", "b.d.e": "[1, 2]", "h": "0"}
