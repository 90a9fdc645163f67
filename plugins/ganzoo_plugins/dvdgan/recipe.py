"""DVD-GAN's training (arXiv:1907.06571, section 3): one generator of clips, judged by frames and by motion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo import Recipe, sliced_wasserstein


class DvdGanRecipe(Recipe):
    """Both discriminators learn by the loss, hinge in the paper; then the generator, from the sum of their opinions.

    The spatial one sees ``spatial_frames`` frames of every clip, drawn at random without repetition; what it says of a
    clip is the sum over these. The temporal one sees whole clips at half their resolution.
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
        """Update the discriminators on ``batch["clip"]``, then the generator by the discriminators just updated."""
        real, labels, learns = batch["clip"], self.labels(batch), self.is_generator_step()
        with torch.set_grad_enabled(learns):
            fake = self.make(self.generator, self.latents(len(real), real.device), labels)

        shown = self.augment(real), self.augment(fake.detach())
        losses = {
            "spatial discriminator": self.evaluated(self.spatial, *map(self.some_frames, shown), labels),
            "temporal discriminator": self.evaluated(self.temporal, *shown, labels),
        }
        self.update("discriminators", losses["spatial discriminator"] + losses["temporal discriminator"])
        if not learns:
            return losses

        with self.frozen("spatial", "temporal"):
            seen = self.augment(fake)
            discriminator_logits = [
                opinion(self.spatial, self.some_frames(seen), labels),
                opinion(self.temporal, seen, labels),
            ]
            generator_loss = sum(
                (self.loss.generator(each) for each in discriminator_logits[1:]),
                self.loss.generator(discriminator_logits[0]),
            )
            self.update("generator", generator_loss)
        return {"generator": generator_loss, **losses}

    def evaluated(self, network: nn.Module, real: Tensor, fake: Tensor, labels: Tensor | None) -> Tensor:
        """Return what one discriminator minimizes, penalties included, on clips or on frames (N, k, C, H, W)."""

        def of(shown: Tensor) -> Any:
            return opinion(network, shown, labels)

        return self.loss.discriminator(of(real), of(fake)) + self.penalty(of, real, fake)

    def some_frames(self, clips: Tensor) -> Tensor:
        """Draw ``spatial_frames`` of the frames of each clip (N, C, T, H, W): (N, k, C, H, W)."""
        count, _, frames = clips.shape[:3]
        chosen = self.uniform(count, frames, device=clips.device).argsort(1)[:, : self.config.spatial_frames]
        return clips.transpose(1, 2)[torch.arange(count, device=clips.device)[:, None], chosen]

    def labels(self, batch: Mapping[str, Tensor]) -> Tensor | None:
        """Return the labels, which clips that are made share with the real ones; None without classes."""
        return batch["label"] if hasattr(self.config, "classes") else None

    def latents(self, count: int, device: torch.device) -> Tensor:
        """Draw (count, latent_dim) from N(0, 1)."""
        return self.normal(count, self.generator.latent_dim, device=device)

    def make(self, generator: nn.Module, latents: Tensor, labels: Tensor | None) -> Tensor:
        """Return clips (N, C, T, H, W)."""
        clips: Tensor = generator(latents) if labels is None else generator(latents, labels)
        return clips

    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        """Return the frames of clips from the same latents every time, one clip after the other (N * T, C, H, W)."""
        return frames_of(self._sampled(networks, batch))

    def _sampled(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        like, fixed = batch["clip"], torch.Generator().manual_seed(0)
        latents = torch.randn(len(like), self.generator.latent_dim, generator=fixed).to(like.device)
        return self.make(networks["generator"], latents, self.labels(batch))

    def validate(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Return sliced Wasserstein distances to held-out clips, times 1000: of frames and of their changes.

        ``motion`` compares each frame less the one before it; ``distance`` is the mean of both.
        """
        made, real = self._sampled(networks, batch).float(), batch["clip"]
        frames = sliced_wasserstein(frames_of(made), frames_of(real))
        motion = sliced_wasserstein(frames_of(made.diff(dim=2)), frames_of(real.diff(dim=2)))
        return {"distance": (frames + motion) / 2, "frames": frames, "motion": motion}


def frames_of(clips: Tensor) -> Tensor:
    """Return the frames (N * T, C, H, W) of clips (N, C, T, H, W), one clip after the other."""
    return clips.transpose(1, 2).flatten(0, 1)


def opinion(network: nn.Module, shown: Tensor, labels: Tensor | None) -> Any:
    """Return logits of clips (N, C, T, H, W), or of frames (N, k, C, H, W): of these the sum over a clip's frames."""
    clips = hasattr(network, "frames")
    seen = shown if clips else shown.flatten(0, 1)
    conditional = getattr(network, "conditional", False) and labels is not None
    conditioning = [labels.repeat_interleave(len(seen) // len(labels))] if conditional and labels is not None else []
    logits = network(seen, *conditioning)
    if clips:
        return logits
    if isinstance(logits, (list, tuple)):
        return [each.unflatten(0, shown.shape[:2]).sum(1) for each in logits]
    return logits.unflatten(0, shown.shape[:2]).sum(1)
