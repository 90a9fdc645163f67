"""The contracts: what a generator, a discriminator, a loss, a recipe, an extractor and feature maps are.

Generators and discriminators are ordinary ``torch.nn.Module`` objects; they need not import ganzoo. Images are
float32 (N, C, H, W) in [-1, 1], gray or RGB; discriminators return logits, no sigmoid.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ganzoo.contracts.recipe import Parts as Parts
from ganzoo.contracts.recipe import StepState
from ganzoo.losses.regularizer import regularize
from ganzoo.recipes.distributed import ALONE, Processes
from ganzoo.recipes.learning_rate import factor

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.optim import Optimizer


class Recipe(ABC):
    """One training algorithm: its networks, its optimizers, and one update, visible on one page.

    A subclass sets in ``__init__``:
        networks    name -> module, everything that is trained; one that begins with weights from elsewhere has
                    ``begin()``, which is called as a new training begins, and neither when it goes on nor for use
        optimizers  name -> optimizer over parameters of those networks
        exports     edition -> name of the generator that is published; "" is the main one, others get a folder
        judges      edition -> name of the discriminator of what that generator makes, saved beside it, if there is one
        config      the recipe's own, where it uses `adam`, `augment` or `penalty`
    The training loop owns steps, devices, precision, checkpoints and logs, and knows nothing about GANs. It sets:
        turn        which step is done, with which share of its batch
        processes   those that train together, this one alone by default
        scalers     optimizer -> torch's GradScaler, in half precision
    """

    validation_batch = 8  # held-out pictures that `validate` is given at a time

    networks: dict[str, nn.Module]
    optimizers: dict[str, Optimizer]
    exports: Mapping[str, str]
    discriminators: Mapping[str, str] = MappingProxyType({})
    config: Any = None
    step_state: StepState = StepState()
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
        """Return what a resumed run needs beside networks and optimizers: tensors, numbers, text, lists, dicts.

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
        if self.step_state.micro_batch == 0:
            chosen.zero_grad(set_to_none=True)
        if self.step_state.micro_batches > 1:
            loss = loss / self.step_state.micro_batches
        with torch.autocast(loss.device.type, enabled=False):
            # Into these parameters only: the other networks' gradients are theirs to take.
            torch.autograd.backward(scaler.scale(loss) if scaler else loss, inputs=parameters)
        if self.step_state.micro_batch < self.step_state.micro_batches - 1:
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

    def adam(self, *networks: nn.Module, discriminator: bool = False) -> Optimizer:
        """Return Adam over these networks with the config's ``learning_rate``, ``beta1`` and ``beta2``.

        ``judge``: with its ``discriminator_learning_rate`` where that is not 0 (two time scales, arXiv:1706.08500).
        """
        import torch

        rate = self.config.learning_rate
        if discriminator:
            rate = getattr(self.config, "discriminator_learning_rate", 0.0) or rate
        parameters = [parameter for network in networks for parameter in network.parameters()]
        return torch.optim.Adam(parameters, rate, (self.config.beta1, self.config.beta2), fused=True)

    def is_generator_step(self) -> bool:
        """Tell whether the generator learns in this step: in each ``discriminator_steps``-th of the config."""
        every: int = getattr(self.config, "discriminator_steps", 1)
        return (self.step_state.step + 1) % every == 0

    def augment(self, images: Tensor) -> Tensor:
        """Return what a discriminator is shown of ``images``: changed by the config's ``augment``, differentiably.

        Call it on real and on made images alike (DiffAugment, arXiv:2006.10738). All frames of a clip (N, C, T, H, W)
        are changed alike.
        """
        policy = getattr(self.config, "augment", "")
        if not policy:
            return images
        from ganzoo.layers.diffaugment import diff_augment

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
        """Return what the discriminator minimizes beside its loss, given what it was shown: 0 without penalties.

        The loss's own regularizer, and the config's ``r1`` / 2 * R1 (arXiv:1801.04406) in every ``r1_every``-th step,
        so many times as strong there (arXiv:1912.04958, section 3.1).
        """
        own = regularize(getattr(self, "loss", None), discriminator, real, fake, self.uniform)
        weight, every = getattr(self.config, "r1", 0.0), getattr(self.config, "r1_every", 1)
        if not weight or self.step_state.step % every:
            return own
        from ganzoo.losses.r1 import r1

        return own + weight / 2 * every * r1(discriminator, real)

    def forward_batched(self, network: nn.Module, *images: Tensor, conditioning: Sequence[Tensor] = ()) -> list[Any]:
        """Return ``network``'s output for each of ``images``, which are run as one batch where that is the same.

        It is, unless batch norm mixes the pictures of a batch, or a module that says so by ``mixes_samples = True``;
        one large batch is faster than several small ones.
        ``beside``: what the network takes after images, labels say; each of ``images`` has the same.
        """
        from torch.nn.modules.batchnorm import _BatchNorm

        same = len({each.shape[1:] for each in images}) == 1
        mixes = (isinstance(each, _BatchNorm) or getattr(each, "mixes_samples", False) for each in network.modules())
        if len(images) < 2 or not same or any(mixes):
            return [network(each, *conditioning) for each in images]
        import torch

        sizes = [len(each) for each in images]
        joined = torch.cat([each.to(images[0].dtype) for each in images])
        out = network(joined, *(torch.cat([each] * len(images)) for each in conditioning))
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
        step_state, processes = self.step_state, self.processes
        if step_state.random is None:
            drawn: Tensor = draw(count, *shape, device=device)
            return drawn
        whole = draw(count * step_state.micro_batches * processes.count, *shape, generator=step_state.random)
        first = (step_state.micro_batch * processes.count + processes.rank) * count
        share: Tensor = whole[first : first + count]
        return share.to(device)
