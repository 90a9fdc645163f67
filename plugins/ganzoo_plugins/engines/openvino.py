"""OpenVINO (https://docs.openvino.ai), on CPUs: float32, bfloat16 if the CPU supports it, int8."""

from __future__ import annotations

import io
import logging
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo import Engine, Format
from ganzoo.contracts.engine import thread_count
from ganzoo.errors import DeviceError

if TYPE_CHECKING:
    from torch import nn

    from ganzoo.contracts.engine import Array, Runner, Signature

FILE = "model.xml"
HINTS = {"float32": "f32", "bfloat16": "bf16"}  # for int8, the other layers run in the CPU's fastest type


class OpenVino(Engine):
    """Runs OpenVINO's own format; int8 is post-training quantization of weights and activations (NNCF)."""

    dtypes = ("float32", "bfloat16", "int8")
    torch_free = True
    rank = 1.5
    packages = ("openvino", "nncf")
    extra = "openvino"

    def convert(
        self, generator: nn.Module, signature: Signature, folder: Path, dtype: str, images: Sequence[Array]
    ) -> None:
        """Write the generator as OpenVINO's files into ``folder``, quantized by ``images`` for int8."""
        model = convert_model(generator, signature)
        save(quantize(model, images) if dtype == "int8" else model, folder / FILE)

    def open(self, folder: Path, dtype: str) -> Runner:
        """Return what runs the files on arrays, in this number type."""
        return load_compiled(folder / FILE, dtype)


class OpenVinoFile(Format):
    """OpenVINO's .xml, with the weights in a .bin next to it; metadata is in the runtime info "ganzoo"."""

    suffix = ".xml"
    packages = ("openvino",)
    extra = "openvino"

    def write(self, generator: nn.Module, signature: Signature, path: Path, metadata: Mapping[str, str]) -> None:
        """Write the generator as OpenVINO's .xml and .bin with this metadata."""
        model = convert_model(generator, signature)
        for name, value in metadata.items():
            model.set_rt_info(value, ["ganzoo", name])
        save(model, path)

    def open(self, path: Path) -> Runner:
        """Return what runs the files on arrays."""
        return load_compiled(path, "float32")


def convert_model(generator: nn.Module, signature: Signature) -> Any:
    """Convert a generator to an OpenVINO model with variable batch, height and width."""
    import torch

    openvino = import_openvino()
    example = torch.rand(signature.example_shape()) * 2 - 1
    sizes = [-1, signature.channels, -1, -1] if signature.channels else [-1, signature.latent_dim]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # from torch.jit, with which OpenVINO traces
        model = openvino.convert_model(generator, example_input=example, input=sizes)
    model.inputs[0].set_names({"input"})
    model.outputs[0].set_names({"output"})
    return model


def quantize(model: Any, images: Sequence[Array]) -> Any:
    """Quantize a model to int8, with activation ranges calibrated on ``images``."""
    import_openvino()
    with redirect_stdout(io.StringIO()), _without_logs():  # progress bars, and warnings about CUDA
        import nncf

        # Mixed: tanh and leaky ReLU give activations on both sides of zero.
        mixed = nncf.QuantizationPreset.MIXED
        return nncf.quantize(model, nncf.Dataset(images), subset_size=len(images), preset=mixed)


@contextmanager
def _without_logs() -> Iterator[None]:
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(level)


def import_openvino() -> Any:
    """Import OpenVINO without its telemetry, which would report every import and conversion over the network."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # makes importing it fail
    import openvino

    return openvino


def save(model: Any, path: Path) -> None:
    """Write a model as .xml and .bin, in its own number type."""
    import_openvino().save_model(model, path, compress_to_fp16=False)


def load_compiled(path: Path, dtype: str) -> Runner:
    """Return a function that runs a file on OMP_NUM_THREADS threads, or on all cores."""
    core = import_openvino().Core()
    if dtype == "bfloat16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise DeviceError("This CPU does not support bfloat16. Omit the dtype, or use int8.")
    settings: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
    if dtype in HINTS:
        settings["INFERENCE_PRECISION_HINT"] = HINTS[dtype]
    if threads := thread_count():
        settings["INFERENCE_NUM_THREADS"] = threads
    request = core.compile_model(path, "CPU", settings).create_infer_request()

    def run(array: Array) -> Array:
        output: Array = request.infer([array])[0]
        return output

    return run
