"""Build the documentation site from README.md, docs/, docstrings and `--help`.

    pip install -e '.[docs]'
    python scripts/docs.py          site/index.html, which opens without a server
    python scripts/docs.py -o DIR   elsewhere

Links that lead nowhere, pages that the menu does not list and public names without a docstring stop the build, which
needs no network.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

import ganzoo
from ganzoo import catalog
from ganzoo.cards import registry
from ganzoo.cli import entry_descriptions
from ganzoo.cli.main import cli
from ganzoo.contracts.entry import Entry

ROOT = Path(__file__).parent.parent
SETTINGS = ROOT / "docs" / "zensical.toml"
TOP = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
COMMANDS = "reference/commands.md"
PYTHON = "reference/python.md"
PLUGINS = "reference/plugins.md"
# Public names for authors of plugins; the others are for users.
FOR_PLUGINS = re.compile(r"^ganzoo\.(contracts|recipes|layers|losses|rasters)\.")


def main() -> None:
    """Build the site where the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "site")
    output = parser.parse_args().output.resolve()
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        write_sources(work / "docs")
        settings = SETTINGS.read_text(encoding="utf-8").replace("ROOT", ROOT.as_posix())
        (work / "zensical.toml").write_text(settings, encoding="utf-8")
        if unlisted := sorted(set(pages(work / "docs")) - set(listed(work / "zensical.toml"))):
            sys.exit(f"docs/zensical.toml lists no {', '.join(unlisted)}. Add them to the menu.")
        build(work)
        shutil.rmtree(output, ignore_errors=True)
        shutil.copytree(work / "site", output)
    print(output / "index.html")


def build(work: Path) -> None:
    """Run the generator in ``work``; a warning is an error."""
    program = Path(sys.executable).with_name("zensical")
    if not program.exists():
        sys.exit("zensical is not installed. Run: pip install -e '.[docs]'")
    done = subprocess.run([program, "build", "--strict", "--clean"], cwd=work, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)


def write_sources(folder: Path) -> None:
    """Write the Markdown of every page: that of docs/, the README as the front page, and the reference."""
    shutil.copytree(ROOT / "docs", folder, ignore=shutil.ignore_patterns("zensical.toml"))
    (folder / "reference").mkdir(exist_ok=True)
    for source, page in TOP.items():
        text = re.sub(r"(\]\(|src=\")docs/", r"\1", (ROOT / source).read_text(encoding="utf-8"))
        for other, its_page in TOP.items():
            text = text.replace(f"]({other})", f"]({its_page})")
        (folder / page).write_text(text, encoding="utf-8")
    (folder / COMMANDS).write_text("\n".join(commands()), encoding="utf-8")
    (folder / PYTHON).write_text("\n".join(names(for_plugins=False)), encoding="utf-8")
    (folder / PLUGINS).write_text("\n".join(names(for_plugins=True)), encoding="utf-8")
    for page in (folder / "families").glob("*.md"):
        with page.open("a", encoding="utf-8") as file:
            file.write("\n".join(models_and_options(page.stem)))
    for page in folder.rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        page.write_text(without_outer_links(text, page), encoding="utf-8")


def without_outer_links(text: str, page: Path) -> str:
    """Return the text with links to files that the site lacks replaced by their words."""

    def keep_or_drop(match: re.Match[str]) -> str:
        target = match[2].partition("#")[0]
        outside = not re.match(r"https?:|mailto:|$", target) and not (page.parent / target).is_file()
        return match[1] if outside else match[0]

    return re.sub(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)", keep_or_drop, text)


def commands() -> Iterator[str]:
    """Yield the reference of commands: what `--help` prints."""
    yield "# Commands\n\nWhat `ganzoo COMMAND --help` prints.\n"
    context = click.Context(cli, info_name="ganzoo", **cli.context_settings)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        help_text = command.get_help(click.Context(command, info_name=name, parent=context, max_content_width=100))
        yield f"## `ganzoo {name}`\n\n```text\n{help_text}\n```\n"


def models_and_options(family: str) -> Iterator[str]:
    """Yield what the registry and the catalog know of a family: its models, its entries and their options."""
    cards = registry.cards(f"{family}/*")
    if cards:
        yield "\n## Models\n\n| | | grade | license |\n|---|---|---|---|"
    for card in cards:
        image = f"![{card.name}](../pictures/models/{card.name.replace('/', '-')}.webp)"
        yield f"| `{card.name}`: {card.summary} | {image} | **{card.grade}**: {card.grade_reason} | {card.license} |"
    for entry in catalog.entries():
        if catalog.origin(entry.spec) == f"ganzoo_plugins.{family}":
            yield f"\n## `{entry.spec}`\n\n{entry.summary}.\n"
            yield from options(entry)


def options(entry: Entry) -> Iterator[str]:
    """Yield the table of an entry's options, each with what its class says of it."""
    said = entry_descriptions.option_words(entry)
    rows = entry_descriptions.describe_options(entry)
    if rows:
        yield "| option | default | |\n|---|---|---|"
    for row in rows:
        choices = "One of " + ", ".join(f"`{each}`" for each in row["choices"]) + "." if row["choices"] else ""
        words = " ".join(part for part in (said.get(row["name"], ""), choices) if part).replace("|", "\\|")
        yield f"| `{row['name']}` | `{row['default']!r}` | {words} |"


def names(for_plugins: bool) -> Iterator[str]:
    """Yield the reference of public names: a directive for each, which the generator replaces by its docstring."""
    yield "# For authors of plugins\n" if for_plugins else "# Python\n"
    for name in sorted(ganzoo.__all__, key=str.lower):
        home = ganzoo._HOMES.get(name)
        if home and bool(FOR_PLUGINS.match(f"{home}.")) == for_plugins:
            if not (getattr(ganzoo, name).__doc__ or "").strip():
                sys.exit(f"ganzoo.{name} has no docstring. Write one in {home}.")
            yield f"::: {home}.{name}\n"
    if for_plugins:
        yield "## ganzoo.testing\n\n::: ganzoo.testing\n"


def pages(folder: Path) -> Iterator[str]:
    """Yield the pages that the menu should list."""
    return (path.relative_to(folder).as_posix() for path in folder.rglob("*.md"))


def listed(settings: Path) -> list[str]:
    """Return the pages that the menu lists."""
    return re.findall(r'"([^"]+\.md)"', settings.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
