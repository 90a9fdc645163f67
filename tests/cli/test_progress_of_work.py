"""What a person sees of evaluations, exports and galleries: lines in a log, a bar on a terminal."""

from __future__ import annotations

import io
import re
import threading
from pathlib import Path

import pytest
from evaluation_cases import lay
from tiny_models import maker

from ganzoo.cli import progress
from ganzoo.cli.progress import ProgressBar, ProgressLines, progress_display, transfer
from tests.cli.test_main import call

Capture = pytest.CaptureFixture[str]


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that stands still until a test moves it."""
    made = Clock()
    monkeypatch.setattr(progress, "LINE_INTERVAL", 10.0)
    monkeypatch.setattr("ganzoo.cli.progress.time.monotonic", made)
    return made


def test_a_log_has_totals_and_the_time_left_every_ten_seconds(capsys: Capture, clock: Clock) -> None:
    lines = ProgressLines()
    for done in range(1, 101):
        clock.now += 1
        lines.share(done / 100, f"{done} of 100 images")
    assert capsys.readouterr().err.splitlines() == [
        f"{done} of 100 images, {'2 min' if done == 10 else f'{100 - done} s' if done > 40 else '1 min'} left"
        for done in range(10, 100, 10)
    ]


def test_more_images_than_expected_do_not_start_the_time_anew(capsys: Capture, clock: Clock) -> None:
    lines = ProgressLines()
    lines.staged = "Evaluating x"
    count = progress.ImageCount(lines)
    count.expect(10)
    for _ in range(9):
        clock.now += 2
        count.add(1)
    count.expect(27)
    for _ in range(3):
        clock.now += 2
        count.add(1)
    said = capsys.readouterr().err.splitlines()
    assert said == ["Evaluating x: 5 of 10 images, 10 s left", "Evaluating x: 10 of 36 images, 52 s left"]


def test_a_log_counts_the_items_of_a_gallery(capsys: Capture, clock: Clock) -> None:
    lines = ProgressLines(4)
    for name in ("a", "b", "c"):
        clock.now += 6
        lines.done(name) if name != "b" else lines.skipped("b: no image.")
    clock.now += 6
    lines.done("d")
    out, err = capsys.readouterr()
    assert out.split() == ["a", "c", "d"]
    assert err.splitlines() == ["b: no image.", "2 of 4, 12 s left"]


def test_a_stage_that_reports_nothing_is_repeated(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Converting a model once was silent for 221 seconds."""
    monkeypatch.setattr(progress, "LINE_INTERVAL", 0.01)
    written = threading.Event()
    shown = progress.echo
    monkeypatch.setattr(
        progress, "echo", lambda text, err=False: (shown(text, err), "so far" in text and written.set())
    )
    with progress_display() as lines:
        lines.stage("Converting x to y.onnx")
        assert written.wait(60)
    err = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"Converting x to y\.onnx, \d+ (s|min) so far", err[0])
    assert not capsys.readouterr().err, "nothing is said after the end"


def test_the_bar_names_the_stage_the_count_and_the_time_left(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", terminal)
    with progress_display() as bar:
        assert isinstance(bar, ProgressBar)
        bar.stage("Evaluating [a]")
        (task,) = bar.progress.tasks
        assert (task.total, task.description) == (None, "Evaluating [a]")
        clock.now += 30
        bar.share(0.25, "1 of 4 images")
        assert (task.completed, task.description) == (0.25, "Evaluating [a]: 1 of 4 images, 2 min left")


def test_models_without_an_image_count_in_the_bar(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", io.StringIO())
    bar = ProgressBar(2)
    bar.skipped("a: no image.")
    clock.now += 30
    bar.share(0.5)
    (task,) = bar.progress.tasks
    assert (task.completed, task.description) == (0.75, "1 of 2, 10 s left")
    bar.stop()


def test_transfers_say_what_they_do(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    with transfer("Uploading a"):
        pass
    assert not capsys.readouterr().err, "nothing in a log, unless it takes long"
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", terminal)
    with transfer("Uploading a"):
        assert terminal.getvalue() == "Uploading a ...\n", "the client's own bars follow"


@pytest.mark.parametrize("metrics", ["fd", "fd,precision,is", "fd,kd,modes"])
def test_an_evaluation_never_passes_its_total(
    fresh: None, tmp_path: Path, metrics: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    shares: list[float] = []
    texts: list[str] = []
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(ProgressLines, "share", lambda self, share, text: (shares.append(share), texts.append(text)))
    maker().save(tmp_path / "maker")
    real = lay(tmp_path / "real", 40)
    command = ("eval", f"dir:{tmp_path / 'maker'}", "--data", str(real), "--metrics", metrics, "--no-cache")
    code, _, err = call(capsys, *command, "--extractor", "fashion-mnist", "--resamples", "0", "--subset-size", "0")
    assert code == 0, err
    assert max(shares) == shares[-1] == 1 and texts[-1] == "80 of 80 images"


def test_an_export_says_what_it_does(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    stages: list[str] = []
    shares: list[float] = []
    monkeypatch.setattr(ProgressLines, "stage", lambda self, text: stages.append(text))
    monkeypatch.setattr(ProgressLines, "share", lambda self, share: shares.append(share))
    maker().save(tmp_path / "maker")
    code, out, err = call(
        capsys, "export", f"dir:{tmp_path / 'maker'}", "--format", "torchscript", "-o", str(tmp_path / "m.pt")
    )
    assert code == 0 and out.startswith(str(tmp_path / "m.pt"))
    assert stages == ["Converting tiny/maker to m.pt", "Comparing its results with PyTorch's"] and not err
    assert shares == sorted(shares) and shares[-1] == 1 and len(shares) == 3
