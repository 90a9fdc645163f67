"""A run on one page: whole, escaped, small, and made of whatever files there are."""

from __future__ import annotations

import io
import json
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import picture
from opened_page import Page
from PIL import Image

from ganzoo.training import report


def put(run: Path, name: str, *values: Any) -> None:
    """Write values as lines of JSON."""
    (run / name).write_text("".join(json.dumps(value) + "\n" for value in values))


def sheets(run: Path, steps: Iterable[int], size: tuple[int, int] = (24, 16)) -> None:
    (run / "samples").mkdir()
    for step in steps:
        picture(*size, seed=step).save(run / "samples" / f"step-{step:08d}.png")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run's folder with all there may be in it."""
    folder = tmp_path / "mine"
    folder.mkdir()
    settings = {"recipe": "pix2pix", "steps": 400, "batch_size": 4, "data": ["a", "b"], "best": "", "ema_decay": 0.0}
    put(folder, "run.json", {**settings, "options": {"image_size": 32}, "parts": {}})
    put(folder, "environment.json", {"torch": "2.9.1", "device": "cpu (2 threads)"})
    put(folder, "best.json", {"measure": "psnr", "step": 100, "value": 21.5})
    put(
        folder,
        "metrics.jsonl",
        *({"step": k, "seconds": k / 2, "generator": 1 + 1 / k, "l1": 0.05 + 0.01 / k} for k in range(1, 201)),
    )
    put(folder, "validation.jsonl", *({"step": 50 * k, "psnr": 20 + k} for k in range(1, 5)))
    put(folder, "warnings.jsonl", {"step": 150, "kind": "collapse", "text": "The pictures look all alike."})
    sheets(folder, (1, 50, 100, 150, 200))
    return folder


def test_the_page_has_everything(run: Path) -> None:
    path = report.write(run)
    assert path == run / "report.html"
    page = Page(path)
    assert page.headings == ["1 warning", "Losses", "Validation", "Samples", "Settings", "Environment"]
    for shown in (
        "pix2pix mine",
        "step 200 of 400",
        "training time 1 min 40 s",
        "images/s 8 ",  # 9 steps of 4 pictures in 4.5 seconds
        "best psnr 21.5 at step 100",
        "Collapse step 150 The pictures look all alike.",
        "options.image_size 32",
        'data ["a", "b"]',
        "torch 2.9.1",
        "device cpu (2 threads)",
        "step 1 step 50 step 100 step 150 step 200",
    ):
        assert shown in page.text
    assert "parts" not in page.text and " best  " not in page.text  # what is empty is left out
    assert [values["value"] for tag, values in page.tags if tag == "progress"] == ["200"]
    assert [np.asarray(Image.open(io.BytesIO(one))).shape for one in page.images] == [(16, 24, 3)] * 5


def test_the_page_needs_nothing_else(run: Path) -> None:
    page = Page(report.write(run))
    assert page.needs_nothing_else()
    links = [values["href"] for _, values in page.tags if "href" in values]
    assert len(links) == 5 and all((run / link).is_file() for link in links)
    assert "prefers-color-scheme: dark" in page.source


def test_logged_speed_is_shown_where_there_is_one(run: Path) -> None:
    lines = [{"step": k, "pictures_per_second": 1000.0 + k, "generator": 0.5} for k in (100, 101, 102)]
    put(run, "metrics.jsonl", *lines)
    page = Page(report.write(run))
    assert "images/s 1,101" in page.text and "training time" not in page.text
    assert "pictures_per_second" not in page.source  # which is no loss


# ---- files that are missing, cut off or hostile


def test_a_folder_without_anything_gives_a_page(tmp_path: Path) -> None:
    page = Page(report.write(tmp_path))
    assert page.headings == [] and "step 0" in page.text


@pytest.mark.parametrize(
    "name", ["run.json", "environment.json", "best.json", "metrics.jsonl", "validation.jsonl", "warnings.jsonl"]
)
@pytest.mark.parametrize(
    "content", [None, b"", b'{"step": 3', b"[1, 2]", b"7", b"\xff\xfe\x00", b'{"step": NaN, "value": NaN}']
)
def test_each_file_may_be_missing_or_damaged(run: Path, name: str, content: bytes | None) -> None:
    (run / name).unlink() if content is None else (run / name).write_bytes(content)
    page = Page(report.write(run))
    assert "Samples" in page.headings


def test_a_half_written_last_line_leaves_the_others(run: Path) -> None:
    for name in ("metrics.jsonl", "validation.jsonl", "warnings.jsonl"):
        before = Page(report.write(run)).text
        with (run / name).open("a") as file:
            file.write('{"step": 999, "gener')
        assert Page(report.write(run)).text == before


def test_sheets_that_cannot_be_read_are_left_out(run: Path) -> None:
    whole = (run / "samples" / "step-00000050.png").read_bytes()
    (run / "samples" / "step-00000050.png").write_bytes(whole[: len(whole) // 2])
    (run / "samples" / "step-00000100.png").write_bytes(b"no picture")
    page = Page(report.write(run))
    assert len(page.images) == 3 and "step 1 step 150 step 200" in page.text


def test_every_text_is_escaped(run: Path, tmp_path: Path) -> None:
    evil = "<script>alert('x')</script>&\"{}"
    put(run, "run.json", {"recipe": evil, evil: evil, "options": {evil: [evil]}})
    put(run, "environment.json", {evil: evil})
    put(run, "best.json", {"measure": evil, "step": 5, "value": 1.5})
    put(run, "metrics.jsonl", *({"step": k, evil: 0.5} for k in (1, 2)))
    put(run, "validation.jsonl", {"step": 5, evil: 1.5})
    put(run, "warnings.jsonl", {"step": 1, "kind": evil, "text": evil})
    page = Page(report.write(run.rename(tmp_path / "a<b>&")))
    assert "script" not in {tag for tag, _ in page.tags}
    assert page.source.count("<script") == 0
    # Title twice, best, warning twice, a legend for losses and one for validation, settings four times, environment.
    assert page.text.count(evil) == 2 + 1 + 2 + 2 + 4 + 2


def test_names_that_are_no_unicode_do_not_stop_it(run: Path) -> None:
    put(run, "run.json", {"recipe": "dcgan", "data": "/pictures/\udcff"})
    assert "/pictures/?" in Page(report.write(run)).text


def test_it_appears_whole(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = report.write(run).read_text()

    def half(path: Path, text: str, **_: object) -> None:
        path.write_bytes(text.encode("utf-8", "replace")[:100])
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(KeyboardInterrupt):
        report.write(run)
    assert (run / "report.html").read_text() == before
    assert not list(run.glob(".*"))


# ---- what is shown of much


def test_warnings_come_first_and_the_newest_are_shown(run: Path) -> None:
    put(run, "warnings.jsonl", *({"step": k, "kind": "vanished", "text": f"text {k}."} for k in range(1, 31)))
    page = Page(report.write(run))
    assert page.headings[:2] == ["30 warnings", "Losses"]
    assert "The newest 20 of 30" in page.text and "text 30." in page.text and "text 10." not in page.text
    assert page.source.index("30 warnings") < page.source.index("<svg")
    (run / "warnings.jsonl").unlink()
    assert not any("warning" in heading for heading in Page(report.write(run)).headings)


@pytest.mark.parametrize(("count", "step"), [(1, 1), (2, 1), (12, 1), (13, 2), (24, 4), (99, 16), (100, 16)])
def test_the_timeline_has_at_most_twelve_sheets_from_first_to_last(tmp_path: Path, count: int, step: int) -> None:
    sheets(tmp_path, range(1, count + 1), size=(4, 4))
    page = Page(report.write(tmp_path))
    shown = [int(alt) for alt in re.findall(r'alt="samples at step (\d+)"', page.source)]
    assert len(shown) <= 12 and (shown[0], shown[-1]) == (1, count)
    assert set(np.diff(shown[:-1])) <= {step} and (len(shown) < 2 or 0 < shown[-1] - shown[-2] <= step)


def test_a_sheet_that_was_drawn_again_is_shown_anew(run: Path) -> None:
    before = Page(report.write(run)).images
    path = run / "samples" / "step-00000200.png"
    picture(24, 16, seed=77).save(path)
    os.utime(path, ns=(1, 1))
    after = Page(report.write(run)).images
    assert after[:4] == before[:4] and after[4] == path.read_bytes() != before[4]


def test_large_sheets_are_made_smaller(tmp_path: Path) -> None:
    (tmp_path / "samples").mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (1200, 1600, 3), dtype=np.uint8)  # the worst there is
    for step in range(2):
        Image.fromarray(noise).save(tmp_path / "samples" / f"step-{step:08d}.png", compress_level=0)
    first = Page(report.write(tmp_path)).images[0]
    assert len(first) <= 400_000  # and twelve of them, in base64, 6.4 MB
    image = Image.open(io.BytesIO(first))
    assert image.format == "JPEG" and image.width >= 320 and image.height / image.width == pytest.approx(0.75, abs=0.01)


def test_a_long_run_is_written_within_a_second(tmp_path: Path) -> None:
    draw = np.random.default_rng(0).normal(size=(10_000, 3))
    names = ("generator", "discriminator", "l1")
    put(
        tmp_path,
        "metrics.jsonl",
        *({"step": k, **dict(zip(names, row, strict=True))} for k, row in enumerate(draw.tolist())),
    )
    report.write(tmp_path)
    started = time.process_time()
    path = report.write(tmp_path)
    assert time.process_time() - started < 1
    assert path.stat().st_size < 200_000
