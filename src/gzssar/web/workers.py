"""Threads that do the work: so many at once, so many waiting, none for longer than its time, none for who has left."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Scope

from gzssar.web.limits import Limits

T = TypeVar("T")
Check = Callable[[], None]
"""Work calls it between its steps; it raises where nobody waits for the answer any more."""

CLIENT_LEFT = 499


class _Abandoned(Exception):
    """Nobody waits for this any more."""


class Workers:
    """A bounded pool of threads.

    A thread cannot be ended from outside: work that is too slow keeps its place until its next step, so that there are
    never more threads than places.
    """

    def __init__(self, limits: Limits, advice: str = "send a shorter clip, or fewer classes") -> None:
        """
        Args:
            limits: how many at once, how many waiting, how long.
            advice: what to do where the work is too slow.
        """
        self._limits, self._advice = limits, advice
        self._pool: ThreadPoolExecutor | None = None
        self._places = threading.Semaphore(limits.workers + limits.queue)

    async def run(self, request: Request, work: Callable[[Check], T]) -> T:
        """Do `work` in a thread, while this request's client waits.

        Raises:
            HTTPException: 503 where too many wait already or no worker had time, 504 where the work is too slow.
        """
        if not self._places.acquire(blocking=False):
            raise busy()
        abandoned = threading.Event()

        def check() -> None:
            if abandoned.is_set():
                raise _Abandoned

        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._limits.workers, thread_name_prefix="gzssar")
        job = self._pool.submit(work, check)
        job.add_done_callback(lambda _: self._places.release())
        answer = asyncio.wrap_future(job)
        leaving = asyncio.ensure_future(_until_gone(request))
        try:
            either: set[asyncio.Future[Any]] = {answer, leaving}
            await asyncio.wait(either, timeout=self._left(request.scope), return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                return answer.result()
            if leaving.done():
                raise HTTPException(CLIENT_LEFT, "the client left before its answer was ready.")
            if not job.running():
                raise busy()
            most = f"{self._limits.time_limit_s:g} s"
            raise HTTPException(504, f"the answer should take at most {most}, but it is not ready: {self._advice}.")
        finally:
            leaving.cancel()
            if not answer.done():
                abandoned.set()
                answer.cancel()  # takes work that still waits out of the queue

    def _left(self, scope: Scope) -> float:
        """Seconds until a request must be answered, counted from the first of its pieces of work."""
        now = time.monotonic()
        answer_by: float = scope.setdefault("gzssar.answer_by", now + self._limits.time_limit_s)
        return max(0.0, answer_by - now)

    def close(self) -> None:
        """Drop what waits; what is at work ends by itself. Work that comes later begins with new threads."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = None


async def _until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def busy() -> HTTPException:
    """Sends somebody away for a moment."""
    sentence = "the server is busy with other requests: try again in some seconds."
    return HTTPException(503, sentence, {"Retry-After": "2"})
