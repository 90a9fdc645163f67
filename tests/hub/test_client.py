"""ganzoo.hub.client against the Hub stand-in: the unmodified client, real HTTP, a server process of its own.

The client reads its environment at import, so calls run in a subprocess (`do`, `run`).
"""

from __future__ import annotations

import hashlib
import json
import random
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hub_server import Hub, hub, serve
from needs import needs

from ganzoo import errors
from ganzoo.hub import cache
from ganzoo.hub.client import check_repo_id
from ganzoo.hub.model_cards import model_card

__all__ = ["hub"]  # the fixture

CLIENT = """
import json, resource, sys, time
from dataclasses import asdict, is_dataclass
limit, calls = json.load(sys.stdin)
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
from ganzoo.hub import client
client.RETRY_PAUSE = 0.05
for name, args, options in calls:
    begin = time.monotonic()
    try:
        value = getattr(client, name)(*args, **options)
        told = {"value": asdict(value) if is_dataclass(value) else value}
    except Exception as error:
        told = {"error": type(error).__name__, "message": str(error)}
    print(json.dumps(told | {"seconds": time.monotonic() - begin}, default=str), flush=True)
"""
WARNINGS = ["-Werror", "-Wignore:Use 'content=<...>' to upload:DeprecationWarning"]  # the client's own, by LFS
PLAIN = {"HF_HUB_DISABLE_XET": "1"}


@dataclass(frozen=True)
class Outcome:
    """What a call in the other process returned, or the error's class and text."""

    seconds: float
    value: Any = None
    error: str | None = None
    message: str = ""

    @property
    def folder(self) -> Path:
        assert self.error is None, self.message
        return Path(self.value["folder"])


def call(name: str, *args: Any, **options: Any) -> tuple[str, list[Any], dict[str, Any]]:
    return name, [str(arg) if isinstance(arg, Path) else arg for arg in args], options


def start(env: dict[str, str], *calls: Any, limit: int | None = None) -> subprocess.Popen[str]:
    """Begin calls in a process of their own, in which no file may outgrow `limit` bytes.

    Only one process at a time may transfer by Xet: the store of the stand-in is a database that one process opens.
    """
    process = subprocess.Popen(
        [sys.executable, *WARNINGS, "-c", CLIENT], env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps([limit, calls]))
    process.stdin.close()
    return process


def finish(process: subprocess.Popen[str]) -> list[Outcome]:
    with process:
        assert process.stdout is not None
        return [Outcome(**json.loads(line)) for line in process.stdout]


def run(env: dict[str, str], *calls: Any, limit: int | None = None) -> list[Outcome]:
    return finish(start(env, *calls, limit=limit))


def do(env: dict[str, str], name: str, *args: Any, limit: int | None = None, **options: Any) -> Outcome:
    (outcome,) = run(env, call(name, *args, **options), limit=limit)
    return outcome


def kill_at_fault(hub: Hub, process: subprocess.Popen[str]) -> None:
    """SIGKILL a client once the server has met the fault, in the middle of a transfer."""
    with process:
        try:
            hub.wait_for_faults()
        finally:
            process.kill()


def write_model(folder: Path, seed: int | str = 0, size: int = 200_000) -> Path:
    """A model folder: `size` bytes of weights, a card, and what must not be published."""
    weights = random.Random(seed).randbytes(size)
    head = json.dumps({"x": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    (folder / "model.safetensors").write_bytes(len(head).to_bytes(8, "little") + head + weights)
    (folder / "config.json").write_text(json.dumps({"architecture": "generator:tiny", "seed": seed}))
    (folder / "README.md").write_text(model_card({"license": "mit", "tags": ["ganzoo"]}, f"# Model {seed}"))
    (folder / "checkpoints" / "step.safetensors").write_bytes(b"a training state")
    (folder / "optimizer.pt").write_bytes(b"a pickle")
    return folder


def hashes(folder: Path) -> dict[str, str]:
    names = ("README.md", "config.json", "model.safetensors")
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}


@pytest.fixture
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A model with content of its own: what the server has already seen, it need not be sent."""
    return write_model(tmp_path / "model", request.node.name)


@pytest.fixture
def owner(hub: Hub, tmp_path: Path) -> dict[str, str]:
    """The environment of alice, who owns the repositories."""
    return hub.env(tmp_path / "home", hub.token)


def stranger(hub: Hub, tmp_path: Path, token: str | None = None, **more: str) -> dict[str, str]:
    """An environment with an empty cache of its own."""
    return hub.env(tmp_path / f"home of {token}", token, **more)


def dead(env: dict[str, str]) -> dict[str, str]:
    """The same, with the server down."""
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        return env | {"HF_ENDPOINT": f"http://127.0.0.1:{port.getsockname()[1]}"}


# ---- there and back


@pytest.mark.parametrize("transfer", [{}, PLAIN], ids=["xet", "lfs"])
def test_a_model_comes_back_bit_for_bit(
    hub: Hub, model: Path, owner: dict[str, str], tmp_path: Path, transfer: dict[str, str]
) -> None:
    name = "alice/round-" + ("lfs" if transfer else "xet")
    pushed = do(owner | transfer, "push", model, name).value
    assert pushed == {"repo_id": name, "url": f"{hub.url}/{name}", "commit": pushed["commit"]}
    assert set(hub.files(name)) == {".gitattributes", "README.md", "config.json", "model.safetensors"}
    weights = next(e for e in hub.api("GET", f"/api/models/{name}/tree/main") if e["path"] == "model.safetensors")
    assert ("xetHash" in weights) == (not transfer)

    pulled = do(stranger(hub, tmp_path, **transfer), "pull", name)
    assert hashes(pulled.folder) == hashes(model)
    assert pulled.value["commit"] == pushed["commit"] and len(pushed["commit"]) == 40
    assert not (pulled.folder / ".gitattributes").exists()


def test_the_same_push_twice_makes_one_commit(model: Path, owner: dict[str, str]) -> None:
    first, second = run(owner, *[call("push", model, "alice/twice")] * 2)
    assert first.value == second.value


def test_a_revision_pins_a_model(hub: Hub, owner: dict[str, str], tmp_path: Path) -> None:
    old, new, side = (write_model(tmp_path / str(seed), seed) for seed in (1, 2, 3))
    name = "alice/pinned"
    pushes = [call("push", old, name), call("push", new, name), call("push", side, name, revision="side")]
    commit, *_ = (outcome.value["commit"] for outcome in run(owner, *pushes))
    hub.tag(name, commit, "v1")

    meant = {commit: old, "v1": old, None: new, "main": new, "side": side}
    pulls = run(stranger(hub, tmp_path), *[call("pull", name, revision=revision) for revision in meant])
    assert [hashes(pulled.folder) for pulled in pulls] == [hashes(folder) for folder in meant.values()]


def test_one_file_is_fetched_alone(hub: Hub, model: Path, owner: dict[str, str], tmp_path: Path) -> None:
    do(owner, "push", model, "alice/single")
    fetched = Path(do(stranger(hub, tmp_path), "fetch", "alice/single", "config.json").value)
    assert fetched.read_bytes() == (model / "config.json").read_bytes()
    assert [path.name for path in fetched.parent.iterdir()] == ["config.json"]


# ---- what is refused, and how that reads


def test_what_is_not_there(hub: Hub, model: Path, owner: dict[str, str], tmp_path: Path) -> None:
    commit = do(owner, "push", model, "alice/there").value["commit"]
    hub.tag("alice/there", commit, "v1.0")
    nowhere, revision, lost, file, name = run(
        stranger(hub, tmp_path),
        call("pull", "alice/nowhere"),
        call("pull", "alice/there", revision="v1.1"),
        call("pull", "alice/there", revision="0" * 40),
        call("fetch", "alice/there", "modle.safetensors"),
        call("pull", "there"),
    )
    assert [o.error for o in (nowhere, revision, lost, file)] == ["HubNotFound"] * 4
    assert "'alice/nowhere'" in nowhere.message and f"{hub.url}/alice/nowhere" in nowhere.message
    assert "'v1.1'. Did you mean 'v1.0'?" in revision.message and "main, v1.0" in revision.message
    assert "no modle.safetensors. Did you mean 'model.safetensors'?" in file.message and "README.md" in file.message
    assert name.error == "ReferenceError" and "'there'" in name.message and "owner/name" in name.message


def test_a_repository_without_a_model_says_so(hub: Hub, owner: dict[str, str]) -> None:
    hub.api("POST", "/api/repos/create", {"name": "empty"})
    logged = do(owner, "pull", "alice/empty")
    assert logged.error == "HubNotFound"
    assert "no config.json and no *.safetensors, so it is not a ganzoo model" in logged.message


def test_private_and_gated(hub: Hub, model: Path, owner: dict[str, str], tmp_path: Path) -> None:
    run(owner, call("push", model, "alice/private", private=True), call("push", model, "alice/gated"))
    hub.gate("alice/gated")
    both = [call("pull", "alice/private"), call("pull", "alice/gated")]

    refused = [start(stranger(hub, tmp_path, token), *both) for token in (None, hub.other_token)]

    private, gated = finish(refused[0])
    assert (private.error, gated.error) == ("HubNotFound", "HubForbidden")
    assert "or it is private" in private.message and "`hf auth login`" in private.message
    assert "gated" in gated.message and f"{hub.url}/alice/gated" in gated.message

    private, gated = finish(refused[1])
    assert (private.error, gated.error) == ("HubNotFound", "HubForbidden")
    assert "your token may not see it" in private.message

    for pulled in run(stranger(hub, tmp_path, hub.token), *both):
        assert hashes(pulled.folder) == hashes(model)
    given = do(stranger(hub, tmp_path), "pull", "alice/private", token=hub.token)
    assert hashes(given.folder) == hashes(model)


def test_tokens(hub: Hub, model: Path, owner: dict[str, str], tmp_path: Path) -> None:
    do(owner, "push", model, "alice/mine")
    mine, new = call("push", model, "alice/mine"), call("push", model, "alice/new")
    processes = [
        start(stranger(hub, tmp_path), mine, new),
        start(stranger(hub, tmp_path, "tok-wrong"), call("pull", "alice/mine"), mine),
        start(stranger(hub, tmp_path, hub.other_token), mine, new),
    ]
    nobody, wrong, other = map(finish, processes)
    assert {logged.error for logged in (*nobody, *wrong, *other)} == {"HubForbidden"}
    assert all("needs a token" in logged.message and "`hf auth login`" in logged.message for logged in nobody)
    assert all("does not accept your token" in logged.message for logged in wrong)
    assert all("may not write to 'alice/" in logged.message for logged in other)


def test_visibility_is_never_changed_silently(hub: Hub, model: Path, owner: dict[str, str]) -> None:
    run(owner, call("push", model, "alice/open"), call("push", model, "alice/closed", private=True))
    write_model(model, seed=1)
    leak, stays = run(owner, call("push", model, "alice/open", private=True), call("push", model, "alice/closed"))
    assert leak.error == "HubForbidden" and "is public; nothing was sent" in leak.message
    assert stays.error is None and hub.api("GET", "/api/models/alice/closed")["private"]


def test_a_folder_that_is_no_model_is_not_pushed(hub: Hub, model: Path, owner: dict[str, str], tmp_path: Path) -> None:
    headless = write_model(tmp_path / "headless")
    (headless / "README.md").write_text("---\ntags: [unclosed\n---\n")
    refused = write_model(tmp_path / "refused")
    (refused / "README.md").write_text(model_card({"model-index": [{"results": [1]}]}, "a nameless result"))
    (model / "config.json").unlink()
    logged = run(owner, *[call("push", path, "alice/no") for path in (model, tmp_path / "absent", headless, refused)])
    assert [outcome.error for outcome in logged] == ["RegistryError"] * 4
    assert "has no config.json" in logged[0].message
    assert "has no config.json and no *.safetensors" in logged[1].message
    assert "README.md' has a head that is not a YAML" in logged[2].message
    assert '"model-index[0].name" is required' in logged[3].message


# ---- the Hub is down


def test_server_down(model: Path, owner: dict[str, str], hub: Hub, tmp_path: Path) -> None:
    commit = do(owner, "push", model, "alice/down").value["commit"]
    reader = stranger(hub, tmp_path)
    do(reader, "pull", "alice/down")
    *cached, absent, pinned, push = run(
        dead(reader),
        call("pull", "alice/down"),
        call("pull", "alice/down", revision=commit),
        call("fetch", "alice/down", "config.json"),
        call("pull", "alice/elsewhere"),
        call("fetch", "alice/down", "config.json", revision="0" * 40),
        call("push", model, "alice/down", token=hub.token),
    )
    assert [hashes(pulled.folder) for pulled in cached[:2]] == [hashes(model)] * 2
    assert cached[2].error is None and max(outcome.seconds for outcome in cached) < 15
    assert {absent.error, pinned.error, push.error} == {"HubUnreachable"}
    assert "no Hub answers at http://127.0.0.1" in absent.message and "HF_ENDPOINT" in absent.message
    assert max(absent.seconds, pinned.seconds, push.seconds) < 15  # left to itself the client takes 23


def test_offline_mode(model: Path, owner: dict[str, str], hub: Hub, tmp_path: Path) -> None:
    do(owner, "push", model, "alice/offline")
    reader = stranger(hub, tmp_path)
    run(reader, call("fetch", "alice/offline", "config.json"))
    offline = reader | {"HF_HUB_OFFLINE": "1"}
    file, part, push = run(
        offline,
        call("fetch", "alice/offline", "config.json"),
        call("pull", "alice/offline"),
        call("push", model, "alice/offline", token=hub.token),
    )
    assert Path(file.value).read_bytes() == (model / "config.json").read_bytes()
    assert (part.error, push.error) == ("HubUnreachable", "HubUnreachable")  # a part is not taken for the whole
    assert "HF_HUB_OFFLINE" in part.message and part.seconds < 15
    do(reader, "pull", "alice/offline")
    assert hashes(do(offline, "pull", "alice/offline").folder) == hashes(model)


def test_a_server_that_never_answers(model: Path, owner: dict[str, str], hub: Hub) -> None:
    run(owner, call("push", model, "alice/mute"), call("pull", "alice/mute"))
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        env = owner | {"HF_ENDPOINT": url, "HF_HUB_ETAG_TIMEOUT": "1"}
        both = [start(env, call("pull", f"alice/{name}")) for name in ("mute", "absent")]
        cached, absent = (finish(process)[0] for process in both)
    assert hashes(cached.folder) == hashes(model) and cached.seconds < 15
    assert absent.error == "HubUnreachable" and absent.seconds < 20  # 1 s and, once more, 2 s; left to itself, for ever


def test_a_hub_in_trouble(model: Path, owner: dict[str, str], hub: Hub, tmp_path: Path) -> None:
    do(owner, "push", model, "alice/busy")
    reader = stranger(hub, tmp_path)
    trouble: dict[str, Any] = {"match": "GET /api/models/alice/busy", "then": "status", "status": 503}
    hub.fail(**trouble, times=3)  # two tries of the first pull, one of the second
    refused, second_try = run(reader, *[call("pull", "alice/busy")] * 2)
    assert refused.error == "HubUnreachable" and "answers 503" in refused.message
    hub.fail(**trouble, times=1)
    from_cache = do(reader, "pull", "alice/busy")
    assert hashes(second_try.folder) == hashes(from_cache.folder) == hashes(model)


def test_what_answers_is_no_hub(owner: dict[str, str], hub: Hub) -> None:
    logged = do(owner | {"HF_ENDPOINT": "127.0.0.1:1"}, "pull", "alice/none")  # the scheme was forgotten
    assert logged.error == "HubUnreachable" and "127.0.0.1:1" in logged.message


def test_a_hub_without_xet(model: Path, owner: dict[str, str]) -> None:
    with serve() as plain:
        env = owner | {"HF_ENDPOINT": plain.url}
        logged = do(env, "push", model, "alice/plain")
        assert logged.error == "HubUnreachable" and "HF_HUB_DISABLE_XET=1" in logged.message
        assert do(env | PLAIN, "push", model, "alice/plain").error is None


# ---- broken off


def test_a_cut_download_is_resumed(hub: Hub, owner: dict[str, str], tmp_path: Path) -> None:
    model = write_model(tmp_path / "large", "cut", 12_000_000)  # the client writes pieces of 10 MiB
    do(owner, "push", model, "alice/cut")
    hub.fail("GET /_lfs/get/", after=11_000_000)
    before = len(hub.log())
    pulled = do(stranger(hub, tmp_path, **PLAIN), "pull", "alice/cut")
    assert hashes(pulled.folder) == hashes(model)
    ranges = [e["req_headers"].get("Range") for e in hub.log()[before:] if e["path"].startswith("/_lfs/get/")]
    assert ranges == [None, f"bytes={10 * 2**20}-"]


def test_a_killed_download_is_no_model(
    hub: Hub, owner: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = write_model(tmp_path / "large", "killed", 12_000_000)
    do(owner, "push", model, "alice/killed")
    reader = stranger(hub, tmp_path, **PLAIN)
    hub.fail("GET /_lfs/get/", then="stall", after=11_000_000)
    kill_at_fault(hub, start(reader, call("pull", "alice/killed")))

    monkeypatch.setenv("HF_HUB_CACHE", str(Path(reader["HF_HOME"]) / "hub"))
    assert cache.find("alice/killed", "model.safetensors") is None
    assert do(reader | {"HF_HUB_OFFLINE": "1"}, "pull", "alice/killed").error == "HubUnreachable"
    assert hashes(do(reader, "pull", "alice/killed").folder) == hashes(model)


def test_a_killed_upload_is_repeated(hub: Hub, model: Path, owner: dict[str, str], tmp_path: Path) -> None:
    hub.fail("PUT /_lfs/put/", then="stall", after=100_000)
    kill_at_fault(hub, start(owner | PLAIN, call("push", model, "alice/again")))
    assert set(hub.files("alice/again")) == {".gitattributes"}  # all or nothing

    assert do(owner | PLAIN, "push", model, "alice/again").error is None
    assert hashes(do(stranger(hub, tmp_path), "pull", "alice/again").folder) == hashes(model)


@needs(sys.platform != "win32", "needs a limit on the size of files")
@pytest.mark.parametrize("transfer", [{}, PLAIN], ids=["xet", "lfs"])
def test_a_full_disk(hub: Hub, model: Path, owner: dict[str, str], tmp_path: Path, transfer: dict[str, str]) -> None:
    name = f"alice/full-{len(transfer)}"
    do(owner, "push", model, name)
    reader = stranger(hub, tmp_path, **transfer)
    logged = do(reader, "pull", name, limit=100_000)
    assert logged.error == "OutputError" and "HF_HOME" in logged.message
    assert hashes(do(reader, "pull", name).folder) == hashes(model)


def test_a_cache_that_cannot_be_written(model: Path, owner: dict[str, str]) -> None:
    do(owner, "push", model, "alice/unwritable")
    logged = do(owner | {"HF_HOME": str(model / "config.json")}, "pull", "alice/unwritable")
    assert logged.error == "OutputError" and "HF_HOME" in logged.message


# ---- no network


def test_model_card_comes_back_as_written() -> None:
    front = {"license": "mit", "tags": ["ganzoo", "gan: yes"], "model-index": [{"name": "Größe", "results": []}]}
    text = model_card(front, "# Title\n\n---\n\nafter a rule")
    head, body = text.removeprefix("---\n").split("\n---\n", 1)
    import yaml

    assert yaml.safe_load(head) == front
    assert body == "\n# Title\n\n---\n\nafter a rule\n"


@pytest.mark.parametrize("value", [Path("x"), ("a", "b"), float("nan")], ids=repr)
def test_model_card_refuses_what_yaml_would_change(value: Any) -> None:
    with pytest.raises(errors.OptionError, match="model card"):
        model_card({"license": value}, "")


@pytest.mark.parametrize("wrong", ["name", "a/b/c", "a--b/c", "a/b.git", "a b/c", "", "a/", "a/b\n"])
def test_a_repository_is_spelled_owner_name(wrong: str) -> None:
    with pytest.raises(errors.ReferenceError, match="owner/name"):
        check_repo_id(wrong)
    assert check_repo_id("alice/my-gan_1.0") == "alice/my-gan_1.0"
