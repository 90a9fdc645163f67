"""The command group, and the one place where errors become messages and exit codes.

Exit codes: 0 success; 1 a GanzooError or any other failure, with one message on stderr; 2 wrong usage. ``--debug``,
anywhere on the command line, shows the traceback instead.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
from typing import Any

import click

from ganzoo.catalog import discovery
from ganzoo.cli.echo import echo_error
from ganzoo.errors import GanzooError, OutputError, suggest
from ganzoo.files.terminal import one_line
from ganzoo.version import __version__

# The command "new-plugin" is the object `command` in ganzoo/cli/new_plugin_command.py.
COMMANDS = (
    *("list", "info", "inspect", "generate", "translate", "train", "distill", "eval", "compare"),
    *("export", "import", "pull", "push", "publish", "card", "gallery", "demo", "plugins", "new-plugin"),
)


class Zoo(click.Group):
    """The built-in commands, followed by those that plugins add through ``ganzoo_commands``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        self._add_plugin_commands()
        return [*COMMANDS, *sorted(set(self.commands) - set(COMMANDS))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            module = importlib.import_module(f"ganzoo.cli.{cmd_name.replace('-', '_')}_command")
            command: click.Command = module.command
            return command
        self._add_plugin_commands()
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0].startswith("-") or self.get_command(ctx, args[0]):
            return super().resolve_command(ctx, args)
        known = self.list_commands(ctx)
        raise click.UsageError(
            f"No command is called '{args[0]}'.{suggest(args[0], known)} Commands: {', '.join(known)}."
        )

    def invoke(self, ctx: click.Context) -> None:
        """Run the command; the return value of a plugin's command is not an exit code."""
        super().invoke(ctx)

    def _add_plugin_commands(self) -> None:
        if getattr(self, "_added_plugin_commands", False):
            return
        self._added_plugin_commands = True
        origins = dict.fromkeys(COMMANDS, "ganzoo")
        for implementation in discovery.registered().hook.ganzoo_commands.get_hookimpls():
            for name, command in _commands_of(implementation).items():
                if name in origins:
                    discovery.warn_once(
                        f"Skipped: Two plugins add the command '{name}': {origins[name]} and "
                        f"{implementation.plugin_name}, which is left out. Uninstall one, or rename yours."
                    )
                    continue
                origins[name] = implementation.plugin_name
                self.add_command(command, name)


def _commands_of(implementation: Any) -> dict[str, click.Command]:
    """Return the commands that a plugin adds; none, with a warning, where it fails."""
    group = click.Group()
    try:
        implementation.function(*(group for _ in implementation.argnames))
        return {str(name): command for name, command in group.commands.items() if isinstance(command, click.Command)}
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # third-party code may raise anything
        discovery.warn_once(
            f"Skipped: The plugin '{implementation.plugin_name}' failed in ganzoo_commands: "
            f"{one_line(error)}. It should call cli.add_command. Fix or uninstall it."
        )
        return {}


@click.command(
    cls=Zoo,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Add --debug to any command to see the full traceback of an error.",
)
@click.version_option(__version__, prog_name="ganzoo")
@click.pass_context
def cli(context: click.Context) -> None:
    """List, run, train, evaluate and share generative adversarial networks."""
    if context.invoked_subcommand != "plugins":  # which shows them itself
        discovery.announce_third_party()


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit."""
    arguments = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in arguments
    try:
        code = cli.main([one for one in arguments if one != "--debug"], prog_name="ganzoo", standalone_mode=False)
        sys.stdout.flush()
        sys.exit(code or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _fail("Interrupted.", 130)
    except Exception as error:
        if _is_broken_pipe(error):  # the reader of the output went away, so nobody would see a message
            _drop_output()
            sys.exit(1)
        if debug:
            raise
        _fail(_explain(error), 1)


def _explain(error: Exception) -> str:
    if isinstance(error, GanzooError):
        return str(error)
    if isinstance(error, OSError) and error.filename is None and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
        return f"The output cannot be written: {error.strerror}."
    if isinstance(error, OSError) and error.errno in (errno.ENAMETOOLONG, errno.ELOOP) and error.filename is not None:
        return f"{os.fsdecode(error.filename)[:200]}: {error.strerror}. Check the path."
    return f"{type(error).__name__}: {error}\nThis error is unexpected. Add --debug to see the traceback."


def _is_broken_pipe(error: BaseException) -> bool:
    cause = error.__cause__ if isinstance(error, OutputError) else error
    return isinstance(cause, BrokenPipeError)


def _drop_output() -> None:
    """Discard buffered output, so that the interpreter's last flush cannot fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, code: int) -> Any:
    try:
        sys.stdout.flush()
    except OSError:
        _drop_output()
    rank = os.environ.get("RANK", "0")  # set by torchrun: several processes can report the same error
    echo_error(f"{'' if rank == '0' else f'[process {rank}] '}Error: {message}")
    sys.exit(code)
