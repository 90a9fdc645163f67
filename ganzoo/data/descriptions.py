"""What a user should know about the data before training, in plain sentences: nothing is changed silently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ganzoo.data.listing import some
from ganzoo.data.preprocessing import ImageInfo, ImageSpec

SAME_RATIO = 0.02  # by how much the ratios of two images' sides may differ, because sizes are rounded


def describe_images(infos: list[ImageInfo], spec: ImageSpec, size: int, width: int = 0) -> list[str]:
    """Describe images that are stored as ``spec`` says and shown to the networks at ``size`` and ``width``."""
    many = "1 image" if len(infos) == 1 else f"{len(infos):,} images"
    side_by_side = ", two side by side in each" if spec.pairs else ""
    notes = [
        f"{many}{side_by_side}: {describe_sizes(infos, spec, size, width)}.",
        *_describe_channels(infos, spec, "image"),
    ]
    turned = [each.name for each in infos if each.turned]
    if turned:
        notes.append(_sentence(turned, "is turned upright, as its EXIF says", "are turned upright, as their EXIF says"))
    for oddity in sorted({each.oddity for each in infos} - {""}):
        odd = [each.name for each in infos if each.oddity == oddity]
        notes.append(_sentence(odd, f"has {oddity}", f"have {oddity}"))
    return notes + _tiny(infos, spec)


def describe_videos(
    infos: list[ImageInfo], spec: ImageSpec, size: int, cut: tuple[int, int], short: list[str]
) -> list[str]:
    """Describe videos that are cut into clips by ``cut`` = (frames, stride); ``short``: those too short for a clip."""
    frames, stride = cut
    many = "1 video" if len(infos) == 1 else f"{len(infos):,} videos"
    notes = [
        f"{many}: {describe_sizes(infos, spec, size)}.",
        f"They are cut into clips of {frames} frames{strided(stride)}, one after the other.",
        *_describe_channels(infos, spec, "video"),
    ]
    if short:
        few = f"fewer than {frames} frames{strided(stride)}"
        notes.append(_sentence(short, f"has {few} and is left out", f"have {few} and are left out", "video"))
    return notes + _tiny(infos, spec, "video")


def _describe_channels(infos: list[ImageInfo], spec: ImageSpec, what: str) -> list[str]:
    gray = [each.name for each in infos if each.gray]
    colored = [each.name for each in infos if not each.gray]
    if spec.channels == 3 and gray:
        return [_sentence(gray, "is gray and becomes RGB", "are gray and become RGB", what)]
    if spec.channels == 1 and colored:
        return [_sentence(colored, "has colors and becomes gray", "have colors and become gray", what)]
    return []


def strided(stride: int) -> str:
    """Say which frames of a video are used, "" for all."""
    return f" (1 of every {stride})" if stride > 1 else ""


def describe_other_files(names: list[str], what: str = "image") -> list[str]:
    """Describe files that were ignored because of their suffixes."""
    if not names:
        return []
    suffix = f"without {'an' if what == 'image' else 'a'} {what} suffix"
    if len(names) == 1:
        return [f"1 other file {suffix} was ignored: {names[0]}."]
    return [f"{len(names):,} other files {suffix} were ignored: {some(names)}."]


def describe_images_elsewhere(names: list[str], used: Iterable[str], where: str) -> list[str]:
    """Describe images that lie outside the folders that are read."""
    chosen = set(used)
    ignored = [name for name in names if name not in chosen]
    if not ignored:
        return []
    return [_sentence(ignored, f"lies outside {where} and was ignored", f"lie outside {where} and were ignored")]


def describe_classes(classes: list[str], labels: list[int]) -> list[str]:
    """Describe the classes, and the number of images in each."""
    counts = Counter(labels)
    named = [f"{name} ({counts[index]:,})" for index, name in enumerate(classes)]
    return [f"{len(classes):,} classes by folder: {some(named)}."]


def describe_duplicates(count: int) -> list[str]:
    """Describe items that a split leaves out because others have their content."""
    if not count:
        return []
    repeat = "1 item repeats" if count == 1 else f"{count:,} items repeat"
    return [f"{repeat} the content of another and {'is' if count == 1 else 'are'} left out, because some are held out."]


def describe_unlike_pairs(pairs: list[tuple[ImageInfo, ImageInfo]]) -> list[str]:
    """Describe pairs whose images differ in aspect ratio: after cropping, they no longer match."""
    unlike = [
        f"{a.name} ({a.width}x{a.height}) and {b.name} ({b.width}x{b.height})"
        for a, b in pairs
        if abs(a.width * b.height / (a.height * b.width) - 1) > SAME_RATIO
    ]
    if not unlike:
        return []
    pair = "1 pair has" if len(unlike) == 1 else f"{len(unlike):,} pairs have"
    return [f"{pair} images of different aspect ratios, which may not match after cropping: {some(unlike)}."]


def describe_memory(count: int, spec: ImageSpec, memory: int) -> str:
    """Describe a set that stays on disk."""
    channels, height, width = spec.shape
    return (
        f"Decoded, they would take {_bytes(count * channels * height * width)} of memory, over the limit of "
        f"{_bytes(memory)}: they stay on disk and are decoded when needed."
    )


def describe_sizes(infos: list[ImageInfo], spec: ImageSpec, size: int, width: int = 0) -> str:
    """Describe the sizes of images, and how they are scaled and cropped to height ``size`` and ``width``."""
    sizes = sorted({(each.width, each.height) for each in infos}, key=lambda each: each[0] * each[1])
    found = " to ".join(f"{width}x{height}" for width, height in dict.fromkeys((sizes[0], sizes[-1]))) + " pixels"
    whole = {(width // 2 if spec.pairs else width, height) for width, height in sizes} == {(spec.width, spec.height)}
    scaled = f"{'each half is ' if spec.pairs else ''}scaled to cover {spec.width}x{spec.height} (center crop)"
    cropped = f", then cropped to {width or size}x{size} at random" if size != spec.height else ""
    return f"{found}, {'taken whole' if whole else scaled}{cropped}"


def _tiny(infos: list[ImageInfo], spec: ImageSpec, what: str = "image") -> list[str]:
    _, height, width = spec.shape
    small = [f"{one.name} ({one.width}x{one.height})" for one in infos if one.width < width or one.height < height]
    size = f"smaller than {width}x{height}"
    return [_sentence(small, f"is {size} and is enlarged", f"are {size} and are enlarged", what)] if small else []


def _sentence(names: list[str], one: str, many: str, what: str = "image") -> str:
    return f"{f'1 {what} {one}' if len(names) == 1 else f'{len(names):,} {what}s {many}'}: {some(names)}."


def _bytes(count: int) -> str:
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"
