"""The device, precision and memory format that a run computes with."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ganzoo.data.datasets import Dataset


@dataclass(frozen=True)
class Machine:
    """The device, precision and memory format that a run computes with.

    Args:
        device: where networks and batches are.
        precision: "fp32", "bf16" or "fp16".
        channels_last: whether images are stored channels last, else contiguous.
    """

    device: torch.device
    precision: str
    channels_last: bool = False

    @property
    def memory_format(self) -> torch.memory_format:
        return torch.channels_last if self.channels_last else torch.preserve_format

    def place(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the batch on the device, with images (N, C, H, W) in the machine's memory format."""
        return {
            name: tensor.to(
                self.device, memory_format=self.memory_format if tensor.dim() == 4 else torch.preserve_format
            )
            for name, tensor in batch.items()
        }

    def batch(self, dataset: Dataset, indices: list[int], random: torch.Generator) -> dict[str, Tensor]:
        """Return the dataset's batch on the device."""
        return self.place(dataset.batch(indices, random))

    def autocast(self) -> AbstractContextManager[Any]:
        """Run networks in the run's precision within the block."""
        half = torch.float16 if self.precision == "fp16" else torch.bfloat16
        return torch.autocast(self.device.type, half, enabled=self.precision != "fp32")
