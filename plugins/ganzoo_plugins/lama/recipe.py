"""LaMa's training: large masks, and errors of what a classifier and a discriminator see (arXiv:2109.07161)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo import GanzooError, Recipe, at_least_float32, mean_absolute_error
from ganzoo.losses.r1 import r1

from .masks import DRAWS, box_masks, stroke_masks

ACTIVATIONS = (nn.LeakyReLU, nn.ReLU, nn.ELU, nn.GELU, nn.SiLU)


class LamaRecipe(Recipe):
    """The generator minimizes kappa L_adv + alpha L_HRFPL + beta L_DiscPL (section 2.2), and L1 outside of holes.

    The discriminator sees the generator's whole output and takes those patches for generated that a hole touches
    (equation 3). Both perceptual losses are the mean over maps of the mean squared error (equation 2). The paper's
    features are of a dilated segmentation network; here they are those of the part ``features``. Of images that are
    neither gray nor RGB, the features of each channel are compared.
    """

    takes_masks = True

    def __init__(self, config: Any, parts: Any) -> None:
        self.config, channels, size = config, config.channels, config.image_size
        self.generator = parts.build("generator", in_channels=channels, out_channels=channels, image_size=size)
        self.discriminator = parts.build("discriminator", in_channels=channels, channels=channels, image_size=size)
        self.features, self.loss = parts.build("features"), parts.build("loss")
        self.activations = [each for each in self.discriminator.modules() if isinstance(each, ACTIVATIONS)]
        if config.matching_weight and not self.activations:
            raise GanzooError(
                f"{self.discriminator.architecture.entry} has no activations whose outputs could be compared. Set "
                "matching_weight=0, or use --part discriminator=patchgan."
            )
        self.networks = {"generator": self.generator, "discriminator": self.discriminator}
        self.optimizers = {
            "generator": self.adam(self.generator),
            "discriminator": self.adam(self.discriminator, discriminator=True),
        }
        self.exports, self.discriminators = {"": "generator"}, {"": "discriminator"}

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Update both networks once: the discriminator, then the generator."""
        real, valid, is_generator_step = batch["image"], batch.get("valid"), self.is_generator_step()
        masks = self.masks(real)
        with torch.set_grad_enabled(is_generator_step):
            output = self.keep_valid(self.fill_holes(self.generator, real, masks), valid)
        loss_d = self.update_discriminator(real, output.detach(), masks)
        if not is_generator_step:
            return {"discriminator": loss_d}

        with self.frozen("discriminator"):
            known = 1 - masks if valid is None else (1 - masks) * valid
            losses = {**self.discriminator_losses(real, output), "l1": mean_absolute_error(output, real, known)}
            if self.config.perceptual_weight:
                losses["perceptual"] = self.perceptual_loss(output, real)
            total = torch.stack([getattr(self.config, f"{name}_weight") * each for name, each in losses.items()]).sum()
            self.update("generator", self.with_extra_losses(total, losses, batch, {"image": output}))
        return {**losses, "discriminator": loss_d}

    def update_discriminator(self, real: Tensor, fake: Tensor, masks: Tensor) -> Tensor:
        """Update the discriminator; return its loss."""
        real_images, fake_images = self.augment(real), self.augment(fake)
        real_logits, fake_logits = self.forward_batched(self.discriminator, real_images, fake_images)
        boundary = getattr(self.loss, "decision_boundary", None)
        if boundary is not None and not self.config.augment:  # augmentations move patches
            fake_logits = reflect_known(fake_logits, masks, boundary)
        loss = self.loss.discriminator(real_logits, fake_logits)
        loss = loss + self.regularization(self.discriminator, real_images, fake_images)
        every = self.config.r1_every
        if self.config.r1 and self.step_state.step % every == 0:
            loss = loss + self.config.r1 / 2 * every * r1(self.summed_logits, real_images)
        self.update("discriminator", loss)
        return loss

    def summed_logits(self, images: Tensor) -> Tensor:
        """Return the sum of an image's logits over patches and scales, (N, 1)."""
        logits = self.discriminator(images)
        scales = logits if isinstance(logits, (list, tuple)) else [logits]
        return torch.stack([each.flatten(1).sum(1) for each in scales]).sum(0)[:, None]

    def masks(self, images: Tensor) -> Tensor:
        """Draw masks (N, 1, H, W) for a training batch by the option ``masks``."""
        draws = self.uniform(len(images), DRAWS + 1, device=images.device)
        if self.config.masks == "strokes":
            return stroke_masks(images, draws)
        if self.config.masks == "boxes":
            return box_masks(images, draws)
        choice = draws[:, -1, None, None, None] < 0.5
        return torch.where(choice, stroke_masks(images, draws), box_masks(images, draws))

    def discriminator_losses(self, real: Tensor, output: Tensor) -> dict[str, Tensor]:
        """Return the generator's adversarial loss (equation 4), and the error of the discriminator's features."""
        with self.recorded() as found:
            logits = self.discriminator.forward(output)  # not a call: compiled modules ignore hooks
        with self.recorded() as wanted, torch.no_grad():
            self.discriminator.forward(real)
        if self.config.augment:
            logits = self.discriminator(self.augment(output))
        adversarial = self.loss.generator(logits, lambda: self.discriminator(self.augment(real)))
        return {"adversarial": adversarial, "matching": mean_squared_errors(found, wanted)}

    @contextmanager
    def recorded(self) -> Iterator[list[Tensor]]:
        """Record what the discriminator's activations return within the block."""
        outputs: list[Tensor] = []
        hooks = [
            each.register_forward_hook(lambda module, inputs, output: outputs.append(output))
            for each in self.activations
        ]
        try:
            yield outputs
        finally:
            for hook in hooks:
                hook.remove()

    def perceptual_loss(self, output: Tensor, real: Tensor) -> Tensor:
        """Return the error of a classifier's feature maps (equation 2)."""
        features = self.features.to(output.device)
        if output.shape[1] not in (1, 3):
            output, real = output.flatten(0, 1)[:, None], real.flatten(0, 1)[:, None]
        with torch.no_grad():
            wanted = features(real)
        return mean_squared_errors(features(output), wanted)

    def fill_holes(self, generator: nn.Module, images: Tensor, masks: Tensor) -> Tensor:
        """Return the generator's images (N, C, H, W) for images with holes, as float32."""
        output: Tensor = generator(images * (1 - masks), masks)
        return at_least_float32(output)

    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        """Return each image with holes, inpainted, and the original, one after the other."""
        real = batch["image"]
        masks = fixed_masks(real)
        filled = self.fill_holes(networks["generator"], real, masks)
        return self.side_by_side(real * (1 - masks), torch.where(masks > 0, filled, real), real)

    def validate(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Return the error of features, and the mean squared error in the holes, for values in [-1, 1]."""
        real = batch["image"]
        masks = fixed_masks(real)
        filled = torch.where(masks > 0, self.fill_holes(networks["generator"], real, masks), real)
        squared_errors = (filled - real).square().sum() / (masks.sum() * real.shape[1])
        return {"perceptual": self.perceptual_loss(filled, real).item(), "mse": squared_errors.item()}


def mean_squared_errors(found: Sequence[Tensor], wanted: Sequence[Tensor]) -> Tensor:
    """Return the mean over maps of their mean squared errors (equation 2); 0 without maps."""
    errors = [
        F.mse_loss(at_least_float32(one), at_least_float32(other)) for one, other in zip(found, wanted, strict=True)
    ]
    return torch.stack(errors).mean() if errors else torch.zeros(())


def reflect_known(logits: Any, masks: Tensor, boundary: float) -> Any:
    """Return logits of generated images, those of patches without a hole reflected at the boundary.

    A loss that takes the reflected logit for a generated patch's has the value that it has for a real patch's: for
    log(1 - s(-x)) = log s(x) this is equation 3. A patch stands for the pixels nearest to its center.

    Args:
        logits: (N, 1, h, w), one score an image, or a list with one map a scale.
        masks: (N, 1, H, W), 1 in the holes.
        boundary: The loss's decision boundary.
    """
    if isinstance(logits, (list, tuple)):
        return [reflect_known(each, masks, boundary) for each in logits]
    if logits.dim() != 4:
        return logits
    holes = F.adaptive_max_pool2d(masks, logits.shape[2:])
    return torch.where(holes > 0, logits, 2 * boundary - logits)


def fixed_masks(images: Tensor) -> Tensor:
    """Return masks (N, 1, H, W) of strokes that are the same in each call, as sheets and validation need them."""
    draws = torch.rand(len(images), DRAWS, generator=torch.Generator().manual_seed(0))
    return stroke_masks(images, draws.to(images))
