"""Many images on many machines, with Dask distributed (https://distributed.dask.org)."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.batch.jobs import Job, Outcome, Work
from ganzoo.batch.run import do
from ganzoo.errors import MissingPackage, OptionError
from ganzoo.files import atomic
from ganzoo.version import __version__

if TYPE_CHECKING:
    from ganzoo.loading.model import Model

PATIENCE = 20  # seconds for the scheduler to answer, and for the first worker to come
RETRIES = 2  # of a job whose error may go away
_models: dict[str, Model] = {}  # of a worker process
_lock = threading.Lock()  # a worker may have several threads, an engine serves one at a time


@dataclass(frozen=True)
class Task:
    """A job, and when its target was last written before the work began; None if it did not exist."""

    job: Job
    before: int | None


class TemporaryFailure(Exception):
    """A job failed with an error that may go away, such as a file system that did not answer."""


def run_on_cluster(work: Work, jobs: Sequence[Job], address: str) -> Iterator[Outcome]:
    """Do the jobs on the workers of the Dask scheduler at ``address``; yield outcomes as they arrive.

    All machines must see the same files and have this version of ganzoo. Every worker loads the model once. If a
    worker dies, another one does its job. Results appear whole, and one that was written already is not written again.

    Raises:
        OptionError: no scheduler answers, or no worker fits.
    """
    client = _connect(address)
    try:
        _check(client)
        from distributed import as_completed

        tasks = [Task(job.anywhere(), _written(job.target)) for job in jobs]
        futures = client.map(_do, tasks, work=work.anywhere(), pure=False, retries=RETRIES, batch_size=1000)
        try:
            jobs_by_key = {future.key: job for future, job in zip(futures, jobs, strict=True)}
            for future in as_completed(futures, loop=client.loop):
                yield _outcome(future, jobs_by_key[future.key])
            atomic.remove_unfinished(Path(job.target) for job in jobs)  # by workers that died
        finally:
            client.cancel(futures)
    finally:
        client.close()


def _connect(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingPackage.of("A cluster", "Dask", "cluster") from error
    try:
        return Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:  # TypeError: an address of another kind
        raise OptionError(
            f"No Dask scheduler answers at '{address}'. `dask scheduler` starts one and prints its address, for "
            "example tcp://10.0.0.1:8786."
        ) from error


def _check(client: Any) -> None:
    """Wait for a worker, and check that all have this version of ganzoo."""
    end = time.monotonic() + PATIENCE
    while not client.scheduler_info(n_workers=-1)["workers"]:
        if time.monotonic() > end:
            raise OptionError("The cluster has no workers. `dask worker ADDRESS` starts one.")
        time.sleep(0.2)
    found = client.run(_version, on_error="return")
    for worker, version in found.items():
        if version != __version__:
            what = f"ganzoo {version}" if isinstance(version, str) else "no ganzoo that can be imported"
            raise OptionError(
                f"The worker {worker} has {what}, this machine {__version__}. Install the same version there."
            )


def _version() -> str:
    return __version__


def _do(task: Task, work: Work) -> Outcome:
    """Do a job on a worker. Raises TemporaryFailure if another try may succeed."""
    job = task.job
    with _lock:
        if task.before != _written(job.target):  # by a worker that died before it could report it
            return Outcome(job)
        key = repr((work.ref, sorted(work.load.items(), key=str)))
        if key not in _models:
            _models.clear()  # there is memory for one
            _models[key] = work.open()
        outcome = do(work, _models[key], job)
    if outcome.passing:
        raise TemporaryFailure(outcome.error)
    return outcome


def _outcome(future: Any, job: Job) -> Outcome:
    if future.status == "finished":
        outcome: Outcome = future.result()
        return dataclasses.replace(outcome, job=job)
    error = future.exception()
    return Outcome(
        job, str(error) if isinstance(error, TemporaryFailure) else f"{job.source}: {type(error).__name__}: {error}"
    )


def _written(path: str) -> int | None:
    try:
        return Path(path).stat().st_mtime_ns
    except OSError:
        return None
