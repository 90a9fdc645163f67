"""ONNX files, and ONNX Runtime (https://onnxruntime.ai), on CPUs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo import Engine, Format
from ganzoo.contracts.engine import thread_count

if TYPE_CHECKING:
    from torch import nn

    from ganzoo.contracts.engine import Array, Runner, Signature

FILE = "model.onnx"


class OnnxRuntime(Engine):
    """An ONNX file, run in float32."""

    torch_free = True
    rank = 1.3
    packages = ("onnxruntime", "onnx", "onnxscript")
    extra = "onnx"

    def convert(
        self, generator: nn.Module, signature: Signature, folder: Path, dtype: str, images: Sequence[Array]
    ) -> None:
        write(generator, signature, folder / FILE, {})

    def open(self, folder: Path, dtype: str) -> Runner:
        return session(folder / FILE)


class OnnxFile(Format):
    """ONNX, its input "input" and its output "output"; metadata as the model's metadata_props."""

    suffix = ".onnx"
    packages = ("onnxruntime", "onnx", "onnxscript")
    extra = "onnx"

    def write(self, generator: nn.Module, signature: Signature, path: Path, metadata: Mapping[str, str]) -> None:
        write(generator, signature, path, metadata)

    def open(self, path: Path) -> Runner:
        return session(path)


def write(generator: nn.Module, signature: Signature, path: Path, metadata: Mapping[str, str]) -> None:
    """Write an ONNX file, weights and all, with open batch, height and width."""
    import torch

    from .pytorch import open_sizes

    example = torch.rand(signature.example_shape()) * 2 - 1
    program = torch.onnx.export(
        generator,
        (example,),
        dynamo=True,
        dynamic_shapes=(open_sizes(signature),),
        input_names=["input"],
        output_names=["output"],
        verbose=False,
    )
    assert program is not None  # it is, with dynamo
    program.model.metadata_props.update(metadata)
    program.save(path)


def session(path: Path) -> Runner:
    """Return what runs an ONNX file on as many threads as OMP_NUM_THREADS says, or on all cores."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = thread_count()
    opened = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run(array: Array) -> Array:
        made: Array = opened.run(None, {"input": array})[0]
        return made

    return run
