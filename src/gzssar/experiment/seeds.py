"""Runs seeds, or other pieces of work, one after the other, or several at once on cores of their own."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import Any, TypeVar

from gzssar.errors import OutputError
from gzssar.running import Progress

Done = TypeVar("Done")


def run_seeds(
    one: Callable[..., Done],
    experiment: Any,
    seeds: Sequence[int],
    jobs: int,
    progress: Progress | None,
    what: str = "seed",
) -> Iterator[Done]:
    """Yield each seed's record as soon as it is there.

    Args:
        one: runs a seed: (experiment, seed, progress) → record.
        experiment: what to run; with several jobs it must pickle.
        seeds: which seeds.
        jobs: how many to run at once; each has one thread.
        progress: told how far the running seed is, or with several jobs how many are done.
        what: is numbered so, where it is no seed.
    """
    if jobs == 1:
        for seed in seeds:
            yield one(experiment, seed, progress)
        return
    workers = min(jobs, max(len(seeds), 1))
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_start, initargs=(one, experiment))
    try:
        for done, record in enumerate(_as_done(pool, seeds, workers), start=1):
            yield record
            if progress:
                progress(f"{what}s", done, len(seeds))
    except BrokenProcessPool as error:
        raise OutputError(
            f"a worker process ended before its {what} was done (out of memory?): run the same command again, with "
            f"fewer --jobs; finished {what}s are kept."
        ) from error
    finally:
        _end(pool)


def _as_done(pool: ProcessPoolExecutor, seeds: Sequence[int], workers: int) -> Iterator[Any]:
    """Hand a worker its next seed only when it is free, so that none waits in line when the pool is ended."""
    waiting = iter(seeds)
    running: set[Future[Any]] = set()
    while True:
        while len(running) < workers and (seed := next(waiting, None)) is not None:
            running.add(pool.submit(_run, seed))
        if not running:
            return
        finished, running = wait(running, return_when=FIRST_COMPLETED)
        for future in finished:
            yield future.result()


def _end(pool: ProcessPoolExecutor) -> None:
    """End the workers at once: what they have not finished is run again by the next call."""
    processes = list((pool._processes or {}).values())  # the executor has no public way to end a task that runs
    for process in processes:
        process.terminate()
    pool.shutdown(wait=True, cancel_futures=True)


_worker: dict[str, Any] = {}


def _start(one: Callable[..., Any], experiment: Any) -> None:
    """In a fresh worker: keep the experiment, which travels once and not with every seed; die with the parent."""
    _worker.update(one=one, experiment=experiment)
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    parent = parent_process()
    assert parent is not None  # this is a child
    parent.join()
    os._exit(1)


def _run(seed: int) -> Any:
    return _worker["one"](_worker["experiment"], seed)
