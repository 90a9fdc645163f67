"""Distillation's step against the papers' losses in float64; which maps are compared; that a student learns."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from colored_discs import blind_errors, colored, discs, learn
from exact import descend_plainly, differences, doubles, flat, make, step_down
from learning import Measures
from tiny_models import translator
from torch import Tensor, nn

import ganzoo
from ganzoo import GanzooError, Recipe
from ganzoo.loading.model import Model

STUDENT = {"widths": "4,4,8,4,4", "inner": "8", "blocks": 1}
PARTS = {"generator": STUDENT, "discriminator": {"width": 4, "receptive_field": 16}}
MAPS = ("layers.16", "layers.13", "layers.10")  # before the last convolution, at 1/1, 1/2 and 1/4 of both networks
WEIGHTS = {"output_weight": 5.0, "feature_weight": 0.5, "adversarial_weight": 2.0}


@pytest.fixture
def teacher(tmp_path: Path) -> str:
    translator(seed=3).save(tmp_path / "teacher")
    return f"dir:{tmp_path / 'teacher'}"


def build(teacher: str, name: str = "distill", **values: Any) -> Recipe:
    return make(name, PARTS, teacher=teacher, **{"image_size": 16, "channels": 3, **values})


def images(names: str = "ab") -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(1)
    keys = {"ab": "ab", "pairs": ("input", "target")}[names]
    return {name: torch.rand(2, 3, 16, 16, generator=random) * 2 - 1 for name in keys}


def with_maps(network: nn.Module, inputs: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Return a network's output and its maps of the names in MAPS."""
    found: dict[str, Tensor] = {}
    for name in MAPS:
        network.get_submodule(name).register_forward_hook(lambda _, __, out, name=name: found.update({name: out}))
    output = network(inputs)
    return output, [found[name] for name in MAPS]


@pytest.mark.parametrize("pairs", [False, True])
def test_a_step_equals_the_papers_losses(teacher: str, pairs: bool) -> None:
    """Equation 1 of arXiv:2003.08936 and its distillation of features, with maps over their variance."""
    more = {"target_weight": 3.0} if pairs else {}
    recipe = build(teacher, "distill-pairs" if pairs else "distill", **WEIGHTS, **more)
    descend_plainly(recipe)
    exact, before, batch = doubles(recipe), flat(recipe), images("pairs" if pairs else "ab")
    losses = recipe.step(batch)

    x, y = (each.double() for each in batch.values())
    student, critic = exact["student"], exact["discriminator"]
    with torch.no_grad():
        target, known = with_maps(ganzoo.load(teacher, "cpu", engine="torch").generator.double(), x)
    output, own = with_maps(student, x)

    def seen(shown: Tensor) -> Tensor:
        return torch.cat([x, shown], 1) if pairs else shown

    distance = (output - target).abs().mean()
    ways = zip(exact["adapters"], own, known, strict=True)
    apart = [(way(mine) - its).square().mean() / its.var(correction=0) for way, mine, its in ways]
    features = sum(apart) / 3
    fooling = (critic(seen(output)) - 1).square().mean()
    missed = (output - y).abs().mean()
    total = 5 * distance + 0.5 * features + 2 * fooling + (3 * missed if pairs else 0)
    critic_loss = (critic(seen(y)) - 1).square().mean() + critic(seen(output.detach())).square().mean()
    step_down(total, student, exact["adapters"])
    step_down(critic_loss / 2, critic)
    expected = {"output": distance, "features": features, "adversarial": fooling, "discriminator": critic_loss / 2}
    expected |= {"target": missed} if pairs else {}
    assert {name: loss.item() for name, loss in losses.items()} == {
        name: pytest.approx(loss.item(), rel=1e-3) for name, loss in expected.items()
    }
    assert max(differences(recipe, before, exact).values()) < 1e-3


def test_the_perceptual_distance_is_that_of_a_classifiers_maps(teacher: str) -> None:
    recipe = build(teacher, image_size=32, perceptual_weight=2.0)
    output, target = (torch.rand(2, 3, 32, 32) * 2 - 1 for _ in range(2))
    maps = ganzoo.build("features:efficientnet-lite0")
    pairs = list(zip(maps(output), maps(target), strict=True))
    apart = [(one - two).square().mean() / two.var(correction=0) for one, two in pairs]
    assert recipe.perceptual_distance(output, target).item() == pytest.approx(float(sum(apart)) / len(apart), rel=1e-4)
    assert recipe.perceptual_distance(target, target).item() == 0


def test_without_a_weight_there_is_no_such_network(teacher: str) -> None:
    bare = build(teacher, adversarial_weight=0.0, feature_weight=0.0)
    assert set(bare.step(images())) == {"output"} and not list(bare.networks["adapters"].parameters())
    assert "discriminator" not in bare.networks and not bare.discriminators
    assert set(build(teacher).networks) == {"student", "adapters", "discriminator"}


@pytest.mark.parametrize(
    ("spec", "options", "steps"),
    [
        ("generator:resnet", {"width": 4, "blocks": 1}, {1: 4, 2: 8, 4: 16}),
        ("generator:pixelwise", {"width": 5}, {1: 5}),
        ("generator:efficientnet-unet", {"width": 4, "levels": 4}, {1: 2, 2: 4, 4: 8, 8: 12, 16: 112}),
    ],
)
def test_the_last_map_of_each_size_is_compared(spec: str, options: dict[str, Any], steps: dict[int, int]) -> None:
    from ganzoo_plugins.distill.feature_maps import FeatureTaps

    network = ganzoo.build(spec, **options)
    taps = FeatureTaps(network, 3, 32)
    assert taps.channels == steps and network.training
    with taps.recorded(list(steps)) as maps:
        network(torch.zeros(1, 3, 32, 32))
    assert [(32 // each.shape[2], each.shape[1]) for each in maps] == list(steps.items())
    assert not any(module._forward_hooks for module in network.modules())


def test_a_student_of_another_shape_learns_by_the_sizes_that_both_have(teacher: str) -> None:
    recipe = make("distill", {"generator": {"width": 4}}, {"generator": "pixelwise"}, teacher=teacher, channels=3)
    assert recipe.adapters.steps == [1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"teacher": ""}, "names no model to learn from"),
        ({"teacher": "dcgan/fashion-mnist"}, "Only translation of images can be distilled"),
        ({"channels": 1}, "translates 3 channels to 3, and these data have 1 and 1. Set in_channels=3 and channels=3"),
        ({"teacher": "cyclegan/horse2zebra", "image_size": 48}, "takes multiples of 32. Set image_size=32"),
        ({"perceptual_weight": -1.0}, "perceptual_weight=-1.0 should be"),
    ],
)
def test_what_does_not_fit_is_refused(teacher: str, change: dict[str, Any], message: str) -> None:
    with pytest.raises(GanzooError, match=message):
        build(**{"teacher": teacher, **change})


def test_another_teacher_is_not_continued_with(teacher: str, tmp_path: Path) -> None:
    state = build(teacher).state()
    build(teacher).load_state(state)
    translator(seed=4).save(tmp_path / "other")
    with pytest.raises(GanzooError, match="has other weights than when this run began"):
        build(f"dir:{tmp_path / 'other'}").load_state(state)


def pixelwise_teacher(folder: Path) -> Callable[[Tensor], Tensor]:
    """Write a model that learned to color discs by pairs, and return its network."""
    torch.manual_seed(0)
    network = ganzoo.build("generator:pixelwise", width=8)
    optimizer, random = torch.optim.Adam(network.parameters(), 0.02), torch.Generator().manual_seed(5)
    for _ in range(200):
        shapes = discs(4, 16, random)
        loss = (network(colored(shapes, "a")) - colored(shapes, "b")).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    card = dataclasses.replace(
        translator().card, entry="generator:pixelwise", options=network.architecture.options, image_size=16
    )
    Model(network, card).save(folder)
    return network.eval()


@pytest.mark.learning
def test_a_student_learns_to_do_what_its_teacher_does(
    one_thread: None, seed: int, measured: Measures, tmp_path: Path
) -> None:
    """It sees no disc in both colors: only its teacher's answers, and real discs elsewhere."""
    known = pixelwise_teacher(tmp_path / "teacher")
    parts = {"generator": {**STUDENT, "widths": "8,8,16,8,8", "inner": "16"}, "discriminator": PARTS["discriminator"]}
    values = {"image_size": 16, "channels": 3, "learning_rate": 3e-3, "adversarial_weight": 0.1}
    recipe = make("distill", parts, teacher=f"dir:{tmp_path / 'teacher'}", seed=seed, **values)
    shapes = discs(64, 16, torch.Generator().manual_seed(2))
    inputs, truth = colored(shapes, "a"), colored(shapes, "b")
    blind = blind_errors(shapes)[0]
    with torch.no_grad():
        measured("teacher's error", (known(inputs) - truth).abs().mean().item(), limit=0.1 * blind, untrained=blind)

    def error() -> float:
        recipe.student.eval()
        with torch.no_grad():
            return (recipe.student(inputs) - truth).abs().mean().item()

    untrained = min(error(), blind)
    recipe.student.train()
    learn(recipe, steps=200, size=16, batch=4, seed=seed)
    measured("error", error(), limit=0.6 * untrained, untrained=untrained)
