"""What a step of a large batch would take, estimated from a few of its images before the batch takes any memory."""

from __future__ import annotations

import time
import weakref
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ganzoo.errors import TrainingError
from ganzoo.inference.devices import free_memory
from ganzoo.training import error_messages
from ganzoo.training.batches import Batches
from ganzoo.training.settings import Settings
from ganzoo.training.setup import RunSetup

if TYPE_CHECKING:
    from ganzoo.training.updater import Updater

IMAGES = 8  # of a micro-batch that the estimate is made from


@dataclass(frozen=True)
class StepEstimate:
    """What a step takes, at least.

    Args:
        shapes: name of a tensor -> its shape, of one micro-batch.
        seconds: of a step.
        memory: bytes that are kept for the backward pass.
    """

    shapes: dict[str, tuple[int, ...]]
    seconds: float
    memory: int


def estimate_step(setup: RunSetup, settings: Settings, updater: Updater) -> StepEstimate:
    """Do two steps of a small micro-batch, and return what one of the whole batch would take."""
    batches = Batches(setup.data.train, batch_size=IMAGES, seed=settings.seed, workers=settings.workers or None)
    micro_batch = settings.batch_size // settings.accumulate
    try:
        for step in (1, 2):  # the first one warms up and does not count
            began = time.monotonic()
            images, kept = batches.get(step - 1), KeptBytes(setup)
            with error_messages.of_memory(step, setup.machine.device), kept.counting():
                updater.update(step, images)
            if setup.machine.device.type == "cuda":
                torch.cuda.synchronize(setup.machine.device)
            seconds = time.monotonic() - began
    finally:
        batches.close()
    return StepEstimate(
        {name: (micro_batch, *tensor.shape[1:]) for name, tensor in images[0].items()},
        seconds * settings.batch_size / IMAGES,
        kept.peak * micro_batch // IMAGES,
    )


def check_memory(estimate: StepEstimate, settings: Settings, device: torch.device) -> None:
    """Raise TrainingError where a step needs more memory than the device has free."""
    free = free_memory(device)
    if not free or estimate.memory <= free:
        return
    micro_batch = settings.batch_size // settings.accumulate
    fitting = 2 ** (max(1, micro_batch * free // (2 * estimate.memory)).bit_length() - 1)
    raise TrainingError(
        f"A step on {micro_batch:,} images would take at least {estimate.memory / 2**30:,.1f} GiB, and {device} has "
        f"{free / 2**30:,.1f} GiB free. Set a smaller batch_size, such as {fitting}, or a larger --accumulate, which "
        "splits the batch into micro-batches."
    )


class KeptBytes:
    """Counts the bytes that autograd keeps for backward passes, each storage once, parameters and buffers left out.

    Attributes:
        peak: The most at one time.
    """

    def __init__(self, setup: RunSetup) -> None:
        networks = setup.recipe.networks.values()
        owned = [tensor for network in networks for tensor in (*network.parameters(), *network.buffers())]
        self.owned = {tensor.untyped_storage().data_ptr() for tensor in owned}
        self.users: Counter[int] = Counter()
        self.kept = self.peak = 0

    def counting(self) -> torch.autograd.graph.saved_tensors_hooks:
        """Count within this context."""
        return torch.autograd.graph.saved_tensors_hooks(self._pack, lambda holder: holder.tensor)

    def _pack(self, tensor: Tensor) -> _Holder:
        storage = tensor.untyped_storage()
        place, size = storage.data_ptr(), storage.nbytes()
        if place not in self.owned:
            self.users[place] += 1
            self.kept += size if self.users[place] == 1 else 0
            self.peak = max(self.peak, self.kept)
        holder = _Holder(tensor.detach())  # the tensor itself could hold its own graph for ever
        if place not in self.owned:
            weakref.finalize(holder, self._release, place, size)
        return holder

    def _release(self, place: int, size: int) -> None:
        self.users[place] -= 1
        self.kept -= size if self.users[place] == 0 else 0


class _Holder:
    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor
