"""Rasters -> NumPy's files: .npy, with the dimensions in the input's order, and .npz, which also says what they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ganzoo.contracts.writer import OpenFile, OutputSpec, Writer
from ganzoo.image_io.readers.numpy_reader import AXES, CHANNELS, MASK
from ganzoo.image_io.writers.spool import Array, SpooledFile

ROWS = 256  # that are copied at once


class NumpyWriter(Writer):
    """Writer of .npy and .npz, which hold every type and number of channels."""

    suffixes: ClassVar[tuple[str, ...]] = (".npy", ".npz")
    formats: ClassVar[tuple[str, ...]] = ("numpy",)

    def check(self, spec: OutputSpec) -> None:
        """Accept everything."""

    def open(self, path: str, spec: OutputSpec) -> OpenFile:
        """Begin a file."""
        return NumpyFile(path, spec)


class NumpyFile(SpooledFile):
    """An array that is being written."""

    def __init__(self, path: str, spec: OutputSpec) -> None:
        super().__init__(path, spec)
        self._mask: Array | None = None

    def write_window(self, top: int, left: int, values: Array, valid: Array | None = None, frame: int = 0) -> None:
        """Keep a part, and in .npz where it is valid."""
        self._keep_mask(top, left, valid, frame)
        super().write_window(top, left, values, valid, frame)

    def write_passing(self, top: int, left: int, values: Array, valid: Array, frame: int = 0) -> None:
        """Keep a part as it is, and in .npz where it is valid."""
        self._keep_mask(top, left, valid, frame)
        super().write_window(top, left, values, None, frame)

    def _keep_mask(self, top: int, left: int, valid: Array | None, frame: int) -> None:
        if self.path.suffix.lower() == ".npz" and valid is not None and not valid.all():
            if self._mask is None:
                self._mask = np.ones((self.spec.frames, *self.spec.shape), bool)
            high, wide = valid.shape[-2:]
            self._mask[frame, :, top : top + high, left : left + wide] = valid

    def encode(self, path: Path) -> None:
        """Write the array in the input's order of dimensions, else as CYX, ZCYX or TZCYX."""
        axes, turn = self._order()
        if self.path.suffix.lower() == ".npz":
            with open(path, "wb") as file:
                np.savez_compressed(file, **self._arrays(axes, turn))
            return
        shape = turn(np.broadcast_to(np.zeros((), np.uint8), self._full_shape)).shape
        with open(path, "wb") as file:
            np.lib.format.write_array_header_1_0(
                file, {"descr": np.lib.format.dtype_to_descr(self.spool.dtype), "fortran_order": False, "shape": shape}
            )
            start = file.tell()
            file.truncate(start + int(np.prod(shape, dtype=np.int64)) * self.spool.dtype.itemsize)
        target = np.memmap(path, self.spool.dtype, "r+", start, shape)
        # A view of the file with the dimensions in the spool's order: what is put there lies where it belongs.
        view = _untwist(target, axes, self._full_axes)
        assert np.may_share_memory(view, target), "a copy would not reach the file"
        self._copy(view)
        target.flush()

    @property
    def _full_axes(self) -> str:
        return "".join(self.spec.stack) + "CYX"

    @property
    def _full_shape(self) -> tuple[int, ...]:
        return (*self.spec.stack.values(), *self.spec.shape)

    def _order(self) -> tuple[str, Any]:
        """Return the axes of the array in the file, and what turns one of `_full_shape` into it."""
        template = self.spec.template
        own = str(template.metadata.get(AXES, "")) if template is not None and template.format == "numpy" else ""
        own = own.replace("S", "C")
        full = self._full_axes
        if "C" in own and set(own) == set(full):
            axes = own
        elif self.spec.shape[0] == 1 and (own == full.replace("C", "") or not own):
            axes = full.replace("C", "")
        else:
            axes = full

        def turn(array: Array) -> Array:
            if "C" not in axes:
                array = array.squeeze(full.index("C"))
            letters = full if "C" in axes else full.replace("C", "")
            return array.transpose([letters.index(letter) for letter in axes])

        return axes, turn

    def _arrays(self, axes: str, turn: Any) -> dict[str, Any]:
        whole = np.empty(self._full_shape, self.spool.dtype)
        self._copy(whole)
        arrays = {
            "image": turn(whole),
            AXES: np.array(axes),
            CHANNELS: np.array(json.dumps([channel.to_dict() for channel in self.spec.channels])),
        }
        if self._mask is not None:
            arrays[MASK] = turn(self._mask.reshape(self._full_shape))
        return arrays

    def _copy(self, target: Array) -> None:
        """Put all pixels into an array of `_full_shape`."""
        frames, count, height, width = self.spool.shape
        lengths = tuple(self.spec.stack.values())
        for frame in range(frames):
            place: tuple[Any, ...] = np.unravel_index(frame, lengths) if lengths else ()
            for channel in range(count):
                for top in range(0, height, ROWS):
                    rows = slice(top, min(top + ROWS, height))
                    target[(*place, channel, rows)] = self.spool.read(frame, channel, rows, slice(0, width))


def _untwist(target: Array, axes: str, full: str) -> Array:
    """Return a view with the dimensions ``full`` of an array with ``axes``."""
    if "C" not in axes:
        axes, target = axes + "C", target[..., None]
    return target.transpose([axes.index(letter) for letter in full])
