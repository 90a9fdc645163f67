"""Why a worker process ended, in words.

A spawned process imports the script that started it. A script without a main guard trains again there: such a process
ends itself, by an exit code of its own.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Iterable

from ganzoo.errors import TrainingError

UNGUARDED = 86  # exit code of a process in which a script without a main guard began to train
_GUARD = "Put what it does below `if __name__ == '__main__':`, or train with workers=0 where all images fit in memory."


def leave_if_imported() -> None:
    """End a process that is still importing the script of its parent. Call this where training begins."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):  # which multiprocessing asks itself
        sys.exit(UNGUARDED)


def unguarded(codes: Iterable[int | None]) -> TrainingError | None:
    """Return the error for a script without a main guard, if an exit code tells of one."""
    if UNGUARDED not in codes:
        return None
    return TrainingError(
        "The script that trains has no main guard: each process that decodes images imported it and began to train "
        f"again. {_GUARD}"
    )


def explain(codes: Iterable[int | None], deaths: int, step: int) -> TrainingError:
    """Return the error for workers that died ``deaths`` times in a row before ``step``, by their exit codes."""
    begun = f"The processes that decode images died {deaths} times in a row at step {step}"
    failed = sorted({code for code in codes if code is not None and code > 0})
    if failed:
        return TrainingError(
            f"{begun}, with exit code {failed[0]}: above is what they printed. Each imports the script that trains. "
            f"{_GUARD}"
        )
    return TrainingError(
        f"{begun}: the system may have too little memory for them. Start again with fewer workers, or with none."
    )
