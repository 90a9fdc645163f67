"""Generators of known code bases that no network here rebuilds: each is refused with the reason."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from ganzoo import DetectedCheckpoint, Importer
from ganzoo.errors import WeightsError

# Name of a tensor -> what the file is, and why it is refused.
KNOWN = {
    r"convs\.\d+\.conv\.modulation\.weight": (
        "a generator of StyleGAN2, whose modulated convolutions no network here has"
    ),
    r"(UpBlock1_\d+\.norm1|UpBlock2\.\d+)\.rho": (
        "U-GAT-IT's generator, whose norms depend on attention; no network here has them"
    ),
    r"blocks\.\d+\.\d+\.bn1\.(gain|embed0)\.weight(_orig)?": (
        "a generator whose batch norms depend on the class (BigGAN, or PyTorch-StudioGAN with labels); no network here "
        "has them"
    ),
    r"shared_block\.conv_block\.1\.weight": (
        "one half of PyTorch-GAN's UNIT, which saves encoder and generator as two files; a translator needs both"
    ),
    r"(label_emb|label_embedding)\.weight": (
        "a generator of PyTorch-GAN that takes labels, whose number of image channels and size the file does not show"
    ),
    r"scaleLayers\.0\.0\.module\.weight": (
        "a progressive GAN of pytorch_GAN_zoo, whose weights are scaled while it runs; no network here does that"
    ),
    r"conv\.layer_0\.(0\.)?conv\.weight": (
        "MONAI's Generator, of which the file shows neither the strides nor the shape of its first features"
    ),
    r".*\.mlp_shared\.0\.weight": "a generator of SPADE, which takes maps of classes; no task here does",
}


class ElsewhereImporter(Importer):
    """Recognizes nothing, and raises the reason for what is known."""

    def recognize(self, tensors: Mapping[str, Tensor]) -> DetectedCheckpoint | None:
        """Return None, or raise WeightsError, which says what these tensors are."""
        for pattern, what in KNOWN.items():
            if any(re.fullmatch(pattern, name) for name in tensors):
                raise WeightsError(f"The file holds {what}. Use its own code.")
        return None
