"""The group of commands, and the one place where errors become messages and exit codes.

0 done; 1 a GanzooError, or any other failure, as one message on stderr; 2 wrong usage. ``--debug``, anywhere on
the line, shows the traceback instead.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

from ganzoo import plugins
from ganzoo.errors import GanzooError
from ganzoo.version import __version__

# Command -> its module in ganzoo.cli, which has a click command of the same name with "_" for "-".
COMMANDS = ("list", "info", "generate", "translate", "train", "pull", "push", "plugins")


class Zoo(click.Group):
    """Our commands, then those that plugins add through ``ganzoo_commands``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        self._add_plugin_commands()
        return [*COMMANDS, *sorted(set(self.commands) - set(COMMANDS))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            module = importlib.import_module(f"ganzoo.cli.{cmd_name}_command")
            command: click.Command = module.command
            return command
        self._add_plugin_commands()
        return super().get_command(ctx, cmd_name)

    def _add_plugin_commands(self) -> None:
        if not getattr(self, "_asked_plugins", False):
            self._asked_plugins = True
            plugins.manager().hook.ganzoo_commands(cli=self)


@click.command(cls=Zoo, context_settings={"help_option_names": ["-h", "--help"]}, epilog="--debug shows tracebacks.")
@click.version_option(__version__, prog_name="ganzoo")
def cli() -> None:
    """A zoo of generative adversarial networks: list, load, translate, generate, train, share."""
    for problem in plugins.problems():
        click.echo(f"Skipped the plugin {problem.name} of {problem.distribution}: {problem.error}", err=True)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit."""
    given = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in given
    given = [argument for argument in given if argument != "--debug"]
    try:
        sys.exit(cli.main(given, prog_name="ganzoo", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _fail("Interrupted.", 130)
    except BrokenPipeError:  # the reader of our output went away: nothing to say, nowhere to say it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except GanzooError as error:
        if debug:
            raise
        _fail(str(error), 1)
    except Exception as error:
        if debug:
            raise
        _fail(f"{type(error).__name__}: {error}\nThis was not foreseen; --debug shows where it happened.", 1)


def _fail(message: str, code: int) -> Any:
    click.echo(f"Error: {message}", err=True)
    sys.exit(code)
