"""The extractors that come with ganzoo, against the libraries they speed up, and what goes wrong with their weights."""

from __future__ import annotations

import gzip
import importlib.util
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import random_weights
import torch
import torch.nn.functional as F
from conftest import script
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

import ganzoo
from ganzoo.errors import GanzooError, HubUnreachable, MissingPackage
from ganzoo.inference.verification_samples import FOLDER as PHOTOGRAPHS
from ganzoo_plugins.extractors import extractor as base
from ganzoo_plugins.extractors import fashion, files, inception, lite

SHAPES = [(2, 3, 32, 32), (1, 3, 300, 200), (1, 3, 299, 299)]


def pictures(*shape: int, seed: int = 0) -> Tensor:
    """Return uint8 pictures with structure in them: noise at several scales."""
    random = torch.Generator().manual_seed(seed)
    coarse = F.interpolate(torch.rand(*shape[:2], 4, 4, generator=random), shape[2:], mode="bilinear")
    return ((0.7 * coarse + 0.3 * torch.rand(shape, generator=random)) * 255).to(torch.uint8)


def off(made: Tensor, expected: Tensor) -> float:
    """Return the difference relative to the norm of what is expected."""
    return ((made.double() - expected.double()).norm() / expected.double().norm()).item()


@pytest.fixture(scope="module")
def inception_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = random_weights.inception(tmp_path_factory.mktemp("weights") / "inception.pth")
    yield path
    path.unlink()  # 95 MB


@pytest.fixture(scope="module")
def ours(inception_file: Path) -> Any:
    return ganzoo.build("extractor:inception", weights=str(inception_file))


@pytest.fixture(scope="module")
def theirs(inception_file: Path) -> Any:
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    wanted = ["2048", "logits_unbiased"]
    return FeatureExtractorInceptionV3("inception-v3-compat", wanted, feature_extractor_weights_path=inception_file)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@torch.inference_mode()
def test_inception_equals_torch_fidelitys_to_1e6(ours: Any, theirs: Any, shape: tuple[int, ...]) -> None:
    given = pictures(*shape)
    features, logits = theirs(given)
    made = ours(given)
    assert off(made, features) < 1e-6
    assert (made - features).abs().max() < 2e-6 * features.abs().max()
    assert off(ours.logits(made), logits) < 2e-6


@torch.inference_mode()
def test_inception_takes_gray_pictures_as_three_equal_channels(ours: Any) -> None:
    gray = pictures(1, 1, 28, 28)
    assert torch.equal(ours(gray), ours(gray.expand(-1, 3, -1, -1)))


@pytest.mark.parametrize("size", [(32, 32), (1, 1), (299, 299), (480, 301), (28, 640)], ids=str)
def test_resizing_is_torch_fidelitys_bit_for_bit(size: tuple[int, int]) -> None:
    from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x as resize

    given = pictures(2, 3, *size)
    assert torch.equal(
        inception.resize_like_fidelity(given), resize(given.float(), size=(299, 299), align_corners=False)
    )


def test_other_inception_weights_have_another_label(ours: Any, inception_file: Path) -> None:
    digest = files.sha256(inception_file)
    assert (ours.label, ours.weights_sha256) == (f"inception-{digest[:8]}", digest)


def test_the_official_weights_are_known_by_their_hash_and_fetched(
    inception_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3

    assert inception.OFFICIAL[:8] in URL_INCEPTION_V3 and len(inception.OFFICIAL) == 64
    digest, asked = files.sha256(inception_file), []
    monkeypatch.setattr(inception, "OFFICIAL", digest)
    monkeypatch.setattr(
        inception, "fetch_file", lambda url, sha256, otherwise: asked.append((url, sha256)) or inception_file
    )
    assert ganzoo.build("extractor:inception").label == "inception"
    assert asked == [(URL_INCEPTION_V3, digest)]


def test_inception_without_network_is_one_message_with_two_ways_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path))
    monkeypatch.setattr("ganzoo.hub.known_files.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(HubUnreachable) as raised:
        ganzoo.build("extractor:inception")
    for part in ("weights-inception-2015-12-05-6726825d.pth", "https://", "weights=PATH", "efficientnet-lite0"):
        assert part in str(raised.value)
    assert list(tmp_path.rglob("*.pth")) == []


class Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("sprung"),))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"fc.weight": torch.zeros(2)}, "are not those of torch-fidelity's Inception network"),
        ([torch.zeros(2)], "does not contain a dict of named tensors"),
        ({"fc.weight": Trap()}, "contains something other than tensors"),
    ],
    ids=["tensors", "list", "trap"],
)
def test_a_wrong_file_of_weights_is_told_and_runs_no_code(
    content: Any, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(content, tmp_path / "wrong.pth")
    with pytest.raises(GanzooError, match=f"wrong.pth .*{message}"):
        ganzoo.build("extractor:inception", weights=str(tmp_path / "wrong.pth"))
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("name", ["inception", "timm"])
@pytest.mark.parametrize(("file", "message"), [("none.pth", "No such file"), ("text.pth", "damaged"), (".", "read")])
def test_a_file_that_is_no_weights_is_told(name: str, file: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "text.pth").write_text("not weights")
    with pytest.raises(GanzooError, match=message):
        ganzoo.build(f"extractor:{name}", weights=str(tmp_path / file))


@pytest.mark.parametrize(
    ("name", "module"), [("inception", "torch_fidelity"), ("efficientnet-lite0", ""), ("efficientnet-lite2", "")]
)
def test_a_missing_package_is_told_with_what_installs_it(
    name: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if module:
        monkeypatch.setitem(sys.modules, module, None)
    else:
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingPackage, match=r"pip install 'ganzoo-core\[eval\]'"):
        ganzoo.build(f"extractor:{name}")


@torch.inference_mode()
def test_lite_has_the_features_of_the_scores_that_are_published() -> None:
    plain = lite.network(files.read(lite.weights_file())).eval()
    plain.reset_classifier(0)
    given = pictures(2, 1, 28, 28)
    enlarged = F.interpolate(given.float().expand(-1, 3, -1, -1), size=(64, 64), mode="bilinear")
    made = ganzoo.build("extractor:efficientnet-lite0", size=64)(given)
    assert off(made, plain((enlarged - 127) / 128)) < 1e-5
    assert torch.equal(made, ganzoo.build("extractor:efficientnet-lite0")(given))  # which enlarges to 64


@torch.inference_mode()
@pytest.mark.parametrize("variant", [0, 2])
def test_lites_logits_are_those_of_timms_network_and_its_folded_norms_change_nothing(variant: int) -> None:
    plain = lite.network(files.read(lite.weights_file(variant)), variant).eval()
    extractor = ganzoo.build(f"extractor:efficientnet-lite{variant}")
    assert extractor.label == f"efficientnet-lite{variant}"
    assert not [module for module in extractor.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    given = pictures(2, 3, 64, 96)  # its own size
    assert off(extractor.logits(extractor(given)), plain((given.float() - 127) / 128)) < 1e-5


@torch.inference_mode()
@pytest.mark.parametrize("variant", [0, 2])
def test_lite_knows_a_cup_and_a_cat(variant: int) -> None:
    """The weights are where they belong, and pictures arrive as the networks expect them."""
    extractor = ganzoo.build(f"extractor:efficientnet-lite{variant}")
    found = []
    for name in ("coffee", "cat"):
        with Image.open(PHOTOGRAPHS / f"{name}.jpg") as photograph:
            given = torch.from_numpy(np.array(photograph.convert("RGB").resize((256, 256)))).permute(2, 0, 1)[None]
        found.append(extractor.logits(extractor(given)).argmax().item())
    assert found[0] in (504, 960, 967, 968) and found[1] in range(281, 286)  # mug, chocolate, espresso, cup; cats


@torch.inference_mode()
def test_the_mean_of_lites_evidence_is_its_logits() -> None:
    extractor, given = ganzoo.build("extractor:efficientnet-lite0"), pictures(2, 3, 96, 128)
    evidence = extractor.evidence(given.float() / 127.5 - 1)
    assert evidence.shape == (2, 1000, 3, 4)
    assert off(evidence.mean((2, 3)), extractor.logits(extractor(given))) < 1e-4


@torch.inference_mode()
def test_lite_enlarges_only_the_side_that_is_too_short() -> None:
    extractor = ganzoo.build("extractor:efficientnet-lite0")
    assert extractor.resize(pictures(1, 3, 20, 100)).shape == (1, 3, 64, 100)
    assert ganzoo.build("extractor:efficientnet-lite0", size=40).resize(pictures(1, 3, 20, 100)).shape == (1, 3, 40, 40)


@pytest.fixture(scope="module")
def timm_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_weights.tiny_timm(tmp_path_factory.mktemp("weights") / "tiny.pth")


def timm_network(file: Path, **options: Any) -> Any:
    return ganzoo.build("extractor:timm", model=random_weights.TINY_TIMM, weights=str(file), **options)


@torch.inference_mode()
def test_timm_has_the_features_and_logits_of_timms_own_pipeline(timm_file: Path) -> None:
    import timm

    network = timm.create_model(random_weights.TINY_TIMM).eval()
    network.load_state_dict(torch.load(timm_file, weights_only=True))
    config = timm.data.resolve_model_data_config(network)
    mean, deviation = (torch.tensor(config[name]).view(1, 3, 1, 1) for name in ("mean", "std"))
    given = pictures(2, 3, *config["input_size"][1:])  # so that neither resizes
    expected = network.forward_head(network.forward_features((given / 255 - mean) / deviation), pre_logits=True)
    extractor = timm_network(timm_file)
    assert off(extractor(given), expected) < 1e-5
    assert off(extractor.logits(extractor(given)), network.get_classifier()(expected)) < 1e-5
    assert (extractor.label, extractor.feature_dim) == (f"timm-{random_weights.TINY_TIMM}", expected.shape[1])
    assert extractor.resizing == f"{config['interpolation']} with antialias to 160x160"


@torch.inference_mode()
def test_a_level_of_timm_is_features_only_averaged(timm_file: Path) -> None:
    import timm

    network = timm.create_model(random_weights.TINY_TIMM, features_only=True).eval()
    weights = torch.load(timm_file, weights_only=True)
    network.load_state_dict({name: weights[name] for name in network.state_dict()})
    extractor = timm_network(timm_file, layer=2)
    given = pictures(2, 3, 50, 70)
    assert off(extractor(given), network(extractor.resize(given))[2].mean((2, 3))) < 1e-5
    assert extractor.label.endswith("-layer2") and not hasattr(extractor, "logits")


def test_timms_hash_is_the_weights_and_not_the_files(timm_file: Path, tmp_path: Path) -> None:
    save_file(torch.load(timm_file, weights_only=True), tmp_path / "same.safetensors")
    other = random_weights.tiny_timm(tmp_path / "other.pth", seed=1)
    hashes = [timm_network(file).weights_sha256 for file in (timm_file, tmp_path / "same.safetensors", other)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_what_timm_does_not_have_is_told(timm_file: Path) -> None:
    with pytest.raises(GanzooError, match=r"no network 'resnet81'. Did you mean 'resnet18'\?"):
        ganzoo.build("extractor:timm", model="resnet81")
    with pytest.raises(GanzooError, match="has no level 9"):
        timm_network(timm_file, layer=9)
    with pytest.raises(GanzooError, match=r"tiny.pth does not fit timm's resnet18"):
        ganzoo.build("extractor:timm", model="resnet18", weights=str(timm_file))


def test_an_unreachable_hub_is_one_message(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub.errors import LocalEntryNotFoundError

    def unreachable(*arguments: Any, **options: Any) -> None:
        raise LocalEntryNotFoundError("cannot find the requested files in the local cache")

    monkeypatch.setattr("timm.models._hub.hf_hub_download", unreachable)
    with pytest.raises(GanzooError, match=r"weights of resnet18.a1_in1k cannot be downloaded .*weights=PATH.*lite0"):
        ganzoo.build("extractor:timm")


@torch.inference_mode()
def test_the_fashion_classifier_knows_clothes() -> None:
    made = ganzoo.load("dcgan/fashion-mnist", device="cpu").generate(256, seed=1)
    given = torch.stack([torch.from_numpy(np.array(picture))[None] for picture in made])
    noise = torch.randint(0, 256, given.shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    extractor = ganzoo.build("extractor:fashion-mnist")
    shares, of_noise = (extractor.logits(extractor(each)).softmax(1) for each in (given, noise))
    assert shares.max(1).values.mean() > 0.8
    assert of_noise.max(1).values.mean() < 0.75, "of noise it is less sure"
    assert len(set(shares.argmax(1).tolist())) >= 8
    assert len(extractor.classes) == 10 and extractor.classes[9] == "Ankle boot"


@torch.inference_mode()
def test_the_fashion_classifier_sees_colors_as_luma() -> None:
    red = torch.zeros(1, 3, 28, 28, dtype=torch.uint8)
    red[:, 0, 5:20, 8:20] = 200
    extractor = ganzoo.build("extractor:fashion-mnist")
    luma = (red[:, :1] * 0.299).round().to(torch.uint8)
    assert off(extractor(luma), extractor(red)) < 0.02
    assert off(extractor(red[:, :1]), extractor(red)) > 0.1


def test_changed_fashion_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = tmp_path / "fashion-mnist.safetensors"
    changed.write_bytes(fashion.WEIGHTS.read_bytes()[:-1] + b"\x7f")
    monkeypatch.setattr(fashion, "WEIGHTS", changed)
    with pytest.raises(GanzooError, match=r"begins .* it should begin"):
        ganzoo.build("extractor:fashion-mnist")


def test_the_weights_that_come_along_are_small() -> None:
    assert fashion.WEIGHTS.stat().st_size < 600_000


def idx_file(path: Path, content: Tensor) -> None:
    shape = struct.pack(f">HBB{content.ndim}I", 0, 8, content.ndim, *content.shape)
    path.write_bytes(gzip.compress(shape + content.numpy().tobytes()))


def test_training_the_classifier_twice_gives_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for part, count in (("train", 256), ("t10k", 20)):
        idx_file(tmp_path / f"{part}-images-idx3-ubyte.gz", pictures(count, 1, 28, 28)[:, 0])
        idx_file(tmp_path / f"{part}-labels-idx1-ubyte.gz", torch.arange(count, dtype=torch.uint8) % 10)
    for name in ("a", "b"):
        monkeypatch.setattr(
            sys, "argv", ["train", str(tmp_path), "--epochs", "1", "-o", str(tmp_path / f"{name}.safetensors")]
        )
        script("train_classifier").main()
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    assert files.sha256(tmp_path / "a.safetensors") in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (torch.zeros(1, 3, 8, 8), r"not torch.float32.*round\(\)"),
        (torch.zeros(1, 2, 8, 8, dtype=torch.uint8), r"\(1, 2, 8, 8\)"),
        (torch.zeros(3, 8, 8, dtype=torch.uint8), r"\(3, 8, 8\)"),
        (torch.zeros(1, 3, 0, 8, dtype=torch.uint8), r"\(1, 3, 0, 8\)"),
        ("pictures/", "not str"),
    ],
    ids=["float", "channels", "one", "empty", "path"],
)
def test_what_are_no_8_bit_pictures_is_refused(given: Any, message: str) -> None:
    with pytest.raises(GanzooError, match=message):
        base.check(given)


@pytest.mark.parametrize(
    ("spec", "wrong", "message"),
    [
        ("extractor:timm", {"layer": -2}, "layer=-2 should be"),
        ("extractor:timm", {"model": ""}, "model='' should be not empty"),
        ("extractor:efficientnet-lite0", {"size": 8}, "size=8 should be"),
        ("extractor:fashion-mnist", {"size": 8}, "no option 'size'"),
    ],
    ids=str,
)
def test_wrong_options_are_refused(spec: str, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ganzoo.GanzooError, match=message):
        ganzoo.build(spec, **wrong)


def test_commands_show_the_extractors(ganzoo_command: Any, tmp_path: Path) -> None:
    listed = ganzoo_command("list", "--entries", "extractor:*")
    assert listed.returncode == 0 and len(listed.stdout.splitlines()) == 6, listed.stderr
    shown = ganzoo_command("info", "extractor:inception")
    assert "arXiv:1512.00567" in shown.stdout and "weights" in shown.stdout
