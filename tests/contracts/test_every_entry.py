"""The plugin contract, for every entry of the catalog; and that the contract notices what breaks it."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Literal

import pytest
import random_weights
import torch
from families import family_cases
from torch import nn

import ganzoo_plugins
from ganzoo import AdversarialConfig, Config, Entry, GanzooError, LatentRecipe, Recipe, catalog, testing
from ganzoo.catalog import options
from ganzoo.contracts.entry import KINDS
from ganzoo.contracts.recipe import StepState
from ganzoo.errors import OptionError

# What makes an entry small, and other options worth checking: those of ganzoo's families are in families/family_cases.
SMALL: dict[str, dict[str, Any]] = family_cases.gathered("SMALL")
VARIANTS: list[tuple[str, dict[str, Any]]] = family_cases.gathered("VARIANTS")
# Entries whose real weights are a download: what writes random ones to a path.
WEIGHTS = {
    "extractor:inception": random_weights.inception,
    "extractor:timm": random_weights.tiny_timm,
    "features:timm": random_weights.tiny_timm,
}
FAMILIES = sorted(path.parent.name for path in Path(ganzoo_plugins.__file__).parent.glob("*/__init__.py"))


def small_parts(entry: Entry) -> dict[str, dict[str, Any]]:
    """Return options that make a recipe's default parts small, leaving sizes to the recipe."""
    expected = ("width", "blocks", "latent_dim", "depth", "hidden")
    return {
        role: {name: value for name, value in SMALL.get(spec, {}).items() if name in expected}
        for role, spec in entry.parts.items()
    }


def check(spec: str, values: dict[str, Any], folder: Path | None = None) -> None:
    entry = catalog.find(spec)
    if folder and spec in WEIGHTS:
        values = {**values, "weights": str(WEIGHTS[spec](folder / "weights.pth"))}
    testing.check_entry(entry, values, part_options=small_parts(entry))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    shutil.rmtree(tmp_path)  # pytest would keep 95 MB for three runs


# One's weights are a download, and one's package is in no environment of all tests: they have tests of their own.
CHECKED = [entry for entry in catalog.entries() if entry.spec not in ("metric:lpips", "format:executorch")]


@pytest.mark.parametrize("entry", CHECKED, ids=lambda entry: entry.spec)
def test_the_contract_holds_for_every_entry(entry: Entry, folder: Path) -> None:
    check(entry.spec, SMALL.get(entry.spec, {}), folder)


@pytest.mark.parametrize(("spec", "values"), VARIANTS, ids=lambda value: str(value).replace("'", ""))
def test_the_contract_holds_for_other_options(spec: str, values: dict[str, Any], folder: Path) -> None:
    check(spec, values, folder)


@pytest.mark.parametrize("family", FAMILIES)
def test_importing_a_family_imports_nothing_heavy(family: str) -> None:
    testing.check_import(f"ganzoo_plugins.{family}")


def test_the_random_numbers_of_torch_are_left_as_they_were() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    check("generator:dcgan", SMALL["generator:dcgan"])
    check("recipe:dcgan", SMALL["recipe:dcgan"])
    assert torch.equal(torch.rand(3), expected)


@dataclass(frozen=True)
class Options(Config):
    fault: str = ""
    size: int = 8


class Toy(nn.Module):
    """A generator that is right, but for the one ``fault`` it is asked to have."""

    def __init__(self, fault: str, size: int = 8) -> None:
        super().__init__()
        self.size, self.fault, self.latent_dim, self.image_size, self.out_channels = size, fault, 3, 4, 1
        self.linear = nn.Linear(3, 16)
        self.offset = torch.randn(())
        if fault == "unused":
            self.idle = nn.Linear(2, 2)
        if fault == "gray-alpha":
            self.out_channels = 2
        if fault == "no-latent":
            del self.latent_dim
        if fault == "shared":
            self.alias = self.linear.weight

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        weights = self.linear(latents.detach()) if self.fault != "cut" else self.linear(latents).detach()
        if self.fault == "crowd":
            weights = weights - weights.mean(0)
        if self.fault == "hidden-state":
            weights = weights + self.offset
        if self.fault == "cut":
            weights = weights + 0 * self.linear.weight.sum() + 0 * self.linear.bias.sum()
        images = weights if self.fault == "range" else torch.tanh(weights)
        images = images * 9 if self.fault == "range" else images
        if self.fault == "nan":
            images = images / 0 * 0
        if self.fault == "double":
            images = images.double()
        return images.view(-1, 1, 2, 8) if self.fault == "shape" else images.view(-1, 1, 4, 4)


def toy(fault: str, config: type[Config] = Options) -> Entry:
    return Entry(
        kind="generator",
        name="toy",
        config=config,
        build=lambda config: Toy(fault, getattr(config, "size", 8)),
        summary="A toy",
        task="unconditional-image-generation",
    )


def test_a_right_generator_passes() -> None:
    testing.check_entry(toy(""))


def test_a_generator_that_has_nothing_to_learn_needs_no_gradient() -> None:
    class Waves(nn.Module):
        latent_dim, image_size, out_channels = 3, 4, 1

        def forward(self, latents: torch.Tensor) -> torch.Tensor:
            return latents.detach().sum(1).sin().view(-1, 1, 1, 1).expand(-1, 1, 4, 4)

    testing.check_entry(replace(toy(""), build=lambda config: Waves()))


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("unused", "never uses its parameter idle"),
        ("gray-alpha", r"\(2, 1, 4, 4\), not \(2, 2, 4, 4\)"),
        ("no-latent", "no integer latent_dim"),
        ("shared", "cannot be saved as safetensors"),
        ("crowd", "depend on the others"),
        ("hidden-state", "not in its state_dict"),
        ("cut", "no gradient reach linear.weight"),
        ("range", r"outside \[-1, 1\]"),
        ("nan", "not finite"),
        ("double", "float64, not float32"),
        ("shape", r"\(2, 1, 2, 8\), not \(2, 1, 4, 4\)"),
    ],
)
def test_a_wrong_generator_is_named_with_its_fault(fault: str, message: str) -> None:
    with pytest.raises(AssertionError, match=f"generator:toy .*{message}"):
        testing.check_entry(toy(fault))


def test_a_generator_whose_weights_ignore_the_seed_is_refused() -> None:
    def build(config: Config) -> Toy:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return Toy("")

    with pytest.raises(AssertionError, match="the same weights for another seed"):
        testing.check_entry(replace(toy(""), build=build))


def test_options_that_json_changes_are_refused() -> None:
    @dataclass(frozen=True)
    class Odd(Config):
        sizes: Any = field(default_factory=lambda: (1, 2))

    with pytest.raises(AssertionError, match="differ after JSON"):
        testing.check_options(toy("", Odd))


def test_no_config_swallows_unknown_options() -> None:
    @dataclass(frozen=True)
    class Lax(Config):
        __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "ignore"}
        width: int = 1

    with pytest.raises(OptionError, match="has no option 'wide'"):
        options.parse(toy("", Lax), {"wide": 1})


class Judge(nn.Module):
    def __init__(self, fault: str) -> None:
        super().__init__()
        self.in_channels, self.fault = 3, fault
        self.layer = nn.Conv2d(3, 1, 3)

    def forward(self, images: torch.Tensor) -> torch.Tensor | list[torch.Tensor]:
        logits = self.layer(images)
        return {"": logits, "mean": logits.mean(), "half": logits.half(), "list": [logits, logits[0]]}[self.fault]


@pytest.mark.parametrize(("fault", "message"), [("mean", "not N first"), ("half", "float16"), ("list", "not N first")])
def test_a_wrong_discriminator_is_refused(fault: str, message: str) -> None:
    entry = Entry("discriminator", "judge", Options, lambda config: Judge(config.fault), "A thing")
    testing.check_entry(entry)
    with pytest.raises(AssertionError, match=f"discriminator:judge .*{message}"):
        testing.check_entry(entry, {"fault": fault})


class Eye(nn.Module):
    """An extractor that is right, but for its ``fault``."""

    label, weights_sha256, resizing, feature_dim, classes = "eye", "0" * 64, "mean", 4, ("dark", "bright")

    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault
        self.weights = nn.Parameter(torch.linspace(-1, 1, 4) if fault != "random" else torch.randn(4))
        self.head = nn.Linear(4, 3 if fault == "classes" else 2)
        if fault == "label":
            self.label = "My Eye"
        if fault == "hash":
            self.weights_sha256 = "abc"
        if fault == "dim":
            self.feature_dim = 5
        if fault != "training":
            self.eval()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if images.dtype != torch.uint8 and self.fault != "floats":
            raise GanzooError("not uint8")
        means = images.float().mean((1, 2, 3))[:, None]
        if self.fault == "crowd":
            means = means - means.mean()
        if self.fault == "paints":
            images.zero_()
        weights = torch.linspace(-1, 1, 4) if self.fault == "full" else self.weights
        made = means.to(weights.dtype) * weights
        return made if self.fault == "half" else made.float()

    def logits(self, features: torch.Tensor) -> torch.Tensor:
        return self.head(features)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("random", "other weights when it is built again"),
        ("classes", "3 logits for 2 classes"),
        ("label", "'My Eye', not lower-case"),
        ("hash", "not 64 hex digits"),
        ("dim", r"\(2, 4\), not \(2, 5\)"),
        ("training", "in training mode"),
        ("floats", "takes images that are not uint8"),
        ("crowd", "depend on the others"),
        ("paints", "changes the images"),
        ("full", "same in bfloat16"),
        ("half", "bfloat16, not float32"),
    ],
)
def test_a_wrong_extractor_is_refused(fault: str, message: str) -> None:
    entry = Entry("extractor", "eye", Options, lambda config: Eye(config.fault), "A thing")
    testing.check_entry(entry)
    with pytest.raises(AssertionError, match=f"extractor:eye .*{message}"):
        testing.check_entry(entry, {"fault": fault})


class Critic:
    def __init__(self, fault: Literal["", "sign", "vector", "overflow", "deaf", "swapped"]) -> None:
        self.fault = fault

    def discriminator(self, real_logits: torch.Tensor, fake_logits: torch.Tensor) -> torch.Tensor:
        if self.fault == "overflow":
            return (fake_logits.exp() + (-real_logits).exp()).mean()
        if self.fault == "deaf":
            return fake_logits.mean()
        return (real_logits.mean() - fake_logits.mean()) * (1 if self.fault == "swapped" else -1)

    def generator(self, fake_logits: torch.Tensor) -> torch.Tensor:
        return {"sign": fake_logits.mean(), "vector": -fake_logits}.get(self.fault, -fake_logits.mean())


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("sign", "the generator's half rises"),
        ("vector", "no scalar tensor from generator"),
        ("overflow", "overflows"),
        ("deaf", "no gradient through discriminator"),
        ("swapped", "takes fakes for real"),
    ],
)
def test_a_wrong_loss_is_refused(fault: str, message: str) -> None:
    entry = Entry("loss", "critic", Options, lambda config: Critic(config.fault), "A loss")
    testing.check_entry(entry)
    with pytest.raises(AssertionError, match=f"loss:critic .*{message}"):
        testing.check_entry(entry, {"fault": fault})


class Algorithm(Recipe):
    """A recipe that is right, but for its ``fault``."""

    def __init__(self, fault: str, parts: Any) -> None:
        self.fault = fault
        self.generator = parts.build("generator", image_size=16, width=4)
        self.networks = {"generator": self.generator}
        trained = list(self.generator.parameters())
        self.optimizers = {"adam": torch.optim.Adam(trained[:-1] if fault == "untrained" else trained)}
        self.exports = {} if fault == "unpublished" else {"": "generator"}
        if fault == "stranger":
            self.generator.__dict__.pop("architecture")
        self.momentum = torch.zeros(())

    def step(self, batch: Any) -> Any:
        images = self.generator(torch.randn(len(batch["image"]), self.generator.latent_dim))
        loss = images.mean() + (self.momentum * images).mean()
        if self.fault == "nan":
            loss = loss * float("nan")
        if self.fault != "idle":
            self.update("adam", loss)
        self.momentum = self.momentum + 1
        if self.fault == "vandal":
            batch["image"].zero_()
        return loss if self.fault == "nameless" else {"mean": loss}

    def sample(self, networks: Any, batch: Any) -> torch.Tensor:
        return networks["generator"](torch.randn(len(batch["image"]), self.generator.latent_dim)) * (
            1000 if self.fault == "bright" else 1
        )

    def state(self) -> dict[str, Any]:
        return {} if self.fault == "forgetful" else {"momentum": self.momentum}

    def load_state(self, state: Any) -> None:
        self.momentum = state.get("momentum", self.momentum)

    def learning_rate(self, progress: float) -> float:
        return 0.5 - progress if self.fault == "backwards" else 1.0


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("untrained", "with no optimizer"),
        ("unpublished", "no main generator"),
        ("stranger", "not built by parts.build"),
        ("nan", "not a finite scalar"),
        ("idle", "does not train generator"),
        ("vandal", "changes the batch"),
        ("nameless", "does not return a dict of named losses"),
        ("bright", r"outside \[-1, 1\]"),
        ("forgetful", "does not continue as before when resumed"),
        ("backwards", "learning_rate"),
    ],
)
def test_a_wrong_recipe_is_refused(fault: str, message: str) -> None:
    entry = Entry(
        kind="recipe",
        name="algorithm",
        config=Options,
        build=lambda config, parts: Algorithm(config.fault, parts),
        summary="A toy",
        data="images",
        parts={"generator": "generator:dcgan"},
    )
    testing.check_entry(entry)
    with pytest.raises(AssertionError, match=f"recipe:algorithm .*{message}"):
        testing.check_entry(entry, {"fault": fault})


class Adversarial(Algorithm):
    """A recipe with a discriminator and a loss, which asks the loss for its regularizer unless it has a ``fault``."""

    def __init__(self, fault: str, parts: Any) -> None:
        super().__init__("", parts)
        self.habit = fault
        self.critic = parts.build("critic", image_size=16, width=4)
        self.objective = parts.build("objectiv" if fault == "misspelled" else "objective")
        self.networks["critic"] = self.critic
        self.optimizers["critic"] = torch.optim.Adam(self.critic.parameters())

    def step(self, batch: Any) -> Any:
        losses, real = super().step(batch), batch["image"][:, :, :16, :16]  # as large as the generator's
        fake = self.sample(self.networks, batch).detach()
        judged = self.objective.discriminator(self.critic(real), self.critic(fake))
        if self.habit != "unregularized":
            judged = judged + self.objective.regularizer(self.critic, real, fake)
        self.update("critic", judged)
        return {**losses, "critic": judged}


ADVERSARIAL = Entry(
    kind="recipe",
    name="adversarial",
    config=Options,
    build=lambda config, parts: Adversarial(config.fault, parts),
    summary="A toy",
    data="images",
    parts={"generator": "generator:dcgan", "critic": "discriminator:dcgan", "objective": "loss:non-saturating"},
)


@pytest.mark.parametrize("loss", ["non-saturating", "wgan-gp"])
def test_a_recipe_that_ignores_the_regularizer_of_its_loss_is_refused(loss: str) -> None:
    testing.check_entry(ADVERSARIAL, parts={"objective": loss})
    with pytest.raises(
        AssertionError,
        match=r"recipe:adversarial ignores the regularizer of its part 'objective'.*: add "
        r"self\.objective\.regularizer\(discriminator, real, fake\) to the discriminator's loss",
    ):
        testing.check_entry(ADVERSARIAL, {"fault": "unregularized"}, parts={"objective": loss})


def test_a_recipe_that_builds_an_undeclared_part_is_refused() -> None:
    with pytest.raises(
        AssertionError,
        match=r"recipe:adversarial builds the part 'objectiv', which its entry does not declare. "
        r"Did you mean 'objective'\? Declared: generator, critic, objective",
    ):
        testing.check_entry(ADVERSARIAL, {"fault": "misspelled"})


class Steadied(LatentRecipe):
    """Keeps what `AdversarialConfig` promises, but for its ``habit``."""

    habit = ""

    def __init__(self, config: Any, parts: Any) -> None:
        super().__init__(config, parts)
        if self.habit == "one rate":
            self.optimizers["discriminator"] = self.adam(self.discriminator)

    def augment(self, images: torch.Tensor) -> torch.Tensor:
        return images if self.habit == "as it is" else super().augment(images)

    def penalty(self, discriminator: Any, real: torch.Tensor, fake: torch.Tensor) -> Any:
        if self.habit == "loss alone":
            return self.loss.regularizer(discriminator, real, fake)
        return super().penalty(discriminator, real, fake)

    def is_generator_step(self) -> bool:
        return True if self.habit == "every step" else super().is_generator_step()


def steadied(habit: str, config: type[Config] = AdversarialConfig) -> Entry:
    return replace(
        catalog.find("recipe:dcgan"),
        name="steadied",
        config=config,
        build=type("Habitual", (Steadied,), {"habit": habit}),
    )


@dataclass(frozen=True)
class Unsteadied(Config):
    """The fields that a latent recipe needs, and no promise."""

    image_size: int = 16
    channels: int = 1
    learning_rate: float = 2e-4
    beta1: float = 0.5
    beta2: float = 0.999


@pytest.mark.parametrize(
    ("habit", "message"),
    [
        ("as it is", r"augment: give discriminators self\.augment\(images\), for real and generated images"),
        ("loss alone", r"r1: add self\.penalty\(discriminator, real, fake\) to the discriminator's loss"),
        ("every step", r"discriminator_steps: update generators only if self\.is_generator_step\(\)"),
        ("one rate", r"discriminator_learning_rate: build .* with self\.adam\(discriminator, discriminator=True\)"),
    ],
)
def test_a_recipe_that_ignores_an_option_of_its_config_is_refused(habit: str, message: str) -> None:
    small = {"generator": {"width": 4}, "discriminator": {"width": 4}}
    testing.check_entry(steadied(""), {"image_size": 16}, part_options=small)
    with pytest.raises(AssertionError, match=f"recipe:steadied ignores its option {message}"):
        testing.check_entry(steadied(habit), {"image_size": 16}, part_options=small)


def test_a_recipe_that_promises_nothing_is_not_held_to_it() -> None:
    small = {"generator": {"width": 4}, "discriminator": {"width": 4}}
    testing.check_entry(steadied("every step", Unsteadied), part_options=small)


@pytest.mark.parametrize(
    "values", [{"augment": "color"}, {"r1": 1.0, "r1_every": 16}, {"augment": "cutout", "r1": 2.0}]
)
def test_options_that_are_set_already_are_checked_too(values: dict[str, Any]) -> None:
    small = {"generator": {"width": 4}, "discriminator": {"width": 4}}
    testing.check_entry(steadied(""), {"image_size": 16, **values}, part_options=small)


def test_a_recipe_under_test_has_its_config_as_the_loop_gives_it() -> None:
    made: list[Recipe] = []

    class Plain(LatentRecipe):
        def __init__(self, config: Any, parts: Any) -> None:
            super().__init__(config, parts)
            del self.config  # a recipe need not keep it: the loop sets it
            made.append(self)

    testing.check_entry(
        replace(steadied(""), build=Plain),
        {"image_size": 16, "clip_norm": 0.5},
        part_options={"generator": {"width": 4}, "discriminator": {"width": 4}},
    )
    assert {recipe.config.clip_norm for recipe in made} == {0.5}
    assert all(recipe.step_state == StepState() for recipe in made)


def test_a_plugin_that_imports_torch_is_refused() -> None:
    with pytest.raises(AssertionError, match=r"imports \['torch'\]"):
        testing.check_import("torch.version")
    with pytest.raises(AssertionError, match="cannot be imported"):
        testing.check_import("no_such_plugin")


@pytest.mark.parametrize("entry", catalog.entries("recipe"), ids=lambda entry: entry.name)
def test_every_recipe_takes_extra_losses_and_losses_that_compare_with_real_images(entry: Entry) -> None:
    names: set[str] = set()

    def build(config: Config, parts: Any) -> Recipe:
        recipe = entry.build(config, parts)

        def extra_losses(batch: Any, outputs: Any) -> dict[str, torch.Tensor]:
            names.update(outputs)
            return {"extra": sum(each.square().mean() for each in outputs.values() if each.requires_grad)}

        recipe.extra_losses = extra_losses
        return recipe

    parts = {"loss": "relativistic"} if "loss" in entry.parts else {}
    changed = replace(entry, build=build)
    testing.check_entry(changed, SMALL.get(entry.spec, {}), parts=parts, part_options=small_parts(entry))
    assert names in ({"image"}, {"clip"}, {"fake_a", "fake_b"})


def test_a_regularizer_with_a_state_resumes_in_a_recipe_with_two_discriminators() -> None:
    entry = catalog.find("recipe:cyclegan")
    testing.check_entry(entry, SMALL[entry.spec], parts={"regularizer": "lecam"}, part_options=small_parts(entry))


def test_every_kind_has_a_check() -> None:
    assert {*testing.CHECKS, "recipe"} == set(KINDS)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"kind": "generatr"}, "kind 'generatr' is not one of"),
        ({"name": "My GAN"}, "name 'My GAN' is not lower case with hyphens"),
        ({"name": 3}, "name 3 is not lower case"),
        ({"build": None}, "build cannot be called"),
        ({"task": "painting"}, "task 'painting' is not one of"),
        ({"config": dict}, "config is not a subclass of ganzoo.Config"),
        ({"parts": 4}, "parts 4 are not a dict"),
    ],
)
def test_a_wrong_declaration_is_one_sentence(change: dict[str, Any], complaint: str) -> None:
    entry = replace(catalog.find("generator:dcgan"), **change)
    with pytest.raises(AssertionError, match=complaint):
        testing.check_entry(entry)


def test_something_else_than_an_entry_is_refused() -> None:
    with pytest.raises(AssertionError, match=r"^42 is not a ganzoo.Entry\.$"):
        testing.check_entry(42)  # type: ignore[arg-type]


def test_an_option_that_nothing_reads_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "unread.py").write_text(
        "from dataclasses import dataclass\n"
        "from ganzoo import LossConfig\n"
        "from ganzoo.losses.hinge import HingeLoss\n"
        "@dataclass(frozen=True)\n"
        "class Options(LossConfig):\n"
        "    width: int = 1\n"
        "    forgotten: int = 1\n"
        "def build(config):\n"
        "    assert config.width\n"
        "    return HingeLoss()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("unread")
    with pytest.raises(AssertionError, match="loss:unread has options that nothing reads: forgotten"):
        testing.check_entry(Entry("loss", "unread", module.Options, module.build, "A loss"))


def test_an_option_that_a_constructor_takes_and_does_not_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken.py").write_text(
        "from dataclasses import asdict, dataclass\n"
        "from ganzoo import LossConfig\n"
        "from ganzoo.losses.hinge import HingeLoss\n"
        "@dataclass(frozen=True)\n"
        "class Options(LossConfig):\n"
        "    margin: int = 1\n"
        "    taken: int = 1\n"
        "class Loss(HingeLoss):\n"
        "    def __init__(self, *, margin=1, taken=1, **more):\n"
        "        super().__init__()\n"
        "        self.limit = margin\n"
        "def build(config):\n"
        "    return Loss(**asdict(config))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("taken")
    with pytest.raises(AssertionError, match=r"loss:taken has options that nothing reads: taken\."):
        testing.check_entry(Entry("loss", "taken", module.Options, module.build, "A loss"))


def test_options_that_were_typed_into_a_notebook_have_no_file_to_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
    typed = dataclass(frozen=True)(
        type("Typed", (Config,), {"__module__": "__main__", "__annotations__": {"odd": int}, "odd": 3})
    )
    testing.check_options(toy("", typed))
