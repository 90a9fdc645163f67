"""`ganzoo export`: a model as a file for other programs."""

from __future__ import annotations

import click

from ganzoo.cli import completion, options, output
from ganzoo.cli.echo import echo


@click.command("export", short_help="Export a model for other programs.")
@click.argument("ref", shell_complete=completion.model)
@click.option(
    "--format", "format", required=True, help="onnx, openvino, torchscript, torch-export, bioimageio, or a plugin's."
)
@click.option("-o", "--output", "target", required=True, help="File to write, such as model.onnx.")
@options.as_json
@options.token
def command(ref: str, format: str, target: str, as_json: bool, token: str | None) -> None:
    """Export the model REF to a file that runs without ganzoo.

    The file accepts any batch size, height and width. Its metadata describes how to prepare the input. Before the file
    is saved, its output on four photographs is compared with PyTorch's; a file whose output differs is rejected.
    """
    from ganzoo.cli.progress import progress_display
    from ganzoo.exporting.export import export

    with progress_display() as display:
        exported = export(ref, format, target, token=token, on_stage=display.stage, on_progress=display.share)
    if as_json:
        files = [str(path) for path in exported.files]
        output.print_json({"files": files, "difference": exported.difference, "psnr": exported.psnr})
        return
    echo("\n".join(f"{path} ({path.stat().st_size / 1e6:.1f} MB)" for path in exported.files))
    echo(
        f"Compared with PyTorch: values differ by up to {exported.difference:.2g} in [-1, 1], "
        f"PSNR {exported.psnr:.0f} dB."
    )
