"""The processes that train one run together, started by torchrun; a single process communicates with nobody."""

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
    """This process's rank among all of them, and their communication.

    All processes must call the methods that communicate, in the same order.

    Attributes:
        rank: 0 for the process that writes files and shows progress.
        count: Number of processes.
        local_rank: Rank on this machine, the index of its GPU.

    Raises:
        TrainingError: From every method that communicates, when another process ended.
    """

    rank: int = 0
    count: int = 1
    local_rank: int = 0

    @property
    def leads(self) -> bool:
        """Whether this process writes files and shows progress."""
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
        for group in by_type.values():  # one message each: latency costs more than a copy
            flat = torch.cat([tensor.reshape(-1) for tensor in group])
            with _communicating():
                distributed.all_reduce(flat)
            flat /= self.count
            means = torch.split(flat, [tensor.numel() for tensor in group])
            for tensor, mean in zip(group, means, strict=True):
                tensor.copy_(mean.view(tensor.shape))

    def gathered(self, rows: Tensor) -> Tensor:
        """Return the rows (N, ...) of all processes by rank, (count * N, ...), without gradient."""
        if self.count == 1:
            return rows.detach()
        import torch
        from torch import distributed

        rows = rows.detach().contiguous()
        parts = [torch.empty_like(rows) for _ in range(self.count)]
        with _communicating():
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

        raised = torch.tensor([int(flag)])  # on the CPU: no waiting for a GPU
        with _communicating():
            distributed.all_reduce(raised)
        return bool(raised.item())

    def collect(self, value: Any) -> list[Any]:
        """Return the values of all processes, by rank."""
        if self.count == 1:
            return [value]
        from torch import distributed

        values: list[Any] = [None] * self.count
        with _communicating():
            distributed.all_gather_object(values, value)
        return values

    def broadcast(self, value: Any) -> Any:
        """Return the value of the process with rank 0."""
        return self.collect(value if self.leads else None)[0]


ALONE = Processes()
_JOINS = count()  # how often this process has joined the others, the same number in each


def launched() -> bool:
    """Tell whether torchrun or a similar launcher started this process."""
    return all(name in os.environ for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"))


@contextmanager
def joined() -> Iterator[Processes]:
    """Join the processes that torchrun started within the block, over gloo on CPUs and NCCL on GPUs."""
    if not launched() or os.environ["WORLD_SIZE"] == "1":
        yield ALONE
        return
    import torch
    from torch import distributed

    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    store, rank, size = _rendezvous()
    # With a new prefix each time: otherwise a second join would find old addresses and hang.
    store = distributed.PrefixStore(f"ganzoo-{next(_JOINS)}", store)  # type: ignore[attr-defined]
    with _communicating():
        distributed.init_process_group(backend, store=store, rank=rank, world_size=size)
    try:
        local = int(os.environ.get("LOCAL_RANK", "0"))
        yield Processes(rank, size, local)
    finally:
        distributed.destroy_process_group()


@contextmanager
def _communicating() -> Iterator[None]:
    """Replace torch's long error by a sentence when another process is gone."""
    try:
        yield
    except RuntimeError as error:
        raise TrainingError(
            "Another process of this run ended, and this one cannot continue alone. "
            "Read its error message, then resume."
        ) from error


@cache
def _rendezvous() -> tuple[Any, int, int]:
    """Return the store through which processes find each other, this one's rank, and their number."""
    from torch import distributed

    found: tuple[Any, int, int] = next(distributed.rendezvous("env://"))  # type: ignore[attr-defined]
    return found
