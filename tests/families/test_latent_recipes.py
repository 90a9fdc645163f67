"""The steps of DCGAN and LSGAN against their papers' losses in float64."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from exact import descend_plainly, differences, doubles, flat, make, step_down
from torch import Tensor

PARTS = {"generator": {"width": 4, "latent_dim": 6}, "discriminator": {"width": 4}}


def images() -> dict[str, Tensor]:
    return {"image": torch.rand(4, 1, 16, 16, generator=torch.Generator().manual_seed(2)) * 2 - 1}


def cross_entropy(real: Tensor, fake: Tensor) -> Tensor:
    one, zero = torch.ones_like(real), torch.zeros_like(fake)
    return F.binary_cross_entropy_with_logits(real, one) + F.binary_cross_entropy_with_logits(fake, zero)


def fooling(fake: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(fake, torch.ones_like(fake))


LOSSES = {
    ("dcgan",): (cross_entropy, fooling),
    ("lsgan",): (
        lambda real, fake: ((real - 1) ** 2).mean() / 2 + (fake**2).mean() / 2,
        lambda fake: ((fake - 1) ** 2).mean() / 2,
    ),
    ("lsgan", -1, 1, 0): (
        lambda real, fake: ((real - 1) ** 2).mean() / 2 + ((fake + 1) ** 2).mean() / 2,
        lambda fake: (fake**2).mean() / 2,
    ),
}


@pytest.mark.parametrize("case", list(LOSSES), ids=str)
def test_a_step_moves_the_discriminator_and_then_the_generator(case: tuple[str, int, int, int]) -> None:
    labels = dict(zip("abc", case[1:], strict=False))
    recipe = make(case[0], PARTS, channels=1, image_size=16, **labels)
    descend_plainly(recipe)
    exact, before, batch = doubles(recipe), flat(recipe), images()
    torch.manual_seed(5)
    losses = recipe.step(batch)

    torch.manual_seed(5)
    latents, real = torch.randn(4, 6).double(), batch["image"].double()
    generator, judge = exact["generator"], exact["discriminator"]
    judging, making = LOSSES[case]
    fake = generator(latents)
    loss_d = judging(judge(real), judge(fake.detach()))
    step_down(loss_d, judge)
    loss_g = making(judge(fake))
    step_down(loss_g, generator)
    assert losses["discriminator"].item() == pytest.approx(loss_d.item(), rel=1e-5)
    assert losses["generator"].item() == pytest.approx(loss_g.item(), rel=1e-5)
    assert max(differences(recipe, before, exact).values()) < 1e-3


@pytest.mark.parametrize("name", ["dcgan", "lsgan"])
def test_samples_come_from_the_same_latents_every_time(name: str) -> None:
    recipe = make(name, PARTS, channels=1, image_size=16)
    recipe.generator.eval()
    first = recipe.sample(recipe.networks, images())
    latents = torch.randn(4, 6, generator=torch.Generator().manual_seed(0))
    assert torch.equal(recipe.sample(recipe.networks, images()), first)
    assert torch.equal(first, recipe.generator(latents))


@pytest.mark.parametrize(("name", "rate"), [("dcgan", 2e-4), ("lsgan", 1e-3)])
def test_the_optimizer_is_the_papers_adam_at_a_constant_rate(name: str, rate: float) -> None:
    recipe = make(name, PARTS, channels=1, image_size=16)
    for optimizer in recipe.optimizers.values():
        assert isinstance(optimizer, torch.optim.Adam)
        assert (optimizer.defaults["lr"], optimizer.defaults["betas"]) == (rate, (0.5, 0.999))
    assert [recipe.learning_rate(progress) for progress in (0, 0.5, 1)] == [1, 1, 1]
