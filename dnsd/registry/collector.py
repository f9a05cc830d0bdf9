"""The garbage collector while a registry is loaded: it would walk all that was built again and again.

Measured with 100,000 endpoints: 1.6 s of a load of 8.5 s, and the loop held for 0.5 s at a time.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def resting_collector() -> Iterator[None]:
    """Collect nothing inside, and leave what was built out of later walks."""
    gc.unfreeze()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def collect_replaced() -> None:
    """Free what was swapped out, cycles and all, before the rest is left out of later walks."""
    gc.collect()
