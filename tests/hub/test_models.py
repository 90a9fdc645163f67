"""Whole models over the Hub stand-in: push, pull, load by revision, cards whose weights are on the Hub.

The client reads its environment at import, so everything runs in processes of their own, with the unmodified client.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hub_server import Hub, hub
from huggingface_hub import ModelCard
from tiny_models import digest, publish, run_python, translator

from ganzoo.cards.card import Card, Weights
from ganzoo.weights import model_folder

__all__ = ["hub"]  # the fixture


def command(env: dict[str, str], *arguments: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "ganzoo", *map(str, arguments)]
    return subprocess.run(line, env=env, capture_output=True, text=True, timeout=300)


def push(env: dict[str, str], ref: object, name: str, *options: str) -> str:
    """Push and return the reference, with its commit, that the command prints."""
    done = command(env, "push", ref, name, *options)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    url, pinned = done.stdout.splitlines()
    assert url.endswith(f"/{name}")
    return pinned


UPLOAD = """
import sys; from pathlib import Path; from ganzoo.hub import client
for folder in sys.argv[2:]:
    print(client.push(Path(folder), sys.argv[1]).commit)
"""


def upload(env: dict[str, str], name: str, *folders: Path) -> list[str]:
    """Push folders one after the other, without torch; return a pinned reference for each."""
    done = run_python(UPLOAD, name, *folders, env=env)
    assert done.returncode == 0, done.stderr
    return [f"hf-hub:{name}@{commit}" for commit in done.stdout.split()]


def save(folder: Path, seed: int) -> Path:
    translator(seed).save(folder)
    return folder


@pytest.fixture
def alice(hub: Hub, tmp_path: Path) -> dict[str, str]:
    return hub.env(tmp_path / "alice", hub.token)


@pytest.fixture
def stranger(hub: Hub, tmp_path: Path) -> dict[str, str]:
    """Somebody without a token, and with an empty cache."""
    return hub.env(tmp_path / "stranger")


DRAW = """
import hashlib, sys, ganzoo
for ref in sys.argv[2:]:
    made = ganzoo.load(ref, device="cpu").translate(sys.argv[1])
    print(hashlib.sha256(made.tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_a_pushed_model_comes_back_bit_for_bit_and_makes_the_same_image(
    alice: dict[str, str], stranger: dict[str, str], tmp_path: Path, photo: Path
) -> None:
    model = save(tmp_path / "m", seed=1)
    (model / "discriminator.safetensors").write_bytes((model / "model.safetensors").read_bytes())
    push(alice, f"dir:{model}", "alice/there-and-back")
    done = command(stranger, "pull", "hf-hub:alice/there-and-back", "-o", tmp_path / "out")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"dir:{tmp_path / 'out'}\n", "")
    for name in ("model.safetensors", "discriminator.safetensors"):
        assert digest(tmp_path / "out" / name) == digest(model / name)
    assert model_folder.read(tmp_path / "out") == model_folder.read(model)
    refs = [f"dir:{model}", f"dir:{tmp_path / 'out'}", "hf-hub:alice/there-and-back"]
    done = run_python(DRAW, photo, *refs, env=stranger)
    pictures = done.stdout.split()
    assert len(pictures) == 3 and len(set(pictures)) == 1, done.stderr


@pytest.mark.slow
def test_the_card_on_the_hub_is_one_its_client_reads(
    hub: Hub, alice: dict[str, str], stranger: dict[str, str], tmp_path: Path
) -> None:
    push(alice, f"dir:{save(tmp_path / 'm', 2)}", "alice/with-card")
    code = "import sys; from huggingface_hub import ModelCard; print(ModelCard.load('alice/with-card').content)"
    done = run_python(code, env=stranger)
    card = ModelCard(done.stdout)
    assert (card.data.library_name, card.data.license, card.data.pipeline_tag) == ("ganzoo", "mit", "image-to-image")
    assert card.data.datasets == ["tiny-horses"] and "gan" in card.data.tags
    assert [(r.metric_type, r.metric_value) for r in card.data.eval_results or ()] == [("kid", 0.25)]
    assert 'ganzoo.load("hf-hub:alice/with-card")' in card.text
    config = {"README.md", "config.json", "model.safetensors", ".gitattributes"}
    assert set(hub.files("alice/with-card")) == config


LOAD = """
import sys, ganzoo
for ref in sys.argv[1:]:
    print(ganzoo.load(ref, device="cpu").card.weights.sha256)
"""


@pytest.mark.slow
def test_a_revision_pins_a_model(hub: Hub, alice: dict[str, str], stranger: dict[str, str], tmp_path: Path) -> None:
    first, second = save(tmp_path / "1", seed=3), save(tmp_path / "2", seed=4)
    old, new = upload(alice, "alice/pinned", first, second)
    hub.tag("alice/pinned", old.partition("@")[2], "v1")
    refs = [old, new, "hf-hub:alice/pinned", "hf-hub:alice/pinned@v1"]
    done = run_python(LOAD, *refs, env=stranger)
    one, two = (digest(folder / "model.safetensors") for folder in (first, second))
    assert done.stdout.split() == [one, two, two, one], done.stderr
    done = command(stranger, "info", "hf-hub:alice/pinned@v2")
    assert done.returncode == 1 and "has no revision 'v2'" in done.stderr and "main, v1" in done.stderr


@pytest.mark.slow
def test_a_private_model_is_its_owners(alice: dict[str, str], stranger: dict[str, str], tmp_path: Path) -> None:
    push(alice, f"dir:{save(tmp_path / 'm', 5)}", "alice/secret", "--private")
    for verb in ("pull", "info"):
        done = command(stranger, verb, "hf-hub:alice/secret")
        assert (done.returncode, done.stdout) == (1, "")
        assert "it is private" in done.stderr and "Traceback" not in done.stderr
        done = command(stranger, verb, "hf-hub:alice/secret", "--token", "tok-alice")
        assert done.returncode == 0, done.stderr


def test_a_push_shows_of_the_models_it_leaves_behind(
    alice: dict[str, str], stranger: dict[str, str], tmp_path: Path
) -> None:
    run = save(tmp_path / "run", 20)
    other = save(run / "b2a", 21)
    done = command(alice, "push", f"dir:{run}", "alice/one-way", "--license", "cc0-1.0", "--summary", "One way")
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 2
    hint = f"To push it: ganzoo push dir:{other} OWNER/NAME"
    assert done.stderr.endswith(f"dir:{other} is a separate model and was not pushed. {hint}\n")
    done = command(stranger, "info", "hf-hub:alice/one-way", "--json")
    card = json.loads(done.stdout)
    assert (card["license"], card["summary"]) == ("cc0-1.0", "One way")
    assert model_folder.read(run).license == "mit"


def test_info_pins_what_it_shows(alice: dict[str, str], stranger: dict[str, str], tmp_path: Path) -> None:
    (pinned,) = upload(alice, "alice/shown", save(tmp_path / "m", 22))
    lines = command(stranger, "info", "hf-hub:alice/shown").stdout.splitlines()
    assert lines[1].split() == ["reference", pinned]


def test_pulling_over_another_model_or_a_run_is_refused(
    alice: dict[str, str], stranger: dict[str, str], tmp_path: Path
) -> None:
    upload(alice, "alice/newer", save(tmp_path / "new", 23))
    mine, run = save(tmp_path / "mine", 24), save(tmp_path / "run", 25)
    (run / "run.json").write_text("{}")
    for folder, held in ((mine, "the model tiny/translator with other weights"), (run, "a training run (run.json)")):
        before = {path: path.read_bytes() for path in folder.iterdir()}
        done = command(stranger, "pull", "hf-hub:alice/newer", "-o", folder)
        assert done.returncode == 1 and f"{folder} holds {held}" in done.stderr
        assert {path: path.read_bytes() for path in folder.iterdir()} == before
    for _ in range(2):  # the same one again is fine
        assert command(stranger, "pull", "hf-hub:alice/newer", "-o", tmp_path / "out").returncode == 0


@pytest.mark.slow
def test_a_failed_push_shows_of_the_repository_it_made(hub: Hub, alice: dict[str, str], tmp_path: Path) -> None:
    model = save(tmp_path / "m", 26)
    hub.fail("POST /api/models/alice/half/commit", then="status", status=403)
    done = command(alice, "push", f"dir:{model}", "alice/half")
    assert done.returncode == 1 and "The repository alice/half exists now, empty" in done.stderr
    hub.fail("POST /api/models/alice/half/commit", then="status", status=403)
    done = command(alice, "push", f"dir:{model}", "alice/half")
    assert done.returncode == 1 and "exists now" not in done.stderr


def test_info_fetches_no_weights(hub: Hub, alice: dict[str, str], stranger: dict[str, str], tmp_path: Path) -> None:
    upload(alice, "alice/light", save(tmp_path / "m", 6))
    done = command(stranger, "info", "hf-hub:alice/light")
    assert done.returncode == 0 and "tiny/translator" in done.stdout
    cached = {path.name for path in (tmp_path / "stranger").rglob("*") if "snapshots" in path.parts and path.is_file()}
    assert cached == {"config.json"}


@pytest.mark.slow
def test_pushing_needs_a_token_and_a_name(alice: dict[str, str], stranger: dict[str, str], tmp_path: Path) -> None:
    model = save(tmp_path / "m", 7)
    done = command(stranger, "push", f"dir:{model}", "alice/not-mine")
    assert done.returncode == 1 and "needs a token" in done.stderr
    done = command(alice, "push", "dir:no-such-folder", "just-a-name")
    assert done.returncode == 1 and "Write owner/name" in done.stderr
    done = command(alice, "push", f"dir:{tmp_path}", "alice/nothing")
    assert done.returncode == 1 and "has no config.json" in done.stderr
    assert "Traceback" not in done.stderr


# ---- cards whose weights are on the Hub


def card_on_hub(pinned: str, model: Path, **changes: object) -> Card:
    """The registry card of a pushed model."""
    repo, _, commit = pinned.removeprefix("hf-hub:").partition("@")
    card = model_folder.read(model)
    assert card.weights is not None
    stated = dataclasses.replace(card.weights, repo=repo, revision=commit, **changes)  # type: ignore[arg-type]
    return dataclasses.replace(card, weights=stated)


def with_cards(env: dict[str, str], root: Path, card: Card) -> dict[str, str]:
    return {**env, "PYTHONPATH": publish(root, card)["PYTHONPATH"]}


LIST = """
import sys
from ganzoo.cli.main import main
try: main(["list", "tiny/*", "--json"])
except SystemExit as ended: assert not ended.code
assert not {"huggingface_hub", "torch"} & set(sys.modules)
"""


@pytest.mark.slow
def test_a_registry_card_loads_from_the_hub_and_offline_afterwards(
    hub: Hub, alice: dict[str, str], stranger: dict[str, str], tmp_path: Path, photo: Path
) -> None:
    model = save(tmp_path / "m", seed=8)
    (pinned,) = upload(alice, "alice/listed", model)
    env = with_cards(stranger, tmp_path / "zoo", card_on_hub(pinned, model))

    def here() -> bool:
        done = run_python(LIST, env=env)
        assert done.returncode == 0, done.stderr
        (card,) = json.loads(done.stdout)
        return bool(card["here"])

    offline = env | {"HF_HUB_OFFLINE": "1"}
    assert not here()
    done = command(offline, "pull", "tiny/translator")
    assert done.returncode == 1 and "HF_HUB_OFFLINE" in done.stderr and "Traceback" not in done.stderr
    done = command(env, "pull", "tiny/translator")
    assert done.returncode == 0, done.stderr
    assert digest(Path(done.stdout.strip())) == digest(model / "model.safetensors")
    assert here()
    done = run_python(DRAW, photo, "tiny/translator", f"dir:{model}", env=offline)
    pictures = done.stdout.split()
    assert len(pictures) == 2 and pictures[0] == pictures[1], done.stderr


def test_a_file_other_than_the_registrys_is_refused(
    alice: dict[str, str], stranger: dict[str, str], tmp_path: Path
) -> None:
    model = save(tmp_path / "m", seed=9)
    (pinned,) = upload(alice, "alice/other", model)
    env = with_cards(stranger, tmp_path / "zoo", card_on_hub(pinned, model, sha256="ab" * 32))
    done = command(env, "pull", "tiny/translator", "-o", tmp_path / "out")
    found = digest(model / "model.safetensors")[:8]
    assert done.returncode == 1
    assert f"begins {found}, the registry says abababab. The Hub holds this very file" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_file_damaged_in_the_cache_is_repaired_by_the_advice(
    alice: dict[str, str], stranger: dict[str, str], tmp_path: Path
) -> None:
    model = save(tmp_path / "m", seed=10)
    (pinned,) = upload(alice, "alice/damaged", model)
    env = with_cards(stranger, tmp_path / "zoo", card_on_hub(pinned, model))
    path = Path(command(env, "pull", "tiny/translator").stdout.strip())
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.resolve().write_bytes(content)
    refused = command(env, "pull", "tiny/translator")
    assert refused.returncode == 1
    logged = refused.stderr.partition("Delete ")[2].partition(" and try again")[0]
    Path(logged).unlink()
    again = command(env, "pull", "tiny/translator")
    assert again.returncode == 0, again.stderr
    assert digest(Path(again.stdout.strip())) == digest(model / "model.safetensors")


def test_weights_changed_on_the_wire_are_told_from_those_replaced_on_the_hub(
    hub: Hub, alice: dict[str, str], stranger: dict[str, str], tmp_path: Path
) -> None:
    model, other = save(tmp_path / "m", seed=11), save(tmp_path / "other", seed=12)
    upload(alice, "alice/wire", model)
    hub.fail("GET /_lfs/get/", then="corrupt", after=(model / "model.safetensors").stat().st_size - 1)
    reader = stranger | {"HF_HUB_DISABLE_XET": "1"}
    done = command(reader, "pull", "hf-hub:alice/wire")
    held = digest(model / "model.safetensors")[:8]
    assert done.returncode == 1
    assert f"The Hub holds another one ({held}): this copy was damaged on its way or in the cache." in done.stderr
    assert "bytes instead of" not in done.stderr
    Path(done.stderr.partition("Delete ")[2].partition(" and try again")[0]).unlink()
    assert command(reader, "pull", "hf-hub:alice/wire").returncode == 0
    (model / "model.safetensors").write_bytes((other / "model.safetensors").read_bytes())
    upload(alice, "alice/replaced", model)
    done = command(reader, "pull", "hf-hub:alice/replaced")
    assert done.returncode == 1
    assert "The Hub holds this very file: it was replaced there, or does not belong to its card." in done.stderr


@pytest.mark.slow
def test_a_registry_name_can_be_pushed(
    hub: Hub, alice: dict[str, str], stranger: dict[str, str], tmp_path: Path
) -> None:
    model = save(tmp_path / "m", seed=11)
    card = model_folder.read(model)
    assert card.weights is not None
    publish(tmp_path / "zoo", card)
    (tmp_path / "zoo" / "tinyzoo" / "model.safetensors").write_bytes((model / "model.safetensors").read_bytes())
    pinned = push({**alice, "PYTHONPATH": str(tmp_path / "zoo")}, "tiny/translator", "alice/from-registry")
    done = command(stranger, "pull", pinned, "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert digest(tmp_path / "out" / "model.safetensors") == card.weights.sha256
    pulled = model_folder.read(tmp_path / "out")
    assert pulled.weights == Weights("model.safetensors", card.weights.sha256, card.weights.bytes)


@pytest.mark.slow
def test_model_push_says_where_it_went(
    hub: Hub, alice: dict[str, str], stranger: dict[str, str], tmp_path: Path
) -> None:
    model = save(tmp_path / "m", seed=12)
    code = "import sys, ganzoo; print(ganzoo.load(sys.argv[1], device='cpu').push('alice/by-python').commit)"
    done = run_python(code, f"dir:{model}", env=alice)
    assert done.returncode == 0, done.stderr
    done = command(stranger, "pull", f"hf-hub:alice/by-python@{done.stdout.strip()}")
    assert digest(Path(done.stdout.strip())) == digest(model / "model.safetensors")
