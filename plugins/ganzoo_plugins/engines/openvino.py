"""OpenVINO (https://docs.openvino.ai), on CPUs: float32, bfloat16 where the CPU computes in it, int8."""

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
HINTS = {"float32": "f32", "bfloat16": "bf16"}  # for int8, what is not quantized runs in the CPU's fastest type


class OpenVino(Engine):
    """OpenVINO's own format; int8 by quantizing weights and activations after training (NNCF)."""

    dtypes = ("float32", "bfloat16", "int8")
    torch_free = True
    rank = 1.5
    packages = ("openvino", "nncf")
    extra = "openvino"

    def convert(
        self, generator: nn.Module, signature: Signature, folder: Path, dtype: str, images: Sequence[Array]
    ) -> None:
        model = converted(generator, signature)
        save(quantized(model, images) if dtype == "int8" else model, folder / FILE)

    def open(self, folder: Path, dtype: str) -> Runner:
        return compiled(folder / FILE, dtype)


class OpenVinoFile(Format):
    """OpenVINO's .xml, with the weights in a .bin beside it; metadata as runtime info "ganzoo"."""

    suffix = ".xml"
    packages = ("openvino",)
    extra = "openvino"

    def write(self, generator: nn.Module, signature: Signature, path: Path, metadata: Mapping[str, str]) -> None:
        model = converted(generator, signature)
        for name, value in metadata.items():
            model.set_rt_info(value, ["ganzoo", name])
        save(model, path)

    def open(self, path: Path) -> Runner:
        return compiled(path, "float32")


def converted(generator: nn.Module, signature: Signature) -> Any:
    """Return OpenVINO's model of a generator, with open batch, height and width."""
    import torch

    openvino = imported()
    example = torch.rand(signature.example_shape()) * 2 - 1
    sizes = [-1, signature.channels, -1, -1] if signature.channels else [-1, signature.latent_dim]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch.jit, by which OpenVINO traces
        model = openvino.convert_model(generator, example_input=example, input=sizes)
    model.inputs[0].set_names({"input"})
    model.outputs[0].set_names({"output"})
    return model


def quantized(model: Any, images: Sequence[Array]) -> Any:
    """Return the model in int8, with the ranges of activations that ``images`` show."""
    imported()
    with redirect_stdout(io.StringIO()), _without_logs():  # bars, and what torch misses of CUDA
        import nncf

        # Mixed: tanh and leaky slopes give activations on both sides of zero.
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


def imported() -> Any:
    """Import OpenVINO without its telemetry, which would report every import and conversion over the network."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # Python's way to say: not there
    import openvino

    return openvino


def save(model: Any, path: Path) -> None:
    imported().save_model(model, path, compress_to_fp16=False)


def compiled(path: Path, dtype: str) -> Runner:
    """Return what runs a file on as many threads as OMP_NUM_THREADS says, or on all cores."""
    core = imported().Core()
    if dtype == "bfloat16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise DeviceError("This CPU does not compute in bfloat16. Leave out the dtype, or ask for int8.")
    settings: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
    if dtype in HINTS:
        settings["INFERENCE_PRECISION_HINT"] = HINTS[dtype]
    if number := thread_count():
        settings["INFERENCE_NUM_THREADS"] = number
    request = core.compile_model(path, "CPU", settings).create_infer_request()

    def run(array: Array) -> Array:
        made: Array = request.infer([array])[0]
        return made

    return run
