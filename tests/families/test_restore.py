"""Networks of spandrel: what its own call computes, out of files as people publish them."""

from __future__ import annotations

import copy
import hashlib
import importlib
import json
import pickle
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from conftest import ROOT
from PIL import Image
from torch import Tensor, nn
from torch.export import Dim

import ganzoo
from ganzoo.checkpoints.import_checkpoint import import_checkpoint
from ganzoo.checkpoints.opened import open_checkpoint
from ganzoo.cli.main import cli
from ganzoo.errors import GanzooError, OptionError, WeightsError
from ganzoo.image_io import decoding
from ganzoo.image_io.decoding import DecodedImage
from ganzoo.inference.conversions import signature_of
from ganzoo.inference.image_pass import Settings
from ganzoo.inference.tiling.strips import Strips
from ganzoo_plugins.restore.networks import (
    Spandrel,
    _window_reverse,
    _windows2img,
    build,
    find_architecture,
    stored_hyperparameters,
    task_of,
)

PHOTO = ROOT / "examples" / "horses.jpg"
COMPACT = ("Compact", "SRVGGNetCompact", {"num_feat": 8, "num_conv": 2, "upscale": 2})
# One network for each of spandrel's ways to be called, and for each sort of size requirement.
NETWORKS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "Compact": COMPACT,
    "ESRGAN": ("ESRGAN", "RRDBNet", {"num_filters": 8, "num_blocks": 1, "scale": 4}),
    "DRUNet": ("DRUNet", "DRUNet", {"in_nc": 4, "out_nc": 3, "nc": [4, 8, 8, 8], "nb": 2}),
    "FDnCNN": ("DnCNN", "DnCNN", {"in_nc": 3, "out_nc": 3, "nc": 8, "nb": 20, "mode": "FDnCNN", "act_mode": "R"}),
    "NAFNet": ("NAFNet", "NAFNet", {"width": 8, "middle_blk_num": 1, "enc_blk_nums": [1], "dec_blk_nums": [1]}),
    "RealCUGAN": ("RealCUGAN", "UpCunet2x", {}),
    "Uformer": ("Uformer", "Uformer", {"embed_dim": 8, "depths": [1] * 9, "num_heads": [1, 1, 2, 2, 4, 4, 2, 2, 1]}),
}


def spandrel_network(name: str) -> Any:
    """A network of spandrel's with random weights, whose enlargement is close to its input."""
    architecture, kind, hyperparameters = NETWORKS[name]
    torch.manual_seed(0)
    return build(find_architecture(architecture), kind, hyperparameters).eval()


def keeping(network: Any) -> Any:
    """Make a Compact network what it is before training: the enlarged input, with a little noise."""
    with torch.no_grad():
        network.body[-1].weight *= 0.01
        network.body[-1].bias *= 0
    return network


def save(path: Path, content: Any) -> Path:
    torch.save(content, path)
    return path


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_computes_what_spandrels_own_call_does(name: str, tmp_path: Path) -> None:
    network = spandrel_network(name)
    path = save(tmp_path / "net.pth", network.state_dict())
    opened = open_checkpoint(path, checked=False)
    assert opened.card.options["architecture"] == NETWORKS[name][0]
    theirs = find_architecture(NETWORKS[name][0]).load(network.state_dict())
    model = ganzoo.Model(opened.network, opened.card)
    images = torch.rand(1, opened.card.in_channels, 44, 67) * 2 - 1
    with torch.inference_mode():
        difference = (model(images) - (theirs(images * 0.5 + 0.5) * 2 - 1)).abs().max()
    assert difference <= 2e-6  # of [-1, 1], so 1e-6 of [0, 1]
    pair = torch.cat([images, images.flip(-1)])
    assert torch.allclose(model(pair)[:1], model(images), atol=1e-5)


@pytest.mark.parametrize(
    "name", ["Compact", "ESRGAN"]
)  # those with channels last in memory, whose sums have another order
def test_in_float64_it_computes_exactly_what_spandrel_does(name: str) -> None:
    architecture = find_architecture(NETWORKS[name][0])
    theirs = architecture.load(spandrel_network(name).state_dict())
    ours = task_of(theirs)(architecture.id, NETWORKS[name][1], stored_hyperparameters(theirs.model)).eval().double()
    ours.network.load_state_dict(theirs.model.state_dict())
    theirs.model.double().eval()
    images = torch.rand(1, 3, 24, 35, dtype=torch.float64) * 2 - 1
    with torch.inference_mode():
        expected = (theirs._call_fn(theirs.model, images * 0.5 + 0.5) * 2 - 1).clamp(-1, 1)
        assert expected.std() > 0.1
        assert (ours(images) - expected).abs().max() < 1e-12


def test_spans_layers_are_traced_and_merge_what_was_trained() -> None:
    architecture = find_architecture("SPAN")
    torch.manual_seed(0)
    options = {"num_in_ch": 3, "num_out_ch": 3, "feature_channels": 4}
    theirs = architecture.load(build(architecture, "SPAN", options).state_dict())
    ours = task_of(theirs)("SPAN", "SPAN", stored_hyperparameters(theirs.model)).eval()
    images = torch.rand(1, 3, 12, 15) * 2 - 1
    for _ in range(2):
        assert not any(ours.network.load_state_dict(theirs.model.state_dict()))
        with torch.no_grad():
            program = torch.export.export(ours, (images,)).module()
            assert torch.allclose(program(images), ours(images), atol=1e-5)
            assert torch.equal(ours(images), theirs(images * 0.5 + 0.5) * 2 - 1)
            for tensor in theirs.model.parameters():  # as a step of training would
                tensor += 0.01 * torch.randn_like(tensor)
    assert ours.train()(images).requires_grad


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("SwinIR", {"window_size": 8, "embed_dim": 12, "depths": [2], "num_heads": [2]}),
        ("GRL", {"embed_dim": 12, "depths": [2], "num_heads_window": [1], "num_heads_stripe": [1]}),
    ],
)
def test_networks_with_windows_are_traced_for_any_number_of_images(name: str, options: dict[str, Any]) -> None:
    """Their own functions divide to count the images, which a tracer takes for a constant."""
    architecture = find_architecture(name)
    torch.manual_seed(0)
    theirs = architecture.load(build(architecture, name, options).state_dict())
    ours = task_of(theirs)(name, name, stored_hyperparameters(theirs.model)).eval()
    ours.network.load_state_dict(theirs.model.state_dict())
    with torch.no_grad():
        program = torch.export.export(ours, (torch.zeros(2, 3, 64, 64),), dynamic_shapes=({0: Dim("n")},)).module()
        for count in (1, 3):
            images = torch.rand(count, 3, 64, 64) * 2 - 1
            assert torch.allclose(program(images), ours(images), atol=1e-5)
            assert (ours(images) - (theirs(images * 0.5 + 0.5) * 2 - 1)).abs().max() < 1e-6


@pytest.mark.parametrize("module", ["SwinIR.__arch.SwinIR", "HAT.__arch.HAT", "DAT.__arch.DAT", "GRL.__arch.ops"])
def test_windows_are_put_where_they_were(module: str) -> None:
    own = importlib.import_module(f"spandrel.architectures.{module}")
    images = torch.rand(3, 8, 12, 5)
    if hasattr(own, "windows2img"):
        windows = own.img2windows(images.permute(0, 3, 1, 2), 4, 6)
        joined, theirs = _windows2img(windows, 4, 6, 8, 12), own.windows2img(windows, 4, 6, 8, 12)
    else:
        size = ((8, 12),) if "GRL" in module else (8, 12)
        window: Any = (4, 4) if "GRL" in module else 4
        windows = own.window_partition(images, window)
        joined, theirs = _window_reverse(windows, window, *size), own.window_reverse(windows, window, *size)
    assert torch.equal(joined, images) and torch.equal(theirs, images)


LAYOUTS = (  # by name: spandrel is imported where a test runs
    "bare",
    "params",
    "averaged before trained",
    "DataParallel",
    "averaged by torch",
    "beside a discriminator",
    "Lightning",
    "a flat file of both",
    "half precision",
)


def layouts(network: Any) -> dict[str, dict[str, Any]]:
    own = network.state_dict()
    other = {name: torch.zeros_like(tensor) for name, tensor in own.items()}

    def within(prefix: str) -> dict[str, Tensor]:
        return {f"{prefix}{name}": tensor for name, tensor in own.items()}

    return {
        "bare": own,
        "params": {"params": own},
        "averaged before trained": {"params": other, "params_ema": own},
        "DataParallel": within("module."),
        "averaged by torch": {"n_averaged": torch.tensor(3), **within("module.")},
        "beside a discriminator": {**within("generator."), "discriminator.conv.weight": torch.zeros(3, 3)},
        "Lightning": {"state_dict": within("net_g."), "epoch": 3, "hyper_parameters": {"lr": 1e-4}},
        "a flat file of both": {**within("params_ema."), **{f"params.{name}": one for name, one in other.items()}},
        "half precision": {name: tensor.half() for name, tensor in own.items()},
    }


def test_every_layout_is_tried() -> None:
    assert tuple(layouts(keeping(spandrel_network("Compact")))) == LAYOUTS


@pytest.mark.parametrize("layout", LAYOUTS)
def test_files_are_read_as_people_save_them(layout: str, tmp_path: Path) -> None:
    network = keeping(spandrel_network("Compact"))
    path = save(tmp_path / "net.pth", layouts(network)[layout])
    found = open_checkpoint(path).network.state_dict()
    for name, tensor in network.state_dict().items():
        assert torch.allclose(found[f"network.{name}"], tensor, atol=1e-3 if layout == "half precision" else 0)


def test_the_old_names_of_esrgan_are_read(tmp_path: Path) -> None:
    network = spandrel_network("ESRGAN")
    opened = open_checkpoint(save(tmp_path / "net.pth", network.state_dict()), checked=False)
    assert opened.card.scale == 4 and "model.0.weight" in network.state_dict()


def test_a_file_is_imported_without_options_and_used_like_any_model(tmp_path: Path) -> None:
    path = save(tmp_path / "Tiny 2x.pth", {"params_ema": keeping(spandrel_network("Compact")).state_dict()})
    run = CliRunner()
    done = run.invoke(cli, ["import", str(path), "--as", "restore/tiny", "-o", str(tmp_path / "tiny")])
    assert done.exit_code == 0, done.output
    assert "trained at" not in done.output
    config = json.loads((tmp_path / "tiny" / "config.json").read_text())
    assert config["architecture"] == "generator:spandrel"
    assert config["options"]["hyperparameters"] == {"num_feat": 8, "num_conv": 2, "upscale": 2}
    ours, direct = ganzoo.load(f"dir:{tmp_path / 'tiny'}", engine="torch"), ganzoo.load(f"file:{path}", engine="torch")
    assert (direct.card.name, ours.card.name) == ("file/tiny-2x", "restore/tiny")
    assert ganzoo.info(f"file:{path}").scale == 2
    first, second = (np.asarray(model.translate(PHOTO)) for model in (ours, direct))
    assert first.shape == (880, 960, 3) and np.array_equal(first, second)
    target = tmp_path / "out.png"
    translated = run.invoke(cli, ["translate", f"file:{path}", str(PHOTO), "-o", str(target), "--engine", "torch"])
    assert translated.exit_code == 0 and target.is_file()


def test_models_are_copied_and_pickled(tmp_path: Path) -> None:
    path = save(tmp_path / "net.pth", keeping(spandrel_network("Compact")).state_dict())
    model = ganzoo.load(f"file:{path}", engine="torch")
    images = torch.rand(1, 3, 16, 20)
    for again in (copy.deepcopy(model.generator), pickle.loads(pickle.dumps(model.generator))):
        assert torch.equal(again(images), model.generator(images))


def bright(tensors: dict[str, Tensor]) -> None:
    tensors["body.6.bias"] += 0.35


def drowned(tensors: dict[str, Tensor]) -> None:
    """Let the network's own part drown the enlarged input."""
    tensors["body.6.weight"] *= 1e5


@pytest.mark.parametrize(("change", "complaint"), [(bright, "changes the brightness"), (drowned, "something else")])
def test_a_file_that_spoils_a_photograph_is_refused(
    change: Callable[[dict[str, Tensor]], None], complaint: str, tmp_path: Path
) -> None:
    tensors = keeping(spandrel_network("Compact")).state_dict()
    change(tensors)
    path = save(tmp_path / "net.pth", tensors)
    with pytest.raises(WeightsError, match=complaint):
        open_checkpoint(path)
    assert import_checkpoint(path, "restore/odd", tmp_path / "odd", checked=False).card.scale == 2


def test_what_looks_like_a_network_and_is_not_is_refused(tmp_path: Path) -> None:
    tensors = spandrel_network("Compact").state_dict()
    del tensors["body.2.weight"]
    with pytest.raises(WeightsError, match=r"looks like RealESRGAN Compact, but spandrel cannot load it"):
        open_checkpoint(save(tmp_path / "net.pth", tensors))
    huge = {"body.0.weight": torch.zeros(1, 3, 3, 3), "body.1.weight": torch.zeros(1), "body.9998.bias": torch.zeros(3)}
    with pytest.raises(WeightsError, match="much larger than"):
        open_checkpoint(save(tmp_path / "huge.pth", huge))
    with pytest.raises(WeightsError, match="NaN or infinite"):
        broken = {name: tensor * torch.nan for name, tensor in spandrel_network("Compact").state_dict().items()}
        open_checkpoint(save(tmp_path / "nan.pth", broken))


def test_without_spandrel_the_message_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "net.pth", spandrel_network("Compact").state_dict())
    monkeypatch.setitem(sys.modules, "spandrel", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *rest: None)
    with pytest.raises(WeightsError, match=r"spandrel could not be asked: pip install 'ganzoo-core\[restore\]'"):
        open_checkpoint(path)
    with pytest.raises(GanzooError, match=r"pip install 'ganzoo-core\[restore\]'"):
        ganzoo.build("generator:spandrel")


def test_wrong_options_are_refused() -> None:
    for options, complaint in (
        ({"architecture": "Compcat"}, "spandrel has no architecture 'Compcat'"),
        ({"network": "RRDBNet"}, "has no network 'RRDBNet'"),
        ({"hyperparameters": {"wings": 2}}, "cannot be built with"),
        ({"hyperparameters": {"upscale": 1}}, "is for Restoration at scale 1"),
    ):
        with pytest.raises(GanzooError, match=complaint):
            ganzoo.build("generator:spandrel", **options)


def test_requirements_on_sizes_are_kept() -> None:
    network = ganzoo.build("generator:spandrel", architecture="RealCUGAN", network="UpCunet2x_fast")
    assert isinstance(network, Spandrel)
    card = ganzoo.Card("restore/x", "generator:spandrel", "super-resolution", 128, 3, in_channels=3, scale=2)
    signature = signature_of(card, network)
    assert (signature.stride, signature.smallest, signature.padded(30), signature.padded(41)) == (4, 40, 40, 44)


def entry(path: Path, **changed: Any) -> Path:
    """An entry as OpenModelDB stores them."""
    sha256 = hashlib.sha256((path / "net.pth").read_bytes()).hexdigest()
    known = {
        "name": "Tiny 2x",
        "author": ["someone", "another"],
        "license": "CC-BY-NC-SA-4.0",
        "description": "Purpose: photographs\n\nMore text.",
        "dataset": "Horses",
        "datasetSize": 12,
        "scale": 2,
        "resources": [{"platform": "pytorch", "type": "pth", "size": 1, "sha256": sha256, "urls": []}],
    }
    (path / "entry.json").write_text(json.dumps({**known, **changed}))
    return path / "entry.json"


def test_an_entry_of_openmodeldb_becomes_the_card(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = save(tmp_path / "net.pth", keeping(spandrel_network("Compact")).state_dict())
    done = CliRunner().invoke(
        cli,
        ["import", str(path), "--as", "restore/t", "-o", f"{tmp_path}/t", "--openmodeldb", str(entry(tmp_path))],
    )
    assert done.exit_code == 0, done.output
    card = ganzoo.info(f"dir:{tmp_path / 't'}")
    assert card.license == "CC-BY-NC-SA-4.0" and card.summary == "Tiny 2x, by someone, another: Purpose: photographs"
    assert card.dataset is not None and (card.dataset.name, card.dataset.count) == ("Horses", 12)
    other = [{"sha256": "0" * 64}]
    for resources, complaint in ((other, "begins"), ([{}], "states no SHA-256"), ("none", "not an entry")):
        made = entry(tmp_path, resources=resources)
        with pytest.raises(GanzooError, match=complaint):
            import_checkpoint(path, "restore/u", tmp_path / "u", openmodeldb=made)
    assert not (tmp_path / "u").exists()


@pytest.mark.parametrize(
    ("license", "said"), [("GPL-3.0", "stays under the same"), (None, "nothing is known"), ("MIT", "")]
)
def test_a_license_that_binds_is_said_once(
    license: str | None, said: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GANZOO_NOTICES", raising=False)
    path = save(tmp_path / "net.pth", keeping(spandrel_network("Compact")).state_dict())
    import_checkpoint(path, "restore/t", tmp_path / "t", openmodeldb=entry(tmp_path, license=license))
    for times in (1, 0):
        caplog.clear()
        ganzoo.load(f"dir:{tmp_path / 't'}", engine="torch")
        assert len([each for each in caplog.messages if said and said in each]) == (times if said else 0)
        assert said or not caplog.messages


def test_flat_colors_depth_alpha_and_metadata_stay(tmp_path: Path) -> None:
    path = save(tmp_path / "net.pth", keeping(spandrel_network("Compact")).state_dict())
    model = ganzoo.load(f"file:{path}", engine="torch")
    with torch.no_grad():
        model.generator.network.body[-1].weight *= 0
    for color in ((0, 0, 0), (255, 255, 255), (10, 200, 90)):
        flat = np.asarray(model.translate(Image.new("RGB", (20, 16), color)))
        assert np.abs(flat.astype(int) - color).max() <= 1
    ramp = np.linspace(0, 65535, 48 * 40).reshape(48, 40).astype(np.uint16)
    alpha = np.where(ramp > 30000, 65535, 0).astype(np.uint16)
    deep = DecodedImage(np.stack([ramp, ramp[::-1], ramp[:, ::-1]], 2), alpha, False, "x", icc=b"profile", exif=b"Exif")
    large = model.translate_decoded(deep)
    assert large.rgb.dtype == np.uint16 and large.rgb.shape == (96, 80, 3) and len(np.unique(large.rgb)) > 1000
    assert (large.icc, large.exif) == (b"profile", b"Exif")
    assert large.alpha is not None and large.alpha.dtype == np.uint16 and large.alpha.shape == (96, 80)
    inside = large.alpha[10:-10, 10:-10]
    assert inside.min() == 0 and inside.max() == 65535 and len(np.unique(inside)) > 2  # its edge is smooth
    whole = np.full_like(alpha, 65535)
    opaque = model.translate_decoded(replace(deep, alpha=whole)).alpha
    assert opaque is not None and opaque.min() == 65535


def test_large_images_are_enlarged_in_exact_strips(tmp_path: Path) -> None:
    path = save(tmp_path / "net.pth", spandrel_network("Compact").state_dict())
    model = ganzoo.Model(open_checkpoint(path, checked=False).network, open_checkpoint(path, checked=False).card)
    image = decoding.read(PHOTO)
    whole = model.translate_decoded(image)
    strips = model.translate_decoded(image, Settings(tiles="exact", max_memory=20 * 10**6))
    assert np.abs(whole.rgb.astype(int) - strips.rgb).max() <= 1
    assert (whole.rgb != strips.rgb).mean() < 1e-3


def test_holes_are_filled_and_the_rest_stays(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = build(find_architecture("LaMa"), "LaMa", {"in_nc": 4}).eval()
    opened = open_checkpoint(save(tmp_path / "lama.pth", network.state_dict()))
    assert (opened.card.task, opened.card.in_channels) == ("image-inpainting", 3)
    model = ganzoo.Model(opened.network, opened.card)
    photo = Image.open(PHOTO).resize((60, 44))
    mask = np.zeros((44, 60), np.uint8)
    mask[10:20, 12:30] = 255
    filled = np.asarray(model.translate(photo, mask=Image.fromarray(mask)))
    before = np.asarray(photo)
    assert np.array_equal(filled[mask == 0], before[mask == 0]) and (filled[mask > 0] != before[mask > 0]).any()
    with pytest.raises(GanzooError, match="mask"):
        model.translate(photo)


def test_a_large_image_through_attention_is_refused_by_a_sentence(tmp_path: Path) -> None:
    network = build(
        find_architecture("SwinIR"), "SwinIR", {"window_size": 8, "embed_dim": 12, "depths": [1], "num_heads": [2]}
    )
    opened = open_checkpoint(save(tmp_path / "net.pth", network.state_dict()), checked=False)
    model = ganzoo.Model(opened.network, opened.card)
    large = Image.new("RGB", (2000, 1100))
    with pytest.raises(OptionError, match=r"2000x1100 pixels take about \d.* GB.*cannot be tiled.*--tiles blend"):
        model.translate(large, max_memory=500_000_000)
    assert model.translate(large.crop((0, 0, 150, 200)), tiles="blend").size == (150, 200)


def test_compact_networks_have_channels_last_in_memory(tmp_path: Path) -> None:
    network = open_checkpoint(save(tmp_path / "net.pth", keeping(spandrel_network("Compact")).state_dict())).network
    weight = network.get_parameter("network.body.2.weight")
    assert weight.is_contiguous(memory_format=torch.channels_last) and not weight.is_contiguous()


class TheirSRGAN(nn.Module):
    """BasicSR's MSRResNet, as its configurations and the names in its files describe it; images in [0, 1]."""

    def __init__(self, scale: int, width: int = 8, blocks: int = 2) -> None:
        super().__init__()

        def conv(channels: int, out: int) -> nn.Conv2d:
            return nn.Conv2d(channels, out, 3, 1, 1)

        self.upscale = scale
        self.conv_first = conv(3, width)
        self.body = nn.Sequential(*(nn.ModuleDict({"conv1": conv(width, width), "conv2": conv(width, width)})
                                    for _ in range(blocks)))  # fmt: skip
        self.upconv1 = conv(width, width * (9 if scale == 3 else 4))
        if scale == 4:
            self.upconv2 = conv(width, width * 4)
        self.conv_hr, self.conv_last = conv(width, width), conv(width, 3)

    def forward(self, x: Tensor) -> Tensor:
        leaky = nn.LeakyReLU(0.1)
        features = leaky(self.conv_first(x))
        for block in self.body:
            features = features + block["conv2"](torch.relu(block["conv1"](features)))  # type: ignore[index]
        features = leaky(nn.PixelShuffle(3 if self.upscale == 3 else 2)(self.upconv1(features)))
        if self.upscale == 4:
            features = leaky(nn.PixelShuffle(2)(self.upconv2(features)))
        base = nn.functional.interpolate(x, scale_factor=self.upscale, mode="bilinear", align_corners=False)
        return self.conv_last(leaky(self.conv_hr(features))) + base


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_generator_of_basicsrs_srgan_is_imported(scale: int, tmp_path: Path) -> None:
    torch.manual_seed(0)
    theirs = TheirSRGAN(scale).eval()
    opened = open_checkpoint(save(tmp_path / "net.pth", {"params": theirs.state_dict()}), checked=False)
    assert opened.card.entry == "generator:msrresnet" and opened.card.scale == scale
    images = torch.rand(1, 3, 20, 25)
    with torch.inference_mode():
        difference = (opened.network(images * 2 - 1) / 2 + 0.5 - theirs(images).clamp(0, 1)).abs().max()
        assert difference < 1e-6
    strips = Strips(opened.network)
    assert strips.memory(64, 64) > 0


def test_videos_are_enlarged_with_their_sound(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    path = save(tmp_path / "net.pth", keeping(spandrel_network("Compact")).state_dict())
    with av.open(str(tmp_path / "in.mp4"), "w") as file:
        video, sound = file.add_stream("mpeg4", rate=10), file.add_stream("aac", rate=44100)
        video.width, video.height, video.pix_fmt, sound.layout = 64, 48, "yuv420p", "mono"
        for number in range(6):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 40 * number, np.uint8))
            file.mux(video.encode(frame))
        file.mux(video.encode())
        tone = (3000 * np.sin(np.arange(26460) / 20)).astype(np.int16)[None]
        samples = av.AudioFrame.from_ndarray(tone, format="s16", layout="mono")
        samples.rate = 44100
        file.mux(sound.encode(samples))
        file.mux(sound.encode())
    target = tmp_path / "out.mp4"
    arguments = ["translate", f"file:{path}", str(tmp_path / "in.mp4"), "-o", str(target), "--engine", "torch"]
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0, done.output
    with av.open(str(target)) as file:
        assert [stream.type for stream in file.streams] == ["video", "audio"]
        frames = [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]
    assert len(frames) == 6 and frames[0].shape == (96, 128, 3)
    assert [abs(float(frame.mean()) - 40 * number) < 6 for number, frame in enumerate(frames)] == [True] * 6


def test_a_face_restorer_says_what_it_takes(tmp_path: Path) -> None:
    opened = open_checkpoint(save(tmp_path / "net.pth", keeping(spandrel_network("Compact")).state_dict()))
    network: Any = opened.network
    network.face_side = 32  # as GFPGAN's is 512
    model = ganzoo.Model(network, opened.card)
    assert model.translate(Image.new("RGB", (32, 32))).size == (64, 64)
    with pytest.raises(GanzooError, match=r"takes an aligned face of 32x32 pixels, not 40x33"):
        model.translate(Image.new("RGB", (40, 33)))
