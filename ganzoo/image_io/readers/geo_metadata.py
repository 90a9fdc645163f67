"""What a GeoTIFF says besides its pixels: coordinate system, transform, points, bands, tags of every namespace."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ganzoo.rasters.channel import Channel

# Namespaces that GDAL derives from the file's structure, or that have a place of their own.
DERIVED = ("IMAGE_STRUCTURE", "DERIVED_SUBDATASETS", "SUBDATASETS", "RPC", "")
STATISTICS = "STATISTICS_"  # of the pixels, which a translation changes
COLORS = ("red", "green", "blue", "alpha")


def read(dataset: Any) -> dict[str, Any]:
    """Return what must survive.

    Keys: ``size`` (H, W), ``crs``, ``transform``, ``nodata``, ``gcps``, ``rpcs``, ``tags`` (namespace to tags),
    ``bands`` (of each: description, unit, scale, offset, color, alpha, mask flags, tags, palette), ``structure``
    (compression, tiles, interleaving, levels, whether it is a COG).
    """
    structure = dataset.tags(ns="IMAGE_STRUCTURE")
    return {
        "size": (dataset.height, dataset.width),
        "crs": dataset.crs,
        "transform": dataset.transform,
        "nodata": dataset.nodata,
        "gcps": dataset.gcps,
        "rpcs": dataset.rpcs,
        "tags": _tags(dataset, 0),
        "bands": [_band(dataset, number) for number in dataset.indexes],
        "structure": {
            "compression": structure.get("COMPRESSION", ""),
            "cog": structure.get("LAYOUT") == "COG",
            "interleave": structure.get("INTERLEAVE", "BAND"),
            "tile": dataset.block_shapes[0] if dataset.profile.get("tiled") else (),
            "factors": dataset.overviews(1),
        },
    }


def _tags(dataset: Any, band: int) -> dict[str, dict[str, str]]:
    """Return the tags of the file (0) or of a band, by namespace; "" is GDAL's own."""
    found = {"": {key: text for key, text in dataset.tags(band).items() if not key.startswith(STATISTICS)}}
    for space in dataset.tag_namespaces(band):
        if space not in DERIVED:
            found[space] = dict(dataset.tags(band, ns=space))
    return found


def _band(dataset: Any, number: int) -> dict[str, Any]:
    index = number - 1
    color = dataset.colorinterp[index].name
    palette = None
    if color == "palette":
        with suppress(ValueError):
            palette = dataset.colormap(number)
    return {
        "name": _name(dataset, index, color),
        "description": dataset.descriptions[index],
        "unit": dataset.units[index],
        "scale": dataset.scales[index],
        "offset": dataset.offsets[index],
        "color": color,
        "mask": tuple(flag.name for flag in dataset.mask_flag_enums[index]),
        "tags": _tags(dataset, number),
        "palette": palette,
    }


def _name(dataset: Any, index: int, color: str) -> str:
    """Return the description of a band, or its color, or its number; a single one is gray."""
    if dataset.descriptions[index]:
        return str(dataset.descriptions[index])
    if color in COLORS:
        return color
    return "gray" if dataset.count == 1 else str(index + 1)


def channels(metadata: Mapping[str, Any]) -> tuple[Channel, ...]:
    """Return the bands as channels. A unit holds for scaled values: stored ones that have a scale have no unit."""
    return tuple(
        Channel(band["name"], (band["unit"] or "") if (band["scale"], band["offset"]) == (1.0, 0.0) else "")
        for band in metadata["bands"]
    )


def describe(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Return what `read` found, for people."""
    structure, crs, transform = metadata["structure"], metadata["crs"], metadata["transform"]
    found = {"format": "cloud-optimized GeoTIFF" if structure["cog"] else "GeoTIFF"}
    if crs is not None:
        found["coordinates"] = _crs_name(crs)
    if not transform.is_identity:
        unit = "degrees" if crs is not None and crs.is_geographic else "m" if crs is not None else ""
        found["pixel size"] = f"{abs(transform.a):.6g} x {abs(transform.e):.6g} {unit}".rstrip()
    if metadata["gcps"][0]:
        found["control points"] = str(len(metadata["gcps"][0]))
    if metadata["rpcs"] is not None:
        found["sensor model"] = "RPC"
    if metadata["nodata"] is not None:
        found["missing value"] = f"{metadata['nodata']:g}"
    flags = {flag for band in metadata["bands"] for flag in band["mask"]}
    if "per_dataset" in flags:
        found["missing pixels"] = "by alpha" if "alpha" in flags else "by a mask"
    scales = {(band["scale"], band["offset"]) for band in metadata["bands"]} - {(1.0, 0.0)}
    if scales:
        scale, offset = next(iter(scales))
        found["scale"] = f"stored values x {scale:g} + {offset:g}" if len(scales) == 1 else "of each band"
    tile = structure["tile"]
    packed = structure["compression"].lower()
    found["stored"] = (f"in tiles of {tile[1]}x{tile[0]}" if tile else "in strips") + (f", {packed}" if packed else "")
    return found


def _crs_name(crs: Any) -> str:
    with suppress(Exception):  # a code is looked up in a database
        code = crs.to_epsg()
        if code is not None:
            return f"EPSG:{code}"
    text = str(crs.to_wkt())
    return text.split('"')[1] if text.count('"') > 1 else text[:60]
