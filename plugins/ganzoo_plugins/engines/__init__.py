"""Engines and export formats: PyTorch, ONNX, OpenVINO."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ganzoo import Config, Entry, hookimpl


@dataclass(frozen=True)
class NoOptions(Config):
    """Engines and formats have no options."""


def builder(target: str) -> Callable[[Config], Any]:
    """Return a function that imports and builds the class ``target``, "module.Class"."""
    module, _, name = target.partition(".")
    return lambda config: getattr(import_module(f".{module}", __package__), name)()


ENTRIES = (
    ("engine", "torch", "pytorch.Eager", "PyTorch, layer by layer: the reference for the others"),
    (
        "engine",
        "compile",
        "pytorch.Compiled",
        "torch.compile: slow for the first image of a size, for many of one size",
    ),
    ("engine", "onnxruntime", "onnx.OnnxRuntime", "ONNX Runtime on CPUs; no torch from the second run on"),
    (
        "engine",
        "openvino",
        "openvino.OpenVino",
        "OpenVINO on CPUs, also bfloat16 and int8; no torch from the second run on",
    ),
    ("format", "onnx", "onnx.OnnxFile", "ONNX, for ONNX Runtime and most others"),
    ("format", "openvino", "openvino.OpenVinoFile", "OpenVINO's .xml with its .bin"),
    ("format", "torchscript", "pytorch.TorchScript", "TorchScript, for C++ and older PyTorch"),
    ("format", "torch-export", "pytorch.TorchExport", "torch.export's .pt2"),
)


@hookimpl
def ganzoo_entries() -> list[Entry]:
    return [Entry(kind, name, NoOptions, builder(target), summary) for kind, name, target, summary in ENTRIES]
