"""Every reader of bytes that somebody else may have written, with small real files to mutate.

A new reader adds one line to `READERS`: what reads a path and raises GanzooError for what it refuses, the files, and
the name that the file must have. What a reader checks by itself (`assert`) counts as a wrong result.
"""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from fuzz.image_files import (
    dicoms,
    geotiffs,
    jpegs,
    niftis,
    npys,
    npzs,
    pngs,
    read_frames,
    read_image,
    saved,
    slides,
    tiffs,
)


@dataclass(frozen=True)
class FuzzedReader:
    """``name``: of the file; with a folder in it where the reader takes the folder's file."""

    read: Callable[[Path], object]
    files: Callable[[Path], Iterable[bytes]]
    name: str

    def place(self, folder: Path, name: str) -> Path:
        path = folder / name / self.name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def seeds(self, folder: Path) -> list[bytes]:
        work = folder / "seeds"
        work.mkdir(exist_ok=True)
        return list(self.files(work))


# ---- models


def models(folder: Path) -> Path:
    from tiny_models import maker, translator

    for name, make in (("t", translator), ("m", maker)):
        if not (folder / name).exists():
            make().save(folder / name)
    return folder


def safetensors_files(folder: Path) -> Iterable[bytes]:
    import torch
    from safetensors.torch import save

    yield save({"weight": torch.ones(2, 3), "bias": torch.zeros(2).half(), "count": torch.tensor(3)}, {"format": "pt"})
    yield (models(folder) / "m" / "model.safetensors").read_bytes()[:20_000]
    yield save({"x": torch.ones(5)})


def read_weights(path: Path) -> None:
    from ganzoo.weights import weights_file

    shapes, tensors = weights_file.shapes(path), weights_file.read(path)
    assert {name: tuple(tensor.shape) for name, tensor in tensors.items()} == shapes


def configs(folder: Path) -> list[bytes]:
    return [(models(folder) / "t" / "config.json").read_bytes()]


def read_model(path: Path) -> None:
    """Load a model folder whose config.json is the mutated file; its weights are those of the first seed."""
    import shutil

    from ganzoo.loading import load

    weights = models(path.parent.parent / "models") / "t" / "model.safetensors"
    if not path.with_name("model.safetensors").exists():
        shutil.copy(weights, path.with_name("model.safetensors"))
    _ = load.load(f"dir:{path.parent}", "cpu", engine="torch").generator


def read_registry(path: Path) -> None:
    from ganzoo.cards import registry

    registry.read_registry(path)


def registries(folder: Path) -> list[bytes]:
    from ganzoo.cards.registry import own_path

    cards = json.loads(own_path().read_text(encoding="utf-8"))["cards"]
    return [json.dumps({"format": 1, "cards": cards[n : n + 1]}).encode() for n in range(0, len(cards), 6)]


def checkpoints(folder: Path) -> Iterable[bytes]:
    import torch

    shapes = {"main.0": (8, 4, 4, 4), "main.3": (4, 4, 4, 4), "main.6": (4, 2, 4, 4), "main.9": (2, 2, 4, 4)}
    state = {f"{name}.weight": torch.ones(shape) for name, shape in {**shapes, "main.12": (2, 1, 4, 4)}.items()}
    for place, width in ((1, 4), (4, 4), (7, 2), (10, 2)):
        state |= {
            f"main.{place}.{name}": torch.ones(width) for name in ("weight", "bias", "running_mean", "running_var")
        }
    for content in (state, {"netG": state, "opt": {"lr": 0.1}, "epoch": 3}, {"a": {"b": {"c": torch.ones(2)}}}):
        for zipped in (True, False):
            file = io.BytesIO()
            torch.save(content, file, _use_new_zipfile_serialization=zipped)
            yield file.getvalue()


def read_checkpoint(path: Path) -> None:
    from ganzoo.checkpoints import recognition
    from ganzoo.checkpoints.reading import read_groups

    recognition.choose_generator(read_groups(path), "", path)


# ---- runs


def run_files(folder: Path) -> list[bytes]:
    values = {"recipe": "dcgan", "data": str(folder), "steps": 4, "options": {"image_size": 16}, "parts": {}}
    return [json.dumps(values).encode(), json.dumps({**values, "best": "x", "validation": 0.1}).encode()]


def read_run(path: Path) -> None:
    from ganzoo.training import settings

    settings.read_settings(path.parent)


def run_yamls(folder: Path) -> Iterable[bytes]:
    from ganzoo.training import run_file
    from ganzoo.training.settings import parse_settings

    values = {"recipe": "dcgan", "data": str(folder), "steps": 4, "options": {"image_size": 16}, "parts": {}}
    run_file.write(folder, parse_settings(values))
    yield (folder / run_file.FILE).read_bytes()
    yield b"recipe: dcgan\ndata: &d [a, b]\noptions: {image_size: 16}\nstart_from: {generator: *d}\n"


def read_run_yaml(path: Path) -> None:
    """Read a run file as `ganzoo train run.yaml` does, up to where data would be read."""
    from ganzoo.training import run_file
    from ganzoo.training.train import new_settings

    values = run_file.merged(run_file.read(path), {"steps": 3})
    new_settings(values.pop("recipe"), values.pop("data", None) or ["a"], **values)


def run_logs(_: Path) -> Iterable[bytes]:
    for extra in ({}, {"seconds": 0.5, "pictures_per_second": 3.0}):
        lines = [{"step": step, "generator": 0.5 / step, "discriminator": 1.0, **extra} for step in range(1, 5)]
        yield "".join(json.dumps(line) + "\n" for line in lines).encode()


def read_run_log(path: Path) -> None:
    from ganzoo.training import logs, report

    logs.drop_after(path.parent, 3)
    assert report.write(path.parent)


def engine_times(_: Path) -> Iterable[bytes]:
    yield json.dumps({"engines": {"a-1": {"start": 0.5, "image": 0.25}}, "imports": {"onnxruntime": 0.25}}).encode()


def read_engine_times(path: Path) -> None:
    """What cannot be used of a file in the cache is measured again, and never an error."""
    from unittest import mock

    from ganzoo.inference import engine_timing
    from ganzoo.inference.workload import Workload

    with mock.patch.object(engine_timing, "_file", lambda: path):
        speeds = engine_timing.Speeds.read()
        costs = [timing.of(Workload()) for timing in speeds.engines.values()]
        assert all(0 <= cost < float("inf") for cost in [*costs, *speeds.imports.values()])


def run_states(folder: Path) -> Iterable[bytes]:
    import torch

    state = {
        "step": 2, "seconds": 1.5, "networks": {}, "averages": {}, "optimizers": {}, "recipe": {}, "scalers": {},
        "random": [{"python": list(range(9)), "numpy": ["MT19937", [1, 2], 3, 0, 0.0], "torch": torch.ones(4)}],
        "loop": {"watch": {}, "best": ["x", 1, 0.5]}, "data": {"pictures": 3, "sha256": "0"},
    }  # fmt: skip
    file = io.BytesIO()
    torch.save(state, file)
    yield file.getvalue()


def read_run_state(path: Path) -> None:
    import torch

    from ganzoo.training import checkpoint

    state, _ = checkpoint.load_newest(path.parent.parent, torch.device("cpu"))
    checkpoint.check_data(state, {"pictures": 3, "sha256": "0"}, path.parent)


def score_files(_: Path) -> Iterable[bytes]:
    from tiny_models import score

    for metric in ("fid", "kid"):
        scores = [score(metric, 4.5).to_dict()]
        yield json.dumps({"model": "a/b", "data": "x", "scores": scores}).encode()


def read_scores(path: Path) -> None:
    from ganzoo.evaluation import compare

    compare.read(path)


# ---- data


def zips(_: Path) -> Iterable[bytes]:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", method) as archive:
            archive.writestr("a/x.png", saved("PNG"))
            archive.writestr("b/y.jpg", saved("JPEG"))
        yield file.getvalue()


def read_zip(path: Path) -> None:
    from ganzoo.data.sources import fingerprint, open_source

    source = open_source(path)
    fingerprint(source, source.names, len(source.names))
    for name in source.names:
        source.read(name)


def tars(_: Path) -> Iterable[bytes]:
    for mode in ("w", "w:gz", "w:xz", "w:bz2"):
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]
            for name, content in (("0.png", saved("PNG")), ("0.cls", b"3"), ("1.jpg", saved("JPEG"))):
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        yield file.getvalue()


def read_tar(path: Path) -> None:
    from ganzoo.data import shards

    for sample in shards.read(str(path), lambda note: None):
        assert all(isinstance(content, bytes) for content in sample.files.values())


def idx_files(_: Path) -> Iterable[bytes]:
    images = b"\0\0\x08\x03" + struct.pack(">3I", 3, 4, 5) + bytes(range(60))
    yield from (images, gzip.compress(images), b"\0\0\x08\x01" + struct.pack(">I", 3) + b"\1\2\3")


def read_idx(path: Path) -> None:
    from ganzoo.data import idx

    tensor = idx.parse(path.read_bytes(), path.name)
    assert tensor.numel() < 10**6


# ---- plugins, the Hub, the demo


def entry_points(_: Path) -> list[bytes]:
    return [b"[ganzoo]\nmine = mine_nets\n", b"[console_scripts]\nx = y:z\n\n[ganzoo]\na = b.c:d\n"]


def read_entry_points(path: Path) -> None:
    from importlib import metadata

    from ganzoo.catalog.entry_points import candidates, names_group

    found = metadata.Distribution.at(path.parent)
    for candidate in candidates(found, "mine"):
        assert isinstance(candidate.name, str) and isinstance(candidate.distribution, str)
    names_group(str(path.parent.parent))


def readmes(folder: Path) -> list[bytes]:
    return [(models(folder) / name / "README.md").read_bytes() for name in "tm"]


def read_model_card(path: Path) -> None:
    from ganzoo.errors import RegistryError
    from ganzoo.hub.model_cards import read_head

    try:
        read_head(path.read_bytes().decode("utf-8", "replace"))
    except ValueError as error:
        raise RegistryError(str(error)) from error


def payloads(_: Path) -> list[bytes]:
    given = {"path": "/private/x.png", "meta": {"_type": "gradio.FileData"}, "url": None}
    return [json.dumps({"data": [given, "auto"], "session_hash": "x", "fn_index": 2}).encode()]


def read_payload(path: Path) -> None:
    """What passes the demo's guard names no path but its visitor's own, of which there are none."""
    from ganzoo.demo.examples import Examples
    from ganzoo.demo.visitors import Uploads
    from ganzoo.errors import OptionError

    try:
        passed = Uploads(path.parent, Examples({})).replace_refused(json.loads(path.read_bytes()), "visitor")
    except (ValueError, RecursionError) as error:  # which the guard answers with 400
        raise OptionError("not JSON") from error
    waiting = [passed]
    while waiting:
        value = waiting.pop()
        waiting += value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
        found = value.get("path", "") if isinstance(value, dict) else ""
        assert found in ("", None) or str(found).startswith(("http://", "https://")), found


ZARR_ARRAY = {
    "zarr_format": 3, "node_type": "array", "shape": [2, 8, 8], "data_type": "uint16", "fill_value": 0,
    "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [1, 8, 8]}},
    "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
    "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}], "dimension_names": ["c", "y", "x"],
    "attributes": {},
}  # fmt: skip
ZARR_AXES = [{"name": "c", "type": "channel"}, *({"name": n, "type": "space", "unit": "micrometer"} for n in "yx")]
ZARR_LEVELS = [{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [1.0, 0.5, 0.5]}]}]
ZARR_OME = {"version": "0.5", "multiscales": [{"name": "x", "axes": ZARR_AXES, "datasets": ZARR_LEVELS}]}
ZARR_GROUP = {"zarr_format": 3, "node_type": "group", "attributes": {"ome": ZARR_OME}}


def read_zarr(path: Path) -> None:
    """Read the image that a description belongs to; the other files of it are whole."""
    root = next(folder for folder in path.parents if folder.suffix == ".zarr")
    whole = {"zarr.json": json.dumps(ZARR_GROUP).encode(), "0/zarr.json": json.dumps(ZARR_ARRAY).encode()}
    whole |= {f"0/c/{channel}/0/0": bytes(range(128)) for channel in range(2)}
    for name, content in whole.items():
        if not (root / name).exists():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
    read_frames(root)


OPENMODELDB = {
    "name": "x4", "author": ["a", "b"], "license": "CC-BY-4.0", "description": "Enlarges.\nMuch.", "dataset": "DIV2K",
    "datasetSize": 800, "scale": 4, "resources": [{"platform": "pytorch", "sha256": "ab" * 32, "size": 9}],
}  # fmt: skip


def read_openmodeldb(path: Path) -> None:
    from ganzoo.checkpoints import openmodeldb

    openmodeldb.card_fields(path, "ab" * 32, path)


READERS: dict[str, FuzzedReader] = {
    "png": FuzzedReader(read_image, pngs, "x.png"),
    "jpeg": FuzzedReader(read_image, jpegs, "x.jpg"),
    "bmp": FuzzedReader(read_image, lambda _: [saved("BMP"), saved("BMP", mode="P")], "x.bmp"),
    "gif": FuzzedReader(read_image, lambda _: [saved("GIF"), saved("GIF", frames=3)], "x.gif"),
    "webp": FuzzedReader(read_image, lambda _: [saved("WEBP"), saved("WEBP", lossless=True)], "x.webp"),
    "tiff": FuzzedReader(read_frames, tiffs, "x.tif"),
    "tiff-photograph": FuzzedReader(read_image, tiffs, "x.tif"),
    "geotiff": FuzzedReader(read_frames, geotiffs, "x.tif"),
    "slide": FuzzedReader(read_frames, slides, "x.svs"),
    "zarr": FuzzedReader(read_zarr, lambda _: [json.dumps(ZARR_GROUP).encode()], "x.ome.zarr/zarr.json"),
    "zarr-array": FuzzedReader(read_zarr, lambda _: [json.dumps(ZARR_ARRAY).encode()], "x.ome.zarr/0/zarr.json"),
    "openmodeldb": FuzzedReader(read_openmodeldb, lambda _: [json.dumps(OPENMODELDB).encode()], "x.json"),
    "npy": FuzzedReader(read_frames, npys, "x.npy"),
    "npz": FuzzedReader(read_frames, npzs, "x.npz"),
    "nifti": FuzzedReader(read_frames, niftis, "x.nii"),
    "dicom": FuzzedReader(read_frames, dicoms, "x.dcm"),
    "safetensors": FuzzedReader(read_weights, safetensors_files, "model.safetensors"),
    "config": FuzzedReader(read_model, configs, "config.json"),
    "registry": FuzzedReader(read_registry, registries, "registry.json"),
    "checkpoint": FuzzedReader(read_checkpoint, checkpoints, "x.pth"),
    "run": FuzzedReader(read_run, run_files, "run.json"),
    "run-yaml": FuzzedReader(read_run_yaml, run_yamls, "run.yaml"),
    "run-log": FuzzedReader(read_run_log, run_logs, "metrics.jsonl"),
    "engine-times": FuzzedReader(read_engine_times, engine_times, "speeds.json"),
    "run-state": FuzzedReader(read_run_state, run_states, "checkpoints/step-00000002.pt"),
    "scores": FuzzedReader(read_scores, score_files, "scores.json"),
    "zip": FuzzedReader(read_zip, zips, "x.zip"),
    "tar": FuzzedReader(read_tar, tars, "x.tar"),
    "idx": FuzzedReader(read_idx, idx_files, "train-images-idx3-ubyte"),
    "entry-points": FuzzedReader(read_entry_points, entry_points, "mine-1.0.dist-info/entry_points.txt"),
    "model-card": FuzzedReader(read_model_card, readmes, "README.md"),
    "demo-payload": FuzzedReader(read_payload, payloads, "payload.json"),
}
