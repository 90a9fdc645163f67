"""Engines and export formats: PyTorch, ONNX, OpenVINO."""

from __future__ import annotations

from ganzoo import Config, Family

family = Family(__name__)
ENTRIES = (
    ("engine", "torch", ".pytorch.Eager", "PyTorch, layer by layer: the reference for the others"),
    (
        "engine",
        "compile",
        ".pytorch.Compiled",
        "torch.compile: slow for the first image of a size, for many of one size",
    ),
    (
        "engine",
        "winograd",
        ".winograd.Winograd",
        "PyTorch with Winograd's algorithm for dense blocks and wide 3x3 convolutions: float32 on CPUs",
    ),
    ("engine", "onnxruntime", ".onnx.OnnxRuntime", "ONNX Runtime on CPUs; no torch from the second run on"),
    (
        "engine",
        "openvino",
        ".openvino.OpenVino",
        "OpenVINO on CPUs, also bfloat16 and int8; no torch from the second run on",
    ),
    ("format", "onnx", ".onnx.OnnxFile", "ONNX, for ONNX Runtime and most others"),
    ("format", "openvino", ".openvino.OpenVinoFile", "OpenVINO's .xml with its .bin"),
    ("format", "bioimageio", ".bioimageio.BioImageIo", "a package for bioimage.io, in units of the channels"),
    (
        "format",
        "torchscript",
        ".pytorch.TorchScript",
        "TorchScript, for C++ and older PyTorch; deprecated there: torch-export follows it",
    ),
    ("format", "executorch", ".executorch_program.ExecuTorch", "ExecuTorch's .pte with XNNPACK, for phones: one size"),
    ("format", "torch-export", ".pytorch.TorchExport", "torch.export's .pt2"),
)
for kind, name, target, summary in ENTRIES:
    family.entry(kind, name, target, summary=summary)(Config)

ganzoo_entries = family.entries
