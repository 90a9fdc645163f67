"""README and docs are correct: the plugin works, commands parse, links lead somewhere, tables are current."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from conftest import ROOT, picture, script
from strangers import announce

from ganzoo.cards import registry
from ganzoo.cli.main import cli

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [path for path in PAGES if path.exists()]
BLOCKS = [
    block for path in PAGES for block in re.findall(r"```(\w+)\n(.*?)```", path.read_text(encoding="utf-8"), re.S)
]
COMMANDS = [
    line.split("#")[0].strip()
    for kind, block in BLOCKS
    if kind == "sh"
    for part in re.split(r"\n|&&", block.replace("\\\n", " "))
    for line in [part.strip()]
    if line.startswith("ganzoo ")
]


def printed_file(name: str) -> str:
    """Return the block whose first line is a comment with the file's name."""
    return next(block for _, block in BLOCKS if block.startswith(f"# {name}"))


@pytest.mark.slow
def test_the_plugin_works_as_printed(tmp_path: Path) -> None:
    for name in ("ganzoo_mine/__init__.py", "ganzoo_mine/networks.py", "ganzoo_mine/recipe.py", "tests/test_mine.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(printed_file(name))
    assert 'mine = "ganzoo_mine"' in printed_file("pyproject.toml")
    announce(tmp_path, "ganzoo-mine", {"mine": "ganzoo_mine"})
    (tmp_path / "images").mkdir()
    for index in range(8):
        picture(16, 16, seed=index).convert("L").save(tmp_path / "images" / f"{index}.png")

    def run(*command: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    found = [line for line in COMMANDS if "generator=mine" in line or "dir:runs/mine -n 16" in line]
    train, generate = sorted(dict.fromkeys(found), reverse=True)
    assert "generator:mine" in run(sys.executable, "-m", "ganzoo", "list", "--entries")
    run(sys.executable, "-m", *shlex.split(train), "--steps", "2", "--device", "cpu")
    run(sys.executable, "-m", *shlex.split(generate))
    assert (tmp_path / "grid.png").stat().st_size > 500
    small = "{'generator': {'width': 4, 'image_size': 32}, 'discriminator': {'width': 4, 'receptive_field': 16}}"
    check = f"check_entry(plain, {{'image_size': 32}}, part_options={small})"
    run(sys.executable, "-c", f"from ganzoo.testing import check_entry; from ganzoo_mine.recipe import plain; {check}")
    assert "1 passed" in run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_mine.py")


@pytest.mark.slow
def test_the_family_of_the_contributors_page_works_as_printed(tmp_path: Path) -> None:
    for name in ("tutorial/__init__.py", "tutorial/networks.py", "tutorial/recipe.py", "test_tutorial.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(printed_file(name))
    assert len(printed_file("tutorial/__init__.py").splitlines()) < 65
    announce(tmp_path, "ganzoo-tutorial", {"tutorial": "tutorial"})
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT), str(ROOT / "plugins")])}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_tutorial.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert "3 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("line", COMMANDS)
def test_a_printed_command_parses(line: str) -> None:
    name, *arguments = shlex.split(line)[1:]
    context = click.Context(cli, **cli.context_settings)
    command = cli.get_command(context, name)
    assert command is not None, line
    command.make_context(name, arguments, parent=context)  # raises UsageError for an unknown option or argument


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_and_image_of_a_page_leads_to_a_file(page: Path) -> None:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.S)
    targets = [*re.findall(r"\]\(([^)\s]+)\)", text), *re.findall(r'src="([^"]+)"', text)]
    local = [target.partition("#")[0] for target in targets if not re.match(r"https?:|mailto:|#", target)]
    assert [target for target in local if not (page.parent / target).exists()] == []


def test_the_menu_of_the_site_lists_every_page() -> None:
    docs = script("docs")
    listed = set(docs.listed(docs.SETTINGS)) - {
        "index.md",
        "changelog.md",
        "contributing.md",
        docs.COMMANDS,
        docs.PYTHON,
        docs.PLUGINS,
    }
    assert listed == set(docs.pages(ROOT / "docs"))


def test_the_site_shows_an_entrys_options_with_what_their_class_says() -> None:
    docs = script("docs")
    text = "\n".join(docs.models_and_options("cyclegan"))
    assert "| `cyclegan/horse2zebra`: Horses to zebras |" in text and "## `recipe:cyclegan`" in text
    assert "| `pool_size` | `50` | Number of generated images" in text
    assert "One of `constant`, `linear`, `cosine`." in text
    assert "| `beta1` | `0.5` | Adam's decay of the mean of gradients. |" in text, "what another class says, too"


def test_the_site_drops_links_to_files_that_it_lacks(tmp_path: Path) -> None:
    docs = script("docs")
    (tmp_path / "c.md").touch()
    text = "[a](../x.py) [b](c.md#d) [e](https://f.g) ![h](../i.png)"
    assert docs.without_outer_links(text, tmp_path / "page.md") == "a [b](c.md#d) [e](https://f.g) ![h](../i.png)"


def test_the_readme_is_one_page() -> None:
    assert len(README.splitlines()) <= 150


def test_the_tables_of_models_match_the_registry() -> None:
    readme = script("readme")
    for path, table in readme.tables().items():
        assert readme.START + table + readme.END in path.read_text(encoding="utf-8"), "run scripts/readme.py"
    assert all(f"`{name}`" in readme.table() for name in registry.list_models())


def test_the_readme_has_the_commands_that_ci_runs_word_for_word() -> None:
    assert len(re.findall(r"<!-- (?:demo|test) -->\n```sh\n.+\n```", README)) == 2
