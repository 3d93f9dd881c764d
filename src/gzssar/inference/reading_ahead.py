"""Lines that a thread reads ahead, so that whoever answers them sees when newer ones wait."""

import time
from collections.abc import Callable, Iterable, Iterator
from queue import Queue
from threading import Thread

_MOST = 1000
"""Lines that are read ahead; a source then waits."""
_HEAD_START = 5.0
"""Seconds of frames that a live source may have ready: what a pipe holds while the model is loaded."""
_FASTEST = 4.0
"""Times the stated rate at which a live source may give frames: many cameras are faster than their users say."""
_UNKNOWN = 1.0
"""Seconds until it is known whether a source is live."""


class ReadAhead:
    """Lines as they come, once.

    A source is live unless it gives more frames than a camera could have taken meanwhile, as a file does.

    Args:
        lines: one frame each.
        fps: frames per second.
        clock: seconds that pass.
    """

    def __init__(self, lines: Iterable[str], fps: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._lines, self._fps, self._clock = lines, fps, clock
        self._waiting: Queue[str | BaseException | None] = Queue(_MOST)
        self._read = self._given = 0
        self._started = 0.0
        self._live = True

    def __iter__(self) -> Iterator[str]:
        Thread(target=self._read_on, daemon=True).start()
        while (line := self._waiting.get()) is not None:
            if isinstance(line, BaseException):
                raise line
            self._given += 1
            yield line

    def behind(self) -> bool:
        """Whether newer lines wait, of a source that is live."""
        return self._live and self._read > self._given and self._clock() - self._started > _UNKNOWN

    def _read_on(self) -> None:
        try:
            for line in self._lines:
                if not self._read:
                    self._started = self._clock()
                self._read += 1
                if self._read > _FASTEST * self._fps * (self._clock() - self._started + _HEAD_START):
                    self._live = False
                self._waiting.put(line)
            self._live = False  # all that there is waits, and nothing newer will come
            self._waiting.put(None)
        except BaseException as error:  # it is raised where the lines are taken
            self._waiting.put(error)
