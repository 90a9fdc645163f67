"""Rasters -> NIfTI: slices become a volume with the header, affine and orientation of the one they were read from."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ganzoo.contracts.writer import OpenFile, OutputSpec, Writer
from ganzoo.errors import OutputError
from ganzoo.image_io.readers.nifti_reader import Placement
from ganzoo.image_io.writers.spool import SpooledFile

TYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64")


class NiftiWriter(Writer):
    """Writer of .nii and .nii.gz, by nibabel. Several channels are a vector image, along the fifth dimension."""

    suffixes: ClassVar[tuple[str, ...]] = (".nii", ".nii.gz")
    formats: ClassVar[tuple[str, ...]] = ("nifti",)
    packages: ClassVar[tuple[str, ...]] = ("nibabel",)
    extra: ClassVar[str] = "medical"

    def check(self, spec: OutputSpec) -> None:
        """Refuse types that NIfTI does not have, and another size than the volume's."""
        if spec.dtype not in TYPES:
            raise OutputError(f"NIfTI has no {spec.dtype}. Write float32, or .tif or .npy.")
        template = spec.template
        if template is None or template.format != "nifti":
            return
        if spec.scale != 1 or spec.shape[1:] != template.shape[1:]:
            raise OutputError("NIfTI output keeps its input's size. Write .tif or .npy for a model that enlarges.")
        whole = _slices(template.metadata)
        if spec.frames != whole:
            raise OutputError(
                f"A NIfTI volume has all of its {whole} slices, not {spec.frames}. Omit --frames, or write .tif."
            )

    def open(self, path: str, spec: OutputSpec) -> OpenFile:
        """Begin a volume."""
        return NiftiFile(path, spec)


class NiftiFile(SpooledFile):
    """A volume that is being written."""

    def encode(self, path: Path) -> None:
        """Write the volume. Values are stored as they are: slope 1, intercept 0."""
        import nibabel

        frames, count, height, width = self.spool.shape
        rows, columns = slice(0, height), slice(0, width)
        values = np.empty((frames, count, height, width), self.spool.dtype)
        for frame in range(frames):
            for channel in range(count):
                values[frame, channel] = self.spool.read(frame, channel, rows, columns)
        header, affine, direction, times = self._template()
        volume = Placement.of(affine, direction).from_frames(values.reshape(times, -1, count, height, width))
        if count == 1:
            volume = volume[..., 0] if times > 1 else volume[..., 0, 0]
        image = nibabel.Nifti1Image(np.ascontiguousarray(volume), affine, header, dtype=values.dtype)
        image.header.set_slope_inter(1, 0)
        if count > 1:
            image.header.set_intent("vector")
        for matrix in ("sform", "qform"):
            code = int(header[f"{matrix}_code"]) if header is not None else 1
            getattr(image, f"set_{matrix}")(affine if code else None, code)
        suffix = ".nii.gz" if self.path.name.lower().endswith(".gz") else ".nii"
        named = path.with_name(path.name + suffix)  # nibabel goes by the name
        try:
            nibabel.save(image, named)
            named.replace(path)
        finally:
            named.unlink(missing_ok=True)

    def _template(self) -> tuple[Any, Any, str, int]:
        template = self.spec.template
        if template is None or template.format != "nifti":
            # Columns to the patient's right, rows downwards from anterior, slices towards superior, 1 mm apart.
            return None, np.eye(4), "axial", 1
        shape = template.metadata["header"].get_data_shape()
        return (
            template.metadata["header"],
            template.metadata["affine"],
            template.metadata["direction"],
            shape[3] if len(shape) > 3 else 1,
        )


def _slices(metadata: Any) -> int:
    """Return the number of frames of the volume that a raster is a slice of."""
    shape = metadata["header"].get_data_shape()
    times = int(shape[3]) if len(shape) > 3 else 1
    return times * int(shape[Placement.of(metadata["affine"], metadata["direction"]).axes[0]])
