"""`ganzoo export`: a model as a file for other programs."""

from __future__ import annotations

import shlex

import click

from ganzoo.cli import completion, options, output
from ganzoo.cli.echo import echo
from ganzoo.files.limits import format_size


@click.command("export", short_help="Export a model for other programs.")
@click.argument("ref", shell_complete=completion.model)
@click.option(
    "--format",
    "format",
    required=True,
    help="onnx, openvino, torch-export, executorch, bioimageio, web, torchscript (deprecated), or a plugin's.",
)
@click.option("-o", "--output", "target", required=True, help="File to write, such as model.onnx; for web a folder.")
@click.option(
    "--runtime",
    metavar="FOLDER",
    help="For web: the npm package onnxruntime-web. [default: downloaded once with npm]",
)
@options.as_json
@options.token
def command(ref: str, format: str, target: str, runtime: str | None, as_json: bool, token: str | None) -> None:
    """Export the model REF to a file that runs without ganzoo.

    The file accepts any batch size, height and width; for executorch one image of the training size. Its metadata
    describes how to prepare the input. Before the file is saved, its output on four photographs is compared with
    PyTorch's; a file whose output differs is rejected.

    The format web is a folder for any static web server: a page that translates a visitor's images, or those of a
    camera, in the browser.
    """
    from ganzoo.cli.progress import progress_display
    from ganzoo.exporting.export import WEB, export

    with progress_display() as display:
        exported = export(
            ref, format, target, runtime=runtime, token=token, on_stage=display.stage, on_progress=display.share
        )
    if as_json:
        files = [str(path) for path in exported.files]
        output.print_json({"files": files, "difference": exported.difference, "psnr": exported.psnr})
        return
    if format == WEB:
        size = sum(path.stat().st_size for path in exported.files)
        echo(f"{exported.files[-1]} ({format_size(size)} in the folder)")
    else:
        echo("\n".join(f"{path} ({format_size(path.stat().st_size)})" for path in exported.files))
    echo(
        f"Compared with PyTorch: values differ by up to {exported.difference:.2g} in [-1, 1], "
        f"PSNR {exported.psnr:.0f} dB."
    )
    if format == WEB:
        echo(f"To look at it: python -m http.server --directory {shlex.quote(target)}")
