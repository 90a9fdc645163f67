"""`ganzoo push`: a model to the Hub."""

from __future__ import annotations

import click

from ganzoo.cli import options


@click.command("push", short_help="Publish a model on the Hugging Face Hub.")
@click.argument("ref")
@click.argument("repo_id", metavar="OWNER/REPO")
@click.option("--private", is_flag=True, help="Create the repository as a private one.")
@click.option("--message", default="Upload with ganzoo", show_default=True, help="The commit's message.")
@click.option("--license", "license", help="License of the weights, as cc-by-4.0 [default: the card's].")
@click.option("--summary", help="One line on what the model makes [default: the card's].")
@options.token
def command(
    ref: str, repo_id: str, private: bool, message: str, license: str | None, summary: str | None, token: str | None
) -> None:
    """Publish the model REF as OWNER/REPO on the Hugging Face Hub."""
    from ganzoo.hub import client
    from ganzoo.loading import load

    client.check_repo_id(repo_id)  # before the model is loaded
    model = load.load(ref, device="cpu", engine="torch", token=token)
    pushed = model.push(repo_id, private=private, token=token, message=message, license=license, summary=summary)
    click.echo(f"{pushed.url}\nhf-hub:{pushed.repo_id}@{pushed.commit}")
    for other in _models_inside(ref):
        click.echo(f"{other} is a model of its own, not pushed: `ganzoo push {other} OWNER/NAME`.", err=True)


def _models_inside(ref: str) -> list[str]:
    """Return references to the models in a folder's folders, as a CycleGAN run's other direction."""
    from ganzoo.cards import references
    from ganzoo.weights import model_folder

    reference = references.parse(ref)
    if reference.place != "dir":
        return []
    return [f"dir:{path.parent}" for path in sorted(reference.path.glob(f"*/{model_folder.CONFIG}"))]
