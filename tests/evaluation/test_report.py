"""An evaluation on one page: whole, escaped, small, with whatever there is to show."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import picture
from opened_page import Page
from PIL import Image
from tiny_models import score
from torch import Tensor

from ganzoo.cards.protocol import Sample, Score
from ganzoo.contracts.metric import Diagnosis
from ganzoo.errors import OutputError
from ganzoo.evaluation import report
from ganzoo.evaluation.samples.results import Evaluation, Example, ReportSamples


def pixels(seed: int, side: int = 12, channels: int = 3) -> Tensor:
    whole = torch.from_numpy(np.asarray(picture(side, side, seed=seed)).copy()).permute(2, 0, 1)
    return whole[:channels].contiguous()


def example(seed: int, caption: str = "") -> Example:
    return Example({"input": pixels(seed), "output": pixels(seed + 1), "truth": pixels(seed + 2)}, caption)


def measured() -> list[Score]:
    plain = score("recall-efficientnet-lite0", 0.034, extractor="efficientnet-lite0", settings={"neighbors": 3})
    with_interval = score("fd-efficientnet-lite0", 270.787, interval="95 %, normal", resizing="bilinear to 64x64")
    return [Score(with_interval.metric, with_interval.value, with_interval.protocol, 265.13, 276.4), plain]


@pytest.fixture
def evaluation() -> Evaluation:
    report_samples = ReportSamples(
        samples=[pixels(k, 28, 1) for k in range(10)],
        real=[pixels(k, 28, 1) for k in range(20, 36)],
        best=[example(0, "PSNR 30.1")],
        worst=[example(9, "PSNR 9.2"), example(12)],
        ordered_by="PSNR to the truth",
        neighbors=[Example({"evaluated": pixels(1), "nearest in training": pixels(2)}, "distance 0.5")],
        histograms={"distance to the nearest training picture": {"evaluated": [1.0, 2.0, 4.0], "held-out": [3.0, 5.0]}},
        scatters={"Features in two directions": {"real": [(0.0, 1.0), (2.0, 3.0)], "evaluated": [(1.0, 1.0)]}},
        shares={"Classes, as seen": {"real": {"coat": 0.5, "bag": 0.5}, "evaluated": {"coat": 0.9, "bag": 0.1}}},
    )
    findings = [
        Diagnosis("Coverage", "18 of 20 clusters are there."),
        Diagnosis("Collapse", "Two clusters hold 90 % of the pictures.", alarm=True),
    ]
    return Evaluation(
        "dcgan/horses", "horses.zip, test", measured(), findings, ["3 pictures are left out."], report_samples
    )


def test_the_page_has_everything(evaluation: Evaluation, tmp_path: Path) -> None:
    path = report.write(evaluation, tmp_path / "out" / "report.html")
    assert path == tmp_path / "out" / "report.html"
    page = Page(path)
    assert page.headings == [
        *("1 failure", "Diagnoses", "Scores", "Samples", "Best translations, by PSNR to the truth"),
        *("Worst translations, by PSNR to the truth", "Nearest neighbors", "Distributions", "Features", "Classes"),
        "Notes",
    ]
    for shown in (
        "dcgan/horses evaluation on horses.zip, test, as of 20",
        "1 failure Collapse Two clusters hold 90 % of the pictures.",
        "Diagnoses Coverage 18 of 20 clusters are there.",
        "fd-efficientnet-lite0 270.8 ↓ 265.1 to 276.4 95 %, normal 64 generated, seed 0 against 64 horses, test;",
        "evaluated, 10 images",
        "real, 16 images",
        "input output truth PSNR 30.1",
        "evaluated nearest in training distance 0.5",
        "3 pictures are left out.",
    ):
        assert shown in page.text
    assert len(page.images) == 2 + 3 * 3 + 2


def test_the_page_needs_nothing_else(evaluation: Evaluation, tmp_path: Path) -> None:
    page = Page(report.write(evaluation, tmp_path / "report.html"))
    assert page.needs_nothing_else()
    assert not [values for tag, values in page.tags if "href" in values]
    assert "prefers-color-scheme: dark" in page.source
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]


def test_failures_are_alarms_and_only_they_are(evaluation: Evaluation, tmp_path: Path) -> None:
    page = Page(report.write(evaluation, tmp_path / "report.html"))
    alarm = page.source.partition('role="alert"')[2].partition("</section>")[0]
    assert "Collapse" in alarm and "Coverage" not in alarm
    assert page.source.index('role="alert"') < page.source.index("<h2>Scores")
    evaluation.diagnoses = [Diagnosis("Coverage", "All clusters are there.")]
    assert 'role="alert"' not in Page(report.write(evaluation, tmp_path / "report.html")).source


def test_every_field_of_a_protocol_is_there(evaluation: Evaluation, tmp_path: Path) -> None:
    page = Page(report.write(evaluation, tmp_path / "report.html"))
    assert page.text.count("complete protocol") == len(evaluation.scores)
    for shown in (
        "real.sha256 " + "ab" * 32,
        "extractor_sha256 " + "67" * 32,
        "settings.neighbors 3",
        "generated.seed 0",
        "interval 95 %, normal",
        "resizing bilinear to 64x64",
    ):
        assert shown in page.text


def test_an_arrow_shows_which_way_is_better_where_it_is_known(tmp_path: Path) -> None:
    scores = [score("psnr", 20.0), score("l1", 0.1), score("charm", 3.0)]
    page = Page(report.write(Evaluation("a", "b", scores), tmp_path / "report.html"))
    assert "psnr 20 ↑" in page.text and "l1 0.1 ↓" in page.text and "charm 3 64 generated" in page.text


def test_grids_hold_the_images_unchanged(evaluation: Evaluation, tmp_path: Path) -> None:
    sheet = np.asarray(Image.open(io.BytesIO(Page(report.write(evaluation, tmp_path / "report.html")).images[0])))
    assert sheet.shape == (3 * 30 + 2, 4 * 30 + 2)  # ten images of 28 pixels in rows of four, 2 pixels apart
    for k, expected in enumerate(evaluation.report_samples.samples):
        y, x = 2 + 30 * (k // 4), 2 + 30 * (k % 4)
        assert np.array_equal(sheet[y : y + 28, x : x + 28], expected[0].numpy())


def test_images_of_several_sizes_and_channels_share_a_grid(tmp_path: Path) -> None:
    samples = [pixels(1, 20), pixels(2, 600), pixels(3, 30, 1)[:, :, :10]]
    page = Page(report.write(Evaluation("a", "b", [], report_samples=ReportSamples(samples)), tmp_path / "report.html"))
    (sheet,) = page.images
    assert Image.open(io.BytesIO(sheet)).size == (1030, 1030)


def test_what_is_empty_is_left_out(tmp_path: Path) -> None:
    page = Page(report.write(Evaluation("images:outputs/", "", []), tmp_path / "report.html"))
    assert page.headings == [] and "images:outputs/ evaluation as of" in page.text


def test_every_text_is_escaped(tmp_path: Path) -> None:
    evil = "<script>alert('x')</script>&\"{}"
    one = score("psnr", 1.0, library=evil, generated=Sample(evil, 3), resizing=evil, settings={evil: evil})
    report_samples = ReportSamples(
        best=[Example({evil: pixels(1)}, evil)],
        ordered_by=evil,
        histograms={evil: {evil: [1.0]}},
        scatters={evil: {evil: [(1.0, 1.0)]}},
        shares={evil: {evil: {evil: 1.0}}},
    )
    evil_score = Score(evil, 1.0, one.protocol)
    findings = [Diagnosis(evil, evil), Diagnosis(evil, evil, True)]
    page = Page(
        report.write(Evaluation(evil, evil, [evil_score], findings, [evil], report_samples), tmp_path / "r.html")
    )
    assert page.source.count("<script") == 0 and page.needs_nothing_else()
    # Two titles, data, the head's score; findings; row, its words, its protocol; heading, label, caption; charts,
    # those of bars with a class's name cut once; the note.
    assert page.text.count(evil) == 2 + 1 + 1 + 4 + (1 + 4 + 5) + 3 + (2 + 2 + 5) + 1


def test_the_worst_images_there_are_fit_into_eight_megabytes(tmp_path: Path) -> None:
    draw = torch.Generator().manual_seed(0)

    def noise() -> Tensor:
        return torch.randint(0, 256, (3, 256, 256), dtype=torch.uint8, generator=draw)

    few = [noise() for _ in range(8)]
    examples = [Example({name: noise() for name in ("input", "output", "truth")}) for _ in range(12)]
    points = torch.randn(6000, 2, generator=draw).tolist()
    report_samples = ReportSamples(
        samples=few * 8, real=few * 8, best=examples, worst=examples, neighbors=examples * 3,
        scatters={f"map {k}": {"real": points, "evaluated": points} for k in range(2)},
    )  # fmt: skip
    path = report.write(
        Evaluation("noise", "noise", measured(), report_samples=report_samples), tmp_path / "report.html"
    )
    assert path.stat().st_size < 8_000_000
    page = Page(path)
    assert len(page.images) == 2 + 3 * (12 + 12 + 24) and "24 of 36" in page.text


def test_a_page_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="it is a folder"):
        report.write(Evaluation("a", "b", []), tmp_path)
