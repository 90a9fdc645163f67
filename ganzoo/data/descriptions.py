"""What a user should know of the pictures before training, in plain sentences: nothing is changed silently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ganzoo.data.decode import Facts, Form
from ganzoo.data.layout import some

SAME_SHAPE = 0.02  # by how much the ratio of two pictures' sides may differ, as sizes are rounded


def of_images(facts: list[Facts], form: Form, size: int) -> list[str]:
    """Return sentences on pictures that are stored in ``form`` and shown to the networks at ``size``."""
    many = "1 picture" if len(facts) == 1 else f"{len(facts):,} pictures"
    side_by_side = ", two side by side in each" if form.pairs else ""
    notes = [f"{many}{side_by_side}: {becomes(facts, form, size)}."]
    gray = [each.name for each in facts if each.gray]
    colored = [each.name for each in facts if not each.gray]
    if form.channels == 3 and gray:
        notes.append(_sentence(gray, "is gray and becomes RGB", "are gray and become RGB"))
    if form.channels == 1 and colored:
        notes.append(_sentence(colored, "has colors and becomes gray", "have colors and become gray"))
    turned = [each.name for each in facts if each.turned]
    if turned:
        notes.append(_sentence(turned, "is turned upright, as its EXIF says", "are turned upright, as their EXIF says"))
    for oddity in sorted({each.oddity for each in facts} - {""}):
        odd = [each.name for each in facts if each.oddity == oddity]
        notes.append(_sentence(odd, f"has {oddity}", f"have {oddity}"))
    return notes + _tiny(facts, form)


def of_videos(facts: list[Facts], form: Form, size: int, cut: tuple[int, int], short: list[str]) -> list[str]:
    """Return sentences on videos, of which (frames, stride) are ``cut``; ``short``: those that give no clip."""
    frames, stride = cut
    many = "1 video" if len(facts) == 1 else f"{len(facts):,} videos"
    notes = [
        f"{many}: {becomes(facts, form, size)}.",
        f"They are cut into clips of {frames} frames{strided(stride)}, one after the other.",
    ]
    gray = [each.name for each in facts if each.gray]
    colored = [each.name for each in facts if not each.gray]
    if form.channels == 3 and gray:
        notes.append(_sentence(gray, "is gray and becomes RGB", "are gray and become RGB", "video"))
    if form.channels == 1 and colored:
        notes.append(_sentence(colored, "has colors and becomes gray", "have colors and become gray", "video"))
    if short:
        few = f"fewer than {frames} frames{strided(stride)}"
        notes.append(_sentence(short, f"has {few} and is left out", f"have {few} and are left out", "video"))
    return notes + _tiny(facts, form, "video")


def strided(stride: int) -> str:
    """Return which frames of a video count, in words, "" for all."""
    return f" (1 of every {stride})" if stride > 1 else ""


def of_other_files(names: list[str], what: str = "picture") -> list[str]:
    """Return a sentence on files that were left alone as they do not end like pictures, or like videos."""
    if not names:
        return []
    one, many = f"other file is no {what} by its name and was", f"other files are no {what}s by their names and were"
    return [f"{len(names):,} {one if len(names) == 1 else many} left alone: {some(names)}."]


def of_images_elsewhere(names: list[str], used: Iterable[str], where: str) -> list[str]:
    """Return a sentence on pictures that lie outside the folders that are read."""
    chosen = set(used)
    left = [name for name in names if name not in chosen]
    if not left:
        return []
    return [_sentence(left, f"lies outside {where} and was left alone", f"lie outside {where} and were left alone")]


def of_classes(classes: list[str], labels: list[int]) -> list[str]:
    """Return a sentence on the classes, and on how many pictures each has."""
    counts = Counter(labels)
    named = [f"{name} ({counts[index]:,})" for index, name in enumerate(classes)]
    return [f"{len(classes):,} classes by folder: {some(named)}."]


def of_unlike_pairs(pairs: list[tuple[Facts, Facts]]) -> list[str]:
    """Return a sentence on pairs whose pictures have other proportions: cut alike, they no longer match."""
    unlike = [
        f"{a.name} ({a.width}x{a.height}) and {b.name} ({b.width}x{b.height})"
        for a, b in pairs
        if abs(a.width * b.height / (a.height * b.width) - 1) > SAME_SHAPE
    ]
    if not unlike:
        return []
    pair = "1 pair has" if len(unlike) == 1 else f"{len(unlike):,} pairs have"
    return [f"{pair} pictures of different proportions, which may not match when cut: {some(unlike)}."]


def of_memory(count: int, form: Form, memory: int) -> str:
    """Return the sentence on a set that stays on disk."""
    channels, height, width = form.shape
    return (
        f"Decoded they would take {_bytes(count * channels * height * width)} of memory, over the limit of "
        f"{_bytes(memory)}: they stay on disk and are decoded when needed."
    )


def becomes(facts: list[Facts], form: Form, size: int) -> str:
    """Return what sizes the pictures have, and what is done about it."""
    sizes = sorted({(each.width, each.height) for each in facts}, key=lambda each: each[0] * each[1])
    found = " to ".join(f"{width}x{height}" for width, height in dict.fromkeys((sizes[0], sizes[-1]))) + " pixels"
    whole = {(width // 2 if form.pairs else width, height) for width, height in sizes} == {(form.width, form.height)}
    scaled = f"{'each half is ' if form.pairs else ''}scaled to cover {form.width}x{form.height}, middle kept"
    cropped = f", then cropped to {size}x{size} at random" if size != form.width else ""
    return f"{found}, {'taken whole' if whole else scaled}{cropped}"


def _tiny(facts: list[Facts], form: Form, what: str = "picture") -> list[str]:
    _, height, width = form.shape
    small = [f"{one.name} ({one.width}x{one.height})" for one in facts if one.width < width or one.height < height]
    size = f"smaller than {width}x{height}"
    return [_sentence(small, f"is {size} and is enlarged", f"are {size} and are enlarged", what)] if small else []


def _sentence(names: list[str], one: str, many: str, what: str = "picture") -> str:
    return f"{f'1 {what} {one}' if len(names) == 1 else f'{len(names):,} {what}s {many}'}: {some(names)}."


def _bytes(count: int) -> str:
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"
