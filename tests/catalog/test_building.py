"""Entries and options to networks, parts of recipes, and losses over scales."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

import ganzoo
from ganzoo import Config, Entry, catalog
from ganzoo.catalog.building import Architecture, ChosenParts
from ganzoo.contracts.option_text import OptionText
from ganzoo.errors import OptionError, PluginError, UnknownName
from ganzoo.losses.multi_scale import MultiScaleLoss
from ganzoo_plugins.cyclegan import ResnetConfig
from ganzoo_plugins.pix2pix import UNetConfig


def parts(recipe: str = "dcgan", chosen: Mapping[str, str] | None = None, **options: Mapping[str, Any]) -> ChosenParts:
    return ChosenParts(catalog.find(f"recipe:{recipe}"), chosen or {}, options)


def test_a_network_is_built_with_its_options_and_knows_its_architecture() -> None:
    network = ganzoo.build("discriminator:lsgan", width=4, image_size=16)
    assert isinstance(network, torch.nn.Module)
    assert network.architecture == Architecture(
        "discriminator:lsgan", {"image_size": 16, "image_width": 0, "channels": 3, "width": 4}
    )
    again = ganzoo.build(network.architecture.entry, **network.architecture.options)
    again.load_state_dict(network.state_dict())


def test_the_architecture_is_not_part_of_the_weights() -> None:
    network = ganzoo.build("discriminator:patchgan", width=4)
    assert all(name.startswith("layers.") for name in network.state_dict())


def test_options_of_a_command_line_are_read_and_text_in_python_is_refused() -> None:
    text = {"width": "4", "blocks": "1", "dropout": "true"}
    network = ganzoo.build("generator:resnet", **{name: OptionText(value) for name, value in text.items()})
    assert network.architecture.options["width"] == 4
    assert network.architecture.options["dropout"] is True
    with pytest.raises(OptionError, match="width='4' should be an integer, at least 1"):
        ganzoo.build("generator:resnet", **text)


def test_options_can_be_a_config_that_editors_complete() -> None:
    network = ganzoo.build("generator:resnet", ResnetConfig(width=4, blocks=3), blocks=1)
    assert [network.architecture.options[name] for name in ("width", "blocks", "in_channels")] == [4, 1, 3]
    with pytest.raises(OptionError, match="width=0 should be at least 1"):
        ganzoo.build("generator:resnet", ResnetConfig(width=0))
    with pytest.raises(OptionError, match=r"UNetConfig holds no options of generator:resnet: use .*\.ResnetConfig"):
        ganzoo.build("generator:resnet", UNetConfig())


def test_weights_follow_the_seed() -> None:
    def weight(seed: int) -> Tensor:
        torch.manual_seed(seed)
        first: Tensor = next(ganzoo.build("generator:dcgan", image_size=16, width=4).parameters())
        return first

    assert torch.equal(weight(1), weight(1))
    assert not torch.equal(weight(1), weight(2))


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        ("generator:resent", UnknownName, r"No generator is called 'resent'. Did you mean 'resnet'\?"),
        ("generator:patchgan", UnknownName, "No generator is called 'patchgan'"),
        ("resnet", OptionError, "'resnet' is not an entry. Write KIND:NAME"),
        ("network:resnet", OptionError, "'network:resnet' is not an entry"),
        ("recipe:dcgan", OptionError, "'recipe:dcgan' is a recipe, which needs data. Use ganzoo.train"),
    ],
)
def test_a_wrong_spec_says_what_would_be_right(spec: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ganzoo.build(spec)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"widht": 3}, r"generator:resnet has no option 'widht'. Did you mean 'width'\? Its options are: in_channels,"),
        ({"width": "many"}, r"generator:resnet: width='many' should be an integer, at least 1\. The default is 64\."),
        ({"norm": "layer"}, r"norm='layer' should be 'instance', 'batch' or 'none'. The default"),
        ({"width": 0}, r"generator:resnet: width=0 should be at least 1\. The default is 64\."),
    ],
)
def test_a_wrong_option_says_what_would_be_right(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        ganzoo.build("generator:resnet", **options)


@dataclasses.dataclass(frozen=True)
class FrozenLoss:
    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return fake_logits.mean() - real_logits.mean()

    def generator(self, fake_logits: Tensor) -> Tensor:
        return -fake_logits.mean()


def test_a_loss_may_be_any_object_even_a_frozen_one(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Entry("loss", "frozen", Config, lambda config: FrozenLoss(), "")
    monkeypatch.setattr(catalog, "find", lambda spec: entry)
    assert ganzoo.build("loss:frozen") == FrozenLoss()


def test_parts_are_the_entrys_defaults_or_the_users_choice() -> None:
    assert parts().specs == {
        "generator": "generator:dcgan",
        "discriminator": "discriminator:dcgan",
        "loss": "loss:non-saturating",
    }
    chosen = parts(chosen={"loss": "hinge", "discriminator": "discriminator:patchgan"})
    assert chosen.specs["loss"] == "loss:hinge"
    assert chosen.specs["discriminator"] == "discriminator:patchgan"


def test_a_suggestion_counts_where_the_option_exists_and_the_user_set_none() -> None:
    made = parts(generator={"width": 4}, discriminator={"width": 4})
    generator = made.build("generator", image_size=16, width=8, no_such_option=1)
    assert generator.image_size == 16
    assert generator.architecture.options["width"] == 4
    assert "no_such_option" not in generator.architecture.options
    user = parts(generator={"image_size": 32, "width": 4}).build("generator", image_size=16)
    assert user.image_size == 32


def test_each_build_of_a_part_is_a_network_of_its_own() -> None:
    made = parts("cyclegan", generator={"width": 4, "blocks": 1})
    first, second = made.build("generator"), made.build("generator")
    assert not torch.equal(next(first.parameters()), next(second.parameters()))


def test_a_loss_comes_wrapped_for_several_scales() -> None:
    made = parts(chosen={"loss": "least-squares"}, loss={"factor": 1}).build("loss", a=-1.0)
    assert isinstance(made, MultiScaleLoss)
    assert made.generator(torch.zeros(2, 1)).item() == 1
    assert made.discriminator(torch.ones(2, 1), torch.zeros(2, 1)).item() == 1


@pytest.mark.parametrize(
    ("chosen", "options", "error", "message"),
    [
        ({"los": "hinge"}, {}, OptionError, r"'dcgan' has no part 'los'. Did you mean 'loss'\? Its parts are: gener"),
        ({}, {"judge": {"width": 4}}, OptionError, "no part 'judge'"),
        ({"loss": "generator:dcgan"}, {}, OptionError, "The part 'loss' takes a loss, not 'generator:dcgan'"),
        ({"loss": "hinged"}, {}, UnknownName, r"No loss is called 'hinged'. Did you mean 'hinge'\?"),
        ({"loss": "hinge"}, {"loss": {"a": 1}}, OptionError, r"loss:hinge has no option 'a'. Its options are: scales"),
        ({}, {"generator": {"width": 0}}, OptionError, "width=0 should be at least 1"),
        (
            {"generator": "unet"},
            {},
            OptionError,
            r"takes a generator for unconditional-image-generation, not 'generator:unet', which is for image-to-image",
        ),
    ],
)
def test_a_wrong_part_is_an_error_before_anything_is_built(
    chosen: dict[str, str], options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        parts(chosen=chosen, **options)


def squares(count: int = 3) -> list[Tensor]:
    random = torch.Generator().manual_seed(count)
    return [torch.randn(2, 1, size, size, generator=random) for size in (7, 3, 1)[:count]]


def test_a_loss_over_scales_is_the_sum_of_the_loss_at_each() -> None:
    inner = ganzoo.build("loss:least-squares")
    loss, real, fake = MultiScaleLoss(inner), squares(), [-each for each in squares()]
    per_scale = [
        ((r.double() - 1) ** 2).mean() / 2 + (f.double() ** 2).mean() / 2 for r, f in zip(real, fake, strict=True)
    ]
    assert loss.discriminator(real, fake).item() == pytest.approx(sum(per_scale).item(), rel=1e-6)
    making = [((f.double() - 1) ** 2).mean() / 2 for f in fake]
    assert loss.generator(fake).item() == pytest.approx(sum(making).item(), rel=1e-6)
    assert loss.generator(tuple(fake)).item() == loss.generator(fake).item()


def test_a_single_scale_is_the_loss_itself() -> None:
    inner = ganzoo.build("loss:hinge")
    real, fake = squares(2)[0], squares(1)[0]
    assert MultiScaleLoss(inner).discriminator(real, fake) == inner.discriminator(real, fake)
    assert MultiScaleLoss(inner).generator([fake]) == inner.generator(fake)


def test_real_and_fake_logits_of_different_scales_are_no_pair() -> None:
    with pytest.raises(ValueError, match="shorter"):
        MultiScaleLoss(ganzoo.build("loss:hinge")).discriminator(squares(3), squares(2))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_stops_before_the_loss(dtype: torch.dtype) -> None:
    loss = MultiScaleLoss(ganzoo.build("loss:least-squares"))
    large = torch.full((2, 1), 300.0, dtype=dtype, requires_grad=True)  # its square overflows float16
    value = loss.generator(large)
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx((300 - 1) ** 2 / 2, rel=1e-2)
    value.backward()
    assert large.grad is not None
    assert large.grad.dtype == dtype
    assert loss.discriminator([large], [large]).dtype == torch.float32


def test_a_regularizer_passes_through_and_is_nothing_where_there_is_none() -> None:
    class Counting(FrozenLoss):
        def regularizer(self, discriminator: Any, real_images: Tensor, fake_images: Tensor) -> Tensor:
            return discriminator(real_images).sum() + 2 * discriminator(fake_images).sum()

    real, fake = torch.ones(1, 1, 2, 2), torch.ones(1, 1, 2, 2)
    assert MultiScaleLoss(Counting()).regularizer(torch.nn.Identity(), real, fake).item() == 12
    assert MultiScaleLoss(FrozenLoss()).regularizer(torch.nn.Identity(), real, fake) == 0


def test_a_part_that_the_recipe_does_not_declare_is_the_plugin_s_error() -> None:
    with pytest.raises(
        PluginError, match=r"^recipe:dcgan declares no part 'critic'\. Add it to the parts of its Entry"
    ):
        parts().build("critic")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"width": 3},
            r"'width' is an option of the generator and the discriminator: --set generator.width=3\.$",
        ),
        ({"widht": "8"}, r"'width' is an option of the generator and the discriminator: --set generator.width=8\.$"),
        ({"latent_dim": 9}, r"'latent_dim' is an option of the generator: --set generator.latent_dim=9\.$"),
        ({"imagesize": 32}, r"Did you mean 'image_size'\? Its options are: [^']*$"),
        ({"zzz": 1}, r"no option 'zzz'\. Its options are: [^']*$"),
        ({"learning_rate": "x"}, r"learning_rate='x' should be [^:]*$"),
    ],
)
def test_an_option_of_a_part_given_to_the_recipe_names_the_part(values: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        parts().config(values)
