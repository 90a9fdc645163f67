"""Checkpoints that declare more than they hold, or hold what no network has."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from ganzoo.checkpoints.reading import read_groups
from ganzoo.errors import WeightsError


def cycle() -> dict[str, Any]:
    outer: dict[str, Any] = {"weight": torch.ones(2)}
    outer["again"] = {"outer": outer}
    return outer


def doubled() -> dict[str, Any]:
    """40 dicts, of which each holds the one before twice: 2**40 paths."""
    inner: dict[str, Any] = {"weight": torch.ones(2)}
    for _ in range(40):
        inner = {"a": inner, "b": inner}
    return inner


def deep() -> dict[str, Any]:
    inner: dict[str, Any] = {"weight": torch.ones(2)}
    for _ in range(200):
        inner = {"a": inner}
    return inner


HOSTILE: dict[str, tuple[Callable[[], Any], str]] = {
    "expanded": (lambda: {"w": torch.ones(1).expand(2**30)}, "w declares 4,294,967,296 bytes, but the file has 4"),
    "expanded half": (lambda: {"w": torch.ones(1).half().expand(2**30)}, "expanded tensor"),
    "overlapping": (lambda: {"w": torch.ones(9).as_strided((5, 5), (1, 1))}, "expanded tensor"),
    "sparse": (lambda: {"w": torch.sparse_coo_tensor([[0]], [1.0], (2**40,))}, "w is a sparse tensor"),
    "compressed rows": (lambda: {"w": torch.eye(3).to_sparse_csr()}, "w is a sparse tensor"),
    "meta": (lambda: {"w": torch.empty(2**40, device="meta")}, "w is a tensor on the device 'meta', without values"),
    "nested": (
        lambda: {"w": torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])},
        "nested tensor|more than tens",
    ),
    "quantized": (
        lambda: {"w": torch.quantize_per_tensor(torch.ones(4), 0.1, 0, torch.qint8)},
        "w is a quantized tensor",
    ),
    "cycle": (cycle, "nests dicts without end"),
    "doubled": (doubled, "nests dicts without end"),
    "deep": (deep, "nests dicts without end"),
    "no tensors": (lambda: {"w": [torch.ones(2)]}, "holds no named tensors"),
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.filterwarnings("ignore")  # of torch, about sparse and nested tensors
def test_what_no_network_has_is_refused(tmp_path: Path, kind: str) -> None:
    make, complaint = HOSTILE[kind]
    torch.save(make(), tmp_path / "x.pt")
    with pytest.raises(WeightsError, match=complaint):
        read_groups(tmp_path / "x.pt")


def test_shared_tensors_are_fine_and_their_sum_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weight = torch.ones(1000)
    torch.save({f"{number}": weight for number in range(100)}, tmp_path / "x.pt")
    assert len(read_groups(tmp_path / "x.pt")[""]) == 100
    monkeypatch.setenv("GANZOO_MAX_WEIGHTS", "100kB")
    with pytest.raises(WeightsError, match="raise the limit: GANZOO_MAX_WEIGHTS"):
        read_groups(tmp_path / "x.pt")


def packed(tmp_path: Path, weight: torch.Tensor) -> Path:
    """A checkpoint that another program zipped again, with compression."""
    torch.save({"w": weight}, tmp_path / "x.pt")
    with zipfile.ZipFile(tmp_path / "x.pt") as whole, zipfile.ZipFile(tmp_path / "y.pt", "w", 8) as again:
        for name in whole.namelist():
            again.writestr(name, whole.read(name))
    return tmp_path / "y.pt"


def test_a_zip_that_declares_far_more_than_it_has_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path, torch.zeros(10**6))
    assert path.stat().st_size < 20_000
    with pytest.raises(WeightsError, match=r"it declares 4,\d+,\d+ bytes, but has"):
        read_groups(path)


def test_a_checkpoint_that_was_zipped_again_is_read(tmp_path: Path) -> None:
    weight = torch.rand(1000)
    path = packed(tmp_path, weight)
    assert path.stat().st_size < (tmp_path / "x.pt").stat().st_size
    assert torch.equal(read_groups(path)[""]["w"], weight)


def test_files_of_other_kinds_are_named(tmp_path: Path) -> None:
    (tmp_path / "pointer.pth").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    (tmp_path / "pointer.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    (tmp_path / "net.onnx").write_bytes(b"\x08\x08\x12\x07pytorch")
    (tmp_path / "net.pth").write_bytes(b"\x08\x08\x12\x07pytorch")
    os.mkfifo(tmp_path / "pipe.pth")
    with zipfile.ZipFile(tmp_path / "program.pt", "w") as program:  # as torch.jit.save lays it out
        for name in ("data.pkl", "code/__torch__.py", "constants.pkl", "version"):
            program.writestr(f"program/{name}", b"")
    for name, complaint in {
        "pointer.pth": "is a Git LFS pointer",
        "pointer.safetensors": "is a Git LFS pointer",
        "net.onnx": "is an ONNX file",
        "net.pth": "is an ONNX file",
        "pipe.pth": "There is no file|not a regular file",
        "program.pt": "is a TorchScript program",
    }.items():
        with pytest.raises(WeightsError, match=complaint):
            read_groups(tmp_path / name)


def test_networks_side_by_side_and_without_the_module_around_them_are_found(tmp_path: Path) -> None:
    layers = {"0.weight": torch.ones(2, 2), "1.bias": torch.ones(2)}
    flat = {f"{network}.main.{name}": tensor for network in ("netG", "netD") for name, tensor in layers.items()}
    torch.save(flat, tmp_path / "x.pth")
    groups = read_groups(tmp_path / "x.pth")
    assert list(groups) == ["", "netD", "netG"] and set(groups["netG"]) == {"main.0.weight", "main.1.bias"}


def test_layers_of_dcgan_without_main_are_recognized() -> None:
    from ganzoo_plugins.dcgan.checkpoints import DcganImporter

    shapes = {"0": (8, 4, 4, 4), "3": (4, 4, 4, 4), "6": (4, 1, 4, 4)}
    tensors = {f"{name}.weight": torch.ones(shape) for name, shape in shapes.items()}
    tensors |= {f"{place}.{kind}": torch.ones(4) for place in (1, 4) for kind in ("weight", "bias")}
    for given in (tensors, {f"main.{name}": tensor for name, tensor in tensors.items()}):
        found = DcganImporter().recognize(given)
        assert found is not None and found.entry == "generator:dcgan" and "layers.0.weight" in found.tensors


def test_instance_norm_with_weights_is_not_taken_for_batch_norm() -> None:
    from ganzoo_plugins.cyclegan.checkpoints import ResnetImporter

    tensors = {"model.1.weight": torch.ones(4, 3, 7, 7), "model.2.weight": torch.ones(4), "model.2.bias": torch.ones(4)}
    tensors |= {f"model.4.conv_block.{place}.weight": torch.ones(4, 4, 3, 3) for place in (1, 5)}
    tensors |= {"model.7.weight": torch.ones(3, 4, 7, 7), "model.7.bias": torch.ones(3)}
    assert ResnetImporter().recognize(tensors) is None  # another importer's
    statistics = {f"model.2.running_{name}": torch.ones(4) for name in ("mean", "var")}
    found = ResnetImporter().recognize(tensors | statistics)
    assert found is not None and found.options["norm"] == "batch"


def test_long_keys_are_shortened_in_messages(tmp_path: Path) -> None:
    from ganzoo.checkpoints.recognition import choose_generator

    torch.save({"x\x1b" * 7000: torch.ones(2)}, tmp_path / "x.pt")
    with pytest.raises(WeightsError) as raised:
        choose_generator(read_groups(tmp_path / "x.pt"), "", tmp_path / "x.pt")
    assert "\x1b" not in str(raised.value) and len(str(raised.value)) < 3000
