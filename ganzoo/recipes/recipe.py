"""The base of recipes: updates, frozen networks, optimizers, penalties, augmentation and random draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ganzoo.contracts.recipe import RecipeContract
from ganzoo.losses.regularizer import regularize
from ganzoo.recipes.distributed import ALONE, Processes
from ganzoo.recipes.learning_rate import learning_rate_factor

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.optim import Optimizer


class Recipe(RecipeContract):
    """Base of all recipes: subclass it, set the attributes of `RecipeContract`, and write `step` and `sample`.

    The methods below do what most steps need, correctly for several processes, micro-batches and half precision.

    Attributes:
        config: The recipe's own, a `ganzoo.RecipeConfig`, which `adam`, `augment`, `penalty` and others read.
        processes: Those that train together, by default this one alone; set by the training loop.
        scalers: Optimizer to torch's GradScaler in float16; set by the training loop.
        regularizers: Role to regularizer, for each part of that kind; set by the training loop, applied by `penalty`.
    """

    config: Any = None
    _gradients: Mapping[str, Any] = MappingProxyType({})
    processes: Processes = ALONE
    scalers: Mapping[str, Any] = MappingProxyType({})
    regularizers: Mapping[str, Any] = MappingProxyType({})

    @property
    def step_number(self) -> int:
        """The number of this step, from 1."""
        return self.step_state.step + 1

    @property
    def progress(self) -> float:
        """The fraction of the run that is done before this step, from 0 to 1; 0 outside a run."""
        steps = self.step_state.steps
        return min(self.step_state.step / steps, 1.0) if steps else 0.0

    @property
    def augment_probability(self) -> float:
        """The probability of each change that `augment` makes to an image; 1 unless a recipe adapts it."""
        return 1.0

    def extra_losses(self, batch: Mapping[str, Tensor], outputs: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """Return further losses that the generators minimize, by name, weighted; none by default.

        Override it to add a loss to a family's recipe. It is called in each generator step.

        Args:
            batch: As for `step`.
            outputs: What the generators returned for it, with gradient. "image": images from latents, or inpainted,
                enlarged, restyled or translated ones; "clip": clips; "fake_a" and "fake_b": translations to a and b.

        Returns:
            Scalars. Each is added to the generators' loss and logged under its name.
        """
        return {}

    def with_extra_losses(
        self, total: Tensor, losses: dict[str, Tensor], batch: Mapping[str, Tensor], outputs: Mapping[str, Tensor]
    ) -> Tensor:
        """Return what the generators minimize, with all `extra_losses`.

        Args:
            total: The scalar that they minimize without them.
            losses: The losses that are logged, to which the extra ones are added.
            batch: As for `step`.
            outputs: As for `extra_losses`.
        """
        for name, loss in self.extra_losses(batch, outputs).items():
            losses[name] = loss
            total = total + loss
        return total

    def learning_rate(self, progress: float) -> float:
        """Return the factor on every learning rate by the config's ``schedule``, ``decay_from`` and ``warmup``."""
        schedule = getattr(self.config, "schedule", "constant")
        decay_from, warmup = getattr(self.config, "decay_from", 0.5), getattr(self.config, "warmup", 0.0)
        return learning_rate_factor(schedule, progress, decay_from, warmup)

    def update(self, optimizer: str, loss: Tensor, penalty: Tensor | None = None) -> None:
        """Take one step of an optimizer down the gradient of a loss, averaged over all processes.

        Each micro-batch adds its gradient, and the last one takes the step. The norm of the gradient is limited to the
        config's ``clip_norm`` (arXiv:1211.5063). Only parameters of this optimizer get gradients.

        Args:
            optimizer: Its name in ``optimizers``.
            loss: A scalar, the mean over the images of this micro-batch.
            penalty: Another one, which gets a step of its own after the loss's, with a gradient at the same weights
                (lazy regularization, arXiv:1912.04958, appendix B).
        """
        import torch

        stepped, scaler = self.optimizers[optimizer], self.scalers.get(optimizer)
        parameters = [p for group in stepped.param_groups for p in group["params"] if p.requires_grad]
        if self.step_state.micro_batch == 0:
            stepped.zero_grad(set_to_none=True)
        second = None if penalty is None else self._penalty_gradients(optimizer, penalty, parameters)
        if self.step_state.micro_batches > 1:
            loss = loss / self.step_state.micro_batches
        with torch.autocast(loss.device.type, enabled=False):
            # Into these parameters only: other networks take their own gradients.
            torch.autograd.backward(scaler.scale(loss) if scaler else loss, inputs=parameters)
        if self.step_state.micro_batch < self.step_state.micro_batches - 1:
            return
        self._take_step(stepped, scaler, parameters)
        if second is not None:
            for parameter, gradient in zip(parameters, second, strict=True):
                parameter.grad = gradient
            self._take_step(stepped, None, parameters)

    def _penalty_gradients(self, optimizer: str, penalty: Tensor, parameters: list[Any]) -> list[Any]:
        """Return the penalty's gradients, summed over the micro-batches of this step so far."""
        import torch

        with torch.autocast(penalty.device.type, enabled=False):
            found = torch.autograd.grad(
                penalty / self.step_state.micro_batches, parameters, retain_graph=True, allow_unused=True
            )
        before = self._gradients.get(optimizer) if self.step_state.micro_batch else None
        if before is not None:
            found = tuple(
                one if two is None else two if one is None else one + two
                for one, two in zip(found, before, strict=True)
            )
        self._gradients = {**self._gradients, optimizer: found}
        return list(found)

    def _take_step(self, stepped: Optimizer, scaler: Any, parameters: list[Any]) -> None:
        """Take an optimizer's step down the gradients that are there, averaged over all processes and limited."""
        import torch

        self.processes.average(p.grad for p in parameters if p.grad is not None)
        if scaler:
            scaler.unscale_(stepped)
        if limit := getattr(self.config, "clip_norm", 0.0):
            torch.nn.utils.clip_grad_norm_(parameters, limit)
        if scaler:
            scaler.step(stepped)
            scaler.update()
        else:
            stepped.step()

    @contextmanager
    def frozen(self, *networks: str) -> Iterator[None]:
        """Compute no gradients for these networks' parameters within the block, which saves time."""
        parameters = [p for name in networks for p in self.networks[name].parameters() if p.requires_grad]
        for parameter in parameters:
            parameter.requires_grad_(False)
        try:
            yield
        finally:
            for parameter in parameters:
                parameter.requires_grad_(True)

    def adam(self, *networks: nn.Module, discriminator: bool = False) -> Optimizer:
        """Build Adam over these networks with the config's ``learning_rate``, ``beta1`` and ``beta2``.

        Args:
            *networks: Modules that are trained together.
            discriminator: Use the config's ``discriminator_learning_rate`` unless it is 0 (two time scales,
                arXiv:1706.08500).
        """
        import torch

        rate = self.config.learning_rate
        if discriminator:
            rate = getattr(self.config, "discriminator_learning_rate", 0.0) or rate
        parameters = [parameter for network in networks for parameter in network.parameters()]
        return torch.optim.Adam(parameters, rate, (self.config.beta1, self.config.beta2), fused=True)

    def is_generator_step(self) -> bool:
        """Tell whether this step updates the generator: every ``discriminator_steps``-th step of the config."""
        every: int = getattr(self.config, "discriminator_steps", 1)
        return (self.step_state.step + 1) % every == 0

    def augment(self, images: Tensor) -> Tensor:
        """Apply the config's ``augment`` to images for a discriminator, differentiably (DiffAugment, arXiv:2006.10738).

        Each change is made with `augment_probability`. Call it on real and on generated images, before every call of a
        discriminator.

        Args:
            images: (N, C, H, W) or clips (N, C, T, H, W) in [-1, 1]. All frames of a clip are changed in the same way.

        Returns:
            The same shape; the same tensor if ``augment`` is empty.
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
            return diff_augment(images, policy, uniform, self.augment_probability)
        by_frame = images.transpose(1, 2)  # (N, T, C, H, W)
        augmented = diff_augment(by_frame.flatten(0, 1), policy, uniform, self.augment_probability)
        return augmented.view(by_frame.shape).transpose(1, 2)

    def penalty(self, discriminator: Any, real: Tensor, fake: Tensor, name: str = "") -> Tensor | float:
        """Return the penalties that a discriminator minimizes in addition to its loss; 0 without penalties.

        These are `regularization` and, in every ``r1_every``-th step, r1_every * r1 / 2 * R1 with the config's ``r1``
        (arXiv:1801.04406; lazily as in arXiv:1912.04958, section 3.1).

        Args:
            discriminator: Maps images to logits.
            real: The real images that it scored in this step, (N, C, H, W).
            fake: The generated images that it scored, the same shape, without gradient.
            name: Of the discriminator, for a recipe with several; by default its name in ``networks``.
        """
        value = self.regularization(discriminator, real, fake, name)
        weight, every = getattr(self.config, "r1", 0.0), getattr(self.config, "r1_every", 1)
        if not weight or self.step_state.step % every:
            return value
        from ganzoo.losses.r1 import r1

        return value + weight / 2 * every * r1(discriminator, real, self._scales)

    def regularization(self, discriminator: Any, real: Tensor, fake: Tensor, name: str = "") -> Tensor | float:
        """Return `penalty` without the config's R1, for a recipe that has a gradient penalty of its own.

        It is the regularizer of the part ``loss``, and the parts that are regularizers, each with its weight and
        interval.

        Args:
            discriminator: As for `penalty`.
            real: As for `penalty`.
            fake: As for `penalty`.
            name: As for `penalty`.
        """
        offered: dict[str, Any] = {"uniform": self.uniform, "average": self.processes.average, "scales": self._scales}
        offered["name"] = name or next((key for key, value in self.networks.items() if value is discriminator), "")
        value = regularize(getattr(self, "loss", None), discriminator, real, fake, self.uniform)
        for regularizer in self.regularizers.values():
            value = value + regularizer.value(self.step_state.step, discriminator, real, fake, **offered)
        return value

    @property
    def _scales(self) -> str:
        """How penalties of a discriminator's scales are combined: as its losses are."""
        return str(getattr(getattr(self, "loss", None), "scales", "sum"))

    def forward_batched(self, network: nn.Module, *images: Tensor, conditioning: Sequence[Tensor] = ()) -> list[Any]:
        """Return a network's output for each of ``images``, run as one batch if that gives the same results.

        One large batch is faster than several small ones. Batches are run one by one if their shapes differ, or if the
        network has batch norm or another module with ``mixes_samples = True``, whose output for an image depends on
        the rest of the batch.

        Args:
            network: Takes images and then ``conditioning``.
            *images: Batches, (N, C, H, W) each.
            conditioning: What the network takes after images, labels (N,) say, the same for every batch.

        Returns:
            One output for each of ``images``; a list of tensors each, if the network returns several scales.
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

    @staticmethod
    def keep_valid(images: Tensor, valid: Tensor | None) -> Tensor:
        """Return images with 0 where pixels are missing, as the data have it, so that no gradient comes from there.

        Args:
            images: (N, C, H, W), generated ones say.
            valid: (N, 1, H, W), the batch's; None where none are missing.
        """
        return images if valid is None else images * valid

    @staticmethod
    def side_by_side(*columns: Tensor) -> Tensor:
        """Return images for a sample sheet: the first of each column, then the second of each, and so on.

        Args:
            *columns: (N, C, H, W) in [-1, 1] each. Where channels are unlike or more than three, a fixed choice of them
                is shown: one as gray, two as red and green, of more the first three.

        Returns:
            (N * len(columns), C, H, W).
        """
        from ganzoo.recipes.composites import side_by_side

        return side_by_side(*columns)

    def normal(self, count: int, *shape: int, device: Any) -> Tensor:
        """Draw from N(0, 1), one row for each image of this micro-batch.

        Use this, not torch.randn: the numbers are the same however a batch is split among micro-batches and processes.

        Args:
            count: Images in the micro-batch.
            *shape: Shape of a row.
            device: Where the numbers are needed.

        Returns:
            (count, *shape), float32.
        """
        import torch

        return self._draw_rows(torch.randn, count, shape, device)

    def uniform(self, count: int, *shape: int, device: Any) -> Tensor:
        """Draw uniformly from [0, 1), one row for each image of this micro-batch, as `normal` does.

        Args:
            count: Images in the micro-batch.
            *shape: Shape of a row.
            device: Where the numbers are needed.

        Returns:
            (count, *shape), float32.
        """
        import torch

        return self._draw_rows(torch.rand, count, shape, device)

    def _draw_rows(self, draw: Any, count: int, shape: tuple[int, ...], device: Any) -> Tensor:
        """Draw for the whole batch of the step and return the rows of this micro-batch and process."""
        step_state, processes = self.step_state, self.processes
        if step_state.random is None:
            drawn: Tensor = draw(count, *shape, device=device)
            return drawn
        whole = draw(count * step_state.micro_batches * processes.count, *shape, generator=step_state.random)
        first = (step_state.micro_batch * processes.count + processes.rank) * count
        share: Tensor = whole[first : first + count]
        return share.to(device)
