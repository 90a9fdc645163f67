"""The field's words: what a GAN engineer would have to look up is in no identifier, option or help text."""

from __future__ import annotations

import dataclasses
import io
import re
import tokenize
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from conftest import ROOT

from ganzoo import catalog
from ganzoo.catalog import former_names
from ganzoo.cli.main import cli

# Whole identifiers, or words of one between underscores and capitals.
WORDS = set(
    """
    judge judges judged judging told beside wishes spoilt mended mend belt belts needy exhibit
    exhibits rehearsal rehearse foreign steadying twoway whoever lest stranger strangers liteunet colour colours
    licence grey neighbour neighbours normalise optimiser recognise initialise
    """.split()  # noqa: SIM905
)
NAMES = set(
    """
    TwoWayRecipe Wishes Asked Wanted Spoilt Mended Finding Look Case Beside Belt Keeping Needy Foreign Film
    Films Shot Picture Pictures together opinions unsaid watch faults claim assembly
    """.split()  # noqa: SIM905
)
TABLE = "ganzoo/catalog/former_names.py"  # the one place that knows former names
HELP = re.compile(
    r"\b(judges?|judged|told|tells?|beside|whoever|lest|of late|mend(ed)?|strangers?|shall|anew|wants?|"
    r"is no|are no|leave away|colou?rs?(?<!color)(?<!colors)|licences?|grey)\b"
)


def sources() -> list[Path]:
    found = [path for folder in ("ganzoo", "plugins") for path in sorted((ROOT / folder).rglob("*.py"))]
    assert len(found) > 200
    return [path for path in found if path.relative_to(ROOT).as_posix() != TABLE]


def identifiers(text: str) -> set[str]:
    return {
        token.string for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type == tokenize.NAME
    }


def words_of(identifier: str) -> set[str]:
    """Return the words of an identifier, in lower case: "keep_weight" and "KeepWeight" have two."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", identifier)}


def odd(names: set[str]) -> list[str]:
    return sorted(name for name in names if name in NAMES or words_of(name) & WORDS)


def test_the_check_finds_what_it_looks_for() -> None:
    assert odd({"judge_a", "TwoWayRecipe", "toldOff", "color", "unfold", "judgment"}) == [
        "TwoWayRecipe",
        "judge_a",
        "toldOff",
    ]
    assert HELP.search("Which pictures are judged") and HELP.search("'x' is no size") and not HELP.search("colors")


def test_identifiers_are_the_fields() -> None:
    found = {path.relative_to(ROOT).as_posix(): odd(identifiers(path.read_text("utf-8"))) for path in sources()}
    assert {path: names for path, names in found.items() if names} == {}


def test_files_and_folders_are_named_so_too() -> None:
    parts = {part for path in sources() for part in path.relative_to(ROOT).with_suffix("").parts}
    assert odd(parts) == []


def test_entries_and_options_are_named_so_too() -> None:
    names = {option.name for entry in catalog.entries() for option in dataclasses.fields(entry.config)}
    names |= {entry.name.replace("-", "_") for entry in catalog.entries()}
    assert len(names) > 100 and odd(names) == []


def test_no_present_name_is_a_former_one() -> None:
    """Else a file would be read as something that it does not say."""
    present = {entry.spec: {option.name for option in dataclasses.fields(entry.config)} for entry in catalog.entries()}
    assert not set(former_names.ENTRIES) & set(present)
    assert set(former_names.ENTRIES.values()) <= set(present)
    for spec, renamed in former_names.OPTIONS.items():
        assert not set(renamed) & present[spec] and set(renamed.values()) <= present[spec], spec
    for spec, defaults in former_names.DEFAULTS.items():
        assert set(defaults) <= present[spec], spec


def commands() -> list[str]:
    return sorted(cli.list_commands(click.Context(cli)))


@pytest.mark.parametrize("command", ["", *commands()])
def test_help_is_plain_english(command: str) -> None:
    done = CliRunner().invoke(cli, [*([command] if command else []), "--help"])
    assert done.exit_code == 0
    assert [found.group(0) for found in HELP.finditer(done.output)] == []
