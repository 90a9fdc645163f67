"""What runs generators, and the files they are exported to: PyTorch, ONNX, OpenVINO."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ganzoo import Config, Entry, hookimpl


@dataclass(frozen=True)
class NoOptions(Config):
    """Engines and formats have none."""


def eager(config: NoOptions) -> Any:
    from .pytorch import Eager

    return Eager()


def compiled(config: NoOptions) -> Any:
    from .pytorch import Compiled

    return Compiled()


def onnxruntime(config: NoOptions) -> Any:
    from .onnx import OnnxRuntime

    return OnnxRuntime()


def openvino(config: NoOptions) -> Any:
    from .openvino import OpenVino

    return OpenVino()


def onnx_file(config: NoOptions) -> Any:
    from .onnx import OnnxFile

    return OnnxFile()


def openvino_file(config: NoOptions) -> Any:
    from .openvino import OpenVinoFile

    return OpenVinoFile()


def torchscript(config: NoOptions) -> Any:
    from .pytorch import TorchScript

    return TorchScript()


def torch_export(config: NoOptions) -> Any:
    from .pytorch import TorchExport

    return TorchExport()


ENTRIES = (
    ("engine", "torch", eager, "PyTorch, layer by layer: what the others are compared with"),
    ("engine", "compile", compiled, "torch.compile: slow at the first picture of a size, for many of one size"),
    ("engine", "onnxruntime", onnxruntime, "ONNX Runtime on CPUs; no torch from the second run on"),
    ("engine", "openvino", openvino, "OpenVINO on CPUs, also bfloat16 and int8; no torch from the second run on"),
    ("format", "onnx", onnx_file, "ONNX, for ONNX Runtime and most others"),
    ("format", "openvino", openvino_file, "OpenVINO's .xml with its .bin"),
    ("format", "torchscript", torchscript, "TorchScript, for C++ and older PyTorch"),
    ("format", "torch-export", torch_export, "torch.export's .pt2"),
)


@hookimpl
def ganzoo_entries() -> list[Entry]:
    return [Entry(kind, name, NoOptions, build, summary) for kind, name, build, summary in ENTRIES]
