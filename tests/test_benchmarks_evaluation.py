"""The benchmark of features: both sides make the same, and a difference would show."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
import torch
from conftest import ROOT

sys.path.append(str(ROOT / "benchmarks"))

import evaluation


def test_workers_of_both_sides_make_the_same_features_and_tell_seconds_and_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save(torch.randint(256, (3, 3, 16, 16), dtype=torch.uint8), tmp_path / "pictures.pt")
    weights = evaluation.random_weights(tmp_path / "weights.pth")
    made = []
    for variant in evaluation.VARIANTS[:2]:
        job = evaluation.Job(variant, str(tmp_path / "pictures.pt"), str(weights), 2, "cpu", 1, "cpu")
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{tmp_path / 'made.pt'}\nagain\nend\n"))
        evaluation.work(job)
        _, seconds, peak = map(float, capsys.readouterr().out.split())
        assert 0 < seconds < 60 and 50 < peak < 100_000
        made.append(torch.load(tmp_path / "made.pt", weights_only=True))
    weights.unlink()  # 95 MB
    off = evaluation.differences(made[1], made[0])
    assert made[0].shape == (3, 2048) and 0 < off["norm"] < 1e-6


def test_a_difference_is_relative_to_the_features() -> None:
    expected = torch.tensor([[3.0, 4.0]])
    off = evaluation.differences(expected + torch.tensor([[0.0, 0.5]]), expected)
    assert off == {"norm": pytest.approx(0.1), "largest": pytest.approx(0.125)}
