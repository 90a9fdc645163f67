"""What an adversarial loss must be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor


@runtime_checkable
class Loss(Protocol):
    """An adversarial loss: both halves, as functions of float32 logits, each a scalar to minimize.

    It may also have ``regularizer(discriminator, real_images, fake_images) -> Tensor``, added to the
    discriminator's half (a gradient penalty, say). One that draws random numbers takes ``uniform`` as well, and draws
    with ``uniform(count, *shape, device=...)``: the same numbers however a batch is shared out among processes.
    """

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return what the discriminator minimizes."""
        ...

    def generator(self, fake_logits: Tensor) -> Tensor:
        """Return what the generator minimizes."""
        ...
