"""CycleGAN's step against equations 1-3 in float64; its image pool; its schedule."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from exact import descend_plainly, differences, doubles, flat, make, step_down
from PIL import Image
from torch import Tensor

from ganzoo import GanzooError
from ganzoo.inference.verification_samples import FOLDER as PHOTOGRAPHS
from ganzoo.layers.background_mask import BackgroundMask, background_change, refine_by_color
from ganzoo_plugins.cyclegan.image_pool import ImagePool

PARTS = {"generator": {"width": 4, "blocks": 1}, "discriminator": {"width": 4, "receptive_field": 16}}


def pictures(seed: int, count: int = 2) -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(seed)
    return {name: torch.rand(count, 3, 16, 16, generator=random) * 2 - 1 for name in "ab"}


class Halves:
    """A classifier of two classes, of which the second is a picture's left half, or its right if its corner is red."""

    label = "halves"

    def to(self, device: object) -> Halves:
        return self

    def evidence(self, images: Tensor) -> Tensor:
        count, _, height, width = images.shape
        left = torch.where(torch.arange(width // 4) < width // 8, 9.0, -9.0).expand(count, height // 4, -1)
        second = torch.where(images[:, 0, 0, 0].view(-1, 1, 1) > 0, -left, left)
        return torch.stack([-second, second], 1)


@pytest.mark.parametrize(
    ("identity", "pool_size", "keep", "objects"),
    [
        *((identity, pool_size, 0.0, False) for identity in (0.0, 0.5) for pool_size in (0, 50)),
        (0.0, 50, 4.0, False),
        (0.0, 50, 0.0, True),
        (0.5, 0, 4.0, True),
    ],
)
def test_a_step_equals_the_papers_equations(identity: float, pool_size: int, keep: float, objects: bool) -> None:
    values = {
        "identity_weight": identity,
        "pool_size": pool_size,
        "preserve_background": keep,
        "discriminate_foreground": objects,
    }
    recipe = make("cyclegan", PARTS, channels=3, image_size=16, **values)
    if keep or objects:
        recipe.background_mask = BackgroundMask(Halves(), 1, 1)
    descend_plainly(recipe)
    exact, before, batch = doubles(recipe), flat(recipe), pictures(1)
    losses = recipe.step(batch)

    a, b = batch["a"].double(), batch["b"].double()
    a2b, b2a, discriminator_a, discriminator_b = (
        exact[name] for name in ("a2b", "b2a", "discriminator_a", "discriminator_b")
    )
    fake_b, fake_a = a2b(a), b2a(b)
    outside_a, outside_b = (
        recipe.background_mask(x.float()).double() if recipe.background_mask else torch.zeros(()) for x in (a, b)
    )
    assert not (keep or objects) or not torch.equal(outside_a, outside_b)
    from_a, from_b = (1 - outside_a, 1 - outside_b) if objects else (1, 1)
    adversarial = ((discriminator_b(fake_b * from_a) - 1) ** 2).mean() + (
        (discriminator_a(fake_a * from_b) - 1) ** 2
    ).mean()
    cycle = (b2a(fake_b) - a).abs().mean() + (a2b(fake_a) - b).abs().mean()
    same = (a2b(b) - b).abs().mean() + (b2a(a) - a).abs().mean()
    discriminator = sum(
        (((judge(real) - 1) ** 2).mean() + (judge(fake.detach()) ** 2).mean()) / 2
        for judge, real, fake in (
            (discriminator_a, a * from_a, fake_a * from_b),
            (discriminator_b, b * from_b, fake_b * from_a),
        )
    )
    expected = {"adversarial": adversarial, "cycle": cycle, "discriminator": discriminator}
    if identity:
        expected["identity"] = same
    kept = torch.zeros(())
    if keep:
        kept = (outside_a * (fake_b - a).abs()).mean() + (outside_b * (fake_a - b).abs()).mean()
        expected["kept"] = kept
    assert {name: value.item() for name, value in losses.items()} == {
        name: pytest.approx(value.item(), rel=1e-5) for name, value in expected.items()
    }
    step_down(adversarial + 10 * cycle + 10 * identity * same + keep * kept, a2b, b2a)
    step_down(discriminator, discriminator_a, discriminator_b)
    assert max(differences(recipe, before, exact).values()) < 1e-3


def test_what_is_kept_is_what_no_object_is_near() -> None:
    outside = BackgroundMask(Halves(), 1, 1)(torch.zeros(2, 3, 32, 64))
    assert outside.shape == (2, 1, 32, 64)
    assert (outside[..., :30] == 0).all(), "the object itself"
    assert (outside[..., 34:] == 1).all(), (
        "all that is farther away than a place of the classifier's in the picture enlarged"
    )
    given = torch.rand(2, 3, 32, 64)
    left, right = given.clone(), given.clone()
    left[..., :30] += 0.5
    right[..., 34:] += 0.5
    assert background_change(outside, given, left).item() == 0
    assert background_change(outside, given, right).item() == pytest.approx(0.5 * 30 / 64)


def test_an_object_ends_where_its_colors_do() -> None:
    """A red disc on a blue sky: found too wide to the left, and cut off to the right."""
    rows, columns = torch.meshgrid(torch.arange(64), torch.arange(192), indexing="ij")
    disc = ((rows - 32) ** 2 + (columns - 32) ** 2 < 18**2).float()
    noise = 0.05 * torch.randn(1, 3, 64, 192, generator=torch.Generator().manual_seed(0))
    red, blue = (torch.tensor(color).view(3, 1, 1) for color in ((0.6, -0.6, -0.6), (-0.4, 0.0, 0.7)))
    picture = ((disc * red + (1 - disc) * blue)[None] + noise).clamp(-1, 1)
    moved = ((rows - 32) ** 2 + (columns - 26) ** 2 < 20**2).float()
    around = ((rows - 32) ** 2 + (columns - 32) ** 2 < 24**2).float()
    found = refine_by_color(picture, (0.8 * moved).maximum(0.1 * around)[None, None])[0, 0]
    assert ((1 - disc) * moved).sum() > 300 and (disc * (1 - moved)).sum() > 50
    assert found[(1 - disc) * moved == 1].mean() < 0.4, "sky, taken for the object: 0.8 before"
    assert found[disc * (1 - moved) == 1].mean() > 0.5, "the object, taken for sky: 0.1 before"


def test_colors_are_weighed_by_bayes_rule_in_turns() -> None:
    random = torch.Generator().manual_seed(1)
    for channels in (1, 3):
        picture = torch.rand(1, channels, 6, 7, generator=random, dtype=torch.float64) * 2 - 1
        near = torch.rand(1, 1, 6, 7, generator=random)
        shades = [
            tuple(
                min(int((float(value) + 1) * 8), 15) for value in picture[0, :, row, column].tolist() * (4 - channels)
            )[:3]
            for row in range(6)
            for column in range(7)
        ]
        prior = near.flatten().tolist()
        likely = prior

        def kernel(one: tuple[int, ...], other: tuple[int, ...]) -> float:
            """Means of 2x2x2 colors, twice; beyond the last shade it counts again."""
            weight = 1.0
            for a, b in zip(one, other, strict=True):
                weight *= sum(
                    share for step, share in ((-1, 0.25), (0, 0.5), (1, 0.25)) if min(max(a + step, 0), 15) == b
                )
            return weight

        for _ in range(3):
            inside, outside = (
                [
                    sum(w * kernel(one, other) for w, other in zip(weights, shades, strict=True)) / max(sum(weights), 1)
                    for one in shades
                ]
                for weights in (likely, [1 - p for p in likely])
            )
            likely = [p * i / (p * i + (1 - p) * o) for p, i, o in zip(prior, inside, outside, strict=True)]
        assert refine_by_color(picture, near).flatten().tolist() == pytest.approx(likely, abs=1e-5)


def test_the_classifier_that_is_meant_sees_a_cat_and_keeps_the_rest() -> None:
    with Image.open(PHOTOGRAPHS / "cat.jpg") as photograph:
        values = torch.from_numpy(np.array(photograph.convert("RGB").resize((224, 224))))
    cat = values.permute(2, 0, 1)[None] / 127.5 - 1
    recipe = make("cyclegan", PARTS, channels=3, image_size=32, preserve_background=1.0)
    assert recipe.background_mask(cat)[..., 80:140, 80:140].mean() < 0.3
    with Image.open(PHOTOGRAPHS / "coffee.jpg") as photograph:
        values = torch.from_numpy(np.array(photograph.convert("RGB").resize((224, 224))))
    assert recipe.background_mask(values.permute(2, 0, 1)[None] / 127.5 - 1).mean() > 0.9


def test_a_classifier_without_places_is_refused() -> None:
    with pytest.raises(
        GanzooError, match=r"'fashion-mnist' cannot locate classes in an image\. Set foreground_extractor="
    ):
        make(
            "cyclegan", PARTS, channels=3, image_size=16, preserve_background=1.0, foreground_extractor="fashion-mnist"
        )


def test_the_discriminators_loss_sends_no_gradient_into_the_generators() -> None:
    recipe = make("cyclegan", PARTS, channels=3, image_size=16)
    descend_plainly(recipe)
    gradients: dict[str, list[Tensor]] = {}
    original = recipe.update

    def update(optimizer: str, loss: Tensor) -> None:
        original(optimizer, loss)
        gradients[optimizer] = [p.grad.clone() for p in recipe.a2b.parameters()]

    recipe.update = update  # type: ignore[method-assign]
    recipe.step(pictures(1))
    assert list(gradients) == ["generators", "discriminators"]
    for after_generators, after_discriminators in zip(*gradients.values(), strict=True):
        assert torch.equal(after_generators, after_discriminators)


def test_the_generators_step_sends_no_gradient_into_the_discriminators() -> None:
    recipe = make("cyclegan", PARTS, channels=3, image_size=16)
    judged: list[bool] = []
    original = recipe.update

    def update(optimizer: str, loss: Tensor) -> None:
        original(optimizer, loss)
        judged.append(any(p.grad is not None for p in recipe.discriminator_a.parameters()))

    recipe.update = update  # type: ignore[method-assign]
    recipe.step(pictures(1))
    assert judged == [False, True]
    assert all(parameter.requires_grad for parameter in recipe.discriminator_a.parameters())


def test_the_discriminators_see_pictures_from_the_pool() -> None:
    recipe = make("cyclegan", PARTS, channels=3, image_size=16, pool_size=1)
    seen: list[Tensor] = []
    recipe.discriminator_b.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].detach().clone()))
    kept = None
    older = 0
    for step in range(12):
        seen.clear()
        recipe.step(pictures(step, count=1))
        made, judged = seen  # by the generator's half, then by the discriminator's, which sees both as one batch
        real, shown = judged
        assert torch.equal(real, pictures(step, count=1)["b"][0])
        if kept is not None and torch.equal(shown, kept):
            older, kept = older + 1, made[0]
        else:
            assert torch.equal(shown, made[0])
            kept = made[0] if kept is None else kept
    assert 1 <= older <= 11


def test_a_resumed_recipe_has_its_pools_back() -> None:
    recipe, other = (make("cyclegan", PARTS, channels=3, image_size=16, pool_size=3) for _ in range(2))
    for step in range(3):
        recipe.step(pictures(step))
    other.load_state(recipe.state())
    for name in "ab":
        assert len(other.pools[name].images) == 3
        pairs = zip(other.pools[name].images, recipe.pools[name].images, strict=True)
        assert all(torch.equal(mine, yours) for mine, yours in pairs)
    other.step(pictures(9))
    assert len(recipe.state()["a"]) == 3, "the resumed pool is a list of its own"


def test_a_sheet_shows_each_picture_beside_its_translation_both_ways() -> None:
    recipe = make("cyclegan", PARTS, channels=3, image_size=16)
    batch = pictures(1)
    sheet = recipe.sample(recipe.networks, batch)
    assert sheet.shape == (8, 3, 16, 16)
    for index in range(2):
        a, fake_b, b, fake_a = sheet[4 * index : 4 * index + 4]
        assert torch.equal(a, batch["a"][index])
        assert torch.equal(b, batch["b"][index])
        assert torch.allclose(fake_b, recipe.a2b(batch["a"])[index], atol=1e-6)
        assert torch.allclose(fake_a, recipe.b2a(batch["b"])[index], atol=1e-6)
    measures = recipe.validate(recipe.networks, batch)
    back = (recipe.b2a(recipe.a2b(batch["a"])) - batch["a"]).abs().mean().item()
    assert measures["cycle_a"] == pytest.approx(back, rel=1e-5)


def numbered(first: int, count: int) -> Tensor:
    """Return ``count`` pictures of one pixel, with their number as its value."""
    return torch.arange(first, first + count, dtype=torch.float32).view(-1, 1, 1, 1)


def drawn(count: int) -> Tensor:
    return torch.rand(count, 2)


def test_a_pool_of_size_0_hands_every_picture_through() -> None:
    images = numbered(0, 3)
    assert ImagePool(0).exchange(images, drawn(3)) is images


def test_a_filling_pool_hands_every_picture_through_and_keeps_a_copy() -> None:
    pool = ImagePool(5)
    images = numbered(0, 3)
    assert torch.equal(pool.exchange(images, drawn(3)), images)
    images += 100
    assert torch.equal(torch.stack(pool.images), numbered(0, 3))
    assert all(image.untyped_storage().nbytes() == 4 for image in pool.images), "no view of the whole batch"


def test_the_draws_say_which_picture_is_exchanged_for_which() -> None:
    pool = ImagePool(4)
    pool.exchange(numbered(0, 4), drawn(4))
    draws = torch.tensor([[0.5, 0.0], [0.49, 0.99], [0.0, 0.25], [0.0, 0.0], [0.0, 0.99]])
    assert pool.exchange(numbered(10, 5), draws).flatten().tolist() == [10, 3, 1, 0, 11]
    assert torch.stack(pool.images).flatten().tolist() == [13, 12, 2, 14]


def test_a_full_pool_returns_an_older_picture_half_of_the_time_and_each_only_once() -> None:
    torch.manual_seed(0)
    pool = ImagePool(10)
    pool.exchange(numbered(0, 10), drawn(10))
    count = 4000
    shown = torch.cat([pool.exchange(numbered(first, 2), drawn(2)) for first in range(10, 10 + count, 2)]).flatten()
    numbers = torch.arange(10, 10 + count)
    older = shown < numbers
    assert older.float().mean().item() == pytest.approx(0.5, abs=0.03)  # four standard errors
    assert len(shown.unique()) == count
    assert len(pool.images) == 10
    # A picture stays until it is drawn: with probability 1/20 a turn, 20 turns on average.
    assert (numbers - shown)[older].float().mean().item() == pytest.approx(20, rel=0.1)


def test_pictures_from_the_pool_carry_no_gradient() -> None:
    pool = ImagePool(2)
    images = numbered(0, 2).requires_grad_()
    assert not pool.exchange(images * 2, drawn(2)).requires_grad
    assert not any(image.requires_grad for image in pool.images)


@pytest.mark.parametrize("recipe", ["cyclegan", "pix2pix"])
@pytest.mark.parametrize(
    ("decay_from", "factors"),
    [
        (0.5, {0: 1, 0.25: 1, 0.5: 1, 0.75: 0.5, 0.9: 0.2, 1: 0}),
        (0.0, {0: 1, 0.25: 0.75, 1: 0}),
        (1.0, {0: 1, 0.5: 1, 0.999: 1}),
    ],
)
def test_the_learning_rate_is_constant_and_then_falls_to_zero(
    recipe: str, decay_from: float, factors: dict[float, float]
) -> None:
    parts = PARTS if recipe == "cyclegan" else {"generator": {"width": 2}, "discriminator": {"width": 2}}
    made = make(recipe, parts, channels=3, image_size=32, decay_from=decay_from)
    assert {at: made.learning_rate(at) for at in factors} == pytest.approx(factors)
