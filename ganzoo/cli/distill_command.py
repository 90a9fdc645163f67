"""`ganzoo distill`: a small network learns what a model does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli import completion, run_options
from ganzoo.cli.echo import echo

if TYPE_CHECKING:
    from ganzoo.training.distill import DistillationPlan


@click.command("distill", short_help="Train a small network to do what a model does.")
@click.argument("ref", shell_complete=completion.model)
@click.argument("data", nargs=-1, required=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The run's folder. dir:FOLDER loads its model.")
@click.option("--into", default="mobile-resnet", show_default=True, metavar="ENTRY", help="The student's network.")
@click.option(
    "--macs",
    metavar="NUMBER",
    help="Multiply-adds that an image of the model's size may take, such as 1.0G: chooses the student's widths.",
)
@click.option("--pairs/--no-pairs", default=None, help="Whether DATA are pairs [default: as REF was trained].")
@run_options.run
def command(
    ref: str,
    data: tuple[str, ...],
    output: Path | None,
    into: str,
    macs: str | None,
    pairs: bool | None,
    dry_run: bool,
    steps: int | None,
    minutes: float | None,
    **values: Any,
) -> None:
    """Train a small network to do what REF does, on DATA: REF's inputs and images like its outputs, or pairs.

    It is a run of the recipe "distill", or "distill-pairs": `ganzoo info recipe:distill` shows its options, and
    `ganzoo train --resume RUN` resumes it.

    \b
    ganzoo distill cyclegan/horse2zebra horses/ zebras/ -o runs/live --macs 1.0G
    ganzoo distill dir:runs/stain pairs/ -o runs/stain-live --into pixelwise
    ganzoo distill cyclegan/horse2zebra horses/ zebras/ --macs 500M --dry-run
    """
    run_options.refuse_two_lengths(steps, minutes)
    if not (output or dry_run):
        raise click.UsageError("Give -o RUN, the run's folder, or --dry-run.")
    from ganzoo.training import distill

    plan = distill.plan(ref, into, macs, pairs, run_options.take_settings({**values, "steps": steps}))
    echo(_describe(plan), err=True)
    settings = dict(plan.settings)
    if minutes is not None:
        settings["steps"] = run_options.steps_within(minutes, plan.recipe, data, settings)
    if dry_run:
        run_options.show_dry_run(plan.recipe, data, settings)
        return
    run = run_options.train(plan.recipe, data, output or Path(), settings)
    if os.environ.get("RANK", "0") == "0":
        echo(f"dir:{run}")


def _describe(plan: DistillationPlan) -> str:
    """Return a sentence on the student's arithmetic."""
    student, teacher = (count / 1e9 for count in (plan.multiply_adds, plan.teacher_multiply_adds))
    return (
        f"{plan.settings['parts']['generator']}: {student:.3g} G multiply-adds for {plan.image_size}x{plan.image_size} "
        f"pixels, the teacher {teacher:.3g} G."
    )
