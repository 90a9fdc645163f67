"""`ganzoo seed-experiment`: prints the paper's results next to ours. Imports torch only when it runs."""

from __future__ import annotations

import dataclasses
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli import options, output

from . import published

if TYPE_CHECKING:
    from .experiment import Result


@click.command("seed-experiment", short_help="Repeat a paper's experiment on Fashion-MNIST.")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("-o", "--output", "run", required=True, type=click.Path(path_type=Path), help="The run's folder.")
@click.option(
    "--epochs", type=click.IntRange(1), default=50, show_default=True, help="Passes over the training images."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of weights, order and noise.")
@options.device
@options.as_json
def command(data: Path, run: Path, epochs: int, seed: int, device: str, as_json: bool) -> None:
    """Train a GAN of two perceptrons on Fashion-MNIST and score it as a paper did.

    DATA is the folder of the four IDX files. The recipe `vanilla` is trained on the 60,000 training images (batches
    of 128, Adam with 2e-4 and beta1 0.5). Then its discriminator is scored on the 10,000 test images and 10,000
    generated ones, next to the results of Bagrodia, "Image-to-Image Translation using GANs".

    Some results of that paper are inconsistent, as the output explains: the "discriminator loss of 0.48" of its text is
    the accuracy in its own output, whose loss is 1.0566; it scales images to [0, 1] under a tanh; and its recall of
    0.97 with 0.53 % of fakes recognized means a fooled discriminator, not a good one.

    It uses one thread unless OMP_NUM_THREADS is set: such small steps gain little from a second core, and lose much by
    waiting for a busy one.

    \b
    ganzoo seed-experiment fashion-mnist/ -o runs/vanilla
    ganzoo generate dir:runs/vanilla -n 64 -o grid.png
    """
    started = time.monotonic()
    from ganzoo.cli.training_progress import reporter

    from . import experiment

    if "OMP_NUM_THREADS" not in os.environ:
        experiment.use_one_thread()
    with reporter() as progress:
        result = experiment.run(data, run, epochs=epochs, seed=seed, device=device, reporter=progress)
    seconds = time.monotonic() - started
    if as_json:
        output.print_json(describe(result, seconds, run=str(run), epochs=epochs, seed=seed))
    else:
        show(result, seconds, epochs)
        click.echo(f"\ndir:{run}")


def describe(result: Result, seconds: float, **settings: Any) -> dict[str, Any]:
    """Return the experiment as a dict for JSON."""
    return {
        **settings,
        **dataclasses.asdict(result),
        "seconds": round(seconds, 1),
        "images_per_second": round(rate(result)),
        "paper": {
            "loss": published.LOSS,
            **published.SCORES,
            "specificity": published.SPECIFICITY,
            "seconds": published.MINUTES * 60,
            "pictures": published.PICTURES,
        },
        "remarks": list(published.REMARKS),
    }


def show(result: Result, seconds: float, epochs: int) -> None:
    """Print the table, then remarks on the paper."""
    found, paper = result.scores, published.SCORES
    click.echo(
        f"{epochs} epochs of {result.pictures:,} images in {result.steps:,} steps, "
        f"{rate(result):,.0f} images/s on {result.hardware}; "
        f"scored on {result.test_images:,} test images and as many generated ones\n"
    )
    output.print_table(
        ("MEASURE", "HERE", "PAPER"),
        [
            ("discriminator loss, mean over all images", f"{found.loss_mean:.4f}", f"{published.LOSS}"),
            ("discriminator loss, sum of both halves", f"{found.loss_sum:.4f}", "-"),
            ("accuracy", f"{found.accuracy:.5f}", f"{paper['accuracy']}"),
            ("precision", f"{found.precision:.4f}", f"{paper['precision']}"),
            ("recall (real images recognized)", f"{found.recall:.4f}", f"{paper['recall']}"),
            ("F1", f"{found.f1:.4f}", f"{paper['f1']}"),
            ("fakes recognized", f"{found.specificity:.4f}", f"{published.SPECIFICITY} (follows from the others)"),
            ("time of the whole command", clock(seconds), clock(published.MINUTES * 60)),
        ],
    )
    click.echo("\nReal is the positive class; the threshold is 0.5 on the sigmoid. About the paper:")
    for remark in published.REMARKS:
        click.echo(f"- {remark}")


def rate(result: Result) -> float:
    """Return images per second during training."""
    return result.steps * result.batch_size / max(result.train_seconds, 1e-9)


def clock(seconds: float) -> str:
    """Return 171.4 as "2 min 51 s"."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"
