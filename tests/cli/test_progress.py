"""What a person sees of a training: lines in a pipe, a bar on a terminal."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from rich.console import Console
from rich.progress import Progress, TextColumn

from ganzoo.cli import training_progress
from ganzoo.cli.training_progress import Bar, Lines, Pace, duration, number

Capture = pytest.CaptureFixture[str]


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """A clock that stands still until it is told."""
    made = Clock()
    monkeypatch.setattr("ganzoo.cli.training_progress.time.monotonic", made)
    yield made


def do(pace: Pace, clock: Clock, steps: range, seconds: float) -> None:
    for step in steps:
        clock.now += seconds
        pace.add(step)


def test_a_line_has_losses_speed_and_time_left(capsys: Capture, clock: Clock) -> None:
    lines = Lines()
    lines.start(0, 10_000, 128)
    for step in range(1, 501):
        clock.now += 1 / 3.1
        lines.step(step, {"generator": 0.81234, "discriminator": 1.2} if step == 500 else None)
    lines.note("a note [b]")
    assert capsys.readouterr().err.splitlines() == [
        "step 500/10000  generator 0.8123  discriminator 1.2  3.1 steps/s  397 images/s  51 min left",
        "a note [b]",
    ]


def test_the_last_line_has_no_time_left(capsys: Capture, clock: Clock) -> None:
    lines = Lines()
    lines.start(8, 10, 4)
    for step in (9, 10):
        clock.now += 0.5
        lines.step(step, {"discriminator": float("nan")})
    assert capsys.readouterr().err.splitlines() == [
        "step 9/10  discriminator nan  2 steps/s  8 images/s  0 s left",
        "step 10/10  discriminator nan  2 steps/s  8 images/s",
    ]


def test_the_speed_is_that_of_the_last_minute(clock: Clock) -> None:
    pace = Pace(0, 10_000, 1)
    do(pace, clock, range(1, 1001), 0.01)
    assert pace.steps_per_second == pytest.approx(100)
    do(pace, clock, range(1001, 1201), 0.5)  # slower for 100 seconds
    assert pace.steps_per_second == pytest.approx(2)
    assert str(pace).endswith("1 h 13 min left")
    assert len(pace.history) <= 121


def test_steps_slower_than_the_window_are_measured_over_several(clock: Clock) -> None:
    pace = Pace(0, 100, 1)
    do(pace, clock, range(1, 21), 90.0)
    assert pace.steps_per_second == pytest.approx(1 / 90)
    assert len(pace.history) == 11


def test_the_first_step_does_not_count_once_there_is_another(clock: Clock) -> None:
    pace = Pace(500, 1000, 1)
    do(pace, clock, range(501, 502), 30.0)  # compiles, or reads the disk
    assert pace.steps_per_second == pytest.approx(1 / 30)
    do(pace, clock, range(502, 504), 0.5)
    assert pace.steps_per_second == pytest.approx(2)


def test_a_reporter_that_sees_logged_steps_only_is_right_too(clock: Clock) -> None:
    pace = Pace(0, 1000, 1)
    for step in (1, 50, 100, 150):
        clock.now = 100 + step / 5
        pace.add(step)
    assert pace.steps_per_second == pytest.approx(5)


def test_no_time_at_all_divides_by_nothing(clock: Clock) -> None:
    pace = Pace(0, 10, 1)
    assert str(pace) == "0 steps/s  0 images/s"
    pace.add(1)
    assert "steps/s" in str(pace)


def test_the_bar_keeps_the_last_losses_next_to_the_speed(clock: Clock) -> None:
    shown = io.StringIO()
    # The columns of `reporter`, on a terminal that is a text.
    columns = (TextColumn("{task.completed}/{task.total}"), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=Console(file=shown, width=120, force_terminal=True), auto_refresh=False) as rich:
        bar = Bar(rich)
        bar.start(40, 100, 16)
        clock.now += 1
        bar.step(41, {"[generator]": 0.5})
        clock.now += 0.5
        bar.step(42, None)
        (task,) = rich.tasks
        assert (task.completed, task.total) == (42, 100)
        assert task.description == "[generator] 0.5  2 steps/s  32 images/s  29 s left"
        bar.note("step 42: l1 [0.25]")
    assert "42/100 [generator] 0.5" in shown.getvalue()
    assert "step 42: l1 [0.25]" in shown.getvalue()


def test_lines_are_for_pipes_and_the_bar_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", io.StringIO())
    with training_progress.reporter() as shown:
        assert isinstance(shown, Lines)
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", terminal)
    with training_progress.reporter() as shown:
        assert isinstance(shown, Bar)
        shown.start(0, 2, 4)
        shown.step(1, None)
        shown.step(2, {"generator": 0.25})
    assert "2/2" in terminal.getvalue() and "generator 0.25" in terminal.getvalue()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "0 s"),
        (40, "40 s"),
        (59.7, "60 s"),
        (90, "2 min"),
        (51 * 60, "51 min"),
        (3599, "1 h 0 min"),
        (7500, "2 h 5 min"),
        (86_399, "1 d 0 h"),
        (3 * 86_400 + 4.2 * 3600, "3 d 4 h"),
    ],
)
def test_durations_in_words(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(("value", "text"), [(0.314, "0.31"), (3.14, "3.1"), (9.96, "10"), (396.8, "397"), (0, "0")])
def test_speeds_have_two_digits(value: float, text: str) -> None:
    assert number(value) == text
