"""Many pictures: in their order, beside reading and writing; in processes; on a cluster."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from channel_models import model as raster_model
from conftest import picture
from PIL import Image
from tiny_models import translator

import ganzoo
from ganzoo import Channel
from ganzoo.batch import processes as workers
from ganzoo.batch import run as batch_run
from ganzoo.batch.cluster import run_on_cluster
from ganzoo.batch.jobs import STREAM, Job, Outcome, Work
from ganzoo.catalog import building
from ganzoo.errors import MissingPackage, OptionError
from ganzoo.image_io import decoding, raster_files
from ganzoo.image_io.decoding import DecodedImage
from ganzoo.inference.image_pass import Settings
from ganzoo_plugins.restore.networks import build as build_network
from ganzoo_plugins.restore.networks import find_architecture


@pytest.fixture
def work(tmp_path: Path) -> Work:
    translator().save(tmp_path / "t")
    return Work(f"dir:{tmp_path / 't'}", {"device": "cpu", "engine": "torch"}, Settings(16))


def pictures(folder: Path, count: int, broken: tuple[int, ...] = ()) -> list[Job]:
    """Write pictures, some of them broken, and return a job for each."""
    folder.mkdir()
    found = []
    for number in range(count):
        source = folder / f"{number:03}.png"
        picture(20, 18, number).save(source)
        if number in broken:
            source.write_bytes(source.read_bytes()[:50])
        found.append(Job(str(source), str(folder.parent / "out" / source.name)))
    return found


def test_an_error_that_names_no_file_gets_the_images(tmp_path: Path) -> None:
    (job,) = pictures(tmp_path / "in", 1)
    for said, expected in (("The mask is 3x4.", f"{job.source}: The mask is 3x4."), (f"{job.source} is odd.",) * 2):
        assert batch_run._failed(job, OptionError(said)).error == expected
    assert batch_run._failed(Job(STREAM, STREAM), OptionError("The mask is 3x4.")).error == "The mask is 3x4."


def check(work: Work, outcomes: list[Outcome], given: list[Job], broken: tuple[int, ...] = ()) -> None:
    """Every job has one outcome; the broken ones an error, the others the right picture."""
    assert sorted(outcome.job.source for outcome in outcomes) == sorted(job.source for job in given)
    model = ganzoo.load(work.ref, **work.load)
    for outcome in outcomes:
        job, number = outcome.job, int(Path(outcome.job.source).stem)
        if number in broken:
            assert job.source in outcome.error and not Path(job.target).exists()
            continue
        assert outcome.error == ""
        with Image.open(job.target) as made:
            expected = model.translate(job.source, work.settings.size)
            assert made.tobytes() == expected.tobytes()
    assert unfinished(given) == []


def test_failures_stop_nothing_and_the_order_stays(work: Work, tmp_path: Path) -> None:
    given = pictures(tmp_path / "in", 7, broken=(0, 3, 6))
    outcomes = list(batch_run.run(work, work.open(), given))
    assert [outcome.job for outcome in outcomes] == given
    check(work, outcomes, given, (0, 3, 6))
    assert outcomes[1].worked_at == (16, 18)
    assert not outcomes[0].passing


def test_the_next_image_is_read_and_the_last_written_meanwhile(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An image that takes long to read does not keep the one before it from being translated and written."""
    given, read, gate = pictures(tmp_path / "in", 3), batch_run.read, threading.Event()

    def read_slowly(work: Work, job: Job) -> DecodedImage:
        assert job != given[1] or gate.wait(240)
        return read(work, job)

    monkeypatch.setattr(batch_run, "read", read_slowly)
    outcomes: list[Outcome] = []
    runner = threading.Thread(target=lambda: outcomes.extend(batch_run.run(work, work.open(), given)))
    runner.start()
    end = time.monotonic() + 240
    while not Path(given[0].target).exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    gate.set()
    runner.join(240)
    assert [(outcome.job, outcome.error) for outcome in outcomes] == [(job, "") for job in given]


def test_a_caller_that_stops_leaves_no_work_behind(work: Work, tmp_path: Path) -> None:
    running = batch_run.run(work, work.open(), pictures(tmp_path / "in", 30))
    next(running)
    running.close()
    assert len(list((tmp_path / "out").iterdir())) < 6


def test_what_is_there_is_known_by_its_file(tmp_path: Path) -> None:
    job = Job("a.png", str(tmp_path / "a.png"))
    assert not job.is_done()
    (tmp_path / "a.png").touch()
    assert job.is_done() and not Job("a.png", "-").is_done()


def test_a_refusal_of_the_system_may_pass_a_broken_image_does_not(work: Work, tmp_path: Path) -> None:
    source = tmp_path / "in.png"
    picture(20, 20).save(source)
    full = batch_run.do(work, work.open(), Job(str(source), "/dev/full/x.png"))
    missing = batch_run.do(work, work.open(), Job(str(tmp_path / "no.png"), str(tmp_path / "x.png")))
    assert full.error and missing.error and not missing.passing


def test_work_and_jobs_mean_the_same_in_every_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    here, array = Path.cwd(), np.zeros((8, 8, 3), np.uint8)
    inputs = {"label": "horse", "mask": Path("mask.png"), "style": array}
    work = Work("dir:t", {"engine": "openvino", "calibration": ["a.png", array]}, Settings(16, inputs=inputs))
    found = work.anywhere()
    assert found.ref == f"dir:{here / 't'}"
    assert found.load["calibration"][0] == str(here / "a.png") and found.load["calibration"][1] is array
    assert found.load["engine"] == "openvino" and found.settings.size == 16
    assert found.settings.inputs["label"] == "horse" and found.settings.inputs["mask"] == str(here / "mask.png")
    assert found.settings.inputs["style"] is array
    assert Job("GM=in/a.tif,WM=b.tif", STREAM).anywhere() == Job(
        f"GM={here / 'in' / 'a.tif'},WM={here / 'b.tif'}", STREAM
    )
    assert Job("in/a.png", "out/a.png").anywhere() == Job(str(here / "in" / "a.png"), str(here / "out" / "a.png"))


@pytest.mark.slow
def test_processes_do_what_one_does(work: Work, tmp_path: Path) -> None:
    given = pictures(tmp_path / "in", 8, broken=(2,))
    check(work, list(workers.run_in_processes(work, given, 2)), given, (2,))


@pytest.mark.slow
def test_a_process_that_dies_loses_nothing(work: Work, tmp_path: Path) -> None:
    given = pictures(tmp_path / "in", 40)
    outcomes: list[Outcome] = []
    for outcome in workers.run_in_processes(work, given, 2):
        outcomes.append(outcome)
        if len(outcomes) == 5:
            victim = spawned()[0]
            half_written(given[-1], victim)
            os.kill(victim, signal.SIGKILL)
    check(work, outcomes, given)


@pytest.mark.slow
def test_processes_open_checkpoints_of_other_code_bases(tmp_path: Path) -> None:
    network = ganzoo.build("generator:msrresnet", width=4, blocks=1, scale=2)
    torch.nn.init.zeros_(network.conv_last.weight)  # so that it enlarges as interpolation does
    torch.nn.init.zeros_(network.conv_last.bias)
    torch.save({"params": network.state_dict()}, tmp_path / "net.pth")
    work = Work(f"file:{tmp_path / 'net.pth'}", {"device": "cpu", "engine": "torch"}, Settings())
    given = pictures(tmp_path / "in", 3)
    outcomes = list(workers.run_in_processes(work, given, 2))
    assert [outcome.error for outcome in outcomes] == [""] * 3
    assert {decoding.read(job.target).rgb.shape for job in given} == {(36, 40, 3)}


@pytest.mark.slow
def test_a_caller_of_processes_that_stops_leaves_nothing_half_written(work: Work, tmp_path: Path) -> None:
    given = pictures(tmp_path / "in", 40)
    running = workers.run_in_processes(work, given, 2)
    next(running)
    for process in spawned():
        half_written(given[-1], process)
    assert len(unfinished(given)) >= 2
    running.close()
    assert unfinished(given) == []


def spawned() -> list[int]:
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def half_written(job: Job, process: int) -> None:
    """Put there what a process leaves that is killed while it writes a job's result."""
    target = Path(job.target)
    target.with_name(f".{target.name}.{process}.tmp").write_bytes(b"half")


def unfinished(given: list[Job]) -> list[Path]:
    return [path for path in Path(given[0].target).parent.iterdir() if path.suffix == ".tmp"]


# ---- a cluster on loopback


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    """The address of a Dask scheduler."""
    file = tmp_path / "scheduler.json"
    arguments = ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
    with daemon(arguments):
        end = time.monotonic() + 240
        while not file.exists() or not file.read_text().strip().endswith("}"):
            assert time.monotonic() < end
            time.sleep(0.05)
        import json

        yield json.loads(file.read_text())["address"]


class daemon:
    """A process of `dask`, ended with the block."""

    def __init__(self, arguments: list[str], folder: Path | None = None) -> None:
        command = [sys.executable, "-m", "dask", *arguments]
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, cwd=folder, **silent)

    def __enter__(self) -> daemon:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()


def worker(address: str, folder: Path) -> daemon:
    """A worker in a working folder of its own."""
    folder.mkdir()
    quiet = ["--nthreads", "1", "--no-nanny", "--no-dashboard"]
    return daemon(["worker", address, *quiet, "--local-directory", str(folder)], folder)


@pytest.mark.slow
def test_a_killed_worker_loses_nothing_and_nothing_is_written_twice(work: Work, tmp_path: Path, scheduler: str) -> None:
    given = pictures(tmp_path / "in", 40, broken=(4,))
    written: dict[str, int] = {}
    with worker(scheduler, tmp_path / "w1") as first, worker(scheduler, tmp_path / "w2"):
        outcomes = []
        for outcome in run_on_cluster(work, given, scheduler):
            outcomes.append(outcome)
            if not outcome.error:
                written[outcome.job.target] = Path(outcome.job.target).stat().st_ino
            if len(outcomes) == 6:
                first.process.send_signal(signal.SIGKILL)
                half_written(given[-1], first.process.pid)
    check(work, outcomes, given, (4,))
    assert {target: Path(target).stat().st_ino for target in written} == written


@pytest.mark.slow
def test_networks_of_spandrel_enlarge_on_a_cluster_by_relative_paths(
    tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = pictures(tmp_path / "in", 3, broken=(1,))
    architecture = find_architecture("Compact")
    torch.manual_seed(0)
    network = build_network(architecture, "SRVGGNetCompact", {"num_feat": 8, "num_conv": 1, "upscale": 2})
    network.body[-1].weight.data *= 0.01  # what it is before training, the enlarged input: the import checks that
    network.body[-1].bias.data *= 0
    torch.save({"params": network.state_dict()}, tmp_path / "net.pth")
    monkeypatch.chdir(tmp_path)
    relative = [Job(os.path.relpath(job.source), os.path.relpath(job.target)) for job in given]
    work = Work("file:net.pth", {"device": "cpu", "engine": "torch"})
    with worker(scheduler, tmp_path / "w1"):
        outcomes = list(run_on_cluster(work, relative, scheduler))
    assert {one.job for one in outcomes} == set(relative)
    assert [one.job for one in outcomes if one.error] == [relative[1]]
    for job in (relative[0], relative[2]):
        with Image.open(job.target) as enlarged, Image.open(job.source) as source:
            assert enlarged.size == (40, 36)
            alone = ganzoo.load("file:net.pth", "cpu", engine="torch").translate(source)
            assert np.array_equal(np.asarray(enlarged), np.asarray(alone))


# ---- images of any channels


@pytest.fixture
def stacks(tmp_path: Path) -> tuple[Work, list[Job]]:
    """A model of two channels in units, and files with points in time, depth and pixels that are missing."""
    options = {"width": 4, "blocks": 1, "in_channels": 2, "out_channels": 2}
    channels = tuple(Channel(name, "HU", (-1000, 3000), dtype="int16") for name in ("low", "high"))
    network = building.build("generator:resnet", **options)
    raster_model(network, channels, channels, options=options).save(tmp_path / "r")
    (tmp_path / "in").mkdir()
    jobs = []
    for number, name in enumerate(("a.ome.tif", "b.ome.tif", "c.npz", "d.tif", "e.npz")):
        values = np.random.default_rng(number).integers(-900, 2900, (2, 3, 2, 20, 24)).astype(np.int16)
        source = tmp_path / "in" / name
        if "ome" in name:
            words = {"axes": "TZCYX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5, "PhysicalSizeZ": 2.0}
            tifffile.imwrite(source, values, metadata=words, photometric="minisblack")
        elif name == "d.tif":
            nodata = (42113, 2, 6, "-1000", True)
            values[0, 0, :, :4] = -1000
            words = {"photometric": "minisblack", "planarconfig": "separate", "metadata": None}
            tifffile.imwrite(source, values[0, 0], extratags=[nodata], **words)
        else:
            ganzoo.Raster.from_array(values[0, 0], channels=channels).save(source)
        jobs.append(Job(str(source), str(tmp_path / "out" / name)))
    return Work(f"dir:{tmp_path / 'r'}", {"device": "cpu", "engine": "torch"}), jobs


@pytest.mark.slow
def test_rasters_are_the_same_from_one_process_from_two_and_from_a_cluster(
    stacks: tuple[Work, list[Job]], tmp_path: Path, scheduler: str
) -> None:
    work, given = stacks
    into = {
        each: [replace(job, target=str(tmp_path / each / Path(job.target).name)) for job in given] for each in "12c"
    }
    with worker(scheduler, tmp_path / "w1"), worker(scheduler, tmp_path / "w2"):
        outcomes = {
            "1": list(batch_run.run(work, work.open(), into["1"])),
            "2": list(workers.run_in_processes(work, into["2"], 2)),
            "c": list(run_on_cluster(work, into["c"], scheduler)),
        }
    for found in outcomes.values():
        assert sorted((Path(one.job.source).name, one.error) for one in found) == [(name, "") for name in names(given)]
    for name in names(given):
        assert len({unnamed((tmp_path / each / name).read_bytes()) for each in "12c"}) == 1, name
    with tifffile.TiffFile(tmp_path / "2" / "a.ome.tif") as file:
        assert file.series[0].axes == "TZCYX" and file.series[0].shape == (2, 3, 2, 20, 24)
        for words in ('Name="low"', 'Name="high"', 'PhysicalSizeX="0.5"', 'PhysicalSizeZ="2.0"'):
            assert words in (file.ome_metadata or "")
    with raster_files.open_frames(tmp_path / "c" / "d.tif") as frames:
        assert (np.asarray(frames[0])[:, :4] == -1000).all() and not frames[0].mask[:, :4].any()


def unnamed(file: bytes) -> bytes:
    """Return an OME-TIFF without the identifier that is its own."""
    return re.sub(rb"urn:uuid:[0-9a-f-]{36}", b"", file)


def names(given: list[Job]) -> list[str]:
    return [Path(job.source).name for job in given]


# ---- no cluster


def test_a_cluster_that_is_none_is_reported(work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganzoo.batch.cluster.PATIENCE", 1)
    for address in ("tcp://127.0.0.1:9", "nonsense://x"):
        with pytest.raises(OptionError, match=f"No Dask scheduler answers at '{address}'"):
            list(run_on_cluster(work, pictures(tmp_path / address.partition(":")[0], 1), address))


def test_a_cluster_without_dask_is_reported_what_installs_it(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingPackage, match=r"A cluster needs Dask.*pip install 'ganzoo-core\[cluster\]'"):
        list(run_on_cluster(work, pictures(tmp_path / "in", 1), "tcp://127.0.0.1:1"))


def test_a_cluster_without_workers_is_reported(
    work: Work, tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganzoo.batch.cluster.PATIENCE", 1)
    with pytest.raises(OptionError, match="has no workers"):
        list(run_on_cluster(work, pictures(tmp_path / "in", 1), scheduler))


@pytest.mark.slow
def test_a_caller_that_stops_ends_the_processes(work: Work, tmp_path: Path) -> None:
    given = pictures(tmp_path / "in", 300)
    running = workers.run_in_processes(work, given, 2)
    next(running)
    began = time.monotonic()
    running.close()
    done = len(list((tmp_path / "out").iterdir()))
    time.sleep(1)
    assert time.monotonic() - began < 60 and len(list((tmp_path / "out").iterdir())) <= done + 2 < 300
