"""Each recipe's first two updates against numbers on file, so that a change of its maths cannot pass unseen.

A change that is meant: run ``python tests/families/test_golden_updates.py RECIPE...`` for those whose maths changed,
and say why in the commit.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import family_cases
import pytest
import torch
from exact import make
from torch import Tensor

from ganzoo import catalog

GOLDEN = Path(__file__).parent.parent / "golden"
CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = family_cases.gathered("GOLDEN")


def waves(count: int, channels: int, pixels: int, phase: float) -> Tensor:
    """Return smooth pictures in [-1, 1] that need no random numbers."""
    line = torch.linspace(0, 6, pixels)
    each = torch.arange(count * channels, dtype=torch.float32).view(count, channels, 1, 1) + phase
    return torch.sin(line[:, None] * 1.1 + each) * torch.cos(line[None, :] - each)


def two_updates(case: str) -> dict[str, Any]:
    """Return the losses of two steps and, for each network then, the sum of its absolute weights."""
    name, part_options, values = CASES[case]
    recipe = make(name, part_options, **values)
    shape = (2, values["channels"], values["image_size"])
    data = catalog.find(f"recipe:{name}").data
    keys = {"paired": ["input", "target"], "unpaired": ["a", "b"]}.get(data, ["image"])
    torch.manual_seed(1)
    steps = []
    for step in range(2):
        batch = {key: waves(*shape, phase=step + 0.5 * index) for index, key in enumerate(keys)}
        if data == "labeled":
            batch["label"] = torch.arange(2)
        if data == "clips":
            frames = [waves(*shape, phase=step + 0.2 * frame) for frame in range(values["frames"])]
            batch = {"clip": torch.stack(frames, 2), "label": torch.arange(2)}
        steps.append({key: float(loss.detach()) for key, loss in recipe.step(batch).items()})
    weights = {
        key: sum(p.detach().double().abs().sum().item() for p in network.parameters() if p.dim() > 1)
        for key, network in recipe.networks.items()
    }
    return {"losses": steps, "weights": weights}


def digits(value: Any) -> Any:
    """Return ``value`` with its numbers cut to seven digits."""
    if isinstance(value, dict):
        return {name: digits(each) for name, each in value.items()}
    return [digits(each) for each in value] if isinstance(value, list) else float(f"{value:.7g}")


@pytest.mark.parametrize("case", CASES)
def test_two_updates_give_the_numbers_on_file(case: str) -> None:
    expected = json.loads((GOLDEN / f"{case}.json").read_text(encoding="utf-8"))
    found = two_updates(case)
    for step, (losses, golden) in enumerate(zip(found["losses"], expected["losses"], strict=True)):
        assert losses == pytest.approx(golden, rel=1e-4), f"step {step + 1}"
    assert found["weights"] == pytest.approx(expected["weights"], rel=1e-4)


if __name__ == "__main__":
    for case in sys.argv[1:] or CASES:
        (GOLDEN / f"{case}.json").write_text(json.dumps(digits(two_updates(case)), indent=1) + "\n", encoding="utf-8")
