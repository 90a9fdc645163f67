"""What a TIFF file says besides its pixels: pixel size, channels, OME-XML, ImageJ's words, GeoTIFF's tags."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ganzoo.rasters.channel import Channel, default_channels

GEO_TAGS = (33550, 33922, 34264, 34735, 34736, 34737)  # pixel scale, tie points, transformation, keys
GDAL_METADATA, GDAL_NODATA, ORIENTATION = 42112, 42113, 274
KEPT_TAGS = (*GEO_TAGS, GDAL_METADATA, GDAL_NODATA, ORIENTATION, 270, 271, 272, 305, 306, 315, 316, 33432, 34675)
SCREEN = {1: (0.0, 1.0, 72.0, 96.0), 2: (0.0, 1.0, 72.0, 96.0), 3: (28.346, 37.795)}  # 72 and 96 dpi, by unit
RGB_PHOTOMETRIC = (2, 6)
ALPHA = (1, 2)  # meanings of extra samples
CHANNELS_KEY = "ganzoo.channels"  # in OME's MapAnnotation, or tifffile's JSON
LARGEST_XML = 64 << 20
COMPRESSIONS = {
    1: "",
    5: ", LZW",
    7: ", JPEG",
    8: ", deflate",
    32946: ", deflate",
    50000: ", Zstandard",
    34712: ", JPEG 2000",
}


def read(file: Any, series: Any) -> dict[str, Any]:
    """Return what must survive: plain values, so that it can be sent to other processes.

    Keys: ``kind`` ("ome", "imagej", "shaped" or "tiff"), ``pixel_size`` (x, y, or x, y, z) with ``unit``,
    ``resolution`` (as stored), ``ome`` (of the image, as nested dicts), ``imagej``, ``tags`` (as tifffile writes them),
    ``compression``, ``predictor``, ``tile``, ``planar``, ``big``, ``levels``.
    """
    key = series.keyframe
    kind = next((word for word in ("ome", "imagej", "shaped") if getattr(file, f"is_{word}")), "tiff")
    found: dict[str, Any] = {
        "kind": kind,
        "compression": int(key.compression),
        "predictor": int(key.predictor),
        "tile": (int(key.tilelength), int(key.tilewidth)) if key.is_tiled else (),
        "planar": int(key.planarconfig or 1) == 2,
        "photometric": int(key.photometric),
        "extras": tuple(map(int, key.extrasamples)),
        "big": bool(file.is_bigtiff),
        "levels": len(series.levels),
        "tags": _tags(key, kind),
    }
    resolution = _resolution(key)
    if resolution:
        found["resolution"] = resolution
    with suppress(Exception):  # damaged metadata counts as missing
        found |= _of_kind(file, kind, resolution)
    return found


def describe(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Return what `read` found, for people."""
    kinds = {"ome": "OME-TIFF", "imagej": "ImageJ", "shaped": "TIFF", "tiff": "TIFF"}
    found = {"format": ("Big" if metadata["big"] else "") + kinds[metadata["kind"]]}
    if "pixel_size" in metadata:
        sizes = " x ".join(f"{size:.4g}" for size in metadata["pixel_size"])
        found["pixel size"] = f"{sizes} {metadata.get('unit', '')}".rstrip()
    codes = {code: value for code, _, _, value in metadata["tags"]}
    if any(code in codes for code in GEO_TAGS):
        found["georeference"] = "GeoTIFF tags"
    if GDAL_NODATA in codes:
        found["missing value"] = str(codes[GDAL_NODATA]).strip("\0 ")
    tile = metadata["tile"]
    found["stored"] = (f"in tiles of {tile[1]}x{tile[0]}" if tile else "in strips") + COMPRESSIONS.get(
        metadata["compression"], ", compressed"
    )
    return found


def _of_kind(file: Any, kind: str, resolution: tuple[float, float, int] | None) -> dict[str, Any]:
    if kind == "ome":
        return _ome(file.ome_metadata)
    if kind == "imagej":
        words = dict(file.imagej_metadata or {})
        words.pop("ImageJ", None)
        found: dict[str, Any] = {"imagej": words}
        unit = str(words.get("unit", "")).replace("\\u00B5", "µ").replace("micron", "µm")
        if resolution and unit and unit not in ("pixel", "inch", "null"):
            sizes = [1 / resolution[0], 1 / resolution[1]]
            found |= {
                "pixel_size": (*sizes, float(words["spacing"])) if "spacing" in words else (*sizes,),
                "unit": unit,
            }
        return found
    found = {}
    if kind == "shaped" and isinstance(file.shaped_metadata, (list, tuple)) and file.shaped_metadata:
        found["shaped"] = dict(file.shaped_metadata[0])
    if resolution and resolution[2] in (2, 3):
        millimeters = 25.4 if resolution[2] == 2 else 10.0
        found |= {"pixel_size": (millimeters / resolution[0], millimeters / resolution[1]), "unit": "mm"}
    return found


def _tags(key: Any, kind: str) -> list[tuple[int, int, int, Any]]:
    """Return tags as tifffile's ``extratags`` takes them: number, type, count, value."""
    described = kind in ("ome", "imagej", "shaped")
    return [
        (tag.code, int(tag.dtype), int(tag.count), tag.value)
        for tag in key.tags.values()
        if tag.code in KEPT_TAGS and not (described and tag.code in (270, 305))
    ]


def _resolution(key: Any) -> tuple[float, float, int] | None:
    """Return pixels per unit (x, y) and TIFF's number of the unit; None where they are those of a screen."""
    with suppress(Exception):
        across, down = (float(value) for value in key.get_resolution())
        unit = int(key.resolutionunit)
        screen = any(abs(across - dots) < 0.01 for dots in SCREEN.get(unit, ())) and abs(across - down) < 0.01
        if across > 0 and down > 0 and not screen:
            return across, down, unit
    return None


def nodata(key: Any) -> float | None:
    """Return the missing value that a file declares, and only that; tifffile's own is 0 where none is."""
    tag = key.tags.get(GDAL_NODATA)
    return None if tag is None else parse_nodata(tag.value)


def parse_nodata(text: Any) -> float | None:
    """Return the missing value that GDAL's tag names in decimal; None where it names none."""
    try:
        return float(str(text).strip().strip("\0").replace(",", "."))
    except ValueError:
        return None


def channels(metadata: Mapping[str, Any], key: Any, count: int, dtype: str) -> tuple[Channel, ...]:
    """Return what the file says of its channels: those that ganzoo wrote, or names."""
    for written in (metadata.get("channels"), metadata.get("shaped", {}).get(CHANNELS_KEY)):
        with suppress(Exception):
            own = tuple(Channel.from_dict(one) for one in written)  # type: ignore[union-attr]
            if len(own) == count:
                return own
    names = [
        *metadata.get("channel_names", ()),
        *metadata.get("imagej", {}).get("channel_names", ()),
    ]
    if len(names) == count:
        return tuple(Channel(str(name)) for name in names)
    if named := _gdal_bands(key, count):
        return named
    if int(key.photometric) in (*RGB_PHOTOMETRIC, 3) and count >= 3:
        extras = [int(meaning) in ALPHA for meaning in key.extrasamples]
        after = ["alpha" if index < len(extras) and extras[index] else f"{index + 4}" for index in range(count - 3)]
        return (*default_channels(3), *map(Channel, after))
    if count == 1:
        return default_channels(1)
    alphas = {count - len(key.extrasamples) + index for index, one in enumerate(key.extrasamples) if int(one) in ALPHA}
    return tuple(Channel("alpha" if index in alphas else str(index + 1)) for index in range(count))


def _gdal_bands(key: Any, count: int) -> tuple[Channel, ...]:
    """Return the names and units that GDAL's XML gives to bands, numbers for those without; () where it gives none."""
    tag = key.tags.get(GDAL_METADATA)
    found: dict[str, dict[int, str]] = {"description": {}, "unittype": {}}
    if tag is not None and len(str(tag.value)) < LARGEST_XML:
        with suppress(ElementTree.ParseError, ValueError):
            for item in ElementTree.fromstring(str(tag.value).strip("\0")).iter("Item"):
                if item.get("role") in found and item.text:
                    found[str(item.get("role"))][int(item.get("sample", "0"))] = item.text
    names, units = found.values()
    if not (names or units):
        return ()
    return tuple(Channel(names.get(index, str(index + 1)), units.get(index, "")) for index in range(count))


def _ome(text: str) -> dict[str, Any]:
    """Return pixel size, names of channels, and the first image's elements of OME-XML."""
    import tifffile

    if len(text) > LARGEST_XML:
        return {}
    words = tifffile.xml2dict(text).get("OME", {})
    image = words.get("Image", {})
    image = image[0] if isinstance(image, list) else image
    pixels = image.get("Pixels", {})
    found: dict[str, Any] = {"ome": words, "ome_xml": text}
    sizes = [pixels.get(f"PhysicalSize{letter}") for letter in "XYZ"]
    if sizes[0] and sizes[1]:
        found["pixel_size"] = tuple(float(size) for size in sizes if size)
        found["unit"] = str(pixels.get("PhysicalSizeXUnit", "µm"))
    given = pixels.get("Channel", [])
    given = given if isinstance(given, list) else [given]
    samples = [int(one.get("SamplesPerPixel", 1)) for one in given]
    if all(count == 1 for count in samples) and any(one.get("Name") for one in given):
        found["channel_names"] = [str(one.get("Name", number)) for number, one in enumerate(given, 1)]
    written = _annotation(text)
    if written is not None:
        found["channels"] = written
    return found


def _annotation(text: str) -> Any:
    """Return the channels that ganzoo wrote into an annotation of OME-XML."""
    import json

    for element in ElementTree.fromstring(text.encode()).iter():
        if element.tag.rpartition("}")[2] == "M" and element.get("K") == CHANNELS_KEY:
            return json.loads(element.text or "null")
    return None
