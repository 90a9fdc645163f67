"""`ganzoo export`: a model as a file for other programs."""

from __future__ import annotations

import click

from ganzoo.cli import options, output


@click.command("export", short_help="Write a model as a file for other programs.")
@click.argument("ref")
@click.option("--format", "format", required=True, help="onnx, openvino, torchscript, torch-export, or a plugin's.")
@click.option("-o", "--output", "target", required=True, help="The file, as model.onnx.")
@options.as_json
@options.token
def command(ref: str, format: str, target: str, as_json: bool, token: str | None) -> None:
    """Write the model REF to a file that runs without ganzoo.

    It takes any batch, height and width; how pictures become its input is in its metadata. Before it is kept, its
    results are compared with PyTorch's on four photographs: a file that computes something else is refused.
    """
    from ganzoo.exporting.export import export

    made = export(ref, format, target, token=token)
    facts = {"files": [str(path) for path in made.files], "difference": made.difference, "psnr": made.psnr}
    if as_json:
        output.as_json(facts)
        return
    click.echo("\n".join(f"{path} ({path.stat().st_size / 1e6:.1f} MB)" for path in made.files))
    click.echo(
        f"Compared with PyTorch: values differ by up to {made.difference:.2g} in [-1, 1], PSNR {made.psnr:.0f} dB."
    )
