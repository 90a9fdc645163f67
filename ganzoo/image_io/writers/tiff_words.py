"""What a TIFF says besides its pixels, for a new file: OME-XML, ImageJ's words, GDAL's names of bands, resolution."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from ganzoo.contracts.writer import OutputSpec
from ganzoo.image_io.readers.tiff_metadata import CHANNELS_KEY, GDAL_METADATA

PIXEL_WORDS = ("PhysicalSizeX", "PhysicalSizeY", "PhysicalSizeZ", "TimeIncrement")
OME_ORDER = (
    *("Rights", "Project", "Dataset", "Folder", "Experiment", "Plate", "Screen", "Experimenter", "ExperimenterGroup"),
    *("Instrument", "Image", "StructuredAnnotations", "ROI"),
)
IMAGE_ORDER = (
    *("AcquisitionDate", "ExperimenterRef", "Description", "ExperimentRef", "ExperimenterGroupRef", "InstrumentRef"),
    *("ObjectiveSettings", "ImagingEnvironment", "StageLabel", "Pixels", "ROIRef", "MicrobeamManipulationRef"),
    "AnnotationRef",
)
KEPT_OF_OME = ("Rights", "Project", "Experiment", "Experimenter", "ExperimenterGroup", "Instrument")
KEPT_OF_IMAGE = IMAGE_ORDER[:9]
TAGS_WITH_OWN_ARGUMENT = (270, 305, 306, 34675)
TIFF_ASCII = 2


def ome(spec: OutputSpec, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return what tifffile makes OME-XML of: axes, names of channels, pixel size, and the channels as JSON."""
    words: dict[str, Any] = {"axes": _axes(spec).replace("CYX", "YXS") if are_colors(spec) else _axes(spec)}
    image = metadata.get("ome", {}).get("Image", {})
    image = image[0] if isinstance(image, list) else image
    pixels = image.get("Pixels", {})
    for word in PIXEL_WORDS:
        if word in pixels:
            words[word] = pixels[word]
            if f"{word}Unit" in pixels:
                words[f"{word}Unit"] = pixels[f"{word}Unit"]
    if "pixel_size" in metadata and "PhysicalSizeX" not in words:
        for letter, size in zip("XYZ", metadata["pixel_size"], strict=False):
            words |= {f"PhysicalSize{letter}": size, f"PhysicalSize{letter}Unit": metadata.get("unit", "µm")}
    for letter in "XY":
        if f"PhysicalSize{letter}" in words:
            words[f"PhysicalSize{letter}"] = float(words[f"PhysicalSize{letter}"]) / spec.scale
    if "Name" in image:
        words["Name"] = image["Name"]
    if not are_colors(spec):  # colors are the samples of one channel, without names of their own
        words["Channel"] = {"Name": [channel.name or str(number) for number, channel in enumerate(spec.channels, 1)]}
    words["MapAnnotation"] = {CHANNELS_KEY: channels_json(spec)}
    return words


def channels_json(spec: OutputSpec) -> str:
    """Return names and units of channels: what their values mean to anyone, without a network's range."""
    return json.dumps([{"name": channel.name, "unit": channel.unit} for channel in spec.channels])


def are_colors(spec: OutputSpec) -> bool:
    """Tell whether an image is RGB, which viewers show in color where it is stored as such."""
    return [one.name for one in spec.channels] == ["red", "green", "blue"] and spec.dtype in ("uint8", "uint16")


def _axes(spec: OutputSpec) -> str:
    return "".join(spec.stack) + ("C" if spec.shape[0] > 1 else "") + "YX"


def imagej(spec: OutputSpec, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return ImageJ's words: those of the input that still hold, the axes, and the channels' names as labels."""
    old = metadata.get("imagej", {})
    kept = {word: old[word] for word in ("unit", "spacing", "finterval", "fps", "Info") if word in old}
    names = [channel.name for channel in spec.channels]
    return {**kept, "axes": _axes(spec), "Labels": names * spec.frames}


def resolution(spec: OutputSpec, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return pixels per unit as the input has them, or nothing."""
    if "resolution" not in metadata:
        return {}
    across, down, unit = metadata["resolution"]
    return {"resolution": (across * spec.scale, down * spec.scale), "resolutionunit": unit}


def tags(spec: OutputSpec, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the input's tags that still hold, and GDAL's names and units of the bands."""
    kept = list(metadata.get("tags", ()))
    by_code = {code: value for code, _, _, value in kept}
    found: dict[str, Any] = {"software": by_code.get(305) or "ganzoo"}
    if 270 in by_code:
        found["description"] = by_code[270]
    with suppress(TypeError, ValueError):
        if 306 in by_code:
            found["datetime"] = str(by_code[306])
    if isinstance(by_code.get(34675), bytes):
        found["iccprofile"] = by_code[34675]
    extra = [_scaled(tag, spec.scale) for tag in kept if tag[0] not in (*TAGS_WITH_OWN_ARGUMENT, GDAL_METADATA)]
    text = _gdal_metadata(spec)
    if text:
        extra.append((GDAL_METADATA, TIFF_ASCII, len(text) + 1, text))
    return {**found, "extratags": [(code, dtype, count, value, True) for code, dtype, count, value in extra]}


def _scaled(tag: tuple[int, int, int, Any], scale: float) -> tuple[int, int, int, Any]:
    """Return GeoTIFF's pixel scale for an image that is so many times larger."""
    code, dtype, count, value = tag
    if code == 33550 and scale != 1:
        value = (value[0] / scale, value[1] / scale, *value[2:])
    return code, dtype, count, value


def _gdal_metadata(spec: OutputSpec) -> str:
    """Return names and units of bands as GDAL writes them; "" where they have none to speak of."""
    usual = [["gray"], ["red", "green", "blue"], ["red", "green", "blue", "alpha"]]
    names = [channel.name for channel in spec.channels]
    numbered = names == [str(number) for number in range(1, len(names) + 1)]
    if not any(channel.unit for channel in spec.channels) and (names in usual or numbered or not any(names)):
        return ""
    items = []
    for index, channel in enumerate(spec.channels):
        for word, role, text in (("DESCRIPTION", "description", channel.name), ("UNITTYPE", "unittype", channel.unit)):
            if text:
                items.append(f'  <Item name={quoteattr(word)} sample="{index}" role="{role}">{escape(text)}</Item>')
    return "\n".join(["<GDALMetadata>", *items, "</GDALMetadata>", ""]).encode("ascii", "xmlcharrefreplace").decode()


def restore_ome(path: Path, original: str) -> None:
    """Put back what the input's OME-XML says of instrument, people and acquisition, beside the new pixels."""
    import tifffile

    if not original:
        return
    with suppress(Exception):  # the input's XML is damaged: the new file is complete without it
        merged = merge_ome(str(tifffile.tiffcomment(path)), original)
        tifffile.tiffcomment(path, merged.encode())


def merge_ome(new: str, original: str) -> str:
    """Return new OME-XML with the elements of the original's document and first image that it lacks."""
    old_root, root = ElementTree.fromstring(original.encode()), ElementTree.fromstring(new.encode())
    space = root.tag.partition("}")[0] + "}"
    ElementTree.register_namespace("", space.strip("{}"))
    _rename(old_root, space)
    old_image, image = old_root.find(f"{space}Image"), root.find(f"{space}Image")
    _take(root, old_root, KEPT_OF_OME, space)
    _in_order(root, OME_ORDER)
    if old_image is not None and image is not None:
        _take(image, old_image, KEPT_OF_IMAGE, space)
        _in_order(image, IMAGE_ORDER)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)


def _rename(root: ElementTree.Element, space: str) -> None:
    """Move all elements into the namespace of another version of the schema."""
    for element in root.iter():
        if isinstance(element.tag, str) and "openmicroscopy" in element.tag:
            element.tag = space + element.tag.rpartition("}")[2]


def _take(target: ElementTree.Element, source: ElementTree.Element, names: tuple[str, ...], space: str) -> None:
    for name in names:
        if target.find(space + name) is None:
            target.extend(source.findall(space + name))


def _in_order(element: ElementTree.Element, order: tuple[str, ...]) -> None:
    def place(child: ElementTree.Element) -> int:
        name = str(child.tag).rpartition("}")[2]
        return order.index(name) if name in order else len(order)

    element[:] = sorted(element, key=place)
