"""A student learns a teacher's translation (GAN Compression, arXiv:2003.08936, equations 1 and 2)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo import (
    GanzooError,
    Model,
    Parts,
    Recipe,
    at_least_float32,
    build,
    load,
    mean_absolute_error,
    sliced_wasserstein,
)
from ganzoo.errors import OptionError

from .feature_maps import Adapters, FeatureTaps, map_distance


class DistillRecipe(Recipe):
    """A student and a discriminator of its output; the teacher is loaded, frozen, and no part of checkpoints.

    The student minimizes the distance to the teacher's output, that of its feature maps through learned 1x1
    convolutions, and an adversarial loss against images of b.
    """

    validation_batch = 32  # a distance between two sets needs many images of each
    inputs, real = "a", "b"  # in a batch

    def __init__(self, config, parts) -> None:
        self.config = config
        model = load_teacher(config)
        self.teacher, self.teacher_hash = model.generator, model.card.weights.sha256 if model.card.weights else ""
        inner, outer, size = config.input_channels, config.channels, config.image_size
        self.student = parts.build(
            "generator",
            in_channels=inner,
            out_channels=outer,
            image_size=size,
            global_skip=bool(getattr(self.teacher, "global_skip", False)),
            norm="batch",  # engines fold it into convolutions
            separable_norm="batch",
        )
        if config.fit_images and not hasattr(self.student, "fit_to"):
            raise GanzooError(
                f"fit_images={config.fit_images}: {self.student.architecture.entry} cannot be fitted to a teacher. Set "
                "fit_images=0, or use --into efficientnet-unet."
            )
        self.student_taps = FeatureTaps(self.student, inner, size)
        self.teacher_taps = FeatureTaps(self.teacher, inner, size)
        self.adapters = Adapters(self.student_taps, self.teacher_taps, learn=bool(config.feature_weight))
        self.loss = parts.build("loss", factor=1.0)
        self.features = build(f"features:{config.perceptual_features}") if config.perceptual_weight else None
        self.networks = {"student": self.student, "adapters": self.adapters}
        self.optimizers = {"student": self.adam(self.student, self.adapters)}
        self.exports = {"": "student"}
        if config.adversarial_weight:
            self.add_discriminator(parts, model.discriminator())

    def add_discriminator(self, parts: Parts, known: nn.Module | None) -> None:
        """Build the discriminator. It starts from the teacher's where that was kept and is of the same architecture."""
        channels = self.discriminator_channels()
        self.discriminator = parts.build(
            "discriminator", in_channels=channels, channels=channels, image_size=self.config.image_size
        )
        if known is not None and self.discriminator.architecture == known.architecture:
            state = known.state_dict()
            self.discriminator.begin = lambda: self.discriminator.load_state_dict(state)
        self.networks["discriminator"] = self.discriminator
        self.optimizers["discriminator"] = self.adam(self.discriminator, discriminator=True)
        self.discriminators = {"": "discriminator"}

    def begin(self, examples: Callable[[int], Mapping[str, Tensor]]) -> None:
        """Fit the student to its teacher, if the options say so."""
        count = self.config.fit_images
        if not count:
            return
        try:
            images = examples(count)[self.inputs]
        except OptionError as error:
            raise OptionError(f"fit_images={count} is not right. {error}") from error
        self.log(f"Fitting the student to its teacher on {count} images, layer by layer: seconds to minutes ...")
        start = time.monotonic()
        self.student.fit_to(self.teacher, images)
        self.log(f"Fitted in {time.monotonic() - start:.0f} s.")

    def discriminator_channels(self) -> int:
        """Return the channels of what the discriminator sees."""
        channels: int = self.config.channels
        return channels

    def seen(self, inputs: Tensor, images: Tensor) -> Tensor:
        """Return what the discriminator sees of images: all of them, augmented."""
        return self.augment(images)

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Update the student, then the discriminator on what the student had returned before."""
        inputs, real = batch[self.inputs], batch[self.real]
        losses: dict[str, Tensor] = {}
        if self.is_generator_step():
            output, losses = self.update_student(inputs, real, batch)
        else:
            with torch.no_grad():
                output = self.student(inputs)
        if self.config.adversarial_weight:
            losses["discriminator"] = self.update_discriminator(inputs, real, output.detach())
        return losses

    def update_student(
        self, inputs: Tensor, real: Tensor, batch: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Minimize all distances; return the student's output and the losses."""
        config, steps = self.config, self.adapters.steps
        with self.teacher_taps.recorded(steps) as known:
            target = self.teach(inputs)
        with self.student_taps.recorded(steps) as own:
            output = self.student(inputs)
        losses = {"output": mean_absolute_error(output, target)}
        total = config.output_weight * losses["output"] + self.target_distance(output, real, losses)
        if steps:
            losses["features"] = self.adapters(own, known)
            total = total + config.feature_weight * losses["features"]
        if config.perceptual_weight:
            losses["perceptual"] = self.perceptual_distance(output, target)
            total = total + config.perceptual_weight * losses["perceptual"]
        if config.adversarial_weight:
            losses["adversarial"] = self.adversarial_loss(inputs, output, real)
            total = total + config.adversarial_weight * losses["adversarial"]
        self.update("student", self.with_extra_losses(total, losses, batch, {"image": output}))
        return output, losses

    def adversarial_loss(self, inputs: Tensor, output: Tensor, real: Tensor) -> Tensor:
        """Return the student's half of the adversarial loss."""
        with self.frozen("discriminator"):
            return self.loss.generator(
                self.discriminator(self.seen(inputs, output)), lambda: self.discriminator(self.seen(inputs, real))
            )

    def target_distance(self, output: Tensor, real: Tensor, losses: dict[str, Tensor]) -> Tensor | float:
        """Return the weighted distance to the real image, which two unpaired sets do not have."""
        return 0.0

    def update_discriminator(self, inputs: Tensor, real: Tensor, fake: Tensor) -> Tensor:
        """Take the discriminator's step, and return its loss."""
        real, fake = self.seen(inputs, real), self.seen(inputs, at_least_float32(fake))
        loss = self.loss.discriminator(*self.forward_batched(self.discriminator, real, fake))
        loss = (loss + self.penalty(self.discriminator, real, fake)) / 2
        self.update("discriminator", loss)
        return loss

    @torch.no_grad()
    def teach(self, inputs: Tensor) -> Tensor:
        """Return the teacher's output, computed where the student is and in its type."""
        own = next(self.student.parameters())
        target: Tensor = self.teacher.to(own.device, own.dtype)(inputs)
        return target

    def perceptual_distance(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the mean distance of two images in a classifier's feature maps (arXiv:2103.03467, section 3.3)."""
        features: Any = self.features.to(output.device, output.dtype)
        with torch.no_grad():
            known = features(target)
        pairs = zip(features(output), known, strict=True)
        return torch.stack([map_distance(each, wanted) for each, wanted in pairs]).mean()

    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        """Return an input, the teacher's output and the student's, and so on."""
        inputs = batch[self.inputs]
        return self.side_by_side(inputs, self.teach(inputs).float(), networks["student"](inputs).float())

    def validate(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Return how far the student is from the teacher and from real images.

        Returns:
            ``teacher``: mean absolute difference of both outputs, in [0, 2].
            ``distance``: sliced Wasserstein distance (arXiv:1710.10196) of the student's outputs to real images, times
            1000.
            ``distance_of_teacher``: the same of the teacher's outputs.
        """
        inputs, real = batch[self.inputs], batch[self.real]
        target, output = self.teach(inputs).float(), networks["student"](inputs).float()
        return {
            "teacher": mean_absolute_error(output, target).item(),
            "distance": sliced_wasserstein(output, real),
            "distance_of_teacher": sliced_wasserstein(target, real),
        }

    def state(self) -> dict[str, Any]:
        """Return which teacher this is."""
        return {"teacher": self.teacher_hash}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Check that the teacher is the one the run began with. Raises GanzooError."""
        if state["teacher"] != self.teacher_hash:
            raise GanzooError(
                f"The teacher {self.config.teacher} has other weights than when this run began. Restore them, or "
                "start a new run."
            )


class DistillPairsRecipe(DistillRecipe):
    """`DistillRecipe` on pairs: real images are the inputs' own targets, and the discriminator sees both stacked."""

    inputs, real = "input", "target"

    def discriminator_channels(self) -> int:
        """Return the channels of input and output together."""
        channels: int = self.config.input_channels + self.config.channels
        return channels

    def seen(self, inputs: Tensor, images: Tensor) -> Tensor:
        """Return inputs and images stacked, augmented together."""
        return self.augment(torch.cat([inputs, images], 1))

    def target_distance(self, output: Tensor, real: Tensor, losses: dict[str, Tensor]) -> Tensor | float:
        """Return the weighted mean absolute difference to the target."""
        if not self.config.target_weight:
            return 0.0
        losses["target"] = mean_absolute_error(output, real)
        weighted: Tensor = self.config.target_weight * losses["target"]
        return weighted

    def validate(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Return how far the student is from the teacher and from targets.

        Returns:
            ``teacher``: mean absolute difference of both outputs, in [0, 2].
            ``l1`` and ``l1_of_teacher``: that of the student's outputs and of the teacher's to the targets.
        """
        inputs, real = batch[self.inputs], batch[self.real]
        target, output = self.teach(inputs).float(), networks["student"](inputs).float()
        return {
            "teacher": mean_absolute_error(output, target).item(),
            "l1": mean_absolute_error(output, real).item(),
            "l1_of_teacher": mean_absolute_error(target, real).item(),
        }


def load_teacher(config) -> Model:
    """Return the model to learn from. Raises GanzooError where it does not fit the options."""
    if not config.teacher:
        raise GanzooError("teacher='' names no model to learn from. Set teacher=REF, or use `ganzoo distill REF DATA`.")
    model = load(config.teacher, device="cpu", engine="torch")
    card = model.card
    if card.task != "image-to-image":
        raise GanzooError(f"{config.teacher} is for {card.task}. Only translation of images can be distilled.")
    if (card.in_channels, card.out_channels) != (config.input_channels, config.channels):
        raise GanzooError(
            f"{config.teacher} translates {card.in_channels} channels to {card.out_channels}, and these data have "
            f"{config.input_channels} and {config.channels}. Set in_channels={card.in_channels} and "
            f"channels={card.out_channels}."
        )
    stride = int(getattr(model.generator, "stride", 1))
    if config.image_size % stride:
        raise GanzooError(
            f"image_size={config.image_size} is not right: {config.teacher} takes multiples of {stride}. "
            f"Set image_size={max(1, config.image_size // stride) * stride}."
        )
    return model
