"""ExecuTorch programs (https://docs.pytorch.org/executorch), for phones and small boards: XNNPACK on their CPUs."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ganzoo import Format

if TYPE_CHECKING:
    from torch import nn

    from ganzoo.contracts.engine import Array, Runner, Signature

ABOUT = "about_"  # begins the names of the methods that return a text each: the program's metadata


class ExecuTorch(Format):
    """A program for ExecuTorch's runtime, of one image of one size. What XNNPACK lacks runs in portable kernels.

    Metadata are methods of the program without input, such as "about_license".
    """

    suffix: ClassVar[str] = ".pte"
    packages: ClassVar[tuple[str, ...]] = ("executorch",)
    extra: ClassVar[str] = "executorch"
    fixed_size: ClassVar[bool] = True

    def write(self, generator: nn.Module, signature: Signature, path: Path, metadata: Mapping[str, str]) -> None:
        """Write the program, for images of the side that the metadata name."""
        import torch

        side = int(metadata["image_size"])
        shape = (1, signature.channels, side, side) if signature.channels else (1, signature.latent_dim)
        texts: dict[str, Any] = {f"{ABOUT}{name}": value for name, value in metadata.items()}
        with _quiet():
            from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
            from executorch.exir import to_edge_transform_and_lower

            program = torch.export.export(generator, (torch.zeros(shape),), strict=False)
            edge = to_edge_transform_and_lower(program, partitioner=[XnnpackPartitioner()], constant_methods=texts)
            path.write_bytes(edge.to_executorch().buffer)

    def open(self, path: Path) -> Runner:
        """Return what runs the program on arrays, one image after another."""
        import torch

        with _quiet():
            from executorch.runtime import Runtime

            program: Any = Runtime.get().load_program(path)
            loaded = program, program.load_method("forward")  # a method without its program crashes

        def run(array: Array) -> Array:
            _, method = loaded
            made = [method.execute([torch.from_numpy(one[None])])[0].numpy().copy() for one in array]
            return np.concatenate(made)

        return run


@contextmanager
def _quiet() -> Iterator[None]:
    """Hold back what the exporter says about its own parts."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
