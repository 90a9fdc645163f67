"""The catalog finds entries by kind and name, and refuses those that break the contract."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace

import pytest
from strangers import ENTRY, install

from ganzoo import catalog
from ganzoo.contracts.config import Config
from ganzoo.contracts.entry import Entry
from ganzoo.errors import DuplicateName, OptionError, PluginError, UnknownName

pytestmark = pytest.mark.usefixtures("fresh")

LOSS = Entry(kind="loss", name="mine", config=Config, build=object, summary="A loss")


@pytest.fixture
def plugin(monkeypatch):
    """Register an object with this ganzoo_entries function in place of a package: ``plugin(function)``."""
    from ganzoo import hookimpl
    from ganzoo.catalog import discovery

    def register(function):
        class Stranger:
            @staticmethod
            @hookimpl
            def ganzoo_entries():
                return function()

        discovery.manager().register(Stranger, "stranger_nets")

    return register


def test_entries_are_sorted_by_kind_and_name():
    keys = [(entry.kind, entry.name) for entry in catalog.entries()]
    assert keys == sorted(set(keys))
    assert ("generator", "dcgan") in keys and ("recipe", "cyclegan") in keys


def test_entries_of_one_kind_are_those_alone():
    assert {entry.kind for entry in catalog.entries("loss")} == {"loss"}
    assert len(catalog.entries("loss")) < len(catalog.entries())


def test_find_returns_the_entry_and_origin_its_plugin():
    assert catalog.find("generator:dcgan").spec == "generator:dcgan"
    assert catalog.origin("generator:dcgan") == "ganzoo_plugins.dcgan"


def test_unknown_name_suggests_the_nearest_and_counts_the_others():
    with pytest.raises(UnknownName) as raised:
        catalog.find("generator:dcgna")
    count = len(catalog.entries("generator"))
    assert str(raised.value) == (
        f"No generator is called 'dcgna'. Did you mean 'dcgan'? `ganzoo list --entries` shows all {count}."
    )


def test_name_like_no_other_gets_no_suggestion():
    with pytest.raises(UnknownName, match=r"No loss is called 'zzzz'\. `ganzoo list"):
        catalog.find("loss:zzzz")


@pytest.mark.parametrize("spec", ["dcgan", "generators:dcgan", "", "dcgan:generator"])
def test_malformed_spec_is_reported_the_form(spec):
    with pytest.raises(OptionError, match=re.escape(f"'{spec}' is not an entry. Write KIND:NAME")):
        catalog.find(spec)


def test_two_plugins_with_one_name_are_an_error_that_names_both(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    install(tmp_path, "also_hinge", ENTRY.format(name="hinge"))
    catalog.refresh()
    with pytest.raises(DuplicateName) as raised:
        catalog.entries()
    assert sorted(re.search(r"'hinge': (.+) and (.+)\. U", str(raised.value)).groups()) == [
        "'also_hinge' of also-hinge",
        "'ganzoo_plugins.losses' of ganzoo-core",
    ]
    assert str(raised.value).startswith("Two plugins add the loss 'hinge': ")
    assert str(raised.value).endswith("Uninstall one, or rename yours.")


def test_command_line_ends_with_1_for_a_duplicate_name(ganzoo_command, tmp_path):
    install(tmp_path, "hinge_again", ENTRY.format(name="hinge"))
    done = ganzoo_command("list", "--entries", env={**os.environ, "PYTHONPATH": str(tmp_path)}, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: Two plugins add the loss 'hinge': ")
    assert "Traceback" not in done.stderr


def test_same_name_in_another_kind_is_no_duplicate(plugin):
    plugin(lambda: [replace(LOSS, name="patchgan")])
    assert catalog.origin("loss:patchgan") == "stranger_nets"


@dataclass(frozen=True)
class WithoutDefault(Config):
    width: int


class Undecorated(Config):
    width: int = 4


RECIPE = replace(LOSS, kind="recipe", data="images", parts={"loss": "loss:hinge"})

WRONG = {
    "kind": (replace(LOSS, kind="lose"), "adds lose:mine, whose kind 'lose' is not one of generator, discriminator"),
    "upper case": (replace(LOSS, name="My_Loss"), "whose name 'My_Loss' is not lower case with hyphens"),
    "name of no text": (replace(LOSS, name=None), "whose name None is not lower case"),
    "config class": (replace(LOSS, config=dict), "whose config is not a subclass of ganzoo.Config"),
    "config instance": (replace(LOSS, config=Config()), "whose config is not a subclass of ganzoo.Config"),
    "undecorated": (replace(LOSS, config=Undecorated), "whose config Undecorated lacks @dataclass(frozen=True)"),
    "no default": (replace(LOSS, config=WithoutDefault), "whose option 'width' has no default"),
    "build": (replace(LOSS, build="networks.Loss"), "whose build cannot be called"),
    "two lines": (replace(LOSS, summary="one\ntwo"), "whose summary is not one line of text"),
    "no summary": (replace(LOSS, summary=""), "whose summary is not one line of text"),
    "task": (replace(LOSS, kind="generator", task="painting"), "whose task 'painting' is not one of unconditional"),
    "data": (
        replace(RECIPE, data="videos"),
        "whose data 'videos' is not one of images, labeled, paired, unpaired, clips",
    ),
    "parts of a loss": (replace(LOSS, parts={"loss": "loss:hinge"}), "whose parts are for recipes only"),
    "parts as a list": (replace(RECIPE, parts=["loss:hinge"]), "whose parts ['loss:hinge'] are not a dict"),
    "part without kind": (replace(RECIPE, parts={"loss": "hinge"}), "whose part 'loss' is 'hinge', not KIND:NAME"),
    "recipe as a part": (replace(RECIPE, parts={"loss": "recipe:dcgan"}), "whose part 'loss' is 'recipe:dcgan'"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_entry_that_breaks_the_contract_is_refused_by_plugin_entry_and_field(plugin, wrong):
    entry, complaint = WRONG[wrong]
    plugin(lambda: [entry])
    with pytest.raises(PluginError) as raised:
        catalog.entries()
    assert str(raised.value).startswith("The plugin 'stranger_nets' adds ")
    assert complaint in str(raised.value)


def test_refusal_is_raised_each_time_and_kept_for_anyone_who_asks(plugin):
    plugin(lambda: [replace(LOSS, summary="")])
    for ask in (catalog.entries, lambda: catalog.find("loss:hinge")):
        with pytest.raises(PluginError, match="summary is not one line"):
            ask()
    assert list(catalog.refusals()) == ["stranger_nets"]


def test_refusals_are_none_where_all_is_well():
    assert catalog.refusals() == {}


def test_right_recipe_and_generator_of_a_third_party_are_taken(plugin):
    plugin(lambda: [RECIPE, replace(LOSS, kind="generator", task="image-to-image")])
    assert catalog.find("recipe:mine") == RECIPE and catalog.find("generator:mine").task == "image-to-image"


def raising():
    raise RuntimeError("no luck")


def exiting():
    raise SystemExit(3)


@pytest.mark.parametrize(
    ("function", "complaint"),
    [
        (raising, "failed in ganzoo_entries: RuntimeError: no luck. It should return a list of ganzoo.Entry"),
        (exiting, "failed in ganzoo_entries: SystemExit: 3. It should return"),
        (lambda: None, "failed in ganzoo_entries: TypeError: "),
        (lambda: ["generator:mine"], "returned 'generator:mine' from ganzoo_entries, not a ganzoo.Entry"),
    ],
)
def test_failing_hook_is_an_error_that_names_the_plugin(plugin, function, complaint):
    plugin(function)
    with pytest.raises(PluginError) as raised:
        catalog.entries()
    assert str(raised.value).startswith("The plugin 'stranger_nets' ")
    assert complaint in str(raised.value)


def test_hook_may_be_a_generator_function(plugin):
    def entries():
        yield LOSS

    plugin(entries)
    assert catalog.find("loss:mine") == LOSS
