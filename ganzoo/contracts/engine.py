"""What runs a generator, and what writes it to a file for others to run: the kinds "engine" and "format".

Imports no torch; neither do engines that run without it.
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

Runner: TypeAlias = "Callable[..., Array]"  # float32 inputs in the order of the task to float32 output


@dataclass(frozen=True)
class Signature:
    """The first input of a generator: images (N, channels, H, W) in [-1, 1], or latents (N, latent_dim).

    N is any number. H and W are any multiples of ``stride`` that are at least ``smallest``.

    Attributes:
        channels: Channels of the images; 0 for latents.
        stride: Step of heights and widths, in pixels.
        latent_dim: Dimension of the latents; 0 for images.
        least: The least height and width that the generator itself declares, in pixels; 0: none.
    """

    channels: int = 0
    stride: int = 1
    latent_dim: int = 0
    least: int = 0

    @property
    def smallest(self) -> int:
        """The least height and width in pixels: below it, inner layers have too few to normalize or to reflect."""
        return -(-max(16, self.least) // self.stride) * self.stride

    def padded(self, side: int) -> int:
        """Return the height or width to which an image of ``side`` pixels is reflected."""
        return max(self.smallest, -(-side // self.stride) * self.stride)

    def example_shape(self) -> tuple[int, ...]:
        """Return an input shape for tracing, which holds for all other sizes as far as a generator's forward lets it.

        No variable dimension is 1, which tracers take for constant. Height and width differ, and are odd multiples of
        the stride wherever these are small: a forward that pads to multiples of its windows is traced while it does.
        """
        if not self.channels:
            return 2, self.latent_dim
        steps = -(-max(64, self.smallest) // self.stride)
        high = max(3, steps | 1)
        wide = 2 if steps <= 2 else high + 2
        return 2, self.channels, high * self.stride, wide * self.stride


def thread_count() -> int:
    """Return how many threads an engine should use: OMP_NUM_THREADS, or 0 for all cores."""
    value = os.environ.get("OMP_NUM_THREADS", "")
    return int(value) if value.isdecimal() else 0


class OptionalDependency:
    """Something that needs packages which ganzoo itself does not need.

    Attributes:
        packages: Their names, for pip and for import alike.
        extra: The extra of ganzoo-core that installs them.
    """

    packages: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str] = ""

    def missing(self) -> tuple[str, ...]:
        """Return the packages that are not installed, without importing any."""
        return tuple(name for name in self.packages if importlib.util.find_spec(name) is None)

    def version(self) -> str:
        """Return names and versions of the packages; "" if there are none."""
        return " ".join(f"{name} {importlib.metadata.version(name)}" for name in self.packages)


class Engine(OptionalDependency):
    """Base of engines. Subclass it with `attach`, or, if ``torch_free``, with `convert` and `open`.

    The first of its ``packages`` is the one that `open` imports: "auto" counts it as part of the engine's start.

    Attributes:
        dtypes: The number types in which it computes; the first is its default.
        devices: The kinds of devices on which it runs: some of "cpu", "cuda", "mps".
        torch_free: True if it runs a file, converted once from the generator, without torch. The file is converted
            again when `version` changes.
        rank: Its speed on CPUs, relative to torch in float32. "auto" tries installed engines with a rank, and takes the
            fastest where they were measured, else the one with the highest rank.
        selective: True if it takes some generators only, of those with one image as their input: `attach` raises
            `ganzoo.errors.UnsuitedNetwork` for the others, and "auto" does not ask again.
        one_size: True if it starts anew for each size of images, which takes long: "auto" tries it only for much work
            of one size.
    """

    dtypes: ClassVar[tuple[str, ...]] = ("float32",)
    devices: ClassVar[tuple[str, ...]] = ("cpu",)
    torch_free: ClassVar[bool] = False
    rank: ClassVar[float] = 0.0
    selective: ClassVar[bool] = False
    one_size: ClassVar[bool] = False

    def attach(self, generator: nn.Module) -> Callable[[Tensor], Tensor]:
        """Return a function that computes the generator's output, on the generator's device and in its dtype.

        Raises:
            UnsuitedNetwork: The engine is ``selective`` and does not take this generator.
        """
        raise NotImplementedError(f"{type(self).__name__} has no attach")

    def convert(
        self, generator: nn.Module, signature: Signature, folder: Path, dtype: str, images: Sequence[Array]
    ) -> None:
        """Write the files that `open` needs.

        Args:
            generator: A module on the CPU, in evaluation mode, made of torch's own layers only.
            signature: Its first input.
            folder: An empty folder for the files.
            dtype: One of ``dtypes``.
            images: For "int8" only: float32 images (1, channels, H, W) in [-1, 1] of the generator's domain, for
                calibration.
        """
        raise NotImplementedError(f"{type(self).__name__} has no convert")

    def open(self, folder: Path, dtype: str) -> Runner:
        """Load what `convert` wrote, without torch.

        Args:
            folder: Where `convert` wrote it.
            dtype: Number type in which it computes, one of ``dtypes``.

        Returns:
            A function of float32 arrays, the task's inputs in order, to the float32 output.

        Raises:
            DeviceError: If the CPU does not support ``dtype``.
        """
        raise NotImplementedError(f"{type(self).__name__} has no open")


class Format(OptionalDependency):
    """Base of file formats that `ganzoo export` writes. Subclass it with `write` and `open`.

    Attributes:
        suffix: Suffix of its files, as ".onnx".
        fixed_size: True if its files take one input at a time, of one size: images whose sides are the number that the
            metadata call "image_size".
    """

    suffix: ClassVar[str] = ""
    fixed_size: ClassVar[bool] = False

    def write(self, generator: nn.Module, signature: Signature, path: Path, metadata: Mapping[str, str]) -> None:
        """Write a generator to a file.

        Args:
            generator: A module on the CPU, in evaluation mode, made of torch's own layers only.
            signature: Its first input.
            path: The file; further files go next to it and may be moved together with it.
            metadata: What users of the file must know (preprocessing, license); stored in the file.
        """
        raise NotImplementedError(f"{type(self).__name__} has no write")

    def open(self, path: Path) -> Runner:
        """Load a file that `write` wrote, so that its output can be compared with the generator's.

        Args:
            path: The file.

        Returns:
            A function of float32 arrays, the task's inputs in order, to the float32 output.
        """
        raise NotImplementedError(f"{type(self).__name__} has no open")
