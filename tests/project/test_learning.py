"""A measure is held to its limit, and random weights must miss it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import script
from learning import ROOM, Measure, Measures, averaged


def test_ratios_are_above_1_on_the_right_side_of_the_limit() -> None:
    lower = Measure("a", "error", value=0.2, untrained=0.8, limit=0.4)
    higher = Measure("a", "motion", value=0.8, untrained=0.1, limit=0.4, better="higher")
    assert (lower.reached, lower.missed) == (2, 2) and (higher.reached, higher.missed) == (2, 4)
    assert Measure("a", "error", value=0, untrained=1, limit=0.5).reached == float("inf")


def test_a_measure_beyond_its_limit_fails_and_so_does_a_limit_that_random_weights_keep(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("GANZOO_MARGINS", raising=False)
    measured = Measures("a")
    measured("error", 0.2, limit=0.4, untrained=0.8)
    with pytest.raises(AssertionError, match=r"error is 0\.5 after training, the limit 0\.4"):
        measured("error", 0.5, limit=0.4, untrained=0.8)
    with pytest.raises(AssertionError, match=r"error is 0\.3 untrained, within the limit 0\.4"):
        measured("error", 0.2, limit=0.4, untrained=0.3)


def test_a_study_writes_measures_down_and_marks_limits_without_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANZOO_MARGINS", str(tmp_path / "study"))
    for value in (0.2, 0.39, 0.1):
        Measures("a")("error", value, limit=0.4, untrained=0.8)
    found = [Measure(**json.loads(line)) for line in (tmp_path / "study").read_text().splitlines()]
    assert [each.value for each in found] == [0.2, 0.39, 0.1]
    margins = script("margins")
    assert margins.rows(found) == (["| `a` | error | 0.4 | 0.2 | 0.39 | **1.03** | 0.8 | 2.00 | 3 |"], False)
    assert margins.rows(found[::2])[1] and found[0].reached >= ROOM


def test_averaged_steps_end_with_the_average_of_the_generator_and_leave_the_discriminator() -> None:
    import torch

    from ganzoo.training.ema import decay_at

    networks = {name: torch.nn.Linear(1, 1) for name in ("generator", "discriminator")}
    expected = 0.0
    for step in averaged(SimpleNamespace(networks=networks, exports={"": "generator"}), range(20), decay=0.8):  # type: ignore[arg-type]
        for network in networks.values():
            torch.nn.init.constant_(network.weight, step)
        keep = decay_at(step + 1, 0.8)
        expected = keep * expected + (1 - keep) * step
    assert networks["generator"].weight.item() == pytest.approx(expected) and 12 < expected < 18
    assert networks["discriminator"].weight.item() == 19
