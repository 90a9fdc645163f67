"""What runs a generator, and what writes it to a file for others to run: entries of the kinds "engine" and "format".

Nothing here imports torch, and neither do light engines.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn

    Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

Runner: TypeAlias = "Callable[..., Array]"  # float32 in, and what the task has beside it; float32 out


@dataclass(frozen=True)
class Signature:
    """What a generator takes: images (N, ``channels``, H, W) in [-1, 1], or for 0 channels latents (N, ``latent_dim``).

    N is any number; H and W are any multiples of ``stride``, from ``smallest`` on.
    """

    channels: int = 0
    stride: int = 1
    latent_dim: int = 0

    @property
    def smallest(self) -> int:
        """The least side, in pixels: within a network, fewer become too few to normalize or to reflect."""
        return -(-16 // self.stride) * self.stride

    def example_shape(self) -> tuple[int, ...]:
        """Return a shape with which to trace a generator: no side that varies is 1, which tracers take for fixed."""
        side = max(2 * self.stride, 64)
        return (2, self.channels, side, side) if self.channels else (2, self.latent_dim)


def threads() -> int:
    """Return how many threads an engine is to use: OMP_NUM_THREADS, or 0 for all cores."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return int(wanted) if wanted.isdecimal() else 0


class OptionalDependency:
    """Something that needs packages which ganzoo itself does not.

    packages  distributions that must be installed
    extra     of ganzoo-core that installs them
    """

    packages: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str] = ""

    def missing(self) -> tuple[str, ...]:
        """Return the packages that are not installed, without importing any."""
        return tuple(name for name in self.packages if importlib.util.find_spec(name) is None)

    def version(self) -> str:
        """Return the versions of the packages, "" where there are none."""
        return " ".join(f"{name} {importlib.metadata.version(name)}" for name in self.packages)


class Engine(OptionalDependency):
    """Base of engines: subclass it, and either `attach` to the torch module or, if ``light``, `convert` and `open`.

    dtypes    number types it computes in, the first where the user asks for none
    devices   kinds of devices it runs on, out of "cpu", "cuda", "mps"
    light     it runs a file, made once of the generator, without torch; made again when `version` changes
    rank      "auto" takes the highest that is installed: about its speed on CPUs, 1 for torch in float32
    """

    dtypes: ClassVar[tuple[str, ...]] = ("float32",)
    devices: ClassVar[tuple[str, ...]] = ("cpu",)
    torch_free: ClassVar[bool] = False
    rank: ClassVar[float] = 0.0

    def attach(self, generator: nn.Module) -> Callable[[Tensor], Tensor]:
        """Return what computes ``generator``'s output from its input, on its device and in its type."""
        raise NotImplementedError(f"{type(self).__name__} has no attach")

    def convert(
        self, generator: nn.Module, signature: Signature, folder: Path, dtype: str, pictures: Sequence[Array]
    ) -> None:
        """Write into ``folder`` whatever `open` needs to run ``generator``, a module of torch's own layers on the CPU.

        pictures   inputs (1, channels, H, W) of its domain to calibrate by; none but for "int8"
        """
        raise NotImplementedError(f"{type(self).__name__} has no convert")

    def open(self, folder: Path, dtype: str) -> Runner:
        """Return what runs the converted generator, without torch. Raises DeviceError where the CPU lacks ``dtype``."""
        raise NotImplementedError(f"{type(self).__name__} has no open")


class Format(OptionalDependency):
    """Base of file formats that `ganzoo export` writes: subclass it, with `write` and `open`.

    suffix   of its files, as ".onnx"
    """

    suffix: ClassVar[str] = ""

    def write(self, generator: nn.Module, signature: Signature, path: Path, metadata: Mapping[str, str]) -> None:
        """Write ``generator``, a module of torch's own layers on the CPU, to ``path``, and its other files beside it.

        metadata   what a user of the file must know (preprocessing, license), to be kept in it
        """
        raise NotImplementedError(f"{type(self).__name__} has no write")

    def open(self, path: Path) -> Runner:
        """Return what runs a file that `write` made, so that it can be compared with the generator."""
        raise NotImplementedError(f"{type(self).__name__} has no open")
