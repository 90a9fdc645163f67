"""CUT and FastCUT against equations 3-5 in float64; the encoder half that they listen to; that they learn."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from exact import descend_plainly, differences, doubles, flat, make, step_down
from learning import Measures, averaged, falling_rates
from torch import Tensor

from ganzoo import GanzooError, Recipe, build, catalog, sliced_wasserstein
from ganzoo.catalog import options
from ganzoo.errors import OptionError
from ganzoo_plugins.cut.losses import patch_nce
from ganzoo_plugins.cut.networks import Encoder, Heads, embed

PARTS = {"generator": {"width": 4, "blocks": 1}, "discriminator": {"width": 4, "receptive_field": 16}}
PREFIXES = {"input": 0, "layers.4": 5, "layers.8": 9, "layers.12": 13}  # layer -> how many of the generator's it ends
LAYERS = ",".join(PREFIXES)


def pictures(seed: int, count: int = 2, pixels: int = 16) -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(seed)
    return {name: torch.rand(count, 3, pixels, pixels, generator=random) * 2 - 1 for name in "ab"}


# ---- the loss --------------------------------------------------------------------------------------------------------


def test_the_contrastive_loss_is_equation_3() -> None:
    random = torch.Generator().manual_seed(0)
    queries, keys = torch.nn.functional.normalize(torch.randn(2, 2, 5, 3, generator=random), dim=3).unbind()
    each = []
    for n in range(2):
        for s in range(5):
            similar = [math.exp(float(queries[n, s] @ keys[n, other]) / 0.07) for other in range(5)]
            each.append(-math.log(similar[s] / sum(similar)))
    assert patch_nce(queries, keys, 0.07).item() == pytest.approx(sum(each) / len(each), rel=1e-4)


def test_features_are_embedded_at_their_places_with_length_1() -> None:
    features, places = torch.randn(2, 4, 3, 5), torch.tensor([[0, 7, 14], [3, 2, 1]])
    (head,) = Heads([4], 6)
    found = embed(head, features, places)
    for n in range(2):
        for s, place in enumerate(places[n].tolist()):
            expected = head(features[n, :, place // 5, place % 5])
            assert torch.allclose(found[n, s], expected / expected.norm(), atol=1e-5)


def test_places_are_drawn_for_each_picture_and_layer_none_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = make("cut", PARTS, channels=3, image_size=16, layers=LAYERS, patches=20)
    seen: list[Tensor] = []

    def watched(head: Any, features: Tensor, places: Tensor) -> Tensor:
        seen.append(places)
        return embed(head, features, places)

    monkeypatch.setattr("ganzoo_plugins.cut.recipe.embed", watched)
    recipe.step(pictures(1))
    assert [len(each[0]) for each in seen[::2]] == 2 * [20, 20, 20, 16], "twice 256 pixels, 64, and 16"
    for asked, answered in zip(seen[::2], seen[1::2], strict=True):
        assert torch.equal(asked, answered), "both at the same places"
        assert all(len(row.unique()) == len(row) for row in asked)
        assert not torch.equal(*asked)
    assert not torch.equal(seen[0], seen[8]), "other places for the target's pictures"


# ---- the step --------------------------------------------------------------------------------------------------------


def contrast(exact: dict[str, Any], given: Tensor, made: Tensor, mirrored: Tensor | None) -> Tensor:
    """Return equation 4, a mean, by slices of the generator in place of hooks, at all places in their order."""
    layers, total = exact["generator"].layers, torch.zeros((), dtype=torch.float64)
    for head, (name, length) in zip(exact["heads"], PREFIXES.items(), strict=True):
        asked, answers = (each if name == "input" else layers[:length](each) for each in (made, given))
        if mirrored is not None:
            asked = torch.stack([one.flip(2) if turn else one for one, turn in zip(asked, mirrored, strict=True)])
        q, k = (head(each.flatten(2).transpose(1, 2)) for each in (asked, answers))
        q, k = (torch.nn.functional.normalize(each, dim=2) for each in (q, k.detach()))  # some are 0, behind ReLU
        logits = torch.einsum("nsd,ntd->nst", q, k) / 0.07
        total = total + (logits.logsumexp(2) - logits.diagonal(dim1=1, dim2=2)).mean()
    return total / len(PREFIXES)


@pytest.mark.parametrize("name", ["cut", "fastcut"])
def test_a_step_equals_the_papers_equations(name: str) -> None:
    recipe = make(name, PARTS, channels=3, image_size=16, layers=LAYERS, patches=256)
    descend_plainly(recipe)
    exact, before, batch = doubles(recipe), flat(recipe), pictures(1, count=3)
    torch.manual_seed(5)
    losses = recipe.step(batch)

    a, b = batch["a"].double(), batch["b"].double()
    torch.manual_seed(5)
    mirrored = torch.rand(3) < 0.5 if name == "fastcut" else None
    given = a if mirrored is None else torch.stack([x.flip(2) if m else x for x, m in zip(a, mirrored, strict=True)])
    assert mirrored is None or mirrored.any() != mirrored.all()
    generator, judge = exact["generator"], exact["discriminator"]
    made = generator(given)
    discriminator = (((judge(b) - 1) ** 2).mean() + (judge(made.detach()) ** 2).mean()) / 2
    step_down(discriminator, judge)
    expected = {"adversarial": ((judge(made) - 1) ** 2).mean(), "nce": contrast(exact, a, made, mirrored)}
    total = expected["adversarial"] + {"cut": 1, "fastcut": 10}[name] * expected["nce"]
    if name == "cut":
        expected["identity"] = contrast(exact, b, generator(b), None)
        total = total + expected["identity"]
    expected["discriminator"] = discriminator
    assert {key: value.item() for key, value in losses.items()} == {
        key: pytest.approx(value.item(), rel=1e-4) for key, value in expected.items()
    }
    step_down(total, generator, exact["heads"])
    assert max(differences(recipe, before, exact).values()) < 1e-3


def test_one_generator_is_published_and_the_heads_are_kept_for_resuming_only() -> None:
    recipe = make("cut", PARTS, channels=3, image_size=16, layers=LAYERS, head_width=8)
    assert (dict(recipe.exports), dict(recipe.discriminators)) == ({"": "generator"}, {"": "discriminator"})
    assert [head[0].in_features for head in recipe.networks["heads"]] == [3, 8, 16, 16]
    sheet = recipe.sample(recipe.networks, pictures(1))
    assert torch.equal(sheet[::2], pictures(1)["a"]) and torch.equal(sheet[1::2], recipe.generator(sheet[::2]))


# ---- the encoder half ------------------------------------------------------------------------------------------------


def test_features_are_those_of_a_whole_run_and_what_comes_after_is_not_run() -> None:
    generator = build("generator:resnet", width=4, blocks=2)
    ran: list[int] = []
    for index, layer in enumerate(generator.layers):
        layer.register_forward_hook(lambda *_, index=index: ran.append(index))
    images = pictures(1)["a"]
    found = Encoder(generator, ["input", "layers.7", "layers.10"]).features(images)
    assert ran == list(range(11))
    expected = [images, generator.layers[:8](images), generator.layers[:11](images)]
    assert all(torch.equal(one, other) for one, other in zip(found, expected, strict=True))
    generator(images)  # no hook is left behind
    assert ran[-1] == len(generator.layers) - 1


def test_building_leaves_the_generator_as_it_was() -> None:
    recipe = make("cut", {**PARTS, "generator": {**PARTS["generator"], "norm": "batch"}}, channels=3, image_size=16,
                  layers=LAYERS)  # fmt: skip
    norm = recipe.generator.layers[2]
    assert recipe.generator.training and norm.num_batches_tracked == 0
    assert not any(module._forward_hooks for module in recipe.generator.modules())


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (
            "input,layers.4,encoder.2",
            r"has no module 'encoder\.2' to contrast\. Set layers to some .*layers\.0, layers\.1",
        ),
        ("input,layers.8,layers.18", r"'layers\.18' of the generator is not in its encoder half"),
        ("layers.8,input", r"'input' of the generator is not in its encoder half"),
    ],
)
def test_modules_that_are_no_encoder_s_are_refused(layers: str, message: str) -> None:
    with pytest.raises(GanzooError, match=message):
        make("cut", PARTS, channels=3, image_size=16, layers=layers)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"layers": "input,,layers.4"}, "should name modules of the generator, each once"),
        ({"layers": "input,input"}, "should name modules of the generator, each once"),
        ({"nce_weight": 0}, "nce_weight=0 should be above 0"),
        ({"identity_weight": -1}, "identity_weight=-1 should be at least 0"),
        ({"temperature": 0}, "temperature=0 should be above 0"),
        ({"patches": 1}, "patches=1 should be at least 2"),
        ({"enlarge": 9}, "enlarge=9 should be from 1 to 8"),
    ],
)
def test_wrong_options_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        options.parse(catalog.find("recipe:cut"), values)


def test_the_two_recipes_have_the_papers_weights() -> None:
    cut, fast = (options.parse(catalog.find(f"recipe:{name}"), {}) for name in ("cut", "fastcut"))
    assert (cut.nce_weight, cut.identity_weight, cut.flip_equivariance) == (1, 1, False)
    assert (fast.nce_weight, fast.identity_weight, fast.flip_equivariance) == (10, 0, True)
    assert (cut.patches, cut.temperature, cut.head_width, cut.learning_rate, cut.beta1) == (256, 0.07, 256, 2e-4, 0.5)


# ---- learning --------------------------------------------------------------------------------------------------------

A = (0.9, -0.1, 0.2), (-0.8, -0.8, -0.5)  # red discs on dark blue
B = (0.2, 0.7, 0.9), (-0.8, 0.0, -0.1)  # light blue discs on teal: discs are brighter on both sides


def discs(
    count: int, seed: int, disc: tuple[float, ...], ground: tuple[float, ...], noise: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Return pictures (N, 3, 16, 16) of one disc each, and where it is (N, 16, 16)."""
    random = torch.Generator().manual_seed(seed)
    middles = torch.rand(count, 2, 1, 1, generator=random) * 8 + 4
    line = torch.arange(16.0)
    inside = (line[:, None] - middles[:, 0]) ** 2 + (line - middles[:, 1]) ** 2 < 4.5**2
    colors = [torch.tensor(color)[:, None, None] for color in (disc, ground)]
    made = torch.where(inside[:, None], *colors)
    return made + noise * torch.randn(made.shape, generator=random), inside


def distance_and_overlap(recipe: Recipe) -> tuple[float, float]:
    """Return how far translations are from the other side, and how well discs of its colors lie where they were.

    Pictures have no noise here: what no translation can bring nearer would only narrow the room.
    """
    given, inside = discs(256, 10**6, *A)
    target, _ = discs(256, 10**6 + 1, *B)
    with torch.no_grad():
        made = recipe.generator(given)
    to_disc, to_ground = (((made - torch.tensor(each)[:, None, None]) ** 2).sum(1) for each in B)
    found = to_disc < to_ground
    return sliced_wasserstein(made, target), ((found & inside).sum() / (found | inside).sum()).item()


@pytest.mark.learning
@pytest.mark.parametrize(
    ("name", "rate", "weight", "steps", "falling"),
    [
        pytest.param("cut", 1.5e-3, 2.0, 320, True, id="cut"),
        pytest.param("fastcut", 2e-3, 1.0, 200, False, id="fastcut"),
    ],
)
def test_it_learns_the_other_sides_colors_and_keeps_every_disc_in_its_place(
    name: str, rate: float, weight: float, steps: int, falling: bool, double: None, seed: int, measured: Measures
) -> None:
    """Pictures have noise while it learns: with less, the discriminator wins now and then."""
    few = {"layers": LAYERS, "patches": 64, "head_width": 32, "learning_rate": rate, "nce_weight": weight}
    recipe = make(name, {**PARTS, "generator": {"width": 8, "blocks": 1}}, channels=3, image_size=16, seed=seed, **few)
    before, chance = distance_and_overlap(recipe)
    torch.manual_seed(seed)
    for step in averaged(recipe, falling_rates(recipe, steps) if falling else range(steps)):
        a, b = (discs(16, 2 * step + side + 10**4 * seed, *colors, noise=0.2)[0] for side, colors in enumerate((A, B)))
        recipe.step({"a": a, "b": b})
    after, overlap = distance_and_overlap(recipe)
    measured("distance", after, limit=175, untrained=before)
    measured("misplaced", 1 - overlap, limit=0.4, untrained=1 - chance)
