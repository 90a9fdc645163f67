"""`ganzoo eval`: scores with their protocols."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli import options, output
from ganzoo.cli.output import pairs

if TYPE_CHECKING:
    from ganzoo.evaluation.reproduce import Reproduction
    from ganzoo.evaluation.results import Evaluation


@click.command("eval", short_help="Score a model, or a folder of pictures, with a protocol.")
@click.argument("ref", required=False)
@click.option("--data", multiple=True, help="Real pictures: a folder, .zip or IDX files; twice for pairs or two sets.")
@click.option("--metrics", help="Comma separated, as fd,precision,recall [default: those usual for the model].")
@click.option("--extractor", default="inception", show_default=True, help="As efficientnet-lite0, timm.")
@click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Option of the extractor.")
@click.option("-n", "--number", type=click.IntRange(1), help="Pictures to generate [default: as many as real ones].")
@click.option("--seed", default=0, show_default=True, help="Of generated pictures, subsets and resamples.")
@click.option("--size", type=click.IntRange(1), help="Scale all pictures to cover SIZE x SIZE [default: the model's].")
@click.option("--resize", default="bicubic", show_default=True, help="bicubic, bilinear, area or nearest.")
@click.option("--validation", type=float, default=0.0, help="Judge by the share that training kept out, as 0.05.")
@click.option("--part", type=click.Choice(["test", "train"]), default="test", show_default=True, help="Of IDX files.")
@click.option("--inputs", type=click.Choice(["A", "B"]), help="Side to translate; A is the left of pairs too.")
@click.option(
    "--label", metavar="NAME", help="Class to translate to, of a model that takes one; --data: class folders."
)
@click.option("--kind", type=click.Choice(["images", "paired", "unpaired"]), help="Of data [default: the model's].")
@click.option("--back", metavar="REF", help="The model of the other direction, for cycle-psnr.")
@click.option("--train", multiple=True, help="The training pictures, for memorized.")
@click.option("--precision", default="float32", show_default=True, help="Of the extractor; bfloat16 is another metric.")
@click.option("--subset-size", type=click.IntRange(0), default=1000, show_default=True, help="Of kd; 0: all pairs.")
@click.option("--neighbors", type=click.IntRange(0), default=0, help="k [default: the papers' 3 and 5].")
@click.option(
    "--clusters", type=click.IntRange(0), default=0, help="For modes [default: classes, or up to 50 clusters]."
)
@click.option("--resamples", type=click.IntRange(0), default=20, show_default=True, help="Of fd's interval; 0: none.")
@click.option("--batch-size", type=click.IntRange(1), default=32, show_default=True, help="Pictures at a time.")
@click.option("--no-cache", is_flag=True, help="Make the features of real pictures anew.")
@click.option("--registry", is_flag=True, help="Measure every published score again, on sets found in --data.")
@click.option("--report", "report_to", type=click.Path(path_type=Path), help="Write a page with pictures here.")
@click.option("-o", "--output", "save_to", type=click.Path(path_type=Path), help="Write the scores as JSON here.")
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
    **values: Any,
) -> None:
    """Score the model REF, or the pictures images:FOLDER, against --data.

    \b
    ganzoo eval dcgan/fashion-mnist --data fashion-mnist/ --extractor efficientnet-lite0
    ganzoo eval patchgan/facades --data facades.zip --validation 0.06 --report report.html
    ganzoo eval stargan/landscapes --data landscapes/ --label monet --extractor efficientnet-lite0
    ganzoo eval images:made/ --data photos/ --size 128 --metrics fid,kid -o scores.json
    ganzoo eval --registry --data sets/

    Metrics: fid, kid (on Inception); fd, kd, is, precision, recall, density, coverage, modes, balance, memorized
    (on --extractor); l1, psnr, ssim, lpips (pairs, super-resolution, inpainting); hole-psnr (inpainting);
    cycle-psnr, identity (unpaired); discriminator (runs).
    `ganzoo list --entries 'extractor:*'` shows the extractors.
    """
    if registry:
        _again(ref or "*", data, names(metrics), values["device"], as_json)
        return
    if ref is None:
        raise click.UsageError("Give REF: a model, or images:FOLDER. Or --registry for all published scores.")
    from ganzoo.evaluation.evaluate import evaluate

    asked: dict[str, Any] = {"extractor_options": dict(pairs(assignments, "--set", "KEY=VALUE")), "cache": not no_cache}
    given = {"number": number, "size": size, "inputs": inputs, "label": label, "kind": kind, "back": back}
    asked |= {name: value for name, value in given.items() if value is not None}
    with progress() as on_progress:
        found = evaluate(ref, data, metrics=names(metrics), on_progress=on_progress, **asked, **values)
    if save_to:
        found.save(save_to)
    if as_json:
        output.as_json(found.to_dict())
    else:
        _show(found)


def _show(found: Evaluation) -> None:
    rows = [
        (
            f"{one.metric}{output.direction(one.metric)}",
            f"{one.value:.5g}",
            _interval(one.low, one.high),
        )
        for one in found.scores
    ]
    output.table(["METRIC", "VALUE", "INTERVAL"], rows)
    output.protocols(score.protocol for score in found.scores)
    for diagnosis in found.diagnoses:
        click.echo(f"{'Warning: ' if diagnosis.alarm else ''}{diagnosis.text}", err=diagnosis.alarm)
    for note in found.notes:
        click.echo(f"Note: {note}", err=True)


def _again(pattern: str, sets: tuple[str, ...], metrics: list[str], device: str, as_json: bool) -> None:
    """Measure published scores again; exit with 1 where one does not agree."""
    from ganzoo.evaluation.reproduce import reproduce

    with progress() as on_progress:
        found = list(reproduce(pattern, sets, metrics, device, on_progress))
    if as_json:
        output.as_json(
            [{"model": one.model, "published": one.published.to_dict(), "now": one.now.to_dict()} for one in found]
        )
    else:
        rows = [
            (one.model, one.now.metric, f"{one.published.value:.5g}", f"{one.now.value:.5g}", _verdict(one))
            for one in found
        ]
        output.table(["MODEL", "METRIC", "PUBLISHED", "NOW", ""], rows)
    if not all(one.agrees for one in found):
        click.echo("Error: some scores are not what was published; the last column says which, and how.", err=True)
        click.get_current_context().exit(1)


def _verdict(one: Reproduction) -> str:
    if one.unlike:
        return "another protocol: " + ", ".join(f"{name} {a} / {b}" for name, (a, b) in one.unlike.items())
    return "agrees" if one.agrees else "differs"


def names(metrics: str | None) -> list[str]:
    """Return the names in a comma separated list."""
    return [name.strip() for name in metrics.split(",") if name.strip()] if metrics else []


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.5g} to {high:.5g}"


@contextmanager
def progress() -> Iterator[Callable[[int], None]]:
    """Yield what counts pictures on a terminal, and says nothing when piped."""
    if not sys.stderr.isatty():
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.completed:,} pictures"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("", total=None)
        yield lambda count: shown.advance(task, count)
