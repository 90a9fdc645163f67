"""Many pictures in several processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

from ganzoo.batch.run import Job, Outcome, Work, do
from ganzoo.files import atomic
from ganzoo.loading.model import Model

_model: Model  # of a process that works


def run_in_processes(work: Work, jobs: Sequence[Job], processes: int) -> Iterator[Outcome]:
    """Do the jobs in ``processes`` processes, each with its own model and share of the cores; yield as they are done.

    Where a process dies, what was not done is done again by new ones; a job that kills its process when it is alone
    with it has failed.
    """
    remaining = dict.fromkeys(jobs)
    while remaining:
        before = len(remaining)
        for outcome in _round(work, list(remaining), min(processes, before)):
            del remaining[outcome.job]
            yield outcome
        if len(remaining) == before:  # all died before anything was done: find out whose fault it is
            for job in list(remaining):
                del remaining[job]
                yield from list(_round(work, [job], 1)) or [Outcome(job, f"{job.source}: {DIED}")]


DIED = "the process that worked on it died. If memory ran out, give --max-memory or fewer --jobs."


def _round(work: Work, jobs: Sequence[Job], processes: int) -> Iterator[Outcome]:
    """Yield what is done until all is, or a process died."""
    with _threads(processes):
        pool = ProcessPoolExecutor(
            processes, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(work,)
        )
        waiting = [pool.submit(_do, work, job) for job in jobs]
    at_work = list((pool._processes or {}).values())
    try:
        yield from _results(waiting)
    except BaseException:  # Ctrl-C, or a caller who has had enough: what is at work would go on to its end
        for process in at_work:
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        atomic.remove_unfinished((Path(job.target) for job in jobs), [process.pid or 0 for process in at_work])


@contextmanager
def _threads(processes: int) -> Iterator[None]:
    """Give processes that are started within a share of the cores each, unless the user has said how many."""
    if "OMP_NUM_THREADS" in os.environ:
        yield
        return
    os.environ["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // processes))
    try:
        yield
    finally:
        del os.environ["OMP_NUM_THREADS"]


def _results(waiting: list[Future[Outcome]]) -> Iterator[Outcome]:
    for future in as_completed(waiting):
        try:
            yield future.result()
        except BrokenProcessPool:
            continue


def _begin(work: Work) -> None:
    global _model
    _model = work.open()


def _do(work: Work, job: Job) -> Outcome:
    return do(work, _model, job)
