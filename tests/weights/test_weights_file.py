"""Weights files: whole ones load, every other one is one clear error."""

from __future__ import annotations

import dataclasses
import json
import pickle
import resource
import signal
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tiny_models import digest, run_python, translator, write_registry

import ganzoo
from ganzoo.cards import registry
from ganzoo.errors import HashMismatch, OutputError, RegistryError, WeightsError
from ganzoo.weights import weights_file

TENSORS = {"a.weight": torch.arange(12.0).reshape(3, 4), "steps": torch.tensor(7)}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "w.safetensors"
    weights_file.write(path, TENSORS)
    return path


def test_tensors_come_back_as_they_were(file: Path) -> None:
    came = weights_file.read(file)
    assert came.keys() == TENSORS.keys()
    assert all(torch.equal(came[name], tensor) and came[name].dtype == tensor.dtype for name, tensor in TENSORS.items())


def test_float16_is_for_floats_only(tmp_path: Path) -> None:
    weights_file.write(tmp_path / "w", TENSORS, "float16")
    assert {name: tensor.dtype for name, tensor in weights_file.read(tmp_path / "w").items()} == {
        "a.weight": torch.float16,
        "steps": torch.int64,
    }
    with pytest.raises(WeightsError, match=r"'int3'.*float32, float16, bfloat16"):
        weights_file.write(tmp_path / "w2", TENSORS, "int3")


def test_shared_and_transposed_tensors_are_written_whole(tmp_path: Path) -> None:
    base = torch.arange(6.0).reshape(2, 3)
    weights_file.write(tmp_path / "w", {"x": base, "same": base, "turned": base.T})
    assert torch.equal(weights_file.read(tmp_path / "w")["turned"], base.T)
    assert torch.equal(weights_file.read(tmp_path / "w")["same"], base)


# ---- damage


def test_truncation_at_every_length_is_one_error(file: Path) -> None:
    whole = file.read_bytes()
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        with pytest.raises(WeightsError, match=r"truncated|not a safetensors"):
            weights_file.read(file)


def test_bytes_after_the_end_are_refused(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"more")
    with pytest.raises(WeightsError, match="damaged"):
        weights_file.read(file)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 100,
        b"\xff" * 100,
        b"<html>this is a proxy's page, not your file</html>",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 4) + b"\xff\xfe\xfd\xfc",
        struct.pack("<Q", 60_000) + b"[" * 60_000,
        struct.pack("<Q", 7) + b'{"a":1}',
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n",
    ],
    ids=["empty", "zeros", "ones", "html", "list", "no-utf8", "deep", "no-tensor", "lfs-pointer"],
)
def test_what_is_no_safetensors_file_is_reported_to_be_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w").write_bytes(content)
    with pytest.raises(WeightsError, match=r"truncated|not a safetensors|damaged"):
        weights_file.read(tmp_path / "w")


@pytest.mark.parametrize("offsets", [[0, 2**60], [-1, 8], [4, 0], [0, 40]])
def test_a_head_that_lies_about_its_tensors_is_refused(tmp_path: Path, offsets: list[int]) -> None:
    head = json.dumps({"x": {"dtype": "F32", "shape": [2], "data_offsets": offsets}}).encode()
    (tmp_path / "w").write_bytes(struct.pack("<Q", len(head)) + head + b"\0" * 8)
    with pytest.raises(WeightsError, match="damaged"):
        weights_file.read(tmp_path / "w")


def test_a_head_that_claims_to_be_huge_costs_no_memory(tmp_path: Path) -> None:
    for claimed in (2**63, 2**40, 10**9):
        (tmp_path / "w").write_bytes(struct.pack("<Q", claimed) + b"{}" * 50)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(WeightsError, match="truncated"):
            weights_file.read(tmp_path / "w")
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB


class Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path("bomb-went-off"),))


@pytest.mark.parametrize("kind", ["zip", "legacy", *(f"protocol{n}" for n in range(6))])
def test_a_pickle_is_refused_and_never_opened(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "w"
    if kind.startswith("protocol"):
        path.write_bytes(pickle.dumps({"weights": Bomb()}, protocol=int(kind[-1])))
    else:
        torch.save({"weights": Bomb()}, path, _use_new_zipfile_serialization=kind == "zip")
    with pytest.raises(WeightsError) as caught:
        weights_file.read(path)
    assert "pickle" in str(caught.value) or kind in ("protocol0", "protocol1")  # those two look like text
    assert not (tmp_path / "bomb-went-off").exists()


@pytest.mark.parametrize("length", [0x280, 0x380, 0x480, 0x580])
def test_a_head_whose_length_reads_like_a_pickle_s_is_read(tmp_path: Path, length: int) -> None:
    path = tmp_path / "w"
    weights_file.write(path, TENSORS)
    head, rest = 8 + struct.unpack("<Q", path.read_bytes()[:8])[0], path.read_bytes()
    path.write_bytes(struct.pack("<Q", length) + rest[8:head].ljust(length) + rest[head:])
    assert all(torch.equal(weights_file.read(path)[name], tensor) for name, tensor in TENSORS.items())


def test_a_missing_file_and_a_folder_are_reported(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(WeightsError, match="no weights file"):
            weights_file.read(path)


# ---- files that cannot be written


def test_a_full_disk_is_an_output_error_and_keeps_the_old_file(file: Path) -> None:
    old = file.read_bytes()
    limit, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
    try:
        with pytest.raises(OutputError, match=r"w.safetensors.*has space"):
            weights_file.write(file, {"x": torch.zeros(5000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
    assert file.read_bytes() == old
    assert [path.name for path in file.parent.iterdir()] == ["w.safetensors"]


# ---- fitting a network


def test_what_does_not_fit_is_listed() -> None:
    module = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Linear(3, 2))
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    given = {
        "0.weight": torch.zeros(3, 5),
        "0.bias": torch.zeros(3),
        "1.weight": torch.zeros(2, 3),
        "odd": torch.zeros(1),
    }
    with pytest.raises(WeightsError) as caught:
        weights_file.load_into(module, given, "The weights of x")
    for part in ("The weights of x", "missing: 1.bias", "not in the network: odd", "0.weight is (3, 5)", "is (3, 4)"):
        assert part in str(caught.value)
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())


def test_long_lists_are_cut() -> None:
    module = torch.nn.ModuleList([torch.nn.Linear(1, 1) for _ in range(4)])
    with pytest.raises(WeightsError, match="and 5 more"):
        weights_file.load_into(module, {}, "They")


# ---- from a folder, and by registry card


def saved(tmp_path: Path) -> Path:
    folder = tmp_path / "m"
    translator().save(folder)
    return folder


def test_a_changed_byte_is_a_hash_mismatch_that_names_both(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    path = folder / "model.safetensors"
    stated = digest(path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(HashMismatch) as caught:
        ganzoo.load(f"dir:{folder}", device="cpu")
    assert stated[:8] in str(caught.value) and digest(path)[:8] in str(caught.value)
    assert "Delete" not in str(caught.value)  # it may be the only copy


def test_a_cut_file_in_a_folder_shows_its_length(tmp_path: Path) -> None:
    path = saved(tmp_path) / "model.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    with pytest.raises(HashMismatch, match=f"{len(whole) - 10:,} bytes instead of {len(whole):,}"):
        ganzoo.load(f"dir:{tmp_path / 'm'}", device="cpu")


def test_a_pickle_in_a_folder_is_called_one(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    torch.save({}, folder / "model.safetensors")
    with pytest.raises(WeightsError, match="pickle"):
        ganzoo.load(f"dir:{folder}", device="cpu")


def test_weights_of_another_network_do_not_load(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    config["options"]["blocks"] = 2
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(WeightsError, match=r"do not fit the network.*missing"):
        ganzoo.load(f"dir:{folder}", device="cpu")
    config["options"] = {"blocks": 1, "width": 8}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(WeightsError, match="wrong shape"):
        ganzoo.load(f"dir:{folder}", device="cpu")


def in_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **changes: object) -> Path:
    """A registry card "tiny/translator" whose weights lie beside the registry file; returns them."""
    card = translator().save(tmp_path / "zoo")
    assert card.weights is not None
    card = dataclasses.replace(card, weights=dataclasses.replace(card.weights, **changes))  # type: ignore[arg-type]
    path = write_registry(tmp_path / "zoo" / "registry.json", card)
    monkeypatch.setattr(registry, "own_path", lambda: path)
    return tmp_path / "zoo" / "model.safetensors"


def test_bundled_weights_next_to_the_registry_load(
    fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = in_registry(tmp_path, monkeypatch)
    model = ganzoo.load("tiny/translator", device="cpu")
    stored = load_file(path)
    assert all(torch.equal(tensor, stored[name]) for name, tensor in model.generator.state_dict().items())
    assert weights_file.is_here(model.card)
    path.unlink()
    assert not weights_file.is_here(model.card)
    with pytest.raises(WeightsError, match=r"there is no file .*Install the package"):
        ganzoo.load("tiny/translator", device="cpu")


def test_bundled_weights_inside_a_package_load(fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = in_registry(tmp_path, monkeypatch, file="tinyweights:data/w.safetensors")
    (tmp_path / "site" / "tinyweights" / "data").mkdir(parents=True)
    (tmp_path / "site" / "tinyweights" / "__init__.py").touch()
    path.rename(tmp_path / "site" / "tinyweights" / "data" / "w.safetensors")
    card = ganzoo.info("tiny/translator")
    assert not weights_file.is_here(card)
    with pytest.raises(WeightsError, match="package 'tinyweights', which is not installed"):
        weights_file.locate(card)
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert weights_file.is_here(card)
    assert ganzoo.load("tiny/translator", device="cpu").card == card


@pytest.mark.parametrize("file", ["no_such.package:w", ":w", "..:w"])
def test_a_package_that_cannot_be_leaves_the_listing_whole(
    fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    in_registry(tmp_path, monkeypatch, file=file)
    card = ganzoo.info("tiny/translator")
    assert not weights_file.is_here(card)
    with pytest.raises(WeightsError, match="not installed"):
        weights_file.locate(card)


def test_the_registrys_hash_counts(fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_registry(tmp_path, monkeypatch, sha256="ab" * 32)
    with pytest.raises(HashMismatch, match="the registry says abababab"):
        ganzoo.load("tiny/translator", device="cpu")


def test_a_card_without_weights_says_so(fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_registry(tmp_path / "registry.json", dataclasses.replace(translator().card, parameters=9))
    monkeypatch.setattr(registry, "own_path", lambda: path)
    assert not weights_file.is_here(ganzoo.info("tiny/translator"))
    with pytest.raises(WeightsError, match="its card names no file"):
        ganzoo.load("tiny/translator", device="cpu")


def test_a_folder_may_not_replace_its_own_card(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    (folder / "config.json").write_text("{}")
    with pytest.raises(RegistryError):
        ganzoo.load(f"dir:{folder}", device="cpu")


def test_finding_weights_needs_no_torch(tmp_path: Path) -> None:
    saved(tmp_path)
    code = (
        "import sys; from ganzoo.loading.load import locate; print(locate(sys.argv[1]).weights); "
        "assert not {'torch', 'pydantic', 'huggingface_hub'} & set(sys.modules)"
    )
    done = run_python(code, f"dir:{tmp_path / 'm'}")
    assert done.stderr == ""
    assert done.stdout.strip() == str(tmp_path / "m" / "model.safetensors")
