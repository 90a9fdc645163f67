"""PyTorch, eager and compiled, and its file formats."""

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
    """Runs the generator as it is."""

    dtypes = ("float32", "bfloat16", "float16")
    devices = ("cpu", "cuda", "mps")
    rank = 1.0

    def attach(self, generator: nn.Module) -> Callable[[Tensor], Tensor]:
        """Return the generator itself."""
        return generator


class Compiled(Engine):
    """Runs the generator through torch.compile, which needs a C++ compiler and compiles again for every image size."""

    dtypes = ("float32", "bfloat16", "float16")
    devices = ("cpu", "cuda")
    rank = 1.2
    one_size = True

    def attach(self, generator: nn.Module) -> Callable[[Tensor], Tensor]:
        """Return the generator through torch.compile, which compiles at the first call for each image size."""
        import torch

        compiled: Callable[[Tensor], Tensor] = torch.compile(generator)
        return compiled


class TorchScript(Format):
    """A traced module, for torch.jit.load and libtorch. Its metadata is the file "metadata.json" within."""

    suffix = ".pt"

    def write(self, generator: nn.Module, signature: Signature, path: Path, metadata: Mapping[str, str]) -> None:
        """Write the traced generator with this metadata."""
        import torch

        example = torch.rand(signature.example_shape()) * 2 - 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # TorchScript is deprecated; torch-export is its successor
            traced: Any = torch.jit.trace(generator, example, check_trace=False)
            torch.jit.save(traced, path, _extra_files=dict(metadata))

    def open(self, path: Path) -> Runner:
        """Return what runs the file on arrays."""
        import torch

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return wrap_arrays(torch.jit.load(path))


class TorchExport(Format):
    """An exported program, for torch.export.load and AOTInductor."""

    suffix = ".pt2"

    def write(self, generator: nn.Module, signature: Signature, path: Path, metadata: Mapping[str, str]) -> None:
        """Write the exported program of the generator with this metadata."""
        import torch

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about how torch stores tensors that share memory
            torch.export.save(export_program(generator, signature), path, extra_files=dict(metadata))

    def open(self, path: Path) -> Runner:
        """Return what runs the file on arrays."""
        import torch

        return wrap_arrays(torch.export.load(path).module())


def export_program(generator: nn.Module, signature: Signature) -> ExportedProgram:
    """Export a program whose batch size, height and width can vary."""
    import torch

    example = torch.rand(signature.example_shape()) * 2 - 1
    return torch.export.export(generator, (example,), dynamic_shapes=(dynamic_sizes(signature),), strict=False)


def dynamic_sizes(signature: Signature) -> dict[int, Any]:
    """Return the dynamic dimensions for torch.export: heights and widths are multiples of the stride."""
    from torch.export import Dim

    if not signature.channels:
        return {0: Dim("n")}
    return {0: Dim("n"), 2: signature.stride * Dim("rows"), 3: signature.stride * Dim("columns")}


def wrap_arrays(network: Callable[[Tensor], Tensor]) -> Runner:
    """Wrap a network so that it takes and returns arrays."""
    import torch

    def run(array: Array) -> Array:
        with torch.inference_mode():
            return network(torch.from_numpy(array)).numpy()

    return run
