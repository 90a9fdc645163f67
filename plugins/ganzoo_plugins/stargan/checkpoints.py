"""Importer of checkpoints of the authors' StarGAN."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from ganzoo import DetectedCheckpoint, Importer

NAME = re.compile(r"main\.(\d+)\.(?:main\.(\d+)\.)?(weight|bias)")
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


class StarGanImporter(Importer):
    """Detects channels, domains, width and blocks; drops the statistics of instance norms, which its tests ignore."""

    def recognize(self, tensors: Mapping[str, Tensor]) -> DetectedCheckpoint | None:
        """Return the generator that these tensors are, by the names and shapes of its layers; None for any others."""
        named = {name: tensor for name, tensor in tensors.items() if not name.endswith(STATISTICS)}
        found = {name: NAME.fullmatch(name) for name in named}
        first, halved = named.get("main.0.weight"), named.get("main.3.weight")
        if not all(found.values()) or first is None or halved is None or "main.1.bias" not in named:
            return None
        if first.shape[2:] != (7, 7) or halved.shape[2:] != (4, 4):
            return None
        blocks = {int(each[1]) for each in found.values() if each and each[2]}
        last = named.get(f"main.{9 + len(blocks) + 6}.weight")
        if last is None or first.shape[1] - len(last) < 2:
            return None
        renamed = {name: re.sub(r"\bmain\b", "layers", name) for name in named}
        return DetectedCheckpoint(
            source="the authors' StarGAN",
            entry="generator:stargan",
            options={
                "channels": len(last),
                "classes": first.shape[1] - len(last),
                "width": len(first),
                "blocks": len(blocks),
            },
            tensors={renamed[name]: tensor for name, tensor in named.items()},
            image_size=128,
            notes=("norms use the image's own statistics, and one domain is asked for at a time",),
        )
