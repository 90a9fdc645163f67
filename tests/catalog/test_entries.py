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


def test_a_name_of_ganzoos_own_stays_its_own(tmp_path, monkeypatch, caplog):
    monkeypatch.syspath_prepend(tmp_path)
    install(tmp_path, "also_hinge", ENTRY.format(name="hinge"))
    catalog.refresh()
    assert catalog.origin("loss:hinge") == "ganzoo_plugins.losses"
    assert caplog.messages == [
        "Skipped: Two plugins add the loss 'hinge': 'ganzoo_plugins.losses' of ganzoo-core and 'also_hinge' of "
        "also-hinge. Uninstall one, rename yours, or choose one with GANZOO_PREFER=NAME."
    ]
    assert list(catalog.refusals()) == ["also_hinge"]


def test_of_two_third_party_entries_with_one_name_neither_is_taken(tmp_path, monkeypatch, caplog):
    monkeypatch.syspath_prepend(tmp_path)
    for module in ("four_claims", "five_claims", "six_claims"):
        install(tmp_path, module, ENTRY.format(name="claimed"))
    install(tmp_path, "sound_nets", ENTRY.format(name="sound"))
    catalog.refresh()
    with pytest.raises(DuplicateName, match="Two plugins add the loss 'claimed'"):
        catalog.find("loss:claimed")
    assert catalog.find("loss:sound") and "claimed" not in [entry.name for entry in catalog.entries("loss")]
    assert sorted(catalog.refusals()) == ["five_claims", "four_claims", "six_claims"]
    assert len(caplog.messages) == 2


def test_command_line_works_with_a_duplicate_name(ganzoo_command, tmp_path):
    install(tmp_path, "hinge_again", ENTRY.format(name="hinge"))
    done = ganzoo_command("list", "--entries", env={**os.environ, "PYTHONPATH": str(tmp_path)}, cwd=tmp_path)
    assert done.returncode == 0 and "loss:hinge" in done.stdout
    assert done.stderr.startswith("Skipped: Two plugins add the loss 'hinge': ") and done.stderr.count("\n") == 1


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
def test_entry_that_breaks_the_contract_is_skipped_alone_and_named_once(plugin, wrong, caplog):
    entry, complaint = WRONG[wrong]
    plugin(lambda: [entry, replace(LOSS, name="sound")])
    assert catalog.find("loss:sound") and catalog.find("loss:hinge")
    catalog.entries()
    (message,) = caplog.messages
    assert message.startswith("Skipped: The plugin 'stranger_nets' adds ")
    assert complaint in message
    assert message == f"Skipped: {catalog.refusals()['stranger_nets']}"


def test_who_asks_for_a_refused_entry_is_told_why(plugin):
    plugin(lambda: [replace(LOSS, summary="")])
    for _ in range(2):
        with pytest.raises(PluginError, match="summary is not one line"):
            catalog.find("loss:mine")
    assert list(catalog.refusals()) == ["stranger_nets"]


class Hostile:
    """An object whose every look raises."""

    def __getattribute__(self, name):
        raise BaseException("no")

    def __str__(self):
        raise BaseException("no")

    __repr__ = __hash__ = __len__ = __str__

    def __eq__(self, other):
        raise BaseException("no")


@pytest.mark.parametrize("field", ["kind", "name", "config", "build", "summary", "task", "data", "parts", "batch_size"])
def test_hostile_objects_in_the_fields_of_an_entry_are_refused(plugin, field, caplog):
    entry = replace(LOSS, kind="recipe", data="images")
    object.__setattr__(entry, field, Hostile())
    plugin(lambda: [Hostile(), entry, replace(LOSS, name="sound")])
    assert catalog.find("loss:sound")
    assert all(message.startswith("Skipped: The plugin 'stranger_nets' ") for message in caplog.messages)
    assert 1 <= len(caplog.messages) <= 2 and "stranger_nets" in catalog.refusals()


def test_refusals_are_none_where_all_is_well():
    assert catalog.refusals() == {}


def test_right_recipe_and_generator_of_a_third_party_are_taken(plugin):
    plugin(lambda: [RECIPE, replace(LOSS, kind="generator", task="image-to-image")])
    assert catalog.find("recipe:mine") == RECIPE and catalog.find("generator:mine").task == "image-to-image"


def raising():
    raise RuntimeError("no luck")


def exiting():
    raise SystemExit(3)


class Silent(BaseException):
    def __str__(self):
        raise RuntimeError("not even a message")


def silent():
    raise Silent


def endless():
    while True:
        yield LOSS


@pytest.mark.parametrize(
    ("function", "complaint"),
    [
        (raising, "failed in ganzoo_entries: RuntimeError: no luck. It should return a list of ganzoo.Entry"),
        (exiting, "failed in ganzoo_entries: SystemExit: 3. It should return"),
        (silent, "failed in ganzoo_entries: Silent: its message cannot be shown. It should return"),
        (endless, "returned more than 10000 entries from ganzoo_entries"),
        (lambda: None, "failed in ganzoo_entries: TypeError: "),
        (lambda: ["generator:mine"], "returned 'generator:mine' from ganzoo_entries, not a ganzoo.Entry"),
    ],
)
def test_a_plugin_whose_hook_fails_is_skipped_and_named_once(plugin, function, complaint, caplog):
    plugin(function)
    for _ in range(2):
        assert catalog.find("loss:hinge")
    (message,) = caplog.messages
    assert message.startswith("Skipped: The plugin 'stranger_nets' ")
    assert complaint in message


def test_hook_may_be_a_generator_function(plugin):
    def entries():
        yield LOSS

    plugin(entries)
    assert catalog.find("loss:mine") == LOSS
