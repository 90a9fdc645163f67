"""Importers of the U-Nets and PatchGANs of the reference PyTorch CycleGAN and pix2pix."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from ganzoo import DetectedCheckpoint, Importer

from .networks import STRIDED_LAYERS

SOURCE = "pytorch-CycleGAN-and-pix2pix"
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
MIN_DEPTH = 5  # levels of a U-Net, for 32 pixels


def detect_norm(tensors: Mapping[str, Tensor], affine: str, biased: str) -> str:
    """Detect the norm: batch norm has weights, ``affine``; only before instance norm convolutions have a bias."""
    if affine in tensors:
        return "batch"
    return "instance" if biased in tensors else "none"


def without_statistics(tensors: Mapping[str, Tensor], norm: str) -> dict[str, Tensor]:
    """Omit the statistics that old instance norms stored but never used."""
    return {name: one for name, one in tensors.items() if norm == "batch" or not name.endswith(STATISTICS)}


class UNetImporter(Importer):
    """Detects depth, width, norm and channels of a U-Net; dropout has no tensors."""

    def recognize(self, tensors: Mapping[str, Tensor]) -> DetectedCheckpoint | None:
        """Return the U-Net that these tensors are, by its nested levels; None for any others."""
        first, last = tensors.get("model.model.0.weight"), tensors.get("model.model.3.weight")
        if first is None or last is None or "model.model.1.model.1.weight" not in tensors:
            return None
        depth = 1 + max(name.count("model.3.") for name in tensors if name.endswith("model.1.weight")) + 1
        if depth < MIN_DEPTH:
            return None
        norm = detect_norm(tensors, "model.model.1.model.2.weight", "model.model.1.model.1.bias")
        open_norm = {"norm": ("none", "instance")} if norm == "none" else {}
        return DetectedCheckpoint(
            source=SOURCE,
            entry="generator:unet",
            options={
                "in_channels": first.shape[1],
                "out_channels": last.shape[1],
                "width": len(first),
                "image_size": 2**depth,
                **({} if open_norm else {"norm": norm}),
            },
            tensors={
                re.sub(r"\bmodel\b", "layers", name.removeprefix("model.")): one
                for name, one in without_statistics(tensors, norm).items()
            },
            image_size=2**depth,
            undetermined={"dropout": (True, False), **open_norm},
            notes=(
                f"dropout is off{' and batch norm uses its averages' if norm == 'batch' else ''} "
                "(the authors' test.py keeps it on unless called with --eval)",
            ),
            unbiased=norm == "none",
        )


class PatchImporter(Importer):
    """Detects receptive field, width, norm, input channels and CUT's blurs of a PatchGAN."""

    def recognize(self, tensors: Mapping[str, Tensor]) -> DetectedCheckpoint | None:
        """Return the PatchGAN that these tensors are, by its chain of convolutions; None for any others."""
        root = next((root for root in ("model", "net") if f"{root}.0.weight" in tensors), "")
        convolutions = sorted(
            int(name.split(".")[1])
            for name, one in tensors.items()
            if re.fullmatch(rf"{root}\.\d+\.weight", name) and one.dim() == 4
        )
        antialias = f"{root}.2.filt" in tensors
        second = 3 if antialias else 2
        if not root or len(convolutions) < 3 or convolutions[:2] != [0, second]:
            return None
        first, last = tensors[f"{root}.0.weight"], tensors[f"{root}.{convolutions[-1]}.weight"]
        strided = 0 if first.shape[-1] == 1 else len(convolutions) - 2
        fields = {layers: pixels for pixels, layers in STRIDED_LAYERS.items()}
        if len(last) != 1 or strided not in fields or first.shape[-1] not in (1, 4):
            return None
        norm = detect_norm(tensors, f"{root}.{second + 1}.weight", f"{root}.{second}.bias")
        return DetectedCheckpoint(
            source="contrastive-unpaired-translation (CUT)" if antialias else SOURCE,
            entry="discriminator:patchgan",
            options={
                "in_channels": first.shape[1],
                "width": len(first),
                "receptive_field": fields[strided],
                "norm": norm,
                "antialias": antialias,
            },
            tensors={
                name.replace(f"{root}.", "layers.", 1): one
                for name, one in without_statistics(tensors, norm).items()
                if not name.endswith(".filt")
            },
            unbiased=norm != "instance",  # also true for the last layer of the one for single pixels, with batch norm
        )
