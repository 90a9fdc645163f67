"""ONNX files, and ONNX Runtime (https://onnxruntime.ai) on CPUs."""

from __future__ import annotations

import warnings
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
    """Runs an ONNX file in float32."""

    torch_free = True
    rank = 1.3
    packages = ("onnxruntime", "onnx", "onnxscript")
    extra = "onnx"

    def convert(
        self, generator: nn.Module, signature: Signature, folder: Path, dtype: str, images: Sequence[Array]
    ) -> None:
        """Write the generator as an ONNX file into ``folder``."""
        write(generator, signature, folder / FILE, {})

    def open(self, folder: Path, dtype: str) -> Runner:
        """Return what runs the file on arrays."""
        return load_session(folder / FILE)


class OnnxFile(Format):
    """ONNX with the input "input" and the output "output"; metadata is in the model's metadata_props."""

    suffix = ".onnx"
    packages = ("onnxruntime", "onnx", "onnxscript")
    extra = "onnx"

    def write(self, generator: nn.Module, signature: Signature, path: Path, metadata: Mapping[str, str]) -> None:
        """Write the generator as an ONNX file with this metadata."""
        write(generator, signature, path, metadata)

    def open(self, path: Path) -> Runner:
        """Return what runs the file on arrays."""
        return load_session(path)


def write(generator: nn.Module, signature: Signature, path: Path, metadata: Mapping[str, str]) -> None:
    """Write an ONNX file with its weights and with variable batch, height and width."""
    import torch

    from .pytorch import dynamic_sizes

    example = torch.rand(signature.example_shape()) * 2 - 1
    with warnings.catch_warnings():
        # torch 2.10 to 2.12 warns of what it calls itself
        warnings.filterwarnings("ignore", r"`isinstance\(treespec, LeafSpec\)` is deprecated", FutureWarning)
        program = torch.onnx.export(
            generator,
            (example,),
            dynamo=True,
            dynamic_shapes=(dynamic_sizes(signature),),
            input_names=["input"],
            output_names=["output"],
            verbose=False,
        )
    assert program is not None  # with dynamo it never is
    program.model.metadata_props.update(metadata)
    program.save(path)


def load_session(path: Path) -> Runner:
    """Return a function that runs an ONNX file on OMP_NUM_THREADS threads, or on all cores."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = thread_count()
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run(array: Array) -> Array:
        output: Array = session.run(None, {"input": array})[0]
        return output

    return run
