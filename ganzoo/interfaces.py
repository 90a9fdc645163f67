"""The contracts: what a generator, a discriminator, a loss, a recipe, an extractor and feature maps are.

Generators and discriminators are ordinary ``torch.nn.Module`` objects; they need not import ganzoo. Images are
float32 (N, C, H, W) in [-1, 1], grey or RGB; discriminators return logits, no sigmoid.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import signature
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from ganzoo.processes import ALONE, Processes
from ganzoo.schedules import factor

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.optim import Optimizer


@runtime_checkable
class Generator(Protocol):
    """A torch module that makes images or clips; its entry's task (`ganzoo.tasks`) says of what.

    From latents: it has ``latent_dim`` and ``image_size``, and takes (N, latent_dim) drawn from N(0, 1). From images:
    it has ``in_channels`` and ``stride``, and takes images whose height and width are multiples of ``stride``; where
    its output is its input plus a change, it says so by ``global_skip = True``. ``out_channels`` is 1 or 3.
    After that it takes what its task has beside, by position: labels (N,) int64 below its ``classes``, masks
    (N, 1, H, W), or styles (N or 1, 3, h, w). One that makes clips has ``frames``, one for super-resolution ``scale``.
    """

    out_channels: int

    def __call__(self, inputs: Tensor, *beside: Tensor) -> Tensor:
        """Return images (N, out_channels, H, W), or clips (N, out_channels, frames, H, W), in [-1, 1]."""
        ...


@runtime_checkable
class Discriminator(Protocol):
    """A torch module that scores images, or patches of them: high for real.

    It has ``image_size`` as well where it takes images of one size only, and ``frames`` where it takes clips
    (N, C, frames, H, W). One that is told the class takes labels (N,) int64 after the images and says so by
    ``conditional = True`` and ``classes``. One that tells the class itself has ``classes`` and
    ``classified(images) -> (logits, class_logits (N, classes))``, of one pass.
    """

    in_channels: int

    def __call__(self, images: Tensor, *labels: Tensor) -> Tensor | list[Tensor]:
        """Return logits for images (N, in_channels, H, W): any shape that starts with N, or a list, one a scale."""
        ...


def regularize(loss: Any, discriminator: Any, real: Tensor, fake: Tensor, uniform: Any = None) -> Tensor | float:
    """Return what a `Loss`'s regulariser says, which is given ``uniform`` where it takes it; 0 where there is none."""
    own = getattr(loss, "regularizer", None)
    if own is None:
        return 0.0
    draws = {"uniform": uniform} if uniform and "uniform" in signature(own).parameters else {}
    value: Tensor | float = own(discriminator, real, fake, **draws)
    return value


@runtime_checkable
class Loss(Protocol):
    """An adversarial loss: both halves, as functions of float32 logits, each a scalar to minimise.

    It may also have ``regularizer(discriminator, real_images, fake_images) -> Tensor``, added to the
    discriminator's half (a gradient penalty, say). One that draws random numbers takes ``uniform`` as well, and draws
    with ``uniform(count, *shape, device=...)``: the same numbers however a batch is shared out among processes.
    """

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return what the discriminator minimises."""
        ...

    def generator(self, fake_logits: Tensor) -> Tensor:
        """Return what the generator minimises."""
        ...


@runtime_checkable
class Extractor(Protocol):
    """A torch module that makes features of pictures, for distances between sets of them.

    label           measures are named after it: its Frechet distance is fd-<label>; other weights have another label
    weights_sha256  64 hex digits that tell its weights from others
    resizing        how it brings pictures to its size, in words: "bilinear to 299x299 as TensorFlow 1 does"
    feature_dim     D
    classes         names of the classes that it tells apart, () where they are not known

    It is built with its weights, in eval mode, and computes in the dtype of its parameters: ``.to(torch.bfloat16)``
    makes another extractor of it. Where it is a classifier it has ``logits(features)``, (N, D) -> (N, K), too: its
    last linear layer, in the dtype of its parameters. It may have ``evidence(images)`` as well, images in [-1, 1] to
    (N, K, h, w): the logits of each place.
    """

    label: str
    weights_sha256: str
    resizing: str
    feature_dim: int
    classes: tuple[str, ...]

    def __call__(self, images: Tensor) -> Tensor:
        """Return float32 features (N, D) of uint8 pictures (N, C, H, W), C = 1 or 3, of any size.

        Each picture's are its own, whatever others are beside it. Raises GanzooError for anything but uint8.
        """
        ...


@runtime_checkable
class Features(Protocol):
    """A torch module that makes maps of features, for perceptual and style losses, and for encoders.

    It is built with its weights, frozen and in evaluation mode. A recipe that has it as a part keeps it out of its
    ``networks``, for it is not trained, and moves it to where the pictures are by ``.to(images.device)``.

    label, weights_sha256   tell its weights from others
    channels     of each map
    reductions   pixels of the images that a step in each map is
    """

    label: str
    weights_sha256: str
    channels: tuple[int, ...]
    reductions: tuple[int, ...]

    def __call__(self, images: Tensor) -> list[Tensor]:
        """Return maps (N, C_k, H_k, W_k), shallow to deep, of images (N, 1 or 3, H, W) in [-1, 1]; differentiable."""
        ...


class Parts(Protocol):
    """The parts of a recipe, chosen by its entry and the user, still to be built."""

    def build(self, role: str, **suggestions: Any) -> Any:
        """Build the part for ``role``.

        A suggestion is used where the part has such an option and the user has not set it. Suggest a fact under
        every name that networks have for it (``channels``, ``in_channels``): a user may choose any of them.
        """
        ...


@dataclass(frozen=True)
class Turn:
    """Which step is being done, and which share of its batch is at hand; the loop says so before every share.

    step    how many steps were done before
    part    the batch is worked through in ``parts`` parts, and this is the one at hand, counted from 0
    random  torch's CPU generator, a function of the run's seed and the step, the same for every share of the batch;
            None: torch's global one
    """

    step: int = 0
    part: int = 0
    parts: int = 1
    random: Any = None


class Recipe(ABC):
    """One training algorithm: its networks, its optimisers, and one update, visible on one page.

    A subclass sets in ``__init__``:
        networks    name -> module, everything that is trained; one that begins with weights from elsewhere has
                    ``begin()``, which is called as a new training begins, and neither when it goes on nor for use
        optimizers  name -> optimiser over parameters of those networks
        exports     edition -> name of the generator that is published; "" is the main one, others get a folder
        judges      edition -> name of the discriminator of what that generator makes, saved beside it, if there is one
        config      the recipe's own, where it uses `adam`, `augment` or `penalty`
    The training loop owns steps, devices, precision, checkpoints and logs, and knows nothing about GANs. It sets:
        turn        which step is done, with which share of its batch
        processes   those that train together, this one alone by default
        scalers     optimiser -> torch's GradScaler, in half precision
    """

    validation_batch = 8  # held-out pictures that `validate` is given at a time

    networks: dict[str, nn.Module]
    optimizers: dict[str, Optimizer]
    exports: Mapping[str, str]
    judges: Mapping[str, str] = MappingProxyType({})
    config: Any = None
    turn: Turn = Turn()
    processes: Processes = ALONE
    scalers: Mapping[str, Any] = MappingProxyType({})

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
        """Return named measures, lower is better, on pictures that training never saw; none by default.

        The first is what the best checkpoint is chosen by, unless the user names another.
        """
        return {}

    def learning_rate(self, progress: float) -> float:
        """Return the factor on every learning rate at ``progress`` in [0, 1], by default what the config says."""
        schedule = getattr(self.config, "schedule", "constant")
        return factor(schedule, progress, getattr(self.config, "decay_from", 0.5), getattr(self.config, "warmup", 0.0))

    def state(self) -> dict[str, Any]:
        """Return what a resumed run needs beside networks and optimisers: tensors, numbers, text, lists, dicts.

        Where several processes train, it must be the same in each.
        """
        return {}

    def load_state(self, state: Mapping[str, Any]) -> None:  # noqa: B027 - most recipes have none
        """Take back what `state` returned."""

    def update(self, optimizer: str, loss: Tensor) -> None:
        """Take one step of ``optimizer`` down the gradient of ``loss`` (a scalar): the mean over all its processes.

        Of a batch in parts, each adds its gradient, and the last takes the step. The gradient's norm is limited to
        the config's ``clip_norm`` (arXiv:1211.5063).
        """
        import torch

        chosen, scaler = self.optimizers[optimizer], self.scalers.get(optimizer)
        parameters = [p for group in chosen.param_groups for p in group["params"] if p.requires_grad]
        if self.turn.part == 0:
            chosen.zero_grad(set_to_none=True)
        if self.turn.parts > 1:
            loss = loss / self.turn.parts
        with torch.autocast(loss.device.type, enabled=False):
            # Into these parameters only: the other networks' gradients are theirs to take.
            torch.autograd.backward(scaler.scale(loss) if scaler else loss, inputs=parameters)
        if self.turn.part < self.turn.parts - 1:
            return
        self.processes.average(p.grad for p in parameters if p.grad is not None)
        if scaler:
            scaler.unscale_(chosen)
        if limit := getattr(self.config, "clip_norm", 0.0):
            torch.nn.utils.clip_grad_norm_(parameters, limit)
        if scaler:
            scaler.step(chosen)
            scaler.update()
        else:
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

    def adam(self, *networks: nn.Module, judge: bool = False) -> Optimizer:
        """Return Adam over these networks with the config's ``learning_rate``, ``beta1`` and ``beta2``.

        ``judge``: with its ``discriminator_learning_rate`` where that is not 0 (two time scales, arXiv:1706.08500).
        """
        import torch

        rate = self.config.learning_rate
        if judge:
            rate = getattr(self.config, "discriminator_learning_rate", 0.0) or rate
        parameters = [parameter for network in networks for parameter in network.parameters()]
        return torch.optim.Adam(parameters, rate, (self.config.beta1, self.config.beta2), fused=True)

    def generator_turn(self) -> bool:
        """Tell whether the generator learns in this step: in each ``discriminator_steps``-th of the config."""
        every: int = getattr(self.config, "discriminator_steps", 1)
        return (self.turn.step + 1) % every == 0

    def augment(self, images: Tensor) -> Tensor:
        """Return what a discriminator is shown of ``images``: changed by the config's ``augment``, differentiably.

        Call it on real and on made images alike (DiffAugment, arXiv:2006.10738). All frames of a clip (N, C, T, H, W)
        are changed alike.
        """
        policy = getattr(self.config, "augment", "")
        if not policy:
            return images
        from ganzoo.augmentation import diff_augment

        frames = images.shape[2] if images.dim() == 5 else 1

        def uniform(count: int, *shape: int) -> Tensor:
            drawn = self.uniform(count // frames, *shape, device=images.device)
            return drawn if frames == 1 else drawn.repeat_interleave(frames, 0)

        if images.dim() == 4:
            return diff_augment(images, policy, uniform)
        pictures = images.transpose(1, 2)  # (N, T, C, H, W)
        changed = diff_augment(pictures.flatten(0, 1), policy, uniform)
        return changed.view(pictures.shape).transpose(1, 2)

    def penalty(self, discriminator: Any, real: Tensor, fake: Tensor) -> Tensor | float:
        """Return what the discriminator minimises beside its loss, given what it was shown: 0 without penalties.

        The loss's own regulariser, and the config's ``r1`` / 2 * R1 (arXiv:1801.04406) in every ``r1_every``-th step,
        so many times as strong there (arXiv:1912.04958, section 3.1).
        """
        own = regularize(getattr(self, "loss", None), discriminator, real, fake, self.uniform)
        weight, every = getattr(self.config, "r1", 0.0), getattr(self.config, "r1_every", 1)
        if not weight or self.turn.step % every:
            return own
        from ganzoo.penalties import r1

        return own + weight / 2 * every * r1(discriminator, real)

    def together(self, network: nn.Module, *images: Tensor, beside: Sequence[Tensor] = ()) -> list[Any]:
        """Return ``network``'s output for each of ``images``, which are run as one batch where that is the same.

        It is, unless batch norm mixes the pictures of a batch, or a module that says so by ``mixes_pictures = True``;
        one large batch is faster than several small ones.
        ``beside``: what the network takes after images, labels say; each of ``images`` has the same.
        """
        from torch.nn.modules.batchnorm import _BatchNorm

        same = len({each.shape[1:] for each in images}) == 1
        mixes = (isinstance(each, _BatchNorm) or getattr(each, "mixes_pictures", False) for each in network.modules())
        if len(images) < 2 or not same or any(mixes):
            return [network(each, *beside) for each in images]
        import torch

        sizes = [len(each) for each in images]
        joined = torch.cat([each.to(images[0].dtype) for each in images])
        out = network(joined, *(torch.cat([each] * len(images)) for each in beside))
        if isinstance(out, (list, tuple)):  # several scales
            return [list(scales) for scales in zip(*(scale.split(sizes) for scale in out), strict=True)]
        return list(out.split(sizes))

    def normal(self, count: int, *shape: int, device: Any) -> Tensor:
        """Draw (count, *shape) from N(0, 1) for the images at hand."""
        import torch

        return self._drawn(torch.randn, count, shape, device)

    def uniform(self, count: int, *shape: int, device: Any) -> Tensor:
        """Draw (count, *shape) from [0, 1) for the images at hand."""
        import torch

        return self._drawn(torch.rand, count, shape, device)

    def _drawn(self, draw: Any, count: int, shape: tuple[int, ...], device: Any) -> Tensor:
        """Draw for the step's whole batch and return this share's rows: however it is shared out, the same numbers."""
        turn, processes = self.turn, self.processes
        if turn.random is None:
            drawn: Tensor = draw(count, *shape, device=device)
            return drawn
        whole = draw(count * turn.parts * processes.count, *shape, generator=turn.random)
        first = (turn.part * processes.count + processes.rank) * count
        share: Tensor = whole[first : first + count]
        return share.to(device)
