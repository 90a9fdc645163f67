"""The memory that any generator takes for an image, without running it.

Its forward runs on tensors without numbers, which know their sizes alone, and the bytes of those that are alive at once
are added up. `strips` knows the memory of the networks that it can cut, this that of all others.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

OVERHEAD = 1.5  # measured: layers' own buffers and the allocator's gaps add 0.1 to 0.6 of what the tensors take
SIDE = 128  # pixels of an image that is really run, where a forward looks at numbers


def peak_memory(generator: nn.Module, channels: int, height: int, width: int, mask: bool = False) -> int:
    """Estimate the bytes that a whole image takes beyond the loaded model.

    A forward that looks at its tensors' numbers runs on a small image instead, and its memory is taken to grow with
    the number of pixels.

    Args:
        generator: The network.
        channels: Of the image.
        height: Of the image, in pixels; a multiple of the generator's stride.
        width: Of the image, in pixels.
        mask: Whether the generator takes a mask after the image.

    Returns:
        Bytes; 0 where the generator takes no such image.
    """
    weights = [*generator.parameters(), *generator.buffers()]
    try:
        network = deepcopy(generator, {id(one): one for one in weights})  # a forward may keep what it computes
        with FakeTensorMode(allow_non_fake_inputs=True) as mode:
            return _measure(network, [mode.from_tensor(one) for one in weights], channels, height, width, mask)
    except Exception:  # a forward raises whatever it likes where there are no numbers
        pass
    stride = int(getattr(generator, "stride", 1))
    side = -(-max(SIDE, int(getattr(generator, "least", 0))) // stride) * stride
    try:
        return _measure(generator, weights, channels, side, side, mask) * height * width // side**2
    except Exception:  # nor does it take a small image
        return 0


def _measure(
    generator: nn.Module, weights: Sequence[Tensor], channels: int, height: int, width: int, mask: bool
) -> int:
    like = next((one for one in generator.parameters() if one.is_floating_point()), torch.zeros(()))
    with torch.inference_mode(False), torch.no_grad():
        sizes = [(1, planes, height, width) for planes in (channels, *([1] if mask else []))]
        inputs = [torch.zeros(size, dtype=like.dtype, device=like.device) for size in sizes]
        with _Alive([*weights, *inputs]) as alive:
            generator(*inputs)
    return int(alive.peak * OVERHEAD)


class _Alive(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up the bytes of the tensors that are made and still alive.

    Attributes:
        peak: Most bytes at once.
    """

    def __init__(self, given: Sequence[Tensor]) -> None:
        """``given``: tensors that do not count, nor do views of them."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak, self._now = 0, 0
        self._sizes = {one.untyped_storage()._cdata: 0 for one in given}  # of each storage

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        output = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(output):
            if isinstance(tensor, Tensor):
                self._add(tensor.untyped_storage())
        self.peak = max(self.peak, self._now)
        return output

    def _add(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key not in self._sizes:
            self._sizes[key] = storage.nbytes()
            self._now += self._sizes[key]
            weakref.finalize(storage, self._drop, key)

    def _drop(self, key: int) -> None:
        self._now -= self._sizes.pop(key)
