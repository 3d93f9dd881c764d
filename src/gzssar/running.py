"""How long work runs: callables that are told how far it is, and the limit to one thread.

One thread gives equal numbers whatever the machine's load, and seeds side by side that do not crowd each other.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit torch, BLAS and OpenMP to one thread inside the block (or the decorated function); restore them after.

    The products here are too small to gain from more. The limits are the process's: of blocks that overlap in several
    threads, the first sets them and the last lifts them.
    """
    _enter()
    try:
        yield
    finally:
        _leave()


_lock = threading.Lock()
_inside = 0
_lift: Callable[[], None] | None = None


def _enter() -> None:
    global _inside, _lift
    import torch

    with _lock:
        _inside += 1
        if _inside == 1:
            before, limits = torch.get_num_threads(), _libraries(len(sys.modules)).limit(limits=1)
            torch.set_num_threads(1)

            def lift() -> None:
                limits.restore_original_limits()
                torch.set_num_threads(before)

            _lift = lift


@lru_cache(maxsize=1)
def _libraries(modules: int) -> "ThreadpoolController":
    """The libraries with a thread pool, looked for anew (some 7 ms) only after a module was imported."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _leave() -> None:
    global _inside
    with _lock:
        _inside -= 1
        if not _inside and _lift is not None:
            _lift()


Steps = Callable[[int, int], None]
"""Told (done, total) steps."""


Progress = Callable[[str, int, int], None]
"""Told (what, done, total)."""
