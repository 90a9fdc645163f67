"""`ganzoo push`: a model uploaded to the Hub."""

from __future__ import annotations

import click

from ganzoo.cli import completion, options
from ganzoo.cli.echo import echo
from ganzoo.errors import OptionError


@click.command("push", short_help="Upload a model to the Hugging Face Hub.")
@click.argument("ref", shell_complete=completion.model)
@click.argument("repo_id", metavar="OWNER/REPO")
@click.option("--private", is_flag=True, help="Make the repository private if it is new.")
@click.option("--message", default="Upload with ganzoo", show_default=True, help="Commit message.")
@click.option("--license", "license", help="License of the weights, such as cc-by-4.0. [default: from the card]")
@click.option("--summary", help="What the model does, in one line. [default: from the card]")
@click.option("--space", is_flag=True, help="Upload a page that runs the model in the browser, as a static Space.")
@click.option(
    "--runtime",
    metavar="FOLDER",
    help="For --space: the npm package onnxruntime-web. [default: downloaded once with npm]",
)
@options.token
def command(
    ref: str,
    repo_id: str,
    private: bool,
    message: str,
    license: str | None,
    summary: str | None,
    space: bool,
    runtime: str | None,
    token: str | None,
) -> None:
    """Upload the model REF to OWNER/REPO on the Hugging Face Hub.

    With --space, upload the page of `ganzoo export --format web` instead.
    """
    if space:
        if license or summary:
            raise OptionError(
                "A Space shows the model's own card. Give --license and --summary when you push the model."
            )
        _push_space(ref, repo_id, private, message, runtime, token)
        return
    if runtime:
        raise OptionError("--runtime belongs to --space. Leave it out.")
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


def _push_space(ref: str, repo_id: str, private: bool, message: str, runtime: str | None, token: str | None) -> None:
    from ganzoo.cli.progress import progress_display
    from ganzoo.exporting.web.space import push_space

    with progress_display() as display:
        pushed = push_space(
            ref,
            repo_id,
            runtime,
            private=private,
            message=message,
            token=token,
            on_stage=display.stage,
            on_progress=display.share,
        )
    echo(pushed.url)


def _models_inside(ref: str) -> list[str]:
    """Return references to models in subfolders, such as the other direction of a CycleGAN run."""
    from ganzoo.cards import references
    from ganzoo.weights import model_folder

    reference = references.parse(ref)
    if reference.place != "dir":
        return []
    return [f"dir:{path.parent}" for path in sorted(reference.path.glob(f"*/{model_folder.CONFIG}"))]
