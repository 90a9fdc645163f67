"""`ganzoo push`: a model uploaded to the Hub."""

from __future__ import annotations

import click

from ganzoo.cli import completion, options
from ganzoo.cli.echo import echo


@click.command("push", short_help="Upload a model to the Hugging Face Hub.")
@click.argument("ref", shell_complete=completion.model)
@click.argument("repo_id", metavar="OWNER/REPO")
@click.option("--private", is_flag=True, help="Make the repository private if it is new.")
@click.option("--message", default="Upload with ganzoo", show_default=True, help="Commit message.")
@click.option("--license", "license", help="License of the weights, such as cc-by-4.0. [default: from the card]")
@click.option("--summary", help="What the model does, in one line. [default: from the card]")
@options.token
def command(
    ref: str, repo_id: str, private: bool, message: str, license: str | None, summary: str | None, token: str | None
) -> None:
    """Upload the model REF to OWNER/REPO on the Hugging Face Hub."""
    from ganzoo.cli.progress import transfer
    from ganzoo.hub import client
    from ganzoo.loading import load

    client.check_repo_id(repo_id)  # before the model is loaded
    model = load.load(ref, device="cpu", engine="torch", token=token)
    size = f", {model.card.weights.size}," if model.card.weights else ""
    with transfer(f"Uploading {model.card.name}{size} to {repo_id}"):
        pushed = model.push(repo_id, private=private, token=token, message=message, license=license, summary=summary)
    echo(f"{pushed.url}\nhf-hub:{pushed.repo_id}@{pushed.commit}")
    for other in _models_inside(ref):
        echo(f"{other} is a separate model and was not pushed. To push it: ganzoo push {other} OWNER/NAME", err=True)


def _models_inside(ref: str) -> list[str]:
    """Return references to models in subfolders, such as the other direction of a CycleGAN run."""
    from ganzoo.cards import references
    from ganzoo.weights import model_folder

    reference = references.parse(ref)
    if reference.place != "dir":
        return []
    return [f"dir:{path.parent}" for path in sorted(reference.path.glob(f"*/{model_folder.CONFIG}"))]
