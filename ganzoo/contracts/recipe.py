"""What a recipe must be: a training algorithm that the training loop can run, save and resume."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.optim import Optimizer


class Parts(Protocol):
    """The parts of a recipe, chosen by its entry and by the user, not built yet."""

    def build(self, role: str, **suggestions: Any) -> Any:
        """Build the part for ``role``, one of the roles in the entry's ``parts``.

        Args:
            role: "generator", say.
            **suggestions: Options, each used if the part has an option of this name that the user has not set. Users
                swap parts, so suggest a fact under every name that networks use for it: ``channels=3, in_channels=3``.

        Returns:
            The network, loss or features. A network has ``architecture``, which says how to build it again.
        """
        ...


@dataclass(frozen=True)
class StepState:
    """Which step the loop is at, and which micro-batch of its batch; set before every call of `RecipeContract.step`.

    Attributes:
        step: Number of steps that are done.
        micro_batch: Index of this micro-batch, from 0.
        micro_batches: Number of micro-batches that the batch is split into; 1 without gradient accumulation.
        random: A torch.Generator on the CPU, seeded by the run's seed and the step, in the same state for every
            micro-batch and process. None: use torch's global one.
        steps: Number of steps of the whole run; 0 if it is unknown.
    """

    step: int = 0
    micro_batch: int = 0
    micro_batches: int = 1
    random: Any = None
    steps: int = 0


class RecipeContract(ABC):
    """A training algorithm: its networks, its optimizers, and one update.

    Subclass `ganzoo.Recipe`, which has the tools for `step`, or `ganzoo.LatentRecipe` or `ganzoo.UnpairedRecipe`, which
    also know a kind of data. The training loop calls what is here. It owns steps, devices, precision, checkpoints and
    logs, and knows nothing about GANs. `ganzoo.testing.check_recipe` checks a recipe against this contract.

    Set the attributes in ``__init__``, where everything is on the CPU; the loop moves networks and batches.

    Attributes:
        networks: Name to module, everything that is trained and saved. A module that starts from pretrained weights can
            have a method ``begin()``, which is called once when a new training starts: not on resume, and not for use.
        optimizers: Name to optimizer, over parameters of those networks, each parameter in one optimizer only.
        exports: Edition to the name of the generator that is published. "" is the main edition; any other edition is
            saved in a folder of its name. These generators come from `Parts.build`.
        discriminators: Edition to the name of the discriminator that scores this generator's images. It is saved next
            to the generator. Leave an edition out if it has none.
        validation_batch: How many held-out images `validate` gets at a time.
        step_state: Set by the loop.
        log: Shows the user a sentence, where `begin` takes long. Set by the loop.
        takes_masks: Whether `step` leaves out pixels that the batch marks as missing. Set it on the class that has
            `step`: data with missing pixels are refused for others.
    """

    networks: dict[str, nn.Module]
    optimizers: dict[str, Optimizer]
    exports: Mapping[str, str]
    discriminators: Mapping[str, str] = MappingProxyType({})
    validation_batch: int = 8
    step_state: StepState = StepState()
    log: Callable[[str], None] = staticmethod(lambda text: None)
    takes_masks: bool = False

    def begin(self, examples: Callable[[int], Mapping[str, Tensor]]) -> None:  # noqa: B027 - most recipes need none
        """Choose weights by the data, once, when a new training starts: not on resume.

        It comes after ``begin()`` of networks and before the weights of other models that the user names. All is on the
        CPU, and all processes must choose the same weights.

        Args:
            examples: Given a number, returns a batch of so many training examples as `step` gets them, in every process
                the same ones. Raises OptionError where there are fewer.
        """

    @abstractmethod
    def step(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor | float]:
        """Update the networks once, on a batch or micro-batch.

        Args:
            batch: What the entry's ``data`` says, images as float32 in [-1, 1]. "images": {"image": (N, C, H, W)};
                "labeled": also "label", (N,) int64; "paired": "input" and "target"; "unpaired": "a" and "b";
                "clips": {"clip": (N, C, T, H, W)}, also "label" if the config has ``classes``. Of data with missing
                pixels also "valid", or "valid_a" and "valid_b", (N, 1, H, W): 1 where a pixel is known, 0 where images
                hold 0 instead. Do not change it in place.

        Returns:
            Named losses. Scalar tensors are best: they are read only when they are logged. A Python number, as from
            ``.item()``, makes every step wait for the GPU.
        """

    @abstractmethod
    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        """Return images that show the progress of training, for a fixed batch.

        Args:
            networks: Under the names of ``networks``, in evaluation mode without gradients: averaged copies if the run
                keeps an average of the weights (EMA).
            batch: As for `step`, of a few images.

        Returns:
            (k * N, C, H, W) in [-1, 1], k images for each of the batch. For translation, each input is followed by its
            output, so that the sample sheet shows them side by side.
        """

    def validate(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Return named metrics on held-out images, lower is better; none by default.

        The best checkpoint is chosen by the first one, unless the user names another. They are averaged over batches.

        Args:
            networks: As for `sample`.
            batch: Up to ``validation_batch`` held-out images.
        """
        return {}

    def learning_rate(self, progress: float) -> float:
        """Return the factor on every optimizer's learning rate at ``progress`` in [0, 1] of the run; 1 by default."""
        return 1.0

    def state(self) -> dict[str, Any]:
        """Return what a resumed run needs besides networks and optimizers, an image pool say.

        Returns:
            Tensors, numbers, text, lists and dicts only: checkpoints hold no code. If several processes train together,
            it must be the same in each of them.
        """
        return {}

    def load_state(self, state: Mapping[str, Any]) -> None:  # noqa: B027 - most recipes have none
        """Restore what `state` returned."""
