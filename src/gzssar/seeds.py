"""Runs seeds one after the other, or several at once on cores of their own."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any

from gzssar.errors import OutputError
from gzssar.evaluation.record import SeedRecord
from gzssar.progress import Progress


def run_seeds(
    one: Callable[..., SeedRecord], experiment: Any, seeds: Sequence[int], jobs: int, progress: Progress | None
) -> Iterator[SeedRecord]:
    """Yield each seed's record as soon as it is there.

    Args:
        one: runs a seed: (experiment, seed, progress) → record.
        experiment: what to run; with several jobs it must pickle.
        seeds: which seeds.
        jobs: how many to run at once; each has one thread.
        progress: told how far the running seed is, or with several jobs how many are done.
    """
    if jobs == 1:
        for seed in seeds:
            yield one(experiment, seed, progress)
        return
    workers = min(jobs, max(len(seeds), 1))
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=_start, initargs=(one, experiment)) as pool:
        pending = [pool.submit(_run, seed) for seed in seeds]
        try:
            for done, future in enumerate(as_completed(pending), start=1):
                yield future.result()
                if progress:
                    progress("seeds", done, len(seeds))
        except BrokenProcessPool as error:
            raise OutputError(
                "a worker process ended before its seed was done (out of memory?): run the same command again, with "
                "fewer --jobs; finished seeds are kept."
            ) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


_worker: dict[str, Any] = {}


def _start(one: Callable[..., SeedRecord], experiment: Any) -> None:
    """In a fresh worker: keep the experiment, which travels once and not with every seed."""
    _worker.update(one=one, experiment=experiment)


def _run(seed: int) -> SeedRecord:
    record: SeedRecord = _worker["one"](_worker["experiment"], seed)
    return record
