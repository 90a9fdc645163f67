"""What recipes did otherwise than their papers or authors' code, held to the formulas, written here once more.

The table is ``docs/families/papers.md``.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from exact import doubles, make
from torch import Tensor, nn

import ganzoo
from ganzoo.catalog import former_names
from ganzoo.contracts.recipe import StepState
from ganzoo.losses.gradient_penalty import gradient_penalty
from ganzoo.losses.regularizer import LazyRegularizer
from ganzoo.training.settings import read_settings

TINY = {"generator": {"width": 4}, "discriminator": {"width": 4}}


def images(count: int = 4, channels: int = 1, size: int = 16, seed: int = 1) -> Tensor:
    return torch.rand(count, channels, size, size, generator=torch.Generator().manual_seed(seed)) * 2 - 1


# ---- parts: what recipes set -----------------------------------------------------------------------------------------


def test_pix2pix_has_batch_norm_in_both_networks() -> None:
    recipe = make("pix2pix", TINY, channels=3, image_size=32)
    for network in recipe.networks.values():
        assert sum(isinstance(each, nn.BatchNorm2d) for each in network.modules()) >= 2
    assert not any(isinstance(each, nn.InstanceNorm2d) for each in recipe.discriminator.modules())


def test_a_u_net_normalizes_by_the_statistics_of_the_image_when_it_is_used() -> None:
    recipe = make("pix2pix", TINY, channels=3, image_size=32)
    inputs = images(2, 3, 32)
    alone = [recipe.generator.eval()(one[None]) for one in inputs]
    assert torch.allclose(recipe.generator(inputs), torch.cat(alone), atol=1e-5), "no image changes another"
    for layer in recipe.generator.modules():
        if isinstance(layer, nn.BatchNorm2d):  # as in training with one image, whatever its averages are
            features = torch.randn(1, layer.num_features, 4, 4) * 3 + 2
            mean, deviation = features.mean((2, 3), keepdim=True), features.std((2, 3), keepdim=True, correction=0)
            scale, shift = (each.detach()[:, None, None] for each in (layer.weight, layer.bias))
            assert torch.allclose(layer(features), (features - mean) / deviation * scale + shift, atol=1e-3)


def test_dropout_of_a_u_net_outside_of_training_is_an_option() -> None:
    options = {"width": 4, "image_size": 64}
    noisy = ganzoo.build("generator:unet", **options, test_dropout=True).eval()
    inputs = images(1, 3, 64)
    assert not torch.equal(noisy(inputs), noisy(inputs))
    quiet = ganzoo.build("generator:unet", **options).eval()
    quiet.load_state_dict(noisy.state_dict())
    assert torch.equal(quiet(inputs), quiet(inputs))


def test_cut_starts_from_glorots_weights_and_blurs_where_sizes_change() -> None:
    recipe = make("cut", {"generator": {"width": 16, "blocks": 5}}, channels=3, image_size=16)
    assert recipe.encoder.layers == ("input", "layers.4", "layers.8", "layers.12", "layers.16")
    for network in (recipe.generator, recipe.discriminator):
        weights = [each.weight for each in network.modules() if type(each) is nn.Conv2d and each.weight.numel() > 4000]
        weights = [each for each in weights if isinstance(each, nn.Parameter)]
        assert weights
        for weight in weights:
            outer, inner, high, wide = weight.shape
            expected = 0.02 * math.sqrt(2 / ((inner + outer) * high * wide))
            assert weight.std().item() == pytest.approx(expected, rel=0.1)
    (linear, *_) = recipe.heads[-1]
    assert linear.weight.std().item() == pytest.approx(0.02 * math.sqrt(2 / sum(linear.weight.shape)), rel=0.1)


def test_layers_of_cut_follow_the_generator_s_blurs() -> None:
    sharp = {"generator": {"width": 4, "blocks": 5, "antialias": False}}
    recipe = make("cut", sharp, channels=3, image_size=16)
    assert recipe.encoder.layers == ("input", "layers.4", "layers.7", "layers.10", "layers.14")


@pytest.mark.parametrize(("name", "start"), [("cut", 200 / 400), ("fastcut", 150 / 200)])
def test_the_rate_of_cut_decays_over_200_epochs_of_400_and_that_of_fastcut_over_50_of_200(
    name: str, start: float
) -> None:
    recipe = make(name, {"generator": {"width": 4, "blocks": 5}}, channels=3, image_size=16)
    for done in (0.0, start, start + (1 - start) / 4, 1.0):
        assert recipe.learning_rate(done) == pytest.approx(min(1.0, (1 - done) / (1 - start)))


@pytest.mark.parametrize("name", ["dcgan", "lsgan"])
def test_latents_are_uniform(name: str) -> None:
    recipe = make(name, {"generator": {"width": 4, "latent_dim": 5}}, channels=1, image_size=16)
    seen: list[Tensor] = []
    first = next(each for each in recipe.generator.modules() if isinstance(each, (nn.Linear, nn.ConvTranspose2d)))
    first.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    latents = torch.randn(4000, 5, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        recipe.generator(latents)
    given = seen[0].flatten()
    assert torch.allclose(given, 2 * torch.distributions.Normal(0.0, 1.0).cdf(latents).flatten() - 1, atol=1e-5)
    counts = torch.histc(given, 10, -1, 1)
    assert (counts / len(given) - 0.1).abs().max() < 0.01


@pytest.mark.parametrize("name", ["wgan", "wgan-gp"])
def test_latents_of_wgan_are_normal(name: str) -> None:
    recipe = make(name, {"generator": {"width": 4}}, channels=1, image_size=16)
    assert recipe.generator.architecture.options["latents"] == "normal"


def test_heads_on_projected_maps_have_batch_norm_and_losses_are_summed_over_scales() -> None:
    torch.manual_seed(0)
    network = ganzoo.build("discriminator:projected", width=4)
    assert [sum(isinstance(each, nn.BatchNorm2d) for each in head) for head in network.heads] == [3, 2, 2, 1]
    recipe = make("pix2pix", {"generator": {"width": 4}}, {"discriminator": "patchgan-multiscale"}, channels=3,
                  image_size=64)  # fmt: skip
    real, fake = ([torch.full((1, 1), value), torch.full((1, 9), 2 * value)] for value in (0.5, -1.0))
    softplus = [math.log1p(math.exp(-0.5)), math.log1p(math.exp(-1.0)), math.log1p(math.exp(-1.0)),
                math.log1p(math.exp(-2.0))]  # fmt: skip
    assert recipe.loss.discriminator(real, fake).item() == pytest.approx(sum(softplus))


@pytest.mark.parametrize(("scales", "expected"), [("sum", 20.0), ("mean", 8.0)])
def test_a_recipe_combines_penalties_of_scales_as_it_combines_their_losses(scales: str, expected: float) -> None:
    recipe = make("pix2pix", {"generator": {"width": 4}, "loss": {"scales": scales}}, channels=3, image_size=32)
    recipe.regularizers = {"regularizer": LazyRegularizer(ganzoo.build("regularizer:r1"))}
    images = torch.randn(3, 1, 2, 2)

    def two_scales(x: Tensor) -> list[Tensor]:
        return [3 * x.flatten(1).sum(1, keepdim=True), 4 * x]

    assert float(recipe.regularization(two_scales, images, images)) == pytest.approx(expected, rel=1e-5)


def test_the_rate_of_adain_is_divided_by_1_plus_decay_times_steps() -> None:
    recipe = make("adain", {"generator": {"width": 4, "depth": 2}}, image_size=32)
    for step in (0, 20_000, 160_000):
        recipe.step_state = StepState(step, steps=160_000)
        assert recipe.learning_rate(step / 160_000) == pytest.approx(1 / (1 + 5e-5 * step))


def test_the_gradient_penalty_keeps_float64() -> None:
    x = images(3).double()
    found = gradient_penalty(lambda v: v.square().sum((1, 2, 3))[:, None] / 2, x, x)  # the gradient is v
    assert found.dtype == torch.float64
    assert found.item() == pytest.approx((x.flatten(1).norm(dim=1) - 1).square().mean().item(), rel=1e-12)


def test_the_number_of_parameters_of_the_conditional_perceptron() -> None:
    generator = ganzoo.build("generator:cgan-mlp")
    count = 100 * 200 + 200 + 10 * 1000 + 1000 + 1200 * 1200 + 1200 + 1200 * 784 + 784
    assert sum(each.numel() for each in generator.parameters()) == count
    assert f"{count:,} parameters" in str(type(generator).__doc__)


# ---- StyleGAN --------------------------------------------------------------------------------------------------------


def stylegan(**options: Any) -> Any:
    part = {"image_size": 8, "width": 4, "widest": 8}
    parts = {"generator": {**part, "latent_dim": 6, "depth": 2}, "discriminator": part}
    return make("stylegan", parts, channels=1, image_size=8, **options)


def test_adam_of_stylegan_makes_up_for_steps_of_penalties() -> None:
    recipe = stylegan()
    for role, k in (("discriminator", 16), ("generator", 4)):
        (group,), c = recipe.optimizers[role].param_groups, k / (k + 1)
        assert group["lr"] == pytest.approx(c * 2e-3) and group["betas"] == pytest.approx((0.0**c, 0.99**c))
    bare = stylegan(path_length=0.0, r1=0.0)
    for optimizer in bare.optimizers.values():
        assert optimizer.param_groups[0]["lr"] == 2e-3 and optimizer.param_groups[0]["betas"] == (0.0, 0.99)


def test_a_penalty_of_stylegan_is_a_second_step_by_r1_at_images_before_augmentation() -> None:
    recipe = stylegan(r1=3.0, path_length=0.0, augment="color")
    recipe.augment = lambda x: 0.5 * x + 0.1  # differentiable, and not the identity
    recipe.optimizers["discriminator"] = torch.optim.SGD(recipe.discriminator.parameters(), 0.1, momentum=0.5)
    exact = doubles(recipe)["discriminator"]
    real, fake = images(4, size=8), images(4, size=8, seed=2)
    recipe.update_discriminator(real, fake)

    optimizer = torch.optim.SGD(exact.parameters(), 0.1, momentum=0.5)  # Adam would turn rounding errors into steps
    x = real.double().requires_grad_(True)
    loss = nn.functional.softplus(-exact(0.5 * real.double() + 0.1)).mean()
    loss = loss + nn.functional.softplus(exact(0.5 * fake.double() + 0.1)).mean()
    (slope,) = torch.autograd.grad(exact(0.5 * x + 0.1).sum(), x, create_graph=True)
    r1 = 16 * 3.0 / 2 * slope.flatten(1).square().sum(1).mean()
    gradients = [torch.autograd.grad(each, tuple(exact.parameters()), allow_unused=True) for each in (loss, r1)]
    for each in gradients:
        for parameter, gradient in zip(exact.parameters(), each, strict=True):
            parameter.grad = gradient
        optimizer.step()
    before = torch.cat([p.detach().flatten() for p in stylegan().discriminator.parameters()]).double()
    ours, theirs = (
        torch.cat([p.detach().double().flatten() for p in network.parameters()]) - before
        for network in (recipe.discriminator, exact)
    )
    assert (ours - theirs).norm() < 1e-3 * theirs.norm()


def test_a_step_of_loss_and_penalty_is_the_same_from_micro_batches() -> None:
    factors, weights = torch.tensor([1.0, 3.0, -2.0, 5.0]), []
    for count in (1, 2):
        recipe = stylegan()
        weight = next(recipe.discriminator.parameters())
        recipe.optimizers["discriminator"] = torch.optim.SGD([weight], 0.1, momentum=0.5)
        for index, some in enumerate(factors.chunk(count)):
            recipe.step_state = StepState(0, index, count)
            recipe.update("discriminator", weight.sum() * some.mean(), weight.square().sum() * (some + 1).mean())
        weights.append(weight.detach().clone())
    start = next(stylegan().discriminator.parameters()).detach()
    first = torch.full_like(start, factors.mean().item())
    second = 0.5 * first + 2 * start * (factors.mean() + 1)  # both gradients at the weights before the step
    for each in weights:
        assert torch.allclose(each, start - 0.1 * first - 0.1 * second, atol=1e-6)


# ---- what was trained before -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("recipe", "options", "parts"),
    [
        ("lsgan", {"learning_rate": 2e-4}, {"generator": {"latents": "normal"}, "loss": {"scales": "mean"}}),
        ("dcgan", {}, {"generator": {"latents": "normal"}, "loss": {"scales": "mean"}}),
        ("fastcut", {"decay_from": 0.5, "init": "normal", "layers": "input,layers.4,layers.7,layers.10,layers.14"},
         {"generator": {"antialias": False}, "discriminator": {"antialias": False}, "loss": {"scales": "mean"}}),
        ("pix2pix", {}, {"generator": {"test_statistics": "averages"}, "discriminator": {"norm": "instance"},
                         "loss": {"scales": "mean"}}),
        ("stylegan", {"separate_penalties": False}, {"loss": {"scales": "mean"}}),
        ("unit", {"kl_factor": 0.5}, {"loss": {"scales": "mean"}}),
        ("adain", {"lr_decay": 0.0}, {}),
    ],
)  # fmt: skip
def test_an_older_run_file_means_what_it_meant(
    tmp_path: Path, recipe: str, options: dict[str, Any], parts: dict[str, Any]
) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"recipe": recipe, "data": "x", "options": {}}), encoding="utf-8")
    settings = read_settings(tmp_path)
    assert settings.options == options and settings.part_options == parts


def test_an_older_run_with_the_projected_discriminator_has_no_batch_norm_in_its_heads() -> None:
    values = former_names.settings(
        {
            "recipe": "cyclegan",
            "parts": {"discriminator": "projected"},
            "part_options": {"discriminator": {"gray": True}},
        },
        {"discriminator": "discriminator:patchgan"},
    )
    assert values["part_options"] == {"discriminator": {"gray": True, "norm": "none"}}
    values = former_names.settings({"recipe": "cut", "parts": {"generator": "unit"}}, {"generator": "generator:resnet"})
    assert values["part_options"] == {}, "another generator has no such option"
