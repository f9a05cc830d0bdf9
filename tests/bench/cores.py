"""Which cores the server, its client and everybody else get while latency is measured."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import process


@dataclass(frozen=True)
class Seating:
    """Cores of ``server``: the processes that answer; of ``client``: who asks; of ``others``: all else."""

    title: str
    server: Sequence[int]
    client: Sequence[int]
    others: Sequence[int]


SHARED = Seating("cores shared", process.SERVER_CORES, process.CLIENT_CORES, process.ALL_CORES)
"""Who registers takes of both cores, the server's and the client's."""
APART = Seating(
    "cores apart",
    process.SERVER_CORES,
    process.CLIENT_CORES if len(process.ALL_CORES) > 2 else process.SERVER_CORES,
    process.ALL_CORES[2:] or process.OTHER_CORES,
)
"""Who registers has cores of its own: what is slower then is the server's own doing, not the want of a core."""

SEATINGS = (SHARED, APART) if len(process.ALL_CORES) > 1 else (SHARED,)


@contextmanager
def seated(seating: Seating, pids: Collection[int], but: Collection[int]) -> Iterator[None]:
    """These processes ``but`` for some, and our thread with all that it starts, on the cores of the others."""
    others = set(pids) - set(but)
    process.pin(others, seating.others)
    try:
        with process.running_on(seating.others):
            yield
    finally:
        process.pin(others, process.ALL_CORES)
