"""Inpainting by reconstruction and a discriminator (arXiv:1604.07379, equations 1 to 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo import Recipe, at_least_float32

BLOCKS, SMALLEST, LARGEST = 4, 1 / 8, 1 / 4  # number and sides of blocks, as fractions of the image's side


def center_masks(images: Tensor) -> Tensor:
    """Return masks (N, 1, H, W) with 1 in the middle half of height and width: a quarter of the area."""
    height, width = images.shape[-2:]
    masks = images.new_zeros(len(images), 1, height, width)
    masks[:, :, height // 4 : height // 4 + height // 2, width // 4 : width // 4 + width // 2] = 1
    return masks


def block_masks(images: Tensor, draws: Tensor) -> Tensor:
    """Return masks (N, 1, H, W) with 1 in squares that can overlap (section 3.3).

    Args:
        images: (N, C, H, W).
        draws: (N, BLOCKS, 3) in [0, 1): side, vertical and horizontal position of each square.
    """
    height, width = images.shape[-2:]
    sides = (SMALLEST + (LARGEST - SMALLEST) * draws[..., :1]) * min(height, width)  # (N, BLOCKS, 1)
    inside = []
    for length, position in ((height, draws[..., 1:2]), (width, draws[..., 2:])):
        first = (position * (length - sides)).round()
        pixels = torch.arange(length, device=images.device)
        inside.append((pixels >= first) & (pixels < first + sides.round()))
    squares = inside[0][..., :, None] & inside[1][..., None, :]  # (N, BLOCKS, H, W)
    return squares.any(1, keepdim=True).to(images.dtype)


def surrounding_band(masks: Tensor, pixels: int) -> Tensor:
    """Return masks of the band of ``pixels`` around each hole, without the hole itself."""
    return F.max_pool2d(masks, 2 * pixels + 1, 1, pixels) - masks


class InpaintRecipe(Recipe):
    """Equation 3: 0.999 reconstruction loss + 0.001 adversarial loss.

    With masks "center", as in the paper, the discriminator sees the hole alone. Otherwise it sees whole images, with
    holes filled by the generator. It never sees the mask.
    """

    takes_masks = True

    def __init__(self, config: Any, parts: Any) -> None:
        self.config, channels, size = config, config.channels, config.image_size
        visible_size = size // 2 if config.masks == "center" else size
        self.generator = parts.build("generator", in_channels=channels, out_channels=channels, image_size=size)
        self.discriminator = parts.build(
            "discriminator", in_channels=channels, channels=channels, image_size=visible_size
        )
        self.loss = parts.build("loss")
        self.networks = {"generator": self.generator, "discriminator": self.discriminator}
        self.optimizers = {
            "generator": self.adam(self.generator),
            "discriminator": self.adam(self.discriminator, discriminator=True),
        }
        self.exports = {"": "generator"}
        if config.masks != "center":  # a discriminator of the hole cannot score whole images
            self.discriminators = {"": "discriminator"}

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Update both networks once: the discriminator, then the generator by both losses of equation 3."""
        real, valid, is_generator_step = batch["image"], batch.get("valid"), self.is_generator_step()
        masks = self.masks(real)
        with torch.set_grad_enabled(is_generator_step):
            output = self.keep_valid(self.fill_holes(self.generator, real, masks), valid)
            inpainted = self.visible(real * (1 - masks) + output * masks)

        visible, fake = self.augment(self.visible(real)), self.augment(inpainted.detach())
        loss_d = self.loss.discriminator(*self.forward_batched(self.discriminator, visible, fake))
        loss_d = loss_d + self.penalty(self.discriminator, visible, fake)
        self.update("discriminator", loss_d)
        if not is_generator_step:
            return {"discriminator": loss_d}

        with self.frozen("discriminator"):
            adversarial = self.loss.generator(
                self.discriminator(self.augment(inpainted)),
                lambda: self.discriminator(self.augment(self.visible(real))),
            )
            reconstruction = self.reconstruction_loss(output, real, masks, valid)
            total = self.config.reconstruction_weight * reconstruction + self.config.adversarial_weight * adversarial
            losses = {"reconstruction": reconstruction, "adversarial": adversarial, "discriminator": loss_d}
            self.update("generator", self.with_extra_losses(total, losses, batch, {"image": inpainted}))
        return losses

    def masks(self, images: Tensor) -> Tensor:
        """Draw masks (N, 1, H, W) for a training batch by the option ``masks``."""
        if self.config.masks == "center":
            return center_masks(images)
        blocks = block_masks(images, self.uniform(len(images), BLOCKS, 3, device=images.device))
        if self.config.masks == "blocks":
            return blocks
        choice = self.uniform(len(images), 1, 1, 1, device=images.device)
        return torch.where(choice < 0.5, center_masks(images), blocks)

    def fill_holes(self, generator: nn.Module, images: Tensor, masks: Tensor) -> Tensor:
        """Return the generator's images (N, C, H, W) for images with holes, as float32."""
        output: Tensor = generator(images * (1 - masks), masks)
        return at_least_float32(output)

    def visible(self, images: Tensor) -> Tensor:
        """Return the part of images that the discriminator sees."""
        if self.config.masks != "center":
            return images
        size, side = images.shape[-1], images.shape[-1] // 2
        return images[..., size // 4 : size // 4 + side, size // 4 : size // 4 + side]

    def reconstruction_loss(self, output: Tensor, real: Tensor, masks: Tensor, valid: Tensor | None = None) -> Tensor:
        """Return the mean squared error in the hole and, weighted, in the band around it (equation 1)."""
        band = surrounding_band(masks, self.config.overlap)
        weights = self.keep_valid(masks + self.config.overlap_weight * band, valid)
        counted = self.keep_valid(masks + band, valid).sum() * output.shape[1]
        if valid is not None:
            counted = counted.clamp_min(1)
        return (weights * (output - real).square()).sum() / counted

    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        """Return each image with a hole in the center, inpainted, and the original, one after the other."""
        real = batch["image"]
        masks = center_masks(real)
        masked = real * (1 - masks)
        inpainted = masked + self.fill_holes(networks["generator"], real, masks) * masks
        return torch.stack([masked, inpainted, real], 1).flatten(0, 1)

    def validate(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Return the mean squared error in a hole in the center, for values in [-1, 1]."""
        real = batch["image"]
        masks = center_masks(real)
        squared_errors = (self.fill_holes(networks["generator"], real, masks) - real).square() * masks
        return {"mse": (squared_errors.sum() / (masks.sum() * real.shape[1])).item()}
