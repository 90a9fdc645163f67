"""Completion in the shell: what is offered after each word, and that nothing fails."""

from __future__ import annotations

import pytest
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

import ganzoo
from ganzoo.cards import registry
from ganzoo.cli.main import cli
from ganzoo.errors import RegistryError


def complete(*words: str) -> list[str]:
    """Return what a shell offers for the last of these words."""
    completion = ShellComplete(cli, {}, "ganzoo", "_GANZOO_COMPLETE")
    return [item.value for item in completion.get_completions(list(words[:-1]), words[-1])]


@pytest.mark.parametrize("command", ["translate", "generate", "info", "export", "push", "pull", "demo"])
def test_models_are_completed_by_every_command_that_takes_one(command: str) -> None:
    assert complete(command, "srgan/") == ganzoo.list_models("srgan/*")
    assert complete(command, "dir:some") == []


def test_recipes_parts_and_options_are_completed() -> None:
    assert complete("train", "cyc") == ["cyclegan"]
    assert complete("train", "cyclegan", "--part", "l") == ["loss="]
    assert {"loss=hinge", "loss=least-squares"} <= set(complete("train", "cyclegan", "--part", "loss="))
    assert complete("train", "cyclegan", "--set", "pool") == ["pool_size="]
    assert complete("train", "cyclegan", "--set", "schedule=") == [
        "schedule=constant",
        "schedule=linear",
        "schedule=cosine",
    ]
    assert complete("train", "cyclegan", "--set", "generator.no") == ["generator.norm="]
    assert complete("train", "cyclegan", "--set", "flip=") == ["flip=true", "flip=false"]
    assert complete("train", "--set", "pool") == [], "no recipe, no options"
    assert complete("train", "cyclegan", "photos/", "--part", "generator=unet", "--set", "pool") == ["pool_size="]


def test_entries_options_of_a_generator_and_labels_are_completed() -> None:
    assert complete("info", "recipe:dc") == ["recipe:dcgan"]
    assert complete("info", "reci") == ["recipe:"]
    assert complete("translate", "style/gatys", "--set", "style_w") == ["style_weight="]
    assert complete("generate", "cgan/fashion-mnist", "--label", "s") == ["sandal", "shirt", "sneaker"]
    assert complete("generate", "dcgan/fashion-mnist", "--label", "s") == []


def test_a_broken_registry_offers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> None:
        raise RegistryError("broken")

    monkeypatch.setattr(registry, "cards", broken)
    assert complete("translate", "cyc") == complete("generate", "cgan/fashion-mnist", "--label", "s") == []


@pytest.mark.parametrize("shell", [BashComplete, ZshComplete, FishComplete])
def test_each_shell_gets_a_script(shell: type[ShellComplete], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BashComplete, "_check_version", lambda self: None)
    assert "_GANZOO_COMPLETE=" in shell(cli, {}, "ganzoo", "_GANZOO_COMPLETE").source()
