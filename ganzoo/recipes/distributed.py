"""The processes that train one run together, started by torchrun; a process alone sends nothing anywhere."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any

from ganzoo.errors import TrainingError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Processes:
    """This process's place among all of them, and what they tell one another.

    Every method that talks must be called by all processes, in the same order, and raises TrainingError in those
    that are left when one ends.
    rank        0 for the one that writes files and shows progress
    local_rank  the place on this machine, which is the number of its GPU
    """

    rank: int = 0
    count: int = 1
    local_rank: int = 0

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def average(self, tensors: Iterable[Tensor]) -> None:
        """Replace each tensor by its mean over all processes."""
        if self.count == 1:
            return
        import torch
        from torch import distributed

        by_type: dict[tuple[Any, Any], list[Tensor]] = {}
        for tensor in tensors:
            by_type.setdefault((tensor.dtype, tensor.device), []).append(tensor)
        for group in by_type.values():  # one message each: latency counts for more than a copy
            flat = torch.cat([tensor.reshape(-1) for tensor in group])
            with _talking():
                distributed.all_reduce(flat)
            flat /= self.count
            means = torch.split(flat, [tensor.numel() for tensor in group])
            for tensor, mean in zip(group, means, strict=True):
                tensor.copy_(mean.view(tensor.shape))

    def gathered(self, rows: Tensor) -> Tensor:
        """Return (count * N, ...): the rows (N, ...) of all processes, in their order, without gradient."""
        if self.count == 1:
            return rows.detach()
        import torch
        from torch import distributed

        rows = rows.detach().contiguous()
        parts = [torch.empty_like(rows) for _ in range(self.count)]
        with _talking():
            distributed.all_gather(parts, rows)
        return torch.cat(parts)

    def own(self, rows: Tensor) -> Tensor:
        """Return this process's N rows of (count * N, ...)."""
        size = len(rows) // self.count
        return rows[self.rank * size : (self.rank + 1) * size]

    def any(self, flag: bool) -> bool:
        """Tell whether ``flag`` is set in any process."""
        if self.count == 1:
            return flag
        import torch
        from torch import distributed

        raised = torch.tensor([int(flag)])  # on the CPU: a GPU's queue need not be waited for
        with _talking():
            distributed.all_reduce(raised)
        return bool(raised.item())

    def collect(self, value: Any) -> list[Any]:
        """Return what every process has handed in, in their order."""
        if self.count == 1:
            return [value]
        from torch import distributed

        values: list[Any] = [None] * self.count
        with _talking():
            distributed.all_gather_object(values, value)
        return values

    def broadcast(self, value: Any) -> Any:
        """Return the value that the leading process has handed in."""
        return self.collect(value if self.leads else None)[0]


ALONE = Processes()
_JOINS = count()  # how often this process has joined others, as each of them has


def launched() -> bool:
    """Tell whether torchrun, or a launcher like it, started this process as one of several."""
    return all(name in os.environ for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"))


@contextmanager
def joined() -> Iterator[Processes]:
    """Within the block this process belongs to all that torchrun started: over gloo on CPUs, NCCL on GPUs."""
    if not launched() or os.environ["WORLD_SIZE"] == "1":
        yield ALONE
        return
    import torch
    from torch import distributed

    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    store, rank, size = _meeting_place()
    # Under a name of its own: who joins again would find the addresses that are left of the last time, and hang.
    store = distributed.PrefixStore(f"ganzoo-{next(_JOINS)}", store)  # type: ignore[attr-defined]
    with _talking():
        distributed.init_process_group(backend, store=store, rank=rank, world_size=size)
    try:
        local = int(os.environ.get("LOCAL_RANK", "0"))
        yield Processes(rank, size, local)
    finally:
        distributed.destroy_process_group()


@contextmanager
def _talking() -> Iterator[None]:
    """Say in a sentence what torch says in many when a process is gone that others wait for."""
    try:
        yield
    except RuntimeError as error:
        raise TrainingError(
            "Another process of this run ended, and this one cannot go on alone. See what that one said, then resume."
        ) from error


@cache
def _meeting_place() -> tuple[Any, int, int]:
    """Return the store in which processes find one another, this one's rank, and their number."""
    from torch import distributed

    found: tuple[Any, int, int] = next(distributed.rendezvous("env://"))  # type: ignore[attr-defined]
    return found
