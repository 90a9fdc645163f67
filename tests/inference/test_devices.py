"""Devices, number types, engines: what is there, and what is refused."""

from __future__ import annotations

import pytest
import torch

from ganzoo.errors import DeviceError
from ganzoo.inference import devices, engine_selection


def test_cpu_is_always_there() -> None:
    for name in ("cpu", "cpu:0", "cpu:5"):
        assert devices.choose(name) == torch.device("cpu")


def test_auto_takes_the_best_there_is() -> None:
    best = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    assert devices.choose("auto").type == best


@pytest.mark.parametrize("name", ["gpu", "", "cpu:x", "cuda:", "xpu", "meta", "cuda:99"])
def test_no_device_is_an_error_with_the_right_names(name: str) -> None:
    with pytest.raises(DeviceError, match=r"cpu|CUDA device\(s\)"):
        devices.choose(name)


def test_cuda_is_refused_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match="no CUDA device"):
        devices.choose("cuda")


def test_mps_is_refused_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(DeviceError, match="no MPS device"):
        devices.choose("mps")


def test_a_cpu_is_described_by_architecture_and_threads() -> None:
    before = torch.get_num_threads()
    try:
        for number, words in ((1, ", 1 thread"), (2, ", 2 threads")):
            torch.set_num_threads(number)
            assert devices.describe(torch.device("cpu")).endswith(words)
    finally:
        torch.set_num_threads(before)


def test_types_by_name_and_by_object() -> None:
    assert devices.choose_dtype(None) == torch.float32
    assert devices.choose_dtype("bfloat16") == devices.choose_dtype(torch.bfloat16) == torch.bfloat16
    for wrong in ("half", "int8", torch.int8, torch.float64):
        with pytest.raises(DeviceError, match="float32, float16 or bfloat16"):
            devices.choose_dtype(wrong)


def test_an_engine_that_is_none_is_refused() -> None:
    engine_selection.check("auto")
    engine_selection.check("torch")
    with pytest.raises(
        DeviceError, match=r"'troch'. Did you mean 'torch'\? Engines: auto, openvino, onnxruntime, compile, torch"
    ):
        engine_selection.check("troch")
