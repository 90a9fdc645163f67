"""DVD-GAN's training (arXiv:1907.06571, section 3): discriminators of frames and of motion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo import Recipe, sliced_wasserstein


class DVDGANRecipe(Recipe):
    """In each step both discriminators are updated, then the generator by the sum of their losses (hinge in the paper).

    The spatial discriminator sees ``spatial_frames`` random frames of every clip, without repetition; its logit of a
    clip is the sum over them. The temporal one sees whole clips at half their resolution.
    """

    validation_batch = 256  # clips: a distance between two sets needs many of each

    def __init__(self, config: Any, parts: Any) -> None:
        self.config = config
        size, channels, frames = config.image_size, config.channels, config.frames
        facts = {"image_size": size, "channels": channels, "in_channels": channels, "frames": frames}
        facts["classes"] = getattr(config, "classes", 0)
        self.generator = parts.build("generator", **facts)
        self.spatial, self.temporal = (parts.build(role, **facts) for role in ("spatial", "temporal"))
        self.loss = parts.build("loss")
        self.networks = {"generator": self.generator, "spatial": self.spatial, "temporal": self.temporal}
        self.optimizers = {
            "generator": self.adam(self.generator),
            "discriminators": self.adam(self.spatial, self.temporal, discriminator=True),
        }
        self.exports = {"": "generator"}

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Update the discriminators on ``batch["clip"]``, then the generator against them."""
        real, labels = batch["clip"], self.labels(batch)
        is_generator_step = self.is_generator_step()
        with torch.set_grad_enabled(is_generator_step):
            fake = self.generate(self.generator, self.latents(len(real), real.device), labels)

        augmented = self.augment(real), self.augment(fake.detach())
        losses = {
            "spatial discriminator": self.discriminator_loss(self.spatial, *map(self.draw_frames, augmented), labels),
            "temporal discriminator": self.discriminator_loss(self.temporal, *augmented, labels),
        }
        self.update("discriminators", losses["spatial discriminator"] + losses["temporal discriminator"])
        if not is_generator_step:
            return losses

        with self.frozen("spatial", "temporal"):
            clips = self.augment(fake)
            spatial = self.loss.generator(
                clip_logits(self.spatial, self.draw_frames(clips), labels),
                lambda: clip_logits(self.spatial, self.draw_frames(self.augment(real)), labels),
            )
            temporal = self.loss.generator(
                clip_logits(self.temporal, clips, labels),
                lambda: clip_logits(self.temporal, self.augment(real), labels),
            )
            losses = {"generator": spatial + temporal, **losses}
            self.update("generator", self.with_extra_losses(spatial + temporal, losses, batch, {"clip": fake}))
        return losses

    def discriminator_loss(self, network: nn.Module, real: Tensor, fake: Tensor, labels: Tensor | None) -> Tensor:
        """Return what one discriminator minimizes, penalties included, on clips or on frames (N, k, C, H, W)."""

        def score(images: Tensor) -> Any:
            return clip_logits(network, images, labels)

        name = "spatial" if network is self.spatial else "temporal"
        return self.loss.discriminator(score(real), score(fake)) + self.penalty(score, real, fake, name)

    def draw_frames(self, clips: Tensor) -> Tensor:
        """Draw ``spatial_frames`` of the frames of each clip (N, C, T, H, W): (N, k, C, H, W)."""
        count, _, frames = clips.shape[:3]
        chosen = self.uniform(count, frames, device=clips.device).argsort(1)[:, : self.config.spatial_frames]
        return clips.transpose(1, 2)[torch.arange(count, device=clips.device)[:, None], chosen]

    def labels(self, batch: Mapping[str, Tensor]) -> Tensor | None:
        """Return the labels of real clips, which generated ones share; None without classes."""
        return batch["label"] if hasattr(self.config, "classes") else None

    def latents(self, count: int, device: torch.device) -> Tensor:
        """Draw (count, latent_dim) from N(0, 1)."""
        return self.normal(count, self.generator.latent_dim, device=device)

    def generate(self, generator: nn.Module, latents: Tensor, labels: Tensor | None) -> Tensor:
        """Generate clips (N, C, T, H, W)."""
        clips: Tensor = generator(latents) if labels is None else generator(latents, labels)
        return clips

    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        """Return the frames of clips from the same latents every time, one clip after the other (N * T, C, H, W)."""
        return flatten_frames(self._sample_clips(networks, batch))

    def _sample_clips(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        like, fixed = batch["clip"], torch.Generator().manual_seed(0)
        latents = torch.randn(len(like), self.generator.latent_dim, generator=fixed).to(like.device)
        return self.generate(networks["generator"], latents, self.labels(batch))

    def validate(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Return sliced Wasserstein distances to held-out clips, times 1000.

        Returns:
            ``frames``: of frames. ``motion``: of differences between successive frames. ``distance``: the mean of both.
        """
        fake, real = self._sample_clips(networks, batch).float(), batch["clip"]
        frames = sliced_wasserstein(flatten_frames(fake), flatten_frames(real))
        motion = sliced_wasserstein(flatten_frames(fake.diff(dim=2)), flatten_frames(real.diff(dim=2)))
        return {"distance": (frames + motion) / 2, "frames": frames, "motion": motion}


def flatten_frames(clips: Tensor) -> Tensor:
    """Return the frames (N * T, C, H, W) of clips (N, C, T, H, W), one clip after the other."""
    return clips.transpose(1, 2).flatten(0, 1)


def clip_logits(network: nn.Module, images: Tensor, labels: Tensor | None) -> Any:
    """Return logits of clips (N, C, T, H, W), or the sum over each clip's frames for frames (N, k, C, H, W)."""
    clips = hasattr(network, "frames")
    inputs = images if clips else images.flatten(0, 1)
    conditional = getattr(network, "conditional", False) and labels is not None
    conditioning = [labels.repeat_interleave(len(inputs) // len(labels))] if conditional and labels is not None else []
    logits = network(inputs, *conditioning)
    if clips:
        return logits
    if isinstance(logits, (list, tuple)):
        return [each.unflatten(0, images.shape[:2]).sum(1) for each in logits]
    return logits.unflatten(0, images.shape[:2]).sum(1)
