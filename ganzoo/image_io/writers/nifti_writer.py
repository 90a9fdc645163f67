"""Rasters -> NIfTI: slices become a volume with the header and affine of that which they were read from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ganzoo.contracts.writer import OpenFile, OutputSpec, Writer
from ganzoo.errors import OutputError
from ganzoo.image_io.readers.nifti_reader import CHANNELS_KEY, COMMENT, Placement
from ganzoo.image_io.writers.spool import SpooledFile
from ganzoo.rasters.raster import Raster

TYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64")
LEAST_LEAN = 1e-4  # of a cosine


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
        if template is None or not _placed(template):
            return
        if spec.scale != 1 or spec.shape[1:] != template.shape[1:]:
            raise OutputError("NIfTI output keeps its input's size. Write .tif or .npy for a model that enlarges.")
        whole = _slices(template)
        if spec.frames != whole:
            raise OutputError(
                f"A volume in NIfTI has all of its {whole} slices, not {spec.frames}. Omit --frames, or write .tif."
            )

    def open(self, path: str, spec: OutputSpec) -> OpenFile:
        """Begin a volume."""
        return NiftiFile(path, spec)


class NiftiFile(SpooledFile):
    """A volume that is being written."""

    def missing_value(self) -> float | None:
        """Return NaN for floats; for integers the padding of a DICOM input where the type has it."""
        template, kind = self.spec.template, np.dtype(self.spec.dtype)
        padding = template.metadata.get("padding") if template is not None and template.format == "dicom" else None
        if padding is None or kind.kind == "f":
            return super().missing_value()
        limits = np.iinfo(kind)
        return float(padding) if limits.min <= padding <= limits.max and float(padding).is_integer() else None

    def write_passing(self, top: int, left: int, values: Any, valid: Any, frame: int = 0) -> None:
        """Keep a part; the padding of a DICOM input stays as it is."""
        if self.spec.template is not None and self.spec.template.format == "dicom":
            self.write_window(top, left, values, None, frame)
        else:
            super().write_passing(top, left, values, valid, frame)

    def _mark(self, frame: int, top: int, left: int, valid: Any) -> None:
        """Refuse: there is no place for a mask."""
        raise OutputError(
            f"{self.path} has no place for missing values of {self.spec.dtype}. Write .npz, .tif, or a model whose "
            "output is float32, where they are NaN."
        )

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
        if direction:
            volume = Placement.of(affine, direction).from_frames(values.reshape(times, -1, count, height, width))
        else:  # as the affine has it: columns, rows, frames
            volume = values.transpose(3, 2, 0, 1)[:, :, :, None]
        if count == 1:
            volume = volume[..., 0] if times > 1 else volume[..., 0, 0]
        image = nibabel.Nifti1Image(np.ascontiguousarray(volume), affine, header, dtype=values.dtype)
        image.header.set_slope_inter(1, 0)
        if count > 1:
            image.header.set_intent("vector")
        self._name_channels(image.header)
        if header is None:
            image.header.set_xyzt_units("mm")
        for matrix in ("sform", "qform"):
            code = int(header[f"{matrix}_code"]) if header is not None else int(matrix == "sform" or not _leans(affine))
            getattr(image, f"set_{matrix}")(affine if code else None, code)
        suffix = ".nii.gz" if self.path.name.lower().endswith(".gz") else ".nii"
        named = path.with_name(path.name + suffix)  # nibabel goes by the name
        try:
            nibabel.save(image, named)
            named.replace(path)
        finally:
            named.unlink(missing_ok=True)

    def _name_channels(self, header: Any) -> None:
        """Put names and units of channels into a comment, in place of the input's."""
        import nibabel

        others = [one for one in header.extensions if CHANNELS_KEY.encode() not in _content(one)]
        header.extensions[:] = others
        if any(channel.name or channel.unit for channel in self.spec.channels):
            words = {CHANNELS_KEY: [{"name": one.name, "unit": one.unit} for one in self.spec.channels]}
            header.extensions.append(nibabel.nifti1.Nifti1Extension(COMMENT, json.dumps(words).encode()))

    def _template(self) -> tuple[Any, Any, str, int]:
        """Return header, affine, direction of slices and number of times; the direction is "" for DICOM's order."""
        template = self.spec.template
        if template is not None and template.format == "dicom" and _placed(template):
            return None, template.metadata["affine"], "", 1
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


def _content(extension: Any) -> bytes:
    """Return the bytes of an extension; b"" of one that nibabel parses into something else, DICOM say."""
    content = extension.get_content()
    if isinstance(content, str):
        return content.encode()
    return content if isinstance(content, bytes) else b""


def _placed(template: Raster) -> bool:
    """Tell whether a raster is a slice of a volume whose place in space is known."""
    known = template.format == "dicom" and template.metadata.get("affine") is not None
    return known or template.format == "nifti"


def _leans(affine: Any) -> bool:
    """Tell whether slices are not stacked along their normal, which a quaternion cannot say."""
    directions = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    return bool(np.abs(directions.T @ directions - np.eye(3)).max() > LEAST_LEAN)


def _slices(template: Raster) -> int:
    """Return the number of frames of the volume that a raster is a slice of."""
    metadata = template.metadata
    if template.format == "dicom":
        return int(metadata["slices"])
    shape = metadata["header"].get_data_shape()
    times = int(shape[3]) if len(shape) > 3 else 1
    return times * int(shape[Placement.of(metadata["affine"], metadata["direction"]).axes[0]])
