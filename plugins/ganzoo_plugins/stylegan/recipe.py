"""StyleGAN 2's training: style mixing, lazy R1, path length penalty (arXiv:1912.04958, section 3)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ganzoo import GanzooError, LatentRecipe

LENGTH_DECAY = 0.99  # of the running mean of path lengths (section 3.2)


class StyleGANRecipe(LatentRecipe):
    """In each step one update of the discriminator, then one of the generator on the same generated images.

    Where pixels are missing, the discriminator sees 0 in real and in generated images alike. The path length penalty,
    which compares with no image, counts every pixel.
    """

    takes_masks = True

    def __init__(self, config, parts) -> None:
        super().__init__(config, parts)
        if not hasattr(self.generator, "synthesize"):
            raise GanzooError(
                f"The recipe stylegan mixes styles, and {self.generator.architecture.entry} has none. "
                "Use --part generator=stylegan, or the recipe dcgan."
            )
        self.mean_length = torch.zeros(())
        if config.separate_penalties:
            self.slow_down("discriminator", config.r1_every if config.r1 else 0)
            self.slow_down("generator", config.path_every if config.path_length else 0)

    def slow_down(self, optimizer: str, every: int) -> None:
        """Raise Adam's betas to the power c and multiply its rate by c = k / (k + 1), for a penalty every k steps.

        That makes up for the penalty's own steps, one in k + 1 (appendix B). Without a penalty, k = 0, nothing changes.
        """
        factor = every / (every + 1) if every else 1.0
        for group in self.optimizers[optimizer].param_groups:
            group["lr"] *= factor
            group["betas"] = tuple(beta**factor for beta in group["betas"])

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Update both networks on ``batch["image"]``."""
        images, is_generator_step = batch["image"], self.is_generator_step()
        self.real_images = images
        with torch.set_grad_enabled(is_generator_step):
            fake = self.generator.synthesize(self.styles(len(images), images.device), self.noise(images))
            fake = self.keep_valid(fake, batch.get("valid"))
        losses = self.update_discriminator(images, fake.detach())
        return {**losses, **self.update_generator(fake, batch)} if is_generator_step else losses

    def update_discriminator(self, images: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """Update the discriminator by its loss, and by its penalties if these are due."""
        if not self.config.separate_penalties:
            loss = self.discriminator_loss(self.augment(images), self.augment(fake))
            self.update("discriminator", loss)
            return {"discriminator": loss}
        logits = self.forward_batched(self.discriminator, self.augment(images), self.augment(fake))
        loss = self.loss.discriminator(*logits)
        penalty = self.penalty(lambda x: self.discriminator(self.augment(x)), images, fake, "discriminator")
        self.update("discriminator", loss, penalty if isinstance(penalty, Tensor) else None)
        return {"discriminator": loss + penalty}

    def update_generator(self, fake: Tensor, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Update the generator, every ``path_every``-th time with the path length penalty."""
        config, update = self.config, self.step_state.step // self.config.discriminator_steps
        with self.frozen("discriminator"):
            loss = self.generator_loss(self.augment(fake))
            losses = {"generator": loss}
            penalty = None
            if config.path_length and update % config.path_every == 0:
                penalty = config.path_length * config.path_every * self.path_penalty(fake)
            total = self.with_extra_losses(loss, losses, batch, {"image": fake})
            if penalty is not None and not config.separate_penalties:
                total, penalty = total + penalty, None
            self.update("generator", total, penalty)
        if config.path_length:
            losses["path_length"] = self.mean_length.clone()
        return losses

    def styles(self, count: int, device: torch.device) -> Tensor:
        """Draw styles (count, layers, latent_dim); a fraction ``mixing`` of the images has styles of two latents.

        The second latent starts at a layer that is drawn for each image (arXiv:1812.04948, section 3.1).
        """
        layers = self.generator.layers_of_style
        latents = torch.cat([self.latents(count, device), self.latents(count, device)])
        first, second = self.generator.mapping(latents).split(count)
        self.update_mean(first)
        whether, where = self.uniform(count, 2, device=device).unbind(1)
        begin = torch.where(whether < self.config.mixing, 1 + (where * (layers - 1)).floor(), layers)
        other = torch.arange(layers, device=device) >= begin[:, None]
        return torch.where(other[:, :, None], second[:, None], first[:, None])

    def update_mean(self, w: Tensor) -> None:
        """Update the generator's running mean of w by the batch's, over all processes."""
        mean = w.detach().mean(0)
        self.processes.average([mean])
        self.generator.update_mean(mean)

    def noise(self, images: Tensor) -> list[Tensor]:
        """Draw noise for all layers of the generator, for this many images."""
        return [self.normal(len(images), 1, *size, device=images.device) for size in self.generator.noise_sizes]

    def path_penalty(self, like: Tensor) -> Tensor:
        """Return the mean of (|J_w^T y| - a)**2 for half as many images (equation 4, appendix B).

        Each value of y is from N(0, 1 / (H W)); |.|**2 is the mean over layers, each with its own w; a is the running
        mean. This is the authors' code: weight 2 is the appendix's ln 2 / (r**2 (ln r - ln 2)) for resolution r.
        """
        some = like[: max(1, len(like) // 2)]
        with torch.autocast(like.device.type, enabled=False):
            styles = self.styles(len(some), like.device)
            fake = self.generator.synthesize(styles, self.noise(some))
            y = self.normal(*fake.shape, device=like.device) / math.sqrt(fake.shape[2] * fake.shape[3])
            (gradient,) = torch.autograd.grad((fake * y).sum(), styles, create_graph=True)
        lengths = gradient.square().sum(2).mean(1).sqrt()
        mean = lengths.detach().mean()
        self.processes.average([mean])
        self.mean_length = self.mean_length.to(mean).lerp(mean, 1 - LENGTH_DECAY)
        return (lengths - self.mean_length).square().mean()

    def state(self) -> dict[str, Any]:
        """Return the mean path length, and what else a resumed run needs."""
        return {**super().state(), "mean_length": self.mean_length}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Restore what `state` returned."""
        super().load_state(state)
        self.mean_length = state["mean_length"]
