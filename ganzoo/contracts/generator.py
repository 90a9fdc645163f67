"""What a generator must be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor


@runtime_checkable
class Generator(Protocol):
    """A torch module that makes images or clips; its entry's task (`ganzoo.contracts.tasks`) says of what.

    From latents: it has ``latent_dim`` and ``image_size``, and takes (N, latent_dim) drawn from N(0, 1). From images:
    it has ``in_channels`` and ``stride``, and takes images whose height and width are multiples of ``stride``; where
    its output is its input plus a change, it says so by ``global_skip = True``. ``out_channels`` is 1 or 3.
    After that it takes what its task has beside, by position: labels (N,) int64 below its ``classes``, masks
    (N, 1, H, W), or styles (N or 1, 3, h, w). One that makes clips has ``frames``, one for super-resolution ``scale``.
    """

    out_channels: int

    def __call__(self, inputs: Tensor, *conditioning: Tensor) -> Tensor:
        """Return images (N, out_channels, H, W), or clips (N, out_channels, frames, H, W), in [-1, 1]."""
        ...
