"""Plain training steps, as tutorials and the papers' public PyTorch code write them; the baseline of the benchmarks.

One forward pass per input, one loss after the other, default Adam, nothing batched or fused, ``InstanceNorm2d`` for
instance norm. Written from the papers for this comparison. Parameters are in the same order as ganzoo's, so that
weights can be copied.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import torch
from torch import Tensor, nn


class ResidualBlock(nn.Module):
    """Two padded 3x3 convolutions with instance norm, and a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.block = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
            nn.ReLU(True),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.block(x)


def resnet_generator(width: int = 64, blocks: int = 6) -> nn.Sequential:
    """CycleGAN's generator (arXiv:1703.10593, appendix 7.2)."""
    layers = [nn.ReflectionPad2d(3), nn.Conv2d(3, width, 7), nn.InstanceNorm2d(width), nn.ReLU(True)]
    for c in (width, 2 * width):
        layers += [nn.Conv2d(c, 2 * c, 3, stride=2, padding=1), nn.InstanceNorm2d(2 * c), nn.ReLU(True)]
    layers += [ResidualBlock(4 * width) for _ in range(blocks)]
    for c in (4 * width, 2 * width):
        layers.append(nn.ConvTranspose2d(c, c // 2, 3, stride=2, padding=1, output_padding=1))
        layers += [nn.InstanceNorm2d(c // 2), nn.ReLU(True)]
    return nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh())


def patch_discriminator(width: int = 64) -> nn.Sequential:
    """The 70x70 PatchGAN (arXiv:1611.07004, appendix 6.1), with instance norm."""
    layers = [nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2, True)]
    for index, stride in enumerate((2, 2, 1)):
        c = width * 2**index
        layers += [nn.Conv2d(c, 2 * c, 4, stride, 1), nn.InstanceNorm2d(2 * c), nn.LeakyReLU(0.2, True)]
    return nn.Sequential(*layers, nn.Conv2d(8 * width, 1, 4, 1, 1))


class ImagePool:
    """A buffer of 50 generated images; half of the time an old one is returned (arXiv:1612.07828, section 2.3)."""

    def __init__(self, size: int = 50) -> None:
        self.size, self.images = size, []

    def query(self, images: Tensor) -> Tensor:
        out = []
        for image in images.detach().unsqueeze(1):
            if len(self.images) < self.size:
                self.images.append(image)
                out.append(image)
            elif random.random() > 0.5:
                index = random.randrange(self.size)
                out.append(self.images[index].clone())
                self.images[index] = image
            else:
                out.append(image)
        return torch.cat(out)


class CycleGan:
    """CycleGAN with least squares; ``identity`` is the identity weight relative to the cycle weight."""

    def __init__(self, width: int = 64, blocks: int = 6, identity: float = 0.5) -> None:
        self.a2b, self.b2a = resnet_generator(width, blocks), resnet_generator(width, blocks)
        self.discriminator_a, self.discriminator_b = patch_discriminator(width), patch_discriminator(width)
        self.networks = {
            "a2b": self.a2b,
            "b2a": self.b2a,
            "discriminator_a": self.discriminator_a,
            "discriminator_b": self.discriminator_b,
        }
        self.pool_a, self.pool_b, self.identity = ImagePool(), ImagePool(), identity
        self.l1, self.mse = nn.L1Loss(), nn.MSELoss()

    def begin(self) -> None:
        """Create the optimizers; call it when weights and device are final."""
        both = itertools.chain(self.a2b.parameters(), self.b2a.parameters())
        discriminators = itertools.chain(self.discriminator_a.parameters(), self.discriminator_b.parameters())
        self.optimizers = {
            "generators": torch.optim.Adam(both, lr=2e-4, betas=(0.5, 0.999)),
            "discriminators": torch.optim.Adam(discriminators, lr=2e-4, betas=(0.5, 0.999)),
        }

    def step(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        a, b = batch["a"], batch["b"]
        fake_b = self.a2b(a)
        back_a = self.b2a(fake_b)
        fake_a = self.b2a(b)
        back_b = self.a2b(fake_a)

        self.require_gradients(False)
        self.optimizers["generators"].zero_grad()
        losses = {}
        if self.identity:
            losses["identity"] = self.l1(self.a2b(b), b) + self.l1(self.b2a(a), a)
        losses["adversarial"] = self.adversarial_loss(self.discriminator_b(fake_b), True) + self.adversarial_loss(
            self.discriminator_a(fake_a), True
        )
        losses["cycle"] = self.l1(back_a, a) + self.l1(back_b, b)
        total = losses["adversarial"] + 10 * losses["cycle"] + 10 * self.identity * losses.get("identity", 0)
        total.backward()
        self.optimizers["generators"].step()

        self.require_gradients(True)
        self.optimizers["discriminators"].zero_grad()
        loss_a = self.discriminate(self.discriminator_a, a, self.pool_a.query(fake_a))
        loss_b = self.discriminate(self.discriminator_b, b, self.pool_b.query(fake_b))
        self.optimizers["discriminators"].step()
        return {**losses, "discriminator": loss_a + loss_b}

    def discriminate(self, discriminator: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
        loss = (
            self.adversarial_loss(discriminator(real), True) + self.adversarial_loss(discriminator(fake), False)
        ) * 0.5
        loss.backward()
        return loss

    def adversarial_loss(self, logits: Tensor, real: bool) -> Tensor:
        return self.mse(logits, torch.tensor(1.0 if real else 0.0).to(logits).expand_as(logits))

    def require_gradients(self, value: bool) -> None:
        for discriminator in (self.discriminator_a, self.discriminator_b):
            for parameter in discriminator.parameters():
                parameter.requires_grad = value


def dcgan_generator(width: int = 64, latent_dim: int = 100) -> nn.Sequential:
    """DCGAN's generator (arXiv:1511.06434) of 32x32 RGB images."""
    layers = [nn.ConvTranspose2d(latent_dim, 4 * width, 4, 1, 0, bias=False), nn.BatchNorm2d(4 * width), nn.ReLU(True)]
    for c in (4 * width, 2 * width):
        layers += [nn.ConvTranspose2d(c, c // 2, 4, 2, 1, bias=False), nn.BatchNorm2d(c // 2), nn.ReLU(True)]
    return nn.Sequential(*layers, nn.ConvTranspose2d(width, 3, 4, 2, 1, bias=False), nn.Tanh())


def dcgan_discriminator(width: int = 64) -> nn.Sequential:
    """DCGAN's discriminator of 32x32 RGB images; returns a probability."""
    layers = [nn.Conv2d(3, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, True)]
    for c in (width, 2 * width):
        layers += [nn.Conv2d(c, 2 * c, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * c), nn.LeakyReLU(0.2, True)]
    return nn.Sequential(*layers, nn.Conv2d(4 * width, 1, 4, 1, 0, bias=False), nn.Flatten(), nn.Sigmoid())


class Latent:
    """The alternating step of the tutorials: D on real, D on fake, then G; cross entropy of probabilities."""

    def __init__(self, generator: nn.Module, discriminator: nn.Module, latent_shape: tuple[int, ...]) -> None:
        self.generator, self.discriminator, self.latent_shape = generator, discriminator, latent_shape
        self.networks = {"generator": generator, "discriminator": discriminator}
        self.criterion = nn.BCELoss()

    def begin(self) -> None:
        """Create the optimizers; call it when weights and device are final."""
        self.optimizers = {
            name: torch.optim.Adam(network.parameters(), lr=2e-4, betas=(0.5, 0.999))
            for name, network in self.networks.items()
        }

    def step(self, batch: dict[str, Tensor]) -> dict[str, float]:
        real = batch["image"]
        ones = torch.ones(len(real), 1, device=real.device, dtype=real.dtype)
        self.discriminator.zero_grad()
        real_loss = self.cross_entropy(self.discriminator(real), ones)
        real_loss.backward()
        noise = torch.randn(len(real), *self.latent_shape, device=real.device).to(real)
        fake = self.generator(noise)
        fake_loss = self.cross_entropy(self.discriminator(fake.detach()), 0 * ones)
        fake_loss.backward()
        self.optimizers["discriminator"].step()
        torch.clear_autocast_cache()  # otherwise autocast would reuse the old weights of the discriminator

        self.generator.zero_grad()
        loss = self.cross_entropy(self.discriminator(fake), ones)
        loss.backward()
        self.optimizers["generator"].step()
        return {"generator": loss.item(), "discriminator": real_loss.item() + fake_loss.item()}

    def cross_entropy(self, probability: Tensor, target: Tensor) -> Tensor:
        with torch.autocast(probability.device.type, enabled=False):  # BCELoss is not allowed under autocast
            return self.criterion(probability.to(target), target)


def dcgan(width: int = 64) -> Latent:
    """DCGAN at 32x32 RGB."""
    return Latent(dcgan_generator(width), dcgan_discriminator(width), (100, 1, 1))


def mlp(width: int = 256, pixels: int = 784) -> Latent:
    """Two perceptrons on flattened 28x28 images (arXiv:1406.2661, as tutorials have it)."""
    generator = nn.Sequential(nn.Linear(100, width), nn.ReLU(), nn.Linear(width, pixels), nn.Tanh())
    discriminator = nn.Sequential(nn.Flatten(), nn.Linear(pixels, width), nn.ReLU(), nn.Linear(width, 1), nn.Sigmoid())
    return Latent(generator, discriminator, (100,))


class SingleImages(torch.utils.data.Dataset):
    """uint8 images (N, C, H, W), returned one at a time as floats in [-1, 1]."""

    def __init__(self, images: Tensor) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Tensor:
        return (self.images[index].float() / 255 - 0.5) / 0.5


def batches(images: Tensor, batch_size: int) -> Iterator[dict[str, Tensor]]:
    """Yield shuffled batches forever, through a DataLoader over single images."""
    loader = torch.utils.data.DataLoader(SingleImages(images), batch_size, shuffle=True, drop_last=True)
    while True:
        for image in loader:
            yield {"image": image}
