"""Importer of networks like CycleGAN's, whatever the names of their layers: matched by order and shape alone.

A wide convolution, convolutions that double the channels, pairs of convolutions that keep them (the residual blocks),
as many that double the size again and halve the channels, and a wide convolution to the image (arXiv:1703.10593, 7.2).
Shapes tell convolutions from transposed ones, and which norms have parameters and statistics.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from .described import Description, LayeredImporter, Modules, Several
from .elsewhere import ElsewhereImporter

WIDE = (5, 7, 9)  # kernels of the first and the last convolution
UP_AND_DOWN = (3, 4)  # kernels where the size changes
REFLECTED_DOWN = "down_blocks.0.conv.0"  # Machine-Learning-Collection's name, whose borders are reflected there too


@dataclass
class Convolution:
    """A convolution of the file with the norm after it.

    Attributes:
        name: In the file.
        weight: Its weight.
        biased: Whether it has a bias.
        norm: "" where the file has none, else "affine", or "batch" with statistics.
    """

    name: str
    weight: Tensor
    biased: bool
    norm: str = ""

    @property
    def kernel(self) -> int:
        """Return its height and width."""
        return int(self.weight.shape[2])

    def text(self, channels: int, out: int, rest: str, norm: str) -> str:
        """Return the convolution and its norm as text; ``rest``: stride and padding."""
        bias = "" if self.biased else ",nobias"
        return f"conv({channels},{out},{self.kernel},{rest}{bias}){_normed(norm, out)}"


class ResidualImporter(LayeredImporter):
    """Detects channels, widths, halvings, blocks, norms and how the size is doubled."""

    source = "a network like CycleGAN's"

    def describe(self, modules: Modules) -> Description | None:
        """Describe the generator by the shapes of its layers in their order, and say what they do not show."""
        found = _convolutions(modules)
        if found is None or len(found) < 6 or len({(one.norm, one.biased) for one in found[:-1]}) > 1:
            return None
        first, last = found[0], found[-1]
        if first.kernel not in WIDE or last.kernel not in WIDE or last.norm or not last.biased:
            return None
        norm = first.norm or "instance"
        out, channels = first.weight.shape[:2]
        words = [f"pad({first.kernel // 2}) {first.text(channels, out, '1', norm)} relu"]
        place, width, widths = 1, out, [out]
        while found[place].weight.shape[:2] == (2 * width, width) and found[place].kernel in UP_AND_DOWN:
            words.append(_down(found[place], width, norm, reflected=REFLECTED_DOWN in modules))
            place, width = place + 1, 2 * width
            widths.append(width)
        blocks = 0
        while place + 1 < len(found) and all(_keeps(one, width) for one in found[place : place + 2]):
            one, two = (f"pad(1) {each.text(width, width, '1', norm)}" for each in found[place : place + 2])
            words.append(f"add[ {one} relu {two} ]")
            place, blocks = place + 2, blocks + 1
        for narrow in reversed(widths[:-1]):
            if (up := _up(found[place], width, narrow, norm)) is None:
                return None
            words.append(up)
            place, width = place + 1, narrow
        if place != len(found) - 1 or not blocks or len(widths) < 2 or last.weight.shape[1] != width:
            return None
        words.append(f"pad({last.kernel // 2}) {last.text(width, len(last.weight), '1', '')} tanh")
        options = {"in_channels": channels, "out_channels": len(last.weight), "stride": 2 ** (len(widths) - 1)}
        return Description(
            " ".join(words),
            options,
            image_size=128 if blocks <= 6 else 256,
            undetermined={"padding": ("reflect", "replicate", "zero")},
            notes=(_assumed(norm, found),),
        )


def _convolutions(modules: Modules) -> list[Convolution] | None:
    """Return the convolutions with their norms, None where there are other layers, or norms before convolutions."""
    found: list[Convolution] = []
    for name, leaves in modules.items():
        weight = leaves.get("weight")
        if weight is not None and weight.dim() == 4:
            found.append(Convolution(name, weight, "bias" in leaves))
        elif weight is not None and weight.dim() == 1 and found and "bias" in leaves and not found[-1].norm:
            found[-1].norm = "batch" if "running_var" in leaves else "affine"
        else:
            return None
    return found


def _normed(norm: str, channels: int) -> str:
    return f" {norm}({channels})" if norm else ""


def _down(one: Convolution, width: int, norm: str, reflected: bool) -> str:
    if reflected:
        return f"reflect(1) {one.text(width, 2 * width, '2', norm)} relu"
    return f"{one.text(width, 2 * width, '2,1', norm)} relu"


def _keeps(one: Convolution, width: int) -> bool:
    return tuple(one.weight.shape) == (width, width, 3, 3)


def _up(one: Convolution, width: int, narrow: int, norm: str) -> str | None:
    """Return what doubles the size: a transposed convolution, or pixels repeated before a convolution."""
    shape, bias = tuple(one.weight.shape[:2]), "" if one.biased else ",nobias"
    if shape == (width, narrow) and one.kernel in UP_AND_DOWN:
        extra = 1 if one.kernel == 3 else 0
        return f"tconv({width},{narrow},{one.kernel},2,1,{extra}{bias}){_normed(norm, narrow)} relu"
    if shape == (narrow, width) and one.kernel == 3:
        return f"nearest(2) {one.text(width, narrow, '1,1', norm)} relu"
    return None


def _assumed(norm: str, found: list[Convolution]) -> str:
    """Return what the shapes do not show, in words."""
    repeated = any(one.weight.shape[0] < one.weight.shape[1] for one in found[1:-1])
    norms = {
        "instance": "instance norm",
        "affine": "instance norm with weights",
        "batch": "norms that use their stored averages",
    }
    parts = [
        "values in [-1, 1]",
        norms[norm],
        "ReLU",
        "tanh at the end",
        *(["pixels repeated before the last convolutions"] if repeated else []),
    ]
    return f"Matched by the order and shapes of its layers, all of them used; assumed: {', '.join(parts)}"


class ResidualsImporter(Several):
    """Detects networks like CycleGAN's, and names networks of which there is none here."""

    general = True
    importers = (ResidualImporter, ElsewhereImporter)
