"""The parts of a page: escaped, embedded, small."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import picture
from jinja2 import UndefinedError
from opened_page import Page
from PIL import Image

from ganzoo.errors import OutputError
from ganzoo.reports import html

EVIL = "<script>x</script>&\"'{}"


def noise(side: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8))


def page(path: Path, title: str, **more: Any) -> Path:
    """Write an evaluation's page: the one with most parts."""
    empty: dict[str, Any] = {
        "baselines": {},
        "model": title,
        "data": title,
        "written": "now",
        "ordered_by": title,
        "best": None,
        "worst": None,
    }
    lists = dict.fromkeys(("scores", "failures", "diagnoses", "grids", "charts", "notes"), ())
    return html.write(path, "evaluation.html", title=title, neighbors=None, **{**empty, **lists, **more})


def test_everything_put_into_a_page_is_escaped(tmp_path: Path) -> None:
    one = {"name": EVIL, "text": EVIL}
    picture_ = html.embed(picture(8, 8), 10_000, (8,))
    rows = {"shown": [{"images": [(EVIL, picture_)], "caption": EVIL}], "count": 1}
    path = page(tmp_path / "page.html", EVIL, failures=[one], diagnoses=[one], notes=[EVIL], best=rows, worst=rows)
    opened = Page(path)
    assert opened.needs_nothing_else() and "<script" not in opened.source
    # title, heading, data; two diagnoses; note; headings, labels and captions of two rows
    assert opened.text.count(EVIL) == 3 + 2 * 2 + 1 + 2 * 3
    assert [values["alt"] for tag, values in opened.tags if tag == "img"] == [EVIL, EVIL]


def test_a_page_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "page.html").mkdir()
    with pytest.raises(OutputError, match="it is a folder"):
        page(tmp_path / "page.html", "title")


def test_a_template_without_a_value_is_an_error_and_no_page(tmp_path: Path) -> None:
    with pytest.raises(UndefinedError):
        html.write(tmp_path / "page.html", "evaluation.html", title="x")
    assert not (tmp_path / "page.html").exists()


def test_small_images_stay_as_they_are_and_large_ones_become_small() -> None:
    tiny = picture(28, 28, seed=3)
    unchanged = html.embed(tiny, 30_000, (256, 128))
    assert unchanged.kind == "png" and np.array_equal(
        np.asarray(Image.open(io.BytesIO(unchanged.content))), np.asarray(tiny)
    )
    reduced = html.embed(noise(700), 30_000, (256, 192, 128))
    assert reduced.kind == "jpeg" and len(reduced.content) <= 30_000
    assert Image.open(io.BytesIO(reduced.content)).width == reduced.width in (192, 128)


def test_only_what_is_smaller_than_shown_is_enlarged_without_blur(tmp_path: Path) -> None:
    small, large = html.embed(picture(28, 28), 30_000, (256,)), html.embed(picture(170, 28), 90_000, (256,))
    rows = {"shown": [{"images": [("small", small), ("large", large)], "caption": ""}], "count": 1}
    images = [values for tag, values in Page(page(tmp_path / "page.html", "x", best=rows)).tags if tag == "img"]
    assert [values.get("class") for values in images] == ["pixels", None]  # shown 160 pixels wide
    assert base64.b64decode(images[0]["src"].partition("base64,")[2]) == small.content


def test_nested_values_are_named_by_their_path() -> None:
    values = {"a": 1, "b": {"c": "x", "d": {"e": [1, 2]}, "f": None}, "g": "", "h": 0}
    assert dict(html.flatten(values)) == {"a": "1", "b.c": "x", "b.d.e": "[1, 2]", "h": "0"}
