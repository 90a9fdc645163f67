"""`ganzoo publish`: the bundled models of a registry, on the Hub."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli import options, output


@click.command("publish", short_help="Put a registry's bundled models on the Hub, and pin them.")
@click.argument("owner")
@click.argument("pattern", default="*")
@click.option(
    "--registry", "path", type=click.Path(path_type=Path), help="A plugin's registry.json [default: ganzoo's]."
)
@click.option("--private", is_flag=True, help="Make new repositories private.")
@options.as_json
@options.token
def command(owner: str, pattern: str, path: Path | None, private: bool, as_json: bool, token: str | None) -> None:
    """Push every bundled model that matches PATTERN to OWNER/FAMILY-VARIANT on the Hub.

    Each is pulled into an empty cache and compared; then its repository and commit are written into the registry file.
    Models that are there already are not sent again: after a failure, give the same command.
    """
    from ganzoo.publishing.publish import publish

    done = []
    for one in publish(owner, path, pattern, private=private, token=token, log=lambda text: click.echo(text, err=True)):
        done.append({"name": one.name, "repo": one.repo, "revision": one.revision, "new": one.new})
        if not as_json:
            click.echo(f"{one.name}  hf-hub:{one.repo}@{one.revision[:12]}{'' if one.new else '  (as before)'}")
    if as_json:
        output.as_json(done)
