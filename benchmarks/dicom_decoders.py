"""Compressed DICOM as ganzoo decodes it (imagecodecs), beside decoders of other projects: a table in Markdown.

    pip install pylibjpeg pylibjpeg-openjpeg pylibjpeg-libjpeg pyjpegls python-gdcm     # in a throwaway environment
    python benchmarks/dicom_decoders.py FOLDER
    python benchmarks/dicom_decoders.py --golden tests/golden/dicom

OpenJPEG, libjpeg, CharLS and GDCM are no dependencies of ganzoo: some are under licenses that it does not take. With
``--golden`` they encode and decode the small files that ``tests/image_io/readers/test_dicom_decoders.py`` reads.
"""

from __future__ import annotations

import argparse
import io
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.pixels import convert_color_space, get_decoder
from pydicom.uid import UID

from ganzoo.errors import GanzooError
from ganzoo.image_io.readers.dicom_reader import DicomFrames

JPEG, LOSSLESS, FIRST_ORDER = (f"1.2.840.10008.1.2.4.{number}" for number in (50, 57, 70))
JPEGLS, NEAR, JPEG2000, JPEG2000_LOSSY = (f"1.2.840.10008.1.2.4.{number}" for number in (80, 81, 90, 91))
HEIGHT, WIDTH = 38, 46  # OpenJPEG wants at least 32 for its levels, GDCM an even number of bytes


def decoded(data: Any) -> Iterator[tuple[str, np.ndarray]]:
    """Yield each other decoder's name with what it decodes, (frames, H, W, samples)."""
    decoder = get_decoder(data.file_meta.TransferSyntaxUID)
    count = int(data.get("NumberOfFrames") or 1)
    for plugin in decoder.available_plugins:
        values, _ = decoder.as_array(data, decoding_plugin=plugin, as_rgb=True)
        yield plugin, np.asarray(values).reshape(count, data.Rows, data.Columns, -1)


def own(path: Path) -> np.ndarray:
    """Return the stored numbers as ganzoo decodes them, (frames, H, W, samples), before slope and palette."""
    with DicomFrames(str(path)) as frames:
        frames._colors = lambda numbers: numbers[:, None]  # type: ignore[method-assign]
        return frames._stored.transpose(0, 2, 3, 1)


def table(folder: Path) -> int:
    """Print what agrees; return how many files do not."""
    print("| file | transfer syntax | decoders | largest difference |\n|---|---|---|---|")
    wrong = 0
    for path in sorted(folder.rglob("*.dcm")):
        data = pydicom.dcmread(path)
        if "PixelData" not in data or not data.file_meta.TransferSyntaxUID.is_compressed:
            continue
        try:
            values = own(path).astype(np.int64)
        except GanzooError as error:
            print(f"| `{path.name}` | {data.file_meta.TransferSyntaxUID.name} | | {error} |")
            continue
        others = dict(decoded(data))
        apart = {name: int(np.abs(values - other).max()) for name, other in others.items()}
        wrong += any(apart.values())
        words = ", ".join(f"{name} {number}" for name, number in apart.items())
        print(f"| `{path.name}` | {data.file_meta.TransferSyntaxUID.name} | {', '.join(others)} | {words} |")
    return wrong


def plain(values: np.ndarray, bits: int) -> Any:
    """Return an uncompressed data set of one frame (H, W) or (H, W, 3)."""
    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = "1.2.826.0.1.3680043.8.498.1"
    data.Modality, data.SeriesInstanceUID, data.ConversionType = "OT", "1.2.826.0.1.3680043.8.498.2", "SYN"
    data.Rows, data.Columns = values.shape[:2]
    data.SamplesPerPixel, data.PhotometricInterpretation = (3, "RGB") if values.ndim == 3 else (1, "MONOCHROME2")
    if values.ndim == 3:
        data.PlanarConfiguration = 0
    data.BitsAllocated, data.BitsStored, data.HighBit = 8 * values.dtype.itemsize, bits, bits - 1
    data.PixelRepresentation = int(values.dtype.kind == "i")
    data.PixelData = values.tobytes()
    data["PixelData"].VR = "OW"
    return data


def images() -> dict[str, tuple[np.ndarray, int]]:
    """Return name -> smooth and noisy numbers, and their bits."""
    random = np.random.default_rng(0)
    slope = np.add.outer(np.arange(HEIGHT), np.arange(WIDTH))
    deep = (slope * 40 + random.integers(0, 300, slope.shape)).astype(np.uint16)
    colors = np.stack([slope * 4, 255 - slope * 3, slope * 2], -1) + random.integers(0, 20, (HEIGHT, WIDTH, 3))
    return {
        "gray8": ((slope * 4 + random.integers(0, 20, slope.shape)).astype(np.uint8), 8),
        "gray12": (deep, 12),
        "gray16": ((deep.astype(np.int64) * 17 % 65536).astype(np.uint16), 16),
        "signed16": ((deep.astype(np.int64) * 13 - 30000).astype(np.int16), 16),
        "color8": (colors.clip(0, 255).astype(np.uint8), 8),
    }


def by_gdcm(data: Any, syntax: str, folder: Path) -> Any:
    """Return a data set compressed by GDCM."""
    import gdcm

    data.save_as(folder / "plain.tmp", enforce_file_format=True)
    reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
    reader.SetFileName(str(folder / "plain.tmp"))
    kinds = {JPEG: "JPEGBaselineProcess1", LOSSLESS: "JPEGLosslessProcess14", FIRST_ORDER: "JPEGLosslessProcess14_1"}
    kind = getattr(gdcm.TransferSyntax, kinds[syntax])
    change.SetTransferSyntax(gdcm.TransferSyntax(kind))
    if not reader.Read():
        raise ValueError("GDCM cannot read the file.")
    change.SetInput(reader.GetImage())
    if not change.Change():
        raise ValueError(f"GDCM does not compress as {syntax}.")
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    writer.SetFileName(str(folder / "packed.tmp"))
    if not writer.Write():
        raise ValueError("GDCM cannot write the file.")
    content = (folder / "packed.tmp").read_bytes()
    for name in ("plain.tmp", "packed.tmp"):
        (folder / name).unlink()
    return pydicom.dcmread(io.BytesIO(content))


def by_pillow(data: Any, values: np.ndarray) -> Any:
    """Return a data set of colors as baseline JPEG with half as many columns of chroma."""
    packed = io.BytesIO()
    Image.fromarray(values).save(packed, "JPEG", quality=95, subsampling="4:2:2")
    data.file_meta.TransferSyntaxUID, data.PhotometricInterpretation = JPEG, "YBR_FULL_422"
    data.PixelData = encapsulate([packed.getvalue()])
    data["PixelData"].VR = "OB"
    return data


def golden(folder: Path) -> None:
    """Write small files that other projects encoded, and in decoded.npz what they decode."""
    folder.mkdir(parents=True, exist_ok=True)
    kinds = {
        "j2k": (JPEG2000, {"encoding_plugin": "pylibjpeg"}, ("gray8", "gray12", "gray16", "signed16", "color8")),
        "j2k-lossy": (JPEG2000_LOSSY, {"encoding_plugin": "pylibjpeg", "j2k_psnr": [45]}, ("gray12", "color8")),
        "jls": (JPEGLS, {"encoding_plugin": "pyjpegls"}, ("gray8", "gray12", "gray16", "color8")),
        "jls-near": (NEAR, {"encoding_plugin": "pyjpegls", "jls_error": 2}, ("gray8", "gray12")),
        "jpeg-lossless": (FIRST_ORDER, None, ("gray8", "gray12", "gray16", "color8")),
        "jpeg": (JPEG, None, ("gray8", "color8")),
        "jpeg-422": (JPEG, None, ("color8",)),
        "jls-ybr": (JPEGLS, {"encoding_plugin": "pyjpegls"}, ("color8",)),
    }
    found = {}
    for kind, (syntax, options, names) in kinds.items():
        for name in names:
            values, bits = images()[name]
            data = plain(convert_color_space(values, "RGB", "YBR_FULL") if kind == "jls-ybr" else values, bits)
            if kind == "jls-ybr":
                data.PhotometricInterpretation = "YBR_FULL"
            if kind == "jpeg-422":
                data = by_pillow(data, values)
            elif options is None:
                data = by_gdcm(data, syntax, folder)
            else:
                data.compress(UID(syntax), generate_instance_uid=False, **options)
            data.save_as(folder / f"{kind}-{name}.dcm", enforce_file_format=True)
            others = dict(decoded(data))
            first = next(iter(others.values()))
            print(kind, name, {key: int(np.abs(first.astype(int) - each).max()) for key, each in others.items()})
            found[f"{kind}-{name}"] = first[0]
    np.savez_compressed(folder / "decoded.npz", **found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--golden")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.golden:
        golden(Path(arguments.golden))
    return table(Path(arguments.folder)) if arguments.folder else 0


if __name__ == "__main__":
    sys.exit(main())
