"""What a regularizer of discriminators must be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor


@runtime_checkable
class Regularizer(Protocol):
    """Something that a discriminator minimizes in addition to its loss, such as a penalty on its gradient.

    It is built without weights of its own. The options of its entry extend `ganzoo.RegularizerConfig`, whose ``weight``
    and ``every`` core applies: it returns the bare value. It can name more parameters and then gets them:

    - ``uniform``: draws random numbers, ``uniform(count, *shape, device=...)`` in [0, 1), the same however a batch is
      split among micro-batches and processes.
    - ``name``: of the discriminator, for a recipe with several.
    - ``average``: replaces the tensors of a list by their means over all processes.
    - ``scales``: "sum" or "mean", how losses of a discriminator with several scales are combined.

    One with a state that a resumed run needs has ``state() -> dict`` of plain values and ``load_state(state)``.
    """

    def __call__(self, discriminator: Any, real_images: Tensor, fake_images: Tensor) -> Tensor:
        """Compute the value, with a graph to the discriminator's parameters.

        Args:
            discriminator: Maps images to logits, or to a list of them, one a scale.
            real_images: The real images that it scored in this step, (N, C, H, W) or (N, C, T, H, W).
            fake_images: The generated ones, the same shape, without gradient.

        Returns:
            A scalar, float32 at least.
        """
        ...
