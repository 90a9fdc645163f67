"""The command line as a whole: exit codes, messages, --debug, help, pipes, plugins' commands."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from needs import needs
from tiny_models import publish, translator

from ganzoo.cli.main import COMMANDS, main

Run = Callable[..., subprocess.CompletedProcess[str]]


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run in this process; return exit code, stdout, stderr."""
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    captured = capsys.readouterr()
    return int(ended.value.code or 0), captured.out, captured.err


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_lists_every_command(capsys: pytest.CaptureFixture[str], option: str) -> None:
    code, out, _ = call(capsys, option)
    assert code == 0
    for command in COMMANDS:
        assert f"\n  {command} " in out
    assert "--debug" in out


def test_a_commands_summary_is_one_whole_line(capsys: pytest.CaptureFixture[str]) -> None:
    lines = call(capsys, "-h")[1].splitlines()
    for command in COMMANDS:
        number = next(n for n, line in enumerate(lines) if line.startswith(f"  {command} "))
        assert lines[number].endswith(".") and not lines[number].endswith("...")


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself_and_its_options(capsys: pytest.CaptureFixture[str], command: str) -> None:
    code, out, _ = call(capsys, command, "-h")
    assert code == 0
    assert out.startswith(f"Usage: ganzoo {command} ")
    from ganzoo.cli.main import cli

    found = cli.get_command(click.Context(cli), command)
    assert found is not None and found.help
    for parameter in found.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"--{parameter.name} has no help"


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    import ganzoo

    assert call(capsys, "--version") == (0, f"ganzoo, version {ganzoo.__version__}\n", "")


def test_wrong_usage_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ((), ("list", "--frobnicate"), ("info",), ("generate", "x/y", "-n", "0", "-o", "x.png")):
        code, out, err = call(capsys, *arguments)
        assert (code, out) == (2, "")
        assert "Usage: ganzoo" in err


def test_an_unknown_command_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, "trnaslate", "x")
    assert code == 2
    assert "No command is called 'trnaslate'. Did you mean 'translate'? Commands: list, info, " in err


def test_an_error_is_one_message_and_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, "info", "nobody/nothing")
    assert (code, out) == (1, "")
    assert err == "Error: 'nobody/nothing' is not in the registry. Write hf-hub:nobody/nothing or dir:nobody/nothing.\n"


@pytest.mark.parametrize("place", [0, 1, 2])
def test_debug_anywhere_shows_the_traceback(ganzoo_command: Run, place: int) -> None:
    arguments = ["info", "nobody/nothing"]
    arguments.insert(place, "--debug")
    done = ganzoo_command(*arguments)
    assert done.returncode == 1
    assert "Traceback" in done.stderr and "UnknownName" in done.stderr


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = f"{sys.executable} -m ganzoo list --entries --json | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=300)
    assert (done.stdout, done.stderr) == ("[\n", "")


@needs(os.path.exists("/dev/full"), "only Linux has /dev/full")
@pytest.mark.parametrize("command", ["list --entries", "generate dir:m -o -", "translate dir:t photo.jpg -o -"])
@pytest.mark.slow
def test_a_full_output_is_one_message(command: str, tmp_path: Path, photo: Path) -> None:
    from tiny_models import maker

    maker().save(tmp_path / "m")
    translator().save(tmp_path / "t")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ganzoo", *command.split()],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=300,
            cwd=tmp_path,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ") and "No space left" in done.stderr
    assert done.stderr.count("\n") == 1


def plugin(root: Path, source: str) -> dict[str, str]:
    """A plugin on PYTHONPATH whose module has this source."""
    environment = publish(root)
    (root / "tinyzoo" / "__init__.py").write_text("import click\nfrom ganzoo import hookimpl\n" + source)
    return environment


def test_a_plugins_command_runs_and_is_listed(ganzoo_command: Run, tmp_path: Path) -> None:
    source = (
        "@hookimpl\ndef ganzoo_commands(cli):\n    @cli.command('sing')\n    @click.argument('song')\n"
        "    def sing(song):\n        'Sing SONG.'\n        click.echo(song * 2)\n        return 5\n"
    )
    environment = plugin(tmp_path, source)
    done = ganzoo_command("sing", "la", env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "lala\n", "")
    assert "Sing SONG." in ganzoo_command("--help", env=environment).stdout


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("cli.add_command(click.Command('list'))", "Two plugins add the command 'list': ganzoo and tinyzoo"),
        ("raise BaseException", "The plugin 'tinyzoo' failed in ganzoo_commands: BaseException. It should call"),
        ("raise ValueError('oh no')", "The plugin 'tinyzoo' failed in ganzoo_commands: ValueError: oh no"),
    ],
)
def test_a_plugin_whose_commands_are_wrong_is_skipped_and_named(
    ganzoo_command: Run, tmp_path: Path, body: str, text: str
) -> None:
    done = ganzoo_command("--help", env=plugin(tmp_path, f"@hookimpl\ndef ganzoo_commands(cli):\n    {body}\n"))
    assert done.returncode == 0 and "translate" in done.stdout
    assert done.stderr.startswith(f"Skipped: {text}") and done.stderr.count("\n") == 1


def test_a_broken_plugin_is_reported_and_everything_else_works(ganzoo_command: Run, tmp_path: Path) -> None:
    environment = plugin(tmp_path, "import no_such_module\n")
    done = ganzoo_command("list", "--entries", "--json", env=environment)
    assert done.returncode == 0
    assert "generator:resnet" in done.stdout
    assert (
        "Skipped the plugin tinyzoo from tinyzoo: ModuleNotFoundError: No module named 'no_such_module'" in done.stderr
    )
    listed = ganzoo_command("plugins", env=environment).stdout
    assert any("tinyzoo" in line and "no_such_module" in line for line in listed.splitlines())
    assert any("ganzoo_plugins.dcgan" in line and line.endswith("loaded") for line in listed.splitlines())
