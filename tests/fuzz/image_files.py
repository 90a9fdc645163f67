"""Images of every format that is read, for fuzzing: small real files, and what reads them."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def pixels(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (9, 12, 3), np.uint8)


def saved(kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    mode = options.pop("mode", "RGB")
    frames = [Image.fromarray(pixels(seed)).convert(mode) for seed in range(options.pop("frames", 1))]
    more: dict[str, Any] = {"save_all": True, "append_images": frames[1:]} if len(frames) > 1 else {}
    frames[0].save(file, kind, **more, **options)
    return file.getvalue()


def read_image(path: Path) -> None:
    from ganzoo.image_io import decoding

    decoded = decoding.read(path)
    assert decoded.rgb.ndim == 3 and decoded.rgb.shape[2] == 3 and decoded.rgb.size
    assert decoded.rgb.dtype in (np.uint8, np.uint16)


def read_frames(path: Path) -> None:
    """Read what a reader of rasters finds, window by window."""
    from ganzoo.image_io import raster_files

    with raster_files.open_frames(path, max_pixels=10_000_000) as frames:
        assert len(frames.labels) == len(frames) and len(frames.description) < 50 and len(frames.axis) < 9
        for index in range(min(len(frames), 3)):
            raster = frames[index]
            array = np.asarray(raster)
            assert array.ndim == 3 and array.shape == tuple(raster.shape)


def pngs(_: Path) -> list[bytes]:
    deep = io.BytesIO()
    Image.fromarray(pixels()[..., 0].astype(np.uint16) * 257).save(deep, "PNG")
    return [saved("PNG"), saved("PNG", mode="RGBA"), saved("PNG", mode="P"), saved("PNG", frames=3), deep.getvalue()]


def jpegs(_: Path) -> list[bytes]:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"
    return [
        saved("JPEG"),
        saved("JPEG", mode="L", progressive=True),
        saved("JPEG", exif=exif),
        saved("JPEG", mode="CMYK"),
    ]


def tiffs(folder: Path) -> Iterable[bytes]:
    import tifffile

    path = folder / "x.tif"
    for options in (
        {"photometric": "rgb"}, {"compression": "zlib", "predictor": True}, {"compression": "lzw"}, {"tile": (16, 16)},
        {"bigtiff": True}, {"ome": True, "metadata": {"axes": "YXS"}}, {"planarconfig": "separate"},
    ):  # fmt: skip
        tifffile.imwrite(path, pixels(), **options)
        yield path.read_bytes()
    tifffile.imwrite(path, pixels().astype(np.float32)[..., 0])
    yield path.read_bytes()
    tifffile.imwrite(path, pixels().astype(np.uint16).transpose(2, 0, 1), imagej=True)
    yield path.read_bytes()


def geotiffs(folder: Path) -> Iterable[bytes]:
    import rasterio

    profile = {"driver": "GTiff", "height": 36, "width": 48, "crs": "EPSG:32631", "nodata": 7}
    transform = rasterio.Affine(10, 0, 500_000, 0, -10, 4_600_000)
    values = np.tile(pixels(), (4, 4, 1)).transpose(2, 0, 1)
    for options in (
        {},
        {"compress": "deflate", "tiled": True, "blockxsize": 16, "blockysize": 16},
        {"compress": "jpeg"},
    ):
        with rasterio.open(
            folder / "x.tif", "w", count=3, dtype="uint8", transform=transform, **profile, **options
        ) as file:
            file.write(values)
            file.set_band_description(1, "B4")
            file.build_overviews([2])
        yield (folder / "x.tif").read_bytes()


def slides(folder: Path) -> Iterable[bytes]:
    import tifffile

    words = "Aperio Image Library v11.0\n48x36 [0,0 48x36] (16x16) JPEG/RGB Q=90|AppMag = 20|MPP = 0.5"
    common = {"tile": (16, 16), "compression": "jpeg", "photometric": "rgb", "metadata": None, "description": words}
    values = np.tile(pixels(), (4, 4, 1))
    with tifffile.TiffWriter(folder / "x.svs") as file:
        file.write(values, **common)
        file.write(values[::2, ::2], **common)
    yield (folder / "x.svs").read_bytes()


def npys(_: Path) -> Iterable[bytes]:
    for array in (pixels()[..., 0], pixels()[..., 0].astype(np.float32), pixels()[..., 0].astype(">u2")):
        file = io.BytesIO()
        np.save(file, array)
        yield file.getvalue()


def npzs(_: Path) -> Iterable[bytes]:
    for save in (np.savez, np.savez_compressed):
        file = io.BytesIO()
        save(file, image=pixels()[..., 0])
        yield file.getvalue()


def niftis(folder: Path) -> Iterable[bytes]:
    import nibabel

    volume = np.arange(4 * 5 * 6).reshape(4, 5, 6)
    for kind, values in (("Nifti1Image", volume.astype(np.int16)), ("Nifti2Image", volume.astype(np.float32))):
        image = getattr(nibabel, kind)(values, np.diag([2.0, -3.0, 4.0, 1.0]))
        image.header.set_slope_inter(2, -7)
        for name in ("x.nii", "x.nii.gz"):
            nibabel.save(image, folder / name)
            yield (folder / name).read_bytes()


def dicoms(folder: Path) -> Iterable[bytes]:
    import imagecodecs
    from pydicom import Dataset, dataset, encaps

    values = (np.arange(2 * 5 * 7).reshape(2, 5, 7) * 37 % 4096).astype(np.uint16)
    raw, rle = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5"
    packed = {
        "1.2.840.10008.1.2.4.90": [
            imagecodecs.jpeg2k_encode(one, reversible=True, codecformat="j2k") for one in values
        ],
        "1.2.840.10008.1.2.4.80": [imagecodecs.jpegls_encode(one) for one in values],
        "1.2.840.10008.1.2.4.70": [imagecodecs.ljpeg_encode(one) for one in values],
    }
    for syntax in (raw, rle, *packed):
        data = Dataset()
        data.file_meta = dataset.FileMetaDataset()
        data.file_meta.TransferSyntaxUID = raw if syntax == rle else syntax
        data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
        data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = "1.2.3"
        data.Modality, data.ImageType, data.PixelSpacing = "CT", ["ORIGINAL", "PRIMARY"], ["0.5", "0.7"]
        data.Rows, data.Columns, data.NumberOfFrames = 5, 7, 2
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
        data.RescaleSlope, data.RescaleIntercept, data.PixelPaddingValue = "1", "-1024", 0
        data.PixelData = encaps.encapsulate(packed[syntax]) if syntax in packed else values.tobytes()
        data["PixelData"].VR = "OB" if syntax in packed else "OW"
        if syntax == rle:
            data.compress(rle)
        data.save_as(folder / "x.dcm", enforce_file_format=True)
        yield (folder / "x.dcm").read_bytes()
