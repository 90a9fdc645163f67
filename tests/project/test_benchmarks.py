"""The benchmarks: textbook and recipes do the same step, and a difference would show."""

from __future__ import annotations

import dataclasses
import io
import sys
from pathlib import Path

import pytest
import torch
from conftest import ROOT
from rich.console import Console

from ganzoo.training.machine import Machine

sys.path.append(str(ROOT / "benchmarks"))

import cases
import textbook
import training
from accuracy import differences
from cases import CASES, Case

PLAIN = Machine(torch.device("cpu"), "fp32")
TINY = {
    "cyclegan": dataclasses.replace(
        CASES["cyclegan"],
        textbook=lambda: textbook.CycleGan(width=4, blocks=1),
        values={**CASES["cyclegan"].values, "image_size": 32},
        part_options={"generator": {"width": 4, "blocks": 1}, "discriminator": {"width": 4}},
        stored=2,
    ),
    "dcgan": dataclasses.replace(
        CASES["dcgan"],
        textbook=lambda: textbook.dcgan(width=4),
        part_options={"generator": {"width": 4, "latents": "normal"}, "discriminator": {"width": 4}},
        batch_size=4,
        stored=8,
    ),
    "mlp": dataclasses.replace(CASES["mlp"], batch_size=4, stored=8),
}


@pytest.fixture(params=sorted(TINY))
def case(request: pytest.FixtureRequest) -> Case:
    return TINY[request.param]


@pytest.mark.parametrize("side", ["textbook", "ours"])
def test_both_steps_have_the_losses_and_gradients_of_float64(case: Case, side: str) -> None:
    (errors,) = differences(case, cases.random_images(case), [(side, PLAIN)])
    assert errors["losses"] < 1e-5 and errors["gradients"] < 1e-3


def test_errors_in_half_precision_are_as_large_as_eight_bits_allow(case: Case) -> None:
    half = Machine(torch.device("cpu"), "bf16")
    (errors,) = differences(case, cases.random_images(case), [("ours", half)])
    assert 1e-6 < errors["losses"] < 0.1 and errors["gradients"] > 1e-3


def test_another_weight_of_a_loss_shows_in_the_gradients() -> None:
    other = dataclasses.replace(TINY["cyclegan"], textbook=lambda: textbook.CycleGan(width=4, blocks=1, identity=0.4))
    (errors,) = differences(other, cases.random_images(other), [("ours", PLAIN)])
    assert errors["gradients"] > 0.01


def test_networks_of_different_shapes_are_rejected() -> None:
    other = dataclasses.replace(TINY["dcgan"], textbook=lambda: textbook.dcgan(width=8))
    with pytest.raises(ValueError, match="the textbook has"):
        cases.build_textbook(other)


@pytest.mark.parametrize("side", ["textbook", "recipe"])
def test_steps_change_the_weights_and_continue_past_the_end_of_the_images(
    case: Case, side: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, builder = {"textbook": cases.textbook_steps, "recipe": cases.our_steps}[side], f"build_{side}"
    subject = getattr(cases, builder)(case)
    before = {name: [p.clone() for p in network.parameters()] for name, network in subject.networks.items()}
    monkeypatch.setattr(cases, builder, lambda case: subject)
    running = steps(case, cases.random_images(case), PLAIN)
    losses = [next(running) for _ in range(case.stored // case.batch_size + 1)]
    assert all(torch.as_tensor(each).isfinite() for step in losses for each in step.values())
    for name, network in subject.networks.items():
        assert any(not torch.equal(*pair) for pair in zip(network.parameters(), before[name], strict=True))


def test_a_worker_answers_with_seconds_per_step_and_its_peak_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(training.CASES, "mlp", TINY["mlp"])
    torch.save(cases.random_images(TINY["mlp"]), tmp_path / "images.pt")
    monkeypatch.setattr(sys, "stdin", io.StringIO("1\n3\n0\n"))
    job = training.Job("mlp", str(tmp_path / "images.pt"), training.Variant("ours"), "cpu", 1, "wall")
    training.work(job, accuracy=False)
    *seconds, peak = map(float, capsys.readouterr().out.split())
    assert len(seconds) == 3 and all(0 < each < 600 for each in seconds)
    assert 50 < peak < 100_000


def test_the_table_says_what_was_measured() -> None:
    row = {"title": "ours bf16", "seconds": 0.5, "ratio": 1.914, "rounds": 7, "peak": 1234.0}
    console = Console(width=120, file=io.StringIO())
    console.print(training.report("dcgan", "random images", [{**row, "losses": 2e-7, "gradients": 3e-6}]))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    for part in ("batch 128", "random images", "7 rounds", "500.0", "1.91x", "256.0", "1,234", "2.0e-07", "3.0e-06"):
        assert part in text


def test_ratios_are_medians_over_rounds_of_processes_that_take_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []

    class Staged:
        def __init__(self, job: training.Job) -> None:
            self.side, self.seconds = job.variant.title, []

        def take_turn(self) -> None:
            order.append(self.side)
            load = [1.0, 3.0, 1.0][len(self.seconds) % 3]  # another process that comes and goes
            self.seconds.append(load * (2.0 if self.side == "textbook fp32" else 1.0))

        def end(self) -> float:
            return 1.0

    monkeypatch.setattr(training, "Worker", Staged)
    monkeypatch.setattr(sys, "argv", ["training.py", "--seconds", "0", "--no-accuracy"])
    rows = training.measure("mlp", tmp_path, training.parse_arguments(), torch.device("cpu"))
    assert [row["ratio"] for row in rows] == [1.0, 2.0, 2.0, 2.0]
    assert order == [variant.title for variant in training.ON_CPU] * training.MIN_ROUNDS
