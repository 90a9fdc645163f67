"""Programs for ExecuTorch, where it is installed: CI installs it after the other tests, beside the loggers."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_models import translator
from torch import nn

import ganzoo
from ganzoo import testing
from ganzoo.contracts.engine import Signature
from ganzoo.errors import DeviceError
from ganzoo.exporting import export
from ganzoo_plugins.engines.executorch_program import ExecuTorch

installed = importlib.util.find_spec("executorch") is not None
with_executorch = pytest.mark.skipif(not installed, reason="executorch is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")  # of its own parts


@pytest.fixture
def threads() -> Iterator[None]:
    """Its runtime sets torch's number of threads, which other tests depend on."""
    number = torch.get_num_threads()
    yield
    torch.set_num_threads(number)


@with_executorch
@pytest.mark.slow
def test_a_program_gives_the_models_results(tmp_path: Path, threads: None) -> None:
    model = translator()
    model.save(tmp_path / "m")
    made = ganzoo.export(f"dir:{tmp_path / 'm'}", "executorch", tmp_path / "out" / "it.pte")
    assert made.difference < 1e-4 and [path.name for path in (tmp_path / "out").iterdir()] == ["it.pte"]
    given = torch.rand(2, 3, 64, 64) * 2 - 1
    found = ExecuTorch().open(made.files[-1])(given.numpy())
    assert np.abs(found - model(given).numpy()).max() < 1e-4
    assert text(made.files[-1], "license") == model.card.license
    assert "N is 1, H and W are 64" in text(made.files[-1], "input")


def text(path: Path, name: str) -> str:
    from executorch.runtime import Runtime

    program = Runtime.get().load_program(path)
    (found,) = program.load_method(f"about_{name}").execute([])
    return str(found)


@with_executorch
@pytest.mark.slow
def test_the_contract_holds(threads: None) -> None:
    testing.check_entry("format:executorch")


class Unknown(nn.Module):
    """What the runtime has no kernel for."""

    stride, in_channels, out_channels, global_skip = 1, 3, 3, False

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.fft.rfft2(images, s=images.shape[-2:]).abs()


@with_executorch
@pytest.mark.slow
def test_a_network_that_it_cannot_run_is_refused_by_name(tmp_path: Path, threads: None) -> None:
    card, signature = translator().card, Signature(3)
    inputs = [np.zeros((1, 3, 64, 64), np.float32)]
    source = export.Source(card, Unknown().eval(), signature, inputs, 64)
    silent = export.Progress(lambda stage: None, lambda share: None)
    with pytest.raises(DeviceError, match=r"tiny/translator cannot be written as executorch: .* Try another format"):
        export.write_compared(ExecuTorch(), "executorch", source, tmp_path / "it.pte", silent)


@pytest.mark.skipif(installed, reason="executorch is installed")
def test_what_is_missing_is_said() -> None:
    with pytest.raises(DeviceError, match=r"'executorch' needs executorch: pip install 'ganzoo-core\[executorch\]'"):
        export.find_format("executorch")


def test_inputs_of_one_size_are_compared_one_by_one() -> None:
    images = [np.zeros((2, 3, 20, 40), np.float32), np.ones((1, 3, 64, 64), np.float32)]
    found = export._of_one_size(images, 32)
    assert [one.shape for one in found] == [(1, 3, 32, 32)] * 3 and found[-1].min() == 1
    assert [one.shape for one in export._of_one_size([np.zeros((3, 8), np.float32)], 32)] == [(1, 8)] * 3
    about = export.metadata(translator().card, Signature(3, 4), 64)
    assert about["image_size"] == "64" and "H and W are 64" in about["input"]
