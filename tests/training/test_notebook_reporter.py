"""Training in a notebook: one output with live curves, which is drawn again as the run goes on."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from training_cases import CASES, make_data

import ganzoo
from ganzoo.training import notebook_reporter
from ganzoo.training.reporter import SilentReporter


class ZMQInteractiveShell:
    """Named as the shell of a notebook's kernel."""


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Pretend that this process is a notebook's kernel; return what its output was, one text for each drawing."""
    drawn: list[str] = []

    def display(html: str, display_id: bool) -> Any:
        drawn.append(html)
        return SimpleNamespace(update=drawn.append)

    shell, module = ModuleType("IPython"), ModuleType("IPython.display")
    shell.get_ipython = ZMQInteractiveShell  # type: ignore[attr-defined]
    module.HTML, module.display = str, display  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", shell)
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    return drawn


def test_outside_of_a_notebook_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert isinstance(notebook_reporter.default_reporter(), SilentReporter)


def test_a_run_in_a_notebook_shows_its_curves_and_notes(
    outputs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notebook_reporter, "REFRESH", 0.0)
    kind, values = CASES["dcgan"]
    settings = {**values, "steps": 4, "log_every": 1, "device": "cpu"}
    ganzoo.train("dcgan", make_data(tmp_path, kind), tmp_path / "run", **settings)
    assert "step 0 of 4" in outputs[0] and "step 4 of 4" in outputs[-1] and "s left" not in outputs[-1]
    assert outputs[-1].count("<svg") >= 1 and "generator" in outputs[-1] and 'class="line"' in outputs[-1]
    ganzoo.resume(tmp_path / "run", steps=6)
    assert "continues after step 4 of 6." in outputs[-1] and "step 6 of 6" in outputs[-1]
