"""Readers and writers of images of any channels: TIFF, GeoTIFF, NumPy, NIfTI, DICOM, OME-Zarr, slides, photographs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ganzoo import Config, Entry, hookimpl


@dataclass(frozen=True)
class NoOptions(Config):
    """Readers and writers have no options."""


def builder(target: str) -> Callable[[Config], Any]:
    """Return a function that imports and builds the class ``target``, "readers.module.Class"."""
    module, _, name = target.rpartition(".")
    return lambda config: getattr(import_module(f"ganzoo.image_io.{module}"), name)()


ENTRIES = (
    ("reader", "tifffile", "readers.tiff_reader.TiffReader", "TIFF, BigTIFF, OME-TIFF, ImageJ: any channels and depth"),
    ("reader", "geotiff", "readers.geotiff_reader.GeotiffReader", "GeoTIFF and COG, with their georeference"),
    ("reader", "numpy", "readers.numpy_reader.NumpyReader", "NumPy's .npy and .npz"),
    ("reader", "pillow", "readers.photograph_reader.PhotographReader", "PNG, JPEG, WebP, BMP and GIF"),
    ("reader", "nifti", "readers.nifti_reader.NiftiReader", "NIfTI volumes, slice by slice"),
    ("reader", "dicom", "readers.dicom_reader.DicomReader", "DICOM files, in the units that they state"),
    ("reader", "dicom-series", "readers.dicom_series.DicomSeriesReader", "folders of one DICOM series, as a volume"),
    ("reader", "slide", "readers.slide_reader.SlideReader", "slides of 8-bit colors, by levels and windows"),
    ("reader", "zarr", "readers.zarr_reader.ZarrReader", "OME-Zarr, by levels and windows"),
    ("writer", "tifffile", "writers.tiff_writer.TiffWriter", "TIFF, BigTIFF, OME-TIFF, ImageJ"),
    ("writer", "geotiff", "writers.geotiff_writer.GeotiffWriter", "GeoTIFF and COG, with the input's georeference"),
    ("writer", "numpy", "writers.numpy_writer.NumpyWriter", "NumPy's .npy and .npz"),
    ("writer", "nifti", "writers.nifti_writer.NiftiWriter", "NIfTI volumes, with the input's affine"),
    ("writer", "dicom", "writers.dicom_writer.DicomWriter", "DICOM, derived from the input, as a new series"),
    (
        "writer",
        "dicom-series",
        "writers.dicom_series_writer.DicomSeriesWriter",
        "folders of DICOM, derived from a series, as one new series",
    ),
    ("writer", "zarr", "writers.zarr_writer.ZarrWriter", "OME-Zarr, in several levels"),
    ("writer", "pillow", "writers.photograph_writer.PhotographWriter", "PNG, JPEG, WebP, BMP and GIF"),
)


@hookimpl
def ganzoo_entries() -> list[Entry]:
    """Return the readers and writers of image files."""
    return [Entry(kind, name, NoOptions, builder(target), summary) for kind, name, target, summary in ENTRIES]
