"""The contracts: what a generator, a discriminator, a loss and a recipe are.

Generators and discriminators are ordinary ``torch.nn.Module`` objects; they need not import ganzoo. Images are
float32 (N, C, H, W) in [-1, 1], grey or RGB; discriminators return logits, no sigmoid.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.optim import Optimizer


@runtime_checkable
class Generator(Protocol):
    """A torch module that makes images.

    For the task "unconditional-image-generation" it has ``latent_dim`` and ``image_size``, and takes latents
    (N, latent_dim) drawn from N(0, 1). For "image-to-image" it has ``in_channels`` and ``stride``, and takes images
    whose height and width are multiples of ``stride``; where its output is its input plus a change, it says so by
    ``global_skip = True``. ``out_channels`` is 1 or 3.
    """

    out_channels: int

    def __call__(self, inputs: Tensor) -> Tensor:
        """Return images (N, out_channels, H, W) in [-1, 1]."""
        ...


@runtime_checkable
class Discriminator(Protocol):
    """A torch module that scores images, or patches of them: high for real.

    It has ``image_size`` as well where it takes images of one size only.
    """

    in_channels: int

    def __call__(self, images: Tensor) -> Tensor | list[Tensor]:
        """Return logits for images (N, in_channels, H, W): any shape that starts with N, or a list, one a scale."""
        ...


@runtime_checkable
class Loss(Protocol):
    """An adversarial loss: both halves, as functions of float32 logits, each a scalar to minimise.

    It may also have ``regularizer(discriminator, real_images, fake_images) -> Tensor``, added to the
    discriminator's half (a gradient penalty, say).
    """

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return what the discriminator minimises."""
        ...

    def generator(self, fake_logits: Tensor) -> Tensor:
        """Return what the generator minimises."""
        ...


class Parts(Protocol):
    """The parts of a recipe, chosen by its entry and the user, still to be built."""

    def build(self, role: str, **suggestions: Any) -> Any:
        """Build the part for ``role``.

        A suggestion is used where the part has such an option and the user has not set it. Suggest a fact under
        every name that networks have for it (``channels``, ``in_channels``): a user may choose any of them.
        """
        ...


class Recipe(ABC):
    """One training algorithm: its networks, its optimisers, and one update, visible on one page.

    A subclass sets in ``__init__``:
        networks    name -> module, everything that is trained
        optimizers  name -> optimiser over parameters of those networks
        exports     edition -> name of the generator that is published; "" is the main one, others get a folder
    The training loop owns steps, devices, precision, checkpoints and logs, and knows nothing about GANs.
    """

    networks: dict[str, nn.Module]
    optimizers: dict[str, Optimizer]
    exports: Mapping[str, str]

    @abstractmethod
    def step(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor | float]:
        """Do one update on ``batch`` and return its named losses: scalar tensors, or numbers.

        A tensor is read when it is logged; a number, as from ``.item()``, makes every step wait for the GPU.
        """

    @abstractmethod
    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        """Return images (N, C, H, W) that show progress, for a fixed ``batch``.

        ``networks`` are averaged copies where there is an average (EMA), in inference mode. For translation,
        interleave input and output: the sheet has them side by side.
        """

    def validate(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Return named measures on pictures that training never saw; none by default."""
        return {}

    def learning_rate(self, progress: float) -> float:
        """Return the factor on every learning rate at ``progress`` in [0, 1]; constant by default."""
        return 1.0

    def state(self) -> dict[str, Any]:
        """Return what a resumed run needs beside networks and optimisers: tensors, numbers, text, lists, dicts."""
        return {}

    def load_state(self, state: Mapping[str, Any]) -> None:  # noqa: B027 - most recipes have none
        """Take back what `state` returned."""

    def update(self, optimizer: str, loss: Tensor) -> None:
        """Take one step of ``optimizer`` down the gradient of ``loss`` (a scalar)."""
        import torch

        chosen = self.optimizers[optimizer]
        chosen.zero_grad(set_to_none=True)
        with torch.autocast(loss.device.type, enabled=False):
            loss.backward()  # type: ignore[no-untyped-call]
        chosen.step()

    @contextmanager
    def frozen(self, *networks: str) -> Iterator[None]:
        """Within the block, these networks' parameters get no gradient, which saves computing it."""
        parameters = [p for name in networks for p in self.networks[name].parameters() if p.requires_grad]
        for parameter in parameters:
            parameter.requires_grad_(False)
        try:
            yield
        finally:
            for parameter in parameters:
                parameter.requires_grad_(True)
