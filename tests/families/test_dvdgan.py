"""DVD-GAN's layers and step against the paper's equations, written again here in float64; and that it learns."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from exact import descend_plainly, differences, doubles, flat, make, step_down
from learning import Measures, falling_rates
from torch import Tensor, nn

from ganzoo import build, sliced_wasserstein
from ganzoo.data.datasets import Augmentation
from ganzoo.data.moving_images import Motion, MovingImages
from ganzoo.errors import OptionError
from ganzoo_plugins.dvdgan.layers import ConvGRU
from ganzoo_plugins.dvdgan.recipe import clip_logits, flatten_frames

PARTS: dict[str, dict[str, Any]] = {
    "generator": {"width": 4, "latent_dim": 6},
    "spatial": {"width": 4},
    "temporal": {"width": 4},
}


def recipe(**values: Any) -> Any:
    given = {"image_size": 16, "channels": 1, "frames": 4, "classes": 3, **values}
    return make("dvdgan", PARTS, **given)


def batch(count: int = 3, seed: int = 2) -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(seed)
    return {"clip": torch.rand(count, 1, 4, 16, 16, generator=random) * 2 - 1, "label": torch.arange(count) % 3}


# ---- layers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inputs", [1, 5])
def test_a_conv_gru_is_the_papers_recurrence(inputs: int) -> None:
    torch.manual_seed(0)
    unit = ConvGRU(3).eval().double()
    for gate in (unit.reset, unit.keep, unit.candidate):
        nn.init.normal_(gate.bias)
    given = torch.randn(2, inputs, 3, 6, 6, dtype=torch.float64)
    state, expected = torch.zeros(2, 3, 6, 6, dtype=torch.float64), []
    for frame in range(5):
        x = given[:, frame % inputs]
        reset, keep = (torch.sigmoid(gate(torch.cat([state, x], 1))) for gate in (unit.reset, unit.keep))
        # The candidate's weights see [R * H; X], in the order of the other gates.
        candidate = F.relu(unit.candidate(torch.cat([reset * state, x], 1)))
        state = keep * state + (1 - keep) * candidate
        expected.append(state)
    assert torch.allclose(unit(given, 5), torch.stack(expected, 1), atol=1e-12)


def test_every_weight_starts_orthogonal_and_has_a_largest_singular_value_of_1() -> None:
    for network in recipe().networks.values():
        network.eval()
        judged = [module for module in network.modules() if hasattr(module, "parametrizations")]
        weighted = [m for m in network.modules() if isinstance(m, (nn.Linear, nn.Conv2d, nn.Conv3d, nn.Embedding))]
        assert judged == weighted
        for module in judged:
            raw = module.parametrizations.weight.original.detach().flatten(1).double()
            least = raw @ raw.T if raw.shape[0] <= raw.shape[1] else raw.T @ raw
            assert torch.allclose(least, torch.eye(len(least), dtype=torch.float64), atol=1e-5)
            assert torch.linalg.matrix_norm(module.weight.detach().flatten(1), 2).item() == pytest.approx(1, abs=1e-3)
            assert getattr(module, "bias", None) is None or not module.bias.any()


def test_latents_and_classes_reach_every_norm_and_frames_differ() -> None:
    torch.manual_seed(0)
    generator = build("generator:dvdgan", image_size=16, channels=1, frames=4, classes=3, latent_dim=6, width=4)
    assert sum(type(module).__name__ == "ConditionalNorm" for module in generator.modules()) == 2 * 2 * 2
    for module in generator.modules():
        if type(module).__name__ == "ConditionalNorm":
            assert module.scale.parametrizations.weight.original.shape[1] == 12  # [z; e(y)]
    clips = generator(torch.randn(2, 6), torch.tensor([0, 1]))
    assert clips.shape == (2, 1, 4, 16, 16) and (clips.diff(dim=2).abs().amax((1, 3, 4)) > 1e-3).all()


def test_recurrence_can_be_left_to_the_smallest_pictures() -> None:
    def units(**values: Any) -> int:
        network = build("generator:dvdgan-unconditional", image_size=32, width=4, latent_dim=4, **values)
        return sum(isinstance(module, ConvGRU) for module in network.modules())

    assert (units(), units(recurrent=2), units(recurrent=1)) == (3, 2, 1)


def test_the_temporal_discriminator_sees_half_the_resolution_and_the_order_of_frames() -> None:
    torch.manual_seed(0)
    network = build("discriminator:dvdgan-temporal", image_size=16, channels=1, frames=4, width=4).eval()
    clip = batch(1)["clip"]
    checker = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).repeat(8, 8)  # its mean over 2x2 pixels is 0
    assert torch.allclose(network(clip), network(clip + checker), atol=1e-5)
    assert not torch.allclose(network(clip), network(clip[:, :, [2, 0, 3, 1]]), atol=1e-4)


def test_discriminators_are_told_the_class_by_projection() -> None:
    torch.manual_seed(0)
    network = build("discriminator:dvdgan-spatial", image_size=16, channels=1, classes=3, width=4).eval().double()
    images, labels = flatten_frames(batch()["clip"])[:4].double(), torch.tensor([0, 1, 2, 1])
    features = F.relu(network.blocks(images)).sum((2, 3))
    expected = network.verdict.linear(features)[:, 0] + (network.verdict.embedding.weight[labels] * features).sum(1)
    assert torch.allclose(network(images, labels)[:, 0], expected)


# ---- the recipe ------------------------------------------------------------------------------------------------------


def test_a_step_equals_the_papers_hinge_losses() -> None:
    made = recipe(spatial_frames=2)
    descend_plainly(made)
    exact, before, given = doubles(made), flat(made), batch()
    torch.manual_seed(5)
    losses = made.step(given)

    torch.manual_seed(5)
    generator, spatial, temporal = (exact[name] for name in ("generator", "spatial", "temporal"))
    real, labels = given["clip"].double(), given["label"]
    fake = generator(torch.randn(3, 6).double(), labels)

    def on_frames(clips: Tensor) -> Tensor:
        """The sum over two frames of each clip of what the spatial discriminator says, (N,)."""
        chosen = torch.rand(3, 4).argsort(1)[:, :2].tolist()
        frames = torch.stack([clip[:, frame] for clip, two in zip(clips, chosen, strict=True) for frame in two])
        return spatial(frames, labels.repeat_interleave(2)).view(3, 2).sum(1)

    def on_clips(clips: Tensor) -> Tensor:
        return temporal(clips, labels)[:, 0]

    def hinge(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return F.relu(1 - real_logits).mean() + F.relu(1 + fake_logits).mean()

    shown = [real, fake.detach()]
    of_frames = [on_frames(clips) for clips in shown]
    judged = {
        "spatial discriminator": hinge(*of_frames),
        "temporal discriminator": hinge(on_clips(shown[0]), on_clips(shown[1])),
    }
    step_down(judged["spatial discriminator"] + judged["temporal discriminator"], spatial, temporal)
    fooled = -on_frames(fake).mean() - on_clips(fake).mean()
    step_down(fooled, generator)
    expected = {"generator": fooled, **judged}
    assert {name: value.item() for name, value in losses.items()} == {
        name: pytest.approx(value.item(), rel=1e-4, abs=1e-5) for name, value in expected.items()
    }
    assert max(differences(made, before, exact).values()) < 2e-3


def test_the_optimizers_have_the_papers_rates() -> None:
    made = recipe()
    rates = {name: (each.defaults["lr"], each.defaults["betas"]) for name, each in made.optimizers.items()}
    assert rates == {"generator": (1e-4, (0.0, 0.999)), "discriminators": (5e-4, (0.0, 0.999))}


def test_frames_are_drawn_evenly_and_none_twice() -> None:
    made = recipe(spatial_frames=3)
    clips = torch.arange(4.0).view(1, 1, 4, 1, 1).expand(1000, 1, 4, 2, 2)
    torch.manual_seed(0)
    seen = made.draw_frames(clips)[:, :, 0, 0, 0]
    assert seen.shape == (1000, 3) and all(len(set(row)) == 3 for row in seen.tolist())
    counts = seen.long().flatten().bincount()
    assert (counts - 750).abs().max() < 70  # five standard deviations of 13.7


def test_all_frames_of_a_clip_are_augmented_alike() -> None:
    made = recipe(augment="color,translation,cutout")
    still = batch()["clip"][:, :, :1].expand(-1, -1, 4, -1, -1)
    torch.manual_seed(0)
    shown = made.augment(still)
    assert shown.shape == still.shape and not torch.equal(shown, still)
    assert all(torch.equal(shown[:, :, 0], shown[:, :, frame]) for frame in range(4))
    torch.manual_seed(0)
    assert torch.equal(shown[:, :, 0], made.augment(still[:, :, 0]))  # as a picture by the same draws


def test_a_sheet_has_the_frames_of_one_clip_after_the_other() -> None:
    made, given = recipe(), batch()
    for network in made.networks.values():
        network.eval()
    latents = torch.randn(3, 6, generator=torch.Generator().manual_seed(0))
    clips = made.generator(latents, given["label"])
    sheet = made.sample(made.networks, given)
    assert sheet.shape == (12, 1, 16, 16) and torch.equal(sheet[6], clips[1, :, 2])
    measures = made.validate(made.networks, given)
    assert measures["frames"] == sliced_wasserstein(flatten_frames(clips), flatten_frames(given["clip"]))
    assert measures["distance"] == (measures["frames"] + measures["motion"]) / 2


def test_motion_is_seen_where_frames_are_the_same() -> None:
    """The clips backwards, and with frames in disorder, have the same frames; disorder is other motion."""
    made, given = recipe(), {"clip": squares(64, seed=1)["clip"], "label": torch.zeros(64, dtype=torch.int64)}

    def measures(clips: Tensor) -> dict[str, float]:
        made.generate = lambda *_: clips
        return made.validate(made.networks, given)

    ordered, mixed = measures(squares(64, seed=2)["clip"]), measures(squares(64, seed=2)["clip"][:, :, [2, 0, 3, 1]])
    assert mixed["frames"] < 1.3 * ordered["frames"] and mixed["motion"] > 2 * ordered["motion"]


def test_a_discriminator_of_patches_can_judge_frames() -> None:
    made = make(
        "dvdgan",
        {**PARTS, "spatial": {"width": 4, "receptive_field": 16}},
        {"spatial": "discriminator:patchgan"},
        image_size=16, channels=1, frames=4, classes=3,
    )  # fmt: skip
    logits = clip_logits(made.spatial, flatten_frames(batch()["clip"]).view(3, 4, 1, 16, 16), batch()["label"])
    assert len(logits) == 3 and all(loss.isfinite() for loss in made.step(batch()).values())


def test_without_classes_labels_are_left_alone() -> None:
    made = make("dvdgan-unconditional", PARTS, image_size=16, channels=1, frames=4)
    assert not any(isinstance(module, nn.Embedding) for each in made.networks.values() for module in each.modules())
    torch.manual_seed(1)
    first = made.step({"clip": batch()["clip"]})
    again = make("dvdgan-unconditional", PARTS, image_size=16, channels=1, frames=4)
    torch.manual_seed(1)
    assert {k: v.item() for k, v in again.step(batch()).items()} == {k: v.item() for k, v in first.items()}


@pytest.mark.parametrize(
    ("spec", "values", "text"),
    [
        ("generator:dvdgan", {"classes": 0}, "classes=0 should be at least 2: give videos or images in one folder"),
        ("generator:dvdgan", {"frames": 1}, "frames=1 should be at least 2"),
        ("generator:dvdgan-unconditional", {"image_size": 33}, "image_size=33 should be 4, 5, 6 or 7 times a power"),
        ("generator:dvdgan-unconditional", {"recurrent": 0}, "recurrent=0 should be at least 1"),
        ("discriminator:dvdgan-spatial", {"classes": -1}, "classes=-1 should be at least 0"),
        ("discriminator:dvdgan-temporal", {"frames": 1}, "frames=1 should be at least 2"),
    ],
)
def test_wrong_options_are_told(spec: str, values: dict[str, Any], text: str) -> None:
    with pytest.raises(OptionError, match=text):
        build(spec, **values)


def test_data_without_classes_is_told_of_the_other_recipe() -> None:
    with pytest.raises(OptionError, match="the recipe dvdgan-unconditional needs no classes"):
        recipe(classes=0)
    with pytest.raises(OptionError, match="spatial_frames=0 should be at least 1"):
        recipe(spatial_frames=0)


# ---- it learns -------------------------------------------------------------------------------------------------------


def squares(count: int, seed: int) -> dict[str, Tensor]:
    """Return clips of 4 frames of 16x16: white squares of 7 pixels (class 0) or of 3 (class 1) that move."""
    large, small = torch.zeros(2, 1, 7, 7, dtype=torch.uint8)
    large[:] = 255
    small[:, 2:5, 2:5] = 255
    labels = torch.arange(count) % 2
    pictures = torch.stack([large, small])[labels]
    data = MovingImages(pictures, Augmentation(7, flip=False), Motion(16, 4, 4.0), labels)
    return data.batch(list(range(count)), torch.Generator().manual_seed(seed))


@torch.no_grad()
def looked_at(made: Any, held: dict[str, Tensor]) -> dict[str, float]:
    """Return the distance of frames, how much larger large squares are than small ones, and the share of motion."""
    for network in made.networks.values():
        network.eval()
    clips, real = made.generate(made.generator, torch.randn(len(held["clip"]), 8), held["label"]), held["clip"]
    for network in made.networks.values():
        network.train()
    areas = (clips > 0).float().sum((1, 3, 4)).mean(1)
    return {
        "frames": sliced_wasserstein(flatten_frames(clips), flatten_frames(real)),
        "sizes": (areas[held["label"] == 0].mean() / areas[held["label"] == 1].mean()).item(),
        "motion": (clips.diff(dim=2).abs().mean() / real.diff(dim=2).abs().mean()).item(),
    }


@pytest.mark.learning
def test_it_learns_which_class_is_which_and_to_move(one_thread: None, seed: int, measured: Measures) -> None:
    """Random weights make clips that stand still, 0.02 of the real motion, of areas that no class tells apart."""
    parts = {"generator": {"width": 8, "latent_dim": 8, "recurrent": 1}, "spatial": {"width": 8}}
    rates = {"learning_rate": 2e-3, "discriminator_learning_rate": 4e-3, "spatial_frames": 2}
    facts = {"image_size": 16, "channels": 1, "frames": 4, "classes": 2}
    made, held = (
        make("dvdgan", {**parts, "temporal": {"width": 8}}, seed=seed, **rates, **facts),
        squares(128, seed=10**9),
    )
    torch.manual_seed(seed)
    before = looked_at(made, held)
    for step in falling_rates(made, 120):
        made.step(squares(8, seed=step + 1000 * seed))
    after = looked_at(made, held)
    measured("frames", after["frames"], limit=0.72 * before["frames"], untrained=before["frames"])
    measured("sizes", after["sizes"], limit=2.4, untrained=before["sizes"], better="higher")
    measured("motion", after["motion"], limit=0.1, untrained=before["motion"], better="higher")
