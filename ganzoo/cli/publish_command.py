"""`ganzoo publish`: the bundled models of a registry, pushed to the Hub."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli import options, output
from ganzoo.cli.echo import echo


@click.command("publish", short_help="Push a registry's bundled models to the Hub and pin them.")
@click.argument("owner")
@click.argument("pattern", default="*")
@click.option(
    "--registry", "path", type=click.Path(path_type=Path), help="A plugin's registry.json. [default: ganzoo's]"
)
@click.option("--private", is_flag=True, help="Make new repositories private.")
@options.as_json
@options.token
def command(owner: str, pattern: str, path: Path | None, private: bool, as_json: bool, token: str | None) -> None:
    """Push every bundled model that matches PATTERN to OWNER/FAMILY-VARIANT on the Hub.

    Each model is pulled again into an empty cache and compared. Then its repository and commit are written to the
    registry file. Models that are already on the Hub are not uploaded again, so after a failure run the same command.
    """
    from ganzoo.publishing.publish import publish

    published = []
    for one in publish(owner, path, pattern, private=private, token=token, log=lambda text: echo(text, err=True)):
        published.append({"name": one.name, "repo": one.repo, "revision": one.revision, "new": one.new})
        if not as_json:
            echo(f"{one.name}  hf-hub:{one.repo}@{one.revision[:12]}{'' if one.new else '  (unchanged)'}")
    if as_json:
        output.print_json(published)
