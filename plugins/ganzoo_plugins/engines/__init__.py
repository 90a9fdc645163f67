"""What runs generators, and the files they are exported to: PyTorch, ONNX, OpenVINO."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ganzoo import Config, Entry, hookimpl


@dataclass(frozen=True)
class NoOptions(Config):
    """Engines and formats have none."""


def builder(place: str) -> Callable[[Config], Any]:
    """Return what builds the class at ``place``, "module.Class", of which nothing is imported before."""
    module, _, name = place.partition(".")
    return lambda config: getattr(import_module(f".{module}", __package__), name)()


ENTRIES = (
    ("engine", "torch", "pytorch.Eager", "PyTorch, layer by layer: what the others are compared with"),
    (
        "engine",
        "compile",
        "pytorch.Compiled",
        "torch.compile: slow at the first image of a size, for many of one size",
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
    return [Entry(kind, name, NoOptions, builder(place), summary) for kind, name, place, summary in ENTRIES]
