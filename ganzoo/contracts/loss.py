"""What an adversarial loss must be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor


@runtime_checkable
class Loss(Protocol):
    """An adversarial loss, both the discriminator's and the generator's.

    Logits are float32 of any shape that starts with N, the same for real and fake ones, so that both halves may compare
    pairs. Multi-scale logits are no concern of a loss: it is called for each scale, and the results are averaged, or
    summed if options that extend `ganzoo.LossConfig` have ``scales="sum"``.

    A generator's half that compares generated images with real ones is ``generator(fake_logits, real_logits)``. A
    recipe that has no real logits there refuses such a loss by name.

    It can have a gradient penalty or the like, which is added to the discriminator's loss:
    ``regularizer(discriminator, real_images, fake_images) -> Tensor``, a scalar. If that draws random numbers, it takes
    ``uniform`` as well and draws with ``uniform(count, *shape, device=...)``, in [0, 1). These numbers are the same
    however a batch is split among micro-batches and processes.

    A loss that takes each image for real or generated can have ``decision_boundary``, the logit between both, which
    adaptive augmentation needs.
    """

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return the scalar that the discriminator minimizes.

        Args:
            real_logits: float32 (N, ...), the discriminator's output for real images, without sigmoid.
            fake_logits: The same for generated images, of the same shape.
        """
        ...

    def generator(self, fake_logits: Tensor) -> Tensor:
        """Return the scalar that the generator minimizes; it may take ``real_logits`` as well.

        Args:
            fake_logits: float32 (N, ...), the discriminator's output for generated images, without sigmoid.
        """
        ...
