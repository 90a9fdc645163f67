"""DVD-GAN's generator and its two discriminators (Clark, Donahue, Simonyan 2019, arXiv:1907.06571, section 3)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .layers import ConvGRU, DownBlock, UpBlock, conv, spectral
from .sizes import channels as widened
from .sizes import split_size


class Stage(nn.Module):
    """A ConvGRU over the frames, then two residual blocks for each frame alone; the second one doubles its size.

    The paper has a ConvGRU in every stage; here it can be left out.
    """

    def __init__(self, inputs: int, outputs: int, conditions: int, recurrent: bool) -> None:
        super().__init__()
        self.memory = ConvGRU(inputs) if recurrent else None
        self.blocks = nn.ModuleList(
            [UpBlock(inputs, inputs, conditions, enlarge=False), UpBlock(inputs, outputs, conditions, enlarge=True)]
        )

    def forward(self, features: Tensor, conditioning: Tensor, frames: int) -> Tensor:
        """Map (N, T or 1, C, H, W) to (N, T, outputs, 2H, 2W)."""
        states = features if self.memory is None else self.memory(features, frames)
        images = states.flatten(0, 1)
        for block in self.blocks:
            images = block(images, conditioning)
        return images.unflatten(0, (len(features), -1))


class DvdGanGenerator(nn.Module):
    """A latent and a class give one small feature map, which ConvGRUs set in motion and residual blocks upsample.

    [z; e(y)] is the input of the first layer and of every conditional norm; without classes it is z alone. The first
    ``recurrent`` stages, from the smallest on, have a ConvGRU; in the paper all of them do.
    """

    def __init__(
        self,
        image_size: int = 64,
        channels: int = 3,
        frames: int = 8,
        classes: int = 0,
        latent_dim: int = 120,
        width: int = 32,
        recurrent: int = 8,
    ) -> None:
        super().__init__()
        self.image_size, self.out_channels, self.frames = image_size, channels, frames
        self.latent_dim, self.classes = latent_dim, classes
        self.base, doublings = split_size(image_size)
        widths = [widened(width, doublings - stage) for stage in range(doublings + 1)]
        self.embedding = spectral(nn.Embedding(classes, latent_dim)) if classes else None
        conditions = latent_dim * (2 if classes else 1)
        self.start = spectral(nn.Linear(conditions, widths[0] * self.base**2))
        self.stages = nn.ModuleList(
            Stage(widths[stage], widths[stage + 1], conditions, stage < recurrent) for stage in range(doublings)
        )
        self.norm = nn.BatchNorm2d(width)
        self.last = conv(width, channels)
        self.to(memory_format=torch.channels_last)  # 1.2 times as fast to train on CPUs, and faster on GPUs

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Generate clips.

        Args:
            latents: (N, latent_dim) from N(0, 1).
            labels: (N,) int64, if there are classes.

        Returns:
            (N, channels, frames, image_size, image_size) in [-1, 1].
        """
        conditioning = latents if self.embedding is None else torch.cat([latents, self.embedding(labels)], 1)
        features = self.start(conditioning).view(len(latents), 1, -1, self.base, self.base)
        for stage in self.stages:
            features = stage(features, conditioning, self.frames)
        images = self.last(F.relu(self.norm(features.flatten(0, 1))))
        return torch.tanh(images).unflatten(0, (len(latents), self.frames)).transpose(1, 2).contiguous()


class ProjectionHead(nn.Module):
    """A linear logit plus class projection (arXiv:1802.05637): features (N, C) and labels (N,) to (N, 1)."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.linear = spectral(nn.Linear(channels, 1))
        self.embedding = spectral(nn.Embedding(classes, channels)) if classes else None

    def forward(self, features: Tensor, labels: Tensor | None) -> Tensor:
        """Return logits (N, 1) of features (N, C): a linear layer, plus the projection on the label's embedding."""
        logits: Tensor = self.linear(features)
        if self.embedding is None:
            return logits
        return logits + (self.embedding(labels) * features).sum(1, keepdim=True)


class SpatialDiscriminator(nn.Module):
    """Scores single frames at full resolution, like BigGAN's discriminator."""

    def __init__(self, image_size: int = 64, channels: int = 3, classes: int = 0, width: int = 32) -> None:
        super().__init__()
        self.image_size, self.in_channels, self.classes = image_size, channels, classes
        self.conditional = classes > 0
        _, halvings = split_size(image_size)
        widths = [channels, *(widened(width, block) for block in range(halvings + 1))]
        self.blocks = nn.Sequential(
            *(
                DownBlock(widths[block], widths[block + 1], shrink=block < halvings, first=block == 0)
                for block in range(halvings + 1)
            )
        )
        self.verdict = ProjectionHead(widths[-1], classes)
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Score images (N, channels, image_size, image_size) in [-1, 1]: logits (N, 1), no sigmoid."""
        return self.verdict(F.relu(self.blocks(images)).sum((2, 3)), labels)


class TemporalDiscriminator(nn.Module):
    """Scores whole clips at half their height and width: it sees motion at a quarter of the pixels.

    Its first two blocks are three-dimensional and halve the number of frames as well. The others see each frame alone.
    Features are summed over positions and frames.
    """

    def __init__(
        self, image_size: int = 64, channels: int = 3, frames: int = 8, classes: int = 0, width: int = 32
    ) -> None:
        super().__init__()
        self.image_size, self.in_channels, self.frames, self.classes = image_size, channels, frames, classes
        self.conditional = classes > 0
        _, halvings = split_size(image_size)
        count = max(halvings, 2)  # clips are halved once before
        widths = [channels, *(widened(width, block) for block in range(count))]
        blocks = [
            DownBlock(
                widths[block],
                widths[block + 1],
                shrink=block < halvings - 1,
                first=block == 0,
                dimensions=3 if block < 2 else 2,
            )
            for block in range(count)
        ]
        self.moving, self.still = nn.Sequential(*blocks[:2]), nn.Sequential(*blocks[2:])
        self.verdict = ProjectionHead(widths[-1], classes)

    def forward(self, clips: Tensor, labels: Tensor | None = None) -> Tensor:
        """Score clips (N, channels, frames, image_size, image_size) in [-1, 1]: logits (N, 1), no sigmoid."""
        features = self.moving(F.avg_pool3d(clips, (1, 2, 2))).transpose(1, 2)
        frames = self.still(features.flatten(0, 1)).unflatten(0, features.shape[:2])
        return self.verdict(F.relu(frames).sum((1, 3, 4)), labels)
