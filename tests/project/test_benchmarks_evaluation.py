"""The benchmark of features: both sides compute the same, and a difference would show."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
import torch
from conftest import ROOT

sys.path.append(str(ROOT / "benchmarks"))

import evaluation


def test_workers_of_both_sides_compute_the_same_features_and_report_seconds_and_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save(torch.randint(256, (3, 3, 16, 16), dtype=torch.uint8), tmp_path / "images.pt")
    weights = evaluation.random_weights(tmp_path / "weights.pth")
    features = []
    for variant in evaluation.VARIANTS[:2]:
        job = evaluation.Job(variant, str(tmp_path / "images.pt"), str(weights), 2, "cpu", 1, "cpu")
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{tmp_path / 'features.pt'}\nagain\nend\n"))
        evaluation.work(job)
        _, seconds, peak = map(float, capsys.readouterr().out.split())
        assert 0 < seconds < 600 and 50 < peak < 100_000
        features.append(torch.load(tmp_path / "features.pt", weights_only=True))
    weights.unlink()  # 95 MB
    errors = evaluation.differences(features[1], features[0])
    assert features[0].shape == (3, 2048) and 0 < errors["norm"] < 1e-6


def test_a_difference_is_relative_to_the_features() -> None:
    expected = torch.tensor([[3.0, 4.0]])
    errors = evaluation.differences(expected + torch.tensor([[0.0, 0.5]]), expected)
    assert errors == {"norm": pytest.approx(0.1), "largest": pytest.approx(0.125)}
