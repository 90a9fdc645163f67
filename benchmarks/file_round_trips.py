"""What each file of a folder is, and whether it comes back the same when it is written again: a table in Markdown.

    python benchmarks/file_round_trips.py FOLDER

Values and number types are compared with what was read, and what the format says besides with what its reference
library reads: rasterio, nibabel or pydicom. A file that is read only when asked (`--read`) has a second row, and is
written as .npz. Needs the extras geo and medical.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.contracts.writer import OutputSpec
from ganzoo.errors import GanzooError
from ganzoo.image_io import raster_files

SAID = ("coordinates", "missing value", "missing pixels", "shown")
NIFTI = ("pixdim", "qform_code", "sform_code", "xyzt_units", "descrip", "srow_x", "srow_y", "srow_z", "intent_code")
DICOM = (
    "PatientID", "PatientName", "StudyInstanceUID", "FrameOfReferenceUID", "PixelSpacing", "ImagePositionPatient",
    "ImageOrientationPatient", "SliceThickness", "Modality", "SOPClassUID",
)  # fmt: skip


def of_geotiff(path: Path) -> list[Any]:
    """Return all that rasterio says of a file but statistics, which translations leave out."""
    import rasterio

    with rasterio.open(path) as file:
        spaces = [space for space in file.tag_namespaces() if space not in ("IMAGE_STRUCTURE", "DERIVED_SUBDATASETS")]
        tags = [file.tags(band) for band in (0, *file.indexes)]
        kept = [{key: text for key, text in one.items() if not key.startswith("STATISTICS_")} for one in tags]
        return [
            file.crs, file.transform, str(file.nodata), str(file.gcps), file.rpcs, kept, file.descriptions, file.units,
            {space: file.tags(ns=space) for space in spaces}, file.scales, file.offsets, file.colorinterp, file.dtypes,
            file.mask_flag_enums, file.overviews(1), file.read().tobytes(), file.read_masks().tobytes(),
        ]  # fmt: skip


def of_nifti(path: Path) -> list[Any]:
    import nibabel

    image = nibabel.load(path)
    header = [np.asarray(image.header[name]).tobytes() for name in NIFTI]
    return [image.affine.tobytes(), str(image.get_data_dtype()), np.asarray(image.dataobj).tobytes(), *header]


def of_dicom(path: Path) -> list[Any]:
    import pydicom

    data = pydicom.dcmread(path)
    return [str(data.get(name)) for name in DICOM]


FACTS = {"geotiff": of_geotiff, "nifti": of_nifti, "dicom": of_dicom}


def round_trip(path: Path, folder: Path, words: str = "") -> tuple[str, str, str]:
    """Return reader, content and result of one file. Raises GanzooError where it is refused."""
    reader, _ = raster_files.find_reader(path)
    target = folder / f"copy{'.npz' if words else raster_files.suffix_of(path).replace('.tiff', '.tif')}"
    with raster_files.open_frames(path, read=words) as frames:
        first = frames[0]
        spec = OutputSpec(
            first.shape, str(first.dtype), first.channels, len(frames), frames.axis if len(frames) > 1 else "", first
        )
        writer = raster_files.find_writer(target, first)
        writer.check(spec)
        values = [raster.window() for raster in frames]
        with writer.open(str(target), spec) as file:
            for number, raster in enumerate(frames):
                file.write_window(0, 0, values[number], raster.mask_window(), number)
        content = _content(len(frames), first, dict(frames.description))
    with raster_files.open_frames(target) as copies:
        same = len(copies) == len(values) and copies[0].dtype == values[0].dtype
        same = same and all(_equal(one.window(), value) for one, value in zip(copies, values, strict=True))
    found = "values and type are the same" if same else "VALUES DIFFER"
    if reader in FACTS and not words:
        found += ", metadata too" if FACTS[reader](path) == FACTS[reader](target) else ", METADATA DIFFER"
    return reader, content, found


def _equal(one: np.ndarray, other: np.ndarray) -> bool:
    return np.array_equal(one, other, equal_nan=other.dtype.kind == "f")


def _content(count: int, first: Any, about: dict[str, str]) -> str:
    units = sorted({channel.unit for channel in first.channels} - {""})
    words = f"{count} images of " if count > 1 else ""
    words += f"{first.shape[2]}x{first.shape[1]}, {first.shape[0]} x {first.dtype}"
    words += f" in {units[0]}" if units else ""
    words += f", {len(first.levels)} levels" if len(first.levels) > 1 else ""
    return "; ".join([words, *(about[name] for name in SAID if name in about)])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    source = Path(parser.parse_args().folder)
    warnings.simplefilter("ignore")  # about georeferences that files lack
    print("| file | reader | content | written again |\n|---|---|---|---|")
    wrong = 0
    for path in sorted(
        each for each in source.rglob("*") if each.suffix in raster_files.suffixes() or each.suffix == ".gz"
    ):
        for name, reader, content, found in _rows(path, source):
            wrong += "DIFFER" in found
            print(f"| {name} | {reader} | {content} | {found} |")
    return 1 if wrong else 0


def _rows(path: Path, source: Path) -> Iterator[tuple[str, str, str, str]]:
    """Yield what a file is, and once more when it is asked for by a word that its refusal names."""
    name, refusal = path.relative_to(source), ""
    with tempfile.TemporaryDirectory() as folder:
        try:
            yield f"`{name}`", *round_trip(path, Path(folder))
            return
        except GanzooError as error:
            refusal = str(error)
        yield f"`{name}`", "", "", f"refused: {refusal}".replace(f"{source}/", "")
        for word in raster_files.read_words():
            if f"--read {word}" in refusal:
                yield f"`{name}` `--read {word}`", *round_trip(path, Path(folder), word)


if __name__ == "__main__":
    sys.exit(main())
