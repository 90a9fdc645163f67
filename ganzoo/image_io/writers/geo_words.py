"""What a GeoTIFF is created with: storage, georeference and the words of its bands, from the input's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from ganzoo.contracts.writer import OutputSpec

# GDAL's words for lossless storage; what is not among them is stored as deflate.
LOSSLESS = {"": "NONE", "DEFLATE": "DEFLATE", "LZW": "LZW", "ZSTD": "ZSTD", "PACKBITS": "PACKBITS"}
PREDICTED = ("DEFLATE", "LZW", "ZSTD")
TILE = 256
SMALL = 1 << 22  # pixels up to which strips are kept
RESOLUTION_TAGS = ("TIFFTAG_XRESOLUTION", "TIFFTAG_YRESOLUTION", "TIFFTAG_RESOLUTIONUNIT")


def of_template(spec: OutputSpec) -> Mapping[str, Any]:
    """Return the metadata of the input where it is a GeoTIFF, else nothing."""
    template = spec.template
    return template.metadata if template is not None and template.format == "geotiff" else {}


def bands(spec: OutputSpec, metadata: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what is known of each output band: the input's words for the band of that name, or the channel's own.

    Scales, palettes and tags of an input's band hold for stored values, so they go only to values of the same type. A
    band that is named after its place or color in the input keeps that name in another place, as its description.
    """
    own = {band["name"]: band for band in metadata.get("bands", ())}
    moved = list(own) != [channel.name for channel in spec.channels]
    same = spec.template is not None and str(spec.template.dtype) == spec.dtype
    found = []
    for channel in spec.channels:
        known = own.get(channel.name) if same else None
        plain = {"description": channel.name, "unit": channel.unit, "scale": 1.0, "offset": 0.0, "tags": {}}
        color = channel.name if channel.name in ("red", "green", "blue", "alpha", "gray") else "undefined"
        if known is not None and moved and not known["description"]:
            known = {**known, "description": channel.name}
        found.append(known or {**plain, "color": color, "palette": None})
    return found


def missing_value(spec: OutputSpec, metadata: Mapping[str, Any]) -> float | None:
    """Return what stands for a missing value: the input's where the type has it, NaN for floats without a mask."""
    kind, nodata = np.dtype(spec.dtype), metadata.get("nodata")
    if nodata is not None and (kind.kind == "f" or _fits(nodata, kind)):
        return float(nodata)
    return float("nan") if kind.kind == "f" and not by_mask(metadata) else None


def by_mask(metadata: Mapping[str, Any]) -> bool:
    """Return whether the input marks missing pixels by a mask of its own."""
    flags = {flag for band in metadata.get("bands", ()) for flag in band["mask"]}
    return "per_dataset" in flags and "alpha" not in flags


def _fits(value: float, kind: np.dtype[Any]) -> bool:
    limits = np.iinfo(kind)
    return float(value).is_integer() and limits.min <= value <= limits.max


def creation(spec: OutputSpec, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return what rasterio creates the file with."""
    count, height, width = spec.shape
    structure = metadata.get("structure", {})
    packed = LOSSLESS.get(structure.get("compression", "DEFLATE").upper(), "DEFLATE")
    found: dict[str, Any] = {
        "width": width,
        "height": height,
        "count": count,
        "dtype": spec.dtype,
        "compress": packed,
        "interleave": structure.get("interleave", "PIXEL"),
        "bigtiff": "IF_SAFER",
        "photometric": "RGB" if _is_rgb(spec, metadata) else "MINISBLACK",
    }
    if packed in PREDICTED:
        found["predictor"] = predictor(spec)
    tile = tuple(structure.get("tile", ()))
    if tile or height * width > SMALL or not structure:
        high, wide = tile if tile and not any(side % 16 for side in tile) else (TILE, TILE)
        found |= {"tiled": True, "blockysize": high, "blockxsize": wide}
    if metadata.get("nodata") is not None and missing_value(spec, metadata) is not None:
        found["nodata"] = missing_value(spec, metadata)
    return found


def _is_rgb(spec: OutputSpec, metadata: Mapping[str, Any]) -> bool:
    colors = [band["color"] for band in bands(spec, metadata)[:3]]
    return colors == ["red", "green", "blue"] and spec.dtype in ("uint8", "uint16")


def predictor(spec: OutputSpec) -> int:
    """Return TIFF's predictor for a type: differences of integers, or of the bytes of floats."""
    return 3 if np.dtype(spec.dtype).kind == "f" else 2


def cog_storage(spec: OutputSpec, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of GDAL's COG driver."""
    packed = LOSSLESS.get(metadata.get("structure", {}).get("compression", "DEFLATE").upper(), "DEFLATE")
    packed = packed if packed in ("DEFLATE", "LZW", "ZSTD") else "DEFLATE"
    return {
        "compress": packed,
        "predictor": "YES",
        "bigtiff": "IF_SAFER",
        "overview_resampling": "NEAREST",
    }


def factors(spec: OutputSpec, metadata: Mapping[str, Any]) -> list[int]:
    """Return how many times smaller each level is: the input's, as far as the output can be made so small."""
    given: Sequence[int] = metadata.get("structure", {}).get("factors", ())
    return [factor for factor in given if min(spec.shape[1:]) >= factor]


def describe(dataset: Any, spec: OutputSpec, metadata: Mapping[str, Any]) -> None:
    """Give a new file its georeference, its bands' words and all tags."""
    from rasterio.enums import ColorInterp

    known = bands(spec, metadata)
    if metadata:
        _georeference(dataset, spec, metadata)
        for space, tags in metadata["tags"].items():
            _set_tags(dataset, 0, space, tags)
    with suppress(Exception):  # a color that this number of bands cannot have
        dataset.colorinterp = [ColorInterp[band["color"]] for band in known]
    for number, band in enumerate(known, 1):
        if band["description"]:
            dataset.set_band_description(number, band["description"])
        if band["unit"]:
            dataset.set_band_unit(number, band["unit"])
        for space, tags in band["tags"].items():
            _set_tags(dataset, number, space, tags)
        if band["palette"]:
            dataset.write_colormap(number, band["palette"])
    if any(band["scale"] != 1 or band["offset"] for band in known):
        dataset.scales = [band["scale"] for band in known]
        dataset.offsets = [band["offset"] for band in known]


def _set_tags(dataset: Any, band: int, space: str, tags: Mapping[str, str]) -> None:
    if tags:
        dataset.update_tags(band, ns=space or None, **tags)


def _georeference(dataset: Any, spec: OutputSpec, metadata: Mapping[str, Any]) -> None:
    """Set coordinate system, transform, control points and sensor model for an output of its own size."""
    from affine import Affine
    from rasterio.control import GroundControlPoint

    height, width = metadata["size"]
    down, across = spec.shape[1] / height, spec.shape[2] / width
    transform = metadata["transform"]
    if not transform.is_identity:
        dataset.transform = transform @ Affine.scale(1 / across, 1 / down)
    points, points_crs = metadata["gcps"]
    if points:
        scaled = [
            GroundControlPoint(one.row * down, one.col * across, one.x, one.y, one.z, one.id, one.info)
            for one in points
        ]
        dataset.gcps = (scaled, points_crs)
    if metadata["crs"] is not None and not points:
        dataset.crs = metadata["crs"]
    if metadata["rpcs"] is not None:
        dataset.rpcs = _scaled_rpcs(metadata["rpcs"], down, across)


def _scaled_rpcs(rpcs: Any, down: float, across: float) -> Any:
    """Return rational polynomial coefficients for an image of another size: they count from pixel centers."""
    import attrs

    return attrs.evolve(
        rpcs,
        line_off=(rpcs.line_off + 0.5) * down - 0.5,
        samp_off=(rpcs.samp_off + 0.5) * across - 0.5,
        line_scale=rpcs.line_scale * down,
        samp_scale=rpcs.samp_scale * across,
    )
