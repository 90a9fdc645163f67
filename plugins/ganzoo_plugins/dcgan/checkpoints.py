"""Importer of checkpoints of PyTorch's DCGAN example and tutorial: generator and discriminator."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from ganzoo import DetectedCheckpoint, Importer

SOURCE = "PyTorch's DCGAN example"
NAME = re.compile(r"main\.(\d+)\.(.+)")


class DcganImporter(Importer):
    """Detects image size (4 times a power of two), width, channels and latent_dim; batch norm, no biases."""

    def recognize(self, tensors: Mapping[str, Tensor]) -> DetectedCheckpoint | None:
        """Return the generator or discriminator that these tensors are; None for any others."""
        if tensors and all(name[:1].isdigit() for name in tensors):  # the layers, saved without the module around them
            tensors = {f"main.{name}": tensor for name, tensor in tensors.items()}
        found = {name: NAME.fullmatch(name) for name in tensors}
        if not tensors or not all(found.values()) or "main.0.bias" in tensors:
            return None
        weights = [one for name, one in tensors.items() if name.endswith(".weight") and one.dim() == 4]
        if len(weights) < 3 or any(one.shape[2:] != (4, 4) for one in weights):
            return None
        renamed = {f"layers.{found[name][1]}.{found[name][2]}": one for name, one in tensors.items()}  # type: ignore[index]
        size = 4 * 2 ** (len(weights) - 1)
        shared = {"image_size": size, "norm": "batch"}
        if "main.1.weight" in tensors:  # batch norm after the first layer: the generator
            options = {"channels": weights[-1].shape[1], "latent_dim": len(weights[0]), "width": weights[-1].shape[0]}
            return DetectedCheckpoint(SOURCE, "generator:dcgan", {**shared, **options}, renamed, size)
        options = {"channels": weights[0].shape[1], "width": len(weights[0])}
        return DetectedCheckpoint(SOURCE, "discriminator:dcgan", {**shared, **options}, renamed, size)
