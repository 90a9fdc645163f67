"""UNIT's step against equations 2 to 8 in float64; what its two generators share; that it learns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from colored_discs import blind_errors, discs, learn, translation_errors
from exact import descend_plainly, doubles, flat, make, step_down, vector
from learning import Measures
from safetensors.torch import load_file
from torch import Tensor, nn
from training_cases import make_data

import ganzoo
from ganzoo import GanzooError, Recipe
from ganzoo.contracts.recipe import StepState
from ganzoo_plugins.unit.networks import UnitDiscriminator, UnitGenerator

PARTS = {"generator": {"width": 4, "blocks": 1}, "discriminator": {"width": 4, "layers": 2}}
SHARED = ("shared_encoder", "shared_decoder")


def unit(**values: Any) -> Recipe:
    recipe = make("unit", PARTS, channels=3, image_size=16, **values)
    recipe.step_state = StepState(random=torch.Generator().manual_seed(7))
    return recipe


def pictures(seed: int = 1, count: int = 2) -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(seed)
    return {name: torch.rand(count, 3, 16, 16, generator=random) * 2 - 1 for name in "ab"}


def encoded(network: Any, images: Tensor) -> Tensor:
    return network.shared_encoder(network.encoder(images))


def decoded(network: Any, codes: Tensor) -> Tensor:
    return torch.tanh(network.decoder(network.shared_decoder(codes)))


def cross_entropy(logits: Tensor, real: bool) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, float(real)))


def test_a_step_equals_the_papers_equations() -> None:
    weights = {"gan_weight": 3.0, "kl_weight": 0.2, "reconstruction_weight": 5.0}
    recipe = unit(**weights, cycle_kl_weight=0.3, cycle_weight=7.0)
    descend_plainly(recipe)
    exact, before, batch = doubles(recipe), flat(recipe), pictures()
    exact["b2a"].share(exact["a2b"])  # copies were made one by one
    losses = recipe.step(batch)

    a, b = batch["a"].double(), batch["b"].double()
    a2b, b2a, discriminator_a, discriminator_b = (
        exact[name] for name in ("a2b", "b2a", "discriminator_a", "discriminator_b")
    )
    random = torch.Generator().manual_seed(7)
    noise = [torch.randn(2, 16, 4, 4, generator=random).double() for _ in range(4)]
    mean_a, mean_b = encoded(a2b, a), encoded(b2a, b)
    code_a, code_b = mean_a + noise[0], mean_b + noise[1]
    fake_b, fake_a = decoded(a2b, code_a), decoded(b2a, code_b)
    discriminator = sum(
        cross_entropy(judge(real), True) + cross_entropy(judge(fake.detach()), False)
        for judge, real, fake in ((discriminator_a, a, fake_a), (discriminator_b, b, fake_b))
    )
    step_down(discriminator, discriminator_a, discriminator_b)

    mean_of_b, mean_of_a = encoded(b2a, fake_b), encoded(a2b, fake_a)
    expected = {
        "adversarial": cross_entropy(discriminator_a(fake_a), True) + cross_entropy(discriminator_b(fake_b), True),
        "kl": (mean_a**2).mean() + (mean_b**2).mean(),
        "reconstruction": (decoded(b2a, code_a) - a).abs().mean() + (decoded(a2b, code_b) - b).abs().mean(),
        "cycle_kl": (mean_of_b**2).mean() + (mean_of_a**2).mean(),
        "cycle": (decoded(b2a, mean_of_b + noise[2]) - a).abs().mean()
        + (decoded(a2b, mean_of_a + noise[3]) - b).abs().mean(),
    }
    total = sum(weight * loss for weight, loss in zip((3, 0.2, 5, 0.3, 7), expected.values(), strict=True))
    step_down(total, nn.ModuleList([a2b, b2a]))
    assert {name: value.item() for name, value in losses.items()} == {
        name: pytest.approx(value.item(), rel=1e-4)
        for name, value in {**expected, "discriminator": discriminator}.items()
    }
    for name, network in recipe.networks.items():
        right = vector(exact[name]) - before[name]
        assert (vector(network).double() - vector(exact[name])).norm() < 1e-3 * right.norm(), name


def test_the_divergence_is_that_of_two_normal_distributions_with_the_factor_a_half() -> None:
    mean = torch.tensor([0.0, 1.0, -2.0])
    ours, prior = torch.distributions.Normal(mean, 1.0), torch.distributions.Normal(0.0, 1.0)
    assert unit(kl_factor=0.5).divergence(mean).item() == pytest.approx(
        torch.distributions.kl_divergence(ours, prior).mean().item()
    )


def test_both_directions_share_the_inner_blocks_and_nothing_else() -> None:
    recipe = unit()
    a2b, b2a = recipe.a2b, recipe.b2a
    same = {name for name, weight in a2b.named_parameters() if weight is dict(b2a.named_parameters())[name]}
    assert same == {name for name, _ in a2b.named_parameters() if name.startswith(SHARED)}
    assert len(same) == 8  # two blocks of two convolutions, weights and biases
    held = [p for group in recipe.optimizers["generators"].param_groups for p in group["params"]]
    assert len(held) == len({id(p) for p in held}) == 2 * len(list(a2b.parameters())) - len(same)


@pytest.mark.filterwarnings("error")
def test_they_share_them_still_after_a_run_its_resumption_and_in_what_is_published(tmp_path: Path) -> None:
    data, run = make_data(tmp_path, "unpaired"), tmp_path / "run"
    settings = {"options": {"image_size": 16}, "part_options": PARTS, "ema_decay": 0.5, "device": "cpu"}
    ganzoo.train("unit", data, run, steps=2, **settings)
    published = [shared_weights(run)]
    ganzoo.resume(run, steps=4)
    published.append(shared_weights(run))
    moved = [name for name in published[0] if not torch.equal(published[0][name], published[1][name])]
    assert len(moved) == 8


def shared_weights(run: Path) -> dict[str, Tensor]:
    """Return the shared weights of a run's two models, having seen that they are the same in both."""
    a2b, b2a = (load_file(folder / "model.safetensors") for folder in (run, run / "b2a"))
    shared = {name: weight for name, weight in a2b.items() if name.startswith(SHARED)}
    assert all(torch.equal(weight, b2a[name]) for name, weight in shared.items())
    assert not torch.equal(a2b["encoder.0.weight"], b2a["encoder.0.weight"])
    return shared


def test_codes_carry_noise_in_training_and_translations_none() -> None:
    torch.manual_seed(0)
    network = UnitGenerator(width=4, blocks=1).train()
    images = pictures()["a"]
    once = network(images)
    assert torch.equal(once, network(images))
    assert torch.equal(once, network.decode(network.encode(images), images))
    losses = []
    for seed in (1, 2):
        recipe = unit()
        recipe.step_state = StepState(random=torch.Generator().manual_seed(seed))
        losses.append(recipe.step(pictures())["reconstruction"].item())
    assert losses[0] != losses[1]


def test_with_a_global_skip_it_begins_by_changing_nothing() -> None:
    images = pictures()["a"]
    made = UnitGenerator(width=4, blocks=1, global_skip=True)(images)
    assert torch.allclose(made, 0.98 * images, atol=1e-6)
    assert (UnitGenerator(width=4, blocks=1)(images) - images).abs().mean() > 0.1


def test_the_discriminator_halves_a_picture_layer_by_layer_and_looks_at_patches() -> None:
    torch.manual_seed(0)
    judge = UnitDiscriminator(width=4, layers=3)
    images = torch.rand(1, 3, 64, 64, requires_grad=True)
    logits = judge(images)
    assert logits.shape == (1, 1, 8, 8)
    (gradient,) = torch.autograd.grad(logits[0, 0, 4, 4], images)
    rows = gradient.abs().sum((0, 1, 3)).nonzero().flatten()
    assert rows.max() - rows.min() + 1 == 15  # of three 3x3 convolutions of stride 2


def test_a_generator_without_a_code_in_its_middle_is_refused() -> None:
    with pytest.raises(GanzooError, match="a ResnetGenerator, which has no encode, decode, share"):
        make("unit", {"generator": {"width": 4, "blocks": 1}}, {"generator": "resnet"}, channels=3, image_size=16)


@pytest.mark.parametrize(
    ("spec", "values", "message"),
    [
        ("generator:unit", {"shared_blocks": 0}, "shared_blocks=0 should be at least 1"),
        ("generator:unit", {"blocks": -1}, "blocks=-1 should be at least 0"),
        ("generator:unit", {"global_skip": True, "in_channels": 1}, "should be equal"),
        ("discriminator:unit", {"layers": 9}, "layers=9 should be from 1 to 8"),
        ("discriminator:unit", {"width": 0}, "width=0 should be at least 1"),
    ],
)
def test_wrong_options_say_what_would_be_right(spec: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(GanzooError, match=message):
        ganzoo.build(spec, **values)


@pytest.mark.parametrize(("name", "value"), [("gan_weight", -1.0), ("cycle_weight", float("inf")), ("enlarge", 9.0)])
def test_wrong_options_of_the_recipe_are_refused(name: str, value: float) -> None:
    with pytest.raises(GanzooError, match=f"{name}={value} should be"):
        unit(**{name: value})


@pytest.mark.learning
def test_it_learns_to_color_discs_as_the_other_side_has_them(double: None, seed: int, measured: Measures) -> None:
    """Codes weigh little: else their noise hides the colors, and one seed in twenty never finds them."""
    parts = {"generator": {"width": 8, "blocks": 1}, "discriminator": {"width": 16, "layers": 2}}
    options = {"learning_rate": 5e-3, "kl_weight": 0.01, "cycle_kl_weight": 0.01}
    recipe = make("unit", parts, image_size=16, channels=3, seed=seed, **options)
    held = discs(64, 16, torch.Generator().manual_seed(2))
    before, blind = translation_errors(recipe, held), blind_errors(held)
    learn(recipe, steps=300, size=16, batch=8, seed=seed)
    after = translation_errors(recipe, held)
    nearest = min(*blind, *before)
    measured("error", max(after), limit=0.75 * nearest, untrained=nearest)
