"""Plugins are found, named and judged; a broken one never takes the others away."""

from __future__ import annotations

import json
import os
import shutil
import sys
from importlib import metadata

import pytest
from strangers import ENTRY, install

import ganzoo
from ganzoo import catalog
from ganzoo.catalog import discovery

BUILT_IN = ["cyclegan", "dcgan", "losses", "lsgan", "pix2pix"]

pytestmark = pytest.mark.usefixtures("fresh")


@pytest.fixture
def strange(tmp_path, monkeypatch):
    """Install a package made on the spot: ``strange("module", "source")``."""
    monkeypatch.syspath_prepend(tmp_path)

    def lay(module, source, **given):
        install(tmp_path, module, source, **given)
        catalog.refresh()

    return lay


def found(name):
    (plugin,) = [plugin for plugin in discovery.plugins() if plugin.name == name]
    return plugin


def test_built_in_families_come_first_with_the_package_and_its_version(strange):
    strange("a_first_by_name", ENTRY.format(name="mine"))
    ours = [plugin for plugin in discovery.plugins() if plugin.distribution == "ganzoo-core"]
    assert {plugin.name for plugin in ours} >= {f"ganzoo_plugins.{family}" for family in BUILT_IN}
    assert discovery.plugins()[: len(ours)] == ours
    assert {plugin.version for plugin in ours} == {ganzoo.__version__}
    assert discovery.problems() == []


def test_third_party_is_found_with_its_package_and_version(strange):
    strange("nets_of_anna", ENTRY.format(name="anna"), package="annas-gans")
    assert found("nets_of_anna") == discovery.Plugin("nets_of_anna", "annas-gans", "1.2")
    assert catalog.origin("loss:anna") == "nets_of_anna"
    assert discovery.distribution_of("nets_of_anna") == "annas-gans"


def test_entry_point_may_name_an_object_in_a_module(strange):
    source = """
        from ganzoo import Config, Entry, hookimpl

        class Nets:
            @hookimpl
            def ganzoo_entries(self):
                return [Entry(kind="loss", name="within", config=Config, build=object, summary="A loss")]

        plugin = Nets()
    """
    strange("nets_in_a_class", source, points={"x": "nets_in_a_class:plugin"})
    assert catalog.origin("loss:within") == "nets_in_a_class:plugin"


@pytest.mark.parametrize(
    ("module", "source", "error"),
    [
        ("raises_an_error", "raise RuntimeError('no\\nluck')", "RuntimeError: no luck"),
        ("wants_to_exit", "import sys; sys.exit('bye')", "SystemExit: bye"),
        ("misses_a_module", "import torch_extension_x", "ModuleNotFoundError: No module named 'torch_extension_x'"),
        ("is_no_python", "def (", "SyntaxError: invalid syntax (is_no_python.py, line 1)"),
        ("asserts", "assert False", "AssertionError"),
        ("raises_the_base", "raise BaseException('x')", "BaseException: x"),
        (
            "raises_in_silence",
            "class E(Exception):\n  def __str__(self): 1 / 0\nraise E",
            "E: its message cannot be shown",
        ),
        ("writes_escapes", "raise ValueError('\\x1b[2J')", "ValueError: \\x1b[2J"),
        (
            "talks_for_ever",
            "raise ValueError('x' * 10**7)",
            "ValueError: " + "x" * 488 + " ... 9,999,012 characters left out ... " + "x" * 500,
        ),
    ],
)
def test_broken_plugin_is_reported_and_the_others_work(strange, module, source, error):
    strange(module, source, package="broken-gans")
    strange(f"beside_{module}", ENTRY.format(name="beside"))
    assert discovery.problems() == [discovery.Plugin(module, "broken-gans", "1.2", error)]
    assert catalog.find("loss:beside") and catalog.find("generator:dcgan")


def test_entry_point_without_its_module_is_reported(strange):
    strange("is_here", "", points={"gone": "is_gone"})
    assert found("is_gone").error == "ModuleNotFoundError: No module named 'is_gone'"


def test_entry_point_to_a_missing_attribute_is_reported(strange):
    strange("has_little", "", points={"more": "has_little:more"})
    assert found("has_little:more").error.startswith("AttributeError: ")


def test_leftover_without_metadata_still_has_a_name(ganzoo_command, tmp_path):
    """In a process of its own: importlib_metadata, once something imports it, leaves such packages out."""
    install(tmp_path, "half_gone", ENTRY.format(name="half-gone"))
    next(tmp_path.glob("*.dist-info/METADATA")).unlink()
    done = ganzoo_command("plugins", "--json", env={**os.environ, "PYTHONPATH": str(tmp_path)}, cwd=tmp_path)
    (plugin,) = [plugin for plugin in json.loads(done.stdout) if plugin["name"] == "half_gone"]
    assert (plugin["distribution"], plugin["version"], plugin["error"]) == ("half_gone", "", "")


def test_one_module_under_two_entry_points_of_a_package_is_one_plugin(strange):
    strange("named_twice", ENTRY.format(name="once"), points={"one": "named_twice", "two": "named_twice"})
    assert found("named_twice").error == ""
    assert catalog.origin("loss:once") == "named_twice"


def test_one_module_of_two_packages_is_loaded_once_and_both_are_shown(strange, tmp_path):
    strange("of_both", ENTRY.format(name="shared"), package="old-name")
    install(tmp_path, "unused", "", package="new-name", points={"shared": "of_both"})
    catalog.refresh()
    assert {p.distribution for p in discovery.plugins() if p.name == "of_both"} == {"new-name", "old-name"}
    assert catalog.find("loss:shared").summary == "A loss"


MISUSE = {
    "misspells": (
        "@hookimpl\ndef ganzoo_entrys(): return []",
        ["'misspells'", "'ganzoo_entrys'", "Did you mean 'ganzoo_entries'?", "ganzoo_cards"],
    ),
    "misspells_by_specname": (
        "@hookimpl(specname='ganzoo_kards')\ndef cards(): return []",
        ["'misspells_by_specname'", "'ganzoo_kards'", "Did you mean 'ganzoo_cards'?"],
    ),
    "takes_wrong_arguments": (
        "@hookimpl\ndef ganzoo_train_step(run, stepp): pass",
        ["'takes_wrong_arguments'", "ganzoo_train_step", "stepp", "ganzoo.contracts.hookspecs"],
    ),
    "raises_when_looked_at": (
        "def __getattr__(name): raise BaseException(name)",
        ["'raises_when_looked_at'", "misuses a hook: BaseException: ganzoo_entries"],
    ),
    "forgets_the_mark": (
        "def ganzoo_entries(): return []",
        ["'forgets_the_mark'", "ganzoo_entries without @ganzoo.hookimpl"],
    ),
}


@pytest.mark.parametrize("module", MISUSE)
def test_a_misused_hook_is_skipped_and_named_once(strange, module, caplog):
    source, expected = MISUSE[module]
    strange(module, f"from ganzoo import hookimpl\n{source}\n")
    strange(f"beside_{module}", ENTRY.format(name="beside"))
    for _ in range(2):
        assert discovery.manager() and catalog.find("loss:beside")
    (message,) = caplog.messages
    assert [text for text in expected if text not in message] == []
    assert "\n" not in message and list(discovery.misuses()) == [module]


def test_specname_and_optional_hooks_are_pluggys_own_and_allowed(strange):
    source = """
        from ganzoo import Config, Entry, hookimpl

        @hookimpl(specname="ganzoo_entries")
        def entries():
            return [Entry(kind="loss", name="by-specname", config=Config, build=object, summary="A loss")]

        @hookimpl(optionalhook=True)
        def ganzoo_hook_of_a_later_version(): pass
    """
    strange("uses_pluggy_well", source)
    assert catalog.origin("loss:by-specname") == "uses_pluggy_well"


def test_package_in_a_zip_archive_on_the_path_is_found(tmp_path, monkeypatch):
    folder = tmp_path / "content"
    folder.mkdir()
    install(folder, "zipped_nets", ENTRY.format(name="zipped"))
    archive = shutil.make_archive(str(tmp_path / "nets"), "zip", folder)
    monkeypatch.syspath_prepend(archive)
    catalog.refresh()
    assert found("zipped_nets").error == ""


def test_metadata_of_another_importer_is_asked(monkeypatch, tmp_path):
    install(tmp_path, "from_importer", ENTRY.format(name="imported"))

    class Importer:
        @staticmethod
        def find_spec(name, path=None, target=None):
            return None

        @staticmethod
        def find_distributions(context):
            return [metadata.Distribution.at(next(tmp_path.glob("*.dist-info")))]

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Importer])
    catalog.refresh()
    assert found("from_importer").error == "ModuleNotFoundError: No module named 'from_importer'"


def test_package_installed_later_is_found_after_refresh(strange, tmp_path):
    assert "came_later" not in [plugin.name for plugin in discovery.plugins()]
    install(tmp_path, "came_later", ENTRY.format(name="late"))
    discovery.refresh()
    assert found("came_later").error == ""


@pytest.mark.slow
def test_command_line_skips_a_broken_plugin_with_a_line_on_stderr(ganzoo_command, tmp_path):
    install(tmp_path, "broken_nets", "raise RuntimeError('no luck')", package="broken-gans")
    install(tmp_path, "sound_nets", ENTRY.format(name="sound"))
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    listed = ganzoo_command("list", "--entries", "*sound", env=environment, cwd=tmp_path)
    assert listed.returncode == 0
    assert "loss:sound" in listed.stdout
    assert listed.stderr == "Skipped the plugin broken_nets from broken-gans: RuntimeError: no luck\n"
    shown = json.loads(ganzoo_command("plugins", "--json", env=environment, cwd=tmp_path).stdout)
    states = {plugin["name"]: (plugin["distribution"], plugin["version"], plugin["error"]) for plugin in shown}
    assert states["broken_nets"] == ("broken-gans", "1.2", "RuntimeError: no luck")
    assert states["sound_nets"] == ("sound-nets", "1.2", "")
    assert states["ganzoo_plugins.dcgan"] == ("ganzoo-core", ganzoo.__version__, "")


def test_command_line_skips_a_misspelled_hook_with_a_line_on_stderr(ganzoo_command, tmp_path):
    install(tmp_path, "bad_speller", "from ganzoo import hookimpl\n@hookimpl\ndef ganzoo_entrys(): return []")
    done = ganzoo_command("list", "--all", env={**os.environ, "PYTHONPATH": str(tmp_path)}, cwd=tmp_path)
    assert done.returncode == 0 and "dcgan/fashion-mnist" in done.stdout
    assert done.stderr.startswith(
        "Skipped: The plugin 'bad_speller' of bad-speller implements 'ganzoo_entrys', which is not a hook of ganzoo."
    )
    assert done.stderr.count("\n") == 1


HINGE = ENTRY.format(name="hinge")
DATALESS = ENTRY.format(name="film").replace('kind="loss"', 'kind="recipe"')
MISSPELLED = "from ganzoo import hookimpl\n@hookimpl\ndef ganzoo_entrys(): return []"
UNMARKED = "def ganzoo_entries(): return []"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (DATALESS, "The plugin 'film_nets' of ganzoo-film adds recipe:film, whose data '' is not one of images"),
        (HINGE, "Two plugins add the loss 'hinge': "),
        (MISSPELLED, "The plugin 'film_nets' of ganzoo-film implements 'ganzoo_entrys', which is not a hook"),
        (UNMARKED, "The plugin 'film_nets' of ganzoo-film has ganzoo_entries without @ganzoo.hookimpl"),
    ],
    ids=["no data", "duplicate", "misspelled", "unmarked"],
)
@pytest.mark.slow
def test_plugins_shows_the_culprit_that_other_commands_skip(ganzoo_command, tmp_path, source, reason):
    install(tmp_path, "film_nets", source, package="ganzoo-film")
    install(tmp_path, "sound_nets", ENTRY.format(name="sound"))
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    listed = ganzoo_command("list", "--entries", env=environment, cwd=tmp_path)
    assert listed.returncode == 0 and "loss:sound" in listed.stdout and "loss:hinge" in listed.stdout
    assert listed.stderr.startswith(f"Skipped: {reason}")
    assert "film_nets" in listed.stderr and "ganzoo-film" in listed.stderr and listed.stderr.count("\n") == 1
    done = ganzoo_command("plugins", env=environment, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    (culprit,) = [line for line in done.stdout.splitlines() if "refused: " in line]
    assert culprit.split()[:3] == ["film_nets", "ganzoo-film", "1.2"]
    assert culprit.split("refused: ")[1] == listed.stderr.removeprefix("Skipped: ").strip()
    shown = json.loads(ganzoo_command("plugins", "--json", env=environment, cwd=tmp_path).stdout)
    assert [p["name"] for p in shown if p["error"].startswith("refused: ")] == ["film_nets"]
    assert {p["error"] for p in shown if p["name"] != "film_nets"} == {""}


def test_plugins_shows_every_culprit_at_once(ganzoo_command, tmp_path):
    for module, source in {"one_spells": MISSPELLED, "two_films": DATALESS, "three_raises": "1 / 0"}.items():
        install(tmp_path, module, source)
    for module in ("four_claims", "five_claims"):
        install(tmp_path, module, ENTRY.format(name="claimed"))
    done = ganzoo_command("plugins", "--json", env={**os.environ, "PYTHONPATH": str(tmp_path)}, cwd=tmp_path)
    assert done.returncode == 0
    states = {plugin["name"]: plugin["error"] for plugin in json.loads(done.stdout) if plugin["error"]}
    assert states.pop("three_raises") == "ZeroDivisionError: division by zero"
    assert sorted(states) == ["five_claims", "four_claims", "one_spells", "two_films"]
    assert {state.partition(" ")[0] for state in states.values()} == {"refused:"}


def test_models_are_listed_though_an_entry_is_refused(ganzoo_command, tmp_path):
    install(tmp_path, "film_nets", DATALESS)
    done = ganzoo_command("list", "--all", env={**os.environ, "PYTHONPATH": str(tmp_path)}, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "text", ["[ganzoo]\n= x\n", "[ganzoo\nx = y\n", "[ganzoo]\nx\n", "\xff[ganzoo]\nx = y", "pipe", "huge"]
)
def test_malformed_entry_points_leave_the_others_alone(strange, tmp_path, text, caplog):
    strange("broken_points", "", package="broken-points")
    points = next(tmp_path.glob("broken_points*.dist-info/entry_points.txt"))
    points.unlink()
    if text == "pipe":
        os.mkfifo(points)
    else:
        points.write_bytes(text.encode("latin-1"))
        with points.open("ab") as file:
            file.truncate(2**32 if text == "huge" else points.stat().st_size)
    strange("sound_nets", ENTRY.format(name="sound"))
    assert catalog.find("loss:sound") and catalog.find("loss:hinge")
    assert len(caplog.messages) <= 1


def test_plugins_can_be_switched_off(strange, monkeypatch, caplog):
    strange("costly_nets", "raise SystemError('imported')", package="costly-gans", points={"costly": "costly_nets"})
    strange("sound_nets", ENTRY.format(name="sound"))
    for name in ("costly_nets", "costly-gans", "costly", " x , costly "):
        monkeypatch.setenv("GANZOO_PLUGINS_OFF", name)
        catalog.refresh()
        assert found("costly_nets").error == "off: GANZOO_PLUGINS_OFF names it"
        assert catalog.find("loss:sound") and caplog.messages == []
    monkeypatch.setenv("GANZOO_PLUGINS_OFF", "losses")  # a built-in one, too
    catalog.refresh()
    assert [entry.name for entry in catalog.entries("loss")] and "hinge" not in [
        e.name for e in catalog.entries("loss")
    ]
