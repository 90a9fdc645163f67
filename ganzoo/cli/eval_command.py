"""`ganzoo eval`: scores with their protocols."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli import options, output, raster_options
from ganzoo.cli.echo import echo
from ganzoo.cli.output import parse_assignments
from ganzoo.cli.progress import ImageCount, progress_display

if TYPE_CHECKING:
    from ganzoo.evaluation.reproduce import Reproduction
    from ganzoo.evaluation.samples.results import Evaluation


@click.command("eval", short_help="Score a model or a folder of images, with a protocol.")
@click.argument("ref", required=False)
@click.option(
    "--data", multiple=True, help="Real images: a folder, .zip or IDX files; give it twice for pairs or two sets."
)
@raster_options.reading
@click.option(
    "--baseline", multiple=True, metavar="NAME", help="For models of rasters: linear, copy or mean, next to the scores."
)
@click.option("--metrics", help="Comma separated, e.g. fd,precision,recall [default: depends on the model].")
@click.option("--extractor", default="auto", help="E.g. efficientnet-lite0. [default: inception, or what is installed]")
@click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Set an option of the extractor.")
@click.option("-n", "--number", type=click.IntRange(1), help="Images to generate [default: as many as real ones].")
@click.option("--seed", default=0, show_default=True, help="For generated images, subsets and resamples.")
@click.option(
    "--size", type=click.IntRange(1), help="Scale all images to cover SIZE x SIZE [default: the model's size]."
)
@click.option("--resize", default="bicubic", show_default=True, help="bicubic, bilinear, area or nearest.")
@click.option("--validation", type=float, default=0.0, help="Evaluate on the share that training held out, e.g. 0.05.")
@click.option(
    "--part", type=click.Choice(["test", "train"]), default="test", show_default=True, help="Part of IDX files."
)
@click.option("--inputs", type=click.Choice(["A", "B"]), help="Side to translate; of pairs, A is the left.")
@click.option("--label", metavar="NAME", help="Class to translate to, for models that take one; --data: class folders.")
@click.option(
    "--kind", type=click.Choice(["images", "paired", "unpaired"]), help="Kind of data [default: the model's]."
)
@click.option("--back", metavar="REF", help="The model of the other direction, for cycle-psnr.")
@click.option("--train", multiple=True, help="The training images, for memorized.")
@click.option(
    "--precision", default="float32", show_default=True, help="Of the extractor; bfloat16 makes a different metric."
)
@click.option("--subset-size", type=click.IntRange(0), default=0, help="For kd, e.g. 1000 [default: 0, all pairs].")
@click.option("--neighbors", type=click.IntRange(0), default=0, help="k [default: the papers' 3 and 5].")
@click.option(
    "--clusters", type=click.IntRange(0), default=0, help="For modes [default: classes, or up to 50 clusters]."
)
@click.option(
    "--resamples", type=click.IntRange(0), default=20, show_default=True, help="For the interval of fd; 0: no interval."
)
@click.option("--batch-size", type=click.IntRange(1), default=32, show_default=True, help="Images at a time.")
@click.option("--no-cache", is_flag=True, help="Extract the features of real images again.")
@click.option("--registry", is_flag=True, help="Measure all published scores again, on the data sets in --data.")
@click.option("--report", "report_to", type=click.Path(path_type=Path), help="Write an HTML report here.")
@click.option("-o", "--output", "save_to", type=click.Path(path_type=Path), help="Write the scores as JSON here.")
@click.option(
    "--save-to", "model_folder", metavar="FOLDER", help="Put the scores on the card of the model in this folder."
)
@options.device
@options.token
@options.as_json
def command(
    ref: str | None,
    data: tuple[str, ...],
    metrics: str | None,
    assignments: tuple[str, ...],
    no_cache: bool,
    registry: bool,
    save_to: Path | None,
    as_json: bool,
    number: int | None,
    size: int | None,
    inputs: str | None,
    label: str | None,
    kind: str | None,
    back: str | None,
    model_folder: str | None,
    **values: Any,
) -> None:
    """Score the model REF, or the images in images:FOLDER, against --data.

    \b
    ganzoo eval dcgan/fashion-mnist --data fashion-mnist/ --extractor efficientnet-lite0
    ganzoo eval dir:runs/facades --data facades.zip --validation 0.06 --report report.html
    ganzoo eval dir:runs/star --data landscapes/ --label monet --extractor efficientnet-lite0
    ganzoo eval images:outputs/ --data photos/ --size 128 --metrics fid,kid -o scores.json
    ganzoo eval dir:runs/stain --baseline linear --baseline copy
    ganzoo eval --registry --data sets/

    Metrics: fid, kid (on Inception); fd, kd, cmmd, is, precision, recall, density, coverage, topp, topr, modes,
    balance, memorized (on --extractor); l1, psnr, ssim, lpips (pairs, super-resolution, inpainting); hole-psnr
    (inpainting); cycle-psnr, identity (unpaired); swd-frames, swd-motion (clips); class-accuracy (class-conditional);
    discriminator (runs). Models of rasters: mae, rmse, bias, pearson, psnr, ssim, sam, ergas, in units;
    those on --extractor see 8-bit composites of windows.
    `ganzoo list --entries 'extractor:*'` shows the extractors.
    """
    if registry:
        _reproduce(ref or "*", data, names(metrics), values["device"], as_json)
        return
    if ref is None:
        raise click.UsageError("Give REF: a model, or images:FOLDER. Or --registry for all published scores.")
    from ganzoo.evaluation.evaluate import evaluate

    data, own = raster_options.take(data, values)
    own.pop("split_by", None) if not own.get("split_by") else None
    values |= {**own, "baseline": values["baseline"]}
    optional = {"number": number, "size": size, "inputs": inputs, "label": label, "kind": kind, "back": back}
    values |= {name: value for name, value in optional.items() if value is not None}
    values |= {"extractor_options": dict(parse_assignments(assignments, "--set", "KEY=VALUE")), "cache": not no_cache}
    with progress_display() as display:
        display.stage(f"Evaluating {ref}")
        count = ImageCount(display)
        evaluation = evaluate(
            ref, data, metrics=names(metrics), on_progress=count.add, on_remaining=count.expect, **values
        )
    if save_to:
        evaluation.save(save_to)
    if model_folder:
        from ganzoo.evaluation import card_scores

        card_scores.save(evaluation, ref, Path(model_folder.removeprefix("dir:")))
    if as_json:
        output.print_json(evaluation.to_dict())
    else:
        _show(evaluation)


def _show(evaluation: Evaluation) -> None:
    rows = [
        (
            f"{one.metric}{output.direction_arrow(one.metric)}",
            f"{one.value:.5g}",
            "" if one.bounds is None else "{:.5g} to {:.5g}".format(*one.bounds),
            *(f"{of[one.metric]:.5g}" if one.metric in of else "" for of in evaluation.baselines.values()),
        )
        for one in evaluation.scores
    ]
    output.print_table(["METRIC", "VALUE", "INTERVAL", *map(str.upper, evaluation.baselines)], rows)
    output.print_protocols(score.protocol for score in evaluation.scores)
    for diagnosis in evaluation.diagnoses:
        echo(f"{'Warning: ' if diagnosis.alarm else ''}{diagnosis.text}", err=diagnosis.alarm)
    for note in evaluation.notes:
        echo(f"Note: {note}", err=True)


def _reproduce(pattern: str, sets: tuple[str, ...], metrics: list[str], device: str, as_json: bool) -> None:
    """Measure published scores again; exit with 1 if one does not agree."""
    from ganzoo.evaluation.reproduce import reproduce

    with progress_display() as display:
        display.stage("Measuring published scores again")
        count = ImageCount(display)
        reproductions = list(reproduce(pattern, sets, metrics, device, count.add, count.expect))
    if as_json:
        output.print_json(
            [
                {"model": one.model, "published": one.published.to_dict(), "now": one.now.to_dict()}
                for one in reproductions
            ]
        )
    else:
        rows = [
            (one.model, one.now.metric, f"{one.published.value:.5g}", f"{one.now.value:.5g}", _verdict(one))
            for one in reproductions
        ]
        output.print_table(["MODEL", "METRIC", "PUBLISHED", "NOW", ""], rows)
    if not all(one.agrees for one in reproductions):
        echo("Error: some scores differ from the published ones; the last column shows which, and how.", err=True)
        click.get_current_context().exit(1)


def _verdict(one: Reproduction) -> str:
    if one.unlike:
        return "different protocol: " + ", ".join(f"{name} {a} / {b}" for name, (a, b) in one.unlike.items())
    return "agrees" if one.agrees else "differs"


def names(metrics: str | None) -> list[str]:
    """Return the names in a comma separated list."""
    return [name.strip() for name in metrics.split(",") if name.strip()] if metrics else []
