"""Networks as text: "pad(3) conv(3,64,7) norm(64) relu add[ conv(64,64,3,1,1) relu ] tanh".

Words are layers, applied from left to right, with their arguments in parentheses. Words with brackets hold layers:
``add[ ... ]`` adds its input to their result, ``add(0.2)[ ... ]`` a fifth of the result to the input, ``add[ a | b ]``
the results of both; ``cat[ ... ]`` joins its input and their result as channels, ``cat(last)[ ... ]`` the result first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

TOKEN = re.compile(r"([a-z]+)(?:\(([-\w.,]*)\))?(\[)?|([\]|])")
DEEPEST = 20  # brackets within brackets
LONGEST = 200_000  # characters
SHOWN = 200  # characters of a text, in messages
# Word -> the least and the most numbers that it takes, and words that may follow them.
LAYERS: dict[str, tuple[int, int, tuple[str, ...]]] = {
    "conv": (3, 6, ("nobias",)),  # channels in, out, kernel, stride 1, padding 0, groups 1
    "tconv": (3, 6, ("nobias",)),  # channels in, out, kernel, stride 1, padding 0, output padding 0
    "linear": (2, 2, ("nobias",)),  # features in, out
    "reshape": (3, 3, ()),  # channels, height, width
    "pad": (1, 1, ()),  # pixels, by the network's padding
    "reflect": (1, 4, ()),  # pixels; or left, right, top, bottom
    "zero": (1, 4, ()),
    "instance": (1, 1, ()),  # channels; without parameters
    "affine": (1, 1, ()),  # instance norm with parameters
    "batch": (1, 2, ("flat",)),  # channels, epsilon 1e-5; flat: of features without height and width
    "group": (2, 2, ()),  # groups, channels
    "relu": (0, 0, ()),
    "leaky": (1, 1, ()),  # slope
    "prelu": (1, 1, ()),  # slopes: 1, or the number of channels
    "tanh": (0, 0, ()),
    "sigmoid": (0, 0, ()),
    "nearest": (1, 1, ()),  # factor
    "bilinear": (1, 1, ("aligned",)),  # factor; aligned: corners on corners
    "shuffle": (1, 1, ()),  # factor
    "add": (0, 1, ()),  # factor of the result
    "cat": (0, 0, ("last",)),
}
FRACTIONAL = {"leaky", "batch", "add"}  # words that take numbers other than integers
LARGEST = 1_000_000  # of the numbers
# Word -> the places of numbers that may be 0: paddings. Strides, kernels, factors and channels may not.
ZEROS: dict[str, tuple[int, ...]] = {
    "conv": (4,),
    "tconv": (4, 5),
    **{word: (0, 1, 2, 3) for word in ("pad", "reflect", "zero")},
}
WITHIN = {"add": 2, "cat": 1}  # words with brackets -> the most branches between them


@dataclass(frozen=True)
class Layer:
    """A word of the text.

    Attributes:
        name: One of `LAYERS`.
        numbers: Its arguments.
        words: Those that follow them.
        branches: The layers in its brackets.
    """

    name: str
    numbers: tuple[float, ...] = ()
    words: tuple[str, ...] = ()
    branches: tuple[tuple[Layer, ...], ...] = ()

    def integers(self) -> list[int]:
        """Return the arguments as integers."""
        return [int(number) for number in self.numbers]


def parse(text: str) -> tuple[Layer, ...]:
    """Return the layers of a text. Raises ValueError, which says what is wrong with it."""
    try:
        return _parse(text)
    except ValueError as error:
        raise ValueError(f"layers={text[:SHOWN]!r} {error}") from None


def _parse(text: str) -> tuple[Layer, ...]:
    if len(text) > LONGEST:
        raise ValueError(f"has {len(text):,} characters, more than {LONGEST:,}")
    words = text.split()
    layers, end = _layers(words, 0, 0)
    if end < len(words):
        raise ValueError(f"has '{words[end]}' without a bracket before it")
    if not layers:
        raise ValueError("should name one layer at least, as conv(3,3,3,1,1)")
    return layers


def _layers(words: list[str], place: int, depth: int) -> tuple[tuple[Layer, ...], int]:
    """Return the layers from ``place`` on, and where they end: at "]", "|", or the end of the text."""
    if depth > DEEPEST:
        raise ValueError(f"has more than {DEEPEST} brackets within one another")
    found = []
    while place < len(words) and words[place] not in ("]", "|"):
        layer, opens = _word(words[place])
        place += 1
        if opens:
            branches, place = _branches(words, place, depth, WITHIN[layer.name])
            layer = Layer(layer.name, layer.numbers, layer.words, branches)
        found.append(layer)
    return tuple(found), place


def _branches(words: list[str], place: int, depth: int, most: int) -> tuple[tuple[tuple[Layer, ...], ...], int]:
    branches = []
    while True:
        inner, place = _layers(words, place, depth + 1)
        branches.append(inner)
        if place == len(words):
            raise ValueError("has a '[' without its ']'")
        place += 1
        if words[place - 1] == "]":
            break
    if len(branches) > most or not branches[0]:
        raise ValueError(f"has brackets with {len(branches)} branches, or none in the first; {most} is the most")
    return tuple(branches), place


def _word(word: str) -> tuple[Layer, bool]:
    """Return a word as a layer without what is in its brackets, and whether it opens one."""
    found = TOKEN.fullmatch(word)
    name = found[1] if found else None
    if found is None or name not in LAYERS or bool(found[3]) != (name in WITHIN):
        known = ", ".join(f"{each}[" if each in WITHIN else each for each in LAYERS)
        raise ValueError(f"has '{word[:40]}', which is none of {known}")
    given = [each for each in (found[2] or "").split(",") if each]
    numbers = [each for each in given if re.fullmatch(r"\d+(\.\d*)?(e-?\d+)?", each)]
    least, most, known_words = LAYERS[name]
    if not least <= len(numbers) <= most or any(each not in known_words for each in given[len(numbers) :]):
        raise ValueError(f"has '{word[:40]}': {name} takes {least} to {most} numbers{_or_words(known_words)}")
    values = tuple(float(each) for each in numbers)
    if wrong := _wrong_values(name, values):
        raise ValueError(f"has '{word[:40]}': {wrong}")
    return Layer(name, values, tuple(given[len(numbers) :])), bool(found[3])


def _wrong_values(name: str, values: tuple[float, ...]) -> str:
    """Return what is wrong with a word's numbers, "" if nothing is."""
    if any(value > LARGEST or (name not in FRACTIONAL and value % 1) for value in values):
        return f"its numbers should be integers up to {LARGEST:,}"
    if name not in FRACTIONAL and not all(value or place in ZEROS.get(name, ()) for place, value in enumerate(values)):
        return "of its numbers, paddings alone may be 0"
    groups = values[0] if name == "group" else values[5] if name == "conv" and len(values) == 6 else 1
    if groups > 1 and any(each % groups for each in values[:2]):
        return "its channels should be multiples of its groups"
    return ""


def _or_words(words: tuple[str, ...]) -> str:
    return f", then {' or '.join(words)}" if words else ""
