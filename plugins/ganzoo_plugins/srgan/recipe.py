"""SRResNet and SRGAN: crops are downsampled and restored (arXiv:1609.04802, equations 3 to 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo import GanzooError, Recipe, at_least_float32

from .jpeg import compress


def downsample(images: Tensor, scale: int, rounded: bool = True) -> Tensor:
    """Downsample (N, C, H, W) in [-1, 1] to (N, C, H / scale, W / scale).

    Antialiased bicubic, as in Pillow and MATLAB (Keys 1981, a = -1/2, widened by ``scale``), which is how test sets for
    super-resolution are made. With ``rounded`` to 8-bit values, as those sets are; otherwise nothing is rounded or
    clipped, for images of more depth.
    """
    size = [side // scale for side in images.shape[-2:]]
    small = F.interpolate(at_least_float32(images), size, mode="bicubic", antialias=True)
    return ((small.clamp(-1, 1) + 1) * 127.5).round() / 127.5 - 1 if rounded else small


def squared_error(output: Tensor, target: Tensor, valid: Tensor | None = None) -> Tensor:
    """Return the mean squared error, of the pixels that are ``valid`` (N, 1, H, W) where some are missing."""
    if valid is None:
        return F.mse_loss(output, target)
    counted = (valid.sum() * output.shape[1]).clamp_min(1)
    return ((output - target).square() * valid).sum() / counted


class SRResNetRecipe(Recipe):
    """The generator minimizes the mean squared error of restored crops, values in [-1, 1] (equation 4)."""

    takes_masks = True

    def __init__(self, config: Any, parts: Any) -> None:
        self.config, channels = config, config.channels
        self.generator = parts.build("generator", in_channels=channels, out_channels=channels, channels=channels)
        self.scale = self.generator.scale
        if config.image_size % self.scale:
            raise GanzooError(
                f"image_size={config.image_size} is not a multiple of the generator's scale, {self.scale}. "
                f"Set image_size={max(1, config.image_size // self.scale) * self.scale}."
            )
        if config.jpeg and (channels not in (1, 3) or config.depth not in (0, 8)):
            raise GanzooError(
                f"jpeg={config.jpeg} compresses 8-bit images, gray or RGB, and these have {channels} channels"
                f"{f' of {config.depth} bits' if config.depth else ''}. Set jpeg=0."
            )
        if not any(True for _ in self.generator.parameters()):
            raise GanzooError("This generator has no parameters to train. Use another: --part generator=srresnet.")
        self.networks = {"generator": self.generator}
        self.optimizers = {"generator": self.adam(self.generator)}
        self.exports: Mapping[str, str] = {"": "generator"}

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Update the generator once by the squared error of pixels."""
        restored = self.enlarge(self.degrade(batch["image"]))
        mse = squared_error(restored, batch["image"], batch.get("valid"))
        losses = {"mse": mse}
        self.update("generator", self.with_extra_losses(mse, losses, batch, {"image": restored}))
        return losses

    def downsample(self, images: Tensor) -> Tensor:
        """Return the small images that are restored, rounded as the images themselves are."""
        return downsample(images, self.scale, rounded=self.config.depth in (0, 8))

    def degrade(self, images: Tensor) -> Tensor:
        """Return the small images of a training step: half of them compressed, if ``jpeg`` is set."""
        small = self.downsample(images)
        return compress(small, self.config.jpeg) if self.config.jpeg else small

    def enlarge(self, small: Tensor, generator: nn.Module | None = None) -> Tensor:
        """Return small images enlarged by the generator, as float32."""
        restored: Tensor = (generator or self.generator)(small)
        return at_least_float32(restored)

    def restore(self, images: Tensor, generator: nn.Module | None = None) -> Tensor:
        """Return crops (N, C, H, W), downsampled and restored by the generator, as float32."""
        return self.enlarge(self.downsample(images), generator)

    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        """Return each crop by bicubic enlargement, by the generator, and the original, one after the other."""
        images = batch["image"]
        bicubic = F.interpolate(self.downsample(images), images.shape[-2:], mode="bicubic", antialias=True)
        restored = self.restore(images, networks["generator"])
        return self.side_by_side(bicubic.clamp(-1, 1), restored, images)

    def validate(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Return the mean squared error of values in [-1, 1]: a PSNR of 10 log10(4 / mse) dB."""
        return {"mse": F.mse_loss(self.restore(batch["image"], networks["generator"]), batch["image"]).item()}


class SRGANRecipe(SRResNetRecipe):
    """Content loss + 1e-3 adversarial loss (equation 3); start from an SRResNet: ``--from dir:runs/srresnet``.

    Equation 5 sums the squared error of features over channels; here it is the mean, as in common code. The
    discriminator is updated first. Of images that are neither gray nor RGB, the features of each channel are compared.
    """

    takes_masks = True

    def __init__(self, config: Any, parts: Any) -> None:
        super().__init__(config, parts)
        channels, size = config.channels, config.image_size
        self.discriminator = parts.build("discriminator", in_channels=channels, channels=channels, image_size=size)
        self.features = parts.build("features")
        self.loss = parts.build("loss")
        self.level = find_level(self.features.reductions, config.reduction)
        self.networks["discriminator"] = self.discriminator
        self.optimizers["discriminator"] = self.adam(self.discriminator, discriminator=True)
        self.discriminators = {"": "discriminator"}

    def learning_rate(self, progress: float) -> float:
        """Return the schedule's factor, a tenth of it from ``drop_from`` on (section 3.2)."""
        return super().learning_rate(progress) * (1.0 if progress < self.config.drop_from else 0.1)

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Update both networks once: the discriminator, then the generator by the perceptual loss (equation 3)."""
        real, valid = batch["image"], batch.get("valid")
        is_generator_step = self.is_generator_step()
        with torch.set_grad_enabled(is_generator_step):
            restored = self.keep_valid(self.enlarge(self.degrade(real)), valid)

        real_crops, fake = self.augment(real), self.augment(restored.detach())
        loss_d = self.loss.discriminator(*self.forward_batched(self.discriminator, real_crops, fake))
        loss_d = loss_d + self.penalty(self.discriminator, real_crops, fake)
        self.update("discriminator", loss_d)
        if not is_generator_step:
            return {"discriminator": loss_d}

        with self.frozen("discriminator"):
            adversarial = self.loss.generator(
                self.discriminator(self.augment(restored)), lambda: self.discriminator(self.augment(real))
            )
            losses = {
                "content": self.content_loss(restored, real),
                "mse": squared_error(restored, real, valid),
                "adversarial": adversarial,
            }
            weights = {name: getattr(self.config, f"{name}_weight") for name in losses}
            total = torch.stack([weights[name] * loss for name, loss in losses.items()]).sum()
            self.update("generator", self.with_extra_losses(total, losses, batch, {"image": restored}))
        return {**losses, "discriminator": loss_d}

    def content_loss(self, restored: Tensor, real: Tensor) -> Tensor:
        """Return the mean squared error of features (equation 5)."""
        features = self.features.to(restored.device)
        restored, real = (channels_as_images(images) for images in (restored, real))
        with torch.no_grad():
            target = features(real)[self.level]
        return F.mse_loss(at_least_float32(features(restored)[self.level]), at_least_float32(target))

    def validate(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Return the mean squared error of features, and that of values in [-1, 1]."""
        restored = self.restore(batch["image"], networks["generator"])
        return {
            "content": self.content_loss(restored, batch["image"]).item(),
            "mse": F.mse_loss(restored, batch["image"]).item(),
        }


def channels_as_images(images: Tensor) -> Tensor:
    """Return images for a network that knows gray and RGB: of any other number, each channel as a gray image."""
    return images if images.shape[1] in (1, 3) else images.flatten(0, 1)[:, None]


def find_level(reductions: tuple[int, ...], step: int) -> int:
    """Return the index of the deepest map with a step of ``step`` pixels."""
    levels = [level for level, reduction in enumerate(reductions) if reduction == step]
    if not levels:
        known = ", ".join(str(each) for each in sorted(set(reductions)))
        raise GanzooError(f"reduction={step} should be one of {known}, the steps of these features' maps in pixels.")
    return levels[-1]
