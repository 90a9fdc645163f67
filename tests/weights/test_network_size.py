"""A network is not built where its weights file is of another size."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from tiny_models import translator
from torch import nn

import ganzoo
from ganzoo.errors import OptionError, WeightsError
from ganzoo.weights import network_size


class Stack(nn.Module):
    """``built`` counts the layers that were made."""

    built = 0

    def __init__(self, layers: int, width: int) -> None:
        super().__init__()
        for number in range(layers):
            Stack.built += 1
            self.add_module(f"{number}", nn.Linear(width, width))


def shapes(network: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


def test_a_network_that_fits_is_built() -> None:
    network = network_size.build_for(lambda: Stack(3, 4), shapes(Stack(3, 4)), "The weights")
    assert all(parameter.device.type == "cpu" for parameter in network.parameters())


@pytest.mark.parametrize(("layers", "width"), [(10**9, 4), (3, 10**7)])
def test_a_much_larger_one_is_stopped_at_once(layers: int, width: int) -> None:
    Stack.built = 0
    with pytest.raises(WeightsError, match="much larger than their 6 tensors of 60 values"):
        network_size.build_for(lambda: Stack(layers, width), shapes(Stack(3, 4)), "The weights")
    assert Stack.built < 2000


def test_modules_without_weights_count_too() -> None:
    class Deep(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            for number in range(10**9):
                self.add_module(f"{number}", nn.ReLU())

    with pytest.raises(WeightsError, match="much larger"):
        network_size.build_for(Deep, {}, "The weights")


def test_a_network_that_computes_while_it_is_built_is_built() -> None:
    class Measured(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(3))
            self.norm = float(self.weight.detach().norm())  # impossible on the meta device

    assert network_size.build_for(Measured, {"weight": (3,)}, "The weights").norm == pytest.approx(3**0.5)


def test_errors_of_options_and_networks_come_through() -> None:
    def wrong() -> nn.Module:
        raise OptionError("width=0 is not right")

    with pytest.raises(OptionError, match="width=0"):
        network_size.build_for(wrong, {}, "The weights")
    with pytest.raises(ZeroDivisionError):
        network_size.build_for(lambda: nn.Linear(1 // 0, 1), {}, "The weights")
    assert Stack(2, 2)  # no hook is left behind


@pytest.mark.parametrize("options", [{"width": 8192}, {"width": 8192, "blocks": 64}, {"blocks": 10_000_000}])
def test_a_config_that_declares_a_huge_network_is_refused(tmp_path: Path, options: dict[str, int]) -> None:
    model = ganzoo.load("cyclegan/horse2zebra")
    model.save(tmp_path / "m")
    path = tmp_path / "m" / "config.json"
    config = json.loads(path.read_text())
    config["options"] |= options
    path.write_text(json.dumps(config))
    with pytest.raises((WeightsError, ganzoo.GanzooError), match=r"do(es)? not fit|is not right"):
        _ = ganzoo.load(f"dir:{tmp_path / 'm'}").generator


@pytest.mark.parametrize("kind", [torch.int32, torch.bool, torch.complex64, torch.uint8])
def test_weights_of_other_numbers_are_refused(tmp_path: Path, kind: torch.dtype) -> None:
    from ganzoo.weights import weights_file

    network = nn.Linear(2, 2)
    tensors = {name: tensor.to(kind) for name, tensor in network.state_dict().items()}
    save_file(tensors, tmp_path / "x.safetensors")
    read = weights_file.read(tmp_path / "x.safetensors")
    with pytest.raises(WeightsError, match=f"wrong type: weight holds {str(kind)[6:]}, the network float32"):
        weights_file.load_into(network, read, "The weights")


def test_long_and_odd_names_of_tensors_are_shortened_and_cleaned() -> None:
    from ganzoo.weights import weights_file

    with pytest.raises(WeightsError) as raised:
        weights_file.load_into(nn.Linear(2, 2), {"x\x1b[2J" * 10**6: torch.ones(1)}, "The weights")
    assert len(str(raised.value)) < 1000 and "\x1b" not in str(raised.value)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_pipe_or_device_in_a_model_folder_is_refused(tmp_path: Path, name: str) -> None:
    import os

    translator().save(tmp_path / "m")
    (tmp_path / "m" / name).unlink()
    for make in (lambda path: os.mkfifo(path), lambda path: path.symlink_to("/dev/zero")):
        path = tmp_path / "m" / name
        path.unlink(missing_ok=True)
        make(path)
        with pytest.raises(ganzoo.GanzooError, match=r"not a regular file|no file|no weights file"):
            ganzoo.load(f"dir:{tmp_path / 'm'}")


@pytest.mark.parametrize("name", ganzoo.list_models())
def test_every_bundled_model_is_as_large_as_its_weights(name: str) -> None:
    assert ganzoo.load(name, "cpu", engine="torch").card.name == name


def test_no_compiler_is_imported_to_find_a_size() -> None:
    """``normal_`` on the meta device imports torch's compiler, which takes seconds and leaves a folder."""
    code = """
import sys, torch
from torch import nn
from ganzoo.weights import network_size

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)
        nn.init.normal_(self.layer.weight, 0.0, 0.02)
        nn.init.kaiming_normal_(tensor=self.layer.weight)
        self.layer.bias.data.normal_(3.0)

torch.manual_seed(0)
network = network_size.build_for(Net, {"layer.weight": (2, 2), "layer.bias": (2,)}, "The weights")
assert network.layer.weight.abs().sum() > 0 and network.layer.bias.mean() > 1
print("torch._dynamo" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.stdout.strip() == "False", done.stderr
