"""PyTorch as it is, compiled, and as files that it loads."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo import Engine, Format

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.export import ExportedProgram

    from ganzoo.contracts.engine import Array, Runner, Signature


class Eager(Engine):
    """The generator itself."""

    dtypes = ("float32", "bfloat16", "float16")
    devices = ("cpu", "cuda", "mps")
    rank = 1.0

    def attach(self, generator: nn.Module) -> Callable[[Tensor], Tensor]:
        return generator


class Compiled(Engine):
    """The generator through torch.compile, which needs a C++ compiler; compiled anew for every size of image."""

    dtypes = ("float32", "bfloat16", "float16")
    devices = ("cpu", "cuda")

    def attach(self, generator: nn.Module) -> Callable[[Tensor], Tensor]:
        import torch

        compiled: Callable[[Tensor], Tensor] = torch.compile(generator)
        return compiled


class TorchScript(Format):
    """A traced module, for torch.jit.load and libtorch. Its metadata is the file "metadata.json" within."""

    suffix = ".pt"

    def write(self, generator: nn.Module, signature: Signature, path: Path, metadata: Mapping[str, str]) -> None:
        import torch

        example = torch.rand(signature.example_shape()) * 2 - 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # TorchScript is deprecated, which is why torch-export is there too
            traced: Any = torch.jit.trace(generator, example, check_trace=False)
            torch.jit.save(traced, path, _extra_files=dict(metadata))

    def open(self, path: Path) -> Runner:
        import torch

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return on_arrays(torch.jit.load(path))


class TorchExport(Format):
    """An exported program, for torch.export.load and AOTInductor."""

    suffix = ".pt2"

    def write(self, generator: nn.Module, signature: Signature, path: Path, metadata: Mapping[str, str]) -> None:
        import torch

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about how torch stores tensors that share memory
            torch.export.save(exported(generator, signature), path, extra_files=dict(metadata))

    def open(self, path: Path) -> Runner:
        import torch

        return on_arrays(torch.export.load(path).module())


def exported(generator: nn.Module, signature: Signature) -> ExportedProgram:
    """Return the program of torch.export with every size left open that may vary."""
    import torch

    example = torch.rand(signature.example_shape()) * 2 - 1
    return torch.export.export(generator, (example,), dynamic_shapes=(open_sizes(signature),), strict=False)


def open_sizes(signature: Signature) -> dict[int, Any]:
    """Return the axes that may vary, as torch.export names them: sides are multiples of the stride."""
    from torch.export import Dim

    if not signature.channels:
        return {0: Dim("n")}
    return {0: Dim("n"), 2: signature.stride * Dim("rows"), 3: signature.stride * Dim("columns")}


def on_arrays(network: Callable[[Tensor], Tensor]) -> Runner:
    """Let a network of tensors take and return arrays."""
    import torch

    def run(array: Array) -> Array:
        with torch.inference_mode():
            return network(torch.from_numpy(array)).numpy()

    return run
