"""A folder with a page, the network and what runs it: `ganzoo export REF --format web`.

Everything is made and compared with PyTorch in a temporary folder, which then takes the target's place. The page's own
self-test compares again, in the browser, before it translates anything.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.cards.card import Card
from ganzoo.contracts.engine import Format, Signature
from ganzoo.errors import GanzooError, OptionError, OutputError
from ganzoo.exporting.export import WEB, ExportResult, Progress, Source, find_format, write_compared
from ganzoo.exporting.web import runtime
from ganzoo.files.regular import read_text
from ganzoo.inference import conversions
from ganzoo.loading import example_inputs, load
from ganzoo.pages.rendering import render
from ganzoo.version import __version__
from ganzoo.weights import readme

if TYPE_CHECKING:
    from ganzoo.loading.model import Model

PAGE, ABOUT, NETWORK, SELF_TEST, RUNTIME = "index.html", "model.json", "model.onnx", "selftest.bin", "runtime"
SCRIPTS = Path(__file__).parent / "static"
FACTS = ("task", "grade", "license of the weights", "allowed use", "data set", "license of the data", "paper")
# The page loads nothing from other hosts and sends nothing to them. WebAssembly needs a word of its own.
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; "
    "style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; base-uri 'none'; form-action 'none'"
)
SIZES = (256, 512, 1024)


def export(ref: str, target: Path, runtime_folder: Path | None, token: str | None, progress: Progress) -> ExportResult:
    """Write a page that translates images in the browser.

    Args:
        ref: The model.
        target: The folder: new, empty, or an earlier page.
        runtime_folder: The npm package that runs the network; None: the cache or a download.
        token: For the Hugging Face Hub.
        progress: Told how far it is.

    Raises:
        OptionError: The page cannot show such a model.
        DeviceError: The network cannot be converted, or results differ.
        OutputError: The folder cannot be written, or holds other files.
        GanzooError: Any error of `ganzoo.load` and of `runtime.find`.
    """
    writer = find_format("onnx")
    _check_target(target)
    model = load.load(ref, "cpu", engine="torch", token=token)
    _check_model(model.card)
    progress.on_stage("Getting what runs it in the browser")
    files = runtime.find(runtime_folder)
    return _replacing(target, lambda folder: write(model, writer, folder, files, progress))


def write(model: Model, writer: Format, folder: Path, runtime_files: Path, progress: Progress) -> tuple[float, float]:
    """Write everything into an empty folder; return the largest difference from PyTorch, and the mean PSNR."""
    signature = conversions.signature_of(model.card, model.generator)
    difference, psnr, shapes = _write_network(model, writer, signature, folder, progress)
    runtime.copy(runtime_files, folder / RUNTIME)
    for script in SCRIPTS.iterdir():
        shutil.copyfile(script, folder / script.name)
    example = example_inputs.find(model.card)["image"][0]
    shutil.copyfile(example, folder / f"example{example.suffix}")
    about = _about(model, signature) | {"example": f"example{example.suffix}", "selfTest": shapes}
    (folder / ABOUT).write_text(json.dumps(about, indent=1), encoding="utf-8")
    (folder / PAGE).write_text(_page(model), encoding="utf-8")
    return difference, psnr


# ---- what is refused


def _check_model(card: Card) -> None:
    """Raise OptionError for a model that the page cannot show."""
    from ganzoo.exporting.web.network import INPUTS

    does, others = card.does, [name for name in card.does.inputs if name not in INPUTS]
    reason = ""
    if does.source != "image":
        reason = f"it generates {does.output}s from latents"
    elif others:
        reason = f"it takes a {' and a '.join(others)} besides the image"
    elif does.output != "image":
        reason = f"it returns a {does.output}"
    elif card.uses_rasters:
        reason = "its channels are not those of 8-bit gray or RGB images"
    if reason:
        raise OptionError(
            f"{card.name} cannot be shown on a page: {reason}. Pages translate 8-bit images, with a label or a mask "
            "where the model takes one. `ganzoo demo` shows the other models."
        )


def _check_target(target: Path) -> None:
    """Raise OutputError for a file, and for a folder that holds anything but an earlier page."""
    if target.exists() and not target.is_dir():
        raise OutputError(f"Cannot write {target}: it is a file. Give the path of a folder.")
    if target.is_dir() and any(target.iterdir()) and not _is_site(target):
        raise OutputError(
            f"{target} holds files that are not an earlier page. Give a new folder, such as {target}/web."
        )


def _is_site(folder: Path) -> bool:
    try:
        about = json.loads(read_text(folder / ABOUT, OutputError))
    except (OSError, ValueError):
        return False
    return isinstance(about, dict) and str(about.get("madeBy", "")).startswith("ganzoo ")


# ---- what is written


def _replacing(target: Path, fill: Callable[[Path], tuple[float, float]]) -> ExportResult:
    """Fill a new folder and put it in the target's place."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".exporting-") as work:
            new, old = Path(work) / "new", Path(work) / "old"
            new.mkdir()
            difference, psnr = fill(new)
            if target.exists():
                target.rename(old)
            new.rename(target)
    except GanzooError:
        raise
    except OSError as error:
        raise OutputError(f"Cannot write {target}: {error.strerror or error}. Choose another folder.") from error
    others = sorted(path for path in target.rglob("*") if path.is_file() and path != target / PAGE)
    return ExportResult((*others, target / PAGE), difference, psnr)


def _write_network(
    model: Model, writer: Format, signature: Signature, folder: Path, progress: Progress
) -> tuple[float, float, dict[str, Any]]:
    """Write the network and its self-test; return the difference, the PSNR and what the page knows of the test."""
    from ganzoo.exporting.web.network import OneInput, planes

    card = model.card
    inputs = planes(card, signature)
    with_planes = Signature(inputs[0].shape[1], signature.stride, least=signature.least)
    network = OneInput(model.generator, card.in_channels, card.does.inputs)
    source = Source(card, network, with_planes, inputs)
    difference, psnr = write_compared(writer, WEB, source, folder / NETWORK, progress)
    smallest = min(inputs, key=lambda one: one[:1].size)[:1]
    expected = conversions.original(network)(smallest)
    (folder / SELF_TEST).write_bytes(b"".join(one.astype("<f4").tobytes() for one in (smallest, expected)))
    shapes = {"input": smallest.shape, "output": expected.shape}
    return difference, psnr, {"file": SELF_TEST, **shapes, "tolerance": conversions.TOLERANCE}


def _about(model: Model, signature: Signature) -> dict[str, Any]:
    """Return what the page's scripts must know."""
    card = model.card
    return {
        "madeBy": f"ganzoo {__version__}",
        "name": card.name,
        "file": NETWORK,
        "channels": card.in_channels,
        "outChannels": card.out_channels,
        "inputs": card.does.inputs,
        "scale": card.scale,
        "stride": signature.stride,
        "smallest": signature.smallest,
        "imageSize": model.trained_size,
    }


def _page(model: Model) -> str:
    card = model.card
    facts = [(name.capitalize(), text) for name, text in readme.facts(card) if name in FACTS]
    if card.limits:
        facts.append(("Limits", card.limits))
    own = ("native", "its own")
    sizes = [("auto", f"at most {model.trained_size}, as in training"), own] if model.trained_size else [own]
    sizes += [(str(side), str(side)) for side in SIZES]
    return str(
        render(
            f"{WEB}.html",
            card=card,
            inputs=card.does.inputs,
            facts=facts,
            sizes=sizes,
            policy=POLICY,
            version=__version__,
            runtime=runtime.VERSION,
        )
    )
