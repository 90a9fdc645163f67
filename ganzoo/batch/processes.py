"""Many images in several processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

from ganzoo.batch.jobs import Job, Outcome, Work
from ganzoo.batch.run import do
from ganzoo.files import atomic
from ganzoo.loading.model import Model

_model: Model  # of a worker process


def run_in_processes(work: Work, jobs: Sequence[Job], processes: int) -> Iterator[Outcome]:
    """Do the jobs in ``processes`` processes, each with its own model and share of the cores; yield outcomes.

    If a process dies, new ones do the remaining jobs. A job that kills a process of its own has failed.
    """
    remaining = dict.fromkeys(jobs)
    while remaining:
        before = len(remaining)
        for outcome in _round(work, list(remaining), min(processes, before)):
            del remaining[outcome.job]
            yield outcome
        if len(remaining) == before:  # all died before anything was done: find the job that kills them
            for job in list(remaining):
                del remaining[job]
                yield from list(_round(work, [job], 1)) or [Outcome(job, f"{job.source}: {DIED}")]


DIED = "the process that worked on it died. If memory ran out, set --max-memory or fewer --jobs."


def _round(work: Work, jobs: Sequence[Job], processes: int) -> Iterator[Outcome]:
    """Yield outcomes until all jobs are done or a process died."""
    with _share_cores(processes):
        pool = ProcessPoolExecutor(
            processes, multiprocessing.get_context("spawn"), initializer=_load_model, initargs=(work,)
        )
        futures = [pool.submit(_do, work, job) for job in jobs]
    workers = list((pool._processes or {}).values())
    try:
        yield from _results(futures)
    except BaseException:  # Ctrl-C, or a caller that stops early: running jobs would go on to their end
        for process in workers:
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        atomic.remove_unfinished((Path(job.target) for job in jobs), [process.pid or 0 for process in workers])


@contextmanager
def _share_cores(processes: int) -> Iterator[None]:
    """Give each process that starts within the block its share of the cores, unless the user set OMP_NUM_THREADS."""
    if "OMP_NUM_THREADS" in os.environ:
        yield
        return
    os.environ["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // processes))
    try:
        yield
    finally:
        del os.environ["OMP_NUM_THREADS"]


def _results(futures: list[Future[Outcome]]) -> Iterator[Outcome]:
    for future in as_completed(futures):
        try:
            yield future.result()
        except BrokenProcessPool:
            continue


def _load_model(work: Work) -> None:
    global _model
    _model = work.open()


def _do(work: Work, job: Job) -> Outcome:
    return do(work, _model, job)
