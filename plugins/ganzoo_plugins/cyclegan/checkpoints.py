"""Importers of the residual generators of the reference PyTorch CycleGAN and pix2pix, of CUT and of GAN Compression.

Their ``model`` is ``layers`` here, module for module. In a residual block (``conv_block``), padding and dropout shift
the positions of later modules.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from ganzoo import DetectedCheckpoint, Importer

BLOCK = re.compile(r"model\.(\d+)\.conv_block\.(\d+)\.(\w+)")
BLUR = re.compile(r"model\.(\d+)\.filt")
BLURRED: dict[tuple[bool, bool], bool | str] = {  # (on the way down, on the way up) -> the option antialias
    (False, False): False,
    (True, False): "down",
    (False, True): "up",
    (True, True): True,
}
SEPARABLE = re.compile(r"model\.(\d+)\.conv_block\.(\d+)\.conv\.(\d)\.(\w+)")
OUTER = re.compile(r"model\.(\d+)\.(.+)")
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
USUAL_SIZE = {6: 128, 9: 256}  # blocks -> pixels, in the paper


class ResnetImporter(Importer):
    """Detects blocks, width, norm, dropout, zero padding, and where CUT blurs."""

    def recognize(self, tensors: Mapping[str, Tensor]) -> DetectedCheckpoint | None:
        """Return the generator that these tensors are, by the names and shapes of its layers; None for any others."""
        blocks = sorted({int(found[1]) for name in tensors if (found := BLOCK.fullmatch(name))})
        first = tensors.get("model.1.weight")
        if not blocks or first is None or first.shape[2:] != (7, 7):
            return None
        norm = "batch" if "model.2.weight" in tensors else "instance" if "model.1.bias" in tensors else "none"
        if norm == "batch" and "model.2.running_mean" not in tensors:  # instance norm with weights: another importer's
            return None
        places = sorted(
            int(found[2])
            for name, tensor in tensors.items()
            if (found := BLOCK.fullmatch(name)) and int(found[1]) == blocks[0] and tensor.dim() == 4
        )
        if len(places) != 2:  # another code base's blocks
            return None
        blurs = [int(found[1]) for name in tensors if (found := BLUR.fullmatch(name))]
        antialias = BLURRED[any(place < blocks[0] for place in blurs), any(place > blocks[0] for place in blurs)]
        last = tensors.get(f"model.{max(int(found[1]) for name in tensors if (found := OUTER.fullmatch(name)))}.weight")
        if last is None or last.shape[2:] != (7, 7):
            return None
        zero = places[0] == 0
        dropout = places[1] - places[0] == (4 if zero else 5)
        options = {
            "in_channels": first.shape[1],
            "out_channels": len(last),
            "width": len(first),
            "blocks": len(blocks),
            **({} if norm == "none" else {"norm": norm}),
            "dropout": dropout,
            "antialias": antialias,
            **({"padding": "zero"} if zero else {}),
        }
        return DetectedCheckpoint(
            source="contrastive-unpaired-translation (CUT)" if antialias else "pytorch-CycleGAN-and-pix2pix",
            entry="generator:resnet",
            options=options,
            tensors={renamed(name, zero): tensor for name, tensor in tensors.items() if is_used(name, norm)},
            image_size=USUAL_SIZE.get(len(blocks), 256),
            undetermined=undetermined(zero, norm),
            notes=notes(dropout, norm),
            unbiased=norm == "none",
        )


class MobileResnetImporter(Importer):
    """Detects widths, blocks and zero padding of GAN Compression's generators, compressed or not."""

    def recognize(self, tensors: Mapping[str, Tensor]) -> DetectedCheckpoint | None:
        """Return the generator that these tensors are, by its separable convolutions; None for any others."""
        pointwise = {}  # (block, position in it) -> weight of the 1x1 convolution
        for name, tensor in tensors.items():
            found = SEPARABLE.fullmatch(name)
            if found and found.groups()[2:] == ("2", "weight"):
                pointwise[int(found[1]), int(found[2])] = tensor
        if not pointwise:
            return None
        blocks = sorted({block for block, _ in pointwise})
        first = min(place for _, place in pointwise)
        after = blocks[-1] + 1
        convolutions = [tensors.get(f"model.{place}.weight") for place in (1, 4, 7, after, after + 3, after + 7)]
        if any(each is None for each in convolutions):
            return None
        *down, up, last_up, last = convolutions
        norm = "batch" if "model.2.weight" in tensors else "instance"
        widths = [*(len(each) for each in down), up.shape[1], last_up.shape[1]]
        return DetectedCheckpoint(
            source="gan-compression",
            entry="generator:mobile-resnet",
            options={
                "in_channels": down[0].shape[1],
                "out_channels": len(last),
                "widths": ",".join(map(str, widths)),
                "blocks": len(blocks),
                "inner": ",".join(str(len(pointwise[block, first])) for block in blocks),
                "norm": norm,
                **({"padding": "zero"} if first == 0 else {}),
            },
            tensors={separable(name): tensor for name, tensor in tensors.items() if is_used(name, norm)},
            undetermined=undetermined(first == 0, norm),
            notes=notes(False, norm),
            unbiased=norm == "batch",
        )


def undetermined(zero: bool, norm: str) -> dict[str, tuple[str, ...]]:
    """Return what such files do not show: the padding of blocks, and the norm if convolutions have no bias."""
    open_norm = {"norm": ("none", "instance")} if norm == "none" else {}
    return {**({} if zero else {"padding": ("reflect", "replicate")}), **open_norm}


def notes(dropout: bool, norm: str) -> tuple[str, ...]:
    """Describe what differs from the authors' test.py, which uses training mode unless called with --eval."""
    differences = [
        *(["dropout is off"] if dropout else []),
        *(["batch norm uses its averages"] if norm == "batch" else []),
    ]
    return (
        (f"{' and '.join(differences)} (the authors' test.py keeps it on unless called with --eval)",)
        if differences
        else ()
    )


def is_used(name: str, norm: str) -> bool:
    """Tell whether a tensor is used: statistics of old instance norms are not, and blurs are fixed."""
    return not name.endswith(".filt") and not (norm != "batch" and name.endswith(STATISTICS))


def renamed(name: str, zero: bool) -> str:
    """Return a tensor's name here, where zero padding is a module of its own."""
    if found := BLOCK.fullmatch(name):
        block, place, rest = int(found[1]), int(found[2]), found[3]
        if zero:  # 0 convolution, 1 norm, 2 ReLU, optional dropout, then the second convolution and its norm
            place += 1 if place < 3 else 2
        return f"layers.{block}.layers.{place}.{rest}"
    return re.sub(r"^model\.", "layers.", name)


def separable(name: str) -> str:
    """Return a tensor's name here. Their blocks have a dropout (of 0), and no padding module for zero padding."""
    if found := SEPARABLE.fullmatch(name):
        return f"layers.{found[1]}.layers.{1 if int(found[2]) < 3 else 5}.{found[3]}.{found[4]}"
    if found := BLOCK.fullmatch(name):  # a norm after it
        return f"layers.{found[1]}.layers.{2 if int(found[2]) < 3 else 6}.{found[3]}"
    return re.sub(r"^model\.", "layers.", name)
