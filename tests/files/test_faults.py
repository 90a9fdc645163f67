"""A full disk or an I/O error at every write, then a restart: nothing lost, nothing wrong remembered."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from itertools import count
from pathlib import Path

import pytest
from conftest import picture
from faults import faults
from tiny_models import translator
from training_cases import checkpoint, differences, make_data, train

import ganzoo
from ganzoo.batch.jobs import Job, Work
from ganzoo.batch.run import run
from ganzoo.errors import GanzooError, HashMismatch
from ganzoo.files.atomic import replacing
from ganzoo.inference.image_pass import Settings


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.slow
def test_training_goes_on_after_a_failure_at_any_write(tmp_path: Path, one_thread: None) -> None:
    small = {"steps": 2, "ema_decay": 0.0, "checkpoint_every": 1, "sample_every": 2, "validation": 0.0, "log_every": 1}
    straight = checkpoint(train("dcgan", tmp_path, "straight", **small), 2)
    make_data(tmp_path, "images")
    for number in count():
        folder = tmp_path / f"{number}"
        with faults(folder, number) as fault:
            try:
                train("dcgan", tmp_path, folder.name, **small)
            except GanzooError as error:
                assert fault.failed and ("No space left" in str(error) or "Input/output error" in str(error)), error
        if not fault.failed:
            break
        if not (folder / "checkpoints" / "step-00000002.pt").exists():
            resumable = (folder / "run.json").exists()
            ganzoo.resume(folder) if resumable else train("dcgan", tmp_path, folder.name, **small)
        found = checkpoint(folder, 2)
        found["loop"] = straight["loop"]  # what was seen of a sample sheet that could not be written
        assert differences(found, straight) == []
        assert not [name for name in hashes(folder) if name.endswith(".tmp")]
    assert number > 10


def test_translation_goes_on_after_a_failure_at_any_write(tmp_path: Path) -> None:
    model = translator()
    for name in "ab":
        picture(20, 16, seed=ord(name)).save(tmp_path / f"{name}.png")

    def jobs(folder: Path) -> list[Job]:
        return [Job(str(tmp_path / f"{name}.png"), str(folder / f"{name}.png")) for name in "ab"]

    work = Work("tiny", {}, Settings("auto"))
    assert [outcome.error for outcome in run(work, model, jobs(tmp_path / "straight"))] == ["", ""]
    for number in count():
        folder = tmp_path / f"{number}"
        with faults(folder, number) as fault:
            outcomes = list(run(work, model, jobs(folder)))
        if not fault.failed:
            break
        assert sum(bool(outcome.error) for outcome in outcomes) == 1
        present = hashes(folder) if folder.exists() else {}
        assert present.items() <= hashes(tmp_path / "straight").items()  # whole, or not there
        waiting = [job for job in jobs(folder) if not job.is_done()]
        assert [outcome.error for outcome in run(work, model, waiting)] == [""]
        assert hashes(folder) == hashes(tmp_path / "straight")
    assert number > 3


def test_a_model_that_is_saved_over_another_is_the_one_or_the_other(tmp_path: Path) -> None:
    for number in count():
        folder = tmp_path / f"{number}"
        translator().save(folder)
        before = hashes(folder)
        with faults(folder, number) as fault:
            try:
                translator(summary="another").save(folder)
            except GanzooError:
                assert fault.failed
        if not fault.failed:
            break
        try:
            card = ganzoo.info(f"dir:{folder}")
            ganzoo.load(f"dir:{folder}", "cpu")
        except HashMismatch:  # of files that no longer belong together, which is told
            pass
        else:
            assert card.summary == "another" or hashes(folder)["config.json"] == before["config.json"]
        translator(summary="another").save(folder)
        assert ganzoo.info(f"dir:{folder}").summary == "another"
    assert number > 3


WRITER = """
import sys
from pathlib import Path
from ganzoo.files.atomic import replacing
folder, own = Path(sys.argv[1]), bytes([int(sys.argv[2])]) * 300_000
for turn in range(40):
    for name in ("one", "two"):
        with replacing(folder / name) as temporary:
            with temporary.open("wb") as file:
                for start in range(0, len(own), 50_000):
                    file.write(own[start : start + 50_000])
"""


def is_whole(content: bytes) -> bool:
    return len(content) == 300_000 and len(set(content)) == 1


def test_eight_processes_that_write_into_one_folder_leave_whole_files(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    writers = [subprocess.Popen([*command, str(number)]) for number in range(1, 9)]
    seen = 0
    while any(writer.poll() is None for writer in writers):
        for name in ("one", "two"):
            if (tmp_path / name).exists():
                assert is_whole((tmp_path / name).read_bytes())
                seen += 1
    assert [writer.wait() for writer in writers] == [0] * 8
    assert seen and sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def test_eight_threads_that_write_one_file_leave_it_whole(tmp_path: Path) -> None:
    errors: list[BaseException] = []

    def write(number: int) -> None:
        try:
            for _ in range(20):
                with replacing(tmp_path / "one") as temporary:
                    temporary.write_bytes(bytes([number]) * 300_000)
        except GanzooError as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == [] and is_whole((tmp_path / "one").read_bytes())
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


@pytest.mark.parametrize("number", range(4))
def test_a_registry_is_pinned_whole_or_not_at_all(tmp_path: Path, number: int) -> None:
    import json

    from ganzoo.publishing import publish

    path = tmp_path / "registry.json"
    content = {"format": 1, "cards": [{"name": "a/b", "weights": {"file": "x"}}]}
    path.write_text(json.dumps(content))
    with faults(tmp_path, number) as fault:
        try:
            publish._pin(path, "a/b", "owner/repo", "0" * 40)
        except GanzooError as error:
            assert "owner/repo" in str(error)
    read = json.loads(path.read_text())
    assert read == content if fault.failed else read["cards"][0]["weights"]["repo"] == "owner/repo"
