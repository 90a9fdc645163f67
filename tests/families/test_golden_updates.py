"""Each recipe's first two updates against numbers on file, so that a change of its maths cannot pass unseen.

They are computed and drawn in float64, without dropout. In float32, a processor's own order of additions moves a loss
by up to 2e-4 within two updates, and torch draws normal numbers by other instructions on each kind of processor, so
that no single precision could tell a change of the maths from another machine.

A change that is meant: run ``PYTHONPATH=tests python tests/families/test_golden_updates.py RECIPE...`` for those whose
maths changed, and say why in the commit.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import family_cases
import pytest
import torch
from exact import double_precision, make
from torch import Tensor

from ganzoo import catalog

GOLDEN = Path(__file__).parent.parent / "golden"
CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = family_cases.gathered("GOLDEN")
NEAR = 1e-9  # relative: 1e5 times float64's own rounding, which two updates and other instructions amplify


def waves(count: int, channels: int, pixels: int, phase: float) -> Tensor:
    """Return smooth pictures in [-1, 1] that need no random numbers."""
    line = torch.linspace(0, 6, pixels)
    each = torch.arange(count * channels, dtype=line.dtype).view(count, channels, 1, 1) + phase
    return torch.sin(line[:, None] * 1.1 + each) * torch.cos(line[None, :] - each)


def two_updates(case: str) -> dict[str, Any]:
    """Return the losses of two steps and, for each network then, the sum of its absolute weights."""
    name, part_options, values = CASES[case]
    with double_precision():
        recipe = make(name, part_options, **values)
        torch.manual_seed(1)
        losses = [recipe.step(batch_of(catalog.find(f"recipe:{name}").data, values, step)) for step in range(2)]
    steps = [{key: float(loss.detach()) for key, loss in each.items()} for each in losses]
    weights = {
        key: sum(p.detach().abs().sum().item() for p in network.parameters() if p.dim() > 1)
        for key, network in recipe.networks.items()
    }
    return {"losses": steps, "weights": weights}


def batch_of(data: str, values: dict[str, Any], step: int) -> dict[str, Tensor]:
    """Return two items of a recipe's kind of data for a step."""
    shape = (2, values["channels"], values["image_size"])
    if data == "clips":
        frames = [waves(*shape, phase=step + 0.2 * frame) for frame in range(values["frames"])]
        return {"clip": torch.stack(frames, 2), "label": torch.arange(2)}
    keys = {"paired": ["input", "target"], "unpaired": ["a", "b"]}.get(data, ["image"])
    batch = {key: waves(*shape, phase=step + 0.5 * index) for index, key in enumerate(keys)}
    return {**batch, "label": torch.arange(2)} if data == "labeled" else batch


@pytest.mark.parametrize("case", CASES)
def test_two_updates_give_the_numbers_on_file(case: str) -> None:
    expected = json.loads((GOLDEN / f"{case}.json").read_text(encoding="utf-8"))
    found = two_updates(case)
    for step, (losses, golden) in enumerate(zip(found["losses"], expected["losses"], strict=True)):
        assert losses == pytest.approx(golden, rel=NEAR, abs=0), f"step {step + 1}"
    assert found["weights"] == pytest.approx(expected["weights"], rel=NEAR, abs=0)


@pytest.mark.parametrize("case", CASES)
def test_no_part_of_an_update_is_computed_in_single_precision(case: str) -> None:
    """One loss rounded to float32 on its way, or one gradient, would differ from machine to machine again."""
    name, part_options, values = CASES[case]
    with double_precision():
        recipe = make(name, part_options, **values)
        batch = batch_of(catalog.find(f"recipe:{name}").data, values, 0)
        assert {loss.dtype for loss in recipe.step(batch).values()} == {torch.float64}
    for network in recipe.networks.values():
        assert {p.dtype for p in network.parameters()} == {torch.float64}


if __name__ == "__main__":
    for case in sys.argv[1:] or CASES:
        (GOLDEN / f"{case}.json").write_text(json.dumps(two_updates(case), indent=1) + "\n", encoding="utf-8")
