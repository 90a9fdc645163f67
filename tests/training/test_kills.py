"""A run that is killed again and again, at any moment, ends in the very bits of one that was left alone."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from launched import below, complete, end_of, kill, launched, linux, wait_for
from training_cases import Watcher, make_data, train

from ganzoo.errors import TrainingError
from tests.training.test_resume import assert_same_run

pytestmark = linux

KILLS = 10
STEPS = 3 * (KILLS + 1)
KINDS = ["start-up"] * 2 + ["any"] * 4 + ["checkpoints"] * 2 + ["samples"] * 2  # what a kill is meant to hit
# All that a run can have to remember: averages, pool, dropout, crops and flips, other draws, a falling learning rate.
ARGUMENTS = f"""
    --steps {STEPS} --batch-size 2 --seed 3 --device cpu --ema 0.9 --validation 0.3
    --log-every 1 --sample-every 3 --checkpoint-every 2
    --set image_size=16 --set pool_size=3 --set identity_weight=0.5 --set schedule=linear
    --set augment=color,translation,cutout --set clip_norm=5
    --set generator.width=4 --set generator.blocks=1 --set generator.dropout=true
    --set discriminator.width=4 --set discriminator.receptive_field=16
""".split()


class Victim:
    """A run that is started, killed, and resumed, always by the same number of processes."""

    def __init__(self, folder: Path, name: str, processes: int) -> None:
        self.data, self.run, self.log = make_data(folder, "unpaired"), folder / name, folder / f"{name}.log"
        self.processes = processes

    @property
    def command(self) -> list[str]:
        """What goes on with the run, or begins it where it has not even been written down."""
        if (self.run / "run.json").exists():
            return ["-m", "ganzoo", "train", "--resume", str(self.run)]
        return ["-m", "ganzoo", "train", "cyclegan", str(self.data), "-o", str(self.run), *ARGUMENTS]

    def complete(self) -> None:
        """Go on to the end."""
        assert complete(self.log, *self.command, processes=self.processes) == 0, self.log.read_text()

    def start(self):
        """Go on for a while: a context manager that gives the process, and kills it at the end."""
        return launched(self.log, *self.command, processes=self.processes)

    @property
    def metrics(self) -> Path:
        return self.run / "metrics.jsonl"

    def steps(self) -> int:
        """Return how many steps are logged."""
        return self.metrics.read_bytes().count(b"\n") if self.metrics.exists() else 0

    def changes(self) -> tuple[int, ...]:
        """Return what is another as soon as a start, which cuts the log to its checkpoint, has come to its steps."""
        if not self.metrics.exists():
            return ()
        found = self.metrics.stat()
        return found.st_ino, found.st_mtime_ns

    def half_written(self, folder: str) -> bool:
        """Tell whether a file is being written there."""
        path = self.run / folder
        return path.exists() and any(name.endswith(".tmp") for name in os.listdir(path))

    def await_moment(self, kind: str, chance: random.Random, last_step: int, start_up: float) -> None:
        """Return at a random moment of a kind, at the latest when ``last_step`` is done."""
        seconds, some = chance.uniform(0, start_up if kind == "start-up" else 0.6), chance.randint(0, 2)
        if kind != "start-up":
            before = self.changes()
            wait_for(lambda: self.changes() != before)
        end, some = time.monotonic() + seconds, self.steps() + some
        if kind in ("start-up", "any"):
            self.until(lambda: time.monotonic() > end, last_step)
        else:
            self.until(lambda: self.steps() >= some, last_step)
            self.until(lambda: self.half_written(kind), last_step, pause=0.0)

    def until(self, happened: Callable[[], bool], last_step: int, pause: float = 0.001) -> None:
        wait_for(lambda: happened() or self.steps() >= last_step, pause)

    def left(self) -> str:
        """Describe what a kill has left."""
        unfinished = [path.name for path in self.run.rglob(".*.tmp")]
        return f"{self.steps()} steps logged, newest checkpoint {self.newest()}, unfinished: {unfinished}"

    def newest(self) -> str:
        return max((path.name for path in (self.run / "checkpoints").glob("step-*.pt")), default="none")


def strike(process: subprocess.Popen[bytes], log: Path, one_only: bool, chance: random.Random) -> None:
    """SIGKILL a process and all below it; or ``one_only`` of torchrun's workers, and torchrun must end the others."""
    workers = below(process.pid) if one_only else []
    if workers:
        os.kill(chance.choice(workers), signal.SIGKILL)
        assert end_of(process, log) != 0
        assert below(process.pid) == []
    kill(process)


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], tuple[Path, float]]:
    """Return, for a number of processes, a run that was left alone, and the seconds it took to its first step."""
    done: dict[int, tuple[Path, float]] = {}

    def find(processes: int) -> tuple[Path, float]:
        if processes not in done:
            victim, began = Victim(tmp_path_factory.mktemp("straight"), "run", processes), time.monotonic()
            with victim.start() as process:
                wait_for(lambda: process.poll() is not None or victim.steps() > 0)
                start_up = time.monotonic() - began
                assert end_of(process, victim.log) == 0, victim.log.read_text()
            done[processes] = victim.run, start_up
        return done[processes]

    return find


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.slow
def test_killed_ten_times_at_random_equals_left_alone(tmp_path: Path, straight, processes: int) -> None:
    alone, start_up = straight(processes)
    seed = random.SystemRandom().randrange(10**6)
    print(f"the moments are drawn with seed {seed}")
    chance, victim = random.Random(seed), Victim(tmp_path, "killed", processes)
    kinds, one_only = chance.sample(KINDS, KILLS), [processes > 1 and n % 3 == 0 for n in range(KILLS)]
    for number, kind in enumerate(kinds):
        with victim.start() as process:
            victim.await_moment(kind, chance, 3 * (number + 1), start_up)
            assert process.poll() is None, f"ended by itself: {victim.log.read_text()}"
            strike(process, victim.log, one_only[number], chance)
        print(f"{number}: {'one process' if one_only[number] else 'all'}, aimed at {kind}: {victim.left()}")
    assert victim.newest() < f"step-{STEPS:08d}.pt"
    victim.complete()
    assert_same_run(alone, victim.run, STEPS)
    assert not list(victim.run.rglob(".*.tmp"))


@pytest.mark.slow
def test_several_processes_stop_at_a_signal_and_lose_nothing(tmp_path: Path, straight) -> None:
    """Systemd, Slurm and containers ask every process, and torchrun passes on what it was asked itself."""
    alone, _ = straight(2)
    victim = Victim(tmp_path, "stopped", 2)
    with victim.start() as process:
        wait_for(lambda: victim.steps() >= 7)
        requested = [*below(process.pid), process.pid]
        for pid in requested:
            os.kill(pid, signal.SIGTERM)
        assert end_of(process, victim.log) != 0
    said = victim.log.read_text()
    assert "Error: Stopped by SIGTERM after step" in said
    last = json.loads(victim.metrics.read_text().splitlines()[-1])["step"]
    assert last < STEPS and victim.newest() == f"step-{last:08d}.pt", said
    victim.complete()
    assert_same_run(alone, victim.run, STEPS)


# The leading process is asked to stop after step 2, and then takes its time to save.
ASKED = """
import os, sys, time
from pathlib import Path
from training_cases import Watcher, train
from ganzoo.training import checkpoint

save, leads = checkpoint.save, os.environ["RANK"] == "0"

def slowly(*arguments, **options):
    time.sleep(5)  # longer than another process takes to end, and torchrun to notice
    return save(*arguments, **options)

checkpoint.save = slowly
reporter = Watcher(stop_at=2) if leads else None
train("dcgan", Path(sys.argv[1]), batch_size=2, checkpoint_every=99, validation=0.0, reporter=reporter)
"""


def test_a_second_sigterm_is_as_patient_as_the_first(tmp_path: Path) -> None:
    """Slurm and systemd ask every process, and torchrun asks its workers again."""

    class Asked(Watcher):
        def step(self, step: int, losses: Mapping[str, float] | None) -> None:
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(TrainingError, match="Stopped by SIGTERM after step 1; nothing is lost"):
        train("dcgan", tmp_path, validation=0.0, reporter=Asked())
    assert (tmp_path / "run" / "checkpoints" / "step-00000001.pt").exists()


@pytest.mark.slow
def test_no_process_leaves_before_the_checkpoint_is_whole(tmp_path: Path) -> None:
    """Torchrun ends the others as soon as one has failed, as a stopped one has: by a second signal to the leader."""
    make_data(tmp_path, "images")
    (tmp_path / "asked.py").write_text(ASKED)
    log = tmp_path / "log.txt"
    assert complete(log, tmp_path / "asked.py", tmp_path, processes=2) != 0
    checkpoints = tmp_path / "run" / "checkpoints"
    assert checkpoints.exists(), log.read_text()
    assert [path.name for path in checkpoints.iterdir()] == ["step-00000002.pt"], log.read_text()
