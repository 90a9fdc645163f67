"""`ganzoo push`: a model to the Hub."""

from __future__ import annotations

import click

from ganzoo.cli import options


@click.command("push")
@click.argument("ref")
@click.argument("repo_id", metavar="OWNER/REPO")
@click.option("--private", is_flag=True, help="Create the repository as a private one.")
@click.option("--message", default="Upload with ganzoo", show_default=True, help="The commit's message.")
@options.token
def command(ref: str, repo_id: str, private: bool, message: str, token: str | None) -> None:
    """Publish the model REF as OWNER/REPO on the Hugging Face Hub."""
    from ganzoo import hub, loading

    hub.check_repo_id(repo_id)  # before the model is loaded
    pushed = loading.load(ref, device="cpu", token=token).push(repo_id, private=private, token=token, message=message)
    click.echo(f"{pushed.url}\nhf-hub:{pushed.repo_id}@{pushed.commit}")
